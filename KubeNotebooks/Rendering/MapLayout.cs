using KubeSim;

namespace KubeNotebooks;

/// <summary>How the pods of a node are drawn: the more there are, the less of each.</summary>
internal enum PodDetail
{
    Names,
    Shapes,
    Counts,
}

/// <summary>Where things stand on a map. One layout serves all maps of a run, so that nothing moves
/// but what changes: a node keeps its box, a pod its place on the node.</summary>
/// <remarks>A map is 600 units wide and is legible at as many pixels: no text is under 12.
/// Three columns with gutters between; all arrows run in the gutters.</remarks>
internal sealed class MapLayout
{
    public const int Width = 600;
    public const int Columns = 3;
    public const int ColumnWidth = 172;
    public const int PodHeight = 20;
    public const int MostNames = 9;
    public const int ShapesInRow = 10;
    public const int ChipHeight = 24;
    public const int RowHeight = 28;
    private const int MostNodes = 15;
    private const int MostShapes = 30;
    private const int MostWorkloads = 8;
    private const int MostNodeNames = 8;
    private const int Gap = 10;

    private readonly Dictionary<(string Node, ObjectKey Pod), int> slots = [];
    private readonly Dictionary<string, int> nodeIndex = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, int> workloadIndex = [];

    public MapLayout(IEnumerable<MapScene> scenes)
    {
        var all = scenes as IReadOnlyList<MapScene> ?? [.. scenes];
        (Chips, NodeChips) = ([.. ChipsOf(all[^1])], [.. all[^1].NodeComponents.Reverse()]);
        Nodes = PickNodes(all, out var total);
        OtherNodes = total - Nodes.Count;
        for (var i = 0; i < Nodes.Count; i++)
        {
            nodeIndex.Add(Nodes[i], i);
        }
        PickWorkloads(all);
        var most = 0;
        foreach (var scene in all)
        {
            HasOthers |= scene.Others.Count > 0;
            most = Math.Max(most, Seat(scene));
            Waiting = Math.Max(Waiting, scene.Pods.Count(p => p.Node.Length == 0));
        }
        Detail = most <= MostNodeNames && Nodes.Count <= 12 ? PodDetail.Names
            : most <= MostShapes ? PodDetail.Shapes : PodDetail.Counts;
        PodRows = Detail switch
        {
            PodDetail.Names => Math.Max(1, most),
            PodDetail.Shapes => (most + ShapesInRow - 1) / ShapesInRow,
            _ => 4,
        };
    }

    /// <summary>The components of the control plane and, first, the person at kubectl.</summary>
    public IReadOnlyList<string> Chips { get; }

    public IReadOnlyList<string> NodeChips { get; }

    public IReadOnlyList<string> Nodes { get; }

    /// <summary>The nodes that have no box of their own.</summary>
    public int OtherNodes { get; }

    public List<ObjectKey> Workloads { get; } = [];

    public int OtherWorkloads { get; private set; }

    public PodDetail Detail { get; }

    public bool HasOthers { get; }

    /// <summary>The most pods that wait for a node in any of the maps.</summary>
    public int Waiting { get; }

    private int PodRows { get; }

    public static int ChipsTop => 87;

    public int PanelTop => ChipsTop + (Rows(Chips.Count) * (ChipHeight + 6)) + 12;

    public int WaitingTop => PanelTop + 36;

    public bool WaitingByName => Waiting <= MostNames;

    private int WaitingHeight => 20 + (WaitingByName ? Rows(Waiting) : 1) * PodHeight;

    public int WorkloadsTop => WaitingTop + WaitingHeight + 4;

    public int OthersTop => WorkloadsTop + (Workloads.Count * RowHeight)
        + (OtherWorkloads > 0 ? 18 : 0);

    public int PanelBottom => OthersTop + (HasOthers ? 24 : 4);

    public int NodesTop => PanelBottom + 24;

    public int NodeHeight => 52 + (Detail == PodDetail.Shapes ? 16 : PodHeight) * PodRows;

    public int OtherNodesTop => NodesTop + (Rows(Nodes.Count) * (NodeHeight + Gap));

    public int LegendTop => OtherNodesTop + (OtherNodes > 0 ? 46 : 0) + 4;

    public int Height => LegendTop + 68;

    public static int ColumnX(int index) => 24 + (index % Columns * (ColumnWidth + 20));

