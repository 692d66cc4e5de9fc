using System.Runtime.InteropServices;

namespace KubeSim;

/// <summary>A component as it is registered: its parts run as shards, one for the cluster or one a
/// node, made on first use.</summary>
internal sealed class Component
{
    private readonly Dictionary<string, Shard> shards = new(StringComparer.Ordinal);

    /// <param name="spec">What it is.</param>
    /// <param name="settings">The flags: how many keys it works on at a time.</param>
    /// <param name="lazy">Whether it may wait until somebody looks.</param>
    public Component(ComponentSpec spec, Settings settings, bool lazy)
    {
        Spec = spec;
        var sample = spec.New("");
        IsLazy = lazy && sample is ILazyReconciler;
        Watches = lazy ? sample.Watches
            : sample.Watches.Select(w => w with { OnDemand = false }).ToSeq();
        Workers = KnownFlags.ConcurrentSyncs.TryGetValue(spec.Name, out var flag)
            && settings.Has(flag) ? settings.Get(flag) : sample.Workers;
        NameDigest = Digest.Mix(Digest.Start, spec.Name);
        User = spec.User ?? new(spec.Name, UserInfo.Admin.Groups);
    }

    public ComponentSpec Spec { get; }

    public string Name => Spec.Name;

    public Seq<Watched> Watches { get; }

    public int Workers { get; }

    /// <summary>True when its instances work only when somebody looks.</summary>
    public bool IsLazy { get; }

    public ulong NameDigest { get; }

    /// <summary>What the instances share, by its type; see
    /// <see cref="ReconcileContext.Shared"/>.</summary>
    public Dictionary<Type, object> Shared { get; } = [];

    public UserInfo User { get; }

    /// <summary>The shards in the order in which they were made.</summary>
    public List<Shard> Shards { get; } = [];

    public Shard? Find(string node) => shards.GetValueOrDefault(node);

    public Shard Add(Simulation simulation, string node)
    {
        var shard = new Shard(simulation, this, node);
        shards.Add(node, shard);
        Shards.Add(shard);
        return shard;
    }
}

/// <summary>One running instance of a component: its queue, its cursors, its timers. A crash
/// empties all of it.</summary>
internal sealed class Shard : IQueueHost
{
    private readonly Simulation simulation;
    private readonly Dictionary<ObjectKey, Pending> notes = [];
    private readonly Dictionary<(ObjectKey, Pace), DateTime> timers = [];
    private readonly List<Revision> seen = [];
    private Dictionary<Kind, (Revision At, Pin Pin)>? held;
    private Cause current;
    private Pace currentPace;
    private bool currentlyQuiet;
    private int starts;

    public Shard(Simulation simulation, Component component, string node)
    {
        this.simulation = simulation;
        Component = component;
        Node = node;
        Context = new(simulation, this);
        Digest = KubeSim.Digest.Mix(component.NameDigest, node);
        Random = simulation.Random.Fork(Instance);
        User = component.User;
        if (User.Name.EndsWith(':'))
        {
            User = User with { Name = User.Name + node };
        }
    }

    public Component Component { get; }

    public string Node { get; }

    public string Instance => Node.Length == 0 ? Component.Name : $"{Component.Name}/{Node}";

    public ulong Digest { get; }

    public ReconcileContext Context { get; }

    public Prng Random { get; private set; }

    public UserInfo User { get; }

    public DateTime Now => simulation.Now;

    public Settings Settings => simulation.Options.Settings;

    /// <summary>Null while the instance is down.</summary>
    public IReconciler? Reconciler { get; private set; }

    public IWorkQueue Queue { get; private set; } = new FifoQueue();

    /// <summary>Changes with every start and crash; work of an earlier life is dropped.</summary>
    public int Generation { get; private set; }

    /// <summary>True when the instance has listed what it watches; before, it sees no
    /// changes.</summary>
    public bool Listed { get; set; }

