using System.Globalization;

namespace KubeSim;

/// <summary>
/// Makes Services work: on every node it writes the rules by which the kernel turns the address of
/// a Service into that of one of its pods. No packet ever passes through kube-proxy itself; when it
/// dies, the rules of its last moment stay and grow stale.
/// <para>It watches Services, EndpointSlices and its own Node, and writes the tables nat and filter
/// of its machine (<see cref="Netfilter"/>): for a Service of three endpoints 13 rules, and 3 more
/// for each endpoint.</para>
/// <para>A change of a Service or its endpoints is written at once, and what follows within a
/// second (--iptables-min-sync-period) is gathered: three pods that become ready one after the
/// other are two writes. Until then packets go by the old rules.</para>
/// <para>All nodes see the same Services, so all do the same work: Services whose rules are the
/// same everywhere are computed once for all nodes, and in a cluster of more than 20 nodes the
/// rules of a node are computed only when somebody looks at it, as new as the watch.</para>
/// <para>What is said here of rules is mode iptables, the default. The same endpoints are chosen in
/// mode ipvs (<see cref="KubeProxyIpvs"/>) and in the oldest one, userspace
/// (<see cref="KubeProxyPortals"/>).</para>
/// Models pkg/proxy/iptables/proxier.go, pkg/proxy/servicechangetracker.go.
/// </summary>
public sealed class KubeProxy(string node, KubeProxyOptions? options = null) : ILazyReconciler
{
    private const string ServiceName = "kubernetes.io/service-name";
    private const string ProxyName = "service.kubernetes.io/service-proxy-name";

    // With more endpoints than this their rules do without remarks, two fifths of the text.
    private const int LargeCluster = 1000;
    private const string Zone = "topology.kubernetes.io/zone";

    private readonly bool isOwn = options is null;
    private KubeProxyOptions options = options ?? new();
    private readonly KubeProxyPortals portals = new(node);
    private Written? written;
    private DateTime next;

    private sealed record Written(ProxyKernel Kernel, Seq<SeenService> Services, string Zone,
        Seq<string> Own, string PodCidr);

