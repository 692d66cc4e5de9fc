using System.Globalization;

namespace KubeNotebooks;

/// <summary>Draws the nodes with what runs on them.</summary>
internal sealed class MapNodes(MapScene scene, MapLayout layout)
{
    private readonly ILookup<string, ScenePod> pods = scene.Pods.ToLookup(p => p.Node,
        StringComparer.Ordinal);

    /// <summary>A pod with its name, from the middle of its shape.</summary>
    public static void NamedPod(Canvas canvas, ScenePod pod, double x, double mid, double width)
    {
        canvas.Titled(pod.Title, () =>
        {
            PodLooks.Draw(canvas, pod.Look, x, mid);
            // What is wrong matters more than the whole of the name.
            var room = width - 24 - (pod.Trouble.Length == 0 ? 0
                : Math.Min(112, Markup.Width(pod.Trouble, 12.5)) + 4);
            canvas.Fitted(x + 12, mid + 4, pod.Name, room, 12, pod.Mark == Mark.Gone ? "gt" : "");
            if (pod.Trouble.Length > 0)
            {
                canvas.Fitted(x + 16 + room, mid + 4, pod.Trouble, 112, 12.5, "w");
            }
        });
        if (pod.Mark != Mark.None)
        {
            canvas.Box(x - 9, mid - 9.5, width, 19, pod.Mark == Mark.Gone ? "gs" : "k", 4);
        }
    }

    public void Draw(Canvas canvas, int index)
    {
        var name = layout.Nodes[index];
        var (x, y) = (MapLayout.ColumnX(index), layout.NodeY(index));
        var node = scene.Nodes.Find(n => n.Name == name);
        if (node is null)
        {
            return;
        }
        var off = !node.IsReady || scene.IsDown("", name);
        canvas.Box(x, y, MapLayout.ColumnWidth, layout.NodeHeight - 2, off ? "nd off" : "nd", 6);
        var state = scene.IsDown("", name) ? "machine down" : !node.IsReady ? "NotReady"
            : node.IsCordoned ? "cordoned" : "Ready";
        canvas.Text(x + 164, y + 17, state, off ? "e" : "m", "end");
        var room = 152 - Markup.Width(state, 12);
        canvas.Fitted(x + 8, y + 17, name, room, 13.8, "b l");
        if (node.Mark != Mark.None)
        {
            canvas.Box(x + 3, y + 3, MapLayout.ColumnWidth - 6, 19, "k", 4);
        }
        Components(canvas, name, x, y + 24);
        Pods(canvas, index, name);
    }

    /// <summary>The way from the chip of a component on a node to the gutter at the right of the
    /// node: straight, or below the chips that stand between.</summary>
    public static List<(double X, double Y)> ToGutter(MapLayout layout, int node, string component)
    {
        var (end, y) = (MapLayout.ColumnX(node) + 164.0, layout.NodeY(node) + 33);
        var right = end;
        foreach (var chip in layout.NodeChips)
        {
            if (chip == component)
            {
                break;
            }
            right -= ChipWidth(chip) + 4;
        }
        if (right == end)
        {
            return [(end, y), (end + 15, y)];
        }
        var middle = right - (ChipWidth(component) / 2);
        return [(middle, y + 9), (middle, y + 12), (end + 15, y + 12)];
    }

    private static double ChipWidth(string text) => Markup.Width(text, 12) + 12;

    /// <summary>A bar for the nodes that have no box.</summary>
    public void Others(Canvas canvas)
    {
        if (layout.Nodes.Count == 0)
        {
            canvas.Text(24, layout.NodesTop, "There are no nodes: no pod can run.", "m");
        }
        if (layout.OtherNodes == 0)
        {
            return;
        }
        var y = layout.OtherNodesTop;
        var ready = scene.Nodes.Count(n => n.IsReady && layout.NodeOf(n.Name) < 0);
        canvas.Box(24, y, 556, 42, "nd", 6);
        canvas.Text(32, y + 16, string.Create(CultureInfo.InvariantCulture,
            $"{layout.OtherNodes:N0} more nodes, {ready:N0} of them Ready; their pods:"), "b");
        MapRecords.Counts(canvas, scene.Pods.Where(p => p.Node.Length > 0
            && layout.NodeOf(p.Node) < 0), 32, y + 31, 540);
        if (IsOtherMarked(scene, layout) || (scene.ActorNode.Length > 0
            && layout.NodeOf(scene.ActorNode) < 0))
        {
            canvas.Box(22, y - 2, 560, 46, "k", 7);
        }
    }

    /// <summary>True when the step changed something on a node that has no box.</summary>
    public static bool IsOtherMarked(MapScene scene, MapLayout layout) =>
        scene.Pods.Exists(p => p.Mark != Mark.None && p.Node.Length > 0
            && layout.NodeOf(p.Node) < 0)
        || scene.Nodes.Exists(n => n.Mark != Mark.None && layout.NodeOf(n.Name) < 0);

    private void Components(Canvas canvas, string node, double x, double y)
    {
        var right = x + 164;
        foreach (var component in layout.NodeChips)
        {
            var down = scene.IsDown(component, node);
            var text = down ? $"{component} ✗" : component;
            var width = ChipWidth(text);
            if (right - width < x + 4)
            {
                return;
            }
            canvas.Box(right - width, y, width, 18, down ? "ch off" : "ch", 4);
            canvas.Text(right - (width / 2), y + 13, text, down ? "e" : "", "middle");
            if (component == scene.Actor && node == scene.ActorNode)
            {
                canvas.Box(right - width - 1, y - 1, width + 2, 20, "k", 5);
            }
            right -= width + 4;
        }
    }

    private void Pods(Canvas canvas, int index, string name)
    {
        if (layout.Detail == PodDetail.Counts)
        {
            Counted(canvas, index, name);
            return;
        }
        foreach (var pod in pods[name])
        {
            var (x, mid) = layout.PodAt(index, layout.SlotOf(pod));
            if (layout.Detail == PodDetail.Names)
            {
                NamedPod(canvas, pod, x, mid, MapLayout.ColumnWidth - 12);
                continue;
            }
            canvas.Titled(pod.Title, () => PodLooks.Draw(canvas, pod.Look, x, mid));
            if (pod.Mark != Mark.None)
            {
                canvas.Box(x - 8, mid - 8, 16, 16, pod.Mark == Mark.Gone ? "gs" : "k", 3);
            }
        }
    }

    private void Counted(Canvas canvas, int index, string name)
    {
        var (x, y) = (MapLayout.ColumnX(index) + 14, layout.NodeY(index) + 56);
        foreach (var group in pods[name].GroupBy(p => p.Look).OrderBy(g => g.Key).Take(4))
        {
            PodLooks.Draw(canvas, group.Key, x, y);
            canvas.Text(x + 12, y + 4, string.Create(CultureInfo.InvariantCulture,
                $"{group.Count()} {PodLooks.Name(group.Key)}"));
            if (group.Any(p => p.Mark != Mark.None))
            {
                canvas.Box(x - 9, y - 9.5, MapLayout.ColumnWidth - 12, 19, "k", 4);
            }
            y += MapLayout.PodHeight;
        }
    }
}
