namespace KubeSim;

/// <summary>
/// Keeps a pod from nodes that have not enough of a resource left, and prefers the emptier node
/// (LeastAllocated; the other strategies prefer the fuller one, or follow a curve).
/// <para>What counts are requests, not use: a node of 4 CPUs with pods that request 3.5 has 500m
/// left, however idle they are. LeastAllocated: of 4 CPUs, 1 requested: 75; of 16Gi, 4Gi: 75; the
/// mean is the score. A container that requests nothing counts there as 100m and 200Mi.</para>
/// A request that exceeds what the whole node has cannot be helped by removing pods. Extended
/// resources that somebody else watches over can be ignored, by name or by domain.
/// </summary>
/// <remarks>Models pkg/scheduler/framework/plugins/noderesources/fit.go.</remarks>
public sealed class NodeResourcesFit(
    ScoringStrategy? strategy = null, Seq<string> ignored = default, Seq<string> groups = default)
    : IFilterPlugin, IScorePlugin, IQueueingHints, INodeLocalPlugin,
    IPluginWithArgs<NodeResourcesFitArgs>
{
    private readonly ScoringStrategy strategy = strategy ?? ScoringStrategy.LeastAllocated;

    // The common verdicts, by what is short (pods, CPU, memory, storage) and whether it can be
    // helped, so that a full cluster costs no memory.
    private readonly PluginStatus?[] common = new PluginStatus?[32];

    /// <inheritdoc/>
    public string Name => "NodeResourcesFit";

    /// <inheritdoc/>
    public IPlugin With(NodeResourcesFitArgs args) =>
        new NodeResourcesFit(ScoringStrategy.Of(args.ScoringStrategy), args.IgnoredResources,
            args.IgnoredResourceGroups);

    /// <summary>The same, with resources that it does not look at.</summary>
    internal NodeResourcesFit Ignoring(Seq<string> names) =>
        new(strategy, [.. ignored, .. names], groups);

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.NodeAllocatable
        | ClusterEvents.AssignedPodDelete | ClusterEvents.AssignedPodUpdate;

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node)
    {
        var (wanted, used, all) = (state.Shape.Requests, node.Requested, node.Allocatable);
        var shortage = node.Pods.Count + 1 > all.Pods ? 1 : 0;
        var hopeless = false;
        if (wanted.IsNothing)
        {
            return shortage == 0 ? PluginStatus.Success : Common(shortage, false);
        }
        Check(wanted.MilliCpu, used.MilliCpu, all.MilliCpu, 2, ref shortage, ref hopeless);
        Check(wanted.Memory, used.Memory, all.Memory, 4, ref shortage, ref hopeless);
        Check(wanted.EphemeralStorage, used.EphemeralStorage, all.EphemeralStorage, 8,
            ref shortage, ref hopeless);
        return wanted.Scalars.Count > 0
            ? WithScalars(wanted, used, all, shortage, hopeless)
            : shortage == 0 ? PluginStatus.Success : Common(shortage, hopeless);
    }

    /// <inheritdoc/>
    public long Score(CycleState state, Pod pod, NodeInfo node) =>
        strategy.Score(state.Shape, node);

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change)
    {
        var wanted = PodShape.Of(pod).Requests;
        if (change.Node is { } node)
        {
            var has = ResourceAmounts.Of(node.Status.Allocatable);
            return Fits(wanted, has) && (change.Old is not Node old
                || Grew(wanted, ResourceAmounts.Of(old.Status.Allocatable), has));
        }
        // A pod that went leaves room for one more pod; one that shrank must free what is wanted.
        return change.Event != ClusterEvents.AssignedPodUpdate || change.Old is not Pod before
            || change.New is not Pod after
            || Grew(wanted, PodShape.Of(after).Requests, PodShape.Of(before).Requests);
    }

    private static void Check(
        long wanted, long used, long all, int bit, ref int shortage, ref bool hopeless)
    {
        if (wanted > 0 && wanted > all - used)
        {
            shortage |= bit;
            hopeless |= wanted > all;
        }
    }

    private PluginStatus WithScalars(ResourceAmounts wanted, ResourceAmounts used,
        ResourceAmounts all, int shortage, bool hopeless)
    {
        var reasons = Reasons(shortage);
        foreach (var (name, amount) in wanted.Scalars)
        {
            var (taken, has) = (used[name], all[name]);
            if (amount > 0 && amount > has - taken && !IsIgnored(name))
            {
                reasons.Add($"Insufficient {name}");
                hopeless |= amount > has;
            }
        }
        return reasons.Count == 0 ? PluginStatus.Success
            : PluginStatus.Of(CodeOf(hopeless), Name, reasons.ToSeq());
    }

    private bool IsIgnored(string name) => ignored.AsSpan().Contains(name)
        || (name.IndexOf('/') is > 0 and var end && groups.AsSpan().Contains(name[..end]));

    private PluginStatus Common(int shortage, bool hopeless) =>
        common[shortage + (hopeless ? 16 : 0)] ??=
            PluginStatus.Of(CodeOf(hopeless), Name, Reasons(shortage).ToSeq());

    private static PluginCode CodeOf(bool hopeless) =>
        hopeless ? PluginCode.UnschedulableAndUnresolvable : PluginCode.Unschedulable;

    private static List<string> Reasons(int shortage)
    {
        var reasons = new List<string>();
        if ((shortage & 1) != 0)
        {
            reasons.Add("Too many pods");
        }
        if ((shortage & 2) != 0)
        {
            reasons.Add("Insufficient cpu");
        }
        if ((shortage & 4) != 0)
        {
            reasons.Add("Insufficient memory");
        }
        if ((shortage & 8) != 0)
        {
            reasons.Add("Insufficient ephemeral-storage");
        }
        return reasons;
    }

    // Could the empty node hold it?
    private bool Fits(ResourceAmounts wanted, ResourceAmounts has) =>
        has.Pods > 0 && wanted.MilliCpu <= has.MilliCpu && wanted.Memory <= has.Memory
        && wanted.EphemeralStorage <= has.EphemeralStorage
        && wanted.Scalars.All(s => s.Amount <= has[s.Name] || IsIgnored(s.Name));

    private static bool Grew(ResourceAmounts wanted, ResourceAmounts before, ResourceAmounts after)
        => after.Pods > before.Pods
        || (wanted.MilliCpu > 0 && after.MilliCpu > before.MilliCpu)
        || (wanted.Memory > 0 && after.Memory > before.Memory)
        || (wanted.EphemeralStorage > 0 && after.EphemeralStorage > before.EphemeralStorage)
        || wanted.Scalars.Any(s => after[s.Name] > before[s.Name]);
}
