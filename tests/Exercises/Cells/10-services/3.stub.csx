// exercise: 10-services/3  (4 points)
// Services shop and api, Ingress shop: shop.test/api to api, all else of shop.test to shop.
Exercise.Check("10-services/3", """
  # YOUR YAML
  """)
