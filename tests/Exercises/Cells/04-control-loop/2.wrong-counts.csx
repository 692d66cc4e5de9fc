// exercise: 04-control-loop/2  (3 points)
// says: api has 0 Pods, and wants 2. There are other Pods
class Keeper : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    int seen;   // Pods that are there

    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Old is null && e.New is Pod) seen++;
        if (e.Old is Pod && e.New is null) seen--;
        Watched.Enqueue(Watches, e, queue);
    }

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set) return Result.Done;
        for (var have = seen; have < set.Spec.Replicas; have++) api.Create(set.NewPod());
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/2", () => new Keeper())
