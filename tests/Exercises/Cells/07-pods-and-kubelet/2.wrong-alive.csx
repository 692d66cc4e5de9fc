// exercise: 07-pods-and-kubelet/2  (5 points)
// says: requests that it cannot answer
// /tmp/ready is there while the program can serve, /tmp/alive until it hangs.
Exercise.Check("07-pods-and-kubelet/2", """
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: shop}
  spec:
    replicas: 2
    selector: {matchLabels: {app: shop}}
    template:
      metadata: {labels: {app: shop}}
      spec:
        containers:
        - name: app
          image: busybox:1.36
          command: [sh, -c, "touch /tmp/alive; sleep 20; touch /tmp/ready; sleep infinity"]
          readinessProbe: {exec: {command: [cat, /tmp/alive]}, periodSeconds: 5}
          livenessProbe: {exec: {command: [cat, /tmp/alive]}}
  """)
