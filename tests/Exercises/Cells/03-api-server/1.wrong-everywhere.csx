// exercise: 03-api-server/1  (4 points)
// says: in the namespace default, too
Exercise.Check("03-api-server/1", """
  apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRole
  metadata: {name: deployer}
  rules:
  - {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}
  - {apiGroups: [""], resources: [pods/log], verbs: [get]}
  - {apiGroups: [apps], resources: [deployments], verbs: [get, list, watch, patch]}
  ---
  apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: deployer}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deployer}
  subjects: [{kind: ServiceAccount, name: deployer, namespace: shop}]
  """)
