// why: 300 s to start in; from then on 30 s without an answer are a reason to restart
// exercise: 11-when-things-go-wrong/1  (5 points)
// Deployment shop starts in peace, and is restarted when it hangs.
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
        containers:
        - name: app
          image: busybox:1.36
          command: [sh, -c, "sleep $WARMUP; touch /tmp/up; sleep infinity"]
          envFrom: [{configMapRef: {name: shop}}]
          startupProbe: {exec: {command: [cat, /tmp/up]}, periodSeconds: 5, failureThreshold: 60}
          livenessProbe: {exec: {command: [cat, /tmp/up]}, periodSeconds: 10, failureThreshold: 3}
  """)
