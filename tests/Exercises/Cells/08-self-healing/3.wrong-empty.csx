// exercise: 08-self-healing/3  (5 points)
// says: 5 of 6 Pods
// Deployment web of 6. Which is dead: deployment-controller, replicaset-controller,
// default-scheduler, or kubelet/NODE?
Exercise.Check("08-self-healing/3", (Cluster c) =>
{
    if (c.List<ReplicaSet>().Count == 0) return "deployment-controller";
    if (c.List<Pod>().Count == 0) return "replicaset-controller";
    return c.List<Pod>().Any(p => !p.IsScheduled) ? "default-scheduler" : "kubelet/node-2";
})
