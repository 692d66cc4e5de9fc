using System.Globalization;

namespace KubeSim;

/// <summary>An interface of a network namespace.</summary>
/// <param name="Index">Its number in the namespace.</param>
/// <param name="Name">Such as <c>eth0</c>.</param>
/// <param name="Kind"><c>loopback</c>, <c>device</c>, <c>veth</c>, <c>bridge</c>, <c>vxlan</c> or
/// <c>dummy</c>.</param>
/// <param name="Mac">Its hardware address.</param>
public sealed record NetDevice(int Index, string Name, string Kind, string Mac)
{
    /// <summary>The longest packet that it takes, in bytes.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Its address with the length of its network: <c>10.244.1.1/24</c>; empty for
    /// none.</summary>
    public string Cidr { get; init; } = "";

    /// <summary>False after <c>ip link set NAME down</c>.</summary>
    public bool IsUp { get; init; } = true;

    /// <summary>The bridge that it is a port of; null for none.</summary>
    public string? Master { get; init; }

    /// <summary>Of a cable: the number of its other end.</summary>
    public int Peer { get; init; }

    /// <summary>Of a VXLAN device: the address of the machine that its tunnels begin at.</summary>
    public string? Local { get; init; }

    /// <summary>The address without the length.</summary>
    public string Address => Cidr[..Math.Max(0, Cidr.IndexOf('/'))];

    /// <summary>A hardware address that follows from a name: one that nobody bought.</summary>
    public static string MacOf(string name)
    {
        var bits = Digest.Mix(Digest.Mix(Digest.Start, "mac"), name);
        return string.Join(':', Enumerable.Range(0, 6).Select(i =>
            ((i == 0 ? (bits & 0xFC) | 2 : bits >> (8 * i)) & 0xFF)
                .ToString("x2", CultureInfo.InvariantCulture)));
    }
}

/// <summary>A line of a routing table.</summary>
/// <param name="To">Where packets go; all addresses for the default route.</param>
/// <param name="Device">The interface that they leave by.</param>
public sealed record NetRoute(Ipv4Range To, string Device)
{
    /// <summary>The next router; null when the receiver is on the link.</summary>
    public string? Via { get; init; }

    /// <summary>Who wrote it: <c>kernel</c> for what follows from an address.</summary>
    public string? Protocol { get; init; }

    /// <summary>The address that packets of the machine itself get.</summary>
    public string? Source { get; init; }

    /// <summary>True: the next router is taken to be on the link, whatever the addresses
    /// say.</summary>
    public bool IsOnLink { get; init; }

    /// <summary>The route that an address of an interface brings.</summary>
    public static NetRoute Connected(NetDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new(Ipv4Range.Parse(device.Cidr), device.Name)
        {
            Protocol = "kernel", Source = device.Address,
        };
    }

    /// <summary>As <c>ip route</c> prints it.</summary>
    public override string ToString() => (To.Length == 0 ? "default" : To.ToString())
        + (Via is null ? "" : $" via {Via}") + $" dev {Device}"
        + (Protocol is null ? "" : $" proto {Protocol}") + (Via is null ? " scope link" : "")
        + (Source is null ? "" : $" src {Source}") + (IsOnLink ? " onlink" : "");
}

/// <summary>Who has an address on a link: an entry of the table that ARP fills.</summary>
/// <param name="Address">The address.</param>
/// <param name="Device">The interface behind which it was found.</param>
/// <param name="Mac">The hardware address.</param>
/// <param name="Heard">When it answered; null for one that was written by hand.</param>
public sealed record NetNeighbour(string Address, string Device, string Mac, DateTime? Heard)
{
    /// <summary>For how long an answer counts as fresh.</summary>
    public static TimeSpan Fresh { get; } = TimeSpan.FromSeconds(30);

    /// <summary>As <c>ip neigh</c> prints it.</summary>
    public string Say(DateTime now) => $"{Address} dev {Device} lladdr {Mac} "
        + (Heard is not { } at ? "PERMANENT" : now - at <= Fresh ? "REACHABLE" : "STALE");
}

/// <summary>An entry of a forwarding table: behind which port of a bridge a hardware address is,
/// or at which machine the other end of a tunnel.</summary>
/// <param name="Mac">The hardware address.</param>
/// <param name="Device">The port, or the VXLAN device.</param>
/// <param name="Master">The bridge; null for a VXLAN device.</param>
/// <param name="Destination">The machine at the end of the tunnel; null for a bridge.</param>
/// <param name="Heard">When a frame came from there; null for one that was written.</param>
public sealed record FdbEntry(
    string Mac, string Device, string? Master, string? Destination, DateTime? Heard)
{
    /// <summary>After which time without a frame from there an entry is forgotten.</summary>
    public static TimeSpan Ages { get; } = TimeSpan.FromSeconds(300);

    /// <summary>As <c>bridge fdb show</c> prints it.</summary>
    public override string ToString() => $"{Mac} dev {Device}"
        + (Destination is null ? "" : $" dst {Destination} self")
        + (Master is null ? "" : $" master {Master}") + (Heard is null ? " permanent" : "");
}
