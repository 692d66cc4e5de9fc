namespace KubeSim;

/// <summary>
/// Empties a namespace that is being deleted, then lets it go. A deleted namespace stays, phase
/// Terminating, as long as its spec names the finalizer <c>kubernetes</c>; this controller takes
/// that off, through the subresource <c>finalize</c>, when nothing is left.
/// <para>It watches Namespaces. Five seconds after the deletion, so that every API server knows of
/// it, it deletes all pods, and once they are gone the collection of every other kind; it tells in
/// five conditions how far it got. It looks again when what remains should be gone: after half of
/// the longest grace that a pod was given and a second, or 8 s for what has finalizers. Where
/// nothing explains what remains it tries again with a back-off that starts at 5 ms.</para>
/// <para>Worked example: pods with a grace of 30 s, deleted at 0:05; the next look is at 0:10 (the
/// conditions changed, and every change counts five seconds), the one after it at 0:21.</para>
/// Models pkg/controller/namespace/deletion/namespaced_resources_deleter.go.
/// </summary>
public sealed class Namespaces : IReconciler
{
    private const int FinalizerEstimateSeconds = 15;
    private static readonly TimeSpan settling = TimeSpan.FromSeconds(5);

    private readonly HashSet<ObjectKey> changed = [];
    private readonly Dictionary<ObjectKey, DateTime> due = [];

    /// <inheritdoc/>
    public string Name => "namespace-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Namespace>()];

