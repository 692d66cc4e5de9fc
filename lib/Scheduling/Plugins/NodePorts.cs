namespace KubeSim;

/// <summary>Keeps a pod from nodes where a port that it wants of the node is taken. Port 80 of
/// 127.0.0.1 and of 10.0.0.1 can both be had; port 80 of 0.0.0.0 clashes with either.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/nodeports/node_ports.go.</remarks>
public sealed class NodePorts : IPreFilterPlugin, IFilterPlugin, IQueueingHints, INodeLocalPlugin
{
    private static readonly PluginStatus taken = PluginStatus.Unschedulable(
        "NodePorts", "node(s) didn't have free ports for the requested pod ports");

    /// <inheritdoc/>
    public string Name => "NodePorts";

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.AssignedPodDelete;

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes) =>
        state.Shape.HostPorts.IsEmpty ? PluginStatus.Skip : PluginStatus.Success;

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        Clash(state.Shape.HostPorts, node.Ports) ? taken : PluginStatus.Success;

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) => change.Pod is not { } gone
        || Clash(PodShape.Of(pod).HostPorts, PodShape.Of(gone).HostPorts);

    private static bool Clash(Seq<HostPort> wanted, IReadOnlyList<HostPort> used)
    {
        for (var i = 0; i < used.Count; i++)
        {
            foreach (var port in wanted.AsSpan())
            {
                if (port.Conflicts(used[i]))
                {
                    return true;
                }
            }
        }
        return false;
    }
}
