// why: the manifest says what should be, and nothing of how: no Pod is named, no node chosen
// exercise: 00-first-deployment/1  (3 points)
Exercise.Check("00-first-deployment/1", """
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: shop
  spec:
    replicas: 4
    selector:
      matchLabels:
        app: shop
    template:
      metadata:
        labels:
          app: shop
      spec:
        containers:
        - name: nginx
          image: nginx:1.27
  """)
