namespace KubeSim;

/// <summary>How the pods of a cluster's nodes are joined.</summary>
public enum PodNetwork
{
    /// <summary>A bridge on each node; every machine, and the router between them, has a route to
    /// the pods of every node, as the routes of a cloud are.</summary>
    Routes,

    /// <summary>Flannel: a tunnel from node to node (VXLAN).</summary>
    FlannelVxlan,

    /// <summary>Flannel: routes that its daemons write (host-gw).</summary>
    FlannelHostGw,

    /// <summary>Flannel with tunnels (VXLAN), whose daemons lease the ranges of their nodes in
    /// etcd.</summary>
    FlannelEtcd,

    /// <summary>Calico: not yet.</summary>
    Calico,

    /// <summary>Weave Net: not yet.</summary>
    Weave,

    /// <summary>Open vSwitch: not yet.</summary>
    OpenVSwitch,
}

/// <summary>
/// The ground that the cluster's network stands on: the network of the machines, with its router,
/// and who keeps the routes between them.
/// <para>By default that is the router and every machine knowing the range of every other
/// (<c>10.244.2.0/24 via 172.18.0.3 dev eth0</c>), as the routes of a cloud do, and the router
/// gives what goes outside an address of its own. With Flannel the machines know what their
/// flanneld told them, and the router knows nothing of pods.</para>
/// </summary>
internal sealed class NetworkGround
{
    /// <summary>A machine: what the others must know of it.</summary>
    internal sealed record Machine(string Uid, string Name, string Address, string PodCidr);

    private static readonly Ipv4Range[] Nobody = [.. new[] { "0.0.0.0/8", "10.0.0.0/8",
        "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "192.0.2.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3" }
        .Select(Ipv4Range.Parse)];

    private readonly Dictionary<string, Machine> byAddress = new(StringComparer.Ordinal);
    private readonly Dictionary<Ipv4Range, Machine> byRange = [];
    private readonly HashSet<int> lengths = [];
    private readonly List<Machine> machines;

    private NetworkGround(List<Machine> machines)
    {
        this.machines = machines;
        Segment = SegmentOf(machines);
        Router = Segment.At(1);
        foreach (var machine in machines)
        {
            byAddress.TryAdd(machine.Address, machine);
            if (Ipv4Range.TryParse(machine.PodCidr, out var range))
            {
                byRange.TryAdd(range, machine);
                lengths.Add(range.Length);
            }
        }
    }

    /// <summary>The range of the machines' addresses.</summary>
    public Ipv4Range Segment { get; }

    public string Router { get; }

    /// <summary>The ground as it is now: the known one as long as nothing in it has
    /// changed.</summary>
    public static NetworkGround Of(Simulation simulation, NetworkGround? known)
    {
        var machines = simulation.Store.List(Kinds.Node, null, simulation.Store.Head).Cast<Node>()
            .Select(n => new Machine(n.Metadata.Uid, n.Metadata.Name, AddressOf(simulation, n),
                n.Spec.PodCIDR ?? "")).ToList();
        return known is not null && known.machines.SequenceEqual(machines) ? known : new(machines);
    }

    /// <summary>The settings that a choice of network stands for.</summary>
    /// <exception cref="NotSupportedException">It is not modelled yet.</exception>
    public static Settings SettingsOf(PodNetwork network) => network switch
    {
        PodNetwork.Routes => Settings.Default,
        PodNetwork.FlannelVxlan =>
            Settings.Default.With($"{KnownFlags.FlannelBackend}", "vxlan"),
        PodNetwork.FlannelHostGw =>
            Settings.Default.With($"{KnownFlags.FlannelBackend}", "host-gw"),
        PodNetwork.FlannelEtcd => SettingsOf(PodNetwork.FlannelVxlan)
            .With($"{KnownFlags.KubeSubnetManager}", "false"),
        _ => throw new NotSupportedException($"{network} is not modelled yet: choose "
            + "PodNetwork.Routes, FlannelVxlan, FlannelHostGw or FlannelEtcd"),
    };

    public static bool IsFlannel(Simulation simulation) =>
        simulation.Options.Settings.Get(KnownFlags.FlannelBackend).Length > 0;

    public static string AddressOf(Simulation simulation, Node node) =>
        node.Address is { Length: > 0 } address ? address
            : simulation.World.Machine(node.Metadata.Name).Address;

    /// <summary>The network of a machine as it is by now.</summary>
    public MachineNetwork NetworkOf(Simulation simulation, string name)
    {
        simulation.Look("kube-flannel", name);
        var (machine, node) = (simulation.World.Machine(name),
            (Node?)simulation.Store.Get(new(Kinds.Node, "", name)));
        var network = machine.Kernel<MachineNetwork>();
        // Pods that no runtime knows, in a cluster without kubelets, are connected all the same.
        network.HasBridge = network.HasBridge || machine.Runtime.HasConnected
            || simulation.Store.OnNode(Kinds.Pod, name, simulation.Store.Head)
                .Any(o => o is Pod { Spec.HostNetwork: not true, Status.PodIP: not null });
        network.Boot(node is null ? machine.Address : AddressOf(simulation, node), Segment,
            network.PodRange(node?.Spec.PodCIDR ?? machine.PodCidr));
        if (!IsFlannel(simulation))
        {
            network.Follow(this, () => byRange
                .Where(r => r.Value.Name != name && r.Value.Address.Length > 0)
                .Select(r => (r.Value.Uid,
                    new NetRoute(r.Key, "eth0") { Via = r.Value.Address })));
        }
        return network;
    }

    public string? At(string address) => byAddress.GetValueOrDefault(address)?.Name;

    public string? Behind(string address)
    {
        if (Ipv4Range.TryNumber(address, out var number))
        {
            foreach (var length in lengths)
            {
                if (byRange.TryGetValue(Ipv4Range.Around(number, length), out var machine))
                {
                    return machine.Name;
                }
            }
        }
        return null;
    }

    /// <summary>Who answers in the outside world: any public address does, and the API server's
    /// machine; what is private or reserved is nobody.</summary>
    public static string? AnswersOutside(Packet packet) =>
        packet is { Destination: Bootstrap.ApiServerAddress, DestinationPort: 6443 }
            ? "the API server"
            : Ipv4Range.TryNumber(packet.Destination, out var number)
                && !Array.Exists(Nobody, n => n.Contains(number)) ? packet.Destination : null;

    // 172.18.0.0/16 as containers on one computer have it; else what holds all, /24 at the least.
    private static Ipv4Range SegmentOf(List<Machine> machines)
    {
        var usual = Ipv4Range.Parse("172.18.0.0/16");
        var numbers = machines.Select(m => Ipv4Range.TryNumber(m.Address, out var n) ? n : 0)
            .Where(n => n != 0).ToArray();
        if (Array.TrueForAll(numbers, usual.Contains))
        {
            return usual;
        }
        var length = 24;
        while (length > 8
            && !Array.TrueForAll(numbers, Ipv4Range.Around(numbers[0], length).Contains))
        {
            length--;
        }
        return Ipv4Range.Around(numbers[0], length);
    }
}
