namespace KubeSim;

/// <summary>Rules for the nodes and the neighbours of a pod.</summary>
public sealed record Affinity : ApiPart
{
    /// <summary>Which nodes.</summary>
    public NodeAffinity? NodeAffinity { get; init; }
    /// <summary>Which pods to be near.</summary>
    public PodAffinity? PodAffinity { get; init; }
    /// <summary>Which pods to keep away from.</summary>
    public PodAntiAffinity? PodAntiAffinity { get; init; }
}

/// <summary>Which pods to be near.</summary>
public sealed record PodAffinity : ApiPart
{
    /// <summary>Terms that must all hold.</summary>
    public Seq<PodAffinityTerm> RequiredDuringSchedulingIgnoredDuringExecution { get; init; }
    /// <summary>Terms that score when they hold.</summary>
    public Seq<WeightedPodAffinityTerm>
        PreferredDuringSchedulingIgnoredDuringExecution { get; init; }
}

/// <summary>Which pods to keep away from.</summary>
public sealed record PodAntiAffinity : ApiPart
{
    /// <summary>Terms that must all hold.</summary>
    public Seq<PodAffinityTerm> RequiredDuringSchedulingIgnoredDuringExecution { get; init; }
    /// <summary>Terms that score when they hold.</summary>
    public Seq<WeightedPodAffinityTerm>
        PreferredDuringSchedulingIgnoredDuringExecution { get; init; }
}

/// <summary>A term and what it counts.</summary>
public sealed record WeightedPodAffinityTerm : ApiPart
{
    /// <summary>From 1 to 100.</summary>
    public int Weight { get; init; }
    /// <summary>The term.</summary>
    public PodAffinityTerm PodAffinityTerm { get; init; } = PodAffinityTerm.None;
}

/// <summary>Pods, and how near counts as near.</summary>
public sealed record PodAffinityTerm : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PodAffinityTerm None { get; } = new();

    /// <summary>The pods meant; null means none.</summary>
    public LabelSelector? LabelSelector { get; init; }
    /// <summary>The namespaces to look in, by their labels.</summary>
    public LabelSelector? NamespaceSelector { get; init; }
    /// <summary>The namespaces to look in; both unset: the pod's own.</summary>
    public Seq<string> Namespaces { get; init; }
    /// <summary>The node label whose equal values mean near.</summary>
    public string TopologyKey { get; init; } = "";
    /// <summary>Keys whose values the selector takes from the new pod.</summary>
    public Seq<string> MatchLabelKeys { get; init; }
    /// <summary>Keys whose values the other pods must not share.</summary>
    public Seq<string> MismatchLabelKeys { get; init; }
}

/// <summary>How evenly pods lie over the values of a node label.</summary>
public sealed record TopologySpreadConstraint : ApiPart
{
    /// <summary>The most by which one domain may be ahead of the emptiest.</summary>
    public int MaxSkew { get; init; }
    /// <summary>The node label whose values are the domains.</summary>
    public string TopologyKey { get; init; } = "";
    /// <summary>DoNotSchedule or ScheduleAnyway.</summary>
    public string WhenUnsatisfiable { get; init; } = "";
    /// <summary>The pods that count.</summary>
    public LabelSelector? LabelSelector { get; init; }
    /// <summary>Domains that must be there, or the emptiest counts as 0.</summary>
    public int? MinDomains { get; init; }
    /// <summary>Honor (the default): only nodes that the pod may use count.</summary>
    public string? NodeAffinityPolicy { get; init; }
    /// <summary>Honor: only nodes whose taints it tolerates count.</summary>
    public string? NodeTaintsPolicy { get; init; }
    /// <summary>Keys whose values the selector takes from the new pod.</summary>
    public Seq<string> MatchLabelKeys { get; init; }
}
