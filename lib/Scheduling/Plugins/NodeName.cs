namespace KubeSim;

/// <summary>A pod that names its node runs on that node or nowhere. Such pods never come to the
/// scheduler; the plugin is there for who asks about them.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/nodename/node_name.go.</remarks>
public sealed class NodeName : IFilterPlugin, IQueueingHints, INodeLocalPlugin
{
    private static readonly PluginStatus other = PluginStatus.Unresolvable(
        "NodeName", "node(s) didn't match the requested node name");

    /// <inheritdoc/>
    public string Name => "NodeName";

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd;

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        string.IsNullOrEmpty(pod.Spec.NodeName) || pod.Spec.NodeName == node.Name
            ? PluginStatus.Success : other;

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) => true;
}
