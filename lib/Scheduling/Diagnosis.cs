using System.Globalization;

namespace KubeSim;

/// <summary>Why a pod fits nowhere: the verdict about each node, and the sentence that the event
/// and the pod's condition show.</summary>
/// <remarks>Models pkg/scheduler/framework/types.go (FitError).</remarks>
public sealed class Diagnosis
{
    private static readonly PluginStatus unknown = PluginStatus.Unresolvable("");

    /// <summary>A diagnosis of a cluster of so many nodes.</summary>
    public Diagnosis(int allNodes) => AllNodes = allNodes;

    /// <summary>How many nodes the cluster has.</summary>
    public int AllNodes { get; }

    /// <summary>The nodes that were looked at, each with what spoke against it.</summary>
    public List<(NodeInfo Node, PluginStatus Status)> Rejected { get; } = [];

    /// <summary>What speaks against the nodes that were not looked at.</summary>
    public PluginStatus Absent { get; set; } = unknown;

    /// <summary>The reason when the pod was turned away before any node was looked at.</summary>
    public string PreFilterMessage { get; set; } = "";

    /// <summary>What PostFilter had to say.</summary>
    public string PostFilterMessage { get; set; } = "";

    /// <summary>The sentence: <c>0/3 nodes are available: 1 node(s) had untolerated taint(s),
    /// 2 Insufficient cpu.</c> A node may count for several reasons; the reasons are ordered as
    /// text, count first.</summary>
    public string Message
    {
        get
        {
            var text = string.Create(
                CultureInfo.InvariantCulture, $"0/{AllNodes} nodes are available:");
            if (PreFilterMessage.Length > 0)
            {
                text += $" {PreFilterMessage}.";
            }
            else if (Counted() is { Count: > 0 } reasons)
            {
                text += $" {string.Join(", ", reasons)}.";
            }
            if (PostFilterMessage.Length > 0)
            {
                text += $" {PostFilterMessage}";
            }
            return text;
        }
    }

    // Thousands of nodes share a handful of verdicts: count those first, then their reasons.
    private List<string> Counted()
    {
        var verdicts = new List<(PluginStatus Status, int Count)>();
        foreach (var (_, status) in Rejected)
        {
            Count(verdicts, status, 1);
        }
        if (Rejected.Count < AllNodes)
        {
            Count(verdicts, Absent, AllNodes - Rejected.Count);
        }
        var reasons = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (status, count) in verdicts)
        {
            foreach (var reason in status.Reasons)
            {
                reasons[reason] = reasons.GetValueOrDefault(reason) + count;
            }
        }
        var lines = new List<string>(reasons.Count);
        foreach (var (reason, count) in reasons)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{count} {reason}"));
        }
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static void Count(
        List<(PluginStatus Status, int Count)> verdicts, PluginStatus status, int by)
    {
        for (var i = 0; i < verdicts.Count && i < 16; i++)
        {
            if (ReferenceEquals(verdicts[i].Status, status))
            {
                verdicts[i] = (status, verdicts[i].Count + by);
                return;
            }
        }
        verdicts.Add((status, by));
    }
}
