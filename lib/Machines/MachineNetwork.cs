using System.Globalization;

namespace KubeSim;

/// <summary>
/// The network in the kernel of a machine: its own namespace, those of its pods, and its switches
/// (sysctl). <c>eth0</c> is on the network of the machines; the bridge <c>cni0</c> joins the pods,
/// and its address is their way out; each pod has a cable from its <c>eth0</c> to a port of the
/// bridge.
/// <para>What nobody looked at is not made: the namespace of a pod follows from its address, so
/// that 150,000 pods cost nothing here. Only what somebody changed, or what a packet taught
/// (ARP, forwarding table), is kept. A loss of power forgets it.</para>
/// </summary>
public sealed class MachineNetwork
{
    private readonly Dictionary<string, NetNamespace> pods = new(StringComparer.Ordinal);
    private readonly HashSet<string> down = new(StringComparer.Ordinal);
    private Dictionary<Ipv4Range, (string Key, NetRoute Route)> followed = [];
    private object? following;

    /// <summary>The bridge.</summary>
    public const string Bridge = "cni0";

    /// <summary>Passes on packets that are not for the machine itself.</summary>
    public const string IpForward = "net.ipv4.ip_forward";

    /// <summary>Hands frames that the bridge passes from port to port to the packet filter.
    /// Without it an answer between two pods of a node bypasses what undoes a
    /// translation.</summary>
    public const string BridgeCalls = "net.bridge.bridge-nf-call-iptables";

    /// <summary>The machine's own namespace.</summary>
    public NetNamespace Host { get; } = new();

    /// <summary>The switches and what they are set to.</summary>
    public SortedDictionary<string, string> Sysctls { get; } = new(StringComparer.Ordinal)
    {
        [BridgeCalls] = "1", [IpForward] = "1",
    };

    /// <summary>True once a pod was connected: the first one brings the bridge.</summary>
    public bool HasBridge { get; set; }

    /// <summary>What flanneld wrote to <c>/run/flannel/subnet.env</c>; null for nothing.</summary>
    public string? SubnetEnv { get; set; }

    /// <summary>The range of the first pod that Flannel's plugin connected: the bridge has its
    /// address, whatever <see cref="SubnetEnv"/> says later.</summary>
    public Ipv4Range? Bridged { get; set; }

    /// <summary>The range that the machine's pods have their addresses from.</summary>
    /// <param name="podCidr">That of the Node, where nobody on the machine says
    /// otherwise.</param>
    public string PodRange(string podCidr) => (Bridged ?? Leased)?.ToString() ?? podCidr;

    /// <summary>The range that flanneld leased; null for none.</summary>
    public Ipv4Range? Leased =>
        Ipv4Range.TryParse(Env("FLANNEL_SUBNET"), out var range) ? range : null;

    /// <summary>True when a switch is on.</summary>
    public bool Is(string sysctl) => Sysctls.GetValueOrDefault(sysctl) == "1";

    /// <summary>The value of a line of <see cref="SubnetEnv"/>; empty for none.</summary>
    public string Env(string name) => SubnetEnv?.Split('\n')
        .FirstOrDefault(l => l.StartsWith($"{name}=", StringComparison.Ordinal))?
        [(name.Length + 1)..] ?? "";

    /// <summary>Gives the machine its place on the network of the machines.</summary>
    /// <param name="address">Its address; empty for none.</param>
    /// <param name="segment">The range of all machines.</param>
    /// <param name="podCidr">The range of its pods; empty for none.</param>
    public void Boot(string address, Ipv4Range segment, string podCidr)
    {
        if (Host.Device("eth0")?.Address != address
            && Ipv4Range.TryNumber(address, out var number))
        {
            Host.Set(new(2, "eth0", "device", "02:42:" + string.Join(':', Enumerable.Range(0, 4)
                .Select(i => (number >> (24 - (8 * i)) & 255)
                    .ToString("x2", CultureInfo.InvariantCulture))))
            {
                Cidr = string.Create(CultureInfo.InvariantCulture,
                    $"{address}/{segment.Length}"),
            });
            Host.Add(new(default, "eth0") { Via = segment.At(1) });
        }
        if (HasBridge && Ipv4Range.TryParse(podCidr, out var range)
            && Host.Device(Bridge)?.Address != range.At(1))
        {
            var flannel = SubnetEnv is not null;
            Host.Set(new(flannel ? 4 : 3, Bridge, "bridge", NetDevice.MacOf(range.At(1)))
            {
                Cidr = string.Create(CultureInfo.InvariantCulture,
                    $"{range.At(1)}/{range.Length}"),
                Mtu = flannel ? int.Parse(Env("FLANNEL_MTU"), CultureInfo.InvariantCulture) : 1500,
            });
        }
    }

