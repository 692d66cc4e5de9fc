namespace KubeSim;

/// <summary>What a run starts from. With the journal of inputs it decides everything.</summary>
public sealed record SimulationOptions
{
    /// <summary>Where all chance comes from.</summary>
    public ulong Seed { get; init; }

    /// <summary>The virtual time at the start (UTC).</summary>
    public DateTime Start { get; init; } = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>How long work takes.</summary>
    public Latency Latency { get; init; } = Latency.Typical;

    /// <summary>How much of the past can be read.</summary>
    public History History { get; init; } = History.All;

    /// <summary>The components, in the order in which they see one change.</summary>
    public Seq<ComponentSpec> Components { get; init; }

    /// <summary>The objects that are there at the start, in order.</summary>
    public Seq<ApiObject> Objects { get; init; }

    /// <summary>What is there before the first revision: roles and their bindings.</summary>
    public Seq<ApiObject> Policy { get; init; }

    /// <summary>Makes the physical world of a run; a replay makes it anew. Null: a cluster has
    /// machines that can pull any public image.</summary>
    public Func<IWorldHost, IWorld>? World { get; init; }

    /// <summary>How many members etcd has: 1, 3 or 5. With several, a write needs the agreement of
    /// more than half.</summary>
    public int EtcdMembers { get; init; } = 1;

    /// <summary>The flags of the components that are not as usual.</summary>
    public Settings Settings { get; init; } = Settings.Default;

    /// <summary>With more nodes than this at its start, a cluster's <see cref="ILazyReconciler"/>s
    /// work only when somebody looks; with fewer they take steps like all others.</summary>
    public int LazyAboveNodes { get; init; } = 20;

    /// <summary>The most reconciles at one instant before the run is taken for endless.</summary>
    public int StepsPerInstant { get; init; } = 1_000_000;
}
