// exercise: 08-self-healing/4  (7 points)
// says: it had not yet seen that its own step
class Healer : IReconciler
{
    public string Name => "replicaset-controller";
    public Seq<Watched> Watches { get; } =
        [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ReplicaSet set || set.IsTerminating) return Result.Done;
        var pods = api.Owned<Pod>(set).Where(p => p.IsActive).ToList();
        for (var have = pods.Count; have < set.Spec.Replicas; have++) api.Create(set.NewPod());
        foreach (var pod in pods.Skip(set.Spec.Replicas ?? 1)) api.Delete(pod.Key);
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
