using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>How full a node is by what its pods request.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Pods">How many pods it holds.</param>
/// <param name="Cpu">The share of its CPUs, 0 to 1.</param>
/// <param name="Memory">The share of its memory, 0 to 1.</param>
public sealed record NodeUse(string Node, int Pods, double Cpu, double Memory);

/// <summary>What became of a workload under a configuration.</summary>
public sealed record SchedulerOutcome
{
    /// <summary>Every node, by name.</summary>
    public required Seq<NodeUse> Nodes { get; init; }

    /// <summary>The pods without a node, each with what the scheduler says of it.</summary>
    public required Seq<(string Pod, string Why)> Pending { get; init; }

    /// <summary>The share of all CPUs that is requested.</summary>
    public required double Cpu { get; init; }

    /// <summary>The share of all memory that is requested.</summary>
    public required double Memory { get; init; }

    /// <summary>How unevenly the CPUs are used: the standard deviation of the nodes' shares. 0:
    /// all alike.</summary>
    public double Unevenness
    {
        get
        {
            var mean = Nodes.Select(n => n.Cpu).DefaultIfEmpty().Average();
            return Math.Sqrt(Nodes.Select(n => (n.Cpu - mean) * (n.Cpu - mean))
                .DefaultIfEmpty().Average());
        }
    }

    /// <summary>How many nodes hold no pod, and could be switched off.</summary>
    public int Empty => Nodes.Count(n => n.Pods == 0);

    internal static SchedulerOutcome Of(Cluster cluster)
    {
        var pods = cluster.List<Pod>().Where(p => !p.IsFinished).ToList();
        var bound = pods.ToLookup(p => p.Spec.NodeName ?? "");
        NodeInfo[] nodes = [.. cluster.List<Node>()
            .Select(n => new NodeInfo(n, bound[n.Metadata.Name]))];
        return new()
        {
            Nodes = nodes.Select(n => new NodeUse(n.Name, n.Pods.Count,
                Share(n.Requested.MilliCpu, n.Allocatable.MilliCpu),
                Share(n.Requested.Memory, n.Allocatable.Memory))).ToSeq(),
            Pending = pods.Where(p => !p.IsScheduled).Select(p => (p.Metadata.Name,
                p.Condition("PodScheduled")?.Message ?? "not looked at yet")).ToSeq(),
            Cpu = Share(nodes.Sum(n => n.Requested.MilliCpu),
                nodes.Sum(n => n.Allocatable.MilliCpu)),
            Memory = Share(nodes.Sum(n => n.Requested.Memory),
                nodes.Sum(n => n.Allocatable.Memory)),
        };
    }

    private static double Share(long part, long all) => all == 0 ? 0 : (double)part / all;
}

/// <summary>One workload under two configurations, side by side.</summary>
/// <param name="First">What became of it under the first.</param>
/// <param name="Second">What became of it under the second.</param>
public sealed record SchedulerComparison(SchedulerOutcome First, SchedulerOutcome Second)
{
    /// <summary>A table: a line a node, then what it comes to.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        void Line(string name, Func<SchedulerOutcome, string> cell) =>
            text.Append(CultureInfo.InvariantCulture,
                $"{name,-16}{cell(First),-26}{cell(Second)}\n");

        Line("", o => ReferenceEquals(o, First) ? "first" : "second");
        Line("NODE", _ => "PODS   CPU  MEMORY");
        for (var i = 0; i < First.Nodes.Count; i++)
        {
            Line(First.Nodes[i].Node, o => string.Create(CultureInfo.InvariantCulture,
                $"{o.Nodes[i].Pods,4}{Percent(o.Nodes[i].Cpu),6}{Percent(o.Nodes[i].Memory),8}"));
        }
        Line("all", o => string.Create(CultureInfo.InvariantCulture,
            $"{o.Nodes.Sum(n => n.Pods),4}{Percent(o.Cpu),6}{Percent(o.Memory),8}"));
        Line("unevenness", o => $"{Percent(o.Unevenness),10}");
        Line("empty nodes", o => string.Create(CultureInfo.InvariantCulture, $"{o.Empty,4}"));
        Line("pending", o => string.Create(
            CultureInfo.InvariantCulture, $"{o.Pending.Count,4}"));
        foreach (var (which, outcome) in (ReadOnlySpan<(string, SchedulerOutcome)>)
            [("first", First), ("second", Second)])
        {
            foreach (var (pod, why) in outcome.Pending)
            {
                text.Append(CultureInfo.InvariantCulture, $"pending ({which}): {pod}: {why}\n");
            }
        }
        return text.ToString();
    }

    private static string Percent(double share) =>
        string.Create(CultureInfo.InvariantCulture, $"{share * 100:0}%");
}
