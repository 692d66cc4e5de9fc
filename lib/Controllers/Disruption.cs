namespace KubeSim;

/// <summary>
/// Counts for every PodDisruptionBudget how many of its pods may be evicted now. The eviction
/// itself is the API server's: it takes from the number that stands here, and is refused at 0.
/// <para>It watches budgets and Pods, and reads the workloads behind the pods. Healthy is a pod
/// that is ready, is not being deleted, and is not among those whose eviction was let through in
/// the last two minutes (<c>disruptedPods</c>): the deletion of such a pod is on its way to the
/// cache. One that is still there after that time counts again.</para>
/// <para><c>minAvailable</c> as a number counts the pods there are; a percentage, and
/// <c>maxUnavailable</c> in any form, count the pods that there should be: the sizes of the
/// workloads that manage the pods, of a ReplicaSet those of its Deployment. Both percentages are
/// rounded up. What cannot be counted allows nothing (<c>SyncFailed</c>).</para>
/// <para>Worked example: 7 replicas, all healthy. <c>minAvailable: 50%</c> wants 4 (3.5 rounded up)
/// and allows 3; <c>maxUnavailable: 50%</c> lets 4 be down, wants 3 and allows 4.</para>
/// <para>A pod that was marked as the target of a disruption and that nobody deletes in two minutes
/// loses the mark (DisruptionTarget becomes False).</para>
/// Models pkg/controller/disruption/disruption.go.
/// </summary>
public sealed class Disruption : IReconciler
{
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(2);

    // What waits to be counted again passes the rate limiter, whose first wait is 5 ms.
    private static readonly TimeSpan limiter = TimeSpan.FromMilliseconds(5);

    private readonly SelectorIndex budgets = new();