    /// <summary>What was stored when that list was asked for: at least so new is all that the
    /// instance sees.</summary>
    public Revision ListedAt { get; set; }

    public bool StartScheduled { get; set; }

    public int BusyWorkers { get; set; }

    public bool Partitioned
    {
        get;
        set
        {
            field = value;
            TellWorld();
        }
    }

    public BackOff<ObjectKey> BackOff { get; private set; } = BackOff<ObjectKey>.ForControllers();

    public IReadOnlyList<Revision> Seen => seen;

    /// <summary>The kinds whose cursor stands still, and where.</summary>
    public IReadOnlyDictionary<Kind, (Revision At, Pin Pin)>? Held => held;

    /// <summary>A new instance with an empty memory.</summary>
    public void Start()
    {
        Generation++;
        Listed = false;
        Reconciler = Component.Spec.New(Node);
        Queue = Reconciler.NewQueue();
        Queue.Attach(this);
        BackOff = Reconciler.NewBackOff();
        Random = simulation.Random.Fork(starts == 0 ? Instance : $"{Instance}#{starts}");
        starts++;
        StartScheduled = false;
        BusyWorkers = 0;
        TellWorld();
    }

    /// <summary>The process dies: queue, caches, timers and cursors are gone.</summary>
    public void Crash()
    {
        CatchUp();
        Generation++;
        Reconciler?.Die();
        Reconciler = null;
        Listed = false;
        foreach (var pending in notes.Values)
        {
            simulation.CountWork(pending.Pace, -1);
        }
        foreach (var (_, pace) in timers.Keys)
        {
            simulation.CountWork(pace, -1);
        }
        notes.Clear();
        timers.Clear();
        seen.Clear();
        ReleaseAll();
        TellWorld();
    }

    /// <summary>A lazy component does now what it would have done by now.</summary>
    public void CatchUp()
    {
        if (Listed && Component.IsLazy && Reconciler is ILazyReconciler lazy)
        {
            lazy.CatchUp(Context);
        }
    }

    public bool IsHeld(Kind kind) => held is not null && held.ContainsKey(kind);

    public void Hold(Kind kind, Revision at)
    {
        held ??= [];
        if (!held.ContainsKey(kind))
        {
            held.Add(kind, (at, simulation.Store.Pin(at)));
        }
    }

    public void Release(Kind kind)
    {
        if (held is not null && held.Remove(kind, out var cursor))
        {
            cursor.Pin.Dispose();
        }
    }

    public void ReleaseAll()
    {
        foreach (var (_, pin) in held?.Values.ToArray() ?? [])
        {
            pin.Dispose();
        }
        held = null;
    }

    /// <summary>Shows the instance a change; one that it lists at its start is quiet, and a step
    /// on it that changes nothing is not worth a look.</summary>
    public void Observe(in WatchEvent e, bool quiet = false)
    {
        (current, currentPace) = (new(CauseType.Revision, e.At.Value), Pace.Progress);
        currentlyQuiet = quiet;
        if (e.At.Value > 0)
        {
            // What was there before the first revision is no change to tell of.
            seen.Add(e.At);
        }
        Reconciler!.Observe(e, Queue);
    }

    /// <summary>Adds a key for a reason other than a watched change.</summary>
    public void Add(ObjectKey key, Cause cause, Pace pace)
    {
        (current, currentPace, currentlyQuiet) = (cause, pace, pace == Pace.Background);
        Queue.Add(key);
    }

    public void Note(ObjectKey key)
    {
        ref var pending = ref CollectionsMarshal.GetValueRefOrAddDefault(notes, key, out var known);
        if (!known)
        {
            pending = new(current, currentPace) { Quiet = currentlyQuiet };
            simulation.CountWork(currentPace, 1);
            return;
        }
        pending.Add(current);
        pending.Quiet &= currentlyQuiet;
        if (currentPace < pending.Pace)
        {
            simulation.CountWork(pending.Pace, -1);
            simulation.CountWork(currentPace, 1);
            pending.Pace = currentPace;
        }
    }