    public static int Rows(int items) => (items + Columns - 1) / Columns;

    public static int ChipY(int index) => ChipsTop + (index / Columns * (ChipHeight + 6));

    public int ChipOf(string component)
    {
        for (var i = 0; i < Chips.Count; i++)
        {
            if (Chips[i] == component)
            {
                return i;
            }
        }
        return -1;
    }

    public int NodeOf(string node) => nodeIndex.GetValueOrDefault(node, -1);

    public int NodeY(int index) => NodesTop + (index / Columns * (NodeHeight + Gap));

    public int WorkloadOf(ObjectKey key) => workloadIndex.GetValueOrDefault(key, -1);

    public int WorkloadY(int index) => WorkloadsTop + (index * RowHeight);

    /// <summary>The place of a pod on its node, from 0.</summary>
    public int SlotOf(ScenePod pod) => slots.GetValueOrDefault((pod.Node, pod.Key), -1);

    /// <summary>The middle of the shape of a pod on a node.</summary>
    public (double X, double Y) PodAt(int node, int slot) => Detail == PodDetail.Names
        ? (ColumnX(node) + 15, NodeY(node) + 56 + (slot * PodHeight))
        : (ColumnX(node) + 14 + (slot % ShapesInRow * 16),
            NodeY(node) + 56 + (slot / ShapesInRow * 16));

    private static IEnumerable<string> ChipsOf(MapScene scene) => scene.Components
        .Where(c => !scene.NodeComponents.Contains(c)).Prepend("kubectl");

    // Where there are too many, those on which something happens, and then the first.
    private static List<string> PickNodes(IReadOnlyList<MapScene> scenes, out int total)
    {
        var names = new SortedSet<string>(scenes.SelectMany(s => s.Nodes).Select(n => n.Name),
            Comparer<string>.Create(MapScene.Natural));
        total = names.Count;
        if (total <= MostNodes)
        {
            return [.. names];
        }
        var events = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in scenes.SelectMany(s => s.Pods.Where(p => p.Mark != Mark.None)
            .Select(p => p.Node).Append(s.ActorNode)))
        {
            events[name] = events.GetValueOrDefault(name) + 1;
        }
        var picked = names.OrderByDescending(n => events.GetValueOrDefault(n)).Take(MostNodes);
        return [.. picked.Order(Comparer<string>.Create(MapScene.Natural))];
    }

    private void PickWorkloads(IReadOnlyList<MapScene> scenes)
    {
        var counts = new SortedDictionary<ObjectKey, int>();
        foreach (var scene in scenes)
        {
            foreach (var w in scene.Workloads)
            {
                var marks = (w.Mark != Mark.None ? 1 : 0) + w.Parts.Count(p => p.Mark != Mark.None);
                counts[w.Key] = counts.GetValueOrDefault(w.Key) + marks;
            }
        }
        Workloads.AddRange(counts.OrderByDescending(c => c.Value).Take(MostWorkloads)
            .Select(c => c.Key).Order());
        OtherWorkloads = counts.Count - Workloads.Count;
        for (var i = 0; i < Workloads.Count; i++)
        {
            workloadIndex.Add(Workloads[i], i);
        }
    }

    // Gives each newcomer the first free place on its node; the answer is how many are in use.
    private int Seat(MapScene scene)
    {
        var taken = new Dictionary<string, HashSet<int>>(StringComparer.Ordinal);
        var most = 0;
        foreach (var old in (bool[])[true, false])
        {
            foreach (var pod in scene.Pods)
            {
                if (!nodeIndex.ContainsKey(pod.Node)
                    || old != seated.Contains((pod.Node, pod.Key)))
                {
                    continue;
                }
                if (!taken.TryGetValue(pod.Node, out var places))
                {
                    taken.Add(pod.Node, places = []);
                }
                if (!old)
                {
                    var free = 0;
                    while (places.Contains(free))
                    {
                        free++;
                    }
                    slots.TryAdd((pod.Node, pod.Key), free);
                }
                places.Add(SlotOf(pod));
                most = Math.Max(most, SlotOf(pod) + 1);
            }
        }
        seated = [.. scene.Pods.Where(p => nodeIndex.ContainsKey(p.Node))
            .Select(p => (p.Node, p.Key))];
        return most;
    }

    private HashSet<(string Node, ObjectKey Pod)> seated = [];
}
