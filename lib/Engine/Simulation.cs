namespace KubeSim;

/// <summary>The engine: one queue of work, ordered by virtual time and then by sequence. It routes
/// changes to their watchers, gives keys to workers, and records what each step did and
/// why.</summary>
internal sealed partial class Simulation : IWorldHost
{
    private const int TrimEvery = 256;

    private readonly EventQueue<WorkItem> queue = new();
    private readonly Dictionary<Kind, Stream> streams = [];
    private readonly List<Stream> streamList = [];
    private readonly int[] work = new int[3];
    private Prng latency;
    private Latency paces;
    private readonly Prng worldRandom;
    private readonly Pin pin;
    private readonly bool lazy;
    private DateTime instant;
    private int stepsAtInstant;
    private bool inInput;
    private ComponentFailedException? failure;

    public Simulation(SimulationOptions options)
    {
        Options = options;
        Now = options.Start;
        Random = new(options.Seed);
        (latency, paces) = (Random.Fork("latency"), options.Latency);
        Store = new(options.History, NodeOf.Object)
        {
            EventLifetime = options.Settings.Get(KnownFlags.EventTtl),
        };
        Api = NewApi();
        SeedPolicy(Random.Fork("policy"));
        Faults = new(this);
        StartEtcd();
        Steps = new();
        worldRandom = Random.Fork("world");
        World = options.World?.Invoke(this) ?? new NoWorld();
        Api.Extension = World.Extension;
        lazy = options.Objects.Count(o => o is Node) > options.LazyAboveNodes;
        foreach (var o in options.Objects)
        {
            Api.Handle(CreateRequest(WithOwners(o))).EnsureSuccess();
        }
        Steps.Begin(Store.Head);
        pin = Store.Pin(Store.Head);
        foreach (var spec in options.Components)
        {
            Install(spec);
        }
    }

    public SimulationOptions Options { get; }

    public DateTime Now { get; private set; }

    public Prng Random { get; }

    Prng IWorldHost.Random => worldRandom;

    public IWorld World { get; }

    public EtcdStore Store { get; }

    public ApiServer Api { get; }

    public Faults Faults { get; }

    public Steps Steps { get; }

    public List<Component> Components { get; } = [];

    public List<JournalEntry> Journal { get; } = [];

    /// <summary>What the API server answered to the latest request from outside.</summary>
    public ApiResponse? Answer { get; set; }

    /// <summary>What happens now in the world is caused by the latest input, or by the latest
    /// step.</summary>
    private Cause WakeCause => inInput ? new(CauseType.Input, Journal.Count)
        : new(CauseType.Timer, Steps.Count);

    /// <summary>Told of every span of time before it passes: nothing happens in it. It may look,
    /// and must change nothing that a component sees.</summary>
    public Action<DateTime, DateTime>? Passing { get; set; }

    /// <summary>The number of work items executed, shown or not.</summary>
    public long Items { get; private set; }

    public ulong Rolling { get; private set; } = Digest.Start;

    /// <summary>True when no Progress and no Retry work is left.</summary>
    public bool IsConverged => work[(int)Pace.Progress] == 0 && work[(int)Pace.Retry] == 0;

    public bool TryNextDue(out DateTime due) => queue.TryPeek(out due, out _);

    public void CountWork(Pace pace, int by) => work[(int)pace] += by;

    public void Enqueue(DateTime due, in WorkItem item) => queue.Add(due, item);

    public TimeSpan DrawService() =>
        latency.Next(paces.Service.From, paces.Service.To);

    /// <summary>From now on, how long work takes is drawn anew.</summary>
    public void Reseed(ulong seed, TimeSpan? slowestWatch)
    {
        latency = new Prng(seed).Fork("latency");
        paces = slowestWatch is not { } to ? paces : paces with { Watch = (paces.Watch.From, to) };
    }

    /// <summary>The revision that an instance sees of a kind: where its cursor stands, or the head
    /// for a kind that it does not watch (a live read).</summary>
    public Revision CursorOf(Shard shard, Kind kind)
    {
        if (shard.Held is not null && shard.Held.TryGetValue(kind, out var held))
        {
            return held.At;
        }
        var watches = false;
        foreach (var watched in shard.Component.Watches)
        {
            watches |= watched.Kind.Equals(kind);
        }
        var at = watches ? streams[kind].Cursor(Store.Head) : Store.Head;
        return at > shard.ListedAt ? at : shard.ListedAt;
    }

    /// <summary>Moves the clock on to a time before the next due work.</summary>
    public void AdvanceTo(DateTime time)
    {
        if (time > Now)
        {
            Passing?.Invoke(Now, time);
            Now = time;
        }
    }

