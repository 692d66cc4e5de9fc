using System.Diagnostics.CodeAnalysis;

namespace KubeSim;

/// <summary>
/// A network namespace: interfaces, a routing table, what ARP has learned, and the forwarding
/// tables of bridges and tunnels. A machine has one of its own, and each pod has one, joined to it
/// by a cable (veth pair).
/// <para>A packet goes by the route with the longest prefix. 10.244.2.3 fits
/// <c>default via 172.18.0.1</c> and <c>10.244.2.0/24 via 172.18.0.3</c>: the second is longer, so
/// the next router is 172.18.0.3, and its hardware address is asked for on the link: "who has
/// 172.18.0.3?".</para>
/// Models Linux: net/ipv4/fib_trie.c, net/core/neighbour.c, net/bridge/br_fdb.c.
/// </summary>
public sealed class NetNamespace
{
    private readonly List<NetDevice> devices = [];
    private readonly Dictionary<Ipv4Range, NetRoute> routes = [];
    private readonly SortedSet<int> lengths = new(Comparer<int>.Create((a, b) => b.CompareTo(a)));
    private readonly HashSet<string> addresses = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Device, string), NetNeighbour> neighbours = [];
    private readonly Dictionary<(string Owner, string), FdbEntry> forwarding = [];

    /// <summary>A namespace with the loopback interface.</summary>
    public NetNamespace() => Set(new(1, "lo", "loopback", "00:00:00:00:00:00")
    {
        Mtu = 65536, Cidr = "127.0.0.1/8",
    });

    /// <summary>The interfaces, by number.</summary>
    public IReadOnlyList<NetDevice> Devices => devices;

    /// <summary>The routes, in the order of <c>ip route</c>.</summary>
    public IEnumerable<NetRoute> Routes => routes.Values.OrderBy(r => r.To.First)
        .ThenBy(r => r.To.Length);

    /// <summary>What ARP has learned and what somebody wrote, by interface.</summary>
    public IEnumerable<NetNeighbour> Neighbours => neighbours.Values
        .OrderBy(n => n.Device, StringComparer.Ordinal)
        .ThenBy(n => n.Address, StringComparer.Ordinal);

    /// <summary>The entries of the forwarding tables, by interface.</summary>
    public IEnumerable<FdbEntry> Forwarding => forwarding.Values
        .OrderBy(e => e.Device, StringComparer.Ordinal).ThenBy(e => e.Mac, StringComparer.Ordinal);

    /// <summary>Adds an interface, or puts it in the place of the one with its name. Its address
    /// brings a route.</summary>
    public void Set(NetDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Remove(device.Name);
        var at = devices.FindIndex(d => d.Index > device.Index);
        devices.Insert(at < 0 ? devices.Count : at, device);
        if (device.Cidr.Length == 0)
        {
            return;
        }
        addresses.Add(device.Address);
        if (device.Kind != "loopback" && !device.Cidr.EndsWith("/32", StringComparison.Ordinal))
        {
            Add(NetRoute.Connected(device));
        }
    }

    /// <summary>Takes an interface away; nothing when there is none.</summary>
    public void Remove(string name)
    {
        if (Device(name) is { } device)
        {
            devices.Remove(device);
            addresses.Remove(device.Address);
        }
    }

    /// <summary>An interface by name; null when there is none.</summary>
    public NetDevice? Device(string name)
    {
        foreach (var device in devices)
        {
            if (device.Name == name)
            {
                return device;
            }
        }
        return null;
    }

    /// <summary>True for an address of one of the interfaces, and all of 127.0.0.0/8.</summary>
    public bool Has([NotNullWhen(true)] string? address) => address is not null
        && (addresses.Contains(address) || address.StartsWith("127.", StringComparison.Ordinal));

    /// <summary>Switches an interface on or off. With it go its routes: those that follow from its
    /// address come back with it, all others are lost.</summary>
    public void Switch(NetDevice device, bool on)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (!on)
        {
            foreach (var route in Routes.Where(r => r.Device == device.Name).ToArray())
            {
                Delete(route.To);
            }
            foreach (var old in Neighbours.Where(n => n.Device == device.Name).ToArray())
            {
                neighbours.Remove((old.Device, old.Address));
            }
        }
        Set(device with { IsUp = on });
        if (!on)
        {
            routes.Remove(NetRoute.Connected(device).To);
        }
    }

    /// <summary>Writes a route, in the place of the one to the same range.</summary>
    public void Add(NetRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        routes[route.To] = route;
        lengths.Add(route.To.Length);
    }

    /// <summary>Deletes a route; false when there is none.</summary>
    public bool Delete(Ipv4Range to) => routes.Remove(to);

    /// <summary>A route by its range; null when there is none.</summary>
    public NetRoute? RouteTo(Ipv4Range range) => routes.GetValueOrDefault(range);

    /// <summary>The route of an address: the one with the longest prefix; null when no route fits:
    /// <c>Network is unreachable</c>.</summary>
    public NetRoute? RouteOf(string address)
    {
        if (Ipv4Range.TryNumber(address, out var number))
        {
            foreach (var length in lengths)
            {
                if (routes.TryGetValue(Ipv4Range.Around(number, length), out var route))
                {
                    return route;
                }
            }
        }
        return null;
    }

    /// <summary>Who has an address behind an interface; null when nobody is known.</summary>
    public NetNeighbour? Neighbour(string device, string address) =>
        neighbours.GetValueOrDefault((device, address));

    /// <summary>Notes who has an address.</summary>
    public void Learn(NetNeighbour neighbour)
    {
        ArgumentNullException.ThrowIfNull(neighbour);
        neighbours[(neighbour.Device, neighbour.Address)] = neighbour;
    }

    /// <summary>Forgets who has an address; false when nobody was known.</summary>
    public bool Forget(string device, string address) => neighbours.Remove((device, address));

    /// <summary>Where a bridge or a tunnel sends frames for a hardware address; null: a bridge
    /// sends them everywhere, a tunnel nowhere.</summary>
    /// <param name="owner">The bridge or the VXLAN device.</param>
    /// <param name="mac">The hardware address.</param>
    public FdbEntry? Forward(string owner, string mac) =>
        forwarding.GetValueOrDefault((owner, mac));

    /// <summary>Writes or learns an entry of a forwarding table.</summary>
    public void Learn(FdbEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        forwarding[(entry.Master ?? entry.Device, entry.Mac)] = entry;
    }

    /// <summary>Deletes an entry of a forwarding table; false when there is none.</summary>
    public bool Unforward(string owner, string mac) => forwarding.Remove((owner, mac));
}
