namespace KubeSim;

/// <summary>A container runtime, called as the kubelet calls one. Two levels: a pod sandbox (the
/// network namespace that a pod's containers share) and the containers in it.</summary>
/// <remarks>
/// The runtime remembers, the kubelet does not: after a crash the kubelet lists sandboxes and
/// containers and compares them with what the API server wants. That is why each carries the pod's
/// name, namespace and UID, and why ids come from here.
/// <para>A pod's life: RunPodSandbox (with CNI ADD inside), then for each container PullImage,
/// CreateContainer, StartContainer; at the end StopContainer with its grace, StopPodSandbox (CNI
/// DEL), RemovePodSandbox.</para>
/// Models staging/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto.
/// </remarks>
public interface IContainerRuntime
{
    /// <summary>Makes a sandbox and connects it; the answer is its id.</summary>
    Answer<string> RunPodSandbox(PodSandboxConfig config);

    /// <summary>Kills what runs in a sandbox and gives its address back; may come twice.</summary>
    Answer<bool> StopPodSandbox(string podSandboxId);

    /// <summary>Forgets a sandbox and its containers; may come twice.</summary>
    Answer<bool> RemovePodSandbox(string podSandboxId);

    /// <summary>The pods that have sandboxes, in the order of their first one.</summary>
    IEnumerable<PodSandboxMetadata> ListPods();

    /// <summary>The sandboxes of a pod, newest first.</summary>
    Seq<PodSandboxStatus> ListPodSandbox(string podUid);

    /// <summary>Fetches an image; the answer is its digest, and how long that takes. Pulls of one
    /// machine wait for each other.</summary>
    Answer<string> PullImage(string image, RegistryAuth? auth = null);

    /// <summary>An image that the node has; the value is null when it has not.</summary>
    Answer<CriImage?> ImageStatus(string image);

    /// <summary>Makes a container whose image is there; the answer is its id. The error is what
    /// events call CreateContainerError.</summary>
    Answer<string> CreateContainer(string podSandboxId, ContainerConfig config);

    /// <summary>Runs a container; the error is what events call RunContainerError.</summary>
    Answer<bool> StartContainer(string containerId);

    /// <summary>Sends the stop signal after a while (the caller's hook comes first) and, after the
    /// grace, the kill. It takes as long as the process does, at most the grace; may come twice,
    /// and then the earlier kill counts.</summary>
    Answer<bool> StopContainer(string containerId, TimeSpan after, TimeSpan grace);

    /// <summary>Forgets a container that does not run; no error when it is gone.</summary>
    Answer<bool> RemoveContainer(string containerId);

    /// <summary>The containers of a pod in all its sandboxes, newest first.</summary>
    Seq<CriContainerStatus> ListContainers(string podUid);

    /// <summary>What the running containers of a pod use, in the order in which they were
    /// made.</summary>
    Seq<ContainerStats> ListContainerStats(string podUid);

    /// <summary>Runs a command in a container and waits: how hooks work.</summary>
    Answer<ExecResult> ExecSync(string containerId, Seq<string> command, TimeSpan timeout);

    /// <summary>Asks a container what a probe asks: a command in it, or a request to it over the
    /// network.</summary>
    ProbeAnswer Probe(string containerId, Probe probe);
}

/// <summary>Which pod a sandbox is for.</summary>
/// <param name="Name">The pod's name.</param>
/// <param name="Uid">The pod's UID.</param>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Attempt">0 for the first sandbox of the pod, and one more for each after
/// it.</param>
public sealed record PodSandboxMetadata(string Name, string Uid, string Namespace, int Attempt);

/// <summary>The sandbox to make.</summary>
/// <param name="Metadata">Whose it is.</param>
/// <param name="Hostname">The host name in it.</param>
/// <param name="HostNetwork">True: no namespace of its own, no CNI.</param>
public sealed record PodSandboxConfig(PodSandboxMetadata Metadata, string Hostname,
    bool HostNetwork = false)
{
    /// <summary>The ports of its containers.</summary>
    public Seq<ContainerPort> PortMappings { get; init; }

    /// <summary>The pod's labels.</summary>
    public Map<string> Labels { get; init; }

    /// <summary>Guaranteed, Burstable or BestEffort.</summary>
    public string QosClass { get; init; } = "BestEffort";

    /// <summary>The control group of the pod, as the driver systemd names it:
    /// <c>kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podUID.slice</c>.</summary>
    public string CgroupParent
    {
        get
        {
            var uid = Metadata.Uid.Replace('-', '_');
            var slice = $"kubepods-{QosClass.ToLowerInvariant()}";
            return QosClass == "Guaranteed" ? $"kubepods.slice/kubepods-pod{uid}.slice"
                : $"kubepods.slice/{slice}.slice/{slice}-pod{uid}.slice";
        }
    }

    /// <summary>What the pod as a whole may use.</summary>
    public LinuxResources Linux { get; init; }
}

/// <summary>A sandbox as it is.</summary>
/// <param name="Id">Given by the runtime.</param>
/// <param name="Metadata">Whose it is.</param>
/// <param name="Ready">SANDBOX_READY; false is SANDBOX_NOTREADY: it cannot take containers.</param>
/// <param name="CreatedAt">When it was made (UTC).</param>
/// <param name="Ips">Its addresses, the first one first; none with host network.</param>
public sealed record PodSandboxStatus(string Id, PodSandboxMetadata Metadata, bool Ready,
    DateTime CreatedAt, Seq<string> Ips);
