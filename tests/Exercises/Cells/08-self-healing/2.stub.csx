// exercise: 08-self-healing/2  (4 points)
// PodDisruptionBudget shop for the Pods labelled app: shop: one at a time, however many there are.
Exercise.Check("08-self-healing/2", """
  # YOUR YAML
  """)
