// exercise: 10-services/5  (4 points, optional)
// says: api reaches web, and nobody needs that
// Pods web, api, db, guest (app: NAME, port 8080): web to api and api to db, by name; no more.
Exercise.Check("10-services/5", """
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: api}
  spec:
    podSelector: {matchLabels: {app: api}}
    policyTypes: [Ingress]
    ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]
  ---
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: db}
  spec:
    podSelector: {matchLabels: {app: db}}
    policyTypes: [Ingress]
    ingress: [{from: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}]}]
  """)
