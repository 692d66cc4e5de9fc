// exercise: 04-control-loop/3  (7 points)
// says: web has 4 Pods, and wants 1
class MyReplicaSets : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set || set.IsTerminating) return Result.Done;
        var there = api.Owned<Pod>(set).Select(p => p.Metadata.Name);
        foreach (var i in Enumerable.Range(0, set.Spec.Replicas ?? 1))
            if (!there.Contains($"web-{i}")) api.Create(set.NewPod($"web-{i}"));
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/3", () => new MyReplicaSets())
