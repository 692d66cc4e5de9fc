namespace KubeSim;

/// <summary>How long work takes in virtual time. Order comes true only when work takes time: with
/// <see cref="Typical"/>, five pods that become ready are five changes of their
/// ReplicaSet.</summary>
public sealed record Latency
{
    /// <summary>How long the API server takes for a write, from and to, both possible.</summary>
    public required (TimeSpan From, TimeSpan To) Service { get; init; }

    /// <summary>How long a change takes to reach its watchers, from and to, both
    /// possible.</summary>
    public required (TimeSpan From, TimeSpan To) Watch { get; init; }

    /// <summary>As in a healthy cluster: writes take 5–15 ms, watches 1–5 ms; drawn from the
    /// seed.</summary>
    public static Latency Typical { get; } = new()
    {
        Service = (TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(15)),
        Watch = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(5)),
    };

    /// <summary>Nothing takes time: calm, for first lessons.</summary>
    public static Latency None { get; } = new()
    {
        Service = (TimeSpan.Zero, TimeSpan.Zero),
        Watch = (TimeSpan.Zero, TimeSpan.Zero),
    };
}

/// <summary>What kind of work something is: it decides what a step shows and when a cluster has
/// converged.</summary>
public enum Pace
{
    /// <summary>Work that brings the cluster on: a watch delivery, a pull, a start, a grace
    /// period.</summary>
    Progress,

    /// <summary>Another attempt after a failure, held back for a while.</summary>
    Retry,

    /// <summary>Periodic work, and deadlines that usually do not matter: resyncs, monitors,
    /// expiry.</summary>
    Background,
}
