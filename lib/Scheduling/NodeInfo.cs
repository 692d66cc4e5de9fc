namespace KubeSim;

/// <summary>A pod on a node, as the scheduler counts it.</summary>
public sealed class PodInfo
{
    internal PodInfo(Pod pod, PodShape shape) => (Pod, Shape) = (pod, shape);

    /// <summary>The pod as last seen.</summary>
    public Pod Pod { get; internal set; }

    /// <summary>What it takes of the node.</summary>
    public PodShape Shape { get; }

    /// <summary>True while the binding is under way and not yet seen.</summary>
    public bool Assumed { get; internal set; }

    internal string NodeName { get; set; } = "";

    /// <summary>The pods like it; null when it is on no node of a cache.</summary>
    internal PodCrowd? Crowd { get; set; }
}

/// <summary>
/// A node as the scheduler sees it: the object, the pods on it, and the sums of what they ask for,
/// kept up one pod at a time. A pod counts from the moment that the scheduler has chosen the node
/// (it is assumed), not from when its binding is seen: else ten pods in a row would all go where
/// one has room.
/// <para><see cref="Generation"/> grows with every change that could change a verdict; a heartbeat
/// is none.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/types.go (NodeInfo).</remarks>
public sealed class NodeInfo
{
    private readonly List<PodInfo> pods = [];
    private readonly List<HostPort> ports = [];

    /// <summary>A node without pods.</summary>
    public NodeInfo(Node node)
        : this(node.Metadata.Name) => Set(node);

    /// <summary>A node with pods on it.</summary>
    public NodeInfo(Node node, IEnumerable<Pod> pods)
        : this(node)
    {
        foreach (var pod in pods)
        {
            Add(new(pod, PodShape.Of(pod)));
        }
    }

    internal NodeInfo(string name) => Name = name;

    /// <summary>The name of the node.</summary>
    public string Name { get; }

    /// <summary>The node as last seen; null when only pods that name it are known.</summary>
    public Node? Node { get; private set; }

    /// <summary>The pods on it, in the order in which they came.</summary>
    public IReadOnlyList<PodInfo> Pods => pods;

    /// <summary>The sum of what its pods request.</summary>
    public ResourceAmounts Requested { get; } = new();

    /// <summary>The sum of what its pods are taken to request when nodes are compared: 100m and
    /// 200Mi for a container that names nothing.</summary>
    public ResourceAmounts ScoringRequested { get; } = new();

    /// <summary>What the node has to give.</summary>
    public ResourceAmounts Allocatable { get; private set; } = new();

    /// <summary>The ports that its pods take.</summary>
    public IReadOnlyList<HostPort> Ports => ports;

    /// <summary>Differs after every change that matters; no two nodes share one.</summary>
    public long Generation { get; internal set; }

    /// <summary>Its number, which it keeps as long as it is there; -1: it has none.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>Its place in the order in which a cycle looks at nodes; -1: it has none.</summary>
    internal int Place { get; set; } = -1;

    internal void Add(PodInfo pod)
    {
        pods.Add(pod);
        Requested.Add(pod.Shape.Requests, +1);
        ScoringRequested.Add(pod.Shape.ScoringRequests, +1);
        ports.AddRange(pod.Shape.HostPorts);
    }

    internal void Remove(PodInfo pod)
    {
        if (!pods.Remove(pod))
        {
            return;
        }
        Requested.Add(pod.Shape.Requests, -1);
        ScoringRequested.Add(pod.Shape.ScoringRequests, -1);
        foreach (var port in pod.Shape.HostPorts)
        {
            ports.Remove(port);
        }
    }

    internal void Set(Node? node)
    {
        Node = node;
        Allocatable = node is null ? new() : ResourceAmounts.Of(node.Status.Allocatable);
    }

    /// <summary>The same node object, but for what no verdict rests on.</summary>
    internal void Renew(Node node) => Node = node;
}
