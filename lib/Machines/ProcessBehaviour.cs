namespace KubeSim;

/// <summary>What a container's program does of itself, as a function of the time since its start.
/// Nothing runs it: when it ends, what it answers and when that changes can be read off.</summary>
public sealed record ProcessBehaviour
{
    /// <summary>Runs until it is told to stop, and then ends with 0 at once: a server.</summary>
    public static ProcessBehaviour Server { get; } = new()
    {
        StopsAfter = TimeSpan.FromMilliseconds(100),
    };

    /// <summary>Runs until it is killed: the first process of a container ignores a signal that it
    /// does not handle, so <c>sleep</c> and plain shells outlast a SIGTERM.</summary>
    public static ProcessBehaviour Deaf { get; } = new();

    /// <summary>When it ends of itself; null for never.</summary>
    public TimeSpan? EndsAfter { get; init; }

    /// <summary>How it ends of itself.</summary>
    public int ExitCode { get; init; }

    /// <summary>The memory that it takes; what somebody says of its pod comes on top.</summary>
    public MemoryUse Memory { get; init; }

    /// <summary>The CPUs that it keeps busy if it gets them.</summary>
    public double Cpus { get; init; }

    /// <summary>Its processes.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>How long after the stop signal it ends; null when it ignores the signal.</summary>
    public TimeSpan? StopsAfter { get; init; }

    /// <summary>How it ends after the stop signal.</summary>
    public int StopExitCode { get; init; }

    /// <summary>From when on it answers HTTP with 500; null for never.</summary>
    public TimeSpan? SickAfter { get; init; }

    /// <summary>The command line of a shell or a small tool, which is really run
    /// (<see cref="ShellRun"/>): it decides when it ends and how; unset for a program that the
    /// other properties tell all about.</summary>
    public Seq<string> Script { get; init; }

    /// <summary>The lines that it prints, in order of time; unset for those that its command line
    /// or its image tells.</summary>
    public Seq<(TimeSpan At, string Text)> Prints { get; init; }

    /// <summary>True when <c>cat</c> is BusyBox's, which words its complaints
    /// otherwise.</summary>
    public bool IsBusyBox { get; init; }

    /// <summary>One that ends of itself.</summary>
    public static ProcessBehaviour Ends(TimeSpan after, int exitCode) =>
        new() { EndsAfter = after, ExitCode = exitCode };
}
