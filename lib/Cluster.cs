using System.Globalization;

namespace KubeSim;

/// <summary>What a run of the cluster came to.</summary>
public sealed record RunResult
{
    /// <summary>True when what was waited for came about.</summary>
    public required bool Met { get; init; }

    /// <summary>The virtual time at the end (UTC).</summary>
    public required DateTime Time { get; init; }

    /// <summary>The steps taken.</summary>
    public required long Steps { get; init; }

    /// <summary>When it was not met: what keeps the cluster busy, or what is due next.</summary>
    public Seq<string> Busy { get; init; }

    /// <summary>The outcome as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The outcome in words.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{(Met ? "met" : "not met")} at {Time:HH:mm:ss.fff} after {Steps} steps")
        + string.Concat(Busy.Select(b => $"\n  {b}"));
}

/// <summary>A whole Kubernetes cluster that you can hold still: apply manifests, take one step at a
/// time, see what each component did and why, go back, and branch off.</summary>
/// <example><code>
/// var cluster = new Cluster(nodes: 3);
/// cluster.Apply(yaml);
/// cluster.Step();
/// </code></example>
public sealed partial class Cluster
{
    private static readonly TimeSpan IdleAfter = TimeSpan.FromHours(1);

    /// <summary>A new cluster.</summary>
    /// <param name="nodes">How many nodes of 4 CPUs, 16 GiB and 110 pods, named node-1,
    /// node-2…</param>
    /// <param name="seed">Decides all chance: the same seed and inputs give the same run.</param>
    /// <param name="latency">How long work takes; <see cref="Latency.Typical"/> by default.</param>
    /// <param name="history">How much of the past can be read; all of it by default.</param>
    /// <param name="components">What runs; the built-in components by default.</param>
    /// <param name="etcd">How many members etcd has: 1, 3 or 5.</param>
    /// <param name="network">How the pods of the nodes are joined.</param>
    /// <param name="cloud">True: the nodes are machines of the simulated cloud, whose controllers
    /// run (<c>kubelet --cloud-provider=external</c>); see <see cref="Cloud"/>.</param>
    /// <exception cref="NotSupportedException">That network is not modelled yet.</exception>
    public Cluster(int nodes = 3, ulong seed = 0, Latency? latency = null, History? history = null,
        Seq<ComponentSpec>? components = null, int etcd = 1, PodNetwork network = default,
        bool cloud = false)
        : this(new SimulationOptions
        {
            Seed = seed,
            Latency = latency ?? Latency.Typical,
            History = history ?? History.All,
            Components = components ?? Bootstrap.Components(),
            Objects = Bootstrap.Objects(nodes),
            EtcdMembers = etcd,
            Settings = !cloud ? NetworkGround.SettingsOf(network) : NetworkGround
                .SettingsOf(network).With($"{KnownFlags.CloudProvider}", "external"),
        })
    {
    }

    /// <summary>A new cluster, with everything said in detail.</summary>
    public Cluster(SimulationOptions options)
        : this(new Simulation(Bootstrap.Complete(options)))
    {
    }

    private Cluster(Simulation simulation)
    {
        this.simulation = simulation;
        Faults = new(this);
        Etcd = new(this);
        Scheduler = new(this);
        Controllers = new(this);
        Network = new(this);
        Policies = new(this);
        Logs = new(this);
    }

    /// <summary>A cluster that looks on a run that somebody else steers.</summary>
    internal static Cluster Over(Simulation simulation) => new(simulation);

    /// <summary>The engine, for the rest of this floor.</summary>
    internal Simulation Engine => simulation;

    /// <summary>The virtual time (UTC).</summary>
    public DateTime Now => Owned(s => s.Now);

    /// <summary>The revision of the last write.</summary>
    public Revision Revision => Owned(s => s.Store.Head);

    /// <summary>The number of steps taken so far.</summary>
    public long StepCount => Owned(s => s.Steps.Count);

    /// <summary>A digest of everything that happened: equal runs have equal digests.</summary>
    public ulong Digest => Owned(s => s.Rolling);

    /// <summary>True when only periodic work is left.</summary>
    public bool IsConverged => Inbox.IsEmpty && Owned(s => s.IsConverged);

    /// <summary>Where other threads leave inputs; they are carried out between steps.</summary>
    public Inbox Inbox { get; } = new();

    /// <summary>Everything that came from outside, in order; of a cluster that is served, so
    /// far.</summary>
    public IReadOnlyList<JournalEntry> Journal =>
        Owned(s => host is null ? s.Journal : [.. s.Journal]);

    /// <summary>Told of every step that someone would look at, also while the cluster runs on. It
    /// must not change the cluster. Null, the default, costs nothing.</summary>
    public Action<StepRecord>? Stepped { get; set; }

    /// <summary>A map of the cluster as it is now, as HTML, for a notebook.</summary>
    public string ToHtml() => Still(Html.Of);

