using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>One pod on each node that suits.</summary>
public sealed record DaemonSet : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.DaemonSet;

    /// <summary>Which mould, and how to change over.</summary>
    public DaemonSetSpec Spec { get; init; } = DaemonSetSpec.None;
    /// <summary>How many nodes have one.</summary>
    public DaemonSetStatus Status { get; init; } = DaemonSetStatus.None;
}

/// <summary>Which mould, and how to change over.</summary>
public sealed record DaemonSetSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static DaemonSetSpec None { get; } = new();

    /// <summary>Its pods, by label.</summary>
    public LabelSelector? Selector { get; init; }
    /// <summary>The mould.</summary>
    public PodTemplateSpec Template { get; init; } = PodTemplateSpec.None;
    /// <summary>How to change over.</summary>
    public DaemonSetUpdateStrategy UpdateStrategy { get; init; } = DaemonSetUpdateStrategy.None;
    /// <summary>Seconds that a pod must be Ready to count as available.</summary>
    public int? MinReadySeconds { get; init; }
    /// <summary>How many old revisions to keep; 10 by default.</summary>
    public int? RevisionHistoryLimit { get; init; }
}

/// <summary>How to change over to a new template.</summary>
public sealed record DaemonSetUpdateStrategy : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static DaemonSetUpdateStrategy None { get; } = new();

    /// <summary>RollingUpdate (the default) or OnDelete.</summary>
    public string? Type { get; init; }
    /// <summary>The bounds of a rolling update.</summary>
    public RollingUpdateDaemonSet? RollingUpdate { get; init; }
}

/// <summary>The bounds of a rolling update.</summary>
public sealed record RollingUpdateDaemonSet : ApiPart
{
    /// <summary>On how many nodes it may be down at once; 1 by default.</summary>
    public IntOrString? MaxUnavailable { get; init; }
    /// <summary>On how many nodes old and new may run together.</summary>
    public IntOrString? MaxSurge { get; init; }
}

/// <summary>How many nodes have their pod.</summary>
public sealed record DaemonSetStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static DaemonSetStatus None { get; } = new();

    /// <summary>Nodes that have one and should.</summary>
    public int CurrentNumberScheduled { get; init; }
    /// <summary>Nodes that have one and should not.</summary>
    public int NumberMisscheduled { get; init; }
    /// <summary>Nodes that should have one.</summary>
    public int DesiredNumberScheduled { get; init; }
    /// <summary>Nodes whose pod is Ready.</summary>
    public int NumberReady { get; init; }
    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>Nodes whose pod is of the newest template.</summary>
    public int UpdatedNumberScheduled { get; init; }
    /// <summary>Nodes whose pod is Ready for minReadySeconds.</summary>
    public int NumberAvailable { get; init; }
    /// <summary>Nodes that should have an available pod and have not.</summary>
    public int NumberUnavailable { get; init; }
    /// <summary>How often a revision's hash was taken already.</summary>
    public int? CollisionCount { get; init; }
    /// <summary>Conditions of the set.</summary>
    public Seq<DaemonSetCondition> Conditions { get; init; }
}

/// <summary>Something that is true or not of a DaemonSet.</summary>
public sealed record DaemonSetCondition : AnyCondition;
