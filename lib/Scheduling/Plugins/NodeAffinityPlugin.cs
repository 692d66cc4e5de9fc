namespace KubeSim;

/// <summary>Keeps to <c>nodeSelector</c> and the required node affinity, and prefers nodes by the
/// weights of the preferred terms that they meet: of sums 20, 10 and 0 the scores are 100, 50 and
/// 0. A pod whose every term names nodes, as the pods of a DaemonSet, is only tried on
/// those. A profile may add an affinity that holds for all its pods.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go.</remarks>
public sealed class NodeAffinityPlugin(NodeAffinity? added = null) : IPreFilterPlugin,
    IFilterPlugin, IPreScorePlugin, IScorePlugin, IQueueingHints, INodeLocalPlugin,
    IPluginWithArgs<NodeAffinityArgs>
{
    private static readonly PluginStatus mismatch = PluginStatus.Unresolvable(
        "NodeAffinity", "node(s) didn't match Pod's node affinity/selector");

    private static readonly PluginStatus enforced = PluginStatus.Unresolvable(
        "NodeAffinity", "node(s) didn't match scheduler-enforced node affinity");

    private static readonly PluginStatus conflict = PluginStatus.Unresolvable(
        "NodeAffinity", "pod affinity terms conflict");

    /// <inheritdoc/>
    public string Name => "NodeAffinity";

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.NodeLabels;

    /// <inheritdoc/>
    public IPlugin With(NodeAffinityArgs args) => new NodeAffinityPlugin(args.AddedAffinity);

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var required = pod.Spec.Affinity?.NodeAffinity?
            .RequiredDuringSchedulingIgnoredDuringExecution;
        if (required is null)
        {
            return pod.Spec.NodeSelector.IsEmpty
                && added?.RequiredDuringSchedulingIgnoredDuringExecution is null
                ? PluginStatus.Skip : PluginStatus.Success;
        }
        if (NamesOf(required) is { } names)
        {
            if (names.Count == 0)
            {
                return conflict;
            }
            state.Narrow(Name, names.ToSeq());
        }
        return PluginStatus.Success;
    }

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        !Allows(default, added, node.Node!) ? enforced
            : Allows(pod, node.Node!) ? PluginStatus.Success : mismatch;

    /// <inheritdoc/>
    public PluginStatus PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes) =>
        Prefers(pod.Spec.Affinity?.NodeAffinity) || Prefers(added)
            ? PluginStatus.Success : PluginStatus.Skip;

    /// <inheritdoc/>
    public long Score(CycleState state, Pod pod, NodeInfo node)
    {
        var (labels, name) = (node.Node!.Metadata.Labels, node.Name);
        return (pod.Spec.Affinity?.NodeAffinity?.Score(labels, name) ?? 0)
            + (added?.Score(labels, name) ?? 0);
    }

    /// <inheritdoc/>
    public void Normalize(CycleState state, Pod pod, Span<long> scores) =>
        Normalization.ToHundred(scores, reverse: false);

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) =>
        change.Node is not { } node || (Allows(pod, node) && Allows(default, added, node)
            && (change.Old is not Node old || !Allows(pod, old)
                || !Allows(default, added, old)));

    private static bool Allows(Pod pod, Node node) =>
        Allows(pod.Spec.NodeSelector, pod.Spec.Affinity?.NodeAffinity, node);

    private static bool Allows(Map<string> selector, NodeAffinity? affinity, Node node) =>
        NodeAffinity.Allows(selector, affinity, node.Metadata.Labels, node.Metadata.Name);

    private static bool Prefers(NodeAffinity? affinity) =>
        affinity is { PreferredDuringSchedulingIgnoredDuringExecution.IsEmpty: false };

    // The names that the terms leave, when each of them (they are alternatives) names nodes.
    private static SortedSet<string>? NamesOf(NodeSelector required)
    {
        var all = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var term in required.NodeSelectorTerms)
        {
            SortedSet<string>? names = null;
            foreach (var field in term.MatchFields)
            {
                if (field.Key == "metadata.name" && field.Operator == "In")
                {
                    names ??= new(field.Values, StringComparer.Ordinal);
                    names.IntersectWith(field.Values);
                }
            }
            if (names is null)
            {
                return null;
            }
            all.UnionWith(names);
        }
        return required.NodeSelectorTerms.IsEmpty ? null : all;
    }
}
