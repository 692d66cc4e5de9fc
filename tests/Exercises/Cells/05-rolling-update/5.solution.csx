// why: the Pod serves on for 5 s, while every node hears that it is going; only then SIGTERM comes
// exercise: 05-rolling-update/5  (3 points, optional)
// Deployment shop: 4 replicas, app: shop, nginx:1.27. Its updates lose no request.
Exercise.Check("05-rolling-update/5", """
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
          lifecycle: {preStop: {sleep: {seconds: 5}}}
  """)
