// exercise: 10-services/4  (4 points)
// says: the nodes had not heard of it yet
// YOUR CODE: updates of this Deployment shall lose no request; take the line with TODO out
Exercise.Check("10-services/4", """
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: shop}
  spec:
    replicas: 4
    strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
    selector: {matchLabels: {app: shop}}
    template:
      metadata: {labels: {app: shop}}
      spec:
        containers:
        - name: nginx
          image: nginx:1.27
          readinessProbe: {httpGet: {path: /, port: 80}, initialDelaySeconds: 20}
          resources: {limits: {cpu: 300m}}
  """)
