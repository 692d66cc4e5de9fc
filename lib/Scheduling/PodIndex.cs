namespace KubeSim;

/// <summary>
/// Where the placed pods are, ready for the plugins that place a pod by its neighbours. Upstream
/// walks all pods of all nodes for each pod; this keeps counts.
/// <para>Placed pods that are alike (namespace, labels, affinity) form a crowd. A constraint or an
/// affinity term in use has a tally of its crowds by domain. A pod that comes adds 1 to the tallies
/// of its crowd: with 5,000 Deployments those are the two or three of its own.</para>
/// <para>What the pods themselves say of others ("nobody with app=web in my zone") is turned round:
/// a carried term has a tally of the pods that carry it, and a new pod asks the terms that mean
/// it.</para>
/// </summary>
internal sealed class PodIndex
{
    private const int MostTopologies = 512;
    private const int MostTallies = 32768;

    private readonly Dictionary<CrowdKey, PodCrowd> crowds = [];
    private readonly Dictionary<(string?, NodeRule), NodeTopology> topologies = [];
    private readonly Dictionary<(PodQuestion, NodeTopology), PodTally> tallies = [];
    private readonly Dictionary<(string, string), List<(PodQuestion, PodTally)>> anchored = [];
    private readonly List<(PodQuestion Question, PodTally Tally)> unanchored = [];
    private readonly Dictionary<(CarriedKind, int, PodTerm, string), CarriedTerm> carried = [];
    private readonly List<CarriedTerm> carriedInOrder = [];
    private readonly Dictionary<string, Map<string>> namespaces = new(StringComparer.Ordinal);
    private readonly List<Node?> nodes = [];
    private Dictionary<string, int>? names;
    private bool namespacesMatter;

    /// <summary>Which workloads and Services the pods belong to.</summary>
    public OwnerSelectors Owners { get; } = new();

    /// <summary>Which images are where.</summary>
    public ImageStates Images { get; } = new();

    /// <summary>Grows when tallies are dropped: whoever keeps some asks for them anew.</summary>
    public int Epoch { get; private set; }

    /// <summary>The terms that placed pods carry; only ever longer within an epoch.</summary>
    public IReadOnlyList<CarriedTerm> Carried => carriedInOrder;

    /// <summary>The index of a cycle: that of the scheduler's cache, or one made of the nodes for
    /// whoever asks a plugin alone.</summary>
    public static PodIndex Of(CycleState state, IReadOnlyList<NodeInfo> nodes)
    {
        if ((state.Cache?.Index ?? state.Get<PodIndex>(typeof(PodIndex))) is { } index)
        {
            return index;
        }
        index = new() { names = new(StringComparer.Ordinal) };
        for (var i = 0; i < nodes.Count; i++)
        {
            index.names[nodes[i].Name] = i;
            index.SetNode(i, nodes[i].Node);
            foreach (var pod in nodes[i].Pods)
            {
                index.Add(new(pod.Pod, pod.Shape), nodes[i]);
            }
        }
        state.Set(typeof(PodIndex), index);
        return index;
    }

    /// <summary>The number of a node.</summary>
    public int SlotOf(NodeInfo node) =>
        names is null ? node.Slot : names.GetValueOrDefault(node.Name, -1);

    /// <summary>The labels of a namespace; none when it is not known.</summary>
    public Map<string> NamespaceLabels(string name)
    {
        namespacesMatter = true;
        return namespaces.GetValueOrDefault(name);
    }

    /// <summary>A namespace was seen, or went (null).</summary>
    public void SetNamespace(string name, Map<string> labels)
    {
        var changed = !namespaces.GetValueOrDefault(name).Equals(labels);
        namespaces[name] = labels;
        if (changed && namespacesMatter)
        {
            Reset();
        }
    }

    /// <summary>A node came, changed, or went (null).</summary>
    public void SetNode(int slot, Node? node)
    {
        while (nodes.Count <= slot)
        {
            nodes.Add(null);
        }
        Images.Change(slot, nodes[slot], node);
        nodes[slot] = node;
        foreach (var (_, topology) in topologies)
        {
            topology.Set(slot, node);
        }
    }

