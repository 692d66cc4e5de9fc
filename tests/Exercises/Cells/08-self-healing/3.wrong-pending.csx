// exercise: 08-self-healing/3  (5 points)
// says: You say default-scheduler, and it is kubelet/node-2
// Deployment web of 6. Which is dead: deployment-controller, replicaset-controller,
// default-scheduler, or kubelet/NODE?
Exercise.Check("08-self-healing/3", (Cluster c) =>
{
    var pods = c.List<Pod>();
    if (c.List<ReplicaSet>().Count == 0) return "deployment-controller";
    if (pods.Count < 6) return "replicaset-controller";
    return pods.Any(p => p.Status.Phase == "Pending") ? "default-scheduler" : "kubelet/node-2";
})
