using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Pods with names, an order, and storage of their own.</summary>
public sealed record StatefulSet : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.StatefulSet;

    /// <summary>How many, of which mould.</summary>
    public StatefulSetSpec Spec { get; init; } = StatefulSetSpec.None;
    /// <summary>How many there are, of which revision.</summary>
    public StatefulSetStatus Status { get; init; } = StatefulSetStatus.None;
}

/// <summary>How many pods, of which mould, in which order.</summary>
public sealed record StatefulSetSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static StatefulSetSpec None { get; } = new();

    /// <summary>How many; 1 by default.</summary>
    public int? Replicas { get; init; }
    /// <summary>Its pods, by label.</summary>
    public LabelSelector? Selector { get; init; }
    /// <summary>The mould.</summary>
    public PodTemplateSpec Template { get; init; } = PodTemplateSpec.None;
    /// <summary>A claim of each is made for each pod, and outlives it.</summary>
    public Seq<PersistentVolumeClaim> VolumeClaimTemplates { get; init; }
    /// <summary>The headless Service that gives its pods their names.</summary>
    public string ServiceName { get; init; } = "";
    /// <summary>OrderedReady (the default) or Parallel.</summary>
    public string? PodManagementPolicy { get; init; }
    /// <summary>How to change over.</summary>
    public StatefulSetUpdateStrategy UpdateStrategy { get; init; } = StatefulSetUpdateStrategy.None;
    /// <summary>How many old revisions to keep; 10 by default.</summary>
    public int? RevisionHistoryLimit { get; init; }
    /// <summary>Seconds that a pod must be Ready to count as available.</summary>
    public int? MinReadySeconds { get; init; }
    /// <summary>What becomes of the claims.</summary>
    public StatefulSetPersistentVolumeClaimRetentionPolicy?
        PersistentVolumeClaimRetentionPolicy { get; init; }
    /// <summary>The numbers of the pods.</summary>
    public StatefulSetOrdinals? Ordinals { get; init; }
}

/// <summary>How to change over to a new template.</summary>
public sealed record StatefulSetUpdateStrategy : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static StatefulSetUpdateStrategy None { get; } = new();

    /// <summary>RollingUpdate (the default) or OnDelete.</summary>
    public string? Type { get; init; }
    /// <summary>The bounds of a rolling update.</summary>
    public RollingUpdateStatefulSetStrategy? RollingUpdate { get; init; }
}

/// <summary>The bounds of a rolling update.</summary>
public sealed record RollingUpdateStatefulSetStrategy : ApiPart
{
    /// <summary>Pods numbered below it stay as they are.</summary>
    public int? Partition { get; init; }
    /// <summary>How many may be down at once; 1 by default.</summary>
    public IntOrString? MaxUnavailable { get; init; }
}

/// <summary>What becomes of the claims.</summary>
public sealed record StatefulSetPersistentVolumeClaimRetentionPolicy : ApiPart
{
    /// <summary>Retain (the default) or Delete, when the set goes.</summary>
    public string? WhenDeleted { get; init; }
    /// <summary>Retain (the default) or Delete, when it shrinks.</summary>
    public string? WhenScaled { get; init; }
}

/// <summary>The numbers of the pods.</summary>
public sealed record StatefulSetOrdinals : ApiPart
{
    /// <summary>The first one.</summary>
    public int Start { get; init; }
}

/// <summary>How many pods there are, of which revision.</summary>
public sealed record StatefulSetStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static StatefulSetStatus None { get; } = new();

    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>All pods.</summary>
    public int Replicas { get; init; }
    /// <summary>Those that are Ready.</summary>
    public int ReadyReplicas { get; init; }
    /// <summary>Those of currentRevision.</summary>
    public int CurrentReplicas { get; init; }
    /// <summary>Those of updateRevision.</summary>
    public int UpdatedReplicas { get; init; }
    /// <summary>Those that are Ready for minReadySeconds.</summary>
    public int AvailableReplicas { get; init; }
    /// <summary>The revision that the rollout comes from.</summary>
    public string? CurrentRevision { get; init; }
    /// <summary>The revision that the rollout goes to.</summary>
    public string? UpdateRevision { get; init; }
    /// <summary>How often a revision's hash was taken already.</summary>
    public int? CollisionCount { get; init; }
    /// <summary>Conditions of the set.</summary>
    public Seq<StatefulSetCondition> Conditions { get; init; }
}

/// <summary>Something that is true or not of a StatefulSet.</summary>
public sealed record StatefulSetCondition : AnyCondition;

/// <summary>A former template, kept to go back to; kept field data holds it.</summary>
public sealed record ControllerRevision : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.ControllerRevision;

    /// <summary>Its number; higher is newer.</summary>
    public long Revision { get; init; }
}
