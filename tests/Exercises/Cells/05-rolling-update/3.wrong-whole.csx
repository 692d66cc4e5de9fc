// exercise: 05-rolling-update/3  (4 points)
// says: a rollback brings the template back, not the number
// Deployment web: back to the newest version that still has available Pods.
Exercise.Check("05-rolling-update/3", (Cluster c) =>
{
    c.Patch<Deployment>("default", "web", """{"spec":{"replicas":3}}""");
    c.Kubectl("rollout undo deployment/web");
})
