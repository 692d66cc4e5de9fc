// why: Pods by names that follow from the set; a status from what was read. A write that meets a
// why: newer version of the set is refused (409 Conflict), and the key is tried again.
// exercise: 08-self-healing/4  (7 points)
class Healer : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set || set.IsTerminating) return Result.Done;
        var wanted = Enumerable.Range(0, set.Spec.Replicas ?? 1)
            .Select(i => $"{set.Metadata.Name}-{i}").ToList();
        var pods = api.Owned<Pod>(set).Where(p => p.IsActive).ToList();
        foreach (var name in wanted.Except(pods.Select(p => p.Metadata.Name)))
            api.Create(set.NewPod(name));
        foreach (var pod in pods.Where(p => !wanted.Contains(p.Metadata.Name)))
            api.Delete(pod.Key);
        var ready = pods.Count(p => p.IsReady);
        var status = set.Status with
        {
            Replicas = pods.Count, ReadyReplicas = ready, AvailableReplicas = ready,
            ObservedGeneration = set.Metadata.Generation,
        };
        if (status != set.Status) api.UpdateStatus(set with { Status = status });
        return Result.Done;
    }
}
Exercise.Check("08-self-healing/4", () => new Healer())
