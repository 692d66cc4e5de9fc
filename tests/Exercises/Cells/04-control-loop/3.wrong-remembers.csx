// exercise: 04-control-loop/3  (7 points)
// says: After a restart its memory is empty
class MyReplicaSets : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    readonly Dictionary<ObjectKey, Stack<ObjectKey>> made = [];

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set || set.IsTerminating) return Result.Done;
        if (!made.TryGetValue(key, out var mine)) made[key] = mine = new();
        while (mine.Count < set.Spec.Replicas) mine.Push(api.Create(set.NewPod()).Key);
        while (mine.Count > set.Spec.Replicas) api.Delete(mine.Pop());
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/3", () => new MyReplicaSets())
