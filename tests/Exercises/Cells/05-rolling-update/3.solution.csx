// why: the status says what serves, and the floor has kept it alive while the bad one stalled
// exercise: 05-rolling-update/3  (4 points)
// Deployment web: back to the newest version that still has available Pods.
Exercise.Check("05-rolling-update/3", (Cluster c) =>
{
    var web = c.Get<Deployment>("web");
    var good = c.List<ReplicaSet>()
        .Where(s => s.IsControlledBy(web.Metadata.Uid) && s.Status.AvailableReplicas > 0)
        .MaxBy(s => long.Parse(s.Metadata.Annotations["deployment.kubernetes.io/revision"]));
    var number = good.Metadata.Annotations["deployment.kubernetes.io/revision"];
    c.Kubectl($"rollout undo deployment/web --to-revision={number}");
})
