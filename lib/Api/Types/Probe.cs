namespace KubeSim;

/// <summary>A question that the kubelet asks a container again and again.</summary>
public sealed record Probe : ApiPart
{
    /// <summary>Passes when a command ends with 0.</summary>
    public ExecAction? Exec { get; init; }
    /// <summary>Passes on a response code from 200 to 399.</summary>
    public HTTPGetAction? HttpGet { get; init; }
    /// <summary>Passes when a connection opens.</summary>
    public TCPSocketAction? TcpSocket { get; init; }
    /// <summary>Passes when the gRPC health service says SERVING.</summary>
    public GRPCAction? Grpc { get; init; }
    /// <summary>Seconds from the container's start to the first question.</summary>
    public int? InitialDelaySeconds { get; init; }
    /// <summary>Seconds to wait for an answer; 1 by default.</summary>
    public int? TimeoutSeconds { get; init; }
    /// <summary>Seconds between questions; 10 by default.</summary>
    public int? PeriodSeconds { get; init; }
    /// <summary>Passes in a row that make a success; 1 by default.</summary>
    public int? SuccessThreshold { get; init; }
    /// <summary>Failures in a row that make a failure; 3 by default.</summary>
    public int? FailureThreshold { get; init; }
    /// <summary>Seconds of grace when this probe kills the container.</summary>
    public long? TerminationGracePeriodSeconds { get; init; }
}

/// <summary>A command run inside the container, without a shell.</summary>
public sealed record ExecAction : ApiPart
{
    /// <summary>The program and its arguments.</summary>
    public Seq<string> Command { get; init; }
}

/// <summary>An HTTP GET request.</summary>
public sealed record HTTPGetAction : ApiPart
{
    /// <summary>The path, / by default.</summary>
    public string? Path { get; init; }
    /// <summary>The port, as a number or a container port's name.</summary>
    public IntOrString Port { get; init; }
    /// <summary>The host; the pod's address by default.</summary>
    public string? Host { get; init; }
    /// <summary>HTTP (the default) or HTTPS.</summary>
    public string? Scheme { get; init; }
    /// <summary>Headers to send.</summary>
    public Seq<HTTPHeader> HttpHeaders { get; init; }
}

/// <summary>A header of a request.</summary>
public sealed record HTTPHeader : ApiPart
{
    /// <summary>The name.</summary>
    public string Name { get; init; } = "";
    /// <summary>The value.</summary>
    public string Value { get; init; } = "";
}

/// <summary>A TCP connection.</summary>
public sealed record TCPSocketAction : ApiPart
{
    /// <summary>The port, as a number or a container port's name.</summary>
    public IntOrString Port { get; init; }
    /// <summary>The host; the pod's address by default.</summary>
    public string? Host { get; init; }
}

/// <summary>A call of the gRPC health service.</summary>
public sealed record GRPCAction : ApiPart
{
    /// <summary>The port.</summary>
    public int Port { get; init; }
    /// <summary>The service to ask for; empty means the whole server.</summary>
    public string? Service { get; init; }
}

/// <summary>A pause.</summary>
public sealed record SleepAction : ApiPart
{
    /// <summary>How long, in seconds.</summary>
    public long Seconds { get; init; }
}

/// <summary>What runs right after a container's start and before its stop.</summary>
public sealed record Lifecycle : ApiPart
{
    /// <summary>Runs beside the container's start; a failure kills it.</summary>
    public LifecycleHandler? PostStart { get; init; }
    /// <summary>Runs before the polite kill, within the grace period.</summary>
    public LifecycleHandler? PreStop { get; init; }
    /// <summary>The signal of the polite kill, SIGTERM by default.</summary>
    public string? StopSignal { get; init; }
}

/// <summary>What a hook does; one is set.</summary>
public sealed record LifecycleHandler : ApiPart
{
    /// <summary>Runs a command.</summary>
    public ExecAction? Exec { get; init; }
    /// <summary>Sends a request.</summary>
    public HTTPGetAction? HttpGet { get; init; }
    /// <summary>Waits.</summary>
    public SleepAction? Sleep { get; init; }
    /// <summary>Opens a connection; kept, no longer carried out.</summary>
    public TCPSocketAction? TcpSocket { get; init; }
}
