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

    /// <summary>Makes the physical world of a run; a replay makes it anew.</summary>
    public Func<IWorldHost, IWorld> World { get; init; } = _ => new NoWorld();

    /// <summary>The most reconciles at one instant before the run is taken for endless.</summary>
    public int StepsPerInstant { get; init; } = 1_000_000;
}

/// <summary>The engine: one queue of work, ordered by virtual time and then by sequence. It routes
/// changes to their watchers, gives keys to workers, and records what each step did and
/// why.</summary>
internal sealed class Simulation : IWorldHost
{
    private const int TrimEvery = 256;

    private readonly EventQueue<WorkItem> queue = new();
    private readonly Dictionary<Kind, Stream> streams = [];
    private readonly List<Stream> streamList = [];
    private readonly int[] work = new int[3];
    private readonly Prng latency;
    private readonly Prng worldRandom;
    private readonly Pin pin;
    private DateTime instant;
    private int stepsAtInstant;
    private bool inInput;
    private ComponentFailedException? failure;

    public Simulation(SimulationOptions options)
    {
        Options = options;
        Now = options.Start;
        Random = new(options.Seed);
        latency = Random.Fork("latency");
        Store = new(options.History, NodeOf.Object);
        Api = new(Store, KindRegistry.BuiltIn, Random.Fork("kube-apiserver"), () => Now);
        Faults = new(this);
        Steps = new();
        worldRandom = Random.Fork("world");
        World = options.World(this);
        foreach (var o in options.Objects)
        {
            Api.Handle(CreateRequest(o)).EnsureSuccess();
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

    /// <summary>The number of work items executed, shown or not.</summary>
    public long Items { get; private set; }

    public ulong Rolling { get; private set; } = Digest.Start;

    /// <summary>True when no Progress and no Retry work is left.</summary>
    public bool IsConverged => work[(int)Pace.Progress] == 0 && work[(int)Pace.Retry] == 0;

    public bool TryNextDue(out DateTime due) => queue.TryPeek(out due, out _);

    public void CountWork(Pace pace, int by) => work[(int)pace] += by;

    public void Enqueue(DateTime due, in WorkItem item) => queue.Add(due, item);

    public TimeSpan DrawService() =>
        latency.Next(Options.Latency.Service.From, Options.Latency.Service.To);

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
        return watches ? streams[kind].Cursor(Store.Head) : Store.Head;
    }

    /// <summary>Moves the clock on to a time before the next due work.</summary>
    public void AdvanceTo(DateTime time) => Now = time > Now ? time : Now;

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
        return true;
    }