    public void Add(PodInfo pod, NodeInfo node)
    {
        var key = CrowdKey.Of(pod.Pod);
        if (!crowds.TryGetValue(key, out var crowd))
        {
            crowds.Add(key, crowd = new(key));
            Enrol(crowd);
        }
        pod.Crowd = crowd;
        crowd.OnNodes[node] = crowd.OnNodes.GetValueOrDefault(node) + 1;
        Move(crowd, node, +1);
    }

    public void Remove(PodInfo pod, NodeInfo node)
    {
        if (pod.Crowd is not { } crowd)
        {
            return;
        }
        Move(crowd, node, -1);
        if (--crowd.OnNodes[node] == 0)
        {
            crowd.OnNodes.Remove(node);
        }
        if (crowd.OnNodes.Count == 0)
        {
            crowds.Remove(crowd.Key);
            foreach (var (tally, _) in crowd.Tallies)
            {
                tally.Crowds.Remove(crowd);
            }
        }
        pod.Crowd = null;
    }

    /// <summary>The domains of a label among the nodes that a rule admits; without a label, each
    /// node for itself.</summary>
    public NodeTopology Topology(string? label, NodeRule rule)
    {
        if (!topologies.TryGetValue((label, rule), out var topology))
        {
            topologies.Add((label, rule), topology = new(label, rule));
            for (var slot = 0; slot < nodes.Count; slot++)
            {
                topology.Set(slot, nodes[slot]);
            }
        }
        return topology;
    }

    /// <summary>The tally of a question over a topology.</summary>
    public PodTally Tally(PodQuestion question, NodeTopology topology)
    {
        if (tallies.TryGetValue((question, topology), out var tally))
        {
            return tally;
        }
        tallies.Add((question, topology), tally = new(topology, this));
        if (question.Anchor() is not { } anchor)
        {
            unanchored.Add((question, tally));
        }
        else if (anchored.TryGetValue(anchor, out var list))
        {
            list.Add((question, tally));
        }
        else
        {
            anchored.Add(anchor, [(question, tally)]);
        }
        foreach (var (_, crowd) in crowds)
        {
            Enrol(crowd, question, tally);
        }
        return tally;
    }

    /// <summary>Drops tallies that may be out of use, before a cycle asks for more.</summary>
    public void Trim()
    {
        if (topologies.Count > MostTopologies || tallies.Count + carried.Count > MostTallies)
        {
            Reset();
        }
    }

    private void Reset()
    {
        Epoch++;
        topologies.Clear();
        tallies.Clear();
        anchored.Clear();
        unanchored.Clear();
        carried.Clear();
        carriedInOrder.Clear();
        foreach (var (_, crowd) in crowds)
        {
            crowd.Tallies.Clear();
            Carry(crowd);
        }
    }

    private void Move(PodCrowd crowd, NodeInfo node, int by)
    {
        var slot = SlotOf(node);
        foreach (var (tally, times) in crowd.Tallies)
        {
            tally.Move(slot, by * times);
        }
    }

    private void Enrol(PodCrowd crowd)
    {
        Carry(crowd);
        foreach (var (question, tally) in unanchored)
        {
            Enrol(crowd, question, tally);
        }
        foreach (var label in crowd.Labels.AsSpan())
        {
            foreach (var (question, tally) in
                anchored.GetValueOrDefault((label.Key, label.Value)) ?? [])
            {
                Enrol(crowd, question, tally);
            }
        }
    }

    private void Enrol(PodCrowd crowd, PodQuestion question, PodTally tally)
    {
        if (question.IsAbout(crowd, this))
        {
            tally.Add(crowd, 1);
        }
    }

    private void Carry(PodCrowd crowd)
    {
        foreach (var (kind, weight, written) in crowd.Terms())
        {
            var term = PodTerm.Of(written, crowd.Namespace);
            var key = (kind, weight, term, written.TopologyKey);
            if (!carried.TryGetValue(key, out var bears))
            {
                var topology = Topology(written.TopologyKey, NodeRule.Every);
                carried.Add(key, bears = new(kind, weight, term, new(topology, this)));
                carriedInOrder.Add(bears);
            }
            bears.Bearers.Add(crowd, 1);
        }
    }
}
