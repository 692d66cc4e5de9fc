namespace KubeSim;

/// <summary>
/// The decision about one pod: which nodes can take it, how good each of them is, and which it
/// shall be.
/// <para>In a large cluster not every node is asked: with 5,000 nodes the search ends when 10 % of
/// them, 500, are found to do (50 % less one per 125 nodes, at least 5 %, never fewer than 100
/// nodes). The next pod's search begins where this one ended, so that every node has its turn. Of
/// several nodes with the top score chance decides.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/schedule_one.go.</remarks>
public sealed class SchedulingCycle
{
    private const int FewestFeasible = 100;

    private readonly SchedulingFramework framework;
    private readonly SchedulerCache cache;
    private readonly SharedResults shared;
    private readonly List<NodeInfo> feasible = [];
    private long[] totals = [];
    private long[][] weighted = [];
    private int start;

    /// <summary>Decisions with some plugins over what is known of the cluster.</summary>
    /// <param name="framework">The plugins.</param>
    /// <param name="cache">The nodes and their pods.</param>
    public SchedulingCycle(SchedulingFramework framework, SchedulerCache cache)
    {
        (this.framework, this.cache) = (framework, cache);
        shared = new(framework.Scores.Length);
    }

    /// <summary>The nodes that would do, of the last decision.</summary>
    public IReadOnlyList<NodeInfo> Feasible => feasible;

    /// <summary>Why the last pod fits nowhere, or what spoke against the nodes that were passed
    /// over.</summary>
    public Diagnosis Diagnosis { get; } = new(0);

    /// <summary>The node for a pod; null when there is none, and <see cref="Diagnosis"/> says
    /// why.</summary>
    /// <exception cref="PluginFailedException">A plugin failed.</exception>
    public NodeInfo? Decide(CycleState state, Prng random)
    {
        feasible.Clear();
        var nodes = cache.Ordered;
        Diagnosis.Begin(nodes.Length);
        var begin = start;
        var status = framework.PreFilter(state, state.Pod, nodes);
        if (!status.IsSuccess)
        {
            RejectAll(nodes, status);
        }
        else if (!KeepsToNomination(state))
        {
            FindFeasible(state, nodes);
        }
        var chosen = feasible.Count switch
        {
            0 => null,
            1 => feasible[0],
            _ => Best(state, random),
        };
        if (state.Record is { } record)
        {
            record.PreFilter = status.IsSuccess ? null : status;
            (record.Start, record.Wanted) = (begin, NodesToFind(nodes.Length, Percentage));
            record.Write(framework, state, Diagnosis, Looked(nodes, begin), feasible, chosen);
        }
        return chosen;
    }

    /// <summary>The share of the nodes that must do before the search ends; 0: by the size of the
    /// cluster.</summary>
    public int Percentage { get; set; }

    /// <summary>How many nodes that will do end the search.</summary>
    public static int NodesToFind(int nodes, int percentage)
    {
        if (nodes < FewestFeasible)
        {
            return nodes;
        }
        if (percentage == 0)
        {
            percentage = Math.Max(5, 50 - nodes / 125);
        }
        return percentage >= 100 ? nodes : Math.Max(FewestFeasible, nodes * percentage / 100);
    }

    /// <summary>The weighted score that a plugin gave a feasible node in the last decision; null
    /// when it had none to give, or when only one node would do and none was scored.</summary>
    public long? WeightedScore(CycleState state, int plugin, int node)
    {
        if (feasible.Count < 2 || (state.SkipScore >> plugin & 1) != 0)
        {
            return null;
        }
        if (framework.IsCompared(plugin))
        {
            return weighted[plugin][node];
        }
        return shared.For(state.Shape, cache.Slots).Scores(feasible[node])[plugin]
            * framework.Scores[plugin].Weight;
    }

    /// <summary>The total of a feasible node in the last decision.</summary>
    public long Total(int node) => totals[node];

    /// <summary>Picks one of the highest totals, each with equal chance, in one pass: the n-th that
    /// ties takes the lead with chance 1/n.</summary>
    internal static int Select(ReadOnlySpan<long> totals, Prng random)
    {
        var (best, ties) = (0, 1);
        for (var i = 1; i < totals.Length; i++)
        {
            if (totals[i] > totals[best])
            {
                (best, ties) = (i, 1);
            }
            else if (totals[i] == totals[best] && random.Next(++ties) == 0)
            {
                best = i;
            }
        }
        return best;
    }

    private void RejectAll(NodeInfo[] nodes, PluginStatus status)
    {
        Diagnosis.PreFilterMessage = status.Message;
        foreach (var node in nodes)
        {
            Diagnosis.Rejected.Add((node, status));
        }
    }

