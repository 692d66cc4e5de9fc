namespace KubeSim;

/// <summary>A node as the network sees it.</summary>
internal sealed record NetworkNode(
    string Name, string Address, string PodCidr, Func<Netfilter> Open)
{
    private readonly Lazy<Netfilter> kernel = new(Open);

    /// <summary>Its packet filter, opened when a packet comes by: only then are rules
    /// written.</summary>
    public Netfilter Kernel => kernel.Value;

    /// <summary>Its namespaces, interfaces and routes.</summary>
    public MachineNetwork Net { get; init; } = new();

    /// <summary>False: without power or cut off; nothing comes in or out.</summary>
    public bool IsReachable { get; init; } = true;

    /// <summary>The virtual servers of its kernel.</summary>
    public Ipvs Ipvs { get; init; } = new();

    /// <summary>The sets of addresses that its rules ask for.</summary>
    public IpSets Sets { get; init; } = new();

    /// <summary>The processes on it that take connections in order to hand them on.</summary>
    public Forwarders Forwarders { get; init; } = new();

    /// <summary>Whether a process of the node itself listens on a port.</summary>
    public Func<int, bool> Listens { get; init; } = _ => false;

    public bool HasPod(string address) =>
        PodCidr.Length > 0 && new RuleRange(PodCidr).Takes(address);
}

/// <summary>A pod as the network sees it.</summary>
internal sealed record NetworkPod(ObjectKey Key, string Address, string Node)
{
    /// <summary>True: it has no network of its own, but that of its node.</summary>
    public bool OnHost { get; init; }

    /// <summary>True: a container runs that takes connections.</summary>
    public bool Runs { get; init; }

    /// <summary>Whether such a container listens on a port of tcp, udp or sctp.</summary>
    public Func<string, int, bool> Listens { get; init; } = (_, _) => false;

    /// <summary><c>default/web-0</c>.</summary>
    public string Name => $"{Key.Namespace}/{Key.Name}";

    /// <summary>The end of its cable on the node.</summary>
    public string Cable => MachineNetwork.CableOf(Key.Namespace, Key.Name);
}

/// <summary>What lies around the machines, as a packet finds it.</summary>
/// <param name="PodAt">The pod with an address on a node; of several with their node's address the
/// one that listens where a packet goes.</param>
/// <param name="MachineAt">The machine with an address, on or off.</param>
/// <param name="Behind">The machine whose pods an address is one of, where the router knows
/// it.</param>
/// <param name="Router">The address of the router.</param>
/// <param name="Outside">Who answers in the outside world; null for nobody.</param>
internal sealed record NetworkView(
    Func<NetworkNode, string, Packet?, NetworkPod?> PodAt, Func<string, NetworkNode?> MachineAt,
    Func<string, NetworkNode?> Behind, string Router, Func<Packet, string?> Outside);
