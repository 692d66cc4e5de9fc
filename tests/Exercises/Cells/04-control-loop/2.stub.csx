// exercise: 04-control-loop/2  (3 points)
class Keeper : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    int owed;   // Pods that are still to be created

    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Old is null && e.New is ReplicaSet made) owed += made.Spec.Replicas ?? 1;
        if (e.Old is Pod && e.New is null) owed++;
        Watched.Enqueue(Watches, e, queue);
    }

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        Todo.Here();   // take this line out once you have found and mended the bug
        if (api.Get(key) is not ReplicaSet set) return Result.Done;
        for (; owed > 0; owed--) api.Create(set.NewPod());
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/2", () => new Keeper())
