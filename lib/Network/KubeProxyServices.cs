using System.Globalization;

namespace KubeSim;

/// <summary>One port of a Service, as kube-proxy sees it.</summary>
internal sealed record ServicePortInfo
{
    private const int DefaultStickySeconds = 10800;

    /// <summary><c>namespace/name:port</c>, without the colon when the port has no name.</summary>
    public required string Name { get; init; }

    /// <summary>The port's own name; empty when it has none.</summary>
    public required string PortName { get; init; }

    /// <summary>In lower case.</summary>
    public required string Protocol { get; init; }

    public required string ClusterIP { get; init; }

    public required int Port { get; init; }

    public int NodePort { get; init; }

    public Seq<string> ExternalIPs { get; init; }

    /// <summary>The addresses of its load balancer that arrive at the node unchanged.</summary>
    public Seq<string> LoadBalancerIPs { get; init; }

    public Seq<string> SourceRanges { get; init; }

    /// <summary>How long a client stays with its endpoint; null: no affinity.</summary>
    public int? StickySeconds { get; init; }

    public bool IsInternalLocal { get; init; }

    public bool IsExternalLocal { get; init; }

    public int HealthCheckNodePort { get; init; }

    public bool IsExternallyAccessible =>
        NodePort != 0 || !LoadBalancerIPs.IsEmpty || !ExternalIPs.IsEmpty;

    /// <summary>Each address and port that it is asked by; a node port is a number
    /// alone.</summary>
    public IEnumerable<string> Addresses =>
    [
        .. ExternalIPs.Concat(LoadBalancerIPs).Prepend(ClusterIP)
            .Select(ip => EndpointInfo.Join(ip, Port)),
        .. NodePort > 0 ? [NodePort.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
    ];

    /// <summary>Pods and the node itself reach even a Service of externalTrafficPolicy Local as
    /// by policy Cluster.</summary>
    public bool UsesClusterEndpoints => !IsInternalLocal || IsExternallyAccessible;

    public bool UsesLocalEndpoints =>
        IsInternalLocal || (IsExternalLocal && IsExternallyAccessible);

    /// <summary>The ports of a Service; none for one without an address of its own: headless, an
    /// ExternalName, or of another family.</summary>
    public static IEnumerable<ServicePortInfo> Of(Service service, bool ipv6)
    {
        var spec = service.Spec;
        var ip = AddressOf(spec, ipv6);
        if (ip is null || spec.Type == "ExternalName")
        {
            yield break;
        }
        var isLoadBalancer = spec.Type == "LoadBalancer";
        var external = spec.ExternalTrafficPolicy == "Local"
            && (spec.Type is "NodePort" or "LoadBalancer" || !spec.ExternalIPs.IsEmpty);
        var ranges = Family(spec.LoadBalancerSourceRanges.Select(r => r.Trim()), ipv6);
        var timeout = spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds;
        var name = $"{service.Metadata.Namespace}/{service.Metadata.Name}";
        foreach (var port in spec.Ports.AsEnumerable())
        {
            yield return new()
            {
                Name = string.IsNullOrEmpty(port.Name) ? name : $"{name}:{port.Name}",
                PortName = port.Name ?? "",
                Protocol = (port.Protocol ?? "TCP").ToLowerInvariant(),
                ClusterIP = ip,
                Port = port.Port,
                NodePort = spec.Type is "NodePort" or "LoadBalancer" ? port.NodePort ?? 0 : 0,
                ExternalIPs = Family(spec.ExternalIPs, ipv6),
                LoadBalancerIPs = Family(service.Status.LoadBalancer.Ingress
                    .Where(i => i.Ip is { Length: > 0 } && i.IpMode != "Proxy")
                    .Select(i => i.Ip!), ipv6),
                SourceRanges = ranges.Any(r => r.EndsWith("/0", StringComparison.Ordinal))
                    ? [] : ranges,
                StickySeconds = spec.SessionAffinity == "ClientIP"
                    ? timeout ?? DefaultStickySeconds : null,
                IsInternalLocal = spec.InternalTrafficPolicy == "Local",
                IsExternalLocal = external,
                HealthCheckNodePort = isLoadBalancer && external
                    ? spec.HealthCheckNodePort ?? 0 : 0,
            };
        }
    }

    private static string? AddressOf(ServiceSpec spec, bool ipv6) =>
        spec.ClusterIPs.IsEmpty
            ? spec.ClusterIP is { Length: > 0 } and not "None"
                && spec.ClusterIP.Contains(':') == ipv6 ? spec.ClusterIP : null
            : spec.ClusterIPs.FirstOrDefault(ip => ip != "None" && ip.Contains(':') == ipv6);

    private static Seq<string> Family(IEnumerable<string> addresses, bool ipv6) =>
        addresses.Where(a => a.Contains(':') == ipv6).ToSeq();
}

/// <summary>An address and port behind a Service, as kube-proxy sees it.</summary>
internal sealed record EndpointInfo(string Ip, int Port)
{
    public string? Node { get; init; }

    public bool IsReady { get; init; } = true;

    public bool IsServing { get; init; } = true;

