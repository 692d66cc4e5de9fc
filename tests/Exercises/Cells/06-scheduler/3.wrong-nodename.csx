// exercise: 06-scheduler/3  (3 points)
// says: With spec.nodeName nobody decides
Exercise.Check("06-scheduler/3", """
  apiVersion: v1
  kind: Pod
  metadata: {name: report}
  spec:
    nodeName: node-1
    nodeSelector: {disk: ssd}
    containers:
    - name: main
      image: report:1
      resources: {requests: {cpu: "3"}}
  """)
