using System.Globalization;

namespace KubeSim;

/// <summary>One port of a Service with all its endpoints, and those that this node
/// uses.</summary>
internal sealed record UsedPort(
    ServicePortInfo Port, IReadOnlyList<EndpointInfo> Endpoints, UsableEndpoints Usable);

/// <summary>
/// kube-proxy in mode ipvs: each address and port of a Service is a virtual server of the kernel
/// (<see cref="Ipvs"/>), found in one step among any number. What is left for iptables is the same
/// few rules for 10 Services and for 10,000: whether an address is one of a Service's is asked of
/// sets (<see cref="IpSets"/>).
/// <list type="bullet">
/// <item>Cluster IPs, external IPs and load balancers' addresses are bound to <c>kube-ipvs0</c>, so
/// that packets for them arrive; KUBE-IPVS-FILTER refuses what comes to them on other ports, or one
/// would reach the node's own processes by any of them.</item>
/// <item>A node port is a virtual server of each address of the node but 127.0.0.1.</item>
/// <item>Traffic policy Local without a local endpoint falls back on all of them, so that pods of
/// the node still get there; from outside the answer comes from the wrong address and is lost,
/// where mode iptables drops the packet.</item>
/// </list>
/// Worked: a Service of type NodePort with 3 endpoints is 3 virtual servers (cluster IP, the
/// node's address, its bridge's) of 3 servers each, and 2 members of sets.
/// <para>Deprecated since Kubernetes 1.35, which says so in an event at each start, in favour of
/// mode nftables: the kernel's interface never fitted all that a Service can ask for.</para>
/// Models pkg/proxy/ipvs/proxier.go.
/// </summary>
internal sealed class KubeProxyIpvs
{
    private const string ClusterIP = "CLUSTER-IP";
    private const string ExternalIP = "EXTERNAL-IP";
    private const string ExternalLocal = "EXTERNAL-IP-LOCAL";
    private const string Balancer = "LOAD-BALANCER";
    private const string BalancerLocal = "LOAD-BALANCER-LOCAL";
    private const string HealthCheck = "HEALTH-CHECK-NODE-PORT";
    private const string Loop = "LOOP-BACK";
    private const string Bound = "IPVS-IPS";

    // Name without KUBE-, type, and the remark of its rules.
    private static readonly (string Name, string Type, string Remark)[] All =
    [
        (Loop, "hash:ip,port,ip",
            "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"),
        (ClusterIP, "hash:ip,port", "Kubernetes service cluster ip + port for masquerade purpose"),
        (ExternalIP, "hash:ip,port",
            "Kubernetes service external ip + port for masquerade and filter purpose"),
        (ExternalLocal, "hash:ip,port",
            "Kubernetes service external ip + port with externalTrafficPolicy=local"),
        (Balancer, "hash:ip,port", "Kubernetes service lb portal"),
        ("LOAD-BALANCER-FW", "hash:ip,port",
            "Kubernetes service load balancer ip + port for load balancer with sourceRange"),
        (BalancerLocal, "hash:ip,port",
            "Kubernetes service load balancer ip + port with externalTrafficPolicy=local"),
        ("LOAD-BALANCER-SOURCE-IP", "hash:ip,port,ip", "Kubernetes service load balancer ip + port "
            + "+ source IP for packet filter purpose"),
        ("LOAD-BALANCER-SOURCE-CIDR", "hash:ip,port,net", "Kubernetes service load balancer ip + "
            + "port + source cidr for packet filter purpose"),
        ("NODE-PORT-TCP", "bitmap:port", "Kubernetes nodeport TCP port for masquerade purpose"),
        ("NODE-PORT-LOCAL-TCP", "bitmap:port",
            "Kubernetes nodeport TCP port with externalTrafficPolicy=local"),
        ("NODE-PORT-UDP", "bitmap:port", "Kubernetes nodeport UDP port for masquerade purpose"),
        ("NODE-PORT-LOCAL-UDP", "bitmap:port",
            "Kubernetes nodeport UDP port with externalTrafficPolicy=local"),
        ("NODE-PORT-SCTP-HASH", "hash:ip,port",
            "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'"),
        ("NODE-PORT-LOCAL-SCTP-HASH", "hash:ip,port",
            "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type "
            + "'hash ip:port'"),
        (HealthCheck, "bitmap:port", "Kubernetes health check node port"),
        (Bound, "hash:ip", ""),
    ];

