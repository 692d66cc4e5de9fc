using System.Text.Json.Nodes;

namespace KubeSim.Tests;

/// <summary>A scheduler's decisions without a cluster around them.</summary>
internal sealed class Decisions
{
    private readonly SchedulingFramework framework;

    public Decisions(Seq<ProfilePlugin>? profile = null)
    {
        framework = new(profile ?? SchedulingFramework.DefaultProfile());
        Cycle = new(framework, Cache);
    }

    public SchedulerCache Cache { get; } = new();

    public SchedulingCycle Cycle { get; }

    public CycleState State { get; private set; } = new(new Pod());

    public NodeInfo? Decide(Pod pod, ulong seed = 0, bool record = false)
    {
        State = new(pod, Cache.ShapeOf(pod)) { Cache = Cache, Record = record ? new() : null };
        return Cycle.Decide(State, new Prng(seed));
    }

    /// <summary>What the event says when no node will do.</summary>
    public string Refusal()
    {
        if (Cache.Nodes.Count == 0)
        {
            return "no nodes available to schedule pods";
        }
        var status = framework.PostFilter(State, State.Pod, Cycle.Diagnosis);
        Cycle.Diagnosis.PostFilterMessage = status.IsSuccess ? "" : status.Message;
        return Cycle.Diagnosis.Message;
    }

    /// <summary>The weighted scores of the last decision by plugin and node.</summary>
    public Dictionary<string, Dictionary<string, long>> Scores()
    {
        var found = new Dictionary<string, Dictionary<string, long>>();
        for (var p = 0; p < framework.Scores.Length; p++)
        {
            for (var i = 0; i < Cycle.Feasible.Count; i++)
            {
                if (Cycle.WeightedScore(State, p, i) is { } score)
                {
                    var name = framework.Scores[p].Plugin.Name;
                    found.TryAdd(name, []);
                    found[name][Cycle.Feasible[i].Name] = score;
                }
            }
        }
        return found;
    }

    /// <summary>The score of one plugin for each of some nodes, normalised.</summary>
    public static long[] ScoresOf(IScorePlugin plugin, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var state = new CycleState(pod);
        var prepared = plugin is not IPreScorePlugin first
            || first.PreScore(state, pod, nodes).Code != PluginCode.Skip;
        var scores = nodes.Select(n => prepared ? plugin.Score(state, pod, n) : 0).ToArray();
        if (prepared)
        {
            plugin.Normalize(state, pod, scores);
        }
        return scores;
    }

    public static Pod Pod(JsonNode? node, string name = "pod")
    {
        var pod = node is null ? new Pod() : Json.Decode<Pod>(node.DeepClone());
        return pod.Metadata.Name.Length > 0 ? pod
            : pod with { Metadata = pod.Metadata with { Name = name } };
    }

    public static Node Node(JsonNode? node, string name = "node")
    {
        var read = node is null ? new Node() : Json.Decode<Node>(node.DeepClone());
        return read.Metadata.Name.Length > 0 ? read
            : read with { Metadata = read.Metadata with { Name = name } };
    }
}
