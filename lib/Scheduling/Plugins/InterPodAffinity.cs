namespace KubeSim;

/// <summary>
/// Places pods by the pods that are there already. A term names pods (by labels and namespaces) and
/// how near is near: nodes with the same value of a label, the <c>topologyKey</c>.
/// <para>Required affinity: the node's zone must hold a pod that meets all terms; the first of its
/// kind, that meets its own terms where nobody does, may go anywhere with the label. Required
/// anti-affinity: it must hold none. And the other way round: a pod that is there and wants nobody
/// with <c>app=web</c> in its zone keeps the new one away.</para>
/// <para>Preferred terms score: the weight for each pod that meets the term in the node's domain,
/// negative for anti-affinity, those of the placed pods about the new one too, and 1
/// (<c>hardPodAffinityWeight</c>) for their required affinity. Sums −5, 0, 15 become 0, 25,
/// 100.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/plugins/interpodaffinity/{filtering,scoring,plugin}.go.
/// </remarks>
public sealed class InterPodAffinity : IPreFilterPlugin, IFilterPlugin, IPreScorePlugin,
    IScorePlugin, IQueueingHints, IWatchingPlugin, IPluginWithArgs<InterPodAffinityArgs>
{
    private static readonly PluginStatus alone = PluginStatus.Unresolvable(
        "InterPodAffinity", "node(s) didn't match pod affinity rules");

    private static readonly PluginStatus tooNear = PluginStatus.Unschedulable(
        "InterPodAffinity", "node(s) didn't match pod anti-affinity rules");

    private static readonly PluginStatus unwelcome = PluginStatus.Unschedulable(
        "InterPodAffinity", "node(s) didn't satisfy existing pods anti-affinity rules");

    private readonly AffinityPlans plans;
    private readonly bool ignoresPreferences;

    /// <summary>A plugin with its arguments.</summary>
    /// <param name="hardPodAffinityWeight">What the required affinity of placed pods counts when it
    /// means the new pod, 0 to 100.</param>
    /// <param name="ignorePreferredTermsOfExistingPods">True: pods that prefer nothing themselves
    /// are not scored.</param>
    public InterPodAffinity(int hardPodAffinityWeight = 1,
        bool ignorePreferredTermsOfExistingPods = false) =>
        (plans, ignoresPreferences) =
            (new(hardPodAffinityWeight), ignorePreferredTermsOfExistingPods);

    /// <inheritdoc/>
    public string Name => "InterPodAffinity";

    /// <inheritdoc/>
    public Seq<Kind> Kinds { get; } = [KubeSim.Kinds.Namespace];

    /// <inheritdoc/>
    public IPlugin With(InterPodAffinityArgs args) => new InterPodAffinity(
        args.HardPodAffinityWeight ?? 1, args.IgnorePreferredTermsOfExistingPods);

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.NodeLabels
        | ClusterEvents.AssignedPodAdd | ClusterEvents.AssignedPodUpdate
        | ClusterEvents.AssignedPodDelete | ClusterEvents.OwnUpdate;

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var index = PodIndex.Of(state, nodes);
        if (IsOfNoConcern(pod, index))
        {
            return PluginStatus.Skip;
        }
        var plan = plans.Of(pod, index);
        state.Set(this, plan);
        return plan.Problem is { } problem ? PluginStatus.Unresolvable(Name, problem)
            : plan.Near.Count == 0 && plan.Away.Count == 0
                && plan.Refusals.TrueForAll(t => t.Total == 0)
            ? PluginStatus.Skip : PluginStatus.Success;
    }

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node)
    {
        var plan = state.Get<AffinityPlan>(this)!;
        var slot = plan.Index.SlotOf(node);
        return !IsNearEnough(plan, slot) ? alone
            : IsAny(plan.Away, slot) ? tooNear
            : IsAny(plan.Refusals, slot) ? unwelcome
            : PluginStatus.Success;
    }

    /// <inheritdoc/>
    public PluginStatus PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var index = PodIndex.Of(state, nodes);
        if (IsOfNoConcern(pod, index))
        {
            return PluginStatus.Skip;
        }
        var plan = state.Get<AffinityPlan>(this) ?? plans.Of(pod, index);
        state.Set(this, plan);
        return plan.Problem is { } problem
            ? PluginStatus.Of(PluginCode.Error, Name, [$"failed to parse pod: {problem}"])
            : (ignoresPreferences && !plan.Prefers) || IsNobodyCounted(plan)
                ? PluginStatus.Skip : PluginStatus.Success;
    }

    /// <inheritdoc/>
    public long Score(CycleState state, Pod pod, NodeInfo node)
    {
        var plan = state.Get<AffinityPlan>(this)!;
        var (sum, slot) = (0L, plan.Index.SlotOf(node));
        foreach (var (tally, weight) in plan.Preferences)
        {
            sum += (long)weight * tally.CountAt(slot);
        }
        return sum;
    }

    /// <inheritdoc/>
    public void Normalize(CycleState state, Pod pod, Span<long> scores)
    {
        var (least, most) = (long.MaxValue, long.MinValue);
        foreach (var score in scores)
        {
            (least, most) = (Math.Min(least, score), Math.Max(most, score));
        }
        foreach (ref var score in scores)
        {
            score = most == least ? 0
                : (long)(IScorePlugin.MaxScore * ((double)(score - least) / (most - least)));
        }
    }

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change)
    {
        var near = pod.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution
            ?? default;
        var away = pod.Spec.Affinity?.PodAntiAffinity?
            .RequiredDuringSchedulingIgnoredDuringExecution ?? default;
        if (change.Pod is null)
        {
            return NodeMayHelp(near, away, change.Old as Node, change.Node!);
        }
        if (change.Event == ClusterEvents.OwnUpdate)
        {
            return true;
        }
        var (old, now) = (change.Old as Pod, change.New as Pod);
        return (MeetsAll(near, pod, now) && !MeetsAll(near, pod, old))
            || (away.Any(t => Meets(t, pod, old)) && !away.All(t => Meets(t, pod, now)))
            || (now is null && old?.Spec.Affinity?.PodAntiAffinity is { } theirs
                && theirs.RequiredDuringSchedulingIgnoredDuringExecution
                    .Any(t => Meets(t, old, pod)));
    }

    // Nobody wishes anything of anybody.
    private static bool IsOfNoConcern(Pod pod, PodIndex index) => index.Carried.Count == 0
        && pod.Spec.Affinity is not { PodAffinity: not null } and not { PodAntiAffinity: not null };

    private static bool IsNobodyCounted(AffinityPlan plan)
    {
        foreach (var (tally, _) in plan.Preferences)
        {
            if (tally.Total > 0)
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsNearEnough(AffinityPlan plan, int slot)
    {
        var (found, any) = (true, false);
        foreach (var tally in plan.Near)
        {
            if (tally.Topology.DomainOf(slot) < 0)
            {
                return false;
            }
            found &= tally.CountAt(slot) > 0;
            any |= tally.Total > 0;
        }
        // The first of a group that wants to be together has nobody to be near.
        return found || (!any && plan.MeetsItself);
    }

    private static bool IsAny(List<PodTally> tallies, int slot)
    {
        foreach (var tally in tallies)
        {
            if (tally.CountAt(slot) > 0)
            {
                return true;
            }
        }
        return false;
    }

    private static bool NodeMayHelp(
        Seq<PodAffinityTerm> near, Seq<PodAffinityTerm> away, Node? old, Node now)
    {
        string? Was(PodAffinityTerm term) => old?.Metadata.Labels.Get(term.TopologyKey);
        string? Is(PodAffinityTerm term) => now.Metadata.Labels.Get(term.TopologyKey);
        return old is null
            ? near.IsEmpty || near.Any(t => Is(t) is not null)
            : near.Any(t => Is(t) is not null && Is(t) != Was(t))
                || away.Any(t => Was(t) is not null && Is(t) != Was(t))
                || (near.IsEmpty && away.IsEmpty);
    }

    private static bool MeetsAll(Seq<PodAffinityTerm> terms, Pod pod, Pod? other) =>
        !terms.IsEmpty && terms.All(t => Meets(t, pod, other));

    // A selector of namespaces may mean any: their labels are not at hand here.
    private static bool Meets(PodAffinityTerm term, Pod pod, Pod? other) => other is not null
        && (term.NamespaceSelector is not null
            || PodTerm.Of(term, pod.Metadata.Namespace).Namespaces.AsSpan()
                .Contains(other.Metadata.Namespace))
        && term.LabelSelector.Matches(other.Metadata.Labels);
}
