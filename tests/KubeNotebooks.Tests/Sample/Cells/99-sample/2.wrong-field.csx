// exercise: 99-sample/2  (2 points)
// says: unknown field "spec.replica"
Exercise.Check("99-sample/2", """
  {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replica: 3}}
  """)
