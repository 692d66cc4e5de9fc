// exercise: 00-first-deployment/1  (3 points)
// says: runs the image nginx, not nginx:1.27
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
          image: nginx
  """)
