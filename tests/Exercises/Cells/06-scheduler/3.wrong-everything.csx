// exercise: 06-scheduler/3  (3 points)
// says: It tolerates every taint
Exercise.Check("06-scheduler/3", """
  apiVersion: v1
  kind: Pod
  metadata: {name: report}
  spec:
    nodeSelector: {disk: ssd}
    tolerations: [{operator: Exists}]
    containers:
    - name: main
      image: report:1
      resources: {requests: {cpu: "3"}}
  """)
