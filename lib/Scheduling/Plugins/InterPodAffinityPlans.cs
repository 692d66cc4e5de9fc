namespace KubeSim;

/// <summary>What the affinity of equal pods, and that of the placed pods about them, comes down to:
/// tallies to look at for each node.</summary>
internal sealed class AffinityPlan(PodIndex index, int hardWeight)
{
    private int read;

    public PodIndex Index => index;

    /// <summary>Why the pod's terms make no sense; null when they do.</summary>
    public string? Problem { get; set; }

    /// <summary>Of the pods that meet all terms of its required affinity, by the label of
    /// each.</summary>
    public List<PodTally> Near { get; } = [];

    /// <summary>Of the pods that it must not be near.</summary>
    public List<PodTally> Away { get; } = [];

    /// <summary>Of the pods that do not want it near.</summary>
    public List<PodTally> Refusals { get; } = [];

    /// <summary>Of the pods that score, and what one counts.</summary>
    public List<(PodTally Tally, int Weight)> Preferences { get; } = [];

    /// <summary>True when the pod meets the terms of its own required affinity.</summary>
    public bool MeetsItself { get; set; }

    /// <summary>True when it has preferences of its own.</summary>
    public bool Prefers { get; set; }

    /// <summary>The same plan with the terms that came since, its tallies up to date.</summary>
    public AffinityPlan Fresh(Pod pod)
    {
        for (; read < index.Carried.Count; read++)
        {
            var carried = index.Carried[read];
            var weight = carried.Kind == CarriedKind.Near ? hardWeight : carried.Weight;
            if ((carried.Kind != CarriedKind.Away && weight == 0) || !carried.Term.Means(
                pod.Metadata.Namespace, pod.Metadata.Labels, index))
            {
                continue;
            }
            if (carried.Kind == CarriedKind.Away)
            {
                Refusals.Add(carried.Bearers);
            }
            else
            {
                Preferences.Add((carried.Bearers, weight));
            }
        }
        Refresh(Near);
        Refresh(Away);
        Refresh(Refusals);
        foreach (var (tally, _) in Preferences)
        {
            tally.Fresh();
        }
        return this;
    }

    private static void Refresh(List<PodTally> tallies)
    {
        foreach (var tally in tallies)
        {
            tally.Fresh();
        }
    }
}

/// <summary>The plans of pods, kept by namespace, labels and affinity: equal pods share
/// one.</summary>
internal sealed class AffinityPlans(int hardWeight)
{
    private const int MostPlans = 16384;

    private readonly Dictionary<CrowdKey, AffinityPlan> plans = [];
    private (PodIndex? Index, int Epoch) of;

    public AffinityPlan Of(Pod pod, PodIndex index)
    {
        index.Trim();
        if (of != (index, index.Epoch) || plans.Count > MostPlans)
        {
            plans.Clear();
            of = (index, index.Epoch);
        }
        var key = CrowdKey.Of(pod);
        if (!plans.TryGetValue(key, out var plan))
        {
            plans.Add(key, plan = Make(key, pod, index));
        }
        return plan.Fresh(pod);
    }

    private AffinityPlan Make(CrowdKey key, Pod pod, PodIndex index)
    {
        var plan = new AffinityPlan(index, hardWeight);
        var (near, away) = (key.Near ?? new(), key.Away ?? new());
        var all = Terms(plan, "requiredAffinityTerms",
            near.RequiredDuringSchedulingIgnoredDuringExecution, key.Namespace);
        var group = new PodQuestion(all.Select(t => t.Term).ToSeq(), LivingOnly: false);
        foreach (var (label, _) in all)
        {
            plan.Near.Add(Tally(index, label, group));
        }
        plan.MeetsItself = group.Terms.All(t =>
            t.Means(key.Namespace, pod.Metadata.Labels, index));
        foreach (var (label, term) in Terms(plan, "requiredAntiAffinityTerms",
            away.RequiredDuringSchedulingIgnoredDuringExecution, key.Namespace))
        {
            plan.Away.Add(Tally(index, label, new([term], false)));
        }
        Prefer(plan, "preferredAffinityTerms",
            near.PreferredDuringSchedulingIgnoredDuringExecution, +1, key.Namespace);
        Prefer(plan, "preferredAntiAffinityTerms",
            away.PreferredDuringSchedulingIgnoredDuringExecution, -1, key.Namespace);
        return plan;
    }

    private static void Prefer(AffinityPlan plan, string what, Seq<WeightedPodAffinityTerm> terms,
        int sign, string ns)
    {
        var parsed = Terms(plan, what, terms.Select(t => t.PodAffinityTerm).ToSeq(), ns);
        for (var i = 0; i < parsed.Count; i++)
        {
            var (label, term) = parsed[i];
            plan.Prefers = true;
            plan.Preferences.Add(
                (Tally(plan.Index, label, new([term], false)), sign * terms[i].Weight));
        }
    }

    private static PodTally Tally(PodIndex index, string label, PodQuestion question) =>
        index.Tally(question, index.Topology(label, NodeRule.Every));

    private static List<(string Label, PodTerm Term)> Terms(
        AffinityPlan plan, string what, Seq<PodAffinityTerm> terms, string ns)
    {
        var parsed = new List<(string, PodTerm)>();
        foreach (var term in terms)
        {
            if (!Selector.TryFrom(term.LabelSelector, out _, out var problem)
                || !Selector.TryFrom(term.NamespaceSelector, out _, out problem))
            {
                plan.Problem ??= $"parsing pod: {what}: {problem}";
            }
            parsed.Add((term.TopologyKey, PodTerm.Of(term, ns)));
        }
        return parsed;
    }
}
