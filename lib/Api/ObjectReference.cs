namespace KubeSim;

/// <summary>Another object, in as much detail as is needed.</summary>
public sealed record ObjectReference : ApiPart
{
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

    /// <summary>A part of it, such as <c>spec.containers{web}</c>.</summary>
    public string? FieldPath { get; init; }
}
