namespace KubeSim;

/// <summary>
/// When a pod fits nowhere: would it, if pods of lower priority went? If so, the pods that have to
/// go are deleted, the node is nominated for the pod, and the pod waits for them to end.
/// <para>Of each node that fewer pods could help (not one with a taint): take away all pods of
/// lower priority and see whether the pod fits; then give back one after the other, the most
/// important first, as long as it still does. Those that a PodDisruptionBudget protects are given
/// back before the others, so that they are victims only if nothing else helps. In a large cluster
/// not every node is tried: 10 % of them, at least 100, from a random one on.</para>
/// <para>Of the nodes where it works the one is taken with the fewest protected victims; then whose
/// most important victim matters least; whose victims' priorities sum up to least; that has the
/// fewest victims; whose most important victims started last.</para>
/// <para>Example: nodes full of pods of priority 10 and 10; 100; 10. A pod of 1000 that needs a
/// whole node: the third, one victim of 10.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/preemption/preemption.go and
/// pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go.</remarks>
public sealed class DefaultPreemption(DefaultPreemptionArgs? args = null)
    : IPostFilterPlugin, IPluginWithArgs<DefaultPreemptionArgs>
{
    private static readonly PluginStatus useless = PluginStatus.Unresolvable(
        "DefaultPreemption", "Preemption is not helpful for scheduling");

    private static readonly PluginStatus noVictims = PluginStatus.Unresolvable(
        "DefaultPreemption", "No preemption victims found for incoming pod");

    private readonly int percentage = args?.MinCandidateNodesPercentage ?? 10;
    private readonly int least = args?.MinCandidateNodesAbsolute ?? 100;

    /// <inheritdoc/>
    public string Name => "DefaultPreemption";

    /// <inheritdoc/>
    public IPlugin With(DefaultPreemptionArgs args) => new DefaultPreemption(args);

    /// <inheritdoc/>
    public PluginStatus PostFilter(
        CycleState state, Pod pod, Diagnosis diagnosis, SchedulingFramework framework)
    {
        if (WhyNot(pod, diagnosis, state.Cache!) is { } why)
        {
            return PluginStatus.Unschedulable(Name, $"preemption: not eligible due to {why}");
        }
        var answers = new Diagnosis(diagnosis.AllNodes) { Absent = useless };
        var candidates = Candidates(state, diagnosis, framework, answers);
        if (state.Record is { } record)
        {
            record.Candidates = candidates.ToSeq();
        }
        if (candidates.Count == 0)
        {
            state.Nominate = "";
            return PluginStatus.Unschedulable(Name, $"preemption: {answers.Message}");
        }
        var chosen = Pick(candidates);
        state.Nominate = chosen.Node;
        state.Afterwards = () => PreemptionVictims.MakeRoom(state, chosen);
        return PluginStatus.Success;
    }

    /// <summary>Why a pod may not preempt others; null when it may. A pod for which room is being
    /// made waits for that, unless the node has become hopeless.</summary>
    internal static string? WhyNot(Pod pod, Diagnosis diagnosis, SchedulerCache cache)
    {
        if (pod.Spec.PreemptionPolicy == "Never")
        {
            return "preemptionPolicy=Never.";
        }
        if (pod.Status.NominatedNodeName is not { Length: > 0 } nominated)
        {
            return null;
        }
        var status = diagnosis.Absent;
        foreach (var (node, verdict) in diagnosis.Rejected)
        {
            status = node.Name == nominated ? verdict : status;
        }
        return status.Code != PluginCode.UnschedulableAndUnresolvable
            && cache.Find(nominated) is { } there
            && there.Pods.Any(p => p.Pod.Priority < pod.Priority && IsEndingForRoom(p.Pod))
            ? "a terminating pod on the nominated node." : null;
    }

    /// <summary>How many nodes are tried.</summary>
    internal int NodesToTry(int nodes) =>
        Math.Min(nodes, Math.Max(nodes * percentage / 100, least));

    /// <summary>The best of several candidates.</summary>
    internal static PreemptionCandidate Pick(IReadOnlyList<PreemptionCandidate> candidates)
    {
        // Shifted, so that a victim more is never better, however low its priority.
        static long Weight(Pod pod) => (long)pod.Priority + int.MaxValue + 1;
        static long EarliestOfTop(PreemptionCandidate c)
        {
            var top = c.Victims.Max(v => v.Priority);
            return c.Victims.Where(v => v.Priority == top)
                .Min(PreemptionVictims.StartOf);
        }

        return candidates.OrderBy(c => c.Violations)
            .ThenBy(c => c.Victims[0].Priority)
            .ThenBy(c => c.Victims.Sum(Weight))
            .ThenBy(c => c.Victims.Count)
            .ThenByDescending(EarliestOfTop)
            .First();
    }

    // Those without protected victims come first.
    private List<PreemptionCandidate> Candidates(CycleState state, Diagnosis diagnosis,
        SchedulingFramework framework, Diagnosis answers)
    {
        var nodes = diagnosis.Rejected.Where(r => r.Status.Code == PluginCode.Unschedulable)
            .Select(r => r.Node).ToList();
        var found = new List<PreemptionCandidate>();
        if (nodes.Count == 0)
        {
            return found;
        }
        var budgets = state.Objects?.List<PodDisruptionBudget>().ToList() ?? [];
        var (first, wanted) = (state.Random.Next(nodes.Count), NodesToTry(nodes.Count));
        var free = 0;
        for (var i = 0; i < nodes.Count && (free == 0 || found.Count < wanted); i++)
        {
            var node = nodes[(first + i) % nodes.Count];
            var trial = new PreemptionVictims(state, node, framework, budgets);
            var status = trial.HasAny ? trial.Select() : noVictims;
            if (status.IsSuccess)
            {
                found.Add(trial.Candidate);
                free += trial.Candidate.Violations == 0 ? 1 : 0;
            }
            else
            {
                answers.Rejected.Add((node, status));
            }
        }
        return [.. found.OrderBy(c => c.Violations > 0)];
    }

    private static bool IsEndingForRoom(Pod pod) => pod.IsTerminating
        && pod.Condition("DisruptionTarget") is
            { Status: "True", Reason: PreemptionVictims.Reason };
}
