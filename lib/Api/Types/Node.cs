using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A machine that pods run on.</summary>
public sealed record Node : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Node;

    /// <summary>What is asked of the node.</summary>
    public NodeSpec Spec { get; init; } = NodeSpec.None;
    /// <summary>What the kubelet says of it.</summary>
    public NodeStatus Status { get; init; } = NodeStatus.None;
}

/// <summary>What is asked of a node.</summary>
public sealed record NodeSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static NodeSpec None { get; } = new();

    /// <summary>The range of its pods' addresses.</summary>
    public string? PodCIDR { get; init; }
    /// <summary>The ranges, one a family.</summary>
    public Seq<string> PodCIDRs { get; init; }
    /// <summary>The machine at its cloud, as cloud://id.</summary>
    public string? ProviderID { get; init; }
    /// <summary>True: cordoned, no new pods.</summary>
    public bool? Unschedulable { get; init; }
    /// <summary>What keeps pods away that do not tolerate it.</summary>
    public Seq<Taint> Taints { get; init; }
}

/// <summary>What the kubelet says of its node.</summary>
public sealed record NodeStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static NodeStatus None { get; } = new();

    /// <summary>What the machine has.</summary>
    public Map<Quantity> Capacity { get; init; }
    /// <summary>What is left of it for pods.</summary>
    public Map<Quantity> Allocatable { get; init; }
    /// <summary>Ready, MemoryPressure, DiskPressure and more.</summary>
    public Seq<NodeCondition> Conditions { get; init; }
    /// <summary>Its addresses and host names.</summary>
    public Seq<NodeAddress> Addresses { get; init; }
    /// <summary>Versions and identifiers.</summary>
    public NodeSystemInfo NodeInfo { get; init; } = NodeSystemInfo.None;
    /// <summary>The images it has.</summary>
    public Seq<ContainerImage> Images { get; init; }
    /// <summary>The volumes that are mounted.</summary>
    public Seq<string> VolumesInUse { get; init; }
    /// <summary>The volumes that are attached.</summary>
    public Seq<AttachedVolume> VolumesAttached { get; init; }
    /// <summary>No longer used.</summary>
    public string? Phase { get; init; }
}

/// <summary>Something that is true or not of a node.</summary>
public sealed record NodeCondition : AnyCondition
{
    /// <summary>When the kubelet last reported it.</summary>
    public Time? LastHeartbeatTime { get; init; }
}

/// <summary>An address of a node.</summary>
public sealed record NodeAddress : ApiPart
{
    /// <summary>InternalIP, ExternalIP, Hostname and the like.</summary>
    public string Type { get; init; } = "";
    /// <summary>The address.</summary>
    public string Address { get; init; } = "";
}

/// <summary>Versions and identifiers of a node.</summary>
public sealed record NodeSystemInfo : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static NodeSystemInfo None { get; } = new();

    /// <summary>The machine's id.</summary>
    public string MachineID { get; init; } = "";
    /// <summary>The hardware's UUID.</summary>
    public string SystemUUID { get; init; } = "";
    /// <summary>New with each boot.</summary>
    public string BootID { get; init; } = "";
    /// <summary>The kernel.</summary>
    public string KernelVersion { get; init; } = "";
    /// <summary>The operating system by name and version.</summary>
    public string OsImage { get; init; } = "";
    /// <summary>The runtime, such as containerd://2.1.4.</summary>
    public string ContainerRuntimeVersion { get; init; } = "";
    /// <summary>The kubelet, such as v1.36.2.</summary>
    public string KubeletVersion { get; init; } = "";
    /// <summary>No longer used.</summary>
    public string KubeProxyVersion { get; init; } = "";
    /// <summary>linux or windows.</summary>
    public string OperatingSystem { get; init; } = "";
    /// <summary>amd64, arm64 and the like.</summary>
    public string Architecture { get; init; } = "";
}

/// <summary>An image on a node.</summary>
public sealed record ContainerImage : ApiPart
{
    /// <summary>Its names, by tag and digest.</summary>
    public Seq<string> Names { get; init; }
    /// <summary>Its size in bytes.</summary>
    public long? SizeBytes { get; init; }
}

/// <summary>A volume attached to a node.</summary>
public sealed record AttachedVolume : ApiPart
{
    /// <summary>The volume.</summary>
    public string Name { get; init; } = "";
    /// <summary>Where it is attached.</summary>
    public string DevicePath { get; init; } = "";
}
