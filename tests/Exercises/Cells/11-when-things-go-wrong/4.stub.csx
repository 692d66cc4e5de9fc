// exercise: 11-when-things-go-wrong/4  (4 points)
// YOUR CODE: updates lose no request and cut nobody off; take the TODO out
Exercise.Check("11-when-things-go-wrong/4", """
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: shop}
  spec:
    replicas: 3
    strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
    selector: {matchLabels: {app: shop}}
    template:
      metadata: {labels: {app: shop}}
      spec:
        # TODO
        terminationGracePeriodSeconds: 10
        containers:
        - name: app
          image: shop:slowstop-8
          ports: [{containerPort: 80}]
  """)
