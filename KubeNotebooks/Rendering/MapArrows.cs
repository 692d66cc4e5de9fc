namespace KubeNotebooks;

/// <summary>Draws the way of a write: from who did it to the API server, and on to what it changed.
/// Nothing on the map reaches anything else but through the API server, and so it is in
/// life.</summary>
internal sealed class MapArrows(MapScene scene, MapLayout layout)
{
    private const int Most = 12;

    public void Draw(Canvas canvas)
    {
        if (scene.Actor.Length == 0 || !TryWay(out var way))
        {
            return;
        }
        if (scene.Refused.Length > 0)
        {
            canvas.Arrow("ar rf", way);
            var (x, y) = way[^1];
            canvas.Path($"M{Markup.N(x + 9)} {Markup.N(y - 6)}l12 12m0-12l-12 12", "x");
        }
        if (scene.Wrote)
        {
            canvas.Arrow("ar", way);
            Onward(canvas);
        }
        else if (scene.Refused.Length == 0)
        {
            Array.Reverse(way);
            canvas.Arrow("ar rd", way);
        }
    }

    // From the chip of who did it to the edge of the API server.
    private bool TryWay(out (double X, double Y)[] way)
    {
        way = [];
        if (scene.ActorNode.Length > 0)
        {
            var node = layout.NodeOf(scene.ActorNode);
            var other = layout.OtherNodesTop + 30;
            var gutter = node >= 0 ? MapNodes.ToGutter(layout, node, scene.Actor)
                : [(580, other), (589, other)];
            way = [.. gutter, (gutter[^1].X, layout.PanelBottom)];
            return node >= 0 || layout.OtherNodes > 0;
        }
        var chip = layout.ChipOf(scene.Actor);
        if (chip < 0)
        {
            return false;
        }
        var (x, top) = (MapLayout.ColumnX(chip), MapLayout.ChipY(chip) + 12);
        way = [(x, top), (x - 10, top), (x - 10, layout.PanelTop)];
        return true;
    }

    private void Onward(Canvas canvas)
    {
        var left = Most;
        for (var i = 0; i < layout.Workloads.Count; i++)
        {
            var workload = scene.Workloads.Find(w => w.Key == layout.Workloads[i]);
            if (workload is { Mark: not Mark.None } && left-- > 0)
            {
                FromHeader(canvas, 0, layout.WorkloadY(i) + 13, 24);
            }
            ToParts(canvas, workload, layout.WorkloadY(i));
        }
        if (scene.Others.Count > 0)
        {
            FromHeader(canvas, 0, layout.OthersTop + 9, 24);
        }
        Waiting(canvas, ref left);
        foreach (var pod in scene.Pods)
        {
            var node = layout.NodeOf(pod.Node);
            if (pod.Mark != Mark.None && node >= 0 && left-- > 0)
            {
                ToPod(canvas, pod, node);
            }
        }
        if (layout.OtherNodes > 0 && MapNodes.IsOtherMarked(scene, layout))
        {
            FromPanel(canvas, 0, layout.OtherNodesTop + 20, 22);
        }
        foreach (var node in scene.Nodes)
        {
            if (node.Mark != Mark.None && layout.NodeOf(node.Name) is >= 0 and var at && left-- > 0)
            {
                FromPanel(canvas, at, layout.NodeY(at) + 12, MapLayout.ColumnX(at) + 3);
            }
        }
    }

    // Above the row of a Deployment, and down to its ReplicaSet.
    private void ToParts(Canvas canvas, SceneWorkload? workload, int y)
    {
        if (workload is null || workload.Parts.Count == 0)
        {
            return;
        }
        var parts = MapRecords.PartsOf(workload);
        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i].Mark != Mark.None)
            {
                var (lane, x) = (MapLayout.ColumnX(0) - 10, MapRecords.PartX(i));
                canvas.Arrow("ar", (lane, layout.PanelTop + 28), (lane, y - 1), (x - 10, y - 1),
                    (x - 10, y + 13), (x, y + 13));
            }
        }
    }

    private void Waiting(Canvas canvas, ref int left)
    {
        var pods = MapRecords.WaitingPods(scene);
        var records = new MapRecords(scene, layout);
        for (var i = 0; i < pods.Count && pods[i].Mark != Mark.None && left-- > 0; i++)
        {
            var (x, y) = layout.WaitingByName ? records.WaitingAt(i) : (31, layout.WaitingTop + 30);
            FromHeader(canvas, layout.WaitingByName ? i : 0, y, x - 9);
            left -= layout.WaitingByName ? 0 : left;
        }
    }

    private void ToPod(Canvas canvas, ScenePod pod, int node)
    {
        if (layout.Detail == PodDetail.Counts)
        {
            // The row of a look comes after those of the looks before it.
            var row = scene.Pods.Where(p => p.Node == pod.Node && p.Look < pod.Look)
                .Select(p => p.Look).Distinct().Count();
            FromPanel(canvas, node, layout.NodeY(node) + 56 + (Math.Min(row, 3)
                * MapLayout.PodHeight), MapLayout.ColumnX(node) + 5);
            return;
        }
        var (x, y) = layout.PodAt(node, layout.SlotOf(pod));
        // A shape deep in a row is pointed at from the edge of its node.
        FromPanel(canvas, node, y, layout.Detail == PodDetail.Names ? x - 9
            : MapLayout.ColumnX(node) + 5);
    }

    private void FromHeader(Canvas canvas, int column, double y, double to)
    {
        var x = MapLayout.ColumnX(column) - 10;
        canvas.Arrow("ar", (x, layout.PanelTop + 28), (x, y), (to, y));
    }

    private void FromPanel(Canvas canvas, int node, double y, double to)
    {
        var x = MapLayout.ColumnX(node) - 6;
        canvas.Arrow("ar", (x, layout.PanelBottom), (x, y), (to, y));
    }
}
