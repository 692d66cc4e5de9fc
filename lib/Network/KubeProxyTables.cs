namespace KubeSim;

/// <summary>
/// The tables that kube-proxy writes: the rules of every Service, in the chains that all of them
/// share, and those that are there without any Service.
/// <para>The order of Services within a shared chain says nothing: no packet fits two of them. The
/// real kube-proxy takes them as its map happens to lie; here it is by name.</para>
/// Models pkg/proxy/iptables/proxier.go.
/// </summary>
internal static class KubeProxyTables
{
    private const string Portals = "kubernetes service portals";
    private const string External = "kubernetes externally-visible service portals";
    private const string Firewall = "kubernetes load balancer firewall";

    private static readonly RuleMatch New = new RuleMatch.State(["NEW"]);

    /// <summary>Where the kernel hands packets in, with the ways from there into the chains of
    /// kube-proxy.</summary>
    public static Seq<NetfilterChain> NatHooks { get; } =
    [
        BuiltIn("PREROUTING", Go("KUBE-SERVICES", Portals)),
        BuiltIn("INPUT"),
        BuiltIn("OUTPUT", Go("KUBE-SERVICES", Portals)),
        BuiltIn("POSTROUTING", Go("KUBE-POSTROUTING", "kubernetes postrouting rules")),
    ];

    /// <summary>Marks what is to leave by the node's own address.</summary>
    public static NetfilterChain MarkMasq { get; } = new(ServiceRules.MarkMasq,
        [new() { Target = new RuleTarget.Mark(ServiceRules.MasqueradeBit,
            ServiceRules.MasqueradeBit) }]);

    /// <summary>Gives what is marked the node's own address, and takes the mark away.</summary>
    public static Seq<NetfilterRule> Masquerade { get; } =
    [
        new()
        {
            Matches = [new RuleMatch.Marked(ServiceRules.MasqueradeBit, Not: true)],
            Target = new RuleTarget.Decide(Verdict.Return),
        },
        new() { Target = new RuleTarget.Mark(ServiceRules.MasqueradeBit, 0) },
        new()
        {
            Matches = [ServiceRules.Remark("kubernetes service traffic requiring SNAT")],
            Target = new RuleTarget.Masquerade(),
        },
    ];

    public static NetfilterTable Nat(
        IReadOnlyCollection<ServiceRules> services, KubeProxyOptions options)
    {
        NetfilterRule lastRule = new()
        {
            Matches = [ServiceRules.Remark("kubernetes service nodeports; NOTE: this must be the "
                + "last rule in this chain")],
            Target = ServiceRules.Jump("KUBE-NODEPORTS"),
        };
        List<NetfilterChain> chains =
        [
            .. NatHooks,
            MarkMasq,
            new("KUBE-NODEPORTS", Gather(services, s => s.NatNodePorts)),
            new("KUBE-POSTROUTING", Masquerade),
            new("KUBE-PROXY-CANARY", []),
            new("KUBE-SERVICES", Gather(services, s => s.NatServices,
                NodePortRules(lastRule, options))),
        ];
        foreach (var service in services)
        {
            chains.AddRange(service.NatChains);
        }
        return new("nat", chains);
    }

    public static NetfilterTable Filter(
        IReadOnlyCollection<ServiceRules> services, KubeProxyOptions options)
    {
        var keepsLocalnet = options is { LocalhostNodePorts: true, Ipv6: false };
        NetfilterRule[] localnet =
            keepsLocalnet ? [new() { Target = ServiceRules.Jump("KUBE-FIREWALL") }] : [];
        List<NetfilterChain> chains =
        [
            BuiltIn("INPUT",
            [
                .. localnet,
                Go("KUBE-PROXY-FIREWALL", Firewall, New),
                Go("KUBE-NODEPORTS", "kubernetes health check service ports"),
                Go("KUBE-EXTERNAL-SERVICES", External, New),
            ]),
            BuiltIn("FORWARD",
                Go("KUBE-PROXY-FIREWALL", Firewall, New),
                Go("KUBE-FORWARD", "kubernetes forwarding rules"),
                Go("KUBE-SERVICES", Portals, New),
                Go("KUBE-EXTERNAL-SERVICES", External, New)),
            BuiltIn("OUTPUT",
            [
                .. localnet,
                Go("KUBE-PROXY-FIREWALL", Firewall, New),
                Go("KUBE-SERVICES", Portals, New),
            ]),
            new("KUBE-EXTERNAL-SERVICES", Gather(services, s => s.FilterExternal)),
            new("KUBE-FORWARD", Forward),
            new("KUBE-NODEPORTS", Gather(services, s => s.FilterNodePorts)),
            new("KUBE-PROXY-CANARY", []),
            new("KUBE-PROXY-FIREWALL", Gather(services, s => s.FilterFirewall)),
            new("KUBE-SERVICES", Gather(services, s => s.FilterServices)),
        ];
        if (keepsLocalnet)
        {
            chains.Add(new("KUBE-FIREWALL", [Localnet]));
        }
        return new("filter", chains);
    }

