namespace KubeSim;

/// <summary>
/// What a mode of kube-proxy costs with a number of Services, counted rather than timed: the rules
/// that the first packet of a connection is held against, and the entries that are written.
/// <para>Worked: with 10,000 Services of 2 endpoints the packet passes 5,000 rules of KUBE-SERVICES
/// on average in mode iptables, and 14 in mode ipvs, whatever the number. A new endpoint writes
/// those 10,000 rules again and the 10 of its Service, where a full write is of 80,000.</para>
/// Models pkg/proxy/iptables/number_generated_rules_test.go.
/// </summary>
public sealed record ProxyCost
{
    private const int Samples = 20;

    /// <summary>The mode.</summary>
    public required ProxyMode Mode { get; init; }

    /// <summary>How many Services there are, of one port each.</summary>
    public required int Services { get; init; }

    /// <summary>The rules that a connection's first packet is held against on its node, on average
    /// over the Services.</summary>
    public required double RulesPassed { get; init; }

    /// <summary>What a full write is: rules, and virtual servers with their servers and members of
    /// sets.</summary>
    public required int WrittenInFull { get; init; }

    /// <summary>What is written when one Service has a new endpoint. In mode iptables all the
    /// chains that Services share, and the Service's own; in mode ipvs the rules, which are few,
    /// and one server; in mode userspace nothing.</summary>
    public required int WrittenForChange { get; init; }

    /// <summary>The cost of a mode.</summary>
    /// <param name="mode">The mode.</param>
    /// <param name="services">How many Services there are, at most 60,000.</param>
    /// <param name="endpoints">How many endpoints each has.</param>
    public static ProxyCost Of(ProxyMode mode, int services, int endpoints = 2)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(services);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(services, 60_000);
        var kernel = new ProxyKernel();
        var options = new KubeProxyOptions { Mode = mode };
        new KubeProxy("node-1", options).Write(kernel,
            Enumerable.Range(0, services).Select(NewService),
            Enumerable.Range(0, services).Select(i => NewSlice(i, endpoints)), Self);
        var rules = Rules(kernel.Filter, _ => true);
        var (all, change) = mode switch
        {
            ProxyMode.Ipvs => (rules + kernel.Ipvs.Entries + kernel.Sets.Names.Sum(n =>
                kernel.Sets.MembersOf(n).Count()), rules + 1),
            ProxyMode.Userspace => (rules, 0),
            _ => (rules, Rules(kernel.Filter, c => !IsOwn(c))
                + OwnRules(services - 1, endpoints + 1, options)),
        };
        return new()
        {
            Mode = mode, Services = services, WrittenInFull = all, WrittenForChange = change,
            RulesPassed = Enumerable.Range(0, Samples).Average(i =>
                Passed(kernel, AddressOf((int)((i + 0.5) * services / Samples)))),
        };
    }

    /// <summary>The Service of a number, as they are counted here.</summary>
    public static Service NewService(int i) => new()
    {
        Metadata = new() { Name = NameOf(i), Namespace = "default" },
        Spec = new()
        {
            ClusterIP = AddressOf(i), ClusterIPs = [AddressOf(i)],
            Ports = [new() { Port = 80, Protocol = "TCP", TargetPort = 8080 }],
        },
    };

    /// <summary>The endpoints of the Service of a number: pods of three nodes in turn.</summary>
    public static EndpointSlice NewSlice(int i, int endpoints) => new()
    {
        Metadata = new()
        {
            Name = $"{NameOf(i)}-abcde", Namespace = "default",
            Labels = Map.Of(("kubernetes.io/service-name", NameOf(i))),
        },
        AddressType = "IPv4",
        Endpoints = Enumerable.Range(0, endpoints).Select(e => new Endpoint
        {
            Addresses =
                [FormattableString.Invariant($"10.244.{1 + (e % 3)}.{2 + ((i + e) % 250)}")],
            NodeName = FormattableString.Invariant($"node-{1 + (e % 3)}"),
            Conditions = new() { Ready = true, Serving = true, Terminating = false },
        }).ToSeq(),
        Ports = [new() { Name = "", Port = 8080, Protocol = "TCP" }],
    };

    private static readonly Node Self = new()
    {
        Metadata = new() { Name = "node-1" },
        Spec = new() { PodCIDR = "10.244.1.0/24" },
        Status = new() { Addresses = [new() { Type = "InternalIP", Address = "192.168.0.11" }] },
    };

    private static string NameOf(int i) => FormattableString.Invariant($"svc-{i:00000}");

    private static string AddressOf(int i) =>
        FormattableString.Invariant($"10.96.{1 + (i / 250)}.{1 + (i % 250)}");

    private static int Rules(Netfilter kernel, Func<NetfilterChain, bool> which) =>
        kernel.Table("nat").Chains.Concat(kernel.Table("filter").Chains).Where(which)
            .Sum(c => c.Rules.Count);

    private static bool IsOwn(NetfilterChain chain) => chain.Name.Length == 25
        && chain.Name.StartsWith("KUBE-", StringComparison.Ordinal) && chain.Name[8] == '-';

    private static int OwnRules(int service, int endpoints, KubeProxyOptions options) =>
        new KubeProxy.SeenService(NewService(service), [NewSlice(service, endpoints)])
            .RulesOn("node-1", "", "192.168.0.11", options, isLarge: false)
            .Sum(r => r.NatChains.Sum(c => c.Rules.Count));

    private static int Passed(ProxyKernel kernel, string to)
    {
        bool IsNode(string a) => a is "192.168.0.11" or "10.244.1.1" || kernel.Ipvs.HasAddress(a);
        var look = new NetfilterLook("node-1", default, IsNode, _ => true, [])
        {
            Sets = kernel.Sets, CameByBridge = true, Address = "10.244.1.1",
        };
        var packet = new Packet
        {
            Source = "10.244.1.250", SourcePort = 40001, Destination = to, DestinationPort = 80,
        };
        kernel.Filter.Pass("PREROUTING", ref packet, look);
        kernel.Filter.Pass(IsNode(packet.Destination) ? "INPUT" : "FORWARD", ref packet, look);
        _ = kernel.Ipvs.Schedule(ref packet, look);
        kernel.Filter.Pass("POSTROUTING", ref packet, look, "192.168.0.11");
        return look.RulesPassed;
    }
}
