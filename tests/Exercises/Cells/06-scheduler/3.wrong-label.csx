// exercise: 06-scheduler/3  (3 points)
// says: It is still Pending: 0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match
Exercise.Check("06-scheduler/3", """
  apiVersion: v1
  kind: Pod
  metadata: {name: report}
  spec:
    nodeSelector: {disk: ssd}
    containers:
    - name: main
      image: report:1
      resources: {requests: {cpu: "3"}}
  """)
