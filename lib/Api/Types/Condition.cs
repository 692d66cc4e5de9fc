namespace KubeSim;

/// <summary>Something that is true, false or unknown of an object: what all conditions
/// have.</summary>
public abstract record AnyCondition : ApiPart
{
    /// <summary>What it says, such as Ready; unique in its list.</summary>
    public string Type { get; init; } = "";
    /// <summary>True, False or Unknown.</summary>
    public string Status { get; init; } = "";
    /// <summary>When the status last changed.</summary>
    public Time? LastTransitionTime { get; init; }
    /// <summary>One word that says why.</summary>
    public string? Reason { get; init; }
    /// <summary>A sentence that says why.</summary>
    public string? Message { get; init; }
}

/// <summary>A condition in the form that newer kinds share.</summary>
public sealed record Condition : AnyCondition
{
    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
}

/// <summary>Another object, in as much detail as is needed.</summary>
public sealed record ObjectReference : ApiPart
{
    /// <summary>One that names nothing.</summary>
    public static ObjectReference None { get; } = new();

    /// <summary>Its kind.</summary>
    public string? Kind { get; init; }
    /// <summary>Its namespace.</summary>
    public string? Namespace { get; init; }
    /// <summary>Its name.</summary>
    public string? Name { get; init; }
    /// <summary>Its UID.</summary>
    public string? Uid { get; init; }
    /// <summary>Its group and version.</summary>
    public string? ApiVersion { get; init; }
    /// <summary>A version of it.</summary>
    public string? ResourceVersion { get; init; }
    /// <summary>A part of it, such as spec.containers{web}.</summary>
    public string? FieldPath { get; init; }
}

/// <summary>An object of the same namespace by name.</summary>
public sealed record LocalObjectReference : ApiPart
{
    /// <summary>Its name.</summary>
    public string? Name { get; init; }
}
