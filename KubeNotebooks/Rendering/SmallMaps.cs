using System.Globalization;
using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Small multiples: a small map for each step, two in a row, all with one layout, so that
/// the eye finds what changed from one to the next. From top to bottom: who did it, the records of
/// the API server, the nodes. Nothing goes past the API server, and so no arrow does.</summary>
internal sealed class SmallMaps
{
    /// <summary>The most maps in a picture.</summary>
    public const int Most = 24;

    private const int Panel = 290;
    private const int RecordsTop = 92;
    private const int Row = 18;
    private const int MostRows = 7;
    private const int InRow = 4;
    private const int MostNamed = 4;

    private readonly List<MapScene> scenes;
    private readonly MapLayout layout;
    private readonly List<(ObjectKey Key, int Depth)> rows = [];
    private readonly bool waits;
    private readonly bool others;

    private SmallMaps(List<MapScene> scenes)
    {
        this.scenes = scenes;
        layout = new(scenes);
        foreach (var root in scenes.SelectMany(s => s.Workloads).Select(w => w.Key).Distinct()
            .Order())
        {
            rows.Add((root, 0));
            rows.AddRange(scenes.SelectMany(s => s.Workloads).Where(w => w.Key == root)
                .SelectMany(w => w.Parts).Select(p => (p.Key, 1)).Distinct().Order());
        }
        rows.RemoveRange(Math.Min(rows.Count, MostRows), Math.Max(0, rows.Count - MostRows));
        waits = layout.Waiting > 0;
        others = layout.HasOthers;
    }

    private int RecordsHeight => 6 + (Row * (1 + rows.Count + (waits ? 1 : 0) + (others ? 1 : 0)));

    private int NodesTop => RecordsTop + RecordsHeight + 22;

    private int Columns => Math.Clamp(layout.Nodes.Count, 1, InRow);

    private double NodeWidth => ((Panel - 8.0) / Columns) - 4;

    private int Slots => Math.Max(1, scenes.SelectMany(s => s.Pods).Where(p => p.Node.Length > 0)
        .Select(layout.SlotOf).DefaultIfEmpty().Max() + 1);

    // With room for it, the end of a pod's name stands beside it: that is how one follows a pod.
    private bool Named => Slots <= MostNamed && NodeWidth >= 64;

    private int PerRow => Named ? 1 : Math.Max(1, (int)((NodeWidth - 6) / 15));

    private int NodeHeight => 24 + (18 * ((Slots + PerRow - 1) / PerRow));

    private int Height => NodesTop + ((NodeHeight + 6) * Math.Max(1,
        (layout.Nodes.Count + InRow - 1) / InRow)) + 6;

