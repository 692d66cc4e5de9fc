// exercise: 05-rolling-update/3  (4 points)
// says: There is a new ReplicaSet
// Deployment web: back to the newest version that still has available Pods.
Exercise.Check("05-rolling-update/3", (Cluster c) =>
{
    var web = c.Get<Deployment>("web");
    var good = c.List<ReplicaSet>()
        .Where(s => s.IsControlledBy(web.Metadata.Uid) && s.Status.AvailableReplicas > 0)
        .MaxBy(s => long.Parse(s.Metadata.Annotations["deployment.kubernetes.io/revision"]));
    c.Update(web with { Spec = web.Spec with { Template = good.Spec.Template } });
})
