using System.Globalization;

namespace KubeNotebooks;

/// <summary>Draws what is only a record in etcd: workloads, and pods that no node has yet.
/// It stands inside the box of the API server, since it is nowhere else.</summary>
internal sealed class MapRecords(MapScene scene, MapLayout layout)
{
    private const int StripX = 304;
    private const int StripWidth = 276;
    private const int PartWidth = 131;

    public void Panel(Canvas canvas)
    {
        var top = layout.PanelTop;
        canvas.Box(6, top, 588, layout.PanelBottom - top, "pn", 8);
        canvas.Box(6, top, 588, 28, "hd", 8);
        canvas.Text(24, top + 19, "API server", "b l");
        canvas.Text(96, top + 19, "and its records", "m");
        canvas.Text(580, top + 19, string.Create(CultureInfo.InvariantCulture,
            $"etcd, revision {scene.Revision}"), "l", "end");
        if (scene.Refused.Length > 0)
        {
            canvas.Text(322, top + 19, $"refused: {scene.Refused}", "e", "middle");
        }
        Waiting(canvas);
        if (layout.OtherWorkloads > 0)
        {
            canvas.Text(24, layout.OthersTop - 6, string.Create(CultureInfo.InvariantCulture,
                $"and {layout.OtherWorkloads} more workloads"), "m");
        }
        if (scene.Others.Count > 0)
        {
            var more = scene.Others.Count > 1 ? string.Create(CultureInfo.InvariantCulture,
                $" (+{scene.Others.Count - 1} more)") : "";
            var y = layout.OthersTop;
            canvas.Box(24, y, 556, 19, "k", 4);
            canvas.Fitted(30, y + 14, $"{scene.Others[0]}{more}", 540, start: true);
        }
    }

    /// <summary>The pods that wait for a node, those that changed first.</summary>
    public static List<ScenePod> WaitingPods(MapScene scene) =>
        [.. scene.Pods.Where(p => p.Node.Length == 0)
            .OrderBy(p => p.Mark == Mark.None ? 1 : 0).ThenBy(p => p.Key)];

    /// <summary>The middle of the place of a waiting pod.</summary>
    public (double X, double Y) WaitingAt(int index) =>
        (MapLayout.ColumnX(index) + 9,
            layout.WaitingTop + 30 + (index / MapLayout.Columns * MapLayout.PodHeight));

    /// <summary>Draws the row of a workload: its record, and the pods that it owns.</summary>
    public void Workload(Canvas canvas, int row)
    {
        var workload = scene.Workloads.Find(w => w.Key == layout.Workloads[row]);
        if (workload is null)
        {
            return;
        }
        var y = layout.WorkloadY(row);
        var mid = y + 13;
        var ready = workload.Desired == 0 && workload.Ready == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $"{workload.Ready}/{workload.Desired} {ReadyWord(workload)}");
        canvas.Titled(Words.Name(workload.Key), () => canvas.Fitted(28, mid + 4,
            $"{workload.Key.Kind.Name} {workload.Key.Name}", 246 - Markup.Width(ready, 12.5)));
        canvas.Text(284, mid + 4, ready, "m", "end");
        if (workload.Mark != Mark.None)
        {
            canvas.Box(24, y + 2, 264, 22, workload.Mark == Mark.Gone ? "gs" : "k", 5);
        }
        if (workload.Parts.Count == 0)
        {
            Strip(canvas, workload.Pods, StripX, mid, StripWidth);
        }
        Parts(canvas, workload, y);
    }

    private static string ReadyWord(SceneWorkload workload) =>
        workload.Key.Kind.Name == "Job" ? "done" : "ready";

    /// <summary>A Deployment's ReplicaSets: the two with the most pods, side by side.</summary>
    public static List<SceneWorkload> PartsOf(SceneWorkload workload) =>
        [.. workload.Parts.OrderBy(p => p.Mark == Mark.None ? 1 : 0)
            .ThenByDescending(p => p.Pods.Count + p.Desired).Take(2).OrderBy(p => p.Key)];

    /// <summary>Where the box of a part begins.</summary>
    public static int PartX(int index) => StripX + (index * (PartWidth + 14));

    private static void Parts(Canvas canvas, SceneWorkload workload, int y)
    {
        var parts = PartsOf(workload);
        var width = parts.Count > 1 ? PartWidth : StripWidth;
        for (var i = 0; i < parts.Count; i++)
        {
            var (part, x) = (parts[i], PartX(i));
            canvas.Box(x, y + 2, width, 22, "ch", 5);
            var name = part.Key.Name.StartsWith(workload.Key.Name + "-", StringComparison.Ordinal)
                ? part.Key.Name[workload.Key.Name.Length..] : part.Key.Name;
            const int room = 73;
            var more = i == 1 && workload.Parts.Count > 2 ? "+" : "";
            canvas.Titled($"{Words.Name(part.Key)}: {part.Ready} of {part.Desired} ready",
                () => canvas.Fitted(x + 6, y + 17, name + more, room));
            if (part.Pods.Count == 0)
            {
                canvas.Text(x + width - 6, y + 17, "no pods", "m", "end");
            }
            Strip(canvas, part.Pods, x + 9 + room, y + 13, width - room - 12);
            if (part.Mark != Mark.None)
            {
                canvas.Box(x, y + 2, width, 22, part.Mark == Mark.Gone ? "gs" : "k", 5);
            }
        }
    }

    /// <summary>The pods in a row as shapes or, where there is no room, how many of
    /// each.</summary>
    private static void Strip(Canvas canvas, List<ScenePod> pods, double x, double mid,
        double width)
    {
        if (pods.Count * 14 <= width)
        {
            foreach (var pod in pods)
            {
                canvas.Titled(pod.Title, () => PodLooks.Draw(canvas, pod.Look, x + 7, mid));
                x += 14;
            }
            return;
        }
        Counts(canvas, pods, x, mid, width);
    }

    /// <summary>How many pods there are of each look, as far as there is room.</summary>
    public static void Counts(Canvas canvas, IEnumerable<ScenePod> pods, double x, double mid,
        double width)
    {
        var end = x + width;
        foreach (var group in pods.GroupBy(p => p.Look).OrderByDescending(g => g.Count()))
        {
            var text = group.Count().ToString("N0", CultureInfo.InvariantCulture);
            if (x + 18 + Markup.Width(text, 12) > end)
            {
                return;
            }
            PodLooks.Draw(canvas, group.Key, x + 7, mid);
            canvas.Text(x + 17, mid + 4, text);
            x += 26 + Markup.Width(text, 12);
        }
    }

    private void Waiting(Canvas canvas)
    {
        var pods = WaitingPods(scene);
        var y = layout.WaitingTop;
        var text = pods.Count == 0 ? "No pod waits for a node."
            : string.Create(CultureInfo.InvariantCulture,
                $"Pods without a node: {pods.Count}");
        canvas.Text(24, y + 12, text, "m");
        if (!layout.WaitingByName)
        {
            Counts(canvas, pods, 24, y + 30, 540);
            if (pods.Exists(p => p.Mark != Mark.None))
            {
                canvas.Box(22, y + 20, 120, 20, "k", 4);
            }
            return;
        }
        for (var i = 0; i < pods.Count; i++)
        {
            var (x, mid) = WaitingAt(i);
            MapNodes.NamedPod(canvas, pods[i], x, mid, MapLayout.ColumnWidth - 8);
        }
    }
}
