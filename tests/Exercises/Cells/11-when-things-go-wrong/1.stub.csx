// exercise: 11-when-things-go-wrong/1  (5 points)
// YOUR CODE: it shall start in peace, and be restarted when it hangs; take the TODO out
Exercise.Check("11-when-things-go-wrong/1", """
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: shop}
  spec:
    replicas: 2
    selector: {matchLabels: {app: shop}}
    template:
      metadata: {labels: {app: shop}}
      spec:
        # TODO
        containers:
        - name: app
          image: busybox:1.36
          command: [sh, -c, "sleep $WARMUP; touch /tmp/up; sleep infinity"]
          envFrom: [{configMapRef: {name: shop}}]
          livenessProbe: {exec: {command: [cat, /tmp/up]}, periodSeconds: 10, failureThreshold: 3}
  """)
