namespace KubeSim;

/// <summary>
/// Spreads pods over domains: zones, nodes, whatever a node label tells apart. A constraint names
/// the label (<c>topologyKey</c>), the pods that count (<c>labelSelector</c>) and by how much the
/// fullest domain may be ahead of the emptiest (<c>maxSkew</c>).
/// <para>DoNotSchedule filters. Zones a, b, c hold 3, 3 and 1 matching pods, maxSkew is 1: in a
/// there would be 3 + 1 − 1 = 3 more than in the emptiest, so only c will do. With fewer domains
/// than <c>minDomains</c> the emptiest counts as 0.</para>
/// <para>ScheduleAnyway scores: the pods in the node's domain times ln(domains + 2), so that three
/// zones are not outweighed by a hundred hosts, plus maxSkew − 1; the least becomes 100. Two hosts
/// with 2 and 1 pods: ln 4 = 1.386; 2.77 and 1.39, rounded 3 and 1: 33 and 100.</para>
/// <para>A pod without constraints is spread by default: over hosts with maxSkew 3 and over zones
/// with 5, ScheduleAnyway, together with the pods of its Services and of its ReplicaSet,
/// StatefulSet or ReplicationController.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/plugins/podtopologyspread/{filtering,scoring,common,
/// plugin}.go.</remarks>
public sealed class PodTopologySpread : IPreFilterPlugin, IFilterPlugin, IPreScorePlugin,
    IScorePlugin, IQueueingHints, IWatchingPlugin, IPluginWithArgs<PodTopologySpreadArgs>
{
    private static readonly PluginStatus skewed = PluginStatus.Unschedulable(
        "PodTopologySpread", "node(s) didn't match pod topology spread constraints");

    private static readonly PluginStatus unlabelled = PluginStatus.Unresolvable(
        "PodTopologySpread",
        "node(s) didn't match pod topology spread constraints (missing required label)");

    private static readonly Seq<TopologySpreadConstraint> ofTheSystem =
    [
        new()
        {
            TopologyKey = SpreadPlans.Hostname, MaxSkew = 3, WhenUnsatisfiable = "ScheduleAnyway",
        },
        new()
        {
            TopologyKey = "topology.kubernetes.io/zone", MaxSkew = 5,
            WhenUnsatisfiable = "ScheduleAnyway",
        },
    ];

    private readonly SpreadPlans plans;

    /// <summary>A plugin that spreads pods without constraints as the system does (defaultingType
    /// System), or by a list of constraints (List); an empty list leaves them alone.</summary>
    public PodTopologySpread(Seq<TopologySpreadConstraint>? defaultConstraints = null) =>
        plans = new(defaultConstraints ?? ofTheSystem, defaultConstraints is null);

    /// <inheritdoc/>
    public string Name => "PodTopologySpread";

    /// <inheritdoc/>
    public Seq<Kind> Kinds { get; } =
    [
        KubeSim.Kinds.Service, KubeSim.Kinds.ReplicationController, KubeSim.Kinds.ReplicaSet,
        KubeSim.Kinds.StatefulSet,
    ];

    /// <inheritdoc/>
    public IPlugin With(PodTopologySpreadArgs args) => new PodTopologySpread(
        args.DefaultingType == "List" ? args.DefaultConstraints : null);

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.NodeDelete
        | ClusterEvents.NodeLabels | ClusterEvents.NodeTaints | ClusterEvents.AssignedPodAdd
        | ClusterEvents.AssignedPodUpdate | ClusterEvents.AssignedPodDelete
        | ClusterEvents.OwnUpdate;

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var plan = plans.Of(state, PodIndex.Of(state, nodes));
        state.Set(this, plan);
        return plan.Hard.Length == 0 ? PluginStatus.Skip : PluginStatus.Success;
    }

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node)
    {
        var plan = state.Get<SpreadPlan>(this)!;
        var slot = plan.Index.SlotOf(node);
        foreach (var constraint in plan.Hard)
        {
            var tally = constraint.Tally;
            var domain = tally.Topology.DomainOf(slot);
            if (domain < 0)
            {
                return unlabelled;
            }
            var skew = tally.Count(domain) + constraint.Self - tally.Least(constraint.MinDomains);
            if (skew > constraint.MaxSkew)
            {
                return skewed;
            }
        }
        return PluginStatus.Success;
    }

    /// <inheritdoc/>
    public PluginStatus PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var plan = state.Get<SpreadPlan>(this) ?? plans.Of(state, PodIndex.Of(state, nodes));
        if (plan.Soft.Length == 0)
        {
            return PluginStatus.Skip;
        }
        plan.Prepare(nodes);
        state.Set(this, plan);
        return PluginStatus.Success;
    }

    /// <inheritdoc/>
    public long Score(CycleState state, Pod pod, NodeInfo node)
    {
        var plan = state.Get<SpreadPlan>(this)!;
        return plan.Score(plan.Index.SlotOf(node));
    }

    /// <inheritdoc/>
    public void Normalize(CycleState state, Pod pod, Span<long> scores)
    {
        var plan = state.Get<SpreadPlan>(this)!;
        var (least, most) = (long.MaxValue, 0L);
        for (var i = 0; i < scores.Length; i++)
        {
            if (!plan.Ignored[i])
            {
                (least, most) = (Math.Min(least, scores[i]), Math.Max(most, scores[i]));
            }
        }
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = plan.Ignored[i] ? 0 : most == 0 ? IScorePlugin.MaxScore
                : IScorePlugin.MaxScore * (most + least - scores[i]) / most;
        }
    }

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change)
    {
        var constraints = pod.Spec.TopologySpreadConstraints;
        if (constraints.IsEmpty)
        {
            // Spread by a default that a Service or an owner made: every change may matter.
            return true;
        }
        constraints = constraints.RemoveAll(c => c.WhenUnsatisfiable != "DoNotSchedule");
        return change.Pod is null
            ? NodeMayHelp(constraints, change.Old as Node, change.Node)
            : PodMayHelp(pod, constraints, change.Old as Pod, change.New as Pod);
    }

    private static bool PodMayHelp(
        Pod pod, Seq<TopologySpreadConstraint> constraints, Pod? old, Pod? now)
    {
        if ((now ?? old)!.Metadata.Namespace != pod.Metadata.Namespace)
        {
            return false;
        }
        bool Counts(TopologySpreadConstraint constraint, Pod other) =>
            SpreadPlans.SelectorOf(constraint, pod).Matches(other.Metadata.Labels);
        if (old is null || now is null)
        {
            return constraints.All(c => Counts(c, (now ?? old)!));
        }
        return (now.Metadata.Uid == pod.Metadata.Uid
                && !old.Spec.Tolerations.Equals(now.Spec.Tolerations)
                && constraints.Any(c => c.NodeTaintsPolicy == "Honor"))
            || constraints.Any(c => Counts(c, old) != Counts(c, now));
    }

    private static bool NodeMayHelp(
        Seq<TopologySpreadConstraint> constraints, Node? old, Node? now)
    {
        bool HasAll(Node? node) => node is not null
            && constraints.All(c => node.Metadata.Labels.ContainsKey(c.TopologyKey));
        if (old is null || now is null)
        {
            return HasAll(now ?? old);
        }
        return HasAll(old) != HasAll(now) || (HasAll(now)
            && (!old.Spec.Taints.Equals(now.Spec.Taints)
                || constraints.Any(c => old.Metadata.Labels.Get(c.TopologyKey)
                    != now.Metadata.Labels.Get(c.TopologyKey))));
    }
}
