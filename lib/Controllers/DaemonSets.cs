namespace KubeSim;

/// <summary>
/// Keeps a pod of each DaemonSet on each node that suits it (<see cref="DaemonSetNodes"/>).
/// <para>It watches DaemonSets, Pods and Nodes. A new node gets its pods at once; one that is
/// relabelled or tainted so that a pod may not stay loses it. When the template changes, pods are
/// replaced a few at a time (<see cref="DaemonSetUpdate"/>); their revisions are kept as
/// ControllerRevisions.</para>
/// <para>A pod that failed is deleted, and another made: at once the first time, then after 1 s,
/// 2 s, 4 s… up to 15 minutes per node, so that a kubelet that refuses it is not flooded. At most
/// 250 pods are made or deleted at once.</para>
/// Models pkg/controller/daemon/daemon_controller.go.
/// </summary>
public sealed class DaemonSets : IReconciler
{
    private const int Burst = 250;

    private readonly OwnedPods pods = new(Kinds.DaemonSet);
    private readonly WriteMemory writes = new();
    private readonly SortedDictionary<ObjectKey, DaemonSet> sets = [];
    private readonly Dictionary<(ObjectKey Set, string Node), int> placed = [];
    private readonly Dictionary<(ObjectKey Set, string Node), (TimeSpan Wait, DateTime Last)>
        backOff = [];