    /// <summary>Takes one step: the next reconcile that someone would look at. Periodic work that
    /// changes nothing passes silently; after an hour of virtual time without a step the answer is
    /// idle and names what is due next.</summary>
    /// <exception cref="InvariantBrokenException">What should always hold no longer
    /// does.</exception>
    /// <exception cref="ComponentFailedException">A component threw.</exception>
    public StepRecord Step()
    {
        using var own = Own();
        var limit = Now + IdleAfter;
        while (TryExecute(limit, out var step))
        {
            if (step is not null)
            {
                return step;
            }
        }
        return new() { Time = Now, IdleUntil = simulation.DescribeNext() };
    }

    /// <summary>Carries out one work item, and tells of it when it is a step that someone would
    /// look at; false when none is due by then, and then it is that time.</summary>
    internal bool TryExecute(DateTime limit, out StepRecord? step)
    {
        step = null;
        DrainInbox();
        if (simulation.TryNextDue(out var due) && due <= limit)
        {
            step = Execute(detail: true);
            return true;
        }
        if (due > limit)
        {
            simulation.AdvanceTo(limit);
        }
        return false;
    }

    /// <summary>Takes several steps, fewer when the cluster falls idle.</summary>
    public Seq<StepRecord> Steps(int count)
    {
        using var own = Own();
        var taken = new List<StepRecord>();
        while (taken.Count < count && (taken.Count == 0 || !taken[^1].IsIdle))
        {
            taken.Add(Step());
        }
        return [.. taken];
    }

    /// <summary>Runs for a span of virtual time.</summary>
    public RunResult Run(TimeSpan span)
    {
        using var own = Own();
        var steps = StepCount;
        Advance(Now + span, () => true);
        return new() { Met = true, Time = Now, Steps = StepCount - steps };
    }

    /// <summary>Runs until something holds, at most for a span of virtual time (an hour by
    /// default).</summary>
    public RunResult RunUntil(Func<Cluster, bool> holds, TimeSpan? limit = null)
    {
        using var own = Own();
        var (end, steps) = (Now + (limit ?? IdleAfter), StepCount);
        DrainInbox();
        var met = holds(this);
        while (!met && simulation.TryNextDue(out var due) && due <= end)
        {
            var before = Revision;
            Execute(detail: false);
            DrainInbox();
            met = Revision != before && holds(this);
        }
        return Outcome(met, end, steps);
    }

    /// <summary>Runs until only periodic work is left, at most for a span of virtual time (ten
    /// minutes by default). When it does not converge, the answer says what keeps it
    /// busy.</summary>
    public RunResult Converge(TimeSpan? limit = null)
    {
        using var own = Own();
        var (end, steps) = (Now + (limit ?? TimeSpan.FromMinutes(10)), StepCount);
        DrainInbox();
        while (!IsConverged && simulation.TryNextDue(out var due) && due <= end)
        {
            Execute(detail: false);
            DrainInbox();
        }
        return Outcome(IsConverged, end, steps);
    }

    /// <summary>Runs a component, or puts it in the place of the one with its name. The factory is
    /// called anew after a crash, a rewind and a fork: it must make a fresh instance.</summary>
    public void AddComponent(string name, Func<IReconciler> factory) =>
        AddComponent(new ComponentSpec(name, _ => factory()));

    /// <summary>Runs a component, or puts it in the place of the one with its name.</summary>
    public void AddComponent(ComponentSpec spec) =>
        Owned(s => s.Submit(new ComponentInput(spec)));

    /// <summary>Takes a component away.</summary>
    public void RemoveComponent(string name) => Owned(s => s.Submit(new RemovalInput(name)));

    /// <summary>A controller of your own in the place of a real one, or beside them.</summary>
    public ClusterControllers Controllers { get; }

    /// <summary>Who may connect to whom, as the NetworkPolicies say.</summary>
    public ClusterPolicies Policies { get; }

    /// <summary>The log store, where there is one.</summary>
    public ClusterLogs Logs { get; }

    /// <summary>The names of the components that run.</summary>
    public Seq<string> Components => Owned(s => s.Components.Select(c => c.Name).ToSeq());

    private RunResult Outcome(bool met, DateTime end, long stepsBefore)
    {
        var busy = met ? [] : simulation.Busy();
        if (!met && simulation.TryNextDue(out _))
        {
            simulation.AdvanceTo(end);
        }
        return new()
        {
            Met = met, Time = Now, Steps = StepCount - stepsBefore,
            Busy = met || !busy.IsEmpty ? busy
                : [$"only periodic work is left: {simulation.DescribeNext()}"],
        };
    }

    private void DrainInbox()
    {
        while (Inbox.TryTake(out var input))
        {
            simulation.Submit(input);
        }
        Inbox.MakeCalls();
        host?.Between();
    }

    private StepRecord? Execute(bool detail)
    {
        var (steps, head) = (simulation.Steps.Count, simulation.Store.Head);
        simulation.ExecuteNext(detail || Stepped is not null, out var step);
        if (step is not null)
        {
            Stepped?.Invoke(step);
        }
        if (simulation.TakeFailure() is { } failure)
        {
            throw failure;
        }
        if (invariants.Count > 0 && simulation.Store.Head != head)
        {
            CheckInvariants(simulation.Steps.Count > steps);
        }
        return step;
    }
}
