using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Keeps so many pods of one mould alive.</summary>
public sealed record ReplicaSet : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.ReplicaSet;

    /// <summary>How many, of which mould.</summary>
    public ReplicaSetSpec Spec { get; init; } = ReplicaSetSpec.None;
    /// <summary>How many there are.</summary>
    public ReplicaSetStatus Status { get; init; } = ReplicaSetStatus.None;
}

/// <summary>How many pods, of which mould.</summary>
public sealed record ReplicaSetSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ReplicaSetSpec None { get; } = new();

    /// <summary>How many; 1 by default.</summary>
    public int? Replicas { get; init; }
    /// <summary>Seconds that a pod must be Ready to count as available.</summary>
    public int? MinReadySeconds { get; init; }
    /// <summary>Its pods, by label.</summary>
    public LabelSelector? Selector { get; init; }
    /// <summary>The mould.</summary>
    public PodTemplateSpec Template { get; init; } = PodTemplateSpec.None;
}

/// <summary>How many pods there are.</summary>
public sealed record ReplicaSetStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ReplicaSetStatus None { get; } = new();

    /// <summary>All that are not terminating.</summary>
    public int Replicas { get; init; }
    /// <summary>Those with all labels of the template.</summary>
    public int FullyLabeledReplicas { get; init; }
    /// <summary>Those that are Ready.</summary>
    public int ReadyReplicas { get; init; }
    /// <summary>Those that are Ready for minReadySeconds.</summary>
    public int AvailableReplicas { get; init; }
    /// <summary>Those that are going away.</summary>
    public int? TerminatingReplicas { get; init; }
    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>ReplicaFailure.</summary>
    public Seq<ReplicaSetCondition> Conditions { get; init; }
}

/// <summary>Something that is true or not of a ReplicaSet.</summary>
public sealed record ReplicaSetCondition : AnyCondition;

/// <summary>What ReplicaSet was before it: keeps so many pods alive.</summary>
public sealed record ReplicationController : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.ReplicationController;

    /// <summary>How many, of which mould.</summary>
    public ReplicationControllerSpec Spec { get; init; } = ReplicationControllerSpec.None;
    /// <summary>How many there are.</summary>
    public ReplicationControllerStatus Status { get; init; } = ReplicationControllerStatus.None;
}

/// <summary>How many pods, of which mould.</summary>
public sealed record ReplicationControllerSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ReplicationControllerSpec None { get; } = new();

    /// <summary>How many; 1 by default.</summary>
    public int? Replicas { get; init; }
    /// <summary>Seconds that a pod must be Ready to count as available.</summary>
    public int? MinReadySeconds { get; init; }
    /// <summary>Its pods, by label.</summary>
    public Map<string> Selector { get; init; }
    /// <summary>The mould.</summary>
    public PodTemplateSpec Template { get; init; } = PodTemplateSpec.None;
}

/// <summary>How many pods there are.</summary>
public sealed record ReplicationControllerStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ReplicationControllerStatus None { get; } = new();

    /// <summary>All that are not terminating.</summary>
    public int Replicas { get; init; }
    /// <summary>Those with all labels of the template.</summary>
    public int FullyLabeledReplicas { get; init; }
    /// <summary>Those that are Ready.</summary>
    public int ReadyReplicas { get; init; }
    /// <summary>Those that are Ready for minReadySeconds.</summary>
    public int AvailableReplicas { get; init; }
    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>ReplicaFailure.</summary>
    public Seq<ReplicationControllerCondition> Conditions { get; init; }
}

/// <summary>Something that is true or not of a ReplicationController.</summary>
public sealed record ReplicationControllerCondition : AnyCondition;
