namespace KubeSim;

/// <summary>Keeps to <c>nodeSelector</c> and the required node affinity, and prefers nodes by the
/// weights of the preferred terms that they meet: of sums 20, 10 and 0 the scores are 100, 50 and
/// 0. A pod whose every term names nodes, as the pods of a DaemonSet, is only tried on
/// those.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go.</remarks>
public sealed class NodeAffinityPlugin : IPreFilterPlugin, IFilterPlugin, IPreScorePlugin,
    IScorePlugin, IQueueingHints, INodeLocalPlugin
{
    private static readonly PluginStatus mismatch = PluginStatus.Unresolvable(
        "NodeAffinity", "node(s) didn't match Pod's node affinity/selector");

    private static readonly PluginStatus conflict = PluginStatus.Unresolvable(
        "NodeAffinity", "pod affinity terms conflict");

    /// <inheritdoc/>
    public string Name => "NodeAffinity";

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.NodeLabels;

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var required = pod.Spec.Affinity?.NodeAffinity?
            .RequiredDuringSchedulingIgnoredDuringExecution;
        if (required is null)
        {
            return pod.Spec.NodeSelector.IsEmpty ? PluginStatus.Skip : PluginStatus.Success;
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
        Allows(pod, node.Node!) ? PluginStatus.Success : mismatch;

    /// <inheritdoc/>
    public PluginStatus PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes) =>
        pod.Spec.Affinity?.NodeAffinity is { } affinity
            && !affinity.PreferredDuringSchedulingIgnoredDuringExecution.IsEmpty
            ? PluginStatus.Success : PluginStatus.Skip;

    /// <inheritdoc/>
    public long Score(CycleState state, Pod pod, NodeInfo node)
    {
        var sum = 0L;
        if (pod.Spec.Affinity?.NodeAffinity is { } affinity)
        {
            foreach (var term in affinity.PreferredDuringSchedulingIgnoredDuringExecution.AsSpan())
            {
                var met = term.Weight != 0
                    && term.Preference.Matches(node.Node!.Metadata.Labels, node.Name);
                sum += met ? term.Weight : 0;
            }
        }
        return sum;
    }

    /// <inheritdoc/>
    public void Normalize(CycleState state, Pod pod, Span<long> scores) =>
        Normalization.ToHundred(scores, reverse: false);

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) =>
        change.Node is not { } node || (Allows(pod, node)
            && (change.Old is not Node old || !Allows(pod, old)));

    private static bool Allows(Pod pod, Node node) => NodeAffinity.Allows(pod.Spec.NodeSelector,
        pod.Spec.Affinity?.NodeAffinity, node.Metadata.Labels, node.Metadata.Name);

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
