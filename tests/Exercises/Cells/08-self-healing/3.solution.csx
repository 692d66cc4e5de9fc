// why: each component leaves an object for the next one; where the chain ends, its owner is dead
// exercise: 08-self-healing/3  (5 points)
// Deployment web of 6. Which is dead: deployment-controller, replicaset-controller,
// default-scheduler, or kubelet/NODE?
Exercise.Check("08-self-healing/3", (Cluster c) =>
{
    var pods = c.List<Pod>();
    if (c.List<ReplicaSet>().Count == 0) return "deployment-controller";
    if (pods.Count < c.List<ReplicaSet>()[0].Spec.Replicas) return "replicaset-controller";
    if (pods.Any(p => !p.IsScheduled)) return "default-scheduler";
    return $"kubelet/{pods.First(p => !p.IsReady).Spec.NodeName}";
})
