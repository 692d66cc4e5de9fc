// exercise: 11-when-things-go-wrong/2  (5 points)
// says: is not yours to change
// Pod bank: app starts when the token is there.
Exercise.Check("11-when-things-go-wrong/2", """
  apiVersion: v1
  kind: Pod
  metadata: {name: bank}
  spec:
    volumes: [{name: shared, emptyDir: {}}]
    initContainers:
    - name: agent
      image: busybox:1.36
      command: [sh, -c, "sleep $DELAY; echo s3cret > /shared/token"]
      envFrom: [{configMapRef: {name: vault}}]
      volumeMounts: [{name: shared, mountPath: /shared}]
    containers:
    - name: app
      image: busybox:1.36
      command: [sh, -c, "cat /shared/token || exit 1; sleep infinity"]
      envFrom: [{configMapRef: {name: vault}}]
      volumeMounts: [{name: shared, mountPath: /shared}]
  """)
