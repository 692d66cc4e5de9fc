// exercise: 05-rolling-update/2  (5 points)
// Deployment shop: 4 replicas, app: shop, nginx:1.27. Its updates never leave fewer than 4 ready.
Exercise.Check("05-rolling-update/2", """
  # YOUR YAML
  """)
