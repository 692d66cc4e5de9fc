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
        var have = api.Owned<Pod>(set).Count(p => p.IsActive);
        for (; have < set.Spec.Replicas; have++) api.Create(set.NewPod());
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/3", () => new MyReplicaSets())
