using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Rolls out new versions of a set of equal pods.</summary>
public sealed record Deployment : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Deployment;

    /// <summary>How many, of which mould, and how to change over.</summary>
    public DeploymentSpec Spec { get; init; } = DeploymentSpec.None;
    /// <summary>How far the rollout is.</summary>
    public DeploymentStatus Status { get; init; } = DeploymentStatus.None;
}

/// <summary>How many pods, of which mould, and how to change over.</summary>
public sealed record DeploymentSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static DeploymentSpec None { get; } = new();

    /// <summary>How many; 1 by default.</summary>
    public int? Replicas { get; init; }
    /// <summary>Its pods, by label.</summary>
    public LabelSelector? Selector { get; init; }
    /// <summary>The mould; a change of it is a rollout.</summary>
    public PodTemplateSpec Template { get; init; } = PodTemplateSpec.None;
    /// <summary>How to change over.</summary>
    public DeploymentStrategy Strategy { get; init; } = DeploymentStrategy.None;
    /// <summary>Seconds that a pod must be Ready to count as available.</summary>
    public int? MinReadySeconds { get; init; }
    /// <summary>How many old ReplicaSets to keep; 10 by default.</summary>
    public int? RevisionHistoryLimit { get; init; }
    /// <summary>True: it scales, but rolls nothing out.</summary>
    public bool? Paused { get; init; }
    /// <summary>Seconds without progress that count as failed; 600 by default.</summary>
    public int? ProgressDeadlineSeconds { get; init; }
}

/// <summary>How to change over to a new template.</summary>
public sealed record DeploymentStrategy : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static DeploymentStrategy None { get; } = new();

    /// <summary>RollingUpdate (the default) or Recreate.</summary>
    public string? Type { get; init; }
    /// <summary>The bounds of a rolling update.</summary>
    public RollingUpdateDeployment? RollingUpdate { get; init; }
}

/// <summary>The bounds of a rolling update.</summary>
public sealed record RollingUpdateDeployment : ApiPart
{
    /// <summary>How many fewer than wanted, rounded down; 25% by default.</summary>
    public IntOrString? MaxUnavailable { get; init; }
    /// <summary>How many more than wanted, rounded up; 25% by default.</summary>
    public IntOrString? MaxSurge { get; init; }
}

/// <summary>How far a rollout is.</summary>
public sealed record DeploymentStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static DeploymentStatus None { get; } = new();

    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>All pods that are not terminating.</summary>
    public int Replicas { get; init; }
    /// <summary>Those of the newest template.</summary>
    public int UpdatedReplicas { get; init; }
    /// <summary>Those that are Ready.</summary>
    public int ReadyReplicas { get; init; }
    /// <summary>Those that are Ready for minReadySeconds.</summary>
    public int AvailableReplicas { get; init; }
    /// <summary>Those that lack for full strength.</summary>
    public int UnavailableReplicas { get; init; }
    /// <summary>Those that are going away.</summary>
    public int? TerminatingReplicas { get; init; }
    /// <summary>How often a template's hash was taken already.</summary>
    public int? CollisionCount { get; init; }
    /// <summary>Available, Progressing, ReplicaFailure.</summary>
    public Seq<DeploymentCondition> Conditions { get; init; }
}

/// <summary>Something that is true or not of a Deployment.</summary>
public sealed record DeploymentCondition : AnyCondition
{
    /// <summary>When it was last written.</summary>
    public Time? LastUpdateTime { get; init; }
}