    // What may come to an address of kube-ipvs0.
    private static readonly string[] Reached =
        [Balancer, ClusterIP, ExternalIP, ExternalLocal, HealthCheck];

    private readonly KubeProxyOptions options;
    private readonly IReadOnlyList<string> own;
    private readonly string nodeIp;
    private readonly Dictionary<string, HashSet<string>> sets =
        All.ToDictionary(k => k.Name, _ => new HashSet<string>(StringComparer.Ordinal));

    private readonly List<VirtualServer> servers = [];
    private readonly List<NetfilterRule> closed = [];

    /// <param name="ports">The ports of all Services.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="own">The addresses of the node, its own first.</param>
    /// <param name="options">How kube-proxy is run.</param>
    public KubeProxyIpvs(IEnumerable<UsedPort> ports, string node, IReadOnlyList<string> own,
        KubeProxyOptions options)
    {
        (this.options, nodeIp) = (options, own.Count > 0 ? own[0] : "");
        this.own = options.NodePortAddresses.IsUnset ? own
            : [.. options.NodePortAddresses.Where(ip =>
                !ip.StartsWith("127.", StringComparison.Ordinal))];
        foreach (var used in ports)
        {
            var protocol = used.Port.Protocol;
            foreach (var e in used.Endpoints.Where(e => e.Node == node))
            {
                sets[Loop].Add($"{Member(e.Ip, protocol, e.Port)},{e.Ip}");
            }
            AddAddresses(used);
            AddNodePort(used);
            if (used.Port.HealthCheckNodePort is > 0 and var health)
            {
                sets[HealthCheck].Add(Number(health));
            }
        }
    }

    /// <summary>Puts all of it in the kernel.</summary>
    public void Write(ProxyKernel kernel)
    {
        foreach (var (name, type, _) in All)
        {
            kernel.Sets.Swap(NameOf(name), type, sets[name]);
        }
        kernel.Ipvs.Set(servers, sets[Bound]);
        kernel.Filter.Restore(Nat());
        kernel.Filter.Restore(Filter());
    }

    private void AddAddresses(UsedPort used)
    {
        var (port, protocol) = (used.Port, used.Port.Protocol);
        sets[ClusterIP].Add(Member(port.ClusterIP, protocol, port.Port));
        AddServer(used, port.ClusterIP, port.Port, port.IsInternalLocal, binds: true);
        foreach (var ip in port.ExternalIPs)
        {
            sets[port.IsExternalLocal ? ExternalLocal : ExternalIP]
                .Add(Member(ip, protocol, port.Port));
            AddServer(used, ip, port.Port, port.IsExternalLocal, !own.Contains(ip));
        }
        foreach (var ip in port.LoadBalancerIPs)
        {
            var member = Member(ip, protocol, port.Port);
            sets[Balancer].Add(member);
            if (port.IsExternalLocal)
            {
                sets[BalancerLocal].Add(member);
            }
            AddFirewall(port, ip, member);
            AddServer(used, ip, port.Port, port.IsExternalLocal, !own.Contains(ip));
        }
    }

    private void AddFirewall(ServicePortInfo port, string ip, string member)
    {
        if (port.SourceRanges.IsEmpty)
        {
            return;
        }
        sets["LOAD-BALANCER-FW"].Add(member);
        sets["LOAD-BALANCER-SOURCE-CIDR"].UnionWith(port.SourceRanges.Select(r => $"{member},{r}"));
        if (nodeIp.Length > 0 && port.SourceRanges.Any(r => new RuleRange(r).Takes(nodeIp)))
        {
            sets["LOAD-BALANCER-SOURCE-IP"].Add($"{member},{ip}");
        }
        else
        {
            // A node that is not let in would get there all the same: its packets start at the
            // balancer's address and never come in.
            closed.Add(new()
            {
                Source = RuleRange.Of(ip), Matches = [new RuleMatch.Virtual(
                    ip, port.Protocol, port.Port)],
                Target = new RuleTarget.Decide(Verdict.Drop),
            });
        }
    }