    /// <summary>Carries out an input now; false when it was refused, and then it is not
    /// kept.</summary>
    public bool Submit(Input input)
    {
        var before = Store.Head;
        Steps.BeginInput(Journal.Count + 1);
        var entry = new JournalEntry(Items, Now, input);
        Journal.Add(entry);
        inInput = true;
        var done = input.Execute(this);
        inInput = false;
        if (!done)
        {
            Journal.RemoveAt(Journal.Count - 1);
            return false;
        }
        Rolling = Digest.Mix(Rolling, Journal.Count);
        for (var r = before.Next; r <= Store.Head; r = r.Next)
        {
            var change = Store.Log(r);
            Rolling = StateDigest.Mix(change.Key.Mix(Rolling), change.Old, change.New);
        }
        Steps.InputWrote(Store.Head);
        RouteFrom(before, []);
        ArmExpiry();
        return true;
    }

    /// <summary>Puts a component in place, or in the place of the one with its name. It starts
    /// with a list of what it watches.</summary>
    public void Install(ComponentSpec spec)
    {
        Remove(spec.Name);
        var component = new Component(spec, Options.Settings, lazy);
        Components.Add(component);
        foreach (var watched in component.Watches)
        {
            StreamOf(watched.Kind).Watchers.Add((component, watched));
        }
        if (!spec.PerNode)
        {
            Begin(component, "");
            return;
        }
        foreach (var node in Store.List(Kinds.Node, null, Store.Head))
        {
            Begin(component, node.Metadata.Name);
        }
    }

    public void Remove(string name)
    {
        var component = Components.FirstOrDefault(c => c.Name == name);
        if (component is null)
        {
            return;
        }
        component.Shards.ForEach(s => s.Crash());
        Components.Remove(component);
        streamList.ForEach(s => s.Watchers.RemoveAll(w => w.Component == component));
    }

    /// <summary>Executes the next work item; false when none is left. The step log tells whether it
    /// was a step that someone would look at.</summary>
    public bool ExecuteNext(bool detail, out StepRecord? step)
    {
        step = null;
        if (!queue.TryPeek(out var due, out _))
        {
            return false;
        }
        var item = queue.Take();
        AdvanceTo(due);
        Items++;
        Rolling = Digest.Mix(Rolling, (ulong)item.Type ^ ((ulong)Now.Ticks << 3));
        Execute(item, detail, ref step);
        if (Items % TrimEvery == 0)
        {
            Trim();
        }
        return true;
    }

    /// <summary>The bug that a component threw since the last call; null when none did.</summary>
    public ComponentFailedException? TakeFailure()
    {
        var thrown = failure;
        failure = null;
        return thrown;
    }

    /// <summary>What is due next, in words.</summary>
    public string DescribeNext()
    {
        if (!queue.TryPeek(out var due, out var item))
        {
            return "nothing is due";
        }
        var what = item.Type switch
        {
            WorkType.Deliver =>
                $"a change of {((Stream)item.Target).Kind.Plural} reaches its watchers",
            WorkType.Timer => $"{item.Shard.Instance}, {item.Key} ({item.Pace} timer)",
            WorkType.Expire => "etcd lets go of old events",
            WorkType.Lease => "a lease of etcd ends",
            WorkType.Raft => "the members of etcd look for a leader",
            _ => $"{item.Shard.Instance} ({item.Type})",
        };
        return string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{what} at {due:yyyy-MM-dd HH:mm:ss.fff}");
    }