    /// <summary>A chain by which kube-proxy notices that somebody emptied the tables.</summary>
    public static NetfilterTable Mangle { get; } = new("mangle",
    [
        BuiltIn("PREROUTING"), BuiltIn("INPUT"), BuiltIn("FORWARD"), BuiltIn("OUTPUT"),
        BuiltIn("POSTROUTING"), new("KUBE-PROXY-CANARY", []),
    ]);

    /// <summary>What is passed on: nothing that conntrack cannot place, and all that Services
    /// brought about.</summary>
    public static Seq<NetfilterRule> Forward { get; } =
    [
        new()
        {
            Matches = [new RuleMatch.State(["INVALID"]),
                new RuleMatch.Counted("ct_state_invalid_dropped_pkts")],
            Target = new RuleTarget.Decide(Verdict.Drop),
        },
        new()
        {
            Matches = [ServiceRules.Remark("kubernetes forwarding rules"),
                new RuleMatch.Marked(ServiceRules.MasqueradeBit)],
            Target = new RuleTarget.Decide(Verdict.Accept),
        },
        new()
        {
            Matches = [ServiceRules.Remark("kubernetes forwarding conntrack rule"),
                new RuleMatch.State(["RELATED", "ESTABLISHED"])],
            Target = new RuleTarget.Decide(Verdict.Accept),
        },
    ];

    // Node ports on 127.0.0.1 need the kernel to route 127.0.0.0/8, which would let neighbours in.
    private static readonly NetfilterRule Localnet = new()
    {
        Source = new("127.0.0.0/8", Not: true),
        Destination = new("127.0.0.0/8"),
        Matches = [ServiceRules.Remark("block incoming localnet connections"),
            new RuleMatch.State(["RELATED", "ESTABLISHED", "DNAT"], Not: true)],
        Target = new RuleTarget.Decide(Verdict.Drop),
    };

    private static IEnumerable<NetfilterRule> NodePortRules(
        NetfilterRule rule, KubeProxyOptions options)
    {
        if (!options.NodePortAddresses.IsUnset)
        {
            return options.NodePortAddresses
                .Where(ip => options.LocalhostNodePorts
                    || !ip.StartsWith("127.", StringComparison.Ordinal))
                .Select(ip => rule with { Destination = RuleRange.Of(ip) });
        }
        return
        [
            rule with
            {
                Matches = rule.Matches.Add(new RuleMatch.Local(OfSource: false)),
                Destination = options.Ipv6 ? new("::1/128", Not: true)
                    : options.LocalhostNodePorts ? null : new("127.0.0.0/8", Not: true),
            },
        ];
    }

    public static NetfilterChain BuiltIn(string name, params NetfilterRule[] rules) =>
        new(name, [.. rules], IsBuiltIn: true);

    public static NetfilterRule Go(string chain, string remark, RuleMatch? when = null) => new()
    {
        Matches = when is null ? [ServiceRules.Remark(remark)]
            : [when, ServiceRules.Remark(remark)],
        Target = ServiceRules.Jump(chain),
    };

    private static Seq<NetfilterRule> Gather(IReadOnlyCollection<ServiceRules> services,
        Func<ServiceRules, List<NetfilterRule>> part, IEnumerable<NetfilterRule>? last = null)
    {
        var rules = new List<NetfilterRule>();
        foreach (var service in services)
        {
            rules.AddRange(part(service));
        }
        rules.AddRange(last ?? []);
        return [.. rules];
    }
}
