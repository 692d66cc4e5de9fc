using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>An address and port that the kernel hands on to servers behind it.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Scheduler">How it picks a server: one of <see cref="Ipvs.Schedulers"/>.</param>
/// <param name="StickySeconds">How long a client stays with its server; null: not at
/// all.</param>
public sealed record VirtualServer(
    string Protocol, string Address, int Port, string Scheduler = "rr", int? StickySeconds = null)
{
    /// <summary>The servers behind it: address and port, each once.</summary>
    public Seq<(string Address, int Port)> Servers { get; init; }
}

/// <summary>
/// The virtual servers in the kernel of a machine (IP Virtual Server): a table from an address and
/// port to the servers behind it, looked up in one step whatever its size. A packet is held against
/// it when it has arrived at the machine, which is why the addresses of Services must be addresses
/// of the machine (on the device <c>kube-ipvs0</c>).
/// <para>A connection stays with its server. A server that is taken away while it has connections
/// stays with weight 0: it gets no new ones, and goes within a minute of the end of its last. That
/// is kube-proxy's doing in life, which looks once a minute; datagrams are not waited for.</para>
/// <para>Worked: with <c>rr</c> and servers A, B, C six connections go to A, B, C, A, B, C; with
/// <c>sh</c> all of one client to one of them.</para>
/// Models net/netfilter/ipvs and pkg/proxy/ipvs/graceful_termination.go.
/// </summary>
public sealed partial class Ipvs
{
    private const int MostConnections = 1024;

    private static readonly TimeSpan CheckEvery = TimeSpan.FromMinutes(1);

    private static readonly Dictionary<string, (int Number, int Seconds)> Protocols =
        new(StringComparer.Ordinal)
        {
            ["tcp"] = (6, 900), ["udp"] = (17, 300), ["sctp"] = (132, 900),
        };

    private sealed class Real(string address, int port)
    {
        public string Address { get; } = address;

        public int Port { get; } = port;

        public int Weight { get; set; } = 1;

        public int Connections { get; set; }

        public DateTime Ended { get; set; }

        public string Name { get; } =
            string.Create(CultureInfo.InvariantCulture, $"{Bracket(address)}:{port}");
    }

    private sealed class Virtual(VirtualServer of)
    {
        public VirtualServer Of { get; set; } = of;

        public List<Real> Reals { get; } = [];

        public Real? Last { get; set; }

        /// <summary>Where each client stays, and until when.</summary>
        public Dictionary<string, (Real Real, DateTime Until)> Clients { get; } =
            new(StringComparer.Ordinal);
    }

    private sealed record Connection(Packet Packet, Virtual To, Real Real, DateTime Expires);

    private readonly Dictionary<(string, string, int), Virtual> servers = [];
    private readonly Dictionary<(string, string, int, string, int), Connection> connections = [];
    private readonly Queue<(string, string, int, string, int)> oldest = [];
    private DateTime soonest = DateTime.MaxValue;
    private readonly List<(Virtual Of, Real Real)> leaving = [];
    private HashSet<string> addresses = new(StringComparer.Ordinal);

    /// <summary>The addresses of <c>kube-ipvs0</c>, in order.</summary>
    public IEnumerable<string> Addresses => addresses.Order(StringComparer.Ordinal);

    /// <summary>How many virtual servers there are.</summary>
    public int Count => servers.Count;

    /// <summary>How many virtual servers and servers behind them there are.</summary>
    public int Entries => servers.Values.Sum(s => 1 + s.Reals.Count);

    /// <summary>Whether an address is one of <c>kube-ipvs0</c>.</summary>
    public bool HasAddress(string address) => addresses.Contains(address);

