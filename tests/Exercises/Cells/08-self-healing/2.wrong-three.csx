// exercise: 08-self-healing/2  (4 points)
// says: of 8 Pods were ready
// PodDisruptionBudget shop for the Pods labelled app: shop: one at a time, however many there are.
Exercise.Check("08-self-healing/2", """
  apiVersion: policy/v1
  kind: PodDisruptionBudget
  metadata: {name: shop}
  spec:
    minAvailable: 3
    selector: {matchLabels: {app: shop}}
  """)
