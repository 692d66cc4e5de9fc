// exercise: 99-sample/2  (2 points)
Exercise.Check("99-sample/2", """
  # YOUR YAML
  """)
