namespace KubeSim;

/// <summary>A kind of object that the API server knows: an entry of the <see cref="KindRegistry"/>.
/// One entry stands for all served versions of a group and kind.</summary>
public sealed class Kind : IEquatable<Kind>
{
    private static readonly Seq<string> every =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>The API group; empty for the core group.</summary>
    public required string Group { get; init; }

    /// <summary>The version that objects are stored and shown in, such as <c>v1</c>.</summary>
    public required string Version { get; init; }

    /// <summary>The name of the kind, such as <c>Deployment</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The resource name in paths, such as <c>deployments</c>.</summary>
    public required string Plural { get; init; }

    /// <summary>The resource name for one object, such as <c>deployment</c>.</summary>
    public required string Singular { get; init; }

    /// <summary>True when objects live in a namespace.</summary>
    public required bool Namespaced { get; init; }

    /// <summary>The short names that kubectl takes, such as <c>deploy</c>.</summary>
    public Seq<string> ShortNames { get; init; }

    /// <summary>The groups of kinds that kubectl takes, such as <c>all</c>.</summary>
    public Seq<string> Categories { get; init; }

    /// <summary>All served versions, the preferred one first.</summary>
    public Seq<string> Versions { get; init; }

    /// <summary>The subresources, such as <c>status</c> or <c>scale</c>.</summary>
    public Seq<string> Subresources { get; init; }

    /// <summary>Where a custom kind keeps what its subresource scale shows: the replicas that it
    /// shall have and has, and their selector as text, if anywhere; unset for all others.</summary>
    internal Seq<Seq<string>> ScalePaths { get; init; }

    /// <summary>The verbs that the resource allows; unset means the usual eight.</summary>
    public Seq<string> Verbs { get; init; }

    /// <summary>The verbs as discovery tells them: those that the kind names, or else
    /// all.</summary>
    public Seq<string> ServedVerbs => Verbs.IsEmpty ? every : Verbs;

    /// <summary>True when the API server takes the verb for such objects: a kind that names none
    /// takes all.</summary>
    public bool Takes(string verb) => Verbs.IsEmpty || Verbs.AsSpan().Contains(verb);

    /// <summary>The name of the schema type, such as <c>Deployment</c> or
    /// <c>autoscaling.v2.HorizontalPodAutoscaler</c>;
    /// null for a kind that a CustomResourceDefinition brought.</summary>
    public string? SchemaType { get; init; }

    /// <summary>The record that holds such an object; <see cref="Unstructured"/> where there is
    /// none.</summary>
    public Type Type { get; init; } = typeof(Unstructured);

    /// <summary>The <c>apiVersion</c> as manifests write it: <c>v1</c>, <c>apps/v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The resource as messages write it: <c>pods</c>, <c>deployments.apps</c>.</summary>
    public string Resource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>The kind as messages write it: <c>Pod</c>, <c>Deployment.apps</c>.</summary>
    public string Qualified => Group.Length == 0 ? Name : $"{Name}.{Group}";

    /// <summary>Equal when group and kind are equal: versions share one store.</summary>
    public bool Equals(Kind? other) => ReferenceEquals(this, other)
        || (other is not null && Name == other.Name && Group == other.Group);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Kind);

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>The kind as messages write it.</summary>
    public override string ToString() => Qualified;
}