    /// <summary>Puts a component in place, or in the place of the one with its name. It starts
    /// with a
    /// list of what it watches.</summary>
    public void Install(ComponentSpec spec)
    {
        Remove(spec.Name);
        var component = new Component(spec, Components.Count);
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
        return lines.Take(most).ToSeq();
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
            case WorkType.CatchUp:
                CountWork(Pace.Progress, -1);
                if (item.Generation == item.Shard.Generation)
                {
                    CatchUp(item.Shard);
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
        EnqueueNow(WorkType.Relist, shard, TimeSpan.Zero);
        return shard;
    }

    /// <summary>Adds work of an instance that brings the cluster on.</summary>
    public void EnqueueNow(WorkType type, Shard shard, TimeSpan delay)
    {
        CountWork(Pace.Progress, 1);
        Enqueue(Now + delay, new(type, shard, default, Pace.Progress, shard.Generation, default));
    }

    /// <summary>Lets a worker begin when a key is ready and a worker is free.</summary>
    private void Kick(Shard shard)
    {
        if (shard.Reconciler is { } r && !shard.StartScheduled && shard.Queue.Ready > 0
            && shard.BusyWorkers < r.Workers)
        {
            shard.StartScheduled = true;
            Enqueue(
                Now, new(WorkType.Start, shard, default, Pace.Progress, shard.Generation, default));
        }
    }

    private void Deliver(Stream stream)
    {
        // What arrives at one instant is seen before anybody acts on a part of it.
        do
        {
            DeliverOne(stream);
        }
        while (stream.TryNext(out var next) && next <= Now);
        if (stream.TryNext(out var due))
        {
            Enqueue(due, new(WorkType.Deliver, stream, default, Pace.Progress, 0, default));
        }
    }

    private void DeliverOne(Stream stream)
    {
        CountWork(Pace.Progress, -1);
        var logged = Store.TryLog(stream.Take(), out var e);
        // A write that a later one overwrote in place (a lease renewal) has nothing left to say.
        for (var i = 0; logged && i < stream.Watchers.Count; i++)
        {
            var (component, watched) = stream.Watchers[i];
            if (!component.Spec.PerNode)
            {
                Offer(component.Shards[0], e);
            }
            else if (watched.NodeOf is null)
            {
                component.Shards.ForEach(s => Offer(s, e));
            }
            else
            {
                var now = e.New is null ? null : watched.NodeOf(e.New);
                var before = e.Old is null ? null : watched.NodeOf(e.Old);
                OfferNode(component, now, e);
                if (before != now)
                {
                    OfferNode(component, before, e);
                }
            }
        }
    }

    private void OfferNode(Component component, string? node, in WatchEvent e)
    {
        if (string.IsNullOrEmpty(node))
        {
            return;
        }
        if (component.Find(node) is { } shard)
        {
            Offer(shard, e);
        }
        else
        {
            // First use: the list of the new instance shows this change too.
            Begin(component, node);
        }
    }

    private void Offer(Shard shard, in WatchEvent e)
    {
        if (shard.Listed && !shard.IsHeld(e.Key.Kind))
        {
            shard.Observe(e);
            Kick(shard);
        }
    }

    private void Relist(Shard shard)
    {
        if (shard.Partitioned || shard.Listed)
        {
            return;
        }
        shard.Listed = true;
        foreach (var watched in shard.Component.Watches)
        {
            foreach (var o in Listed(shard, watched, CursorOf(shard, watched.Kind)))
            {
                shard.Observe(new(o.Metadata.ResourceVersion, o.Key, null, o), quiet: true);
            }
        }
        Kick(shard);
    }

    private IEnumerable<ApiObject> Listed(Shard shard, Watched watched, Revision at)
    {
        var all = Store.List(watched.Kind, null, at);
        return shard.Component.Spec.PerNode && watched.NodeOf is { } nodeOf
            ? all.Where(o => nodeOf(o) == shard.Node) : all;
    }

    /// <summary>Delivers what an instance missed while its cursors stood still.</summary>
    private void CatchUp(Shard shard)
    {
        foreach (var (kind, cursor) in shard.Held?.ToArray() ?? [])
        {
            var to = streams[kind].Cursor(Store.Head);
            var watched = shard.Component.Watches.First(w => w.Kind.Equals(kind));
            if (cursor.At < Store.Compacted)
            {
                RelistAfterGone(shard, watched, cursor.At, to);
                shard.Release(kind);
                continue;
            }
            for (var r = cursor.At.Next; r <= to; r = r.Next)
            {
                if (kind.Equals(Store.LogKind(r)) && Store.TryLog(r, out var e)
                    && Concerns(shard, watched, e))
                {
                    shard.Observe(e);
                }
            }
            shard.Release(kind);
        }
        Kick(shard);
    }

    /// <summary>410 Gone: the changes in between are compacted away, so the instance lists anew and
    /// learns from the difference, deletions included.</summary>
    private void RelistAfterGone(Shard shard, Watched watched, Revision from, Revision to)
    {
        var before = Listed(shard, watched, from).ToDictionary(o => o.Key);
        foreach (var now in Listed(shard, watched, to))
        {
            before.Remove(now.Key, out var old);
            if (old?.Metadata.ResourceVersion != now.Metadata.ResourceVersion)
            {
                shard.Observe(new(now.Metadata.ResourceVersion, now.Key, old, now));
            }
        }
        foreach (var gone in before.Values.OrderBy(o => o.Key))
        {
            shard.Observe(new(to, gone.Key, gone, null));
        }
    }

    private static bool Concerns(Shard shard, Watched watched, in WatchEvent e) =>
        !shard.Component.Spec.PerNode || watched.NodeOf is null
        || (e.New is not null && watched.NodeOf(e.New) == shard.Node)
        || (e.Old is not null && watched.NodeOf(e.Old) == shard.Node);

    private void Work(Shard shard, bool detail, ref StepRecord? step)
    {
        if (shard.Queue.Ready == 0)
        {
            return;
        }
        CheckInstant(shard);
        var key = shard.Take(out var pending);
        var context = shard.Context;
        var before = Store.Head;
        context.Begin();
        var error = Reconcile(shard, key, out var crashed);
        var own = DigestOf(shard, key, context, error);
        Rolling = Digest.Mix(Digest.Mix(Digest.Mix(Rolling, own), Store.Head.Value),
            pending.First.Number);
        var wrote = Store.Head > before;
        var shown = wrote || context.Changes.Count > 0 || error is not null
            || !pending.Quiet;
        if (shown)
        {
            Steps.Add(new()
            {
                Ticks = Now.Ticks, Items = Items, Shard = shard, Key = key, First = pending.First,
                More = pending.More, Last = Store.Head, Own = own, Rolling = Rolling,
                Writes = (int)(Store.Head.Value - before.Value),
            });
            if (detail)
            {
                step = Steps.Record(this, shard, key, pending, error);
            }
        }
        shard.ForgetSeen();
        RouteFrom(before, context.Commits);
        if (crashed)
        {
            shard.Crash();
            return;
        }
        SetTimers(shard, key, shown ? new(CauseType.Timer, Steps.Count) : pending.First, error);
        if (context.Busy > TimeSpan.Zero)
        {
            shard.BusyWorkers++;
            Enqueue(Now + context.Busy,
                new(WorkType.Free, shard, key, Pace.Progress, shard.Generation, default));
        }
        else
        {
            shard.Queue.Done(key);
        }
    }

    private string? Reconcile(Shard shard, ObjectKey key, out bool crashed)
    {
        crashed = false;
        try
        {
            return shard.Reconciler!.Reconcile(key, shard.Context).Error;
        }
        catch (ApiException refused)
        {
            return refused.Message;
        }
        catch (Faults.CrashedException)
        {
            crashed = true;
            return "the process died after this write";
        }
        catch (Exception bug) when (bug is not ThreadInterruptedException)
        {
            failure ??= new(Steps.Count + 1, shard.Instance, key, bug);
            return $"{bug.GetType().Name}: {bug.Message}";
        }
    }

    // A step that nobody looks at passes on the cause that woke it.
    private static void SetTimers(Shard shard, ObjectKey key, Cause setBy, string? error)
    {
        foreach (var (delay, about, pace) in shard.Context.Timers)
        {
            shard.SetTimer(delay, about, pace, setBy);
        }
        if (error is null)
        {
            shard.BackOff.Forget(key);
        }
        else
        {
            shard.SetTimer(shard.BackOff.Next(key), key, Pace.Retry, setBy);
        }
    }

    private void CheckInstant(Shard shard)
    {
        stepsAtInstant = instant == Now ? stepsAtInstant + 1 : 0;
        instant = Now;
        if (stepsAtInstant > Options.StepsPerInstant)
        {
            throw new EndlessRunException($"{stepsAtInstant} reconciles at one instant "
                + $"({Now:HH:mm:ss.fff}): {shard.Instance} keeps adding keys without letting time "
                + "pass. "
                + "Let Reconcile write only when something must change, or use After(delay, key).");
        }
    }

    /// <summary>What a step did, apart from the numbers of revisions: two branches do the same as
    /// long
    /// as this is the same, even when one has written more before.</summary>
    private ulong DigestOf(Shard shard, ObjectKey key, ReconcileContext context, string? error)
    {
        var digest = Digest.Mix(Digest.Mix(Digest.Start, shard.Digest), Now.Ticks);
        digest = key.Mix(digest);
        foreach (var change in context.Changes)
        {
            digest = change.Key.Mix(Digest.Mix(digest, (ulong)change.Verb));
            digest = change.Revision.Value > 0
                ? StateDigest.Mix(digest, change.Before, change.After)
                : Digest.Mix(digest, change.Refused?.Message);
        }
        foreach (var (delay, about, pace) in context.Timers)
        {
            digest = Digest.Mix(about.Mix(digest), delay.Ticks ^ (long)pace);
        }
        return Digest.Mix(digest, error);
    }

    /// <summary>Sends the revisions after one on their way; the i-th commit of a step leaves when
    /// the
    /// API server is through with it.</summary>
    private void RouteFrom(Revision before, List<(Revision Revision, TimeSpan After)> commits)
    {
        var next = 0;
        for (var r = before.Next; r <= Store.Head; r = r.Next)
        {
            while (next < commits.Count - 1 && commits[next].Revision < r)
            {
                next++;
            }
            var after = commits.Count == 0 ? TimeSpan.Zero : commits[next].After;
            Route(r, Now + after);
        }
    }

    private void Route(Revision revision, DateTime leaves)
    {
        if (Store.LogKind(revision) is not { } kind || !streams.TryGetValue(kind, out var stream)
            || stream.Watchers.Count == 0)
        {
            return;
        }
        var earliest = leaves + latency.Next(Options.Latency.Watch.From, Options.Latency.Watch.To);
        CountWork(Pace.Progress, 1);
        if (stream.Add(revision, earliest, out var due))
        {
            Enqueue(due, new(WorkType.Deliver, stream, default, Pace.Progress, 0, default));
        }
    }

    private Stream StreamOf(Kind kind)
    {
        if (!streams.TryGetValue(kind, out var stream))
        {
            stream = new(kind);
            streams.Add(kind, stream);
            streamList.Add(stream);
        }
        return stream;
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

/// <summary>A run that lets no time pass: some component keeps adding keys at one
/// instant.</summary>
public sealed class EndlessRunException(string message) : Exception(message);

/// <summary>A component threw something other than an <see cref="ApiException"/>: a bug in it. The
/// cluster goes on; the key is tried again with back-off.</summary>
public sealed class ComponentFailedException : Exception
{
    internal ComponentFailedException(long step, string component, ObjectKey key, Exception bug)
        : base($"{component} failed at step {step} on {key}: {bug.GetType().Name}: {bug.Message}",
            bug)
    {
        Step = step;
        Component = component;
    }

    /// <summary>The number of the step.</summary>
    public long Step { get; }

    /// <summary>The component's instance.</summary>
    public string Component { get; }
}