    private void FindFeasible(CycleState state, NodeInfo[] all)
    {
        var nodes = all;
        if (state.OnlyNodes is { } names)
        {
            nodes = [.. names.Select(cache.Find).OfType<NodeInfo>()];
            Diagnosis.Absent = PluginStatus.Unresolvable(state.Narrowing.Min!,
                $"node(s) didn't satisfy plugin(s) [{string.Join(' ', state.Narrowing)}]");
        }
        if (nodes.Length == 0)
        {
            return;
        }
        var wanted = NodesToFind(nodes.Length, Percentage);
        var results = shared.For(state.Shape, cache.Slots);
        var own = framework.HasOwnFilters(state);
        var guests = cache.Nominations > 0;
        var at = start % nodes.Length;
        for (var looked = 0; looked < nodes.Length && feasible.Count < wanted; looked++)
        {
            var node = nodes[at];
            at = at + 1 == nodes.Length ? 0 : at + 1;
            var verdict = guests ? framework.FilterWithGuests(state, node) : PluginStatus.Success;
            if (verdict.IsSuccess)
            {
                verdict = Verdict(state, node, results, own);
            }
            if (verdict.IsSuccess)
            {
                feasible.Add(node);
            }
            else
            {
                Diagnosis.Rejected.Add((node, verdict));
            }
        }
        start = (start + feasible.Count + Diagnosis.Rejected.Count) % all.Length;
    }

    private PluginStatus Verdict(
        CycleState state, NodeInfo node, ShapeResults results, bool own)
    {
        var verdict = results.Verdict(node);
        if (verdict is null)
        {
            verdict = framework.FilterShared(state, state.Pod, node);
            results.Keep(node, verdict);
        }
        return own && verdict.IsSuccess ? framework.FilterOwn(state, state.Pod, node) : verdict;
    }

    // A pod for which room was made goes there, if it now can, and no other node is looked at.
    private bool KeepsToNomination(CycleState state)
    {
        if (state.Pod.Status.NominatedNodeName is not { Length: > 0 } name
            || cache.Find(name) is not { } node || !(state.OnlyNodes?.Contains(name) ?? true)
            || !framework.FilterWithGuests(state, node).IsSuccess
            || !framework.Filter(state, state.Pod, node).IsSuccess)
        {
            return false;
        }
        feasible.Add(node);
        return true;
    }

    private List<NodeInfo> Looked(NodeInfo[] all, int begin)
    {
        var seen = feasible.Concat(Diagnosis.Rejected.Select(r => r.Node)).ToHashSet();
        return [.. Enumerable.Range(0, all.Length).Select(i => all[(begin + i) % all.Length])
            .Where(seen.Contains)];
    }

    private NodeInfo Best(CycleState state, Prng random)
    {
        framework.PreScore(state, state.Pod, feasible);
        Grow();
        var count = feasible.Count;
        var sums = totals.AsSpan(0, count);
        Score(state, sums);
        foreach (var p in framework.Active(state).Compared)
        {
            var (plugin, weight) = framework.Scores[p];
            var scores = weighted[p].AsSpan(0, count);
            SchedulingFramework.Normalize(plugin, state, scores);
            for (var i = 0; i < scores.Length; i++)
            {
                scores[i] *= weight;
                sums[i] += scores[i];
            }
        }
        return feasible[Select(sums, random)];
    }

    // Plugins that answer by the node alone are asked when the node has changed; the others always.
    // What is not compared with other nodes is summed up once.
    private void Score(CycleState state, Span<long> sums)
    {
        var results = shared.For(state.Shape, cache.Slots);
        var (active, compared) = framework.Active(state);
        for (var i = 0; i < sums.Length; i++)
        {
            var node = feasible[i];
            if (!results.HasSum(node, out var sum))
            {
                sum = Sum(state, node, results.Scores(node), active);
                results.KeepSum(node, sum);
            }
            sums[i] = sum;
            foreach (var p in compared)
            {
                weighted[p][i] = framework.IsLocalScore(p)
                    ? results.Scores(node)[p] : framework.Score(p, state, node);
            }
        }
    }

    private long Sum(CycleState state, NodeInfo node, Span<long> kept, int[] active)
    {
        var sum = 0L;
        foreach (var p in active)
        {
            if (framework.IsLocalScore(p))
            {
                var (plugin, weight) = framework.Scores[p];
                kept[p] = framework.Score(p, state, node);
                sum += framework.IsCompared(p) ? 0
                    : SchedulingFramework.Checked(plugin, kept[p]) * weight;
            }
        }
        return sum;
    }

    private void Grow()
    {
        if (totals.Length >= feasible.Count)
        {
            return;
        }
        var size = Math.Max(feasible.Count, totals.Length * 2);
        totals = new long[size];
        weighted = new long[framework.Scores.Length][];
        for (var p = 0; p < weighted.Length; p++)
        {
            weighted[p] = new long[size];
        }
    }
}
