// exercise: 08-self-healing/1  (4 points)
// says: what are its Pods still waiting for?
// Deployment shop: 3 replicas, app: shop, nginx:1.27. Whole again 100 s after a node has died.
Exercise.Check("08-self-healing/1", """
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: shop}
  spec:
    replicas: 3
    selector: {matchLabels: {app: shop}}
    template:
      metadata: {labels: {app: shop}}
      spec:
        containers: [{name: nginx, image: "nginx:1.27"}]
        tolerations:
        - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute,
           tolerationSeconds: 30}
  """)
