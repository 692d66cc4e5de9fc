namespace KubeSim;

/// <summary>
/// The older form of a scheduler: one function from a pod and the nodes to the name of a node. It
/// takes the place of all filters and scores; queue, cache, binding and events stay.
/// </summary>
/// <param name="pod">The pod that is to be placed.</param>
/// <param name="nodes">The nodes with the pods on them, in the scheduler's order.</param>
/// <returns>The name of a node; null or empty: none will do.</returns>
/// <exception cref="InvalidOperationException">The function may throw, of any type: the pod is not
/// placed, the message is the reason, and the next pod is tried.</exception>
/// <example><code>
/// cluster.Scheduler.Use((pod, nodes) => nodes.MinBy(n => n.Pods.Count)?.Name);
/// </code></example>
/// <remarks>Models the ScheduleAlgorithm of kube-scheduler before the framework.</remarks>
public delegate string? SchedulingAlgorithm(Pod pod, IReadOnlyList<NodeInfo> nodes);

/// <summary>The function in the place of the plugins: it leaves one node to look at, or
/// none.</summary>
internal sealed class AlgorithmPlugin(SchedulingAlgorithm choose) : IPreFilterPlugin
{
    public string Name => "Algorithm";

    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var name = choose(pod, nodes);
        if (string.IsNullOrEmpty(name))
        {
            return PluginStatus.Unschedulable(Name, "the algorithm chose no node");
        }
        if (!nodes.Any(n => n.Name == name))
        {
            return PluginStatus.Of(PluginCode.Error, Name, [$"there is no node \"{name}\""]);
        }
        state.Narrow(Name, [name]);
        return PluginStatus.Success;
    }
}
