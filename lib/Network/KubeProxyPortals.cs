using System.Globalization;

namespace KubeSim;

/// <summary>
/// kube-proxy as it was at first, mode userspace: for each port of a Service the process listens on
/// a port of its own, rules of iptables lead there ("portals"), and it opens a second connection to
/// one endpoint after the other and copies bytes between the two. History: the default until
/// Kubernetes 1.2, removed in 1.26.
/// <list type="bullet">
/// <item>The endpoint sees the node as its client: the client's address is lost.</item>
/// <item>Each byte passes through a process, which is slow; when it dies, Services are dead, where
/// the rules of the other modes go on.</item>
/// <item>It knows of no traffic policies, source ranges, hints or terminating endpoints.</item>
/// </list>
/// Worked: web has the proxy port 41537; 10.244.1.2 → 10.96.0.7:80 is redirected to
/// 10.244.1.1:41537, and kube-proxy connects 192.168.0.11 → 10.244.2.3:8080.
/// <para>The proxy port is drawn by the kernel in life; here it follows from node and name.</para>
/// Models pkg/proxy/userspace/proxier.go and roundrobin.go of 1.25.
/// </summary>
internal sealed class KubeProxyPortals(string node)
{
    private const int FirstPort = 32768;
    private const int Ports = 28232;

    private readonly Dictionary<string, Portal> portals = new(StringComparer.Ordinal);

    /// <summary>What one port of a Service has become: its own port, and whose turn it
    /// is.</summary>
    private sealed class Portal
    {
        public int Port { get; init; }

        public required string Protocol { get; init; }

        public IReadOnlyList<EndpointInfo> Endpoints { get; set; } = [];

        public int Next { get; set; }

        /// <summary>Where each client stays, and since when.</summary>
        public Dictionary<string, (EndpointInfo Endpoint, DateTime At)> Clients { get; } =
            new(StringComparer.Ordinal);
    }

    /// <summary>Opens and closes ports, and writes the rules that lead to them.</summary>
    /// <param name="kernel">Where to.</param>
    /// <param name="ports">The ports of all Services.</param>
    /// <param name="own">The addresses of the node, its own first, then its bridge's.</param>
    /// <param name="podCidr">The range of its pods, which it reaches by its bridge.</param>
    public void Write(
        ProxyKernel kernel, IEnumerable<UsedPort> ports, IReadOnlyList<string> own, string podCidr)
    {
        var nodeIp = own.Count > 0 ? own[0] : "127.0.0.1";
        var rules = new PortalRules(nodeIp);
        var gone = new HashSet<string>(portals.Keys, StringComparer.Ordinal);
        foreach (var used in ports)
        {
            gone.Remove(used.Port.Name);
            var portal = Open(used, kernel);
            rules.Add(used.Port, portal.Port);
            string SourceTo(string ip) => podCidr.Length > 0 && own.Count > 1
                && new RuleRange(podCidr).Takes(ip) ? own[1] : nodeIp;
            kernel.Forwarders.Listen(portal.Protocol, portal.Port, (packet, look) =>
                Onward(portal, used.Port, packet, look, SourceTo));
        }
        foreach (var name in gone)
        {
            kernel.Forwarders.Close(portals[name].Protocol, portals[name].Port);
            portals.Remove(name);
        }
        kernel.Filter.Restore(rules.Nat());
        kernel.Filter.Restore(rules.Filter());
    }

    /// <summary>The process dies, and its ports close.</summary>
    public void Close(Forwarders forwarders)
    {
        foreach (var portal in portals.Values)
        {
            forwarders.Close(portal.Protocol, portal.Port);
        }
    }

    private Portal Open(UsedPort used, ProxyKernel kernel)
    {
        var name = used.Port.Name;
        if (!portals.TryGetValue(name, out var portal))
        {
            var port = (int)(Digest.Mix(Digest.Mix(Digest.Start, node), name) % Ports);
            while (portals.Count < Ports && portals.Values.Any(p => p.Port == FirstPort + port))
            {
                port = (port + 1) % Ports;
            }
            portal = new() { Port = FirstPort + port, Protocol = used.Port.Protocol };
            portals.Add(name, portal);
        }
        var ready = used.Endpoints.Where(e => e.IsReady).ToList();
        if (!ready.SequenceEqual(portal.Endpoints))
        {
            (portal.Endpoints, portal.Next) = (ready, 0);
        }
        return portal;
    }

