namespace KubeSim;

/// <summary>
/// Verdicts and scores that equal pods share. A Deployment of 30 asks 30 times the same question of
/// nodes of which one changed since the last time; on 5,000 nodes that is the difference between
/// asking 500 nodes for each pod and asking one.
/// <para>An entry is good while the node's generation is the one at which it was made. Only the 64
/// shapes that were seen last have entries; the arrays of one that is dropped serve the
/// next.</para>
/// </summary>
internal sealed class SharedResults(int scores)
{
    private const int MostShapes = 64;

    private readonly Dictionary<PodShape, ShapeResults> byShape =
        new(ReferenceEqualityComparer.Instance);

    private readonly List<ShapeResults> entries = [];
    private long clock;

    /// <summary>The results for a shape, with room for so many nodes.</summary>
    public ShapeResults For(PodShape shape, int slots)
    {
        if (!byShape.TryGetValue(shape, out var results))
        {
            results = entries.Count < MostShapes ? New() : Oldest();
            results.Begin(shape);
            byShape.Add(shape, results);
        }
        results.LastUse = ++clock;
        results.Fit(slots);
        return results;
    }

    private ShapeResults New()
    {
        var results = new ShapeResults(scores);
        entries.Add(results);
        return results;
    }

    private ShapeResults Oldest()
    {
        var oldest = entries[0];
        foreach (var entry in entries)
        {
            oldest = entry.LastUse < oldest.LastUse ? entry : oldest;
        }
        byShape.Remove(oldest.Shape!);
        return oldest;
    }
}

/// <summary>What is known about a shape and each node, by the node's slot.</summary>
internal sealed class ShapeResults(int scores)
{
    // What every look at a node needs lies together.
    private (long VerdictAt, long ScoresAt, long Sum, PluginStatus? Verdict)[] entries = [];
    private long[] values = [];
    private long epoch;

    public PodShape? Shape { get; private set; }

    public long LastUse { get; set; }

    // What an earlier shape left behind has another epoch: cheaper than to clear the arrays.
    public void Begin(PodShape shape) => (Shape, epoch) = (shape, epoch + (1L << 40));

    public void Fit(int slots)
    {
        if (entries.Length >= slots)
        {
            return;
        }
        var size = Math.Max(slots, entries.Length * 2);
        Array.Resize(ref entries, size);
        Array.Resize(ref values, size * scores);
    }

    public PluginStatus? Verdict(NodeInfo node)
    {
        ref var entry = ref entries[node.Slot];
        return entry.VerdictAt == epoch + node.Generation ? entry.Verdict : null;
    }

    public void Keep(NodeInfo node, PluginStatus verdict)
    {
        ref var entry = ref entries[node.Slot];
        (entry.VerdictAt, entry.Verdict) = (epoch + node.Generation, verdict);
    }

    /// <summary>The scores of a node, a place for each Score plugin.</summary>
    public Span<long> Scores(NodeInfo node) => values.AsSpan(node.Slot * scores, scores);

    /// <summary>The sum of the scores that are compared with nothing; false: it is to be worked out
    /// and filled in, and so are the scores.</summary>
    public bool HasSum(NodeInfo node, out long sum)
    {
        ref var entry = ref entries[node.Slot];
        sum = entry.Sum;
        return entry.ScoresAt == epoch + node.Generation;
    }

    public void KeepSum(NodeInfo node, long sum)
    {
        ref var entry = ref entries[node.Slot];
        (entry.ScoresAt, entry.Sum) = (epoch + node.Generation, sum);
    }
}
