// exercise: 06-scheduler/3  (3 points)
// YOUR CODE: change the manifest, and take the line with TODO out
Exercise.Check("06-scheduler/3", """
  apiVersion: v1
  kind: Pod
  metadata: {name: report}
  spec:
    # TODO
    nodeSelector: {disk: sdd}
    containers:
    - name: main
      image: report:1
      resources: {requests: {cpu: "3"}}
  """)
