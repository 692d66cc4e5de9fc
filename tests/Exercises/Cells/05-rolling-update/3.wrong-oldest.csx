// exercise: 05-rolling-update/3  (4 points)
// says: nginx:1.28 is the newest version that served
// Deployment web: back to the newest version that still has available Pods.
Exercise.Check("05-rolling-update/3", (Cluster c) =>
{
    c.Kubectl("rollout undo deployment/web --to-revision=1");
})
