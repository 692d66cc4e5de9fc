using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A room of names, with its own quotas and accounts.</summary>
public sealed record Namespace : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Namespace;

    /// <summary>What holds it back from going.</summary>
    public NamespaceSpec Spec { get; init; } = NamespaceSpec.None;
    /// <summary>Whether it is going.</summary>
    public NamespaceStatus Status { get; init; } = NamespaceStatus.None;
}

/// <summary>What holds a namespace back from going.</summary>
public sealed record NamespaceSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static NamespaceSpec None { get; } = new();

    /// <summary>The finalizers; kubernetes stands for "empty first".</summary>
    public Seq<string> Finalizers { get; init; }
}

/// <summary>Whether a namespace is going.</summary>
public sealed record NamespaceStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static NamespaceStatus None { get; } = new();

    /// <summary>Active or Terminating.</summary>
    public string? Phase { get; init; }
    /// <summary>What holds up its going.</summary>
    public Seq<NamespaceCondition> Conditions { get; init; }
}

/// <summary>Something that is true or not of a Namespace.</summary>
public sealed record NamespaceCondition : AnyCondition;
