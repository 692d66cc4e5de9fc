using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Ties a pod to a node; what the scheduler writes.</summary>
public sealed record Binding : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Binding;

    /// <summary>The node.</summary>
    public ObjectReference? Target { get; init; }
}

/// <summary>The number of replicas, for any kind that has one.</summary>
public sealed record Scale : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Scale;

    /// <summary>How many there shall be.</summary>
    public ScaleSpec Spec { get; init; } = ScaleSpec.None;
    /// <summary>How many there are.</summary>
    public ScaleStatus Status { get; init; } = ScaleStatus.None;
}

/// <summary>How many there shall be.</summary>
public sealed record ScaleSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ScaleSpec None { get; } = new();

    /// <summary>How many.</summary>
    public int? Replicas { get; init; }
}

/// <summary>How many there are.</summary>
public sealed record ScaleStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ScaleStatus None { get; } = new();

    /// <summary>How many.</summary>
    public int Replicas { get; init; }
    /// <summary>Their labels, as text.</summary>
    public string? Selector { get; init; }
}
