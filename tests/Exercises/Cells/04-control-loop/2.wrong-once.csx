// exercise: 04-control-loop/2  (3 points)
// says: One Pod was deleted, and nothing took its place
class Keeper : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set) return Result.Done;
        if (api.Owned<Pod>(set).Count > 0) return Result.Done;
        for (var i = 0; i < set.Spec.Replicas; i++) api.Create(set.NewPod());
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/2", () => new Keeper())
