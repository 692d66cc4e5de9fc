using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>A decision of the scheduler as a heat map: a column for each node, a row for each
/// plugin. Above the filters, a tick or a cross; below the scores, the bluer the better, and their
/// sum. The column that was chosen has a frame.</summary>
internal sealed class SchedulePicture
{
    private const int MostNodes = 30;
    private const int Left = 12;
    private const int First = 246;
    private const int Row = 22;
    private const int Size = 12;

    private readonly Canvas canvas = new();
    private readonly ScheduleExplanation told;
    private readonly List<NodeRecord> nodes;
    private readonly double step;
    private double bottom = 36;

    private SchedulePicture(ScheduleExplanation told)
    {
        this.told = told;
        var most = told.Record.Nodes.OrderByDescending(n => n.Node == told.Chosen).Take(MostNodes)
            .Select(n => n.Node).ToHashSet(StringComparer.Ordinal);
        nodes = [.. told.Record.Nodes.Where(n => most.Contains(n.Node))];
        step = Math.Min(84, (MapLayout.Width - First - Left) / Math.Max(1.0, nodes.Count));
    }

    /// <summary>The picture of an explained decision.</summary>
    public static Picture Of(ScheduleExplanation told)
    {
        var picture = new SchedulePicture(told);
        var pod = told.Record.Pod.Metadata.Name;
        picture.Draw($"Pod {pod}: {told.Chosen ?? "no node"}");
        var scored = string.Join(", ", told.Record.Nodes.Where(n => n.Scores.Count > 0).Take(12)
            .Select(n => Invariant($"{n.Node} {n.Total}")));
        var alt = Markup.Brief($"Pod {pod}, decided: {told.Summary}."
            + (scored.Length > 0 ? $" Sums: {scored}." : "")
            + (told.Record.Message.Length > 0 ? $" {told.Record.Message}" : ""), 1400);
        return new(Picture.Document(MapLayout.Width, picture.bottom + 8, alt,
            picture.canvas.ToString()), alt, $"{told}");
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private bool IsNarrow => step < 34;

    private double X(int node) => First + (node * step);

    private void Draw(string title)
    {
        canvas.Fitted(8, 22, title, 584, 15, "h");
        var top = bottom;
        for (var i = 0; i < nodes.Count && !IsNarrow; i++)
        {
            canvas.Text(X(i) + (step / 2), bottom + 12, Markup.Fit(nodes[i].Node, step - 10, 13),
                nodes[i].Node == told.Chosen ? "b" : "", "middle");
        }
        bottom += IsNarrow ? 0 : 18;
        Filters();
        Scores();
        var at = nodes.FindIndex(n => n.Node == told.Chosen);
        if (at >= 0)
        {
            canvas.Box(X(at) + 0.5, top - 3, step - 1, bottom - top + 3, "k");
        }
        bottom += 6;
        Words();
    }

    private void Filters()
    {
        var names = nodes.SelectMany(n => n.Filters).Select(f => f.Plugin).Distinct().ToList();
        foreach (var name in names)
        {
            Label(name, "");
            for (var i = 0; i < nodes.Count; i++)
            {
                var verdict = nodes[i].Filters.FirstOrDefault(f => f.Plugin == name);
                if (verdict is not null)
                {
                    Mark(X(i), nodes[i], verdict);
                }
            }
            bottom += Row;
        }
        bottom += names.Count > 0 ? 5 : 0;
    }

    // The scheduler stops asking at the first cross; what later ones would say is hollow.
    private void Mark(double x, NodeRecord node, FilterVerdict verdict)
    {
        var (middle, y) = (x + (step / 2), bottom + (Row / 2.0));
        var size = Math.Min(6, (step - 2) / 2);
        var counts = verdict.Plugin == node.Verdict.Plugin;
        var asked = counts || node.Filters.TakeWhile(f => f.Status.IsSuccess).Contains(verdict);
        canvas.Titled($"{node.Node}, {verdict.Plugin}: {verdict.Status}", () =>
        {
            if (verdict.Status.IsSuccess)
            {
                canvas.Box(middle - size, y - size, size * 2, size * 2, asked ? "kp3" : "gs", 2);
                if (!IsNarrow && asked)
                {
                    canvas.Path($"M{Markup.N(middle - 3)} {Markup.N(y)}l2 3l4 -6", "kptick");
                }
                return;
            }
            canvas.Path($"M{Markup.N(middle - size)} {Markup.N(y - size)}l{Markup.N(size * 2)} "
                + $"{Markup.N(size * 2)}m0 {Markup.N(-size * 2)}l{Markup.N(-size * 2)} "
                + $"{Markup.N(size * 2)}", counts ? "x" : "gs");
        });
    }

    private void Scores()
    {
        var plugins = nodes.FirstOrDefault(n => n.Scores.Count > 0)?.Scores ?? default;
        foreach (var plugin in plugins)
        {
            Label(plugin.Plugin, plugin.Weight == 1 ? "" : Invariant($"\u00d7{plugin.Weight}"));
            for (var i = 0; i < nodes.Count; i++)
            {
                if (nodes[i].Scores.FirstOrDefault(s => s.Plugin == plugin.Plugin) is { } score)
                {
                    Heat(X(i), score.Normalized / 100.0, score.Weighted, Invariant(
                        $"{nodes[i].Node}, {score.Plugin}: {score.Raw}, normalised {score.Normalized
                        }, times {score.Weight}"));
                }
            }
            bottom += Row;
        }
        if (plugins.Count == 0)
        {
            return;
        }
        bottom += 3;
        Label("sum", "");
        var most = Math.Max(1, nodes.Max(n => n.Total));
        for (var i = 0; i < nodes.Count; i++)
        {
            if (nodes[i].Scores.Count > 0)
            {
                Heat(X(i), (double)nodes[i].Total / most, nodes[i].Total,
                    Invariant($"{nodes[i].Node}: {nodes[i].Total}"), "b");
            }
        }
        bottom += Row;
    }

    private void Heat(double x, double share, long number, string title, string style = "")
    {
        var colour = (0.08 + (0.84 * share)).ToString("0.##", CultureInfo.InvariantCulture);
        canvas.Titled(title, () =>
        {
            canvas.Raw($"<rect class=\"kp5\" fill-opacity=\"{colour}\" x=\"{Markup.N(x + 1)}\" "
                + $"y=\"{Markup.N(bottom + 1)}\" width=\"{Markup.N(Math.Max(1, step - 2))}\" "
                + $"height=\"{Row - 2}\" rx=\"2\"/>");
            if (!IsNarrow)
            {
                canvas.Text(x + (step / 2), bottom + 15, Invariant($"{number}"),
                    share > 0.5 ? $"{style} ow".Trim() : style, "middle");
            }
        });
    }

    private void Label(string name, string weight)
    {
        canvas.Fitted(Left, bottom + 15, name, First - Left - 34, Size, name == "sum" ? "b" : "");
        if (weight.Length > 0)
        {
            canvas.Text(First - 26, bottom + 15, weight, "m");
        }
    }

    private void Words()
    {
        var record = told.Record;
        Lines(told.Summary, "");
        if (nodes.Count < record.Nodes.Count)
        {
            Lines(Invariant($"{nodes.Count} of {record.Nodes.Count} nodes are drawn"), "m");
        }
        foreach (var candidate in record.Candidates.Take(6))
        {
            Lines(ScheduleExplanation.Told(candidate), "");
        }
        Lines(record.Message, "w");
        Lines(told.SatOut.Length > 0 ? $"nothing to say: {told.SatOut}" : "", "m");
    }

    private void Lines(string text, string style)
    {
        while (text.Length > 0)
        {
            var (line, rest) = Markup.Wrap(text, MapLayout.Width - (2 * Left) - 8, Size);
            canvas.Fitted(Left, bottom + 14, line, MapLayout.Width - (2 * Left), Size, style,
                start: true);
            (text, bottom) = (rest, bottom + 17);
        }
    }
}