    private static Packet? Onward(Portal portal, ServicePortInfo service, Packet packet,
        NetfilterLook look, Func<string, string> sourceTo)
    {
        if (portal.Endpoints.Count == 0)
        {
            look.Trace.Add(new($"{look.Machine} kube-proxy",
                $"takes the connection for {service.Name}, has no endpoint and closes it", packet,
                packet, Verdict.Reject));
            return null;
        }
        var known = service.StickySeconds is { } seconds
            && portal.Clients.TryGetValue(packet.Source, out var client)
            && client.At.AddSeconds(seconds) > look.Now
            && portal.Endpoints.Contains(client.Endpoint) ? client.Endpoint : null;
        var endpoint = known ?? portal.Endpoints[portal.Next++ % portal.Endpoints.Count];
        portal.Clients[packet.Source] = (endpoint, look.Now);
        var onward = packet with
        {
            Source = sourceTo(endpoint.Ip), SourcePort = FirstPort
                + ((packet.SourcePort + portal.Port) % Ports),
            Destination = endpoint.Ip, DestinationPort = endpoint.Port, Mark = 0, State = "NEW",
            IsDestinationTranslated = false,
        };
        look.Trace.Add(new($"{look.Machine} kube-proxy", $"takes the connection for {service.Name} "
            + $"and opens one to {endpoint.Address}", packet, onward, Verdict.Rewrite));
        return onward;
    }
}

/// <summary>The rules of mode userspace: one chain for what comes in and one for what the node
/// itself sends, since a redirection of the latter would end at 127.0.0.1.</summary>
internal sealed class PortalRules(string nodeIp)
{
    private const string First = "handle ClusterIPs; NOTE: this must be before the NodePort rules";
    private const string Last = "handle service NodePorts; NOTE: this must be the last rule in the "
        + "chain";

    private readonly List<NetfilterRule> container = [];
    private readonly List<NetfilterRule> host = [];
    private readonly List<NetfilterRule> nodePortContainer = [];
    private readonly List<NetfilterRule> nodePortHost = [];
    private readonly List<NetfilterRule> nodePortOpen = [];

    public void Add(ServicePortInfo port, int proxyPort)
    {
        // Without a name a port is written with its colon all the same.
        var name = port.PortName.Length == 0 ? port.Name + ":" : port.Name;
        var redirect = new RuleTarget.Redirect(proxyPort);
        var dnat = new RuleTarget.Dnat(string.Create(CultureInfo.InvariantCulture,
            $"{nodeIp}:{proxyPort}"));
        NetfilterRule To(
            string? ip, int number, RuleTarget target, params RuleMatch[] more) => new()
        {
            Destination = ip is null ? null : RuleRange.Of(ip), Protocol = port.Protocol,
            Matches = [ServiceRules.Remark(name), new RuleMatch.Port(port.Protocol, number),
                .. more],
            Target = target,
        };
        foreach (var ip in port.LoadBalancerIPs.Prepend(port.ClusterIP))
        {
            container.Add(To(ip, port.Port, redirect));
            host.Add(To(ip, port.Port, dnat));
        }
        foreach (var ip in port.ExternalIPs)
        {
            var isLocal = new RuleMatch.Local(OfSource: false);
            container.Add(To(ip, port.Port, redirect, new RuleMatch.NotByBridge()));
            container.Add(To(ip, port.Port, redirect, isLocal));
            host.Add(To(ip, port.Port, dnat, isLocal));
        }
        if (port.NodePort > 0)
        {
            nodePortContainer.Add(To(null, port.NodePort, redirect));
            nodePortHost.Add(To(null, port.NodePort, dnat));
            nodePortOpen.Add(To(null, proxyPort, new RuleTarget.Decide(Verdict.Accept),
                new RuleMatch.State(["NEW"])));
        }
    }

    public NetfilterTable Nat() => new("nat",
    [
        KubeProxyTables.BuiltIn("PREROUTING", KubeProxyTables.Go("KUBE-PORTALS-CONTAINER", First),
            KubeProxyTables.Go("KUBE-NODEPORT-CONTAINER", Last, new RuleMatch.Local(false))),
        KubeProxyTables.BuiltIn("INPUT"),
        KubeProxyTables.BuiltIn("OUTPUT", KubeProxyTables.Go("KUBE-PORTALS-HOST", First),
            KubeProxyTables.Go("KUBE-NODEPORT-HOST", Last, new RuleMatch.Local(false))),
        KubeProxyTables.BuiltIn("POSTROUTING"),
        new("KUBE-PORTALS-CONTAINER", [.. container]), new("KUBE-PORTALS-HOST", [.. host]),
        new("KUBE-NODEPORT-CONTAINER", [.. nodePortContainer]),
        new("KUBE-NODEPORT-HOST", [.. nodePortHost]),
    ]);

    public NetfilterTable Filter() => new("filter",
    [
        KubeProxyTables.BuiltIn("INPUT", KubeProxyTables.Go("KUBE-NODEPORT-NON-LOCAL",
            "Ensure that non-local NodePort traffic can flow")),
        KubeProxyTables.BuiltIn("FORWARD"), KubeProxyTables.BuiltIn("OUTPUT"),
        new("KUBE-NODEPORT-NON-LOCAL", [.. nodePortOpen]),
    ]);
}