    public void After(TimeSpan delay, ObjectKey key, Pace pace) =>
        SetTimer(delay, key, pace, current);

    public void SetTimer(TimeSpan delay, ObjectKey key, Pace pace, Cause cause)
    {
        var due = Now + (delay > TimeSpan.Zero ? delay : TimeSpan.Zero);
        ref var known = ref CollectionsMarshal
            .GetValueRefOrAddDefault(timers, (key, pace), out var set);
        if (set && known <= due)
        {
            return;
        }
        if (!set)
        {
            simulation.CountWork(pace, 1);
        }
        known = due;
        simulation.Enqueue(due, new WorkItem(WorkType.Timer, this, key, pace, Generation, cause));
    }

    /// <summary>Takes off a timer before it fires.</summary>
    public void CancelTimer(ObjectKey key, Pace pace)
    {
        if (timers.Remove((key, pace)))
        {
            simulation.CountWork(pace, -1);
        }
    }

    /// <summary>Takes off the timer that fires now; false when an earlier one took its
    /// place.</summary>
    public bool TakeTimer(ObjectKey key, Pace pace)
    {
        if (!timers.TryGetValue((key, pace), out var due) || due != Now)
        {
            return false;
        }
        timers.Remove((key, pace));
        simulation.CountWork(pace, -1);
        return true;
    }

    private void TellWorld() =>
        simulation.World.Reachable(Component.Name, Node, Reconciler is not null && !Partitioned);

    /// <summary>Takes a key and what led to it.</summary>
    public ObjectKey Take(out Pending pending)
    {
        var key = Queue.Take();
        if (notes.Remove(key, out pending))
        {
            simulation.CountWork(pending.Pace, -1);
        }
        return key;
    }

    public void ForgetSeen() => seen.Clear();

    /// <summary>What waits: the keys and their pace, for a message about what keeps a run
    /// busy.</summary>
    public IEnumerable<(ObjectKey Key, Pace Pace)> Waiting() =>
        notes.Select(n => (n.Key, n.Value.Pace)).OrderBy(n => n.Key);
}

/// <summary>Why a key waits: its causes in order, and the most pressing pace among them.</summary>
internal struct Pending(Cause first, Pace pace)
{
    private List<Cause>? more;

    public Cause First { get; } = first;

    public Pace Pace { get; set; } = pace;

    /// <summary>True when a step that changes nothing is not worth a look.</summary>
    public bool Quiet { get; set; }

    public void Add(Cause cause)
    {
        if (cause == First || (more is not null && more[^1] == cause))
        {
            return;
        }
        (more ??= []).Add(cause);
    }

    public readonly Cause[]? More => more?.ToArray();

    public readonly Seq<Cause> All =>
        First == default ? [] : more is null ? [First] : [First, .. more];
}

internal enum WorkType
{
    /// <summary>The next change of a kind reaches its watchers.</summary>
    Deliver,

    /// <summary>A worker takes a key and reconciles it.</summary>
    Start,

    /// <summary>A worker is through with the writes of a key.</summary>
    Free,

    /// <summary>A timer of a key fires.</summary>
    Timer,

    /// <summary>A new instance lists what it watches.</summary>
    Relist,

    /// <summary>An instance whose cursors stood still catches up.</summary>
    CatchUp,

    /// <summary>etcd lets go of the events whose hour is over.</summary>
    Expire,

    /// <summary>Leases of etcd end, and their keys with them.</summary>
    Lease,

    /// <summary>The clocks of etcd's members tick.</summary>
    Raft,
}

/// <summary>One entry of the simulation's event queue.</summary>
internal readonly record struct WorkItem(WorkType Type, object Target, ObjectKey Key, Pace Pace,
    int Generation, Cause Cause)
{
    public Shard Shard => (Shard)Target;
}
