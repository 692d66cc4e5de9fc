using KubeSim;

namespace KubeNotebooks;

/// <summary>Two configurations of the scheduler over one workload, side by side: of each node how
/// much of its CPUs (the upper bar) and of its memory (the lower) is requested, and by how many
/// pods; below, how even that is, how many nodes stay empty, and who waits.</summary>
internal static class ComparisonPicture
{
    private const int MostNodes = 24;
    private const int Left = 12;
    private const int Panel = 244;
    private const int Bar = 150;
    private const int Row = 30;

    /// <summary>The picture of a comparison.</summary>
    public static Picture Of(SchedulerComparison both, string first, string second)
    {
        var canvas = new Canvas();
        var rows = Math.Min(MostNodes, both.First.Nodes.Count);
        var bottom = 62 + (Row * rows);
        canvas.Text(8, 22, "One workload, two configurations", "h");
        canvas.Text(Left, 46, "CPU, memory", "m");
        for (var i = 0; i < rows; i++)
        {
            canvas.Fitted(Left, 72 + (Row * i), both.First.Nodes[i].Node, 84, 12, "b");
        }
        var under = Side(canvas, 104, first, both.First, rows, bottom);
        under = Math.Max(under, Side(canvas, 104 + Panel, second, both.Second, rows, bottom));
        var left = both.First.Nodes.Count - rows;
        if (left > 0)
        {
            canvas.Text(Left, bottom + 14, FormattableString.Invariant($"and {left} more"), "m");
        }
        var alt = Markup.Brief("Two configurations over one workload. "
            + $"{Words(first, both.First)} {Words(second, both.Second)}", 1400);
        return new(Picture.Document(MapLayout.Width, under + 10, alt, canvas.ToString()), alt,
            $"first: {first}; second: {second}\n{both}".TrimEnd());
    }

    private static double Side(Canvas canvas, double x, string name, SchedulerOutcome outcome,
        int rows, double bottom)
    {
        canvas.Fitted(x, 46, name, Panel - 12, 13, "b", start: true);
        for (var i = 0; i < rows; i++)
        {
            var (node, y) = (outcome.Nodes[i], 58.0 + (Row * i));
            canvas.Titled($"{node.Node}: CPU {Percent(node.Cpu)}, memory {Percent(node.Memory)}",
                () =>
                {
                    Fill(canvas, x, y, node.Cpu, "kp5");
                    Fill(canvas, x, y + 11, node.Memory, "kp1");
                });
            canvas.Text(x + Bar + 8, y + 13, FormattableString.Invariant(
                $"{node.Pods} {(node.Pods == 1 ? "pod" : "pods")}, {Percent(node.Cpu)}"));
        }
        string[] lines =
        [
            $"CPU {Percent(outcome.Cpu)}, memory {Percent(outcome.Memory)}",
            $"unevenness {Percent(outcome.Unevenness)}",
            FormattableString.Invariant($"empty nodes {outcome.Empty}"),
            FormattableString.Invariant($"pending {outcome.Pending.Count}"),
        ];
        for (var i = 0; i < lines.Length; i++)
        {
            canvas.Text(x, bottom + 14 + (17 * i), lines[i],
                i == 3 && !outcome.Pending.IsEmpty ? "e" : "");
        }
        return bottom + 14 + (17 * lines.Length);
    }

    private static void Fill(Canvas canvas, double x, double y, double share, string style)
    {
        canvas.Box(x, y, Bar, 9, "ch", 2);
        if (share > 0)
        {
            canvas.Box(x, y, Bar * Math.Min(1, share), 9, style, 2);
        }
    }

    private static string Words(string name, SchedulerOutcome outcome) =>
        FormattableString.Invariant($"{name}: unevenness {Percent(outcome.Unevenness)}, {
            outcome.Empty} empty nodes, {outcome.Pending.Count} pending; {string.Join(", ",
                outcome.Nodes.Take(8).Select(n => $"{n.Node} {Percent(n.Cpu)} of its CPUs"))}.");

    private static string Percent(double share) =>
        FormattableString.Invariant($"{share * 100:0}\u00a0%");
}
