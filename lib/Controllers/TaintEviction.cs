namespace KubeSim;

/// <summary>
/// Deletes pods from nodes with taints of effect NoExecute that they do not tolerate. A toleration
/// with <c>tolerationSeconds</c> bears the taint that long; of several the shortest counts; one
/// without bears it for ever.
/// <para>It watches Nodes and Pods. It remembers the nodes with such taints, and the pods on them
/// that have a time to go; pods elsewhere cost it a look into a small table. Before it deletes a
/// pod it tells why in the condition DisruptionTarget.</para>
/// <para>Worked example: admission gives every pod a toleration of 300 s for nodes that are
/// not ready or unreachable. A node is tainted at 1:05; its pods go at 6:05, or stay when the node
/// is back before.</para>
/// Models pkg/controller/tainteviction/taint_eviction.go.
/// </summary>
public sealed class TaintEviction : IReconciler
{
    private const string Reason = "TaintManagerEviction";

    private readonly Dictionary<string, Seq<Taint>> tainted = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, Eviction> planned = [];

    /// <inheritdoc/>
    public string Name => "taint-eviction-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Node>(), Watched.All<Pod>()];

    /// <inheritdoc/>
    public int Workers => 8;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Node))
        {
            ObserveNode(e.Key, e.New as Node, queue);
            return;
        }
        var (old, now) = ((Pod?)e.Old, (Pod?)e.New);
        if (now is null ? planned.ContainsKey(e.Key)
            : tainted.Count > 0 && now.Spec.NodeName is { Length: > 0 } node
                && tainted.ContainsKey(node) && (old is null || old.Spec.NodeName != node
                || !old.Spec.Tolerations.Equals(now.Spec.Tolerations)))
        {
            queue.Add(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (key.Kind.Equals(Kinds.Pod))
        {
            Process(key, api.Get(key) as Pod, api);
        }
        else if (api.Get(key) is Node)
        {
            // The pods of a node that is gone are left to whoever cleans up after nodes.
            foreach (var pod in api.OnNode<Pod>(key.Name))
            {
                Process(pod.Key, pod, api);
            }
        }
        return Result.Done;
    }

    /// <summary>How long tolerations together bear their taints; null for ever.</summary>
    internal static TimeSpan? Shortest(IReadOnlyList<Toleration> used)
    {
        TimeSpan? shortest = used.Count == 0 ? TimeSpan.Zero : null;
        foreach (var toleration in used)
        {
            if (toleration.TolerationSeconds is { } seconds)
            {
                var time = TimeSpan.FromSeconds(Math.Max(0, seconds));
                shortest = shortest is null || time < shortest ? time : shortest;
            }
        }
        return shortest;
    }

    private void ObserveNode(ObjectKey key, Node? node, IWorkQueue queue)
    {
        var taints = (node?.Spec.Taints ?? default).RemoveAll(t => t.Effect != "NoExecute");
        var before = tainted.GetValueOrDefault(key.Name);
        if (taints.IsEmpty)
        {
            tainted.Remove(key.Name);
        }
        else
        {
            tainted[key.Name] = taints;
        }
        if (!taints.Equals(before))
        {
            queue.Add(key);
        }
    }

    private void Process(ObjectKey key, Pod? pod, ReconcileContext api)
    {
        planned.TryGetValue(key, out var plan);
        if (pod is null || (plan is not null && plan.Pod.Metadata.Uid != pod.Metadata.Uid))
        {
            Cancel(key, plan, api);
            return;
        }
        if (pod.IsTerminating || pod.Spec.NodeName is not { Length: > 0 } node)
        {
            return;
        }
        var taints = tainted.GetValueOrDefault(node);
        if (taints.IsEmpty)
        {
            Cancel(key, plan, api);
            return;
        }
        if (!Tolerated(taints, pod.Spec.Tolerations, out var used))
        {
            Evict(pod, api);
            return;
        }
        if (Shortest(used) is not { } time)
        {
            Cancel(key, plan, api);
            return;
        }
        if (plan is null || plan.Since + time < plan.Due)
        {
            planned[key] = plan = new(pod, plan?.Since ?? api.Now, (plan?.Since ?? api.Now) + time);
        }
        if (plan.Due <= api.Now)
        {
            Evict(pod, api);
            return;
        }
        api.After(plan.Due - api.Now, key);
    }

    private static bool Tolerated(
        Seq<Taint> taints, Seq<Toleration> tolerations, out List<Toleration> used)
    {
        used = [];
        foreach (var taint in taints)
        {
            var by = tolerations.FirstOrDefault(t => t.Tolerates(taint));
            if (by is null)
            {
                return false;
            }
            used.Add(by);
        }
        return true;
    }

    private void Cancel(ObjectKey key, Eviction? plan, ReconcileContext api)
    {
        if (planned.Remove(key))
        {
            api.Event(plan!.Pod, "Normal", Reason, "Cancelling deletion of Pod {0}/{1}",
                key.Namespace, key.Name);
        }
    }

    private void Evict(Pod pod, ReconcileContext api)
    {
        var meta = pod.Metadata;
        api.Event(pod, "Normal", Reason, "Marking for deletion Pod {0}/{1}", meta.Namespace,
            meta.Name);
        planned.Remove(pod.Key);
        try
        {
            api.Patch(pod.Key, PodDisruption.Of(pod, api.Now, "DeletionByTaintManager",
                "Taint manager: deleting due to NoExecute taint"), "status");
            api.Delete(pod.Key);
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            // Gone already.
        }
    }

    /// <summary>A pod that has a time to go.</summary>
    private sealed record Eviction(Pod Pod, DateTime Since, DateTime Due);
}