    /// <inheritdoc/>
    public string Name => "disruption-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        Watched.All<PodDisruptionBudget>(), Watched.All<Pod>(), Watched.All<Deployment>(),
        Watched.All<ReplicaSet>(), Watched.All<StatefulSet>(),
        Watched.All<ReplicationController>(),
    ];

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.PodDisruptionBudget))
        {
            budgets.SetOwner(e.Key, ((PodDisruptionBudget?)e.New)?.Spec.Selector);
            queue.Add(e.Key);
        }
        else if (e.Object is Pod pod)
        {
            // A pod whose labels no longer match is not noticed: only its present labels are read.
            if (!budgets.IsEmpty)
            {
                budgets.EnqueueOwners(pod, queue);
            }
            if (e.New is not null && MarkedSince(pod) is not null)
            {
                queue.Add(e.Key);
            }
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api) => api.Get(key) switch
    {
        PodDisruptionBudget budget => Count(budget, api),
        Pod pod => Unmark(pod, api),
        _ => Result.Done,
    };

    private static Result Count(PodDisruptionBudget budget, ReconcileContext api)
    {
        var pods = Pods(budget, api);
        if (pods.Count == 0)
        {
            api.Event(budget, "Normal", "NoPods", "No matching pods found");
        }
        var (expected, desired, unmanaged, problem) = Wanted(budget.Spec, pods, api);
        if (problem is not null)
        {
            api.Event(budget, "Warning", "CalculateExpectedPodCountFailed",
                "Failed to calculate the number of expected pods: {0}", problem);
            return Write(budget, (budget.Status with { DisruptionsAllowed = 0 })
                .Tell(api.Now, problem), api);
        }
        if (unmanaged)
        {
            api.Event(budget, "Warning", "UnmanagedPods", "Pods selected by this "
                + "PodDisruptionBudget (selector: {0}) were found to be unmanaged. As a result, "
                + "the status of the PDB cannot be calculated correctly, which may result in "
                + "undefined behavior. To account for these pods please set "
                + "\".spec.minAvailable\" field of the PDB to an integer value.",
                LabelSelector.Shown(budget.Spec.Selector));
        }
        var going = Going(budget, pods, api);
        var healthy = pods.Count(pod => !pod.IsTerminating && pod.IsReady
            && !going.ContainsKey(pod.Metadata.Name));
        var counted = budget.Status with
        {
            CurrentHealthy = healthy,
            DesiredHealthy = desired,
            ExpectedPods = expected,
            DisruptionsAllowed = expected <= 0 ? 0 : Math.Max(0, healthy - desired),
            DisruptedPods = going,
            ObservedGeneration = budget.Metadata.Generation,
        };
        return Write(budget, counted.IsTold ? counted : counted.Tell(api.Now), api);
    }

    private static Result Write(
        PodDisruptionBudget budget, PodDisruptionBudgetStatus status, ReconcileContext api)
    {
        if (!status.Equals(budget.Status))
        {
            api.UpdateStatus(budget with { Status = status });
        }
        return Result.Done;
    }

    private static List<Pod> Pods(PodDisruptionBudget budget, ReconcileContext api)
    {
        var (ns, selector) = (budget.Metadata.Namespace, budget.Spec.Selector);
        if (selector is null)
        {
            return [];
        }
        var pods = selector.MatchLabels.IsEmpty ? [.. api.List<Pod>(ns)]
            : api.Labelled<Pod>(ns, selector.MatchLabels.AsSpan()[0].Key,
                selector.MatchLabels.AsSpan()[0].Value);
        pods.RemoveAll(pod => !selector.Matches(pod.Metadata.Labels));
        return pods;
    }

    /// <summary>How many pods there should be and how many of them must be healthy; whether some
    /// have no controller; or why that cannot be told.</summary>
    private static (int Expected, int Desired, bool Unmanaged, string? Problem) Wanted(
        PodDisruptionBudgetSpec spec, List<Pod> pods, ReconcileContext api)
    {
        if ((spec.MaxUnavailable ?? spec.MinAvailable) is not { } share)
        {
            return default;
        }
        if (spec.MaxUnavailable is null && share.Text is null)
        {
            return (pods.Count, share.Number, false, null);
        }
        var sizes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (pod.ControllerOwner is not { } owner || sizes.ContainsKey(owner.Uid))
            {
                continue;
            }
            var (workload, problem) = Workload(owner, pod.Metadata.Namespace, api);
            if (workload is null)
            {
                return (0, 0, false,
                    problem ?? $"found no controllers for pod \"{pod.Metadata.Name}\"");
            }
            sizes[workload.Metadata.Uid] = workload.Spec.Replicas ?? 0;
        }
        var expected = sizes.Values.Sum();
        return !share.TryScaled(expected, roundUp: true, out var number, out var wrong)
            ? (0, 0, false, wrong)
            : (expected, spec.MaxUnavailable is null ? number : Math.Max(0, expected - number),
                pods.Exists(pod => pod.ControllerOwner is null), null);
    }

    /// <summary>The size of what manages a pod: from the caches, or else of the API server, which
    /// also knows what caches do not show yet.</summary>
    private static (Scale? Of, string? Problem) Workload(
        OwnerReference owner, string ns, ReconcileContext api)
    {
        if (KindRegistry.BuiltIn.Find(owner.ApiVersion, owner.Kind) is not { } kind)
        {
            return (null,
                $"no matches for kind \"{owner.Kind}\" in version \"{owner.ApiVersion}\"");
        }
        var key = new ObjectKey(kind, kind.Namespaced ? ns : "", owner.Name);
        var uid = owner.Uid;
        var cached = Scaling.Knows(kind) ? api.Get(key) : null;
        if (cached?.Metadata.Uid == uid && cached is ReplicaSet
            && cached.ControllerOwner is { Kind: nameof(Deployment) } above)
        {
            (cached, uid) = (api.Get<Deployment>(ns, above.Name), above.Uid);
        }
        if (cached?.Metadata.Uid == uid)
        {
            return (Scaling.Of(cached), null);
        }
        try
        {
            var live = (Scale)api.Send(new(Verb.Get, ResourcePath.Of(key, "scale"))).Object!;
            return (live.Metadata.Uid == owner.Uid ? live : null, null);
        }
        catch (ApiException refused)
        {
            return (null, !refused.IsNotFound ? refused.Status.Message : Scaling.Knows(kind) ? null
                : $"{kind.Resource} does not implement the scale subresource");
        }
    }

    /// <summary>The pods whose eviction was let through and that are still to be deleted; asks to
    /// be called again when the first of them has had its time.</summary>
    private static Map<Time> Going(
        PodDisruptionBudget budget, List<Pod> pods, ReconcileContext api)
    {
        var going = default(Map<Time>);
        foreach (var pod in pods)
        {
            if (pod.IsTerminating
                || !budget.Status.DisruptedPods.TryGetValue(pod.Metadata.Name, out var since))
            {
                continue;
            }
            var left = since.DateTime + patience - api.Now;
            if (left < TimeSpan.Zero)
            {
                // The real one says the namespace twice as well, where the name should be.
                api.Event(pod, "Warning", "NotDeleted", "Pod was expected by PDB {0}/{0} to be "
                    + "deleted but it wasn't", budget.Metadata.Namespace);
                continue;
            }
            going = going.Set(pod.Metadata.Name, since);
            api.After(left + limiter, budget.Key);
        }
        return going;
    }

    // Since when a pod bears a mark that may prove stale; the kubelet may take its time with its
    // own.
    private static Time? MarkedSince(Pod pod) => pod.IsActive
        && pod.Condition("DisruptionTarget") is { Status: "True" } mark
        && mark.Reason != "TerminationByKubelet" ? mark.LastTransitionTime : null;

    private static Result Unmark(Pod pod, ReconcileContext api)
    {
        if (MarkedSince(pod) is not { } since)
        {
            return Result.Idle;
        }
        var left = since.DateTime + patience - api.Now;
        if (left > TimeSpan.Zero)
        {
            api.After(left, pod.Key);
            return Result.Idle;
        }
        api.UpdateStatus(pod with
        {
            Status = pod.Status with
            {
                Conditions = pod.Status.Conditions.With(new PodCondition
                {
                    Type = "DisruptionTarget", Status = "False", LastTransitionTime = api.Now,
                    ObservedGeneration = pod.Metadata.Generation,
                }),
            },
        });
        return Result.Done;
    }
}
