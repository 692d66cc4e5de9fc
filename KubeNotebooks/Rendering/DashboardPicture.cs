using System.Globalization;
using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>The whole cluster on one page: workloads by status as rings, a row for each node with
/// what is requested, allowed and used of it, the pods in trouble, the latest warnings. Of large
/// clusters each node is one field of a mosaic, and the rows are those that somebody should look
/// at.</summary>
internal sealed class DashboardPicture
{
    private const int MostNodes = 12;
    private const int MostPods = 10;
    private const int MostEvents = 6;
    private const int RingColumns = 4;
    private const double Room = MapLayout.Width - 16;
    private const string Title = "Dashboard";

    private static readonly PodLook[] Order = [PodLook.Ready, PodLook.Pending,
        PodLook.Terminating, PodLook.Failed, PodLook.Succeeded];

    private readonly Canvas canvas = new();
    private readonly DashboardScene scene;
    private readonly string since;
    private readonly DateTime start;
    private double y;

    private DashboardPicture(Cluster cluster)
    {
        scene = new(cluster);
        start = ClusterMap.Begin(cluster);
        since = Elapsed(cluster.Now);
    }

    public static Picture Of(Cluster cluster)
    {
        var picture = new DashboardPicture(cluster);
        picture.Draw();
        var alt = Markup.Brief(picture.Told(), 1400);
        return new(Picture.Document(MapLayout.Width, picture.y + 4, alt, $"{picture.canvas}"), alt,
            picture.InText());
    }

    private string Headline => string.Create(CultureInfo.InvariantCulture,
        $"{scene.Nodes.Count} nodes, {scene.Nodes.Count(n => !n.IsReady)} of them not ready; "
        + $"{scene.Pods.Count} pods; {scene.Events.Count(e => e.Type == "Warning")} warnings");

    private IEnumerable<DashboardNode> NodesShown =>
        scene.Nodes.Count <= MostNodes ? scene.Nodes : scene.FullestNodes.Take(MostNodes - 4);

    private string Told() => $"Dashboard after {since}. {Headline}. "
        + string.Join("; ", scene.Statuses.Select(s => $"{s.Title}: {Counted(s)}"))
        + string.Concat(NodesShown.Select(n => $". {n.Name} {n.Condition}: CPU {Words(n.Cpu)}; "
            + $"memory {Words(n.Memory)}"));

    private void Draw()
    {
        PodLooks.Define(canvas);
        canvas.Fitted(8, 24, $"{Title}  ·  {since}", Room, 15, "h");
        canvas.Fitted(8, 43, Headline, Room, 13.5, "l", start: true);
        y = 52;
        Rings();
        if (scene.Nodes.Count > MostNodes)
        {
            Mosaic();
        }
        Rows("Nodes", scene.Nodes.Count, [.. NodesShown], 34, Node, canvas =>
        {
            canvas.Box(150, y + 5, 14, 8, "kp kp1", 0);
            canvas.Text(168, y + 13, "requests", "m");
            canvas.Path($"M236 {Markup.N(y + 4)}v10", "bd");
            canvas.Text(242, y + 13, "limits", "m");
            canvas.Box(288, y + 7, 14, 4, "kp kp0", 0);
            canvas.Text(306, y + 13, "used", "m");
        });
        Rows("Pods", scene.Pods.Count, [.. scene.Pods.Take(MostPods)], 20, Pod, canvas =>
        {
            var measured = scene.Pods.Exists(p => p.Used.Cpu.Length > 0);
            foreach (var (x, name) in ((double, string)[])
                [(226, "node"), (298, "status"), (432, "restarts"), (490, "CPU"), (540, "memory")])
            {
                canvas.Text(x, y + 13, x < 490 || measured ? name : "", "m");
            }
        });
        Rows("Events, warnings first", scene.Events.Count, [.. scene.Events.Take(MostEvents)], 36,
            Event, _ => { });
    }

    private void Rings()
    {
        for (var i = 0; i < scene.Statuses.Count; i++)
        {
            var (title, counts) = scene.Statuses[i];
            var (x, top) = (8 + (i % RingColumns * 148), y + (i / RingColumns * 92));
            canvas.Fitted(x, top + 14, title, 142, 12.5, "b");
            var (all, before) = ((double)counts.Values.Sum(), 0.0);
            foreach (var look in Order.Where(counts.ContainsKey))
            {
                Ring(x + 26, top + 50, before / all, counts[look] / all, look);
                before += counts[look];
            }
            canvas.Text(x + 26, top + 54, Markup.N(all), "b", "middle");
            var line = top + 36;
            foreach (var look in Order.Where(counts.ContainsKey).Take(3))
            {
                PodLooks.Draw(canvas, look, x + 60, line - 4);
                canvas.Fitted(x + 69, line, $"{Markup.N(counts[look])} {Name(look, title)}", 78);
                line += 18;
            }
        }
        y += Math.Ceiling(scene.Statuses.Count / (double)RingColumns) * 92;
    }