    /// <inheritdoc/>
    public int Workers => 10;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.New is { IsTerminating: true })
        {
            changed.Add(e.Key);
            queue.Add(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (changed.Remove(key))
        {
            LookAfter(settling, key, api);
        }
        if (due.TryGetValue(key, out var at) && at > api.Now)
        {
            api.After(at - api.Now, key);
            return Result.Done;
        }
        // Until it is through, whatever goes wrong, the next look may be at once.
        due[key] = api.Now;
        if (api.Get(key) is not Namespace { IsTerminating: true } ns)
        {
            due.Remove(key);
            return Result.Done;
        }
        if (ns.Spec.Finalizers.IsEmpty)
        {
            DeleteItself(ns, api);
            return Result.Done;
        }
        var outcome = DeleteContent(ns, api);
        ns = WriteConditions(ns, outcome, api);
        if (outcome.Errors.Count > 0)
        {
            return Result.Retry(string.Join(", ", outcome.Errors));
        }
        due.Remove(key);
        if (outcome.EstimateSeconds > 0)
        {
            LookAfter(TimeSpan.FromSeconds((outcome.EstimateSeconds / 2) + 1), key, api);
            return Result.Done;
        }
        LetGo(ns, api);
        return Result.Done;
    }

    // Of several times to look again the earliest counts.
    private void LookAfter(TimeSpan delay, ObjectKey key, ReconcileContext api)
    {
        var at = api.Now + delay;
        if (!due.TryGetValue(key, out var known) || at < known)
        {
            due[key] = at;
        }
        api.After(delay, key);
    }

    private static void DeleteItself(Namespace ns, ReconcileContext api)
    {
        try
        {
            api.Delete(ns.Key, new() { Uid = ns.Metadata.Uid });
        }
        catch (ApiException refused) when (refused.IsNotFound || refused.IsConflict)
        {
            // It is gone, or another has its name.
        }
    }

    private static void LetGo(Namespace ns, ReconcileContext api)
    {
        var kept = ns.Spec.Finalizers.RemoveAll(name => name == "kubernetes");
        try
        {
            var path = new ResourcePath(ns.Kind, "", ns.Metadata.Name, "finalize");
            api.Send(new(Verb.Update, path)
            {
                Body = new Payload.Typed(ns with { Spec = ns.Spec with { Finalizers = kept } }),
            });
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            // Gone already.
        }
    }

    /// <summary>Pods go first: what else is deleted may be what keeps them well.</summary>
    private static Outcome DeleteContent(Namespace ns, ReconcileContext api)
    {
        var outcome = new Outcome();
        DeleteAll(Kinds.Pod, ns, outcome, api);
        if (outcome.Errors.Count > 0 || outcome.Remaining.Count > 0)
        {
            return outcome;
        }
        foreach (var kind in KindRegistry.BuiltIn.All.Concat(Custom(api)))
        {
            if (kind.Namespaced && !kind.Equals(Kinds.Pod) && kind.Group != "events.k8s.io"
                && kind.Takes("list") && kind.Takes("delete"))
            {
                DeleteAll(kind, ns, outcome, api);
            }
        }
        return outcome;
    }

    // What it would find by discovery: the kinds that definitions brought.
    private static IEnumerable<Kind> Custom(ReconcileContext api) =>
        api.List(Kinds.CustomResourceDefinition, null).Where(CustomKind.IsEstablished)
            .Select(CustomKind.Of).OfType<Kind>();

    private static void DeleteAll(Kind kind, Namespace ns, Outcome outcome, ReconcileContext api)
    {
        var name = ns.Metadata.Name;
        if (!api.List(kind, name).Any())
        {
            return;
        }
        var estimate = kind.Equals(Kinds.Pod) ? PodGrace(ns, api) : 0;
        api.Send(new(Verb.DeleteCollection, new(kind, name, ""))
        {
            Delete = new() { PropagationPolicy = "Background" },
        });
        var left = 0;
        var finalizers = 0;
        foreach (var o in api.List(kind, name))
        {
            left++;
            finalizers += o.Metadata.Finalizers.Count;
            foreach (var finalizer in o.Metadata.Finalizers)
            {
                outcome.Count(finalizer);
            }
        }
        if (left == 0)
        {
            return;
        }
        var text = $"{kind.Plural}.{kind.Group}";
        if (estimate == 0 && finalizers == 0)
        {
            outcome.Errors.Add($"unexpected items still remain in namespace: {name} for gvr: "
                + $"{kind.Group}/{kind.Version}, Resource={kind.Plural}");
            return;
        }
        outcome.Remaining.Add((text, left));
        outcome.EstimateSeconds = Math.Max(outcome.EstimateSeconds,
            estimate > 0 ? estimate : FinalizerEstimateSeconds);
    }

    /// <summary>The longest grace of a pod; none once it must have run out.</summary>
    private static long PodGrace(Namespace ns, ReconcileContext api)
    {
        var longest = 0L;
        foreach (var o in api.List(Kinds.Pod, ns.Metadata.Name))
        {
            var pod = (Pod)o;
            longest = pod.IsFinished ? longest
                : Math.Max(longest, pod.Spec.TerminationGracePeriodSeconds ?? 0);
        }
        var passed = api.Now - ns.Metadata.DeletionTimestamp!.Value.DateTime;
        return passed >= TimeSpan.FromSeconds(longest) ? 0 : longest;
    }

    private static Namespace WriteConditions(Namespace ns, Outcome outcome, ReconcileContext api)
    {
        var conditions = ns.Status.Conditions;
        foreach (var (type, status, reason, message) in outcome.Conditions(ns))
        {
            var old = conditions.Of(type);
            if (old is null || old.Status != status || old.Message != message
                || old.Reason != reason)
            {
                conditions = conditions.With(new NamespaceCondition
                {
                    Type = type, Status = status, Reason = reason, Message = message,
                    LastTransitionTime = api.Now,
                });
            }
        }
        return conditions.Equals(ns.Status.Conditions) ? ns
            : api.UpdateStatus(ns with { Status = ns.Status with { Conditions = conditions } });
    }

    /// <summary>What one attempt came to.</summary>
    private sealed class Outcome
    {
        private readonly SortedDictionary<string, int> finalizers = new(StringComparer.Ordinal);

        public List<string> Errors { get; } = [];

        public List<(string Resource, int Count)> Remaining { get; } = [];

        public long EstimateSeconds { get; set; }

        public void Count(string finalizer) =>
            finalizers[finalizer] = finalizers.GetValueOrDefault(finalizer) + 1;

        public IEnumerable<(string Type, string Status, string Reason, string Message)> Conditions(
            Namespace ns)
        {
            yield return ("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered",
                "All resources successfully discovered");
            yield return ("NamespaceDeletionGroupVersionParsingFailure", "False",
                "ParsedGroupVersions", "All legacy kube types successfully parsed");
            yield return Errors.Count > 0
                ? ("NamespaceDeletionContentFailure", "True", "ContentDeletionFailed",
                    $"Failed to delete all resource types, {Errors.Count} remaining: "
                    + string.Join(", ", Errors))
                : ("NamespaceDeletionContentFailure", "False", "ContentDeleted",
                    "All content successfully deleted, may be waiting on finalization");
            yield return Remaining.Count > 0
                ? ("NamespaceContentRemaining", "True", "SomeResourcesRemain",
                    "Some resources are remaining: " + string.Join(", ", Resources()))
                : ("NamespaceContentRemaining", "False", "ContentRemoved",
                    "All content successfully removed");
            yield return finalizers.Count > 0
                ? ("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain",
                    "Some content in the namespace has finalizers remaining: "
                    + string.Join(", ", finalizers.Select(
                        f => $"{f.Key} in {f.Value} resource instances")))
                : ("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers",
                    "All content-preserving finalizers finished");
        }

        private IEnumerable<string> Resources() => Remaining
            .OrderBy(r => r.Resource, StringComparer.Ordinal)
            .Select(r => $"{r.Resource} has {r.Count} resource instances");
    }
}
