// exercise: 03-api-server/1  (4 points)
// says: deployer may also patch pods in shop
Exercise.Check("03-api-server/1", """
  apiVersion: rbac.authorization.k8s.io/v1
  kind: Role
  metadata: {name: deployer, namespace: shop}
  rules:
  - {apiGroups: ["", apps], resources: [pods, deployments], verbs: [get, list, watch, patch]}
  - {apiGroups: [""], resources: [pods/log], verbs: [get]}
  ---
  apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleBinding
  metadata: {name: deployer, namespace: shop}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
  subjects: [{kind: ServiceAccount, name: deployer, namespace: shop}]
  """)