    public bool IsTerminating { get; init; }

    public Seq<string> Zones { get; init; }

    public Seq<string> Nodes { get; init; }

    /// <summary><c>10.244.1.2:8080</c>.</summary>
    public string Address { get; } = Join(Ip, Port);

    public static string Join(string ip, int port) => string.Create(CultureInfo.InvariantCulture,
        $"{(ip.Contains(':') ? $"[{ip}]" : ip)}:{port}");

    /// <summary>The endpoints of one port of a Service, by their text, each once.</summary>
    /// <param name="slices">The slices of the Service.</param>
    /// <param name="port">The port's name; empty when it has none.</param>
    /// <param name="protocol">The port's protocol, in lower case.</param>
    public static List<EndpointInfo> Of(
        IEnumerable<EndpointSlice> slices, string port, string protocol)
    {
        var found = new SortedDictionary<string, EndpointInfo>(StringComparer.Ordinal);
        foreach (var slice in slices)
        {
            foreach (var slicePort in slice.Ports)
            {
                if ((slicePort.Name ?? "") == port && slicePort.Port != 0
                    && protocol.Equals(
                        slicePort.Protocol ?? "TCP", StringComparison.OrdinalIgnoreCase))
                {
                    Add(slice, slicePort.Port, found);
                }
            }
        }
        return [.. found.Values];
    }

    private static void Add(
        EndpointSlice slice, int port, SortedDictionary<string, EndpointInfo> found)
    {
        foreach (var endpoint in slice.Endpoints)
        {
            if (endpoint.Addresses.IsEmpty)
            {
                continue;
            }
            var conditions = endpoint.Conditions;
            var info = new EndpointInfo(endpoint.Addresses[0], port)
            {
                Node = endpoint.NodeName,
                IsReady = conditions.Ready ?? true,
                IsServing = conditions.Serving ?? true,
                IsTerminating = conditions.Terminating ?? false,
                Zones = (endpoint.Hints?.ForZones ?? default).Select(z => z.Name).ToSeq(),
                Nodes = (endpoint.Hints?.ForNodes ?? default).Select(n => n.Name).ToSeq(),
            };
            found.TryAdd(info.Address, info);
        }
    }
}

/// <summary>
/// Which endpoints a node uses for a Service. Policy Cluster takes every ready endpoint, or only
/// those that hints give to this node or zone; policy Local only those on the node itself. Where no
/// endpoint is ready, those that are terminating but still serve take over.
/// <para>Hints count when every ready endpoint has them and at least one is for this node; then for
/// this zone; else nobody's.</para>
/// Models pkg/proxy/topology.go.
/// </summary>
internal sealed record UsableEndpoints
{
    /// <summary>For policy Cluster.</summary>
    public required IReadOnlyList<EndpointInfo> Cluster { get; init; }

    /// <summary>For policy Local.</summary>
    public required IReadOnlyList<EndpointInfo> Local { get; init; }

    /// <summary>Both together.</summary>
    public required IReadOnlyList<EndpointInfo> All { get; init; }

    /// <summary>True when any node has one: without any, traffic is refused; with some, but none
    /// for this node, it is dropped.</summary>
    public required bool HasAny { get; init; }

    public static UsableEndpoints Of(
        List<EndpointInfo> endpoints, ServicePortInfo service, string node, string zone)
    {
        List<EndpointInfo> cluster = [];
        List<EndpointInfo> local = [];
        var hasAny = false;
        if (service.UsesClusterEndpoints)
        {
            var usable = ByHints(endpoints, node, zone);
            cluster = endpoints.FindAll(e => e.IsReady && usable(e));
            cluster = cluster.Count > 0 ? cluster : endpoints.FindAll(IsLeaving);
            hasAny = cluster.Count > 0;
        }
        if (!service.UsesLocalEndpoints)
        {
            return new() { Cluster = cluster, Local = local, All = cluster, HasAny = hasAny };
        }
        hasAny |= endpoints.Exists(e => e.IsReady || IsLeaving(e));
        var own = endpoints.FindAll(e => e.Node == node);
        local = own.FindAll(e => e.IsReady);
        local = local.Count > 0 ? local : own.FindAll(IsLeaving);
        var all = endpoints.FindAll(e => cluster.Contains(e) || local.Contains(e));
        return new() { Cluster = cluster, Local = local, All = all, HasAny = hasAny };
    }

    private static bool IsLeaving(EndpointInfo e) => e.IsServing && e.IsTerminating;

    private static Func<EndpointInfo, bool> ByHints(
        List<EndpointInfo> endpoints, string node, string zone)
    {
        var ready = endpoints.FindAll(e => e.IsReady);
        if (ready.Exists(e => e.Nodes.Contains(node)) && ready.TrueForAll(e => !e.Nodes.IsEmpty))
        {
            return e => e.Nodes.Contains(node);
        }
        if (ready.Exists(e => e.Zones.Contains(zone)) && ready.TrueForAll(e => !e.Zones.IsEmpty))
        {
            return e => e.Zones.Contains(zone);
        }
        return _ => true;
    }
}
