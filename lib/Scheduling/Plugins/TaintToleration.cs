namespace KubeSim;

/// <summary>Keeps pods from nodes with a NoSchedule or NoExecute taint that they do not tolerate,
/// and prefers nodes with fewer PreferNoSchedule taints that they do not tolerate: of the nodes
/// with 0, 1 and 2 such taints the first scores 100, the second 50, the third 0.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go. Since 1.34
/// the reason no longer names the taint, so that an event counts nodes, not taints.</remarks>
public sealed class TaintToleration
    : IFilterPlugin, IScorePlugin, IQueueingHints, INodeLocalPlugin
{
    private static readonly PluginStatus tainted = PluginStatus.Unresolvable(
        "TaintToleration", "node(s) had untolerated taint(s)");

    /// <inheritdoc/>
    public string Name => "TaintToleration";

    /// <inheritdoc/>
    public ClusterEvents Events =>
        ClusterEvents.NodeAdd | ClusterEvents.NodeTaints | ClusterEvents.OwnUpdate;

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
        IsKeptAway(pod, node.Node!) ? tainted : PluginStatus.Success;

    /// <inheritdoc/>
    public long Score(CycleState state, Pod pod, NodeInfo node)
    {
        var untolerated = 0;
        foreach (var taint in node.Node!.Spec.Taints.AsSpan())
        {
            if (taint.Effect == "PreferNoSchedule" && !IsPreferenceBorne(pod, taint))
            {
                untolerated++;
            }
        }
        return untolerated;
    }

    /// <inheritdoc/>
    public void Normalize(CycleState state, Pod pod, Span<long> scores) =>
        Normalization.ToHundred(scores, reverse: true);

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) =>
        change.Node is not { } node || (!IsKeptAway(pod, node)
            && (change.Old is not Node old || IsKeptAway(pod, old)));

    private static bool IsKeptAway(Pod pod, Node node) =>
        node.Spec.Taints.FirstUntolerated(pod.Spec.Tolerations, TaintEffects.Forbidding)
            is not null;

    // Only tolerations of the effect PreferNoSchedule, or of every effect, count for a preference.
    private static bool IsPreferenceBorne(Pod pod, Taint taint)
    {
        foreach (var toleration in pod.Spec.Tolerations.AsSpan())
        {
            if (toleration.Effect is null or "" or "PreferNoSchedule"
                && toleration.Tolerates(taint))
            {
                return true;
            }
        }
        return false;
    }
}
