// exercise: 00-first-deployment/1  (3 points)
// says: replica
Exercise.Check("00-first-deployment/1", """
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: shop
  spec:
    replica: 4
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
