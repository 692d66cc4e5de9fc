using System.Globalization;
using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>A map of the cluster: the control plane, the records that the API server holds, the
/// nodes and their pods. What the latest step changed is outlined, and an arrow leads from who did
/// it through the API server to it.</summary>
public sealed class ClusterMap
{
    private readonly MapScene scene;
    private readonly MapLayout layout;

    internal ClusterMap(MapScene scene, MapLayout? layout = null)
    {
        this.scene = scene;
        this.layout = layout ?? new([scene]);
    }

    /// <summary>The map of a cluster as it is now.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="step">The step that was just taken; null shows the cluster alone.</param>
    public static ClusterMap Of(Cluster cluster, StepRecord? step = null) =>
        Of(cluster.At(cluster.Revision), step, cluster.Now, Begin(cluster),
            [.. cluster.Components]);

    /// <summary>The map of a cluster as it was at a revision.</summary>
    public static ClusterMap Of(ClusterView view) => Of(view, null, default, default, []);

    private static ClusterMap Of(ClusterView view, StepRecord? step, DateTime now, DateTime start,
        string[] components)
    {
        var pods = view.List<Pod>();
        var still = string.Create(CultureInfo.InvariantCulture,
            $"{view.List<Node>().Count} nodes, {pods.Count} pods, "
            + $"{pods.Count(p => p.IsReady)} of them ready");
        return new(MapScene.Of(view, new()
        {
            Time = now, Revision = view.Revision, Step = step,
            Still = step is not null ? null : now == default ? ($"Revision {view.Revision}", still)
                : ($"The cluster now  ·  {Words.Elapsed(now - start)}", still),
        }, start, components, PerNode));
    }

    /// <summary>The map as a picture.</summary>
    public Picture ToPicture() => new(ToSvg(), MapText.Alt(scene), ToString());

    /// <summary>The map as HTML.</summary>
    public string ToHtml() => ToPicture().ToHtml();

    /// <summary>The map in plain text.</summary>
    public override string ToString() => MapText.Text(scene);

    /// <summary>The whole SVG document; its groups have their names as ids.</summary>
    internal string ToSvg()
    {
        var svg = new StringBuilder(Drawn(PodLooks.Define));
        foreach (var (id, content) in Groups())
        {
            svg.Append($"<g id=\"{id}\">").Append(content).Append("</g>");
        }
        return Picture.Document(MapLayout.Width, layout.Height, MapText.Alt(scene),
            svg.ToString());
    }

    /// <summary>The parts of the map, back to front. A player swaps only those that
    /// change.</summary>
    internal IEnumerable<(string Id, string Content)> Groups()
    {
        yield return ("kt", Drawn(Title));
        yield return ("kc", Drawn(ControlPlane));
        yield return ("kp", Drawn(new MapRecords(scene, layout).Panel));
        for (var i = 0; i < layout.Workloads.Count; i++)
        {
            var row = i;
            yield return ($"kw{Markup.N(i)}", Drawn(canvas =>
                new MapRecords(scene, layout).Workload(canvas, row)));
        }
        var nodes = new MapNodes(scene, layout);
        for (var i = 0; i < layout.Nodes.Count; i++)
        {
            var index = i;
            yield return ($"kn{Markup.N(i)}", Drawn(canvas => nodes.Draw(canvas, index)));
        }
        yield return ("ko", Drawn(nodes.Others));
        yield return ("kl", Drawn(Legend));
        yield return ("ka", Drawn(new MapArrows(scene, layout).Draw));
    }

    /// <summary>When the cluster began.</summary>
    internal static DateTime Begin(Cluster cluster) =>
        cluster.Find<Namespace>("", "default")?.Metadata.CreationTimestamp?.DateTime ?? cluster.Now;

    /// <summary>The components that every node has one of.</summary>
    internal static string[] PerNode =>
        [.. Bootstrap.Components().Where(c => c.PerNode).Select(c => c.Name)];

    internal static string Drawn(Action<Canvas> draw)
    {
        var canvas = new Canvas();
        draw(canvas);
        return canvas.ToString();
    }

    private void Title(Canvas canvas)
    {
        canvas.Text(8, 22, scene.Title, "h");
        var (first, second) = Markup.Wrap(scene.Headline, 584, 13.5);
        canvas.Fitted(8, 42, first, 584, 13.5, "l", start: true);
        canvas.Fitted(8, 59, second, 584, 13.5, "l", start: true);
    }

    private void ControlPlane(Canvas canvas)
    {
        var idle = scene.Idle == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
            $" ({scene.Idle} more {(scene.Idle == 1 ? "component has" : "components have")} "
            + $"nothing to do here)");
        canvas.Text(8, 80, $"Control plane, and you at kubectl{idle}", "m");
        for (var i = 0; i < layout.Chips.Count; i++)
        {
            var name = layout.Chips[i];
            var (x, y) = (MapLayout.ColumnX(i), MapLayout.ChipY(i));
            var down = scene.IsDown(name);
            Chip(canvas, x, y, MapLayout.ColumnWidth, name, down, i == 0 ? -1 : ColourOf(name));
            if (name == scene.Actor && scene.ActorNode.Length == 0)
            {
                canvas.Box(x - 1, y - 1, MapLayout.ColumnWidth + 2, 26, "k", 6);
            }
        }
    }

    private int ColourOf(string name)
    {
        for (var i = 0; i < scene.Components.Count; i++)
        {
            if (scene.Components[i] == name)
            {
                return i;
            }
        }
        return 0;
    }

    private static void Chip(Canvas canvas, double x, double y, double width, string name,
        bool down, int colour)
    {
        canvas.Box(x, y, width, MapLayout.ChipHeight, down ? "ch off" : "ch");
        if (colour >= 0)
        {
            canvas.Raw($"<rect class=\"sw\" x=\"{Markup.N(x + 4)}\" y=\"{Markup.N(y + 4)}\" "
                + $"width=\"6\" height=\"16\" rx=\"2\" fill=\"{MapStyle.Colour(colour)}\"/>");
        }
        var text = down ? $"✗ {name}" : colour < 0 ? "kubectl (you)" : name;
        canvas.Fitted(x + 16, y + 16, text, width - 20, 12, down ? "m" : "");
    }

    private void Legend(Canvas canvas)
    {
        for (var i = 0; i < PodLooks.All.Count; i++)
        {
            var (x, y) = (MapLayout.ColumnX(i), layout.LegendTop + 10 + (i / 3 * 20));
            PodLooks.Draw(canvas, PodLooks.All[i], x + 7, y);
            canvas.Text(x + 20, y + 4, PodLooks.Name(PodLooks.All[i]), "m");
        }
        var at = layout.LegendTop + 50;
        canvas.Box(MapLayout.ColumnX(1), at - 7, 14, 14, "k", 3);
        canvas.Text(MapLayout.ColumnX(1) + 20, at + 4, "changed in this step", "m");
        canvas.Box(MapLayout.ColumnX(2), at - 7, 14, 14, "gs", 3);
        canvas.Text(MapLayout.ColumnX(2) + 20, at + 4, "gone in this step", "m");
    }
}
