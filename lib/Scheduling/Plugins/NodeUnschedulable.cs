namespace KubeSim;

/// <summary>Keeps pods from cordoned nodes (<c>spec.unschedulable</c>), but for those that tolerate
/// the taint <c>node.kubernetes.io/unschedulable</c>, as pods of DaemonSets do.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go.
/// </remarks>
public sealed class NodeUnschedulable : IFilterPlugin, IQueueingHints, INodeLocalPlugin
{
    private static readonly Taint cordon =
        new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };

    private static readonly PluginStatus cordoned = PluginStatus.Unresolvable(
        "NodeUnschedulable", "node(s) were unschedulable");

    /// <inheritdoc/>
    public string Name => "NodeUnschedulable";

    /// <inheritdoc/>
    public ClusterEvents Events =>
        ClusterEvents.NodeAdd | ClusterEvents.NodeTaints | ClusterEvents.OwnUpdate;

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        !node.Node!.IsCordoned || pod.Spec.Tolerations.Tolerate(cordon)
            ? PluginStatus.Success : cordoned;

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) => change.Node is not { } node
        || !node.IsCordoned || pod.Spec.Tolerations.Tolerate(cordon);
}
