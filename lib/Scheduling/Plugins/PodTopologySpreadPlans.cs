namespace KubeSim;

/// <summary>One constraint, with the tally that answers it.</summary>
internal sealed class SpreadRule(
    int maxSkew, int minDomains, bool self, PodTally tally, PodTally? ofNode)
{
    public int MaxSkew => maxSkew;

    public int MinDomains => minDomains;

    /// <summary>1 when the pod itself counts.</summary>
    public int Self => self ? 1 : 0;

    /// <summary>The pods in each domain of the nodes that count.</summary>
    public PodTally Tally => tally;

    /// <summary>For scoring by host name: the pods on each node.</summary>
    public PodTally? OfNode => ofNode;
}

/// <summary>The constraints of equal pods; what a cycle notes in it the next one
/// overwrites.</summary>
internal sealed class SpreadPlan(
    PodIndex index, SpreadRule[] hard, SpreadRule[] soft, bool needsAllLabels)
{
    private bool[] ignored = [];
    private double[] scores = [];
    private double[] byDomain = [];

    public PodIndex Index => index;

    public SpreadRule[] Hard => hard;

    public SpreadRule[] Soft => soft;

    /// <summary>Which of the nodes to be scored lack a label.</summary>
    public ReadOnlySpan<bool> Ignored => ignored;

    /// <summary>The same plan, its tallies up to date.</summary>
    public SpreadPlan Fresh()
    {
        foreach (var rule in hard)
        {
            rule.Tally.Fresh();
        }
        foreach (var rule in soft)
        {
            rule.Tally.Fresh();
            rule.OfNode?.Fresh();
        }
        return this;
    }

    /// <summary>The score of a node by all constraints, before it is brought to a
    /// hundred.</summary>
    public long Score(int slot) => (long)Math.Round(scores[slot], MidpointRounding.AwayFromZero);

    /// <summary>Scores the nodes: a few domains first, so that thousands of nodes only look up
    /// theirs.</summary>
    public void Prepare(IReadOnlyList<NodeInfo> nodes)
    {
        if (ignored.Length < nodes.Count)
        {
            ignored = new bool[nodes.Count];
        }
        var count = 0;
        for (var i = 0; i < nodes.Count; i++)
        {
            var slot = index.SlotOf(nodes[i]);
            if (slot >= scores.Length)
            {
                Array.Resize(ref scores, Math.Max(slot + 1, scores.Length * 2));
            }
            scores[slot] = 0;
            ignored[i] = IsIgnored(slot);
            count += ignored[i] ? 0 : 1;
        }
        foreach (var rule in soft)
        {
            Add(rule, nodes, count);
        }
    }

    private bool IsIgnored(int slot)
    {
        for (var i = 0; i < soft.Length && needsAllLabels; i++)
        {
            if (soft[i].Tally.Topology.DomainOf(slot) < 0)
            {
                return true;
            }
        }
        return false;
    }

    // Hosts are as many domains as nodes, and each node is counted for itself. A few domains are
    // worked out first; of more than there are nodes to score, only those of the nodes.
    private void Add(SpreadRule rule, IReadOnlyList<NodeInfo> nodes, int candidates)
    {
        var tally = rule.OfNode ?? rule.Tally;
        var few = tally.Topology.Size <= nodes.Count ? tally.Topology.Size : 0;
        if (byDomain.Length < few)
        {
            byDomain = new double[few];
        }
        var weight = Math.Log((rule.OfNode is null ? Domains(rule, nodes) : candidates) + 2);
        byDomain.AsSpan(0, few).Fill(rule.MaxSkew - 1);
        if (few > 0)
        {
            tally.AddTo(byDomain, weight);
        }
        for (var i = 0; i < nodes.Count; i++)
        {
            var slot = index.SlotOf(nodes[i]);
            if (!ignored[i] && rule.Tally.Topology.DomainOf(slot) >= 0)
            {
                var domain = tally.Topology.DomainOf(slot);
                scores[slot] += few > 0
                    ? byDomain[domain] : rule.MaxSkew - 1 + tally.Count(domain) * weight;
            }
        }
    }

    // Nodes without the label, where that is allowed, make one domain more.
    private int Domains(SpreadRule rule, IReadOnlyList<NodeInfo> nodes)
    {
        var size = rule.Tally.Topology.Size;
        var (seen, found) = (new bool[size + 1], 0);
        for (var i = 0; i < nodes.Count && found <= size; i++)
        {
            var domain = rule.Tally.Topology.DomainOf(index.SlotOf(nodes[i]));
            if (!ignored[i] && !seen[domain + 1])
            {
                (seen[domain + 1], found) = (true, found + 1);
            }
        }
        return found;
    }
}

