// exercise: 06-scheduler/3  (3 points)
// says: node-1 is the one that is kept for reports
Exercise.Check("06-scheduler/3", """
  apiVersion: v1
  kind: Pod
  metadata: {name: report}
  spec:
    tolerations: [{key: other, operator: Exists}]
    containers:
    - name: main
      image: report:1
      resources: {requests: {cpu: "3"}}
  """)