    /// <summary>Puts these virtual servers in the place of all that were, and these addresses on
    /// <c>kube-ipvs0</c>. What stays keeps its connections.</summary>
    public void Set(IEnumerable<VirtualServer> wanted, IEnumerable<string> bound)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var old = new HashSet<(string, string, int)>(servers.Keys);
        foreach (var server in wanted)
        {
            var key = (server.Protocol, server.Address, server.Port);
            old.Remove(key);
            if (!servers.TryGetValue(key, out var at))
            {
                servers.Add(key, at = new(server with { Servers = [] }));
            }
            Update(at, server);
        }
        foreach (var key in old)
        {
            Forget(c => c.To == servers[key]);
            servers.Remove(key);
        }
        addresses = bound.ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Hands a packet that arrived at the machine to one of the servers behind its
    /// virtual one; null when there is no virtual server for it. Where no server is left it is
    /// refused.</summary>
    /// <param name="packet">As it comes; as it goes on.</param>
    /// <param name="look">What the machine knows.</param>
    public Verdict? Schedule(ref Packet packet, NetfilterLook look)
    {
        ArgumentNullException.ThrowIfNull(packet);
        ArgumentNullException.ThrowIfNull(look);
        if (!servers.TryGetValue(
            (packet.Protocol, packet.Destination, packet.DestinationPort), out var server))
        {
            return null;
        }
        var (before, name) = (packet, Name(server.Of));
        Expire(look.Now);
        var flow = (packet.Protocol, packet.Source, packet.SourcePort, packet.Destination,
            packet.DestinationPort);
        var known = connections.GetValueOrDefault(flow);
        var (real, why) = known is not null ? (known.Real, "of a connection that is known")
            : Pick(server, packet, look.Now);
        if (real is null)
        {
            look.Trace.Add(new($"{look.Machine} ipvs", $"{name}: no server is left", before, before,
                Verdict.Reject));
            return Verdict.Reject;
        }
        if (known is null)
        {
            real.Connections++;
            if (connections.Count == MostConnections)
            {
                ForgetOldest();
            }
            oldest.Enqueue(flow);
        }
        var expires = look.Now.AddSeconds(Protocols[packet.Protocol].Seconds);
        connections[flow] = new(packet, server, real, expires);
        soonest = expires < soonest ? expires : soonest;
        packet = packet with { Destination = real.Address, DestinationPort = real.Port };
        look.Trace.Add(new($"{look.Machine} ipvs", $"{name}: {why}: {real.Name}", before, packet,
            Verdict.Rewrite));
        return Verdict.Rewrite;
    }

    /// <summary>The virtual servers as <c>ipvsadm -Ln</c> prints them.</summary>
    /// <param name="now">The virtual time (UTC).</param>
    public string List(DateTime now)
    {
        Expire(now);
        var text = new StringBuilder("IP Virtual Server version 1.2.1 (size=4096)\n"
            + "Prot LocalAddress:Port Scheduler Flags\n"
            + "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n");
        foreach (var server in servers.Values.OrderBy(s => Protocols[s.Of.Protocol].Number)
            .ThenBy(s => AddressOrder(s.Of.Address), StringComparer.Ordinal)
            .ThenBy(s => s.Of.Port))
        {
            text.Append(Name(server.Of)).Append('\n');
            foreach (var real in server.Reals.OrderBy(r => AddressOrder(r.Address),
                StringComparer.Ordinal).ThenBy(r => r.Port))
            {
                var (active, inactive) = Load(server, real);
                text.Append(CultureInfo.InvariantCulture, $"  -> {real.Name,-28} Masq    ")
                    .Append(CultureInfo.InvariantCulture,
                        $"{real.Weight,-6} {active,-10} {inactive,-10}\n");
            }
        }
        return text.ToString();
    }

