// exercise: 10-services/3  (4 points)
// says: http://shop.test/api/v1/items should come to api, and it comes to shop
// Services shop and api, Ingress shop: shop.test/api to api, all else of shop.test to shop.
Exercise.Check("10-services/3", """
  apiVersion: v1
  kind: Service
  metadata: {name: shop}
  spec: {selector: {app: shop}, ports: [{port: 80}]}
  ---
  apiVersion: v1
  kind: Service
  metadata: {name: api}
  spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}
  ---
  apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata: {name: shop}
  spec:
    ingressClassName: nginx
    rules:
    - host: shop.test
      http:
        paths:
        - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
        - {path: /api, pathType: Exact, backend: {service: {name: api, port: {number: 80}}}}
  """)
