// exercise: 03-api-server/1  (4 points)
// ServiceAccount deployer in namespace shop may, in shop and nowhere else: get, list and watch
// Pods and Deployments, patch Deployments, and get the log of a Pod.
Exercise.Check("03-api-server/1", """
  # YOUR YAML
  """)
