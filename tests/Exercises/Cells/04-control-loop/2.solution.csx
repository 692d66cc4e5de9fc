// why: it compares what is with what should be, so it does not matter how it came to be so
// exercise: 04-control-loop/2  (3 points)
class Keeper : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set) return Result.Done;
        var have = api.Owned<Pod>(set).Count(p => p.IsActive);
        for (; have < set.Spec.Replicas; have++) api.Create(set.NewPod());
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/2", () => new Keeper())
