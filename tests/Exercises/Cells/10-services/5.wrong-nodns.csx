// exercise: 10-services/5  (4 points, optional)
// says: cannot even ask who api is
// Pods web, api, db, guest (app: NAME, port 8080): web to api and api to db, by name; no more.
Exercise.Check("10-services/5", """
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: shut}
  spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
  ---
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: web}
  spec:
    podSelector: {matchLabels: {app: web}}
    policyTypes: [Egress]
    egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}]}]
  ---
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: api}
  spec:
    podSelector: {matchLabels: {app: api}}
    policyTypes: [Ingress, Egress]
    ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]
    egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 8080}]}]
  ---
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: db}
  spec:
    podSelector: {matchLabels: {app: db}}
    policyTypes: [Ingress]
    ingress: [{from: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}]}]
  """)
