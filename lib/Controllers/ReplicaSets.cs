namespace KubeSim;

/// <summary>
/// Keeps as many pods as each ReplicaSet wants.
/// <para>It watches ReplicaSets and Pods. For a ReplicaSet it takes the pods that are its own
/// (adopting and releasing by the selector), compares their number with <c>spec.replicas</c>,
/// creates what lacks or deletes what is too much, and writes the status. 5 wanted, 3 there: it
/// creates one pod, then one more. 2 wanted, 5 there: it ranks the five and deletes the three that
/// are missed least.</para>
/// <para>Its cache lags behind what it did itself, so it manages a ReplicaSet only when it has seen
/// all of that (<see cref="Expectations"/>); the status it writes always. At most 500 pods are made
/// or deleted at once.</para>
/// <para>A ReplicationController is the same in another form: <see cref="ReplicaForm"/> says how it
/// is read and written.</para>
/// Models pkg/controller/replicaset/replica_set.go.
/// </summary>
public sealed class ReplicaSets : IReconciler
{
    private const int Burst = 500;

    private readonly ReplicaForm form;
    private readonly OwnedPods pods;

    private Expectations Expectations => pods.Expectations;

    /// <summary>The controller of ReplicaSets.</summary>
    public ReplicaSets()
        : this(ReplicaForm.ReplicaSet)
    {
    }

    internal ReplicaSets(ReplicaForm form)
    {
        this.form = form;
        pods = new(form.Kind);
        Watches = [new(form.Kind), Watched.All<Pod>()];
    }

    /// <inheritdoc/>
    public string Name => form.Component;

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; }

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Pod))
        {
            pods.Observe(e.Key, (Pod?)e.Old, (Pod?)e.New, queue);
            return;
        }
        pods.ObserveOwner(e.Key, e.New is null ? null : form.Read(e.New).Spec.Selector, queue);
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not { } stored)
        {
            Expectations.Forget(key);
            return Result.Done;
        }
        var set = form.Read(stored);
        var maySync = Expectations.AreMet(key, api.Now);
        var (active, terminating) = PodsOf(stored, set, api);
        var failure = maySync && !stored.IsTerminating ? Manage(stored, set, active, api) : null;
        var status = ReplicaSetStatusOf.Calculate(set, active, terminating, failure, api.Now);
        if (!form.WithStatus(stored, status).Equals(stored))
        {
            WriteStatus(stored, status, api);
        }
        SetTimers(key, set, active, api);
        return failure is null ? Result.Done : Result.Retry(failure);
    }

    // Those that count as replicas, and those that are going away.
    private (List<Pod> Active, List<Pod> Terminating) PodsOf(ApiObject stored, ReplicaSet set,
        ReconcileContext api)
    {
        var (active, terminating) = (new List<Pod>(), new List<Pod>());
        var selector = set.Spec.Selector;
        foreach (var pod in api.Owned<Pod>(stored))
        {
            if (pod.IsFinished)
            {
                continue;
            }
            if (!pod.IsTerminating && ControllerRefs.Claim(stored, selector, pod, api))
            {
                active.Add(pod);
            }
            else if (pod.IsTerminating && pod.IsControlledBy(stored.Metadata.Uid)
                && selector.Matches(pod.Metadata.Labels))
            {
                terminating.Add(pod);
            }
        }
        foreach (var key in pods.Index.Orphans(stored.Metadata.Namespace))
        {
            if (api.Get(key) is Pod { IsActive: true } orphan
                && ControllerRefs.Claim(stored, selector, orphan, api))
            {
                active.Add(orphan);
            }
        }
        return (active, terminating);
    }

    private string? Manage(ApiObject stored, ReplicaSet set, List<Pod> active,
        ReconcileContext api)
    {
        var surplus = active.Count - (set.Spec.Replicas ?? 1);
        if (surplus < 0)
        {
            return PodControl.Create(stored, set.Spec.Template, Math.Min(-surplus, Burst),
                Expectations, api);
        }
        if (surplus == 0)
        {
            return null;
        }
        var ranked = ReplicaSetDeletionOrder.Rank(active, Related(stored, api), api.Now);
        return PodControl.Delete(stored, ranked.AsSpan(0, Math.Min(surplus, Burst)),
            Expectations, api);
    }

    // The pods of all sets of the same Deployment: where two of them share a node, one may go. A
    // set that nobody manages has no relatives, not even itself: its nodes count for nothing.
    private static List<Pod> Related(ApiObject stored, ReconcileContext api)
    {
        var pods = new List<Pod>();
        if (stored is not ReplicaSet { ControllerOwner: { } owner })
        {
            return pods;
        }
        var identity = new Deployment { Metadata = new() { Uid = owner.Uid } };
        foreach (var sibling in api.Owned<ReplicaSet>(identity))
        {
            pods.AddRange(api.Owned<Pod>(sibling));
        }
        return pods;
    }

    // Somebody (the Deployment's controller) may have written the set since our cache: then once
    // more, over what is stored.
    private void WriteStatus(ApiObject stored, ReplicaSetStatus status, ReconcileContext api)
    {
        try
        {
            api.UpdateStatus(form.WithStatus(stored, status));
        }
        catch (ApiException refused) when (refused.IsConflict)
        {
            var path = new ResourcePath(form.Kind, stored.Metadata.Namespace,
                stored.Metadata.Name);
            var live = api.Send(new(Verb.Get, path)).Object!;
            if (live.Metadata.Uid != stored.Metadata.Uid)
            {
                throw;
            }
            api.UpdateStatus(form.WithStatus(live, status));
        }
    }

    private void SetTimers(ObjectKey key, ReplicaSet set, List<Pod> active, ReconcileContext api)
    {
        if (ReplicaSetStatusOf.NextAvailable(set.Spec.MinReadySeconds, active, api.Now) is { } at)
        {
            api.After(at - api.Now, key);
        }
        if (Expectations.GivesUpAt(key) is { } until)
        {
            api.After(until - api.Now, key, Pace.Background);
        }
    }
}