/// <summary>The plans of pods, kept by what they rest on: equal pods share one.</summary>
internal sealed class SpreadPlans(Seq<TopologySpreadConstraint> defaults, bool bySystem)
{
    /// <summary>The label that tells nodes apart.</summary>
    public const string Hostname = "kubernetes.io/hostname";

    private const int MostPlans = 16384;

    private readonly Dictionary<Key, SpreadPlan> plans = [];
    private (PodIndex? Index, int Epoch) of;

    private readonly record struct Key(string Namespace, Map<string> Labels, PodShape Shape,
        Seq<TopologySpreadConstraint> Constraints, Selector? Kin)
    {
        public override int GetHashCode() => HashCode.Combine(Namespace, Labels, Shape);
    }

    public SpreadPlan Of(CycleState state, PodIndex index)
    {
        var pod = state.Pod;
        var own = pod.Spec.TopologySpreadConstraints;
        var kin = own.IsEmpty && !defaults.IsEmpty ? index.Owners.Of(pod) : null;
        if (kin is { IsEmpty: true })
        {
            return new(index, [], [], false);
        }
        index.Trim();
        if (of != (index, index.Epoch) || plans.Count > MostPlans)
        {
            plans.Clear();
            of = (index, index.Epoch);
        }
        var key = new Key(pod.Metadata.Namespace, pod.Metadata.Labels, state.Shape, own, kin);
        if (!plans.TryGetValue(key, out var plan))
        {
            var constraints = own.IsEmpty ? defaults : own;
            var needsAll = !own.IsEmpty || !bySystem;
            plan = new(index, Rules(index, state, constraints, kin, "DoNotSchedule", true),
                Rules(index, state, constraints, kin, "ScheduleAnyway", needsAll), needsAll);
            plans.Add(key, plan);
        }
        return plan.Fresh();
    }

    /// <summary>The pods that count, those with the pod's own values of <c>matchLabelKeys</c>. The
    /// API server has put these into the selector already, unless the pod is older than
    /// that.</summary>
    public static Selector SelectorOf(TopologySpreadConstraint constraint, Pod pod)
    {
        var selector = PodTerm.OrNothing(constraint.LabelSelector);
        Map<string> same = default;
        foreach (var name in constraint.MatchLabelKeys.AsSpan())
        {
            if (pod.Metadata.Labels.TryGetValue(name, out var value))
            {
                same = same.Set(name, value);
            }
        }
        return same.IsEmpty ? selector : Selector.FromLabels(same).And(selector);
    }

    private static SpreadRule[] Rules(PodIndex index, CycleState state,
        Seq<TopologySpreadConstraint> all, Selector? kin, string action, bool needsAllLabels)
    {
        var pod = state.Pod;
        var constraints = all.Where(c => c.WhenUnsatisfiable == action).ToSeq();
        Seq<string> keys = needsAllLabels ? constraints.Select(c => c.TopologyKey).ToSeq() : [];
        var required = pod.Spec.Affinity?.NodeAffinity?
            .RequiredDuringSchedulingIgnoredDuringExecution;
        return [.. constraints.Select(c =>
        {
            var selector = kin ?? SelectorOf(c, pod);
            var question = new PodQuestion(
                [new([pod.Metadata.Namespace], Selector.Nothing, selector)], LivingOnly: true);
            var honours = c.NodeAffinityPolicy is null or "Honor";
            var rule = new NodeRule(honours ? pod.Spec.NodeSelector : default,
                honours && required is not null
                    ? new() { RequiredDuringSchedulingIgnoredDuringExecution = required } : null,
                c.NodeTaintsPolicy == "Honor" ? pod.Spec.Tolerations : null, keys);
            var byHost = action == "ScheduleAnyway" && c.TopologyKey == Hostname;
            return new SpreadRule(c.MaxSkew, c.MinDomains ?? 1,
                selector.Matches(pod.Metadata.Labels),
                index.Tally(question, index.Topology(c.TopologyKey, rule)),
                byHost ? index.Tally(question, index.Topology(null, NodeRule.Every)) : null);
        })];
    }
}
