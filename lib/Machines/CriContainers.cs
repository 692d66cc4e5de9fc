namespace KubeSim;

/// <summary>The container to make, as the kubelet words it from the pod: variables expanded,
/// volumes turned into mounts, limits into numbers.</summary>
public sealed record ContainerConfig
{
    /// <summary>The container's name in the pod.</summary>
    public required string Name { get; init; }

    /// <summary>0 for the first, and one more for each restart.</summary>
    public int Attempt { get; init; }

    /// <summary>The image, by the digest that the pull gave.</summary>
    public required string Image { get; init; }

    /// <summary>The program; unset for the image's own.</summary>
    public Seq<string> Command { get; init; }

    /// <summary>Its arguments; unset for the image's own.</summary>
    public Seq<string> Args { get; init; }

    /// <summary>The environment, in the order of the pod.</summary>
    public Seq<(string Key, string Value)> Envs { get; init; }

    /// <summary>The directories that it sees from elsewhere.</summary>
    public Seq<CriMount> Mounts { get; init; }

    /// <summary>The share of CPU when it is scarce: 1024 for one CPU.</summary>
    public long CpuShares { get; init; }

    /// <summary>CPU time per period of 100 ms, in microseconds; 0 for no limit.</summary>
    public long CpuQuota { get; init; }

    /// <summary>Above this many bytes the kernel kills it; 0 for no limit.</summary>
    public long MemoryLimitInBytes { get; init; }

    /// <summary>Who dies first when the machine has no memory left: -997 (never) to 1000.</summary>
    public int OomScoreAdj { get; init; }
}

/// <summary>A directory of the machine that a container sees.</summary>
/// <param name="ContainerPath">Where it sees it.</param>
/// <param name="HostPath">Where it is.</param>
/// <param name="Readonly">True: it cannot write.</param>
public sealed record CriMount(string ContainerPath, string HostPath, bool Readonly = false);

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

    /// <summary>The sandbox that it is in.</summary>
    public required string PodSandboxId { get; init; }

    /// <summary>What it was made from.</summary>
    public required ContainerConfig Config { get; init; }

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

    /// <summary>What it left for its status, or why it could not start.</summary>
    public string Message { get; init; } = "";
}

/// <summary>An image that a node has.</summary>
/// <param name="Id">Its digest.</param>
/// <param name="RepoTags">The tags that it was pulled by.</param>
/// <param name="SizeBytes">What it takes on the disk.</param>
/// <param name="Pinned">True: garbage collection leaves it, as the pause image.</param>
public sealed record CriImage(string Id, Seq<string> RepoTags, long SizeBytes, bool Pinned = false);

/// <summary>What came of a command in a container.</summary>
/// <param name="Stdout">What it printed.</param>
/// <param name="Stderr">What it complained of.</param>
/// <param name="ExitCode">0 is success.</param>
public sealed record ExecResult(string Stdout, string Stderr, int ExitCode);
