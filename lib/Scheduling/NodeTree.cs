namespace KubeSim;

/// <summary>The names of the nodes in the order in which the scheduler looks at them: one of each
/// zone in turn, so that a search that stops early has seen every zone. With a, b in zone 1 and c
/// in zone 2: a, c, b.</summary>
/// <remarks>Models pkg/scheduler/backend/cache/node_tree.go.</remarks>
internal sealed class NodeTree
{
    private readonly List<(string Zone, List<string> Nodes)> zones = [];

    public void Add(Node node)
    {
        var zone = ZoneOf(node);
        var at = zones.FindIndex(z => z.Zone == zone);
        if (at < 0)
        {
            zones.Add((zone, [node.Metadata.Name]));
        }
        else if (!zones[at].Nodes.Contains(node.Metadata.Name))
        {
            zones[at].Nodes.Add(node.Metadata.Name);
        }
    }

    public void Remove(Node node)
    {
        var zone = ZoneOf(node);
        var at = zones.FindIndex(z => z.Zone == zone);
        if (at >= 0 && zones[at].Nodes.Remove(node.Metadata.Name) && zones[at].Nodes.Count == 0)
        {
            zones.RemoveAt(at);
        }
    }

    /// <summary>Takes over a change of the node's zone; tells whether there was one.</summary>
    public bool Update(Node old, Node node)
    {
        if (ZoneOf(old) == ZoneOf(node))
        {
            return false;
        }
        Remove(old);
        Add(node);
        return true;
    }

    public List<string> Ordered()
    {
        var ordered = new List<string>();
        for (var round = 0; ; round++)
        {
            var before = ordered.Count;
            foreach (var (_, nodes) in zones)
            {
                if (round < nodes.Count)
                {
                    ordered.Add(nodes[round]);
                }
            }
            if (ordered.Count == before)
            {
                return ordered;
            }
        }
    }

    // Region and zone; nodes without either are a zone of their own.
    private static string ZoneOf(Node node)
    {
        var labels = node.Metadata.Labels;
        return $"{Label(labels, "region")}\n{Label(labels, "zone")}";
    }

    private static string? Label(Map<string> labels, string name) =>
        labels.Get($"topology.kubernetes.io/{name}")
        ?? labels.Get($"failure-domain.beta.kubernetes.io/{name}");
}