    /// <summary>What keeps the cluster busy: at most so many lines.</summary>
    public Seq<string> Busy(int most = 5)
    {
        var lines = new List<string>();
        foreach (var shard in Components.SelectMany(c => c.Shards))
        {
            lines.AddRange(shard.Waiting().Where(w => w.Pace != Pace.Background)
                .Select(w => $"{shard.Instance}: {w.Key} waits in the queue"));
        }
        foreach (var (due, item) in queue.InOrder())
        {
            if (item.Type == WorkType.Timer && item.Pace != Pace.Background
                && item.Generation == item.Shard.Generation)
            {
                lines.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                    $"{item.Shard.Instance}: {item.Key}, {item.Pace} timer at {due:HH:mm:ss.fff}"));
            }
        }
        lines.AddRange(streamList.Where(s => s.Waiting > 0)
            .Select(s => $"{s.Waiting} changes of {s.Kind.Plural} on their way to watchers"));
        if (raftArmed)
        {
            lines.Add("the members of etcd look for a leader, or catch up with one");
        }
        return lines.Take(most).ToSeq();
    }

    /// <summary>An owner that is named without its UID, which nobody can know beforehand, is one of
    /// the cluster-scoped objects made before.</summary>
    private ApiObject WithOwners(ApiObject o) => o.Metadata.OwnerReferences.IsEmpty ? o : o with
    {
        Metadata = o.Metadata with
        {
            OwnerReferences = o.Metadata.OwnerReferences.Select(owner => owner.Uid.Length > 0
                || KindRegistry.BuiltIn.Find(owner.ApiVersion, owner.Kind) is not { } kind
                ? owner
                : owner with { Uid = Store.Get(new(kind, "", owner.Name))?.Metadata.Uid ?? "" })
                .ToSeq(),
        },
    };

    private ApiServer NewApi()
    {
        var authorizer = new RbacAuthorizer(Store);
        var settings = Options.Settings;
        return new(Store, KindRegistry.BuiltIn, Random.Fork("kube-apiserver"), () => Now,
            settings.Get(KnownFlags.MaxUnavailableStatefulSet))
        {
            Authorizer = authorizer,
            Admission = Admissions.Plain(() => authorizer,
                settings.Get(KnownFlags.NotReadyToleration),
                settings.Get(KnownFlags.UnreachableToleration)),
        };
    }

    private void SeedPolicy(Prng uids)
    {
        foreach (var o in Options.Policy)
        {
            var meta = o.Metadata with
            {
                Uid = uids.NewUid(), CreationTimestamp = Options.Start,
            };
            Store.Seed(o with { Metadata = meta });
        }
    }

    private static ApiRequest CreateRequest(ApiObject o) =>
        new(Verb.Create, new ResourcePath(o.Kind, o.Metadata.Namespace, ""))
        {
            Body = new Payload.Typed(o), User = UserInfo.Admin,
        };

    private void Execute(in WorkItem item, bool detail, ref StepRecord? step)
    {
        switch (item.Type)
        {
            case WorkType.Deliver:
                Deliver((Stream)item.Target);
                return;
            case WorkType.Relist:
                CountWork(Pace.Progress, -1);
                if (item.Generation == item.Shard.Generation)
                {
                    Relist(item.Shard);
                }
                return;
            case WorkType.Expire:
                Expire();
                return;
            case WorkType.Lease:
                ExpireLeases();
                return;
            case WorkType.Raft:
                TickRaft();
                return;
            case WorkType.CatchUp:
                CountWork(Pace.Progress, -1);
                if (item.Generation == item.Shard.Generation)
                {
                    CatchUp(item.Shard, item.Key.Kind);
                }
                return;
        }
        var shard = item.Shard;
        if (item.Generation != shard.Generation)
        {
            return;
        }
        switch (item.Type)
        {
            case WorkType.Start:
                shard.StartScheduled = false;
                Work(shard, detail, ref step);
                break;
            case WorkType.Free:
                shard.BusyWorkers--;
                shard.Queue.Done(item.Key);
                break;
            case WorkType.Timer when shard.TakeTimer(item.Key, item.Pace):
                shard.Add(item.Key, item.Cause, item.Pace);
                break;
        }
        Kick(shard);
    }

    public void Wake(string component, string node, ObjectKey key, TimeSpan delay, Pace pace)
    {
        if (Components.Find(c => c.Name == component)?.Find(node) is { Reconciler: not null } shard)
        {
            shard.SetTimer(delay, key, pace, WakeCause);
        }
    }

    /// <summary>Makes an instance and lets it list what it watches.</summary>
    public Shard Begin(Component component, string node)
    {
        var shard = component.Add(this, node);
        shard.Start();
        AskForList(shard, TimeSpan.Zero);
        return shard;
    }

    /// <summary>Lets an instance list what it watches.</summary>
    public void AskForList(Shard shard, TimeSpan delay)
    {
        shard.ListedAt = Store.Head;
        EnqueueNow(WorkType.Relist, shard, delay);
    }

    /// <summary>Adds work of an instance that brings the cluster on.</summary>
    public void EnqueueNow(WorkType type, Shard shard, TimeSpan delay, ObjectKey about = default)
    {
        CountWork(Pace.Progress, 1);
        Enqueue(Now + delay, new(type, shard, about, Pace.Progress, shard.Generation, default));
    }

    /// <summary>Lets a worker begin when a key is ready and a worker is free.</summary>
    private void Kick(Shard shard)
    {
        if (shard.Reconciler is not null && !shard.StartScheduled && shard.Queue.Ready > 0
            && shard.BusyWorkers < shard.Component.Workers)
        {
            shard.StartScheduled = true;
            Enqueue(
                Now, new(WorkType.Start, shard, default, Pace.Progress, shard.Generation, default));
        }
    }

    private void Trim()
    {
        var floor = Store.Head;
        foreach (var stream in streamList)
        {
            var cursor = stream.Cursor(Store.Head);
            floor = cursor < floor ? cursor : floor;
        }
        pin.MoveTo(floor);
        Store.Trim(floor);
        Steps.Trim(Store.Oldest);
    }
}
