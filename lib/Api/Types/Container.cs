using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A program of a pod: an image, its command, and what it is given.</summary>
public record Container : ApiPart
{
    /// <summary>The name, unique in the pod.</summary>
    public string Name { get; init; } = "";
    /// <summary>The image to run, such as nginx:1.27.</summary>
    public string? Image { get; init; }
    /// <summary>Always, IfNotPresent or Never.</summary>
    public string? ImagePullPolicy { get; init; }
    /// <summary>The program, instead of the image's entry point.</summary>
    public Seq<string> Command { get; init; }
    /// <summary>The arguments, instead of the image's.</summary>
    public Seq<string> Args { get; init; }
    /// <summary>The directory that it starts in.</summary>
    public string? WorkingDir { get; init; }
    /// <summary>The ports it listens on: information, except for hostPort.</summary>
    public Seq<ContainerPort> Ports { get; init; }
    /// <summary>Environment variables, in order.</summary>
    public Seq<EnvVar> Env { get; init; }
    /// <summary>Sources that give many environment variables.</summary>
    public Seq<EnvFromSource> EnvFrom { get; init; }
    /// <summary>What it is promised and what it may use at most.</summary>
    public ResourceRequirements Resources { get; init; } = ResourceRequirements.None;
    /// <summary>Whether a changed resource needs a restart.</summary>
    public Seq<ContainerResizePolicy> ResizePolicy { get; init; }
    /// <summary>Always on an init container makes it a sidecar.</summary>
    public string? RestartPolicy { get; init; }
    /// <summary>By which exit codes it starts again all the same: the first that matches; a
    /// restartPolicy of its own must be set.</summary>
    public Seq<ContainerRestartRule> RestartPolicyRules { get; init; }
    /// <summary>Where volumes appear in its files.</summary>
    public Seq<VolumeMount> VolumeMounts { get; init; }
    /// <summary>Block devices that it sees.</summary>
    public Seq<VolumeDevice> VolumeDevices { get; init; }
    /// <summary>Failing restarts the container.</summary>
    public Probe? LivenessProbe { get; init; }
    /// <summary>Failing takes the pod out of Services.</summary>
    public Probe? ReadinessProbe { get; init; }
    /// <summary>The other probes wait until this one has passed.</summary>
    public Probe? StartupProbe { get; init; }
    /// <summary>What runs after its start and before its stop.</summary>
    public Lifecycle? Lifecycle { get; init; }
    /// <summary>User, privileges and profiles.</summary>
    public SecurityContext? SecurityContext { get; init; }
    /// <summary>The file whose text becomes the termination message.</summary>
    public string? TerminationMessagePath { get; init; }
    /// <summary>File or FallbackToLogsOnError.</summary>
    public string? TerminationMessagePolicy { get; init; }
    /// <summary>True: it keeps a standard input.</summary>
    public bool? Stdin { get; init; }
    /// <summary>True: the input closes after the first client.</summary>
    public bool? StdinOnce { get; init; }
    /// <summary>True: it gets a terminal.</summary>
    public bool? Tty { get; init; }
}

/// <summary>A container added to a running pod for debugging.</summary>
public sealed record EphemeralContainer : Container
{
    /// <summary>The container whose processes it sees.</summary>
    public string? TargetContainerName { get; init; }
}

/// <summary>A port that a container listens on.</summary>
public sealed record ContainerPort : ApiPart
{
    /// <summary>The name that Services may refer to.</summary>
    public string? Name { get; init; }
    /// <summary>The number, 1 to 65535.</summary>
    [JsonPropertyName("containerPort")]
    public int Port { get; init; }
    /// <summary>TCP (the default), UDP or SCTP.</summary>
    public string? Protocol { get; init; }
    /// <summary>The port of the node that leads here; few pods want one.</summary>
    public int? HostPort { get; init; }
    /// <summary>The node's address for the host port.</summary>
    public string? HostIP { get; init; }
}

/// <summary>What is promised (requests) and the most that is allowed (limits).</summary>
public sealed record ResourceRequirements : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ResourceRequirements None { get; } = new();

    /// <summary>The amounts that the scheduler sets aside.</summary>
    public Map<Quantity> Requests { get; init; }
    /// <summary>The amounts that the node enforces.</summary>
    public Map<Quantity> Limits { get; init; }
}

/// <summary>When a container starts again, whatever its restartPolicy says.</summary>
public sealed record ContainerRestartRule : ApiPart
{
    /// <summary>Restart.</summary>
    public string Action { get; init; } = "";
    /// <summary>The exit codes that it is for.</summary>
    public ContainerRestartRuleOnExitCodes? ExitCodes { get; init; }
}

/// <summary>Some exit codes, or all but some.</summary>
public sealed record ContainerRestartRuleOnExitCodes : ApiPart
{
    /// <summary>In or NotIn.</summary>
    public string Operator { get; init; } = "";
    /// <summary>The codes, 0–255.</summary>
    public Seq<int> Values { get; init; }
}

/// <summary>What a change of a resource means for a running container.</summary>
public sealed record ContainerResizePolicy : ApiPart
{
    /// <summary>cpu or memory.</summary>
    public string ResourceName { get; init; } = "";
    /// <summary>NotRequired or RestartContainer.</summary>
    public string RestartPolicy { get; init; } = "";
}

