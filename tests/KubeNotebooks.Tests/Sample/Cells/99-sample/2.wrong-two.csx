// exercise: 99-sample/2  (2 points)
// says: Three pods should be ready.
Exercise.Check("99-sample/2", () => $$"""
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec:
    replicas: 2
    selector: {matchLabels: {app: web} }
    template:
      metadata: {labels: {app: web} }
      spec:
        containers: [{name: nginx, image: "nginx:1.27"}]
  """)