    /// <summary>The picture of steps that a cluster took.</summary>
    public static Picture Of(Cluster cluster, IReadOnlyList<StepRecord> steps)
    {
        var start = ClusterMap.Begin(cluster);
        string[] components = [.. cluster.Components];
        var shown = steps.Take(Most).ToList();
        var perNode = ClusterMap.PerNode;
        var scenes = shown.ConvertAll(step => MapScene.Of(
            cluster.At(cluster.RevisionAfter(step.Number)),
            new() { Time = step.Time, Revision = default, Step = step }, start, components,
            perNode));
        var more = steps.Count - shown.Count;
        var rest = more == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
            $"and {more} more steps");
        if (scenes.Count == 0)
        {
            const string None = "No step was taken.";
            return new(Picture.Document(MapLayout.Width, 40, None,
                ClusterMap.Drawn(c => c.Text(8, 24, None))), None, None);
        }
        return new SmallMaps(scenes).ToPicture(rest);
    }

    private Picture ToPicture(string rest)
    {
        var canvas = new Canvas();
        canvas.Raw(ClusterMap.Drawn(PodLooks.Define));
        for (var i = 0; i < scenes.Count; i++)
        {
            canvas.Raw(string.Create(CultureInfo.InvariantCulture, $"<g transform=\"translate("
                + $"{4 + (i % 2 * (Panel + 12))} {4 + (i / 2 * (Height + 10))})\">"));
            Draw(canvas, scenes[i]);
            canvas.Raw("</g>");
        }
        var bottom = 4 + ((scenes.Count + 1) / 2 * (Height + 10));
        Legend(canvas, bottom + 8, rest);
        var alt = new StringBuilder();
        foreach (var s in scenes)
        {
            alt.Append(s.Title.Replace("  ·  ", ", ", StringComparison.Ordinal)).Append(": ")
                .Append(Markup.Brief(s.Headline, 160)).Append(". ");
        }
        var text = alt.Append(rest).ToString().TrimEnd();
        return new(Picture.Document(MapLayout.Width, bottom + 44, Markup.Brief(text, 1400),
            canvas.ToString()), Markup.Brief(text, 1400), Text(rest));
    }

    private string Text(string rest)
    {
        var text = new StringBuilder();
        foreach (var s in scenes)
        {
            text.Append(s.Title.Replace("  ·  ", "  ", StringComparison.Ordinal)).Append("  ")
                .Append(s.Headline).Append(s.Refused.Length > 0 ? $" ({s.Refused})" : "");
            foreach (var pod in s.Pods.Where(p => p.Mark != Mark.None))
            {
                var where = pod.Node.Length == 0 ? "" : $" on {pod.Node}";
                text.Append("\n  ").Append(PodLooks.Sign(pod.Look)).Append(' ')
                    .Append(pod.Name).Append(where).Append(": ").Append(pod.Reason)
                    .Append(pod.Mark == Mark.Gone ? " (gone)" : "");
            }
            text.Append('\n');
        }
        return text.Append(rest).ToString().TrimEnd('\n');
    }

    private void Draw(Canvas canvas, MapScene scene)
    {
        canvas.Box(0, 0, Panel, Height, "nd", 6);
        canvas.Text(8, 17, scene.Title, "b");
        var (first, second) = Markup.Wrap(scene.Headline, Panel - 16, 12);
        canvas.Fitted(8, 33, first, Panel - 16, start: true);
        canvas.Fitted(8, 48, second, Panel - 16, start: true);
        var actor = scene.ActorNode.Length == 0 ? scene.Actor
            : $"{scene.Actor} on {scene.ActorNode}";
        if (actor.Length > 0)
        {
            var width = Math.Min(Panel - 80, Markup.Width(actor, 12) + 14);
            canvas.Box(8, 55, width, 19, "k", 5);
            canvas.Fitted(14, 69, actor, width - 10);
            Way(canvas, scene);
        }
        Records(canvas, scene);
        for (var i = 0; i < layout.Nodes.Count; i++)
        {
            Node(canvas, scene, i);
        }
        Onward(canvas, scene);
    }

    private static void Way(Canvas canvas, MapScene scene)
    {
        if (scene.Refused.Length > 0)
        {
            canvas.Path($"M25 {RecordsTop - 14}l10 10m0-10l-10 10", "x");
            canvas.Fitted(40, RecordsTop - 4, $"refused: {scene.Refused}", Panel - 50, 12, "e");
        }
        else if (scene.Wrote)
        {
            canvas.Arrow("ar", (30, 74), (30, RecordsTop - 1));
        }
    }

    private void Records(Canvas canvas, MapScene scene)
    {
        canvas.Box(4, RecordsTop, Panel - 8, RecordsHeight, "pn");
        canvas.Text(10, RecordsTop + 15, string.Create(CultureInfo.InvariantCulture,
            $"API server, revision {scene.Revision}"), "m");
        var all = scene.Workloads.SelectMany(w => w.Parts.Prepend(w))
            .GroupBy(w => w.Key).ToDictionary(g => g.Key, g => g.First());
        var y = RecordsTop + Row + 3;
        foreach (var (key, depth) in rows)
        {
            if (all.TryGetValue(key, out var w))
            {
                var x = 10 + (depth * 12);
                canvas.Fitted(x, y + 13, Words.Name(key), 210 - x);
                canvas.Text(Panel - 16, y + 13, string.Create(CultureInfo.InvariantCulture,
                    $"{w.Ready}/{w.Desired} ready"), "m", "end");
                Outline(canvas, w.Mark, x - 4, y, Panel - 6 - x, Row - 1);
            }
            y += Row;
        }
        if (waits)
        {
            Waiting(canvas, scene, y);
            y += Row;
        }
        if (scene.Others.Count > 0)
        {
            canvas.Fitted(10, y + 13, string.Join(", ", scene.Others), Panel - 26, start: true);
            Outline(canvas, Mark.Changed, 6, y, Panel - 12, Row - 1);
        }
    }

    private static void Waiting(Canvas canvas, MapScene scene, int y)
    {
        var pods = scene.Pods.Where(p => p.Node.Length == 0).ToList();
        if (pods.Count == 0)
        {
            return;
        }
        canvas.Text(10, y + 13, "Pods without a node", "m");
        var fits = Math.Min(pods.Count, 9);
        for (var i = 0; i < fits; i++)
        {
            PodLooks.Draw(canvas, pods[i].Look, 134 + (i * 16), y + 9);
            Outline(canvas, pods[i].Mark, 126 + (i * 16), y, 16, Row - 1);
        }
        if (fits < pods.Count)
        {
            canvas.Text(Panel - 10, y + 13, Markup.N(pods.Count), "m", "end");
        }
    }

    private (double X, double Y) NodeAt(int index) => (6 + (index % InRow * (NodeWidth + 4)),
        NodesTop + (index / InRow * (NodeHeight + 6)));

    private (double X, double Y) PodAt(int node, int slot)
    {
        var (x, y) = NodeAt(node);
        return (x + 11 + (slot % PerRow * 15), y + 30 + (slot / PerRow * 18));
    }

    private void Node(Canvas canvas, MapScene scene, int index)
    {
        var name = layout.Nodes[index];
        if (scene.Nodes.Find(n => n.Name == name) is not { } node)
        {
            return;
        }
        var (x, y) = NodeAt(index);
        canvas.Box(x, y, NodeWidth, NodeHeight, node.IsReady ? "pn" : "pn off", 4);
        canvas.Fitted(x + 5, y + 15, node.IsReady ? name : $"{name} NotReady", NodeWidth - 8, 12,
            node.IsReady ? "m" : "e");
        Outline(canvas, node.Mark, x - 1, y - 1, NodeWidth + 2, NodeHeight + 2);
        foreach (var pod in scene.Pods.Where(p => p.Node == name))
        {
            var (px, py) = PodAt(index, layout.SlotOf(pod));
            canvas.Titled(pod.Title, () => PodLooks.Draw(canvas, pod.Look, px, py));
            if (Named)
            {
                canvas.Text(px + 10, py + 4, pod.Name[Math.Max(0, pod.Name.Length - 5)..],
                    pod.Mark == Mark.Gone ? "gt" : "");
            }
            Outline(canvas, pod.Mark, px - 8.5, py - 8.5, Named ? NodeWidth - 5 : 17, 17);
        }
    }

    private static void Outline(Canvas canvas, Mark mark, double x, double y, double width,
        double height)
    {
        if (mark != Mark.None)
        {
            canvas.Box(x, y, width, height, mark == Mark.Gone ? "gs" : "k", 4);
        }
    }

    // From the records on to the first thing on a node that the step changed.
    private void Onward(Canvas canvas, MapScene scene)
    {
        var from = RecordsTop + RecordsHeight;
        foreach (var pod in scene.Pods)
        {
            var node = layout.NodeOf(pod.Node);
            if (pod.Mark != Mark.None && node is >= 0 and < InRow && scene.Refused.Length == 0)
            {
                var x = NodeAt(node).X + (NodeWidth * 0.75);
                canvas.Arrow("ar", (x, from), (x, NodesTop - 1));
                return;
            }
        }
    }

    /// <summary>The looks of pods in a row, and at its end what else is to say.</summary>
    public static void Legend(Canvas canvas, double y, string rest)
    {
        var x = 12.0;
        foreach (var look in PodLooks.All)
        {
            var name = PodLooks.Name(look);
            if (x + Markup.Width(name, 12) > 590)
            {
                (x, y) = (12, y + 18);
            }
            PodLooks.Draw(canvas, look, x, y);
            canvas.Text(x + 10, y + 4, name, "m");
            x += 26 + Markup.Width(name, 12);
        }
        canvas.Text(592, y + 4, rest, "m", "end");
    }
}
