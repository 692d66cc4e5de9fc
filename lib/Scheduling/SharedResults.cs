namespace KubeSim;

/// <summary>
/// Verdicts and scores that equal pods share. A Deployment of 30 asks 30 times the same question of
/// nodes of which one changed since the last time; on 5,000 nodes that is the difference between
/// asking 500 nodes for each pod and asking one.
/// <para>An entry is good while the node's generation is the one at which it was made; no other
/// node ever has that one. It lies at the node's place in the order in which nodes are looked at,
/// so that a look at 500 nodes is one run through memory, and touches no node that did not
/// change.</para>
/// <para>Only 64 shapes have entries. A newcomer takes the place of the newcomer before it when
/// that one was seen only once: pods that are all unlike then share one warm place. Every eighth
/// takes the place that was not used for longest.</para>
/// </summary>
internal sealed class SharedResults(bool[] keeps)
{
    private const int MostShapes = 64;
    private const int TurnOfTheOldest = 8;

    private readonly Dictionary<PodShape, ShapeResults> byShape =
        new(ReferenceEqualityComparer.Instance);

    private readonly List<ShapeResults> entries = [];
    private ShapeResults? newest;
    private int newcomers;
    private long clock;

    /// <summary>The results for a shape about the nodes of a cache.</summary>
    public ShapeResults For(PodShape shape, SchedulerCache cache)
    {
        if (byShape.TryGetValue(shape, out var results))
        {
            newest = results == newest ? null : newest;
        }
        else
        {
            results = newest = entries.Count < MostShapes ? New() : Vacate();
            results.Begin(shape);
            byShape.Add(shape, results);
        }
        results.LastUse = ++clock;
        results.Fit(cache.Ordered.Length);
        return results;
    }

    private ShapeResults New()
    {
        var results = new ShapeResults(keeps);
        entries.Add(results);
        return results;
    }

    private ShapeResults Vacate()
    {
        var leaves = ++newcomers % TurnOfTheOldest == 0 || newest is null
            ? entries.MinBy(e => e.LastUse)! : newest;
        byShape.Remove(leaves.Shape!);
        return leaves;
    }
}

/// <summary>What is known about a shape and each node, by the node's place in the order.</summary>
internal sealed class ShapeResults(bool[] keeps)
{
    private const long Unknown = -1;

    // What every look at a node needs lies together.
    private (long At, long Sum, PluginStatus? Verdict)[] entries = [];
    private readonly long[][] values = [.. keeps.Select(_ => Array.Empty<long>())];
    private long epoch;

    public PodShape? Shape { get; private set; }

    public long LastUse { get; set; }

    // What an earlier shape left behind has another epoch: cheaper than to clear the arrays.
    public void Begin(PodShape shape) => (Shape, epoch) = (shape, epoch + (1L << 40));

    public void Fit(int nodes)
    {
        if (entries.Length >= nodes)
        {
            return;
        }
        var size = Math.Max(nodes, entries.Length * 2);
        Array.Resize(ref entries, size);
        for (var p = 0; p < keeps.Length; p++)
        {
            Array.Resize(ref values[p], keeps[p] ? size : 0);
        }
    }

    /// <summary>The verdict about a node as it is now; null when it is to be worked out.</summary>
    public PluginStatus? Verdict(int place, long generation)
    {
        ref var entry = ref entries[place];
        return entry.At == epoch + generation ? entry.Verdict : null;
    }

    /// <summary>How many nodes in a row, from a place on, are known to do as they are
    /// now.</summary>
    public int Run(int place, ReadOnlySpan<long> generations, int most)
    {
        var now = generations.Slice(place, most);
        var known = entries.AsSpan(place, most);
        var run = 0;
        while (run < known.Length && known[run].At == epoch + now[run]
            && known[run].Verdict == PluginStatus.Success)
        {
            run++;
        }
        return run;
    }

    public void Keep(int place, long generation, PluginStatus verdict) =>
        entries[place] = (epoch + generation, Unknown, verdict);

    /// <summary>The sum of a node's scores that are compared with nothing. False: it is to be
    /// worked out and filled in, and so are the scores that are compared.</summary>
    public bool HasSum(int place, out long sum) => (sum = entries[place].Sum) != Unknown;

    public void KeepSum(int place, long sum) => entries[place].Sum = sum;

    /// <summary>What a plugin whose scores are compared said of each node.</summary>
    public long[] Values(int plugin) => values[plugin];
}
