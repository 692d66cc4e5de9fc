// exercise: 11-when-things-go-wrong/3  (5 points)
// YOUR CODE: bank shall survive its neighbours, and they it; put resources in the place of TODO
Exercise.Check("11-when-things-go-wrong/3", """
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: bank}
  spec:
    strategy: {type: Recreate}
    selector: {matchLabels: {app: bank}}
    template:
      metadata: {labels: {app: bank}}
      spec:
        containers:
        - name: app
          image: vish/stress:v1
          args: [-mem-total, 5Gi, -mem-alloc-size, 256Mi, -mem-alloc-sleep, 1s]
          # TODO: resources
  """)
