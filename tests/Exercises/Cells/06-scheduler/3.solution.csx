// why: the label is spelt ssd, and the toleration opens the one node that is kept for reports
// exercise: 06-scheduler/3  (3 points)
Exercise.Check("06-scheduler/3", """
  apiVersion: v1
  kind: Pod
  metadata: {name: report}
  spec:
    nodeSelector: {disk: ssd}
    tolerations: [{key: dedicated, value: reports, effect: NoSchedule}]
    containers:
    - name: main
      image: report:1
      resources: {requests: {cpu: "3"}}
  """)
