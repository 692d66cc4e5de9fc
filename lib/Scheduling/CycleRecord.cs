namespace KubeSim;

/// <summary>What a Filter plugin says of a node.</summary>
/// <param name="Plugin">The plugin's name.</param>
/// <param name="Status">Its verdict.</param>
public sealed record FilterVerdict(string Plugin, PluginStatus Status);

/// <summary>What a Score plugin gives a node.</summary>
/// <param name="Plugin">The plugin's name.</param>
/// <param name="Raw">As the plugin said it.</param>
/// <param name="Normalized">Brought to 0…100.</param>
/// <param name="Weight">How much it counts.</param>
public sealed record PluginScore(string Plugin, long Raw, long Normalized, long Weight)
{
    /// <summary>What enters the sum.</summary>
    public long Weighted => Normalized * Weight;
}

/// <summary>A node in a decision.</summary>
public sealed record NodeRecord
{
    /// <summary>Its name.</summary>
    public required string Node { get; init; }

    /// <summary>What each Filter plugin says of it. The scheduler itself stops at the first that
    /// is against it; that one's is <see cref="Verdict"/>.</summary>
    public Seq<FilterVerdict> Filters { get; init; }

    /// <summary>Success, or the verdict that counted.</summary>
    public required PluginStatus Verdict { get; init; }

    /// <summary>What each Score plugin gave it; none when it will not do, or was the only
    /// one.</summary>
    public Seq<PluginScore> Scores { get; init; }

    /// <summary>The sum of the weighted scores.</summary>
    public long Total => Scores.Sum(s => s.Weighted);
}

/// <summary>A node on which room could be made, and who would have to go.</summary>
public sealed record PreemptionCandidate
{
    /// <summary>The node.</summary>
    public required string Node { get; init; }

    /// <summary>The pods that would be deleted, the most important first.</summary>
    public required Seq<Pod> Victims { get; init; }

    /// <summary>How many of them a PodDisruptionBudget protects.</summary>
    public int Violations { get; init; }
}

/// <summary>
/// One decision of the scheduler in full: for whoever wants to know why. It is written only when
/// somebody asked, by asking the plugins once more; the cycle itself does not wait for it.
/// </summary>
public sealed class CycleRecord
{
    /// <summary>The pod.</summary>
    public Pod Pod { get; internal set; } = new();

    /// <summary>How many nodes the cluster has.</summary>
    public int AllNodes { get; internal set; }

    /// <summary>The place in the scheduler's order of nodes at which the search began.</summary>
    public int Start { get; internal set; }

    /// <summary>How many nodes that will do end the search.</summary>
    public int Wanted { get; internal set; }

    /// <summary>Why no node was looked at; null when they were.</summary>
    public PluginStatus? PreFilter { get; internal set; }

    /// <summary>The Filter plugins, and the Score plugins, that sat this cycle out.</summary>
    public Seq<string> SkippedFilters { get; internal set; }

    /// <summary>The Score plugins that sat this cycle out.</summary>
    public Seq<string> SkippedScores { get; internal set; }

    /// <summary>The nodes that were looked at, in that order: the sample.</summary>
    public Seq<NodeRecord> Nodes { get; internal set; }

    /// <summary>The nodes with the highest total; among several chance decides.</summary>
    public Seq<string> Ties { get; internal set; }

    /// <summary>The node that was chosen; null for none.</summary>
    public string? Chosen { get; internal set; }

    /// <summary>What the event FailedScheduling says; empty when a node was chosen.</summary>
    public string Message { get; internal set; } = "";

    /// <summary>Where room could be made by deleting pods, in the order in which it was
    /// tried.</summary>
    public Seq<PreemptionCandidate> Candidates { get; internal set; }

    /// <summary>The node that is nominated: room is being made there; null for none.</summary>
    public string? Nominated { get; internal set; }

    /// <summary>Writes down what came before the choice.</summary>
    internal void Write(SchedulingFramework framework, CycleState state, Diagnosis diagnosis,
        IReadOnlyList<NodeInfo> looked, IReadOnlyList<NodeInfo> feasible, NodeInfo? chosen,
        List<(Extender By, Map<long> Scores)> rated)
    {
        (Pod, AllNodes, Chosen) = (state.Pod, diagnosis.AllNodes, chosen?.Name);
        SkippedFilters = SchedulingFramework.Skipped(state.SkipFilter, framework.FilterPlugins);
        var scores = Scores(framework, state, feasible, rated);
        var verdicts = diagnosis.Rejected.ToDictionary(r => r.Node, r => r.Status);
        Nodes = looked.Select(node => new NodeRecord
        {
            Node = node.Name,
            Verdict = verdicts.GetValueOrDefault(node, PluginStatus.Success),
            Filters = PreFilter is not null ? [] : [.. framework.Verdicts(state, node),
                .. verdicts.TryGetValue(node, out var status) && status.Plugin == Extender.Rejector
                    ? (FilterVerdict[])[new(status.Plugin, status)] : []],
            Scores = scores.GetValueOrDefault(node),
        }).ToSeq();
        var will = Nodes.Where(n => n.Verdict.IsSuccess).ToList();
        Ties = will.Where(n => n.Total == will.Max(m => m.Total)).Select(n => n.Node).ToSeq();
    }

    private Dictionary<NodeInfo, Seq<PluginScore>> Scores(
        SchedulingFramework framework, CycleState state, IReadOnlyList<NodeInfo> feasible,
        List<(Extender By, Map<long> Scores)> rated)
    {
        var found = feasible.ToDictionary(n => n, _ => new List<PluginScore>());
        for (var p = 0; p < framework.Scores.Length && feasible.Count > 1; p++)
        {
            if ((state.SkipScore >> p & 1) != 0)
            {
                continue;
            }
            var (plugin, weight) = framework.Scores[p];
            long[] raw = [.. feasible.Select(n => plugin.Score(state, state.Pod, n))];
            long[] normal = [.. raw];
            plugin.Normalize(state, state.Pod, normal);
            for (var i = 0; i < raw.Length; i++)
            {
                found[feasible[i]].Add(new(plugin.Name, raw[i], normal[i], weight));
            }
        }
        foreach (var (by, given) in rated)
        {
            foreach (var node in feasible)
            {
                var raw = given.TryGetValue(node.Name, out var score) ? score : 0;
                found[node].Add(new(by.Name, raw, raw, by.Weight));
            }
        }
        SkippedScores = feasible.Count < 2 ? [] : SchedulingFramework.Skipped(
            state.SkipScore, [.. framework.Scores.Select(s => s.Plugin)]);
        return found.ToDictionary(f => f.Key, f => f.Value.ToSeq());
    }
}
