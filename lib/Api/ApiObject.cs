using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A part of an API object. What Kubernetes has and the simulator gives no effect to is
/// kept beside the typed fields, so that it survives a round trip.</summary>
public abstract record ApiPart
{
    /// <summary>The fields without a property here, by JSON name; null when there are
    /// none.</summary>
    [JsonExtensionData]
    public KeptFields? Kept { get; init; }
}

/// <summary>Anything that the API server stores: a kind, metadata, and what the kind
/// adds.</summary>
public abstract record ApiObject : ApiPart
{
    /// <summary>What kind of object this is.</summary>
    [JsonIgnore]
    public abstract Kind Kind { get; }

    /// <summary>Name, labels, owners, versions and times.</summary>
    [JsonPropertyOrder(-1)]
    public ObjectMeta Metadata { get; init; } = ObjectMeta.None;

    /// <summary>The object as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The key that names the object.</summary>
    [JsonIgnore]
    public ObjectKey Key => new(Kind, Metadata.Namespace, Metadata.Name);
}

/// <summary>What every object says of itself.</summary>
public sealed record ObjectMeta : ApiPart
{
    /// <summary>Metadata that says nothing.</summary>
    public static ObjectMeta None { get; } = new();

    /// <summary>The name, unique among objects of its kind in its namespace; empty when
    /// unset.</summary>
    public string Name { get; init; } = "";

    /// <summary>A prefix for which the API server makes up a unique name.</summary>
    public string? GenerateName { get; init; }

    /// <summary>The namespace; empty for cluster-scoped objects.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The identifier, unique over all time; empty when unset.</summary>
    public string Uid { get; init; } = "";

    /// <summary>The revision of the last write; the value of optimistic concurrency.</summary>
    public Revision ResourceVersion { get; init; }

    /// <summary>Counts the changes of the desired state.</summary>
    public long? Generation { get; init; }

    /// <summary>When the API server accepted the object.</summary>
    public Time? CreationTimestamp { get; init; }

    /// <summary>When the object shall be gone; set by a graceful deletion.</summary>
    public Time? DeletionTimestamp { get; init; }

    /// <summary>The seconds of grace that the deletion gave.</summary>
    public long? DeletionGracePeriodSeconds { get; init; }

    /// <summary>Names and values to select by.</summary>
    public Map<string> Labels { get; init; }

    /// <summary>Names and values for tools.</summary>
    public Map<string> Annotations { get; init; }

    /// <summary>The objects that this one depends on; garbage collection follows them.</summary>
    public Seq<OwnerReference> OwnerReferences { get; init; }

    /// <summary>What must be taken off before a deleted object goes.</summary>
    public Seq<string> Finalizers { get; init; }
}

/// <summary>An object that another depends on.</summary>
public sealed record OwnerReference : ApiPart
{
    /// <summary>The owner's group and version, such as <c>apps/v1</c>.</summary>
    public string ApiVersion { get; init; } = "";

    /// <summary>The owner's kind, such as <c>ReplicaSet</c>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The owner's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>The owner's UID; this, not the name, decides who owns.</summary>
    public string Uid { get; init; } = "";

    /// <summary>True for the one owner that manages this object.</summary>
    public bool? Controller { get; init; }

    /// <summary>True when the owner, deleted in the foreground, must wait for this
    /// object.</summary>
    public bool? BlockOwnerDeletion { get; init; }
}
