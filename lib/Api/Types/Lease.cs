using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A claim that lasts as long as it is renewed: leaders, living nodes.</summary>
public sealed record Lease : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Lease;

    /// <summary>Who holds it, since when.</summary>
    public LeaseSpec Spec { get; init; } = LeaseSpec.None;
}

/// <summary>Who holds a lease, since when.</summary>
public sealed record LeaseSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static LeaseSpec None { get; } = new();

    /// <summary>The holder.</summary>
    public string? HolderIdentity { get; init; }
    /// <summary>Seconds after the last renewal at which it may be taken.</summary>
    public int? LeaseDurationSeconds { get; init; }
    /// <summary>When this holder took it.</summary>
    public MicroTime? AcquireTime { get; init; }
    /// <summary>When the holder last renewed it.</summary>
    public MicroTime? RenewTime { get; init; }
    /// <summary>How often it changed hands.</summary>
    public int? LeaseTransitions { get; init; }
}