    /// <inheritdoc/>
    public string Name => "kube-proxy";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        .. new[] { Watched.All<Service>(), Watched.All<EndpointSlice>(), Watched.OnNode<Node>() }
            .Select(w => w with { OnDemand = true, KeyOf = _ => new(Kinds.Node, "", node) }),
    ];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        ArgumentNullException.ThrowIfNull(api);
        if (next > api.Now)
        {
            api.After(next - api.Now, key);
            return Result.Idle;
        }
        var isFirst = written is null;
        var isNew = Sync(api);
        if (isFirst && options.Mode == ProxyMode.Ipvs && api.Get<Node>("", node) is { } self)
        {
            api.NewEvent(self, "Warning", "IPVSDeprecation", "StartKubeProxy", "The ipvs proxier "
                + "is now deprecated and may be removed in a future release. Please use "
                + "'nftables' instead.");
        }
        if (!isNew)
        {
            return Result.Idle;
        }
        // The first rules of a node are from before the first lesson.
        next = isFirst ? api.Now : api.Now + api.Settings.Get(KnownFlags.MinSyncPeriod);
        return Result.Done;
    }

    /// <inheritdoc/>
    public void CatchUp(ReconcileContext api) => Sync(api);

    /// <summary>Writes the rules where they are not what they should be; true when a Service has
    /// others now.</summary>
    private bool Sync(ReconcileContext api)
    {
        if (api.World is not World world || !world.Machine(node).IsOn)
        {
            return false;
        }
        var seen = api.Shared<SeenServices>();
        seen.Read(api);
        var machine = world.Machine(node);
        if (isOwn)
        {
            options = KubeProxyOptions.Of(api.Settings);
        }
        var now = Now(ProxyKernel.Of(machine), seen.Services, api.Get<Node>("", node));
        if (now.Equals(written))
        {
            return false;
        }
        Write(now);
        Listen(machine.Kernel<ServiceHealth>(), now.Services);
        var before = written?.Services ?? [];
        written = now;
        return Tell(before, now.Services, api);
    }

    private Written Now(ProxyKernel kernel, Seq<SeenService> services, Node? self) => new(kernel,
        services, self?.Metadata.Labels.Get(Zone) ?? "", self.Own(options.Ipv6),
        self?.Spec.PodCIDR ?? "");

    /// <inheritdoc/>
    public void Die()
    {
        if (written is not null)
        {
            portals.Close(written.Kernel.Forwarders);
        }
    }

    /// <summary>Says which Services have other rules than before; false when none has.</summary>
    private bool Tell(Seq<SeenService> before, Seq<SeenService> now, ReconcileContext api)
    {
        var (told, old) = (false, before.ToDictionary(s => s.Service.Key));
        var what = options.Mode == ProxyMode.Ipvs ? "virtual servers" : "rules";
        foreach (var service in now)
        {
            old.Remove(service.Service.Key, out var was);
            if (!ReferenceEquals(service, was) && service.Rules > 0 && !service.HasRulesOf(was))
            {
                told = true;
                api.Did($"wrote the {what} of Service {{0}} ({what}: {{1}}, endpoints: {{2}})",
                    service.Name, Number(service.Rules), Number(service.Endpoints));
            }
        }
        foreach (var service in old.Values.Where(s => s.Rules > 0).OrderBy(s => s.Service.Key))
        {
            told = true;
            api.Did($"removed the {what} of Service {{0}}", service.Name);
        }
        return told;
    }

    private static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);

    /// <summary>Answers on the health-check node ports for the given objects.</summary>
    /// <param name="health">Where to.</param>
    /// <param name="services">The Services.</param>
    /// <param name="slices">The EndpointSlices.</param>
    public void Listen(ServiceHealth health, IEnumerable<Service> services,
        IEnumerable<EndpointSlice> slices)
    {
        ArgumentNullException.ThrowIfNull(health);
        var seen = new SeenServices();
        seen.Read(services, slices);
        Listen(health, seen.Services);
    }

    /// <summary>Writes the kernel of a node for the given objects.</summary>
    /// <param name="kernel">Where to.</param>
    /// <param name="services">The Services.</param>
    /// <param name="slices">The EndpointSlices.</param>
    /// <param name="self">The node's own object: its zone and addresses.</param>
    public void Write(ProxyKernel kernel, IEnumerable<Service> services,
        IEnumerable<EndpointSlice> slices, Node? self = null)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        var seen = new SeenServices();
        seen.Read(services, slices);
        Write(Now(kernel, seen.Services, self));
    }

    private void Listen(ServiceHealth health, Seq<SeenService> services)
    {
        var ports = new List<(int, string, string, int)>();
        foreach (var service in services)
        {
            if (service.HealthCheckNodePort(options) is > 0 and var port)
            {
                var about = service.Service.Metadata;
                ports.Add((port, about.Namespace, about.Name, service.ReadyOn(node)));
            }
        }
        health.Listen(ports);
    }

    private void Write(Written to)
    {
        var address = to.Own.IsEmpty ? "" : to.Own[0];
        switch (options.Mode)
        {
            case ProxyMode.Ipvs:
                new KubeProxyIpvs(Used(to), node, [.. to.Own], options).Write(to.Kernel);
                break;
            case ProxyMode.Userspace:
                portals.Write(to.Kernel, Used(to), [.. to.Own], to.PodCidr);
                break;
            default:
                var rules = new List<ServiceRules>();
                var isLarge = to.Services.Sum(s =>
                    s.PortsOf(options).Sum(p => p.Endpoints.Count)) > LargeCluster;
                foreach (var service in to.Services)
                {
                    rules.AddRange(service.RulesOn(node, to.Zone, address, options, isLarge));
                }
                to.Kernel.Filter.Restore(KubeProxyTables.Nat(rules, options));
                to.Kernel.Filter.Restore(KubeProxyTables.Filter(rules, options));
                to.Kernel.Filter.Restore(KubeProxyTables.Mangle);
                break;
        }
        DropStale(to.Kernel.Filter, to.Services);
    }

    private IEnumerable<UsedPort> Used(Written to) =>
        to.Services.SelectMany(s => s.UsedOn(node, to.Zone, options, to.Own.Count));

    /// <summary>Forgets the flows of UDP whose endpoint serves no more. A client that goes on from
    /// the same port would reach it for as long as it asks; a connection of TCP ends by itself.
    /// </summary>
    private void DropStale(Netfilter kernel, Seq<SeenService> services)
    {
        if (!kernel.Connections.Any(c => c.Original.Protocol == "udp"))
        {
            return;
        }
        var serving = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var (port, endpoints) in services.SelectMany(s => s.PortsOf(options)))
        {
            var ends = endpoints.Where(e => e.IsServing).Select(e => e.Address).ToHashSet();
            foreach (var at in port.Protocol == "udp" ? port.Addresses : [])
            {
                serving[at] = ends;
            }
        }
        kernel.Drop(c => c.Original.Protocol == "udp" && (serving.TryGetValue(
                EndpointInfo.Join(c.Original.Destination, c.Original.DestinationPort), out var ends)
                || serving.TryGetValue(Number(c.Original.DestinationPort), out ends))
            && !ends.Contains(EndpointInfo.Join(c.Answer.Source, c.Answer.SourcePort)));
    }

    /// <summary>The Services that the nodes see, by name; those that did not change since the last
    /// look are the same objects as then, with the rules that they came to.</summary>
    internal sealed class SeenServices
    {
        private (Revision Services, Revision Slices) at;

        public Seq<SeenService> Services { get; private set; }

        public void Read(ReconcileContext api)
        {
            var now = (api.Cursor<Service>(), api.Cursor<EndpointSlice>());
            if (now != at)
            {
                at = now;
                Read(api.List<Service>(), api.List<EndpointSlice>());
            }
        }

        public void Read(IEnumerable<Service> services, IEnumerable<EndpointSlice> slices)
        {
            var known = Services.ToDictionary(s => s.Service.Key);
            var sliced = slices.Where(s => s.Metadata.Labels.ContainsKey(ServiceName))
                .ToLookup(s => (s.Metadata.Namespace, s.Metadata.Labels[ServiceName]));
            var changed = false;
            var seen = new List<SeenService>();
            foreach (var service in services
                .Where(s => !s.Metadata.Labels.ContainsKey(ProxyName)).OrderBy(s => s.Key))
            {
                var own = sliced[(service.Metadata.Namespace, service.Metadata.Name)].ToArray();
                var same = known.TryGetValue(service.Key, out var before)
                    && before.Is(service, own);
                changed |= !same;
                seen.Add(same ? before! : new(service, own));
            }
            if (changed || seen.Count != Services.Count)
            {
                Services = [.. seen];
            }
        }
    }

    /// <summary>A Service with its slices, and the rules that it comes to.</summary>
    internal sealed class SeenService
    {
        private readonly EndpointSlice[] slices;
        private readonly List<(ServicePortInfo Port, List<EndpointInfo> Endpoints)> ports = [];
        private (ServiceRules[] Rules, bool IsLarge)? everywhere;
        private bool parsed;

        public SeenService(Service service, EndpointSlice[] slices)
        {
            (Service, this.slices) = (service, slices);
        }

        public Service Service { get; }

        /// <summary><c>default/web</c>.</summary>
        public string Name => $"{Service.Metadata.Namespace}/{Service.Metadata.Name}";

        /// <summary>How many rules it came to when they were last written; 0 for a Service
        /// without an address of its own.</summary>
        public int Rules { get; private set; }

        /// <summary>How many endpoints it has.</summary>
        public int Endpoints => ports.Select(p => p.Endpoints.Count).DefaultIfEmpty().Max();

        /// <summary>True when an earlier state of the Service came to the same rules.</summary>
        public bool HasRulesOf(SeenService? before) => before is not null
            && Service.Spec.Equals(before.Service.Spec)
            && Service.Status.Equals(before.Service.Status)
            && ports.SelectMany(p => p.Endpoints)
                .SequenceEqual(before.ports.SelectMany(p => p.Endpoints));

        public bool Is(Service service, EndpointSlice[] own)
        {
            var same = ReferenceEquals(service, Service) && own.Length == slices.Length;
            for (var i = 0; same && i < own.Length; i++)
            {
                same = ReferenceEquals(own[i], slices[i]);
            }
            return same;
        }

        public IReadOnlyList<ServiceRules> RulesOn(
            string node, string zone, string address, KubeProxyOptions options, bool isLarge)
        {
            if (everywhere is { } shared && shared.IsLarge == isLarge)
            {
                return shared.Rules;
            }
            Parse(options);
            var rules = ports.ConvertAll(p => new ServiceRules(p.Port, UsableEndpoints.Of(
                p.Endpoints, p.Port, node, zone), address, options, isLarge)).ToArray();
            Rules = rules.Sum(r => r.Count);
            if (ports.TrueForAll(p => !p.Port.UsesLocalEndpoints && p.Port.SourceRanges.IsEmpty
                && p.Endpoints.TrueForAll(e => e.Zones.IsEmpty && e.Nodes.IsEmpty)))
            {
                everywhere = (rules, isLarge);
            }
            return rules;
        }

        /// <summary>What the other modes make it of: its ports with the endpoints that a node
        /// uses.</summary>
        public IEnumerable<UsedPort> UsedOn(
            string node, string zone, KubeProxyOptions options, int addresses)
        {
            Parse(options);
            Rules = ports.Sum(p => 1 + p.Port.ExternalIPs.Count + p.Port.LoadBalancerIPs.Count
                + (p.Port.NodePort > 0 ? addresses : 0));
            return ports.Select(p => new UsedPort(p.Port, p.Endpoints,
                UsableEndpoints.Of(p.Endpoints, p.Port, node, zone)));
        }

        /// <summary>Its ports with all their endpoints.</summary>
        public IReadOnlyList<(ServicePortInfo Port, List<EndpointInfo> Endpoints)> PortsOf(
            KubeProxyOptions options)
        {
            Parse(options);
            return ports;
        }

        /// <summary>Where load balancers ask for its health; 0 for nowhere.</summary>
        public int HealthCheckNodePort(KubeProxyOptions options)
        {
            Parse(options);
            return ports.Count == 0 ? 0 : ports[0].Port.HealthCheckNodePort;
        }

        /// <summary>How many addresses behind it are ready on a node.</summary>
        public int ReadyOn(string node) => ports.SelectMany(p => p.Endpoints)
            .Where(e => e.IsReady && e.Node == node).Select(e => e.Ip).Distinct().Count();

        private void Parse(KubeProxyOptions options)
        {
            if (parsed)
            {
                return;
            }
            parsed = true;
            var family = slices.Where(s => s.AddressType is "IPv6" == options.Ipv6).ToList();
            foreach (var port in ServicePortInfo.Of(Service, options.Ipv6))
            {
                ports.Add((port, EndpointInfo.Of(family, port.PortName, port.Protocol)));
            }
        }
    }
}
