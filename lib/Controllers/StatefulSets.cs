namespace KubeSim;

/// <summary>
/// Keeps the members of each StatefulSet: pods with names, an order, and disks of their own.
/// <para>It watches StatefulSets and Pods, and looks at PersistentVolumeClaims and
/// ControllerRevisions. One move at a time brings a set closer to what it should be (see
/// <see cref="StatefulSetSync"/>): of a set web of 3, web-1 is made when web-0 is ready, and
/// replaced before web-0 is. Then it writes the status.</para>
/// <para>Names make it safe: no cache is so old that there could be two pods web-0. A second is
/// refused by the API server.</para>
/// Models pkg/controller/statefulset/stateful_set.go.
/// </summary>
public sealed class StatefulSets : IReconciler
{
    private readonly OwnedPods pods = new(Kinds.StatefulSet);
    private readonly WriteMemory writes = new();
    private readonly SortedSet<ObjectKey> claiming = [];

    /// <inheritdoc/>
    public string Name => "statefulset-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        Watched.All<StatefulSet>(), Watched.All<Pod>(), Watched.All<PersistentVolumeClaim>(),
        Watched.All<ControllerRevision>(),
    ];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Pod))
        {
            pods.Observe(e.Key, (Pod?)e.Old, (Pod?)e.New, queue);
            // Whatever a pod that waits tells: its claim may be what it lacks.
            if (e.New is Pod { Status.Phase: "Pending" } pod
                && ControllerRefs.KeyOf(pod, Kinds.StatefulSet) is { } set)
            {
                queue.Add(set);
            }
        }
        else if (e.Key.Kind.Equals(Kinds.StatefulSet))
        {
            claiming.Remove(e.Key);
            if (e.New is StatefulSet { Spec.VolumeClaimTemplates.IsEmpty: false })
            {
                claiming.Add(e.Key);
            }
            pods.ObserveOwner(e.Key, (e.New as StatefulSet)?.Spec.Selector, queue);
        }
        else if (e.Key.Kind.Equals(Kinds.ControllerRevision))
        {
            pods.Index.SetOrphan(e.Key, e.New);
        }
        else if (e.New is null)
        {
            // A member may wait for this. Kubernetes itself looks again at the next event of a pod.
            var ns = e.Key.Namespace;
            foreach (var key in claiming.Where(key => key.Namespace == ns))
            {
                queue.Add(key);
            }
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (!writes.AreSeen(key, api))
        {
            return Result.Idle;
        }
        if (api.Get(key) is not StatefulSet set)
        {
            writes.Forget(key);
            return Result.Idle;
        }
        var selector = set.Spec.Selector;
        var revisions = pods.Of<ControllerRevision>(set, selector, api);
        var members = pods.Of<Pod>(set, selector, api, set.Names);
        var failure = new StatefulSetSync(set, members, revisions, writes, api).Run();
        if (ReplicaSetStatusOf.NextAvailable(set.Spec.MinReadySeconds, members, api.Now) is { } at)
        {
            api.After(at - api.Now, key);
        }
        return failure is not null ? Result.Retry(failure)
            : api.Changes.Count > 0 ? Result.Done : Result.Idle;
    }
}
