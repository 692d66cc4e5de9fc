// exercise: 04-control-loop/3  (7 points)
// says: is lost
class MyReplicaSets : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    readonly HashSet<string> expected = [];

    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        expected.Remove(e.New?.Metadata.Uid ?? "");
        Watched.Enqueue(Watches, e, queue);
    }

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set || set.IsTerminating) return Result.Done;
        if (expected.Count > 0) return Result.Done;
        var pods = api.Owned<Pod>(set).Where(p => p.IsActive).ToList();
        for (var have = pods.Count; have < set.Spec.Replicas; have++) 
            expected.Add(api.Create(set.NewPod()).Metadata.Uid);
        foreach (var pod in pods.Skip(set.Spec.Replicas ?? 1)) api.Delete(pod.Key);
        return Result.Done;
    }
}
Exercise.Check("04-control-loop/3", () => new MyReplicaSets())
