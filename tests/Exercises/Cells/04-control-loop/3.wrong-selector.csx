// exercise: 04-control-loop/3  (7 points)
// says: Pod stranger carries the same labels and belongs to ConfigMap vault
class MyReplicaSets : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set || set.IsTerminating) return Result.Done;
        var pods = api.List<Pod>("default")
            .Where(p => p.IsActive && set.Spec.Selector.Matches(p.Metadata.Labels)).ToList();
        for (var have = pods.Count; have < set.Spec.Replicas; have++) api.Create(set.NewPod());
        foreach (var pod in pods.Skip(set.Spec.Replicas ?? 1)) api.Delete(pod.Key);
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/3", () => new MyReplicaSets())
