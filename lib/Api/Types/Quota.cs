using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>The most that a namespace may use.</summary>
public sealed record ResourceQuota : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.ResourceQuota;

    /// <summary>The bounds.</summary>
    public ResourceQuotaSpec Spec { get; init; } = ResourceQuotaSpec.None;
    /// <summary>What is used.</summary>
    public ResourceQuotaStatus Status { get; init; } = ResourceQuotaStatus.None;
}

/// <summary>The most that a namespace may use.</summary>
public sealed record ResourceQuotaSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ResourceQuotaSpec None { get; } = new();

    /// <summary>The bounds, by name of resource.</summary>
    public Map<Quantity> Hard { get; init; }
    /// <summary>The pods that count.</summary>
    public Seq<string> Scopes { get; init; }
    /// <summary>The pods that count, where more is to be said.</summary>
    public ScopeSelector? ScopeSelector { get; init; }
}

/// <summary>Scopes that a pod must all be in.</summary>
public sealed record ScopeSelector : ApiPart
{
    /// <summary>The scopes.</summary>
    public Seq<ScopedResourceSelectorRequirement> MatchExpressions { get; init; }
}

/// <summary>One scope.</summary>
public sealed record ScopedResourceSelectorRequirement : ApiPart
{
    /// <summary>Terminating, BestEffort, PriorityClass…</summary>
    public string ScopeName { get; init; } = "";
    /// <summary>In, NotIn, Exists or DoesNotExist.</summary>
    public string Operator { get; init; } = "";
    /// <summary>The names of priority classes.</summary>
    public Seq<string> Values { get; init; }
}

/// <summary>What a namespace uses.</summary>
public sealed record ResourceQuotaStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ResourceQuotaStatus None { get; } = new();

    /// <summary>The bounds in force.</summary>
    public Map<Quantity> Hard { get; init; }
    /// <summary>What is used.</summary>
    public Map<Quantity> Used { get; init; }
}

/// <summary>Bounds and defaults for the objects of a namespace.</summary>
public sealed record LimitRange : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.LimitRange;

    /// <summary>The bounds.</summary>
    public LimitRangeSpec Spec { get; init; } = LimitRangeSpec.None;
}

/// <summary>Bounds and defaults.</summary>
public sealed record LimitRangeSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static LimitRangeSpec None { get; } = new();

    /// <summary>One for each type.</summary>
    public Seq<LimitRangeItem> Limits { get; init; }
}

/// <summary>Bounds and defaults for one type.</summary>
public sealed record LimitRangeItem : ApiPart
{
    /// <summary>Container, Pod or PersistentVolumeClaim.</summary>
    public string Type { get; init; } = "";
    /// <summary>The most of each resource.</summary>
    public Map<Quantity> Max { get; init; }
    /// <summary>The least.</summary>
    public Map<Quantity> Min { get; init; }
    /// <summary>The limit of a container without one.</summary>
    public Map<Quantity> Default { get; init; }
    /// <summary>The request of a container without one.</summary>
    public Map<Quantity> DefaultRequest { get; init; }
    /// <summary>The most that a limit may be, as a multiple of the request.</summary>
    public Map<Quantity> MaxLimitRequestRatio { get; init; }
}
