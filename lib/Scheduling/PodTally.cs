namespace KubeSim;

/// <summary>The nodes that count: those that the pod may use, when a constraint honours its node
/// affinity or the taints, and that have all labels named.</summary>
internal sealed record NodeRule(Map<string> NodeSelector, NodeAffinity? Affinity,
    Seq<Toleration>? Tolerations, Seq<string> Keys)
{
    public static NodeRule Every { get; } = new(default, null, null, []);

    public bool Admits(Node node)
    {
        var labels = node.Metadata.Labels;
        foreach (var key in Keys.AsSpan())
        {
            if (!labels.ContainsKey(key))
            {
                return false;
            }
        }
        return NodeAffinity.Allows(NodeSelector, Affinity, labels, node.Metadata.Name)
            && (Tolerations is not { } tolerations
                || node.Spec.Taints.FirstUntolerated(tolerations, TaintEffects.Forbidding) is null);
    }
}

/// <summary>The nodes parted into domains by the value of a label (a zone), or each for itself when
/// there is no label; with only those counted that a rule admits. Kept up as nodes
/// change.</summary>
internal sealed class NodeTopology(string? label, NodeRule rule)
{
    private readonly Dictionary<string, int> byValue = new(StringComparer.Ordinal);
    private readonly List<int> nodesIn = [];
    private int[] domains = [];
    private bool[] counted = [];

    /// <summary>The number of domains ever seen: their numbers are below.</summary>
    public int Size => nodesIn.Count;

    /// <summary>How many domains have a node that counts.</summary>
    public int Live { get; private set; }

    /// <summary>Grows when a node moves.</summary>
    public int Version { get; private set; } = 1;

    /// <summary>The domain of a node; -1 when the node lacks the label.</summary>
    public int DomainOf(int slot) => slot >= 0 && slot < domains.Length ? domains[slot] : -1;

    /// <summary>True when the rule admits the node.</summary>
    public bool Counts(int slot) => slot >= 0 && slot < counted.Length && counted[slot];

    /// <summary>A node came, changed, or went (null).</summary>
    public void Set(int slot, Node? node)
    {
        if (slot >= domains.Length)
        {
            var before = domains.Length;
            Array.Resize(ref domains, Math.Max(slot + 1, before * 2));
            Array.Resize(ref counted, domains.Length);
            domains.AsSpan(before).Fill(-1);
        }
        var domain = node is null ? -1 : DomainOf(node);
        var counts = domain >= 0 && rule.Admits(node!);
        if (domain == domains[slot] && counts == counted[slot])
        {
            return;
        }
        Version++;
        if (counted[slot] && --nodesIn[domains[slot]] == 0)
        {
            Live--;
        }
        if (counts && ++nodesIn[domain] == 1)
        {
            Live++;
        }
        (domains[slot], counted[slot]) = (domain, counts);
    }

    private int DomainOf(Node node)
    {
        var value = label is null ? node.Metadata.Name : node.Metadata.Labels.Get(label);
        if (value is null)
        {
            return -1;
        }
        if (!byValue.TryGetValue(value, out var domain))
        {
            byValue.Add(value, domain = nodesIn.Count);
            nodesIn.Add(0);
        }
        return domain;
    }
}

/// <summary>
/// How many of some pods are in each domain of a topology: one per constraint or term in use. It is
/// kept up by one addition for each pod that comes or goes, so that asking costs the same with ten
/// pods placed and with 150,000; only when nodes change is it counted anew, by crowds.
/// </summary>
internal sealed class PodTally(NodeTopology topology, PodIndex index)
{
    private readonly Dictionary<int, int> counts = [];
    private int version;

    // The smallest count and how many domains have it; none: to be found again.
    private (int Count, int Domains) least;

    public NodeTopology Topology => topology;

    /// <summary>The crowds counted, and how often each. Only ever summed up.</summary>
    public Dictionary<PodCrowd, int> Crowds { get; } = [];

    /// <summary>How many pods there are in all domains.</summary>
    public int Total { get; private set; }

    /// <summary>Brings it up to date; to be called once before a cycle asks.</summary>
    public PodTally Fresh()
    {
        if (version == topology.Version)
        {
            return this;
        }
        version = topology.Version;
        counts.Clear();
        (Total, least) = (0, default);
        foreach (var (crowd, times) in Crowds)
        {
            foreach (var (node, pods) in crowd.OnNodes)
            {
                Change(index.SlotOf(node), pods * times);
            }
        }
        return this;
    }

    public void Add(PodCrowd crowd, int times)
    {
        Crowds[crowd] = Crowds.GetValueOrDefault(crowd) + times;
        crowd.Tallies.Add((this, times));
        version = crowd.OnNodes.Count > 0 ? 0 : version;
    }

    /// <summary>Pods came to a node, or left it.</summary>
    public void Move(int slot, int by)
    {
        if (version == topology.Version)
        {
            Change(slot, by);
        }
    }

    public int Count(int domain) => counts.GetValueOrDefault(domain);

    /// <summary>How many there are in the domain of a node.</summary>
    public int CountAt(int slot) => Count(topology.DomainOf(slot));

    /// <summary>Adds to each domain's value its count times a weight.</summary>
    public void AddTo(Span<double> byDomain, double weight)
    {
        foreach (var (domain, count) in counts)
        {
            byDomain[domain] += count * weight;
        }
    }

    /// <summary>The smallest count of a domain that has a node; with fewer such domains than
    /// wanted, and with none, 0.</summary>
    public int Least(int domainsWanted)
    {
        if (counts.Count < topology.Live || topology.Live < Math.Max(1, domainsWanted))
        {
            return 0;
        }
        if (least.Domains == 0)
        {
            foreach (var (_, found) in counts)
            {
                least = least.Domains == 0 || found < least.Count ? (found, 1)
                    : found == least.Count ? (found, least.Domains + 1) : least;
            }
        }
        return least.Count;
    }

    private void Change(int slot, int by)
    {
        if (!topology.Counts(slot))
        {
            return;
        }
        var domain = topology.DomainOf(slot);
        var before = counts.GetValueOrDefault(domain);
        var after = before + by;
        Total += by;
        if (after == 0)
        {
            counts.Remove(domain);
        }
        else
        {
            counts[domain] = after;
        }
        // A domain leaves the smallest count: another one may still have it.
        least = least.Domains == 0 || by < 0 || before < least.Count ? default
            : before == least.Count ? (before, least.Domains - 1) : least;
    }
}