/// <summary>An environment variable.</summary>
public sealed record EnvVar : ApiPart
{
    /// <summary>The name.</summary>
    public string Name { get; init; } = "";
    /// <summary>The value; $(NAME) stands for an earlier variable.</summary>
    public string? Value { get; init; }
    /// <summary>Where the value comes from instead.</summary>
    public EnvVarSource? ValueFrom { get; init; }
}

/// <summary>Where the value of an environment variable comes from; one is set.</summary>
public sealed record EnvVarSource : ApiPart
{
    /// <summary>A field of the pod.</summary>
    public ObjectFieldSelector? FieldRef { get; init; }
    /// <summary>A request or limit of a container.</summary>
    public ResourceFieldSelector? ResourceFieldRef { get; init; }
    /// <summary>A key of a ConfigMap.</summary>
    public ConfigMapKeySelector? ConfigMapKeyRef { get; init; }
    /// <summary>A key of a Secret.</summary>
    public SecretKeySelector? SecretKeyRef { get; init; }
}

/// <summary>A field of the pod itself.</summary>
public sealed record ObjectFieldSelector : ApiPart
{
    /// <summary>The version of the path, v1 by default.</summary>
    public string? ApiVersion { get; init; }
    /// <summary>The path, such as status.podIP.</summary>
    public string FieldPath { get; init; } = "";
}

/// <summary>A request or limit of a container.</summary>
public sealed record ResourceFieldSelector : ApiPart
{
    /// <summary>The container; needed in volumes.</summary>
    public string? ContainerName { get; init; }
    /// <summary>The name, such as limits.cpu.</summary>
    public string Resource { get; init; } = "";
    /// <summary>The unit of the result, 1 by default.</summary>
    public Quantity? Divisor { get; init; }
}

/// <summary>A key of a ConfigMap.</summary>
public sealed record ConfigMapKeySelector : ApiPart
{
    /// <summary>The ConfigMap.</summary>
    public string? Name { get; init; }
    /// <summary>The key.</summary>
    public string Key { get; init; } = "";
    /// <summary>True: it may be missing.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A key of a Secret.</summary>
public sealed record SecretKeySelector : ApiPart
{
    /// <summary>The Secret.</summary>
    public string? Name { get; init; }
    /// <summary>The key.</summary>
    public string Key { get; init; } = "";
    /// <summary>True: it may be missing.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A source that gives an environment variable for each of its keys.</summary>
public sealed record EnvFromSource : ApiPart
{
    /// <summary>Put before each key.</summary>
    public string? Prefix { get; init; }
    /// <summary>The ConfigMap to take.</summary>
    public ConfigMapEnvSource? ConfigMapRef { get; init; }
    /// <summary>The Secret to take.</summary>
    public SecretEnvSource? SecretRef { get; init; }
}

/// <summary>A whole ConfigMap as environment variables.</summary>
public sealed record ConfigMapEnvSource : ApiPart
{
    /// <summary>The ConfigMap.</summary>
    public string? Name { get; init; }
    /// <summary>True: it may be missing.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A whole Secret as environment variables.</summary>
public sealed record SecretEnvSource : ApiPart
{
    /// <summary>The Secret.</summary>
    public string? Name { get; init; }
    /// <summary>True: it may be missing.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A volume's place in the files of a container.</summary>
public sealed record VolumeMount : ApiPart
{
    /// <summary>The volume.</summary>
    public string Name { get; init; } = "";
    /// <summary>The path inside the container.</summary>
    public string MountPath { get; init; } = "";
    /// <summary>The path inside the volume, its root by default.</summary>
    public string? SubPath { get; init; }
    /// <summary>The same with $(NAME) replaced by environment variables.</summary>
    public string? SubPathExpr { get; init; }
    /// <summary>True: it cannot be written.</summary>
    public bool? ReadOnly { get; init; }
    /// <summary>None, HostToContainer or Bidirectional.</summary>
    public string? MountPropagation { get; init; }
    /// <summary>Disabled, IfPossible or Enabled.</summary>
    public string? RecursiveReadOnly { get; init; }
}

/// <summary>A block device for a container.</summary>
public sealed record VolumeDevice : ApiPart
{
    /// <summary>The volume.</summary>
    public string Name { get; init; } = "";
    /// <summary>The path of the device inside.</summary>
    public string DevicePath { get; init; } = "";
}

/// <summary>User, privileges and profiles of one container.</summary>
public sealed record SecurityContext : ApiPart
{
    /// <summary>The user id of the first process.</summary>
    public long? RunAsUser { get; init; }
    /// <summary>The group id of the first process.</summary>
    public long? RunAsGroup { get; init; }
    /// <summary>True: the kubelet refuses to run as user 0.</summary>
    public bool? RunAsNonRoot { get; init; }
    /// <summary>True: as mighty as a process of the node.</summary>
    public bool? Privileged { get; init; }
    /// <summary>False: a process gains nothing that its parent lacks.</summary>
    public bool? AllowPrivilegeEscalation { get; init; }
    /// <summary>True: only volumes can be written.</summary>
    public bool? ReadOnlyRootFilesystem { get; init; }
    /// <summary>Capabilities added and taken away.</summary>
    public Capabilities? Capabilities { get; init; }
    /// <summary>The filter of system calls.</summary>
    public SeccompProfile? SeccompProfile { get; init; }
}

/// <summary>Capabilities of Linux, such as NET_ADMIN.</summary>
public sealed record Capabilities : ApiPart
{
    /// <summary>Added to the runtime's own.</summary>
    public Seq<string> Add { get; init; }
    /// <summary>Taken away; ALL for all of them.</summary>
    public Seq<string> Drop { get; init; }
}
