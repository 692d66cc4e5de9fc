// why: replicas is what a Deployment keeps
// exercise: 99-sample/2  (2 points)
Exercise.Check("99-sample/2", () => $$"""
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec:
    replicas: {{Missing(5, 2)}}
    selector: {matchLabels: {app: web} }
    template:
      metadata: {labels: {app: web} }
      spec:
        containers: [{name: nginx, image: "nginx:1.27"}]
  """)
