namespace KubeSim;

/// <summary>The past of a cluster: any revision can be read, any step taken back, any run
/// branched.</summary>
public sealed partial class Cluster
{
    /// <summary>The cluster as it was at a revision, to read only.</summary>
    /// <exception cref="HistoryGoneException">It is older than the history that is
    /// kept.</exception>
    public ClusterView At(Revision revision) =>
        Owned(s => new ClusterView(this, s.Store, revision));

    /// <summary>The cluster as it was at a revision, to read only.</summary>
    public ClusterView At(long revision) => At(new Revision(revision));

    /// <summary>Why an object is as it is: the steps and inputs that led to it, oldest
    /// first.</summary>
    public CausalChain Why(ApiObject about) => Why(about.Key);

    /// <summary>Why an object is as it is, or why it is gone.</summary>
    public CausalChain Why(ObjectKey about) =>
        Owned(s => KubeSim.Why.Of(s, about));

    /// <summary>When a revision was written (UTC).</summary>
    /// <exception cref="HistoryGoneException">It is older than the history that is
    /// kept.</exception>
    public DateTime TimeOf(Revision at) => Owned(s => s.Steps.OriginOf(at) switch
    {
        > 0 and var step => new DateTime(s.Steps[step].Ticks, DateTimeKind.Utc),
        < 0 and var input => s.Journal[(int)-input - 1].Time,
        0 => s.Options.Start,
        null => throw new HistoryGoneException(at, s.Store.Oldest),
    });

    /// <summary>The last revision that there was when a step was over.</summary>
    public Revision RevisionAfter(long step) => Owned(s => s.Steps[step].Last);

    /// <summary>Everything that was written and is still kept, oldest first, with its
    /// time.</summary>
    /// <param name="kinds">Only objects of these kinds; of all kinds when none is named.</param>
    public IEnumerable<(DateTime Time, WatchEvent Event)> Past(params Kind[] kinds) =>
        host is null ? ReadPast(kinds) : Still(c => c.ReadPast(kinds).ToList());

    private IEnumerable<(DateTime Time, WatchEvent Event)> ReadPast(Kind[] kinds)
    {
        var store = simulation.Store;
        for (var at = new Revision(store.Oldest.Value + 1); at <= store.Head; at = at.Next)
        {
            if ((kinds.Length == 0 || (store.LogKind(at) is { } kind && kinds.Contains(kind)))
                && store.TryLog(at, out var change))
            {
                yield return (TimeOf(at), change);
            }
        }
    }

    /// <summary>Lives the whole run once more, in a second cluster: to look at each step of the
    /// past on the way.</summary>
    /// <param name="begin">Is given the second cluster before anything happens in it, to listen
    /// with <see cref="Stepped"/>.</param>
    /// <returns>The second cluster, as far as this one.</returns>
    /// <exception cref="ReplayDivergedException">A component draws on something
    /// outside.</exception>
    public Cluster Relive(Action<Cluster> begin) => Owned(s => Muted(() =>
    {
        var again = new Cluster(new Simulation(s.Options));
        begin(again);
        Replay.Into(again.simulation, s, again.Stepped);
        return again;
    }));

    /// <summary>Numbers of the past that nobody wrote down: lives the run once more and takes them
    /// on the way, at regular times and now. The run itself pays nothing for it.</summary>
    /// <param name="take">Takes them; it must not change the cluster.</param>
    /// <param name="every">The time between two.</param>
    /// <param name="last">Only those of so long before now; null for the whole run.</param>
    /// <example><code>
    /// cluster.Sample(c => c.UsageOf(c.Get&lt;Pod&gt;("web-0")), TimeSpan.FromSeconds(15))
    /// </code></example>
    /// <exception cref="ReplayDivergedException">A component draws on something
    /// outside.</exception>
    public Seq<(DateTime Time, T Value)> Sample<T>(
        Func<Cluster, T> take, TimeSpan every, TimeSpan? last = null)
    {
        ArgumentNullException.ThrowIfNull(take);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(every, TimeSpan.Zero);
        return Owned(s => Muted(() =>
        {
            var again = new Cluster(new Simulation(s.Options));
            var taken = new List<(DateTime, T)>();
            var next = last is { } span && s.Now - span > s.Options.Start ? s.Now - span
                : s.Options.Start;
            // What happens at the very time is seen.
            Replay.Into(again.simulation, s, null, time =>
            {
                for (; next < time; next += every)
                {
                    again.simulation.AdvanceTo(next);
                    taken.Add((next, take(again)));
                }
            });
            taken.Add((s.Now, take(again)));
            return taken.ToSeq();
        }));
    }