    /// <inheritdoc/>
    public string Name => "daemonset-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        Watched.All<DaemonSet>(), Watched.All<Pod>(), Watched.All<Node>(),
        Watched.All<ControllerRevision>(),
    ];

    /// <inheritdoc/>
    public int Workers => 2;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Pod))
        {
            Place((Pod?)e.Old, -1);
            Place((Pod?)e.New, 1);
            pods.Observe(e.Key, (Pod?)e.Old, (Pod?)e.New, queue);
        }
        else if (e.Key.Kind.Equals(Kinds.Node))
        {
            ObserveNode((Node?)e.Old, (Node?)e.New, queue);
        }
        else if (e.Key.Kind.Equals(Kinds.ControllerRevision))
        {
            pods.Index.SetOrphan(e.Key, e.New);
        }
        else
        {
            sets.Remove(e.Key);
            if (e.New is DaemonSet set)
            {
                sets.Add(e.Key, set);
            }
            pods.ObserveOwner(e.Key, (e.New as DaemonSet)?.Spec.Selector, queue);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (!writes.AreSeen(key, api))
        {
            return Result.Idle;
        }
        if (api.Get(key) is not DaemonSet { IsTerminating: false } set)
        {
            writes.Forget(key);
            return Result.Idle;
        }
        var selector = set.Spec.Selector;
        var collisions = set.Status.CollisionCount ?? 0;
        var revisions = pods.Of<ControllerRevision>(set, selector, api);
        var newest = ControllerRevisions.Newest(set, set.Spec.Template,
            ControllerRevisions.PodLabel, revisions, ref collisions, api);
        var all = pods.Of<Pod>(set, selector, api);
        var update = new DaemonSetUpdate(set, [.. api.List<Node>()], all,
            newest.Metadata.Labels.Get(ControllerRevisions.PodLabel) ?? "", api.Now);
        var maySync = pods.Expectations.AreMet(key, api.Now);
        var failure = maySync ? Sync(set, update, revisions, all, api) : null;
        var status = update.Status(collisions == 0 ? set.Status.CollisionCount : collisions);
        if (!maySync)
        {
            status = status with { ObservedGeneration = set.Status.ObservedGeneration };
        }
        if (!status.Equals(set.Status))
        {
            api.UpdateStatus(set with { Status = status });
            writes.Note(key, api);
        }
        SetTimers(set, all, api);
        return failure is not null ? Result.Retry(failure)
            : api.Changes.Count > 0 ? Result.Done : Result.Idle;
    }

    // How many pods of a set there are on a node, or meant for it.
    private void Place(Pod? pod, int change)
    {
        if (pod is not null && DaemonSetNodes.Counts(pod)
            && ControllerRefs.KeyOf(pod, Kinds.DaemonSet) is { } set
            && DaemonSetNodes.NodeOf(pod) is { } node)
        {
            placed[(set, node)] = placed.GetValueOrDefault((set, node)) + change;
        }
    }

    // Only what a set has to do something about: that a node no longer counts is not told.
    private void ObserveNode(Node? old, Node? node, IWorkQueue queue)
    {
        if (node is null || (old is not null && old.Spec.Taints.Equals(node.Spec.Taints)
            && old.Metadata.Labels.Equals(node.Metadata.Labels)))
        {
            return;
        }
        foreach (var (key, set) in sets)
        {
            var (run, stay) = DaemonSetNodes.ShouldRun(set, node);
            var isThere = placed.GetValueOrDefault((key, node.Metadata.Name)) > 0;
            if (isThere ? !stay : run)
            {
                queue.Add(key);
            }
        }
    }

    private string? Sync(DaemonSet set, DaemonSetUpdate update,
        List<ControllerRevision> revisions, List<Pod> all, ReconcileContext api)
    {
        update.Manage(pod => MayReplace(set, pod, api));
        var failure = Carry(set, update, api);
        if (failure is null && pods.Expectations.AreMet(set.Key, api.Now)
            && set.Spec.UpdateStrategy.Type == "RollingUpdate")
        {
            update.Roll();
            failure = Carry(set, update, api);
        }
        bool IsLive(ControllerRevision r) => ReferenceEquals(r, revisions[^1])
            || all.Exists(p => p.Metadata.Labels.Get(ControllerRevisions.PodLabel)
                == r.Metadata.Labels.Get(ControllerRevisions.PodLabel));
        var surplus = revisions.Count - 1 - (set.Spec.RevisionHistoryLimit ?? 10);
        if (failure is null && surplus > 0)
        {
            ControllerRevisions.Trim(revisions, IsLive, surplus, api);
        }
        return failure;
    }

    // Makes and deletes what the update decided on.
    private string? Carry(DaemonSet set, DaemonSetUpdate update, ReconcileContext api)
    {
        var next = 0;
        PodControl.SlowStart(Math.Min(update.ToMake.Count, Burst), () =>
            PodControl.Create(set, DaemonSetNodes.NewPod(set, update.ToMake[next++], update.Hash),
                pods.Expectations, api), out var failure);
        var doomed = update.ToDelete.Take(Burst).ToArray();
        return PodControl.Delete(set, doomed, pods.Expectations, api) is { } why
            ? failure ?? why : failure;
    }

    // A pod that ended is replaced; one that failed not more often than the back-off allows.
    private bool MayReplace(DaemonSet set, Pod pod, ReconcileContext api)
    {
        var node = DaemonSetNodes.NodeOf(pod)!;
        string[] names = [pod.Metadata.Namespace, pod.Metadata.Name, node];
        if (pod.Status.Phase == "Succeeded")
        {
            api.Event(set, "Normal", "SucceededDaemonPod",
                "Found succeeded daemon pod {0}/{1} on node {2}, will try to delete it", names);
            return true;
        }
        var (first, cap) = (TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(15));
        var key = (set.Key, node);
        var known = backOff.TryGetValue(key, out var last);
        if (known && api.Now - last.Last < last.Wait)
        {
            api.After(last.Wait, set.Key, Pace.Retry);
            return false;
        }
        var isLate = !known || api.Now - last.Last > 2 * cap;
        backOff[key] = (isLate ? first : last.Wait * 2 < cap ? last.Wait * 2 : cap, api.Now);
        api.Event(set, "Warning", "FailedDaemonPod",
            "Found failed daemon pod {0}/{1} on node {2}, will try to kill it", names);
        return true;
    }

    private void SetTimers(DaemonSet set, List<Pod> all, ReconcileContext api)
    {
        if (ReplicaSetStatusOf.NextAvailable(set.Spec.MinReadySeconds, all, api.Now) is { } at)
        {
            api.After(at - api.Now, set.Key);
        }
        if (pods.Expectations.GivesUpAt(set.Key) is { } until)
        {
            api.After(until - api.Now, set.Key, Pace.Background);
        }
    }
}
