using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A piece of storage of the cluster.</summary>
public sealed record PersistentVolume : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.PersistentVolume;

    /// <summary>What it is, and who may use it.</summary>
    public PersistentVolumeSpec Spec { get; init; } = PersistentVolumeSpec.None;
    /// <summary>Whether it is taken.</summary>
    public PersistentVolumeStatus Status { get; init; } = PersistentVolumeStatus.None;
}

/// <summary>What a volume is; one source is set.</summary>
public sealed record PersistentVolumeSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PersistentVolumeSpec None { get; } = new();

    /// <summary>How much it holds.</summary>
    public Map<Quantity> Capacity { get; init; }
    /// <summary>ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.</summary>
    public Seq<string> AccessModes { get; init; }
    /// <summary>The claim it is bound to, or kept for.</summary>
    public ObjectReference? ClaimRef { get; init; }
    /// <summary>Retain or Delete, once the claim is gone.</summary>
    public string? PersistentVolumeReclaimPolicy { get; init; }
    /// <summary>Its class.</summary>
    public string? StorageClassName { get; init; }
    /// <summary>Options for mounting.</summary>
    public Seq<string> MountOptions { get; init; }
    /// <summary>Filesystem (the default) or Block.</summary>
    public string? VolumeMode { get; init; }
    /// <summary>The nodes that reach it.</summary>
    public VolumeNodeAffinity? NodeAffinity { get; init; }
    /// <summary>A path of the node: for tests.</summary>
    public HostPathVolumeSource? HostPath { get; init; }
    /// <summary>A disk of one node.</summary>
    public LocalVolumeSource? Local { get; init; }
    /// <summary>A directory of an NFS server.</summary>
    public NFSVolumeSource? Nfs { get; init; }
    /// <summary>A volume of a driver.</summary>
    public CSIPersistentVolumeSource? Csi { get; init; }
}

/// <summary>A disk of one node.</summary>
public sealed record LocalVolumeSource : ApiPart
{
    /// <summary>Its path on the node.</summary>
    public string Path { get; init; } = "";
    /// <summary>The file system.</summary>
    public string? FsType { get; init; }
}

/// <summary>A volume of a driver.</summary>
public sealed record CSIPersistentVolumeSource : ApiPart
{
    /// <summary>The driver.</summary>
    public string Driver { get; init; } = "";
    /// <summary>The volume's name there.</summary>
    public string VolumeHandle { get; init; } = "";
    /// <summary>True: it cannot be written.</summary>
    public bool? ReadOnly { get; init; }
    /// <summary>The file system.</summary>
    public string? FsType { get; init; }
    /// <summary>What the driver is told.</summary>
    public Map<string> VolumeAttributes { get; init; }
}

/// <summary>The nodes that reach a volume.</summary>
public sealed record VolumeNodeAffinity : ApiPart
{
    /// <summary>The terms, one of which must hold.</summary>
    public NodeSelector? Required { get; init; }
}

/// <summary>Whether a volume is taken.</summary>
public sealed record PersistentVolumeStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PersistentVolumeStatus None { get; } = new();

    /// <summary>Pending, Available, Bound, Released or Failed.</summary>
    public string? Phase { get; init; }
    /// <summary>A sentence about it.</summary>
    public string? Message { get; init; }
    /// <summary>One word about it.</summary>
    public string? Reason { get; init; }
    /// <summary>When the phase last changed.</summary>
    public Time? LastPhaseTransitionTime { get; init; }
}

/// <summary>A wish for storage, and then the volume that meets it.</summary>
public sealed record PersistentVolumeClaim : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.PersistentVolumeClaim;

    /// <summary>What is wished for.</summary>
    public PersistentVolumeClaimSpec Spec { get; init; } = PersistentVolumeClaimSpec.None;
    /// <summary>What was found.</summary>
    public PersistentVolumeClaimStatus Status { get; init; } = PersistentVolumeClaimStatus.None;
}

/// <summary>What storage is wished for.</summary>
public sealed record PersistentVolumeClaimSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PersistentVolumeClaimSpec None { get; } = new();

    /// <summary>How it shall be mountable.</summary>
    public Seq<string> AccessModes { get; init; }
    /// <summary>The volumes to choose from, by label.</summary>
    public LabelSelector? Selector { get; init; }
    /// <summary>How much, under requests.storage.</summary>
    public ResourceRequirements Resources { get; init; } = ResourceRequirements.None;
    /// <summary>The volume it is bound to.</summary>
    public string? VolumeName { get; init; }
    /// <summary>The class; the empty text: only volumes without one.</summary>
    public string? StorageClassName { get; init; }
    /// <summary>Filesystem (the default) or Block.</summary>
    public string? VolumeMode { get; init; }
}

/// <summary>What storage was found.</summary>
public sealed record PersistentVolumeClaimStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PersistentVolumeClaimStatus None { get; } = new();

    /// <summary>Pending, Bound or Lost.</summary>
    public string? Phase { get; init; }
    /// <summary>How it is mountable.</summary>
    public Seq<string> AccessModes { get; init; }
    /// <summary>How much it holds.</summary>
    public Map<Quantity> Capacity { get; init; }
    /// <summary>Resizing and the like.</summary>
    public Seq<PersistentVolumeClaimCondition> Conditions { get; init; }
}

/// <summary>Something that is true or not of a claim.</summary>
public sealed record PersistentVolumeClaimCondition : AnyCondition
{
    /// <summary>When it was last looked at.</summary>
    public Time? LastProbeTime { get; init; }
}

/// <summary>A way to make volumes.</summary>
public sealed record StorageClass : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.StorageClass;

    /// <summary>Who makes them.</summary>
    public string Provisioner { get; init; } = "";
    /// <summary>What the provisioner is told.</summary>
    public Map<string> Parameters { get; init; }
    /// <summary>Delete (the default) or Retain, once the claim is gone.</summary>
    public string? ReclaimPolicy { get; init; }
    /// <summary>Options for mounting.</summary>
    public Seq<string> MountOptions { get; init; }
    /// <summary>True: claims may grow.</summary>
    public bool? AllowVolumeExpansion { get; init; }
    /// <summary>Immediate (the default) or WaitForFirstConsumer.</summary>
    public string? VolumeBindingMode { get; init; }
    /// <summary>Where volumes may be made; unset: everywhere.</summary>
    public Seq<TopologySelectorTerm> AllowedTopologies { get; init; }

    /// <summary>True when a volume is looked for only once a pod that needs it has a
    /// node.</summary>
    [JsonIgnore]
    public bool Waits => VolumeBindingMode == "WaitForFirstConsumer";
}
