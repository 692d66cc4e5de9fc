namespace KubeSim;

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

    private readonly Dictionary<string, Machine> byAddress = new(StringComparer.Ordinal);
    private readonly Dictionary<Ipv4Range, Machine> byRange = [];
    private readonly HashSet<int> lengths = [];
    private readonly List<Machine> machines;

    public NetworkGround(IEnumerable<Machine> all)
    {
        machines = [.. all];
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

    public bool Is(NetworkGround? other) =>
        other is not null && machines.SequenceEqual(other.machines);

    /// <summary>The routes of a machine to the pods of all others.</summary>
    public IEnumerable<(string Key, NetRoute Route)> RoutesOf(string name) => byRange
        .Where(r => r.Value.Name != name && r.Value.Address.Length > 0)
        .Select(r => (r.Value.Uid, new NetRoute(r.Key, "eth0") { Via = r.Value.Address }));

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
        while (length > 8 && !Array.TrueForAll(numbers,
            Ipv4Range.Around(numbers[0], length).Contains))
        {
            length--;
        }
        return Ipv4Range.Around(numbers[0], length);
    }
}

/// <summary>The machines of the cluster as its network has them.</summary>
public sealed partial class Cluster
{
    private (Revision At, NetworkGround Ground)? ground;

    private bool IsFlannel =>
        simulation.Options.Settings.Get(KnownFlags.FlannelBackend).Length > 0;

    /// <summary>What the network stands on now; the same object as long as nothing in it
    /// changes.</summary>
    private NetworkGround Ground
    {
        get
        {
            if (ground is not { } known || known.At != simulation.Store.Head)
            {
                var now = new NetworkGround(List<Node>().Select(n => new NetworkGround.Machine(
                    n.Metadata.Uid, n.Metadata.Name, AddressOf(n), n.Spec.PodCIDR ?? "")));
                ground = (simulation.Store.Head,
                    now.Is(ground?.Ground) ? ground!.Value.Ground : now);
            }
            return ground.Value.Ground;
        }
    }

    /// <summary>The network of a machine as it is by now.</summary>
    private MachineNetwork NetworkOf(SimMachine machine, string address, string range)
    {
        var (network, about) = (machine.Kernel<MachineNetwork>(), Ground);
        // Pods that no runtime knows, in a cluster without kubelets, are connected all the same.
        network.HasBridge = network.HasBridge || machine.Runtime.HasConnected
            || simulation.Store.OnNode(Kinds.Pod, machine.Name, Revision)
                .Any(o => o is Pod { Spec.HostNetwork: not true, Status.PodIP: not null });
        network.Boot(address, about.Segment, range);
        if (!IsFlannel)
        {
            network.Follow(about, () => about.RoutesOf(machine.Name));
        }
        return network;
    }

    /// <summary>Who answers in the outside world: any public address does, and the API server's
    /// machine; what is private or reserved is nobody.</summary>
    private static string? AnswersOutside(Packet packet)
    {
        string[] nobody = ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16",
            "172.16.0.0/12", "192.168.0.0/16", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/3"];
        return packet is { Destination: Bootstrap.ApiServerAddress, DestinationPort: 6443 }
            ? "the API server"
            : Ipv4Range.TryNumber(packet.Destination, out var number) && !Array.Exists(nobody,
                n => Ipv4Range.TryParse(n, out var range) && range.Contains(number))
                ? packet.Destination : null;
    }
}
