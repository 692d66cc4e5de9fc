// exercise: 10-services/5  (4 points, optional)
// Pods web, api, db, guest (app: NAME, port 8080): web to api and api to db, by name; no more.
Exercise.Check("10-services/5", """
  # YOUR YAML
  """)
