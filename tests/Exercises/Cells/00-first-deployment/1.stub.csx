// exercise: 00-first-deployment/1  (3 points)
// A Deployment named shop: 4 replicas, Pods labelled app: shop, one container of nginx:1.27.
Exercise.Check("00-first-deployment/1", """
  # YOUR YAML
  """)