    private void AddNodePort(UsedPort used)
    {
        var port = used.Port;
        if (port.NodePort == 0)
        {
            return;
        }
        var isSctp = port.Protocol == "sctp";
        var members = isSctp ? own.Select(ip => Member(ip, port.Protocol, port.NodePort))
            : [Number(port.NodePort)];
        var name = port.Protocol.ToUpperInvariant() + (isSctp ? "-HASH" : "");
        sets["NODE-PORT-" + name].UnionWith(members);
        if (port.IsExternalLocal)
        {
            sets["NODE-PORT-LOCAL-" + name].UnionWith(members);
        }
        foreach (var ip in own)
        {
            AddServer(used, ip, port.NodePort, port.IsExternalLocal, binds: false);
        }
    }

    private void AddServer(UsedPort used, string ip, int port, bool isLocal, bool binds)
    {
        var usable = isLocal && used.Usable.Local.Count > 0
            ? used.Usable.Local : used.Usable.Cluster;
        servers.Add(new(used.Port.Protocol, ip, port, options.IpvsScheduler,
            used.Port.StickySeconds)
        {
            Servers = [.. usable.Select(e => (e.Ip, e.Port))],
        });
        if (binds)
        {
            sets[Bound].Add(ip);
        }
    }

    private NetfilterTable Nat()
    {
        var services = new List<NetfilterRule>
        {
            new() { Source = new(options.Ipv6 ? "::1/128" : "127.0.0.0/8"), Target = Return },
        };
        services.AddRange(Ask(Balancer, "dst,dst", ServiceRules.Jump("KUBE-LOAD-BALANCER")));
        services.AddRange(Ask(ClusterIP, options is { MasqueradeAll: false, ClusterCidr: "" }
            ? "src,dst" : "dst,dst", ToMark).Select(r => r with
            {
                Source = options.MasqueradeAll || options.ClusterCidr.Length == 0 ? null
                    : new(options.ClusterCidr, Not: true),
            }));
        services.AddRange(Ask(ExternalIP, "dst,dst", ToMark));
        foreach (var rule in Ask(ExternalIP, "dst,dst", Accept)
            .Concat(Ask(ExternalLocal, "dst,dst", Accept)))
        {
            services.Add(rule with { Matches = [.. rule.Matches, new RuleMatch.NotByBridge(),
                new RuleMatch.Local(OfSource: true, Not: true)] });
            services.Add(rule with { Matches = [.. rule.Matches, new RuleMatch.Local(false)] });
        }
        services.Add(new()
        {
            Matches = [new RuleMatch.Local(OfSource: false)],
            Target = ServiceRules.Jump("KUBE-NODE-PORT"),
        });
        services.AddRange(Ask(ClusterIP, "dst,dst", Accept)
            .Concat(Ask(Balancer, "dst,dst", Accept))
            .Select(r => r with { Matches = [r.Matches[1]] }));
        return new("nat",
        [
            .. KubeProxyTables.NatHooks,
            new("KUBE-SERVICES", [.. services]),
            new("KUBE-LOAD-BALANCER",
                [.. Ask(BalancerLocal, "dst,dst", Return), new() { Target = ToMark }]),
            new("KUBE-NODE-PORT",
                [.. NodePorts("tcp"), .. NodePorts("udp"), .. NodePorts("sctp")]),
            new("KUBE-POSTROUTING",
                [.. Ask(Loop, "dst,dst,src", new RuleTarget.Masquerade(AnyPort: false)),
                    .. KubeProxyTables.Masquerade]),
            KubeProxyTables.MarkMasq,
        ]);
    }

