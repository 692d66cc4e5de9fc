// exercise: 07-pods-and-kubelet/1  (4 points)
// An init container that waits for db:5432 and then writes the line db:5432 into /conf/db.
// YOUR CODE: put it in the place of the TODO
Exercise.Check("07-pods-and-kubelet/1", """
  apiVersion: v1
  kind: Pod
  metadata: {name: shop}
  spec:
    volumes: [{name: conf, emptyDir: {}}]
    # TODO
    containers:
    - name: app
      image: busybox:1.36
      command: [sh, -c, "cat /conf/db || exit 1; sleep infinity"]
      volumeMounts: [{name: conf, mountPath: /conf}]
  """)
