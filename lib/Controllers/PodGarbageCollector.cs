namespace KubeSim;

/// <summary>
/// Deletes pods that nobody else will: no kubelet ends a pod whose node is gone, none ends a pod
/// that was never bound, and finished pods would pile up for ever.
/// <para>It watches Pods and Nodes and looks around every 20 s. What it deletes, it deletes at once
/// (grace 0), and marks it Failed before, since no kubelet will:</para>
/// <para><b>Orphans</b>: pods bound to a node that does not exist. Such a node is first set aside
/// for 40 s, as it may only be late in the cache; then the API server is asked, and if it does not
/// know the node either, the pods get the condition DisruptionTarget (DeletionByPodGC) and
/// go.</para>
/// <para><b>Pods on nodes out of service</b>: terminating pods of a node that is not ready and has
/// the taint <c>node.kubernetes.io/out-of-service</c>, by which an administrator vouches that the
/// machine is off.</para>
/// <para><b>Pods that end before they are bound</b>, and <b>finished pods</b> above 12,500, evicted
/// ones first, then the oldest.</para>
/// <para>Worked example: looks at 0:00, 0:20, 0:40…; a node is deleted at 0:05. At 0:20 it is found
/// missing; at 1:00 its pods go. A look that finds nothing is not carried out.</para>
/// Models pkg/controller/podgc/gc_controller.go.
/// </summary>
public sealed class PodGarbageCollector(int terminatedThreshold = 12_500) : IReconciler
{
    /// <summary>The taint of a node whose machine is known to be off.</summary>
    public const string OutOfService = "node.kubernetes.io/out-of-service";

    private static readonly TimeSpan period = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan quarantine = TimeSpan.FromSeconds(40);

    private readonly HashSet<string> nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> outOfService = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTime> missing = new(StringComparer.Ordinal);
    private readonly HashSet<ObjectKey> finished = [];
    private DateTime? started;
    private bool begun;

    /// <inheritdoc/>
    public string Name => "pod-garbage-collector-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Node>(), Watched.All<Pod>()];

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (!begun)
        {
            // The looks are counted from the first thing seen.
            begun = true;
            queue.Add(e.Key);
        }
        if (e.Key.Kind.Equals(Kinds.Node))
        {
            ObserveNode(e.Key, (Node?)e.New, queue);
        }
        else
        {
            ObservePod(e.Key, (Pod?)e.Old, (Pod?)e.New, queue);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        started ??= api.Now;
        var ofNode = key.Kind.Equals(Kinds.Node);
        var pods = ofNode ? OfNode(key, api) : OfPod(key, api);
        if (pods.Count == 0)
        {
            return Result.Done;
        }
        var late = (api.Now - started.Value).Ticks % period.Ticks;
        if (late > 0)
        {
            api.After(period - TimeSpan.FromTicks(late), key);
            return Result.Done;
        }
        var orphaned = ofNode && api.Get(key) is null;
        if (orphaned && !IsGone(key, api))
        {
            return Result.Done;
        }
        foreach (var pod in InTurn(pods))
        {
            Delete(pod, orphaned, api);
        }
        return Result.Done;
    }

    private void ObserveNode(ObjectKey key, Node? node, IWorkQueue queue)
    {
        if (node is null)
        {
            nodes.Remove(key.Name);
            outOfService.Remove(key.Name);
            queue.Add(key);
            return;
        }
        nodes.Add(key.Name);
        missing.Remove(key.Name);
        if (!IsOff(node))
        {
            outOfService.Remove(key.Name);
        }
        else if (outOfService.Add(key.Name))
        {
            queue.Add(key);
        }
    }

    private void ObservePod(ObjectKey key, Pod? old, Pod? now, IWorkQueue queue)
    {
        if (now is not { IsFinished: true })
        {
            finished.Remove(key);
        }
        else if (finished.Add(key) && finished.Count > terminatedThreshold)
        {
            queue.Add(key);
        }
        if (now is null)
        {
            return;
        }
        var ending = now.IsTerminating && old is not { IsTerminating: true };
        if (now.Spec.NodeName is not { Length: > 0 } node)
        {
            if (ending)
            {
                queue.Add(key);
            }
        }
        else if ((ending && outOfService.Contains(node))
            || (old?.Spec.NodeName != node && !nodes.Contains(node)))
        {
            queue.Add(new(Kinds.Node, "", node));
        }
    }

    private static bool IsOff(Node node) => node.Condition("Ready") is not { Status: "True" }
        && node.Spec.Taints.Any(taint => taint.Key == OutOfService);

    private static List<Pod> OfNode(ObjectKey node, ReconcileContext api)
    {
        var here = api.Get(node) as Node;
        return here is not null && !IsOff(here) ? []
            : api.OnNode<Pod>(node.Name).FindAll(pod => here is null || pod.IsTerminating);
    }

    private List<Pod> OfPod(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is Pod { IsTerminating: true, Spec.NodeName: null or "" } pod)
        {
            return [pod];
        }
        var excess = finished.Count - terminatedThreshold;
        return excess <= 0 ? []
            : [.. InTurn(finished.Select(api.Get).OfType<Pod>()).Take(excess)];
    }

    private static IEnumerable<Pod> InTurn(IEnumerable<Pod> pods) => pods
        .OrderBy(pod => pod.Status.Reason != "Evicted")
        .ThenBy(pod => pod.Metadata.CreationTimestamp?.DateTime)
        .ThenBy(pod => pod.Key);

    /// <summary>Whether a node that is missing was set aside long enough, and is unknown to the API
    /// server too.</summary>
    private bool IsGone(ObjectKey node, ReconcileContext api)
    {
        if (!missing.TryGetValue(node.Name, out var until) || until > api.Now)
        {
            missing.TryAdd(node.Name, api.Now + quarantine);
            api.After(missing[node.Name] - api.Now, node);
            return false;
        }
        missing.Remove(node.Name);
        try
        {
            api.Send(new(Verb.Get, ResourcePath.Of(node)));
            return false;
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            return true;
        }
    }

    private static void Delete(Pod pod, bool orphaned, ReconcileContext api)
    {
        try
        {
            if (!pod.IsFinished)
            {
                api.Patch(pod.Key, PodDisruption.Of(pod, api.Now,
                    orphaned ? "DeletionByPodGC" : null, "PodGC: node no longer exists", "Failed"),
                    "status");
            }
            api.Delete(pod.Key, new() { GracePeriodSeconds = 0 });
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            // Gone already.
        }
    }
}
