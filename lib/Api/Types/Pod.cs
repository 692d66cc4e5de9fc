using System.Text.Json.Serialization;

namespace KubeSim;

// The objects of the API, as typed records. The same habits hold in every file of this folder:
//
// - A property is the JSON field with a capital letter (httpGet: HttpGet); its C# type says what
//   unset is: null, or an unset Seq or Map.
// - A part that Kubernetes holds by value (spec, status, template, resources, a container's state)
//   is never null: unset, it is the shared `None` of its record. So `pod.Status.Phase` and
//   `pod with { Status = pod.Status with { … } }` just work.
// - A required text or number, and a counter of a status, is not nullable and starts as "" or 0.
// - JSON leaves out what equals the value of a new record, but for the fields that Kubernetes
// always   writes (restartCount: 0).
// - VolumeResourceRequirements and the EndpointPort of discovery share the record of their like.
//   Exotic fields have no property: they live on in Kept.
//
// Models staging/src/k8s.io/api/core/v1/types.go.

/// <summary>One or more containers that live and die together on one node.</summary>
public sealed record Pod : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Pod;

    /// <summary>What shall run, and where it may.</summary>
    public PodSpec Spec { get; init; } = PodSpec.None;
    /// <summary>What the node and the control plane saw of it.</summary>
    public PodStatus Status { get; init; } = PodStatus.None;
}

/// <summary>The mould that a controller makes pods from.</summary>
public sealed record PodTemplateSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PodTemplateSpec None { get; } = new();

    /// <summary>The labels and annotations that each pod gets.</summary>
    public ObjectMeta Metadata { get; init; } = ObjectMeta.None;
    /// <summary>The spec that each pod gets.</summary>
    public PodSpec Spec { get; init; } = PodSpec.None;
}

/// <summary>What a pod runs and what it asks of its node.</summary>
public sealed record PodSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PodSpec None { get; } = new();

    /// <summary>The containers, started together once the init containers are done.</summary>
    public Seq<Container> Containers { get; init; }
    /// <summary>Run one after another before the others; restartPolicy Always: a sidecar.</summary>
    public Seq<Container> InitContainers { get; init; }
    /// <summary>Added to a running pod for debugging.</summary>
    public Seq<EphemeralContainer> EphemeralContainers { get; init; }
    /// <summary>The volumes that containers may mount.</summary>
    public Seq<Volume> Volumes { get; init; }
    /// <summary>The node that the pod is bound to; null until it is scheduled.</summary>
    public string? NodeName { get; init; }
    /// <summary>The scheduler that shall place it, usually default-scheduler.</summary>
    public string? SchedulerName { get; init; }
    /// <summary>Labels that the node must have.</summary>
    public Map<string> NodeSelector { get; init; }
    /// <summary>Rules for nodes and for the company of other pods.</summary>
    public Affinity? Affinity { get; init; }
    /// <summary>The taints that the pod puts up with.</summary>
    public Seq<Toleration> Tolerations { get; init; }
    /// <summary>How evenly pods like this one lie over zones or nodes.</summary>
    public Seq<TopologySpreadConstraint> TopologySpreadConstraints { get; init; }
    /// <summary>While there is one, the scheduler leaves the pod alone.</summary>
    public Seq<PodSchedulingGate> SchedulingGates { get; init; }
    /// <summary>The number behind the priority class; higher goes first.</summary>
    public int? Priority { get; init; }
    /// <summary>The class that gives the priority.</summary>
    public string? PriorityClassName { get; init; }
    /// <summary>PreemptLowerPriority (the default) or Never.</summary>
    public string? PreemptionPolicy { get; init; }
    /// <summary>What the runtime itself needs on top of the containers.</summary>
    public Map<Quantity> Overhead { get; init; }
    /// <summary>Requests and limits for the pod as a whole.</summary>
    public ResourceRequirements? Resources { get; init; }
    /// <summary>The RuntimeClass to run it with.</summary>
    public string? RuntimeClassName { get; init; }
    /// <summary>Always (the default), OnFailure or Never.</summary>
    public string? RestartPolicy { get; init; }
    /// <summary>Seconds between the polite and the hard kill; 30 by default.</summary>
    public long? TerminationGracePeriodSeconds { get; init; }
    /// <summary>Seconds since its start after which the pod is failed.</summary>
    public long? ActiveDeadlineSeconds { get; init; }
    /// <summary>Conditions that must be true too before the pod is Ready.</summary>
    public Seq<PodReadinessGate> ReadinessGates { get; init; }
    /// <summary>The account that the pod acts as.</summary>
    public string? ServiceAccountName { get; init; }
    /// <summary>The old name of serviceAccountName; the API server keeps them equal.</summary>
    public string? ServiceAccount { get; init; }
    /// <summary>False: no token of the account is mounted.</summary>
    public bool? AutomountServiceAccountToken { get; init; }
    /// <summary>Secrets with credentials for registries.</summary>
    public Seq<LocalObjectReference> ImagePullSecrets { get; init; }
    /// <summary>Users, groups and profiles for all containers.</summary>
    public PodSecurityContext? SecurityContext { get; init; }
    /// <summary>The host name inside; null means the pod's name.</summary>
    public string? Hostname { get; init; }
    /// <summary>The second part of the pod's DNS name.</summary>
    public string? Subdomain { get; init; }
    /// <summary>True: the host name is the full DNS name.</summary>
    public bool? SetHostnameAsFQDN { get; init; }
    /// <summary>True: the pod uses the node's own network.</summary>
    public bool? HostNetwork { get; init; }
    /// <summary>True: the pod sees the node's processes.</summary>
    public bool? HostPID { get; init; }
    /// <summary>True: the pod shares the node's IPC.</summary>
    public bool? HostIPC { get; init; }
    /// <summary>False: the pod has a user namespace of its own.</summary>
    public bool? HostUsers { get; init; }
    /// <summary>More lines for /etc/hosts.</summary>
    public Seq<HostAlias> HostAliases { get; init; }
    /// <summary>True: containers see each other's processes.</summary>
    public bool? ShareProcessNamespace { get; init; }
    /// <summary>ClusterFirst (the default), ClusterFirstWithHostNet, Default or None.</summary>
    public string? DnsPolicy { get; init; }
    /// <summary>What is added to resolv.conf.</summary>
    public PodDNSConfig? DnsConfig { get; init; }
    /// <summary>False: no environment variables for Services.</summary>
    public bool? EnableServiceLinks { get; init; }
    /// <summary>The operating system that the pod is written for.</summary>
    public PodOS? Os { get; init; }
}

