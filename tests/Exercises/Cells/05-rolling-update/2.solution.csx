// why: no Pod may be missing, so one is added first; and one that is ready counts only after 20 s
// exercise: 05-rolling-update/2  (5 points)
// Deployment shop: 4 replicas, app: shop, nginx:1.27. Its updates never leave fewer than 4 ready.
Exercise.Check("05-rolling-update/2", """
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: shop}
  spec:
    replicas: 4
    minReadySeconds: 20
    strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
    selector: {matchLabels: {app: shop}}
    template:
      metadata: {labels: {app: shop}}
      spec:
        containers:
        - name: nginx
          image: nginx:1.27
  """)
