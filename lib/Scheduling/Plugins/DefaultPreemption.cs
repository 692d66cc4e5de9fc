namespace KubeSim;

/// <summary>
/// Asks, when a pod fits nowhere, whether it would if pods of lower priority went; and says of each
/// node why not: no pod there is of lower priority, or the reason has nothing to do with pods.
/// <para>It does not evict anyone yet. Where victims would help it stays silent, as the real one
/// does in its event, and the pod waits for room.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/preemption/preemption.go.</remarks>
public sealed class DefaultPreemption : IPostFilterPlugin
{
    private static readonly PluginStatus useless = PluginStatus.Unresolvable(
        "DefaultPreemption", "Preemption is not helpful for scheduling");

    private static readonly PluginStatus noVictims = PluginStatus.Unresolvable(
        "DefaultPreemption", "No preemption victims found for incoming pod");

    /// <inheritdoc/>
    public string Name => "DefaultPreemption";

    /// <inheritdoc/>
    public PluginStatus PostFilter(
        CycleState state, Pod pod, Diagnosis diagnosis, SchedulingFramework framework)
    {
        if (pod.Spec.PreemptionPolicy == "Never")
        {
            return PluginStatus.Unschedulable(
                Name, "preemption: not eligible due to preemptionPolicy=Never.");
        }
        var answers = new Diagnosis(diagnosis.AllNodes) { Absent = useless };
        foreach (var (node, status) in diagnosis.Rejected)
        {
            var answer = status.Code == PluginCode.Unschedulable
                ? TryWithout(state, pod, node, framework) : useless;
            if (answer.IsSuccess)
            {
                return PluginStatus.Success;
            }
            answers.Rejected.Add((node, answer));
        }
        return PluginStatus.Unschedulable(Name, $"preemption: {answers.Message}");
    }

    private static PluginStatus TryWithout(
        CycleState state, Pod pod, NodeInfo node, SchedulingFramework framework)
    {
        var priority = pod.Spec.Priority ?? 0;
        var victims = false;
        foreach (var other in node.Pods)
        {
            victims |= (other.Pod.Spec.Priority ?? 0) < priority;
        }
        return victims
            ? framework.Filter(state, pod,
                node.Without(other => (other.Pod.Spec.Priority ?? 0) < priority))
            : noVictims;
    }
}