    private IEnumerable<NetfilterRule> NodePorts(string protocol)
    {
        var isSctp = protocol == "sctp";
        var (name, parts) = (protocol.ToUpperInvariant() + (isSctp ? "-HASH" : ""),
            isSctp ? "dst,dst" : "dst");
        return Ask("NODE-PORT-LOCAL-" + name, parts, Return)
            .Concat(Ask("NODE-PORT-" + name, parts, ToMark))
            .Select(r => r with { Protocol = protocol });
    }

    private NetfilterTable Filter()
    {
        const string access = "kubernetes ipvs access filter";
        const string firewall = "kube-proxy firewall rules";
        return new("filter",
        [
            KubeProxyTables.BuiltIn("INPUT",
                KubeProxyTables.Go("KUBE-IPVS-FILTER", access),
                KubeProxyTables.Go("KUBE-PROXY-FIREWALL", firewall),
                KubeProxyTables.Go("KUBE-NODE-PORT", "kubernetes health check rules")),
            KubeProxyTables.BuiltIn("FORWARD",
                KubeProxyTables.Go("KUBE-PROXY-FIREWALL", firewall),
                KubeProxyTables.Go("KUBE-FORWARD", "kubernetes forwarding rules")),
            KubeProxyTables.BuiltIn("OUTPUT", KubeProxyTables.Go("KUBE-IPVS-OUT-FILTER", access)),
            new("KUBE-FORWARD", [.. KubeProxyTables.Forward.Skip(1)]),
            new("KUBE-NODE-PORT", [Rule(HealthCheck, "dst", Accept)]),
            new("KUBE-PROXY-FIREWALL", [.. Ask("LOAD-BALANCER-FW", "dst,dst",
                ServiceRules.Jump("KUBE-SOURCE-RANGES-FIREWALL"))]),
            new("KUBE-SOURCE-RANGES-FIREWALL",
                [.. Ask("LOAD-BALANCER-SOURCE-CIDR", "dst,dst,src", Return),
                    .. Ask("LOAD-BALANCER-SOURCE-IP", "dst,dst,src", Return),
                    new() { Target = new RuleTarget.Decide(Verdict.Drop) }]),
            new("KUBE-IPVS-FILTER",
                [.. Reached.Select(s => new NetfilterRule
                    {
                        Matches = [new RuleMatch.Set(NameOf(s), s == HealthCheck ? "dst"
                            : "dst,dst")],
                        Target = Return,
                    }),
                    new()
                    {
                        Matches = [new RuleMatch.State(["NEW"]),
                            new RuleMatch.Set(NameOf(Bound), "dst")],
                        Target = new RuleTarget.Reject(),
                    }]),
            new("KUBE-IPVS-OUT-FILTER", [.. closed]),
        ]);
    }

    private static RuleTarget Return { get; } = new RuleTarget.Decide(Verdict.Return);

    private static RuleTarget Accept { get; } = new RuleTarget.Decide(Verdict.Accept);

    private static RuleTarget ToMark { get; } = ServiceRules.Jump(ServiceRules.MarkMasq);

    // A set without members has no rule.
    private IEnumerable<NetfilterRule> Ask(string set, string parts, RuleTarget target) =>
        sets[set].Count == 0 ? [] : [Rule(set, parts, target)];

    private NetfilterRule Rule(string set, string parts, RuleTarget target) => new()
    {
        Matches = [ServiceRules.Remark(All.First(k => k.Name == set).Remark),
            new RuleMatch.Set(NameOf(set), parts)],
        Target = target,
    };

    // The sets of IPv6 lie beside those of IPv4; 31 letters is the most.
    private string NameOf(string set)
    {
        var name = (options.Ipv6 ? "KUBE-6-" : "KUBE-") + set;
        return name[..Math.Min(31, name.Length)];
    }

    private static string Member(string ip, string protocol, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{ip},{protocol}:{port}");

    private static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);
}
