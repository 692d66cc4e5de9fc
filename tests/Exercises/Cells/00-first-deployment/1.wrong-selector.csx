// exercise: 00-first-deployment/1  (3 points)
// says: `selector` does not match template `labels`
Exercise.Check("00-first-deployment/1", """
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: shop
  spec:
    replicas: 4
    selector:
      matchLabels:
        app: web
    template:
      metadata:
        labels:
          app: shop
      spec:
        containers:
        - name: nginx
          image: nginx:1.27
  """)
