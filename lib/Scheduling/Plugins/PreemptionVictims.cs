namespace KubeSim;

/// <summary>
/// Who would have to go from one node: tried out on the scheduler's own view of the cluster, which
/// is afterwards as it was. Since every plugin is asked anew each time, a rule that spans nodes
/// (anti-affinity, spread) sees the cluster without the victims.
/// </summary>
/// <remarks>Models pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go
/// (SelectVictimsOnNode) and pkg/scheduler/framework/preemption/preemption.go
/// (prepareCandidate).</remarks>
internal sealed class PreemptionVictims
{
    /// <summary>Why a victim ends, in its condition DisruptionTarget.</summary>
    public const string Reason = "PreemptionByScheduler";

    private readonly CycleState state;
    private readonly NodeInfo node;
    private readonly SchedulingFramework framework;
    private readonly List<PodInfo> lesser;
    private readonly List<PodInfo> victims = [];
    private readonly List<PodDisruptionBudget> budgets;
    private int violations;

    public PreemptionVictims(CycleState state, NodeInfo node, SchedulingFramework framework,
        List<PodDisruptionBudget> budgets)
    {
        (this.state, this.node, this.framework, this.budgets) = (state, node, framework, budgets);
        lesser = [.. ByImportance(node.Pods.Where(p => p.Pod.Priority < state.Pod.Priority))];
    }

    /// <summary>True when there are pods of lower priority at all.</summary>
    public bool HasAny => lesser.Count > 0;

    /// <summary>What came of it.</summary>
    public PreemptionCandidate Candidate => new()
    {
        Node = node.Name, Victims = ByImportance(victims).Select(v => v.Pod).ToSeq(),
        Violations = violations,
    };

    /// <summary>Success when the pod would fit; else why not even without all of them.</summary>
    public PluginStatus Select()
    {
        var cache = state.Cache!;
        foreach (var pod in lesser)
        {
            cache.TakeOut(pod);
        }
        var status = framework.Refilter(state, node);
        if (!status.IsSuccess)
        {
            PutBack(lesser);
            return status;
        }
        var guarded = Guarded();
        foreach (var pod in lesser.Where(guarded.Contains))
        {
            violations += Reprieve(pod) ? 0 : 1;
        }
        foreach (var pod in lesser.Where(p => !guarded.Contains(p)))
        {
            Reprieve(pod);
        }
        PutBack(victims);
        return victims.Count > 0 ? status : PluginStatus.Unresolvable("DefaultPreemption",
            $"expected at least one victim pod on node \"{node.Name}\"");
    }

    /// <summary>Deletes the victims; and whoever is less important and hoped for the node looks for
    /// another.</summary>
    public static void MakeRoom(CycleState state, PreemptionCandidate chosen)
    {
        if (state.Api is not { } api)
        {
            return;
        }
        var (pod, cache) = (state.Pod, state.Cache!);
        foreach (var other in cache.NominatedTo(chosen.Node, pod, less: true))
        {
            cache.EndNomination(other.Key);
            Try(() => api.Patch(other.Key,
                PodStatusPatch.Of(other, null, nominated: ""), "status"));
        }
        foreach (var victim in chosen.Victims.Where(v => !v.IsTerminating))
        {
            var told = Try(() => api.Patch(victim.Key, PodStatusPatch.Of(victim, new()
            {
                Type = "DisruptionTarget", Status = "True", Reason = Reason,
                Message = $"{pod.Spec.SchedulerName ?? Scheduler.DefaultName}: preempting to "
                    + "accommodate a higher priority pod",
                LastTransitionTime = api.Now, ObservedGeneration = victim.Metadata.Generation,
            }), "status"));
            if (told && Try(() => api.Delete(victim.Key)))
            {
                api.NewEvent(victim, "Normal", "Preempted", "Preempting",
                    "Preempted by pod {0} on node {1}", pod.Metadata.Uid, chosen.Node);
            }
        }
    }

    /// <summary>Since when a pod runs; one that does not is the youngest.</summary>
    public static long StartOf(Pod pod) => pod.Status.StartTime?.UnixSeconds ?? long.MaxValue;

    /// <summary>The most important first: by priority, then who has run longer.</summary>
    public static IEnumerable<PodInfo> ByImportance(IEnumerable<PodInfo> pods) =>
        pods.OrderByDescending(p => p.Pod.Priority).ThenBy(p => StartOf(p.Pod));

    private bool Reprieve(PodInfo pod)
    {
        state.Cache!.PutBack(pod);
        if (framework.Refilter(state, node).IsSuccess)
        {
            return true;
        }
        state.Cache.TakeOut(pod);
        victims.Add(pod);
        return false;
    }

    private void PutBack(List<PodInfo> pods)
    {
        foreach (var pod in pods)
        {
            state.Cache!.PutBack(pod);
        }
    }

    // The pods whose end would break a budget, were all of them to go in order of importance.
    private HashSet<PodInfo> Guarded()
    {
        var found = new HashSet<PodInfo>();
        foreach (var budget in budgets)
        {
            if (budget.Spec.Selector is not { IsEmpty: false } labels
                || !Selector.TryFrom(labels, out var selector, out _))
            {
                continue;
            }
            var left = budget.Status.DisruptionsAllowed;
            foreach (var pod in lesser)
            {
                var meta = pod.Pod.Metadata;
                if (meta.Namespace == budget.Metadata.Namespace && !meta.Labels.IsEmpty
                    && selector.Matches(meta.Labels)
                    && !budget.Status.DisruptedPods.ContainsKey(meta.Name) && --left < 0)
                {
                    found.Add(pod);
                }
            }
        }
        return found;
    }

    // A pod that is gone needs no help; whatever else goes wrong, the preemptor tries again.
    private static bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (ApiException)
        {
            return false;
        }
    }
}
