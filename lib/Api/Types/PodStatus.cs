namespace KubeSim;

/// <summary>What the node and the control plane saw of a pod.</summary>
public sealed record PodStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static PodStatus None { get; } = new();

    /// <summary>The metadata.generation that this status is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>Pending, Running, Succeeded, Failed or Unknown.</summary>
    public string? Phase { get; init; }
    /// <summary>PodScheduled, Initialized, ContainersReady, Ready and more.</summary>
    public Seq<PodCondition> Conditions { get; init; }
    /// <summary>A sentence about the phase.</summary>
    public string? Message { get; init; }
    /// <summary>One word about the phase, such as Evicted.</summary>
    public string? Reason { get; init; }
    /// <summary>Where preemption makes room for the pod.</summary>
    public string? NominatedNodeName { get; init; }
    /// <summary>The address of the node.</summary>
    public string? HostIP { get; init; }
    /// <summary>All addresses of the node.</summary>
    public Seq<HostIP> HostIPs { get; init; }
    /// <summary>The address of the pod.</summary>
    public string? PodIP { get; init; }
    /// <summary>All addresses of the pod, one a family.</summary>
    public Seq<PodIP> PodIPs { get; init; }
    /// <summary>When the kubelet took the pod in hand.</summary>
    public Time? StartTime { get; init; }
    /// <summary>One for each init container.</summary>
    public Seq<ContainerStatus> InitContainerStatuses { get; init; }
    /// <summary>One for each container.</summary>
    public Seq<ContainerStatus> ContainerStatuses { get; init; }
    /// <summary>One for each ephemeral container.</summary>
    public Seq<ContainerStatus> EphemeralContainerStatuses { get; init; }
    /// <summary>Guaranteed, Burstable or BestEffort.</summary>
    public string? QosClass { get; init; }
}

/// <summary>Something that is true or not of a pod.</summary>
public sealed record PodCondition : AnyCondition
{
    /// <summary>The metadata.generation that this is about.</summary>
    public long? ObservedGeneration { get; init; }
    /// <summary>When it was last looked at.</summary>
    public Time? LastProbeTime { get; init; }
}

/// <summary>An address of a pod.</summary>
public sealed record PodIP : ApiPart
{
    /// <summary>The address.</summary>
    public string? Ip { get; init; }
}

/// <summary>An address of a node.</summary>
public sealed record HostIP : ApiPart
{
    /// <summary>The address.</summary>
    public string? Ip { get; init; }
}

/// <summary>How one container fares.</summary>
public sealed record ContainerStatus : ApiPart
{
    /// <summary>The container.</summary>
    public string Name { get; init; } = "";
    /// <summary>What it is now: waiting, running or terminated.</summary>
    public ContainerState State { get; init; } = ContainerState.None;
    /// <summary>How it ended the last time.</summary>
    public ContainerState LastState { get; init; } = ContainerState.None;
    /// <summary>True when it passes its readiness probe.</summary>
    public bool Ready { get; init; }
    /// <summary>True when it has passed its startup probe and postStart.</summary>
    public bool? Started { get; init; }
    /// <summary>How often it was restarted.</summary>
    public int RestartCount { get; init; }
    /// <summary>The image that runs.</summary>
    public string Image { get; init; } = "";
    /// <summary>The image by digest.</summary>
    public string ImageID { get; init; } = "";
    /// <summary>The container in the runtime, as runtime://id.</summary>
    public string? ContainerID { get; init; }
    /// <summary>What the node set aside for it.</summary>
    public Map<Quantity> AllocatedResources { get; init; }
    /// <summary>The requests and limits in force.</summary>
    public ResourceRequirements? Resources { get; init; }
}

/// <summary>Waiting, running or terminated; none set means waiting.</summary>
public sealed record ContainerState : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static ContainerState None { get; } = new();

    /// <summary>Set while it does not run yet.</summary>
    public ContainerStateWaiting? Waiting { get; init; }
    /// <summary>Set while it runs.</summary>
    public ContainerStateRunning? Running { get; init; }
    /// <summary>Set when it has ended.</summary>
    public ContainerStateTerminated? Terminated { get; init; }
}

/// <summary>A container that does not run yet.</summary>
public sealed record ContainerStateWaiting : ApiPart
{
    /// <summary>One word, such as ContainerCreating or CrashLoopBackOff.</summary>
    public string? Reason { get; init; }
    /// <summary>A sentence.</summary>
    public string? Message { get; init; }
}

/// <summary>A container that runs.</summary>
public sealed record ContainerStateRunning : ApiPart
{
    /// <summary>Since when.</summary>
    public Time? StartedAt { get; init; }
}

/// <summary>A container that has ended.</summary>
public sealed record ContainerStateTerminated : ApiPart
{
    /// <summary>The exit code; 137 after a hard kill.</summary>
    public int ExitCode { get; init; }
    /// <summary>The signal that ended it.</summary>
    public int? Signal { get; init; }
    /// <summary>Completed, Error, OOMKilled and the like.</summary>
    public string? Reason { get; init; }
    /// <summary>The termination message.</summary>
    public string? Message { get; init; }
    /// <summary>When it started.</summary>
    public Time? StartedAt { get; init; }
    /// <summary>When it ended.</summary>
    public Time? FinishedAt { get; init; }
    /// <summary>The container in the runtime, as runtime://id.</summary>
    public string? ContainerID { get; init; }
}
