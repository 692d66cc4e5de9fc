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
public sealed partial class SchedulingCycle
{
    private const int FewestFeasible = 100;

    private readonly SchedulingFramework framework;
    private readonly SchedulerCache cache;
    private readonly SharedResults shared;
    private readonly NodesFound feasible = new();
    private ShapeResults results;
    private long[] totals = [];
    private long[][] normalized = [];
    private int start;

    /// <summary>Decisions with some plugins over what is known of the cluster.</summary>
    /// <param name="framework">The plugins.</param>
    /// <param name="cache">The nodes and their pods.</param>
    public SchedulingCycle(SchedulingFramework framework, SchedulerCache cache)
    {
        (this.framework, this.cache) = (framework, cache);
        shared = new([.. framework.Scores.Select((_, p) => framework.IsKept(p))]);
        results = shared.For(PodShape.Of(new()), cache);
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
        var nodes = cache.Ordered;
        feasible.Begin(nodes);
        rated.Clear();
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
            PassExtenders(state, nodes);
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
            record.Write(framework, state, Diagnosis, Looked(nodes, begin), feasible, chosen,
                rated);
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
        return framework.Scores[plugin].Weight * (framework.IsCompared(plugin)
            ? normalized[plugin][node] : framework.Score(plugin, state, feasible[node]));
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
        int[]? only = null;
        if (state.OnlyNodes is { } names)
        {
            only = [.. names.Select(cache.Find).OfType<NodeInfo>().Select(n => n.Place)];
            Diagnosis.Absent = PluginStatus.Unresolvable(state.Narrowing.Min!,
                $"node(s) didn't satisfy plugin(s) [{string.Join(' ', state.Narrowing)}]");
        }
        var count = only?.Length ?? all.Length;
        if (count == 0)
        {
            return;
        }
        var wanted = NodesToFind(count, Percentage);
        results = shared.For(state.Shape, cache);
        var generations = cache.Generations;
        var isEasy = only is null && cache.Nominations == 0 && !framework.HasOwnFilters(state);
        var at = start % count;
        for (var left = count; left > 0 && feasible.Count < wanted;)
        {
            var run = isEasy ? results.Run(at, generations,
                Math.Min(count - at, Math.Min(left, wanted - feasible.Count))) : 0;
            feasible.Add(at, run);
            if (run == 0)
            {
                Look(state, all[only?[at] ?? at], generations);
                run = 1;
            }
            left -= run;
            at = at + run == count ? 0 : at + run;
        }
        start = (start + feasible.Count + Diagnosis.Rejected.Count) % all.Length;
    }

    private void Look(CycleState state, NodeInfo node, ReadOnlySpan<long> generations)
    {
        var verdict = cache.Nominations == 0
            ? PluginStatus.Success : framework.FilterWithGuests(state, node);
        if (verdict.IsSuccess)
        {
            verdict = results.Verdict(node.Place, generations[node.Place])
                ?? Judge(state, node, generations[node.Place]);
        }
        if (verdict.IsSuccess && framework.HasOwnFilters(state))
        {
            verdict = framework.FilterOwn(state, state.Pod, node);
        }
        if (verdict.IsSuccess)
        {
            feasible.Add(node.Place);
        }
        else
        {
            Diagnosis.Rejected.Add((node, verdict));
        }
    }

    private PluginStatus Judge(CycleState state, NodeInfo node, long generation)
    {
        var verdict = framework.FilterShared(state, state.Pod, node);
        results.Keep(node.Place, generation, verdict);
        return verdict;
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
        feasible.Add(node.Place);
        try
        {
            PassExtenders(state, cache.Ordered);
        }
        catch (PluginFailedException)
        {
            feasible.Begin(cache.Ordered);
        }
        if (feasible.Count == 0)
        {
            // Then all nodes are looked at, and the extender is asked again.
            Diagnosis.Rejected.Clear();
        }
        return feasible.Count > 0;
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
        var sums = totals.AsSpan(0, feasible.Count);
        SumUp(state, sums);
        foreach (var p in framework.Active(state).Compared)
        {
            var (plugin, weight) = framework.Scores[p];
            var scores = normalized[p].AsSpan(0, sums.Length);
            if (plugin is ISilentPlugin silent && silent.HasNothingToSay(state))
            {
                scores.Clear();
                continue;
            }
            Fill(p, state, scores);
            SchedulingFramework.Normalize(plugin, state, scores);
            for (var i = 0; i < scores.Length; i++)
            {
                sums[i] += scores[i] * weight;
            }
        }
        AskExtenders(state, sums);
        return feasible[Select(sums, random)];
    }

    // What is not compared with other nodes is summed up once, until the node changes.
    private void SumUp(CycleState state, Span<long> sums)
    {
        var (active, _) = framework.Active(state);
        for (var i = 0; i < sums.Length; i++)
        {
            var place = feasible.Places[i];
            if (!results.HasSum(place, out sums[i]))
            {
                sums[i] = Sum(state, feasible[i], active);
                results.KeepSum(place, sums[i]);
            }
        }
    }

    // Plugins that answer by the node alone were asked when it had changed; the others always.
    private void Fill(int plugin, CycleState state, Span<long> scores)
    {
        var kept = results.Values(plugin);
        var places = feasible.Places;
        for (var i = 0; i < scores.Length && kept.Length > 0; i++)
        {
            scores[i] = kept[places[i]];
        }
        for (var i = 0; i < scores.Length && kept.Length == 0; i++)
        {
            scores[i] = framework.Score(plugin, state, feasible[i]);
        }
    }

    private long Sum(CycleState state, NodeInfo node, int[] active)
    {
        var sum = 0L;
        foreach (var p in active)
        {
            if (framework.IsKept(p))
            {
                results.Values(p)[node.Place] = framework.Score(p, state, node);
            }
            else if (!framework.IsCompared(p))
            {
                var (plugin, weight) = framework.Scores[p];
                sum += SchedulingFramework.Checked(plugin, framework.Score(p, state, node))
                    * weight;
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
        normalized = new long[framework.Scores.Length][];
        for (var p = 0; p < normalized.Length; p++)
        {
            normalized[p] = new long[size];
        }
    }
}