    /// <summary>A step of the past in full, brought back by replay.</summary>
    /// <param name="number">From 1 to <see cref="StepCount"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such step, or no
    /// longer.</exception>
    public StepRecord StepAt(long number)
    {
        using var own = Own();
        if (number < simulation.Steps.Oldest || number > StepCount)
        {
            throw new ArgumentOutOfRangeException(nameof(number), number,
                $"the steps that are known are {simulation.Steps.Oldest} to {StepCount}");
        }
        return Muted(() => Replay.StepAt(simulation, number));
    }

    /// <summary>Takes steps back, and drops every input given after the first of them. The cluster
    /// is then as it was right before that step.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many steps.</exception>
    /// <exception cref="ReplayDivergedException">A component draws on something
    /// outside.</exception>
    public void Rewind(long steps = 1)
    {
        using var own = Own();
        var first = StepCount - steps + 1;
        if (steps < 0 || first < simulation.Steps.Oldest)
        {
            throw new ArgumentOutOfRangeException(nameof(steps), steps,
                $"there are {StepCount - simulation.Steps.Oldest + 1} steps to take back");
        }
        if (steps > 0)
        {
            simulation = Muted(() => Replay.Before(simulation, first));
            host?.Rewound();
        }
    }

    /// <summary>A second cluster that has lived the same until now and goes its own way from
    /// here.</summary>
    /// <exception cref="ReplayDivergedException">A component draws on something
    /// outside.</exception>
    public Cluster Fork()
    {
        using var own = Own();
        var fork = new Cluster(Muted(() => Replay.Whole(simulation)));
        foreach (var (name, holds, broken) in invariants)
        {
            fork.invariants.Add((name, holds, broken));
        }
        return fork;
    }

    /// <summary>The first step in which two clusters differ, and how; null when they do
    /// not.</summary>
    public static Divergence? Compare(Cluster first, Cluster second) => first.Owned(a =>
        second.Owned(b => Muted(() => Comparison.Of(a, b))));

    /// <summary>The digest of the run after a step.</summary>
    public ulong DigestAt(long step) => Owned(s => s.Steps[step].Rolling);

    // What a learner's component printed, it printed in the first run.
    internal static T Muted<T>(Func<T> replay)
    {
        var console = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            return replay();
        }
        finally
        {
            Console.SetOut(console);
        }
    }
}

/// <summary>The cluster at one revision, to read only.</summary>
public sealed class ClusterView : IObjectReader
{
    private readonly Cluster cluster;
    private readonly EtcdStore store;

    internal ClusterView(Cluster cluster, EtcdStore store, Revision revision)
    {
        if (revision < store.Oldest || revision > store.Head)
        {
            throw new HistoryGoneException(revision, store.Oldest);
        }
        (this.cluster, this.store, Revision) = (cluster, store, revision);
    }

    /// <summary>The revision that the view shows.</summary>
    public Revision Revision { get; }

    /// <summary>A map of the cluster at that revision, as HTML, for a notebook.</summary>
    public string ToHtml() => cluster.Still(_ => Html.Of(this));

    /// <summary>An object by namespace (empty for cluster-scoped kinds) and name, or
    /// null.</summary>
    public T? Find<T>(string ns, string name)
        where T : ApiObject =>
        (T?)cluster.Still(_ => store.Get(new(Kinds.Of<T>(), ns, name), Revision));

    T? IObjectReader.Get<T>(string ns, string name)
        where T : class => Find<T>(ns, name);

    IEnumerable<T> IObjectReader.List<T>(string? ns) => List<T>(ns);

    /// <summary>The objects of a type, by namespace and name.</summary>
    public Seq<T> List<T>(string? ns = null)
        where T : ApiObject =>
        cluster.Still(_ => store.List(Kinds.Of<T>(), ns, Revision).Cast<T>().ToSeq());
}
