using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A name for a priority.</summary>
public sealed record PriorityClass : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.PriorityClass;

    /// <summary>The priority; higher goes first.</summary>
    public int Value { get; init; }
    /// <summary>True: pods without a class get this one.</summary>
    public bool? GlobalDefault { get; init; }
    /// <summary>What it is for.</summary>
    public string? Description { get; init; }
    /// <summary>PreemptLowerPriority (the default) or Never.</summary>
    public string? PreemptionPolicy { get; init; }
}