    // A share of a ring, clockwise from the top.
    private void Ring(double x, double y, double from, double share, PodLook look)
    {
        // A whole ring would begin where it ends, which is drawn as nothing.
        var to = from + Math.Min(share, 0.998);
        string At(double part, double r) => $"{Markup.N(x + (r * Math.Sin(part * Math.Tau)))} "
            + Markup.N(y - (r * Math.Cos(part * Math.Tau)));
        var large = share > 0.5 ? 1 : 0;
        canvas.Path($"M{At(from, 25)}A25 25 0 {large} 1 {At(to, 25)}L{At(to, 16)}"
            + $"A16 16 0 {large} 0 {At(from, 16)}Z", $"kp kp{(int)look}");
    }

    // Each node is a field: the darker, the more of its CPU is requested; crossed out when it is
    // not well. Fields of a shade are one path, so that 5,000 nodes stay a small picture.
    private void Mosaic()
    {
        var size = 16.0;
        while (size > 3 && Math.Ceiling(scene.Nodes.Count / Math.Floor(Room / size)) * size > 96)
        {
            size--;
        }
        var columns = (int)Math.Floor(Room / size);
        canvas.Fitted(8, y + 14, "Every node: the darker, the more of its CPU is requested; "
            + "✕ not well", Room, 12.5, "m");
        y += 22;
        var shades = new StringBuilder[5];
        var amiss = new StringBuilder();
        for (var i = 0; i < scene.Nodes.Count; i++)
        {
            var node = scene.Nodes[i];
            var (left, top) = (8 + (i % columns * size), y + (i / columns * size));
            var shade = Math.Clamp((int)(node.Cpu.Share(node.Cpu.Requests) * 5), 0, 4);
            var d = node.Condition == "Ready" ? shades[shade] ??= new() : amiss;
            var (w, at) = (Markup.N(size - 1), $"M{Markup.N(left)} {Markup.N(top)}");
            d.Append(node.Condition == "Ready" ? $"{at}h{w}v{w}h-{w}z"
                : $"{at}l{w} {w}m0 -{w}l-{w} {w}");
        }
        for (var i = 0; i < shades.Length; i++)
        {
            canvas.Raw($"<path class=\"kp5\" opacity=\"{Markup.N(0.2 + (i * 0.2))}\" "
                + $"d=\"{shades[i]}\"/>");
        }
        canvas.Path($"{amiss}", "x");
        y += (Math.Ceiling(scene.Nodes.Count / (double)columns) * size) + 8;
    }

    private void Rows<T>(string title, int all, List<T> shown, double height, Action<T> row,
        Action<Canvas> head)
    {
        if (all == 0)
        {
            return;
        }
        canvas.Box(4, y, MapLayout.Width - 8, 20, "hd", 3);
        canvas.Text(8, y + 14, title, "b");
        head(canvas);
        y += 24;
        foreach (var item in shown)
        {
            row(item);
            y += height;
        }
        if (all > shown.Count)
        {
            canvas.Text(8, y + 12, $"and {Markup.N(all - shown.Count)} more", "m");
            y += 18;
        }
        y += 6;
    }

    private void Node(DashboardNode node)
    {
        canvas.Fitted(8, y + 12, node.Name, 134, 12.5, "b");
        canvas.Fitted(8, y + 27, node.Condition, 134, 12.5, node.Condition == "Ready" ? "m" : "e");
        Bar(150, "CPU", node.Cpu);
        Bar(346, "memory", node.Memory);
        canvas.Text(592, y + 12, $"{Markup.N(node.Pods)}/{Markup.N(node.PodRoom)}", "", "end");
        canvas.Text(592, y + 27, "pods", "m", "end");
    }

    private void Bar(double x, string name, DashboardUse use)
    {
        const double Width = 180;
        canvas.Titled($"{name}: {Words(use)}", () =>
        {
            double At(double amount) => Width * Math.Min(1, use.Share(amount));
            canvas.Box(x, y + 2, Width, 11, "ch", 0);
            canvas.Box(x, y + 2, At(use.Requests), 11, "kp kp1", 0);
            if (use.Used is { } used)
            {
                canvas.Box(x, y + 5.5, At(used), 4, "kp kp0", 0);
            }
            if (use.Limits > 0)
            {
                canvas.Path($"M{Markup.N(x + At(use.Limits))} {Markup.N(y)}v15", "bd");
            }
        });
        canvas.Fitted(x, y + 27, $"{name} {Words(use)}", Width + 6, 12, "m");
    }