    /// <summary>Keeps routes as somebody outside of the cluster wants them: what is new is written,
    /// what is no longer wanted deleted. What else somebody did to the table stays done.</summary>
    /// <param name="wanted">Each with a key that changes when it is to be written anew.</param>
    /// <param name="version">The same object as at the last call: nothing has changed.</param>
    public void Follow(object version, Func<IEnumerable<(string Key, NetRoute Route)>> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        if (ReferenceEquals(version, following))
        {
            return;
        }
        following = version;
        var now = wanted().ToDictionary(w => w.Route.To);
        foreach (var (range, (key, route)) in followed)
        {
            if (!now.ContainsKey(range) && Host.RouteTo(range) == route)
            {
                Host.Delete(range);
            }
        }
        foreach (var (range, (key, route)) in now)
        {
            if (!followed.TryGetValue(range, out var was) || was != (key, route))
            {
                Host.Add(route);
            }
        }
        followed = now;
    }

    /// <summary>What the machine's end of a pod's cable is called.</summary>
    public static string CableOf(string ns, string name) => string.Create(
        CultureInfo.InvariantCulture, $"veth{(uint)Digest.Mix(Digest.Start, $"{ns}/{name}"):x8}");

    /// <summary>The machine's end of a pod's cable.</summary>
    public NetDevice Cable(string name, string address)
    {
        var bridge = Host.Device(Bridge);
        var number = 0u;
        if (Ipv4Range.TryNumber(address, out var own)
            && Ipv4Range.TryParse(bridge?.Cidr, out var range))
        {
            number = own - range.First;
        }
        return new((bridge?.Index ?? 3) - 1 + (int)number, name, "veth", NetDevice.MacOf(name))
        {
            Peer = 2, Master = Bridge, Mtu = bridge?.Mtu ?? 1500, IsUp = !down.Contains(name),
        };
    }

    /// <summary>True when the machine's end of a cable was switched off.</summary>
    public bool IsDown(string cable) => down.Contains(cable);

    /// <summary>Switches the machine's end of a cable on or off.</summary>
    public void Switch(string cable, bool on)
    {
        if (on)
        {
            down.Remove(cable);
        }
        else
        {
            down.Add(cable);
        }
    }

    /// <summary>The namespace of a pod.</summary>
    /// <param name="cable">The machine's end of its cable.</param>
    /// <param name="address">Its address.</param>
    public NetNamespace Pod(string cable, string address)
    {
        if (!pods.TryGetValue(cable, out var own) || own.Device("eth0")?.Address != address)
        {
            pods[cable] = own = Make(cable, address);
        }
        return own;
    }

    // What the bridge plugin sets up: the address, the link, and the bridge as the way out.
    private NetNamespace Make(string cable, string address)
    {
        var made = new NetNamespace();
        var bridge = Host.Device(Bridge);
        var length = bridge?.Cidr[(bridge.Cidr.IndexOf('/') + 1)..] ?? "32";
        made.Set(new(2, "eth0", "veth", NetDevice.MacOf($"{cable} {address}"))
        {
            Cidr = $"{address}/{length}", Mtu = bridge?.Mtu ?? 1500,
            Peer = Cable(cable, address).Index,
        });
        if (bridge is not null)
        {
            made.Add(new(default, "eth0") { Via = bridge.Address });
            if (Ipv4Range.TryParse(Env("FLANNEL_NETWORK"), out var all))
            {
                made.Add(new(all, "eth0") { Via = bridge.Address });
            }
        }
        return made;
    }
}
