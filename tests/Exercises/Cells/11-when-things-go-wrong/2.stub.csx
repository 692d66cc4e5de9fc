// exercise: 11-when-things-go-wrong/2  (5 points)
// YOUR CODE: app starts when the token is there; take the TODO out
Exercise.Check("11-when-things-go-wrong/2", """
  apiVersion: v1
  kind: Pod
  metadata: {name: bank}
  spec:
    # TODO
    volumes: [{name: shared, emptyDir: {}}]
    containers:
    - name: app
      image: busybox:1.36
      command: [sh, -c, "cat /shared/token || exit 1; sleep infinity"]
      envFrom: [{configMapRef: {name: vault}}]
      volumeMounts: [{name: shared, mountPath: /shared}]
    - name: agent
      image: busybox:1.36
      command: [sh, -c, "sleep $DELAY; echo s3cret > /shared/token; sleep infinity"]
      envFrom: [{configMapRef: {name: vault}}]
      volumeMounts: [{name: shared, mountPath: /shared}]
  """)
