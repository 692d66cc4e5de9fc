// exercise: 08-self-healing/1  (4 points)
// Deployment shop: 3 replicas, app: shop, nginx:1.27. Whole again 100 s after a node has died.
Exercise.Check("08-self-healing/1", """
  # YOUR YAML
  """)
