namespace KubeSim;

/// <summary>The container to make, as the kubelet words it from the pod: variables expanded,
/// volumes turned into mounts, limits into numbers.</summary>
public sealed record ContainerConfig
{
    /// <summary>The container's name in the pod.</summary>
    public required string Name { get; init; }

    /// <summary>0 for the first, and one more for each restart.</summary>
    public int Attempt { get; init; }

    /// <summary>The image, as the pod names it.</summary>
    public required string Image { get; init; }

    /// <summary>The program; unset for the image's own.</summary>
    public Seq<string> Command { get; init; }

    /// <summary>Its arguments; unset for the image's own.</summary>
    public Seq<string> Args { get; init; }

    /// <summary>The ports that the pod says it listens on. A real runtime is not told: it opens
    /// and closes none by it.</summary>
    public Seq<ContainerPort> Ports { get; init; }

    /// <summary>Where volumes appear in its files.</summary>
    public Seq<VolumeMount> Mounts { get; init; }

    /// <summary>True: somebody may type into it.</summary>
    public bool Stdin { get; init; }

    /// <summary>True when the pod waits for its end before it goes on: an init
    /// container.</summary>
    public bool RunsToEnd { get; init; }

    /// <summary>What is around it, asked for when a script starts in it; null for
    /// nothing.</summary>
    public Func<Surroundings>? Surroundings { get; init; }

    /// <summary>What its control group says.</summary>
    public LinuxResources Linux { get; init; }

    /// <summary>True for the container that does the pod's work: what is said of a pod is
    /// its.</summary>
    public bool IsFirst { get; init; }
}

/// <summary>What a container may use and what is its due, as the kubelet writes it into control
/// groups.</summary>
/// <param name="CpuShares">Its weight beside others, 1024 for a CPU.</param>
/// <param name="CpuQuota">Microseconds of CPU in each 100 ms; 0 for no limit.</param>
/// <param name="MemoryLimitInBytes">Above this many the kernel kills it; 0 for no limit.</param>
/// <param name="OomScoreAdj">Where it stands when the machine itself has no memory left: −997 is
/// spared, 1000 is first.</param>
public readonly record struct LinuxResources(long CpuShares = 2, long CpuQuota = 0,
    long MemoryLimitInBytes = 0, int OomScoreAdj = 0)
{
    /// <summary>CPU that it may use, in thousandths of one; 0 for no limit.</summary>
    public double CpuLimitMilli => CpuQuota / 100.0;
}

/// <summary>What a container finds when it starts.</summary>
/// <param name="Environment">Its variables.</param>
/// <param name="Mounts">What it sees of files that are not its own.</param>
public sealed record Surroundings(Map<string> Environment, Seq<ContainerMount> Mounts);

/// <summary>The states of a container, in the order of its life.</summary>
public enum CriContainerState
{
    /// <summary>CONTAINER_CREATED: made, not started.</summary>
    Created,

    /// <summary>CONTAINER_RUNNING.</summary>
    Running,

    /// <summary>CONTAINER_EXITED: ended; it is kept for its status and its log.</summary>
    Exited,

    /// <summary>CONTAINER_UNKNOWN: the runtime lost it.</summary>
    Unknown,
}

/// <summary>A container as it is.</summary>
public sealed record CriContainerStatus
{
    /// <summary>Given by the runtime.</summary>
    public required string Id { get; init; }

    /// <summary>What the ids of its runtime are told apart by in the status of a pod:
    /// <c>containerd</c>, <c>cri-o</c> or <c>docker</c>.</summary>
    public string Scheme { get; init; } = "containerd";

    /// <summary>The sandbox that it is in.</summary>
    public required string PodSandboxId { get; init; }

    /// <summary>What it was made from.</summary>
    public required ContainerConfig Config { get; init; }

    /// <summary>Its image in full, as <c>docker.io/library/nginx:1.27</c>.</summary>
    public string ImageName { get; init; } = "";

    /// <summary>Its image by digest, as <c>docker.io/library/nginx@sha256:…</c>.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>Its image as the status of its pod says it.</summary>
    public string ImageIdTold =>
        (Scheme == "docker" ? "docker-pullable://" : "") + ImageId;

    /// <summary>Where in its life it is.</summary>
    public CriContainerState State { get; init; }

    /// <summary>When it was made (UTC).</summary>
    public DateTime CreatedAt { get; init; }

    /// <summary>When it was started (UTC); null when it was not.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>When it ended (UTC); null when it has not.</summary>
    public DateTime? FinishedAt { get; init; }

    /// <summary>0–255; 137 after a kill, 143 after the stop signal.</summary>
    public int ExitCode { get; init; }

    /// <summary><c>Completed</c>, <c>Error</c> or <c>OOMKilled</c> once it ended.</summary>
    public string Reason { get; init; } = "";

    /// <summary>When it will change of itself (UTC), as far as can be told; null when it will not.
    /// It stands for the runtime's stream of events: nobody has to look again and
    /// again.</summary>
    public DateTime? ChangesAt { get; init; }

    /// <summary>False when it is not known whether it will have changed then: a script that waits
    /// for something.</summary>
    public bool ChangesSurely { get; init; } = true;

    /// <summary>True between the order to start it and its start.</summary>
    public bool IsStarting => State == CriContainerState.Created && ChangesAt is not null;

    /// <summary>What it left for its status, or why it could not start.</summary>
    public string Message { get; init; } = "";
}

/// <summary>An image that a node has.</summary>
/// <param name="Id">Its repository and digest.</param>
/// <param name="Reference">Its name in full, as <c>docker.io/library/nginx:1.27</c>.</param>
/// <param name="SizeBytes">What it takes on the disk.</param>
public sealed record CriImage(string Id, string Reference, long SizeBytes);

/// <summary>What came of a command in a container.</summary>
/// <param name="Stdout">What it printed.</param>
/// <param name="Stderr">What it complained of.</param>
/// <param name="ExitCode">0 is success.</param>
public sealed record ExecResult(string Stdout, string Stderr, int ExitCode);

/// <summary>What a probe meets with.</summary>
/// <param name="Passes">True when the container answers as a healthy one does.</param>
/// <param name="Output">What the probe reports when it does not.</param>
/// <param name="Until">When the answer will be another (UTC), as far as can be told; null when it
/// stays.</param>
public readonly record struct ProbeAnswer(bool Passes, string Output = "", DateTime? Until = null)
{
    /// <summary>True: somebody answered, if only that it is not well.</summary>
    public bool IsAnswered { get; init; }

    /// <summary>True: the probe could not even ask, so that its result says nothing.</summary>
    public bool IsUnknown { get; init; }
}