    private static string Words(DashboardUse use) => string.Create(CultureInfo.InvariantCulture,
        $"{use.Share(use.Requests):0%} · {use.Share(use.Limits):0%}")
        + (use.Used is { } used ? string.Create(CultureInfo.InvariantCulture,
            $" · {use.Share(used):0%}") : "");

    private void Pod(DashboardPod pod)
    {
        PodLooks.Draw(canvas, pod.Look, 14, y + 8);
        canvas.Fitted(26, y + 12, Of(pod.Key), 194);
        canvas.Fitted(226, y + 12, pod.Node, 66);
        canvas.Fitted(298, y + 12, pod.Reason, 128,
            style: pod.Look is PodLook.Ready or PodLook.Succeeded ? "" : "w");
        canvas.Text(432, y + 12, Markup.N(pod.Restarts), pod.Restarts > 0 ? "w" : "m");
        canvas.Text(490, y + 12, pod.Used.Cpu);
        canvas.Text(540, y + 12, pod.Used.Memory);
    }

    private void Event(Event e)
    {
        var warns = e.Type == "Warning";
        canvas.Fitted(8, y + 12, $"{(warns ? "▲ " : "")}{e.Reason}", 150, 12.5, warns ? "e" : "b");
        canvas.Fitted(164, y + 12, About(e), 300);
        canvas.Text(592, y + 12, $"{Times(e)}{Elapsed(DashboardScene.When(e))}", "m", "end");
        canvas.Fitted(20, y + 28, e.Message ?? "", Room - 12, 12, "m", start: true);
    }

    private static string Times(Event e) =>
        (e.Series?.Count ?? e.Count) is > 1 and var times ? $"{Markup.N(times)} ×  " : "";

    private static string About(Event e) =>
        $"{e.InvolvedObject.Kind} {e.InvolvedObject.Namespace}/{e.InvolvedObject.Name}"
            .Replace(" default/", " ", StringComparison.Ordinal)
            .Replace(" /", " ", StringComparison.Ordinal);

    private static string Of(ObjectKey pod) =>
        pod.Namespace == "default" ? pod.Name : $"{pod.Namespace}/{pod.Name}";

    private string Elapsed(DateTime time) => KubeNotebooks.Words.Elapsed(time - start)[..^4];

    private static string Name(PodLook look, string of) => look switch
    {
        PodLook.Ready => "Running",
        PodLook.Terminating when of == DashboardScene.CronJobs => "Suspended",
        _ => $"{look}",
    };

    private static string Counted((string Title, Dictionary<PodLook, int> Counts) of) =>
        string.Join(", ", Order.Where(of.Counts.ContainsKey).Select(l =>
            $"{Markup.N(of.Counts[l])} {Name(l, of.Title)}"));

    private string InText()
    {
        var text = new StringBuilder($"{Title} after {since}: {Headline}\n\n");
        Table(["WORKLOADS", "STATUS"], scene.Statuses.Select(s =>
            (string[])[s.Title, Counted(s)]), scene.Statuses.Count);
        Table(["NODE", "CONDITION", "CPU requests · limits · used", "MEMORY", "PODS"],
            NodesShown.Select(n => (string[])[n.Name, n.Condition, Words(n.Cpu), Words(n.Memory),
                $"{Markup.N(n.Pods)}/{Markup.N(n.PodRoom)}"]), scene.Nodes.Count);
        Table(["POD", "NODE", "STATUS", "RESTARTS", "CPU", "MEMORY"],
            scene.Pods.Take(MostPods).Select(p => (string[])[Of(p.Key), p.Node, p.Reason,
                Markup.N(p.Restarts), p.Used.Cpu, p.Used.Memory]), scene.Pods.Count);
        Table(["EVENT", "REASON", "OBJECT", "LAST SEEN", "MESSAGE"],
            scene.Events.Take(MostEvents).Select(e => (string[])[e.Type ?? "", e.Reason ?? "",
                About(e), $"{Times(e)}{Elapsed(DashboardScene.When(e))}",
                Markup.Brief(e.Message ?? "", 120)]), scene.Events.Count);
        return text.ToString().TrimEnd('\n');

        void Table(string[] header, IEnumerable<string[]> rows, int all)
        {
            List<string[]> grid = [header, .. rows];
            if (all > 0)
            {
                text.Append(Markup.Columns(grid)).Append('\n').Append(all < grid.Count ? "\n"
                    : $"and {Markup.N(all - grid.Count + 1)} more\n\n");
            }
        }
    }
}
