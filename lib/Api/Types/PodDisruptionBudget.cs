using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>How many pods evictions may take at once.</summary>
public sealed record PodDisruptionBudget : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.PodDisruptionBudget;

    /// <summary>Which pods, how many.</summary>
    public PodDisruptionBudgetSpec Spec { get; init; } = PodDisruptionBudgetSpec.None;
    /// <summary>How many may go now.</summary>
    public PodDisruptionBudgetStatus Status { get; init; } = PodDisruptionBudgetStatus.None;
}

/// <summary>Which pods, and how many of them must stay.</summary>
public sealed record PodDisruptionBudgetSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PodDisruptionBudgetSpec None { get; } = new();

    /// <summary>How many must stay.</summary>
    public IntOrString? MinAvailable { get; init; }
    /// <summary>How many may be down.</summary>
    public IntOrString? MaxUnavailable { get; init; }
    /// <summary>The pods.</summary>
    public LabelSelector? Selector { get; init; }
    /// <summary>IfHealthyBudget (the default) or AlwaysAllow.</summary>
    public string? UnhealthyPodEvictionPolicy { get; init; }
}

/// <summary>How many pods may go now.</summary>
public sealed record PodDisruptionBudgetStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PodDisruptionBudgetStatus None { get; } = new();

    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>Pods whose eviction was let through, and when.</summary>
    public Map<Time> DisruptedPods { get; init; }
    /// <summary>How many may go now.</summary>
    public int DisruptionsAllowed { get; init; }
    /// <summary>How many are healthy.</summary>
    public int CurrentHealthy { get; init; }
    /// <summary>How many must be.</summary>
    public int DesiredHealthy { get; init; }
    /// <summary>How many there should be.</summary>
    public int ExpectedPods { get; init; }
    /// <summary>DisruptionAllowed.</summary>
    public Seq<Condition> Conditions { get; init; }
}
