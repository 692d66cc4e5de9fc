using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>The storage drivers of a node, as the kubelet registered them.</summary>
public sealed record CSINode : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.CSINode;

    /// <summary>The drivers.</summary>
    public CSINodeSpec Spec { get; init; } = CSINodeSpec.None;
}

/// <summary>The storage drivers of a node.</summary>
public sealed record CSINodeSpec : ApiPart
{
    /// <summary>One that says nothing.</summary>
    public static CSINodeSpec None { get; } = new();

    /// <summary>The drivers, by name.</summary>
    public Seq<CSINodeDriver> Drivers { get; init; }
}

/// <summary>A driver on a node.</summary>
public sealed record CSINodeDriver : ApiPart
{
    /// <summary>Its name, such as <c>ebs.csi.aws.com</c>.</summary>
    public string Name { get; init; } = "";
    /// <summary>What it calls the node.</summary>
    public string NodeID { get; init; } = "";
    /// <summary>The labels that say which volumes the node reaches.</summary>
    public Seq<string> TopologyKeys { get; init; }
    /// <summary>What it has to give; unset: as many volumes as one likes.</summary>
    public VolumeNodeResources? Allocatable { get; init; }
}

/// <summary>What a driver has to give on a node.</summary>
public sealed record VolumeNodeResources : ApiPart
{
    /// <summary>How many volumes it can attach.</summary>
    public int? Count { get; init; }
}

/// <summary>A volume attached to a node, or the wish for it.</summary>
public sealed record VolumeAttachment : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.VolumeAttachment;

    /// <summary>Which volume, where, by whom.</summary>
    public VolumeAttachmentSpec Spec { get; init; } = VolumeAttachmentSpec.None;
    /// <summary>What became of it.</summary>
    public VolumeAttachmentStatus Status { get; init; } = VolumeAttachmentStatus.None;
}

/// <summary>Which volume is attached where, by whom.</summary>
public sealed record VolumeAttachmentSpec : ApiPart
{
    /// <summary>One that says nothing.</summary>
    public static VolumeAttachmentSpec None { get; } = new();

    /// <summary>The driver.</summary>
    public string Attacher { get; init; } = "";
    /// <summary>The node.</summary>
    public string NodeName { get; init; } = "";
    /// <summary>The volume.</summary>
    public VolumeAttachmentSource Source { get; init; } = VolumeAttachmentSource.None;
}

/// <summary>The volume that is attached.</summary>
public sealed record VolumeAttachmentSource : ApiPart
{
    /// <summary>One that says nothing.</summary>
    public static VolumeAttachmentSource None { get; } = new();

    /// <summary>Its PersistentVolume.</summary>
    public string? PersistentVolumeName { get; init; }
}

/// <summary>What became of an attachment.</summary>
public sealed record VolumeAttachmentStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static VolumeAttachmentStatus None { get; } = new();

    /// <summary>True when the node has it.</summary>
    public bool Attached { get; init; }
    /// <summary>What the driver says of it to the node.</summary>
    public Map<string> AttachmentMetadata { get; init; }
    /// <summary>Why the last attempt to attach failed.</summary>
    public VolumeError? AttachError { get; init; }
    /// <summary>Why the last attempt to detach failed.</summary>
    public VolumeError? DetachError { get; init; }
}

/// <summary>Why a driver failed.</summary>
public sealed record VolumeError : ApiPart
{
    /// <summary>When.</summary>
    public Time? Time { get; init; }
    /// <summary>What it said.</summary>
    public string? Message { get; init; }
}

/// <summary>A storage driver of the cluster.</summary>
public sealed record CSIDriver : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.CSIDriver;

    /// <summary>What it needs and can do.</summary>
    public CSIDriverSpec Spec { get; init; } = CSIDriverSpec.None;
}

/// <summary>What a storage driver needs.</summary>
public sealed record CSIDriverSpec : ApiPart
{
    /// <summary>One that says nothing.</summary>
    public static CSIDriverSpec None { get; } = new();

    /// <summary>False: nodes reach its volumes without attaching; unset is true.</summary>
    public bool? AttachRequired { get; init; }
}

/// <summary>Nodes in which a class makes volumes; every expression must hold.</summary>
public sealed record TopologySelectorTerm : ApiPart
{
    /// <summary>The expressions.</summary>
    public Seq<TopologySelectorLabelRequirement> MatchLabelExpressions { get; init; }

    /// <summary>True when a node's labels meet all expressions.</summary>
    public bool Matches(Map<string> labels)
    {
        foreach (var wanted in MatchLabelExpressions.AsSpan())
        {
            if (!labels.TryGetValue(wanted.Key, out var value)
                || !wanted.Values.AsSpan().Contains(value))
            {
                return false;
            }
        }
        return true;
    }
}

/// <summary>A label that must have one of some values.</summary>
public sealed record TopologySelectorLabelRequirement : ApiPart
{
    /// <summary>The label.</summary>
    public string Key { get; init; } = "";
    /// <summary>Its values.</summary>
    public Seq<string> Values { get; init; }
}
