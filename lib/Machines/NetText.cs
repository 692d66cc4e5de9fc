using System.Globalization;

namespace KubeSim;

/// <summary>A network namespace as the tools of iproute2 print it.</summary>
/// <param name="space">The namespace.</param>
/// <param name="cables">Of a machine: its ends of its pods' cables.</param>
/// <param name="now">The virtual time (UTC).</param>
internal sealed class NetText(NetNamespace space, IEnumerable<NetDevice> cables, DateTime now)
{
    private IEnumerable<NetDevice> All => space.Devices.Concat(cables).OrderBy(d => d.Index);

    /// <summary><c>ip addr</c>.</summary>
    public string Addresses() => string.Join('\n', All.Select(d => Link(d, "") + (d.Cidr.Length == 0
        ? "" : $"\n    inet {d.Cidr}{Broadcast(d)} scope {(d.Index == 1 ? "host" : "global")} "
            + $"{d.Name}\n       valid_lft forever preferred_lft forever")));

    /// <summary><c>ip link</c>.</summary>
    public string Links() => string.Join('\n', All.Select(d => Link(d, "mode DEFAULT ")));

    /// <summary><c>ip route</c>.</summary>
    public string Routes() => string.Join('\n', space.Routes);

    /// <summary><c>ip neigh</c>.</summary>
    public string Neighbours() => string.Join('\n', space.Neighbours.Select(n => n.Say(now)));

    /// <summary><c>bridge fdb show</c>: what is written and what was learned lately; the address of
    /// each port is always there.</summary>
    public string Forwarding() => string.Join('\n', space.Forwarding
        .Where(e => e.Heard is not { } at || now - at <= FdbEntry.Ages).Select(e => $"{e}")
        .Concat(cables.Select(c => $"{c.Mac} dev {c.Name} master {c.Master} permanent")));

    /// <summary><c>bridge link</c>: the ports.</summary>
    public string Ports() => string.Join('\n', cables.Select(c => string.Create(
        CultureInfo.InvariantCulture, $"{c.Index}: {c.Name}@if{c.Peer}: {Flags(c)} mtu {c.Mtu} ")
        + $"master {c.Master} state {(c.IsUp ? "forwarding" : "disabled")} priority 32 cost 2"));

    private static string Link(NetDevice d, string mode) => string.Create(
        CultureInfo.InvariantCulture,
        $"{d.Index}: {d.Name}{(d.Peer > 0 ? $"@if{d.Peer}" : "")}: {Flags(d)} mtu {d.Mtu} qdisc ")
        + (d.Kind == "device" ? "fq_codel" : "noqueue")
        + (d.Master is null ? "" : $" master {d.Master}")
        + $" state {(!d.IsUp ? "DOWN" : d.Kind is "loopback" or "vxlan" ? "UNKNOWN" : "UP")} {mode}"
        + $"group default{(d.Kind == "vxlan" ? "" : " qlen 1000")}\n    link/"
        + (d.Kind == "loopback" ? $"loopback {d.Mac} brd 00:00:00:00:00:00"
            : $"ether {d.Mac} brd ff:ff:ff:ff:ff:ff");

    private static string Flags(NetDevice d) =>
        $"<{(d.Kind == "loopback" ? "LOOPBACK" : "BROADCAST,MULTICAST")}"
        + $"{(d.IsUp ? ",UP,LOWER_UP" : "")}>";

    private static string Broadcast(NetDevice d) => d.Kind == "loopback"
        || Ipv4Range.Parse(d.Cidr) is not { Length: < 32 } range ? ""
            : $" brd {Ipv4Range.Text(range.Last)}";
}
