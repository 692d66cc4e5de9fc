// exercise: 07-pods-and-kubelet/1  (4 points)
// says: in the hands of the back-off
// An init container that waits for db:5432 and then writes the line db:5432 into /conf/db.
Exercise.Check("07-pods-and-kubelet/1", """
  apiVersion: v1
  kind: Pod
  metadata: {name: shop}
  spec:
    volumes: [{name: conf, emptyDir: {}}]
    initContainers:
    - name: wait
      image: busybox:1.36
      command: [sh, -c, "nc -z db 5432 || exit 1; echo db:5432 > /conf/db"]
      volumeMounts: [{name: conf, mountPath: /conf}]
    containers:
    - name: app
      image: busybox:1.36
      command: [sh, -c, "cat /conf/db || exit 1; sleep infinity"]
      volumeMounts: [{name: conf, mountPath: /conf}]
  """)