/// <summary>An operating system.</summary>
public sealed record PodOS : ApiPart
{
    /// <summary>linux or windows.</summary>
    public string Name { get; init; } = "";
}

/// <summary>A condition that counts for readiness.</summary>
public sealed record PodReadinessGate : ApiPart
{
    /// <summary>The type of the condition.</summary>
    public string ConditionType { get; init; } = "";
}

/// <summary>A reason not to schedule yet.</summary>
public sealed record PodSchedulingGate : ApiPart
{
    /// <summary>The name of the gate, unique in the pod.</summary>
    public string Name { get; init; } = "";
}

/// <summary>A line for /etc/hosts.</summary>
public sealed record HostAlias : ApiPart
{
    /// <summary>The address.</summary>
    public string? Ip { get; init; }
    /// <summary>The names for it.</summary>
    public Seq<string> Hostnames { get; init; }
}

/// <summary>What a pod adds to its resolv.conf.</summary>
public sealed record PodDNSConfig : ApiPart
{
    /// <summary>Addresses of name servers.</summary>
    public Seq<string> Nameservers { get; init; }
    /// <summary>Domains to search in.</summary>
    public Seq<string> Searches { get; init; }
    /// <summary>Options such as ndots.</summary>
    public Seq<PodDNSConfigOption> Options { get; init; }
}

/// <summary>An option of the resolver.</summary>
public sealed record PodDNSConfigOption : ApiPart
{
    /// <summary>The name of the option.</summary>
    public string? Name { get; init; }
    /// <summary>Its value; null for a bare option.</summary>
    public string? Value { get; init; }
}

/// <summary>Users, groups and profiles for all containers of a pod.</summary>
public sealed record PodSecurityContext : ApiPart
{
    /// <summary>The user id of the first process.</summary>
    public long? RunAsUser { get; init; }
    /// <summary>The group id of the first process.</summary>
    public long? RunAsGroup { get; init; }
    /// <summary>True: the kubelet refuses to run as user 0.</summary>
    public bool? RunAsNonRoot { get; init; }
    /// <summary>The group that owns the volumes.</summary>
    public long? FsGroup { get; init; }
    /// <summary>More groups of the first process.</summary>
    public Seq<long> SupplementalGroups { get; init; }
    /// <summary>The filter of system calls.</summary>
    public SeccompProfile? SeccompProfile { get; init; }
}

/// <summary>A filter of system calls.</summary>
public sealed record SeccompProfile : ApiPart
{
    /// <summary>RuntimeDefault, Unconfined or Localhost.</summary>
    public string Type { get; init; } = "";
    /// <summary>The file of a Localhost profile.</summary>
    public string? LocalhostProfile { get; init; }
}