    /// <summary>The connections as <c>ipvsadm -Lnc</c> prints them, oldest first.</summary>
    /// <param name="now">The virtual time (UTC).</param>
    public string ListConnections(DateTime now)
    {
        Expire(now);
        var text = new StringBuilder("IPVS connection entries\n"
            + "pro expire state       source             virtual            destination\n");
        foreach (var (packet, _, real, expires) in connections.Values.OrderBy(c => c.Expires)
            .ThenBy(c => c.Packet.Source, StringComparer.Ordinal).ThenBy(c => c.Packet.SourcePort))
        {
            var left = expires - now;
            var state = packet.Protocol == "udp" ? "UDP" : "ESTABLISHED";
            text.Append(CultureInfo.InvariantCulture,
                $"{packet.Protocol.ToUpperInvariant(),-3} {(int)left.TotalMinutes:00}:")
                .Append(CultureInfo.InvariantCulture, $"{left.Seconds:00}  {state,-11} ")
                .Append(CultureInfo.InvariantCulture,
                    $"{$"{Bracket(packet.Source)}:{packet.SourcePort}",-18} ")
                .Append(CultureInfo.InvariantCulture,
                    $"{$"{Bracket(packet.Destination)}:{packet.DestinationPort}",-18} ")
                .Append(real.Name).Append('\n');
        }
        return text.ToString();
    }

    private void Update(Virtual at, VirtualServer server)
    {
        if (at.Of == server && at.Reals.TrueForAll(r => r.Weight > 0))
        {
            return;
        }
        at.Of = server;
        var wanted = server.Servers.ToHashSet();
        foreach (var real in at.Reals.ToArray())
        {
            var stays = wanted.Remove((real.Address, real.Port));
            real.Weight = stays ? 1 : 0;
            if (!stays && (real.Connections == 0 || server.Protocol == "udp"))
            {
                Remove(at, real);
            }
            else if (!stays && !leaving.Contains((at, real)))
            {
                leaving.Add((at, real));
            }
        }
        foreach (var (address, port) in server.Servers)
        {
            if (wanted.Contains((address, port)))
            {
                at.Reals.Add(new(address, port));
            }
        }
    }

    private void Remove(Virtual at, Real real)
    {
        var i = at.Reals.IndexOf(real);
        if (ReferenceEquals(at.Last, real))
        {
            at.Last = i == 0 ? null : at.Reals[i - 1];
        }
        at.Reals.RemoveAt(i);
        Forget(c => c.Real == real);
    }

    private void ForgetOldest()
    {
        while (oldest.TryDequeue(out var flow))
        {
            if (connections.Remove(flow, out var connection))
            {
                connection.Real.Connections--;
                connection.Real.Ended = connection.Expires;
                return;
            }
        }
    }

    private void Forget(Predicate<Connection> which)
    {
        foreach (var (flow, connection) in connections.ToArray())
        {
            if (which(connection))
            {
                connections.Remove(flow);
                connection.Real.Connections--;
                connection.Real.Ended = connection.Expires;
            }
        }
    }

    private void Expire(DateTime now)
    {
        if (soonest <= now)
        {
            Forget(c => c.Expires <= now);
            soonest = connections.Values.Select(c => c.Expires).DefaultIfEmpty(DateTime.MaxValue)
                .Min();
        }
        leaving.RemoveAll(l => l.Real.Weight > 0 || !l.Of.Reals.Contains(l.Real));
        foreach (var (of, real) in leaving.ToArray())
        {
            if (real.Connections == 0
                && now.Ticks / CheckEvery.Ticks > real.Ended.Ticks / CheckEvery.Ticks)
            {
                Remove(of, real);
            }
        }
    }

    private static (int Active, int Inactive) Load(Virtual of, Real real) =>
        of.Of.Protocol == "udp" ? (0, real.Connections) : (real.Connections, 0);

    private static string Name(VirtualServer s) => string.Create(CultureInfo.InvariantCulture,
        $"{s.Protocol.ToUpperInvariant()}  {Bracket(s.Address)}:{s.Port} {s.Scheduler}")
        + (s.StickySeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture,
            $" persistent {seconds}") : "");

    private static string Bracket(string address) =>
        address.Contains(':') ? $"[{address}]" : address;

    private static string AddressOrder(string address) =>
        System.Net.IPAddress.TryParse(address, out var ip)
            ? Convert.ToHexString(ip.GetAddressBytes()) : address;
}
