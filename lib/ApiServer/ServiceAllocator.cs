using System.Globalization;

namespace KubeSim;

/// <summary>
/// Gives Services their cluster IPs and node ports. Both ranges have a lower band for people who
/// choose themselves (10.96.0.1 to .255 and 30000 to 30085) and are drawn from above it while there
/// is room, so that choices and chance seldom collide.
/// <para>What is taken is read from the store once, then kept up with each write.</para>
/// Models pkg/registry/core/service/{ipallocator,portallocator}.
/// </summary>
internal sealed class ServiceAllocator(EtcdStore store, Prng random)
{
    private const int FirstPort = 30000;
    private const int Ports = 2768;
    private const int ChosenPorts = 86;
    private const int Addresses = 65534;         // 10.96.0.0/16 without its first and last
    private const int ChosenAddresses = 256;

    private readonly HashSet<string> takenIps = new(StringComparer.Ordinal);
    private readonly HashSet<int> takenPorts = [];
    private bool read;

    /// <summary>Complains of what a Service asks for and cannot have.</summary>
    public void Check(Service service, Service? old, FieldErrors errors)
    {
        Read();
        var spec = service.Spec;
        if (spec.ClusterIP is { Length: > 0 } ip and not "None" && ip != old?.Spec.ClusterIP)
        {
            CheckIp(ip, spec.Type, old, errors);
        }
        for (var i = 0; i < spec.Ports.Count; i++)
        {
            var port = spec.Ports[i].NodePort ?? 0;
            if (port == 0 || spec.Type is not ("NodePort" or "LoadBalancer") || Has(old, port))
            {
                continue;
            }
            if (port is < FirstPort or >= FirstPort + Ports)
            {
                errors.Invalid($"spec.ports[{i}].nodePort", port, "provided port is not in the "
                    + "valid range. The range of valid ports is 30000-32767");
            }
            else if (takenPorts.Contains(port))
            {
                errors.Invalid($"spec.ports[{i}].nodePort", port, "provided port is already "
                    + "allocated");
            }
        }
    }

    /// <summary>A new Service with its addresses; other objects as they are.</summary>
    public ApiObject Assign(ApiObject value) => value is Service service ? Filled(service) : value;

    /// <summary>A replaced Service with the addresses that it had, where it names none, and those
    /// that it newly needs.</summary>
    public ApiObject Reassign(ApiObject value, ApiObject old) =>
        value is Service now && old is Service was && !ReferenceEquals(now.Spec, was.Spec)
            ? Filled(Inherit(now, was))
            : value;

    /// <summary>Learns of a write.</summary>
    public void Wrote(ApiObject? old, ApiObject? now)
    {
        if (!read || (old ?? now) is not Service)
        {
            return;
        }
        if (old is Service was)
        {
            Count(was, false);
        }
        if (now is Service service)
        {
            Count(service, true);
        }
    }

    private void CheckIp(string ip, string? type, Service? old, FieldErrors errors)
    {
        var shown = $"[{FieldErrors.Quote(ip)}]";
        if (old?.Spec.ClusterIP is { Length: > 0 } && type != "ExternalName"
            && old.Spec.Type != "ExternalName")
        {
            errors.Invalid("spec.clusterIPs[0]", shown, "may not change once set");
        }
        else if (!ip.StartsWith("10.96.", StringComparison.Ordinal))
        {
            errors.Invalid("spec.clusterIPs", shown, $"failed to allocate IP {ip}: the provided "
                + "network does not match the current range");
        }
        else if (takenIps.Contains(ip))
        {
            errors.Invalid("spec.clusterIPs", shown,
                $"failed to allocate IP {ip}: provided IP is already allocated");
        }
    }

    private static Service Inherit(Service now, Service was)
    {
        var (spec, ports) = (now.Spec, now.Spec.Ports);
        if (spec.Type == "ExternalName")
        {
            return now;
        }
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            var before = port.NodePort is > 0 || spec.Type == "ClusterIP" ? null
                : was.Spec.Ports.FirstOrDefault(p => p.Port == port.Port
                    && p.Protocol == port.Protocol);
            ports = before?.NodePort is > 0
                ? ports.SetItem(i, port with { NodePort = before.NodePort })
                : ports;
        }
        return now with
        {
            Spec = spec with
            {
                Ports = ports,
                HealthCheckNodePort = NeedsHealthCheck(spec) && spec.HealthCheckNodePort is not > 0
                    ? was.Spec.HealthCheckNodePort : spec.HealthCheckNodePort,
                ClusterIP = spec.ClusterIP is { Length: > 0 } given ? given : was.Spec.ClusterIP,
                ClusterIPs = spec.ClusterIPs.IsEmpty ? was.Spec.ClusterIPs : spec.ClusterIPs,
                IpFamilies = spec.IpFamilies.IsEmpty ? was.Spec.IpFamilies : spec.IpFamilies,
                IpFamilyPolicy = spec.IpFamilyPolicy ?? was.Spec.IpFamilyPolicy,
            },
        };
    }

    private Service Filled(Service service)
    {
        Read();
        var spec = service.Spec;
        if (spec.Type == "ExternalName")
        {
            return service;
        }
        var ip = spec.ClusterIP is { Length: > 0 } given ? given : NextIp();
        var ports = spec.Ports;
        var outside = spec.Type == "NodePort"
            || (spec.Type == "LoadBalancer" && spec.AllocateLoadBalancerNodePorts != false);
        for (var i = 0; outside && i < ports.Count; i++)
        {
            ports = ports[i].NodePort is > 0 ? ports
                : ports.SetItem(i, ports[i] with { NodePort = NextPort(ports) });
        }
        return service with
        {
            Spec = spec with
            {
                ClusterIP = ip,
                ClusterIPs = spec.ClusterIPs.IsEmpty ? [ip] : spec.ClusterIPs,
                IpFamilies = spec.IpFamilies.IsEmpty ? ["IPv4"] : spec.IpFamilies,
                IpFamilyPolicy = spec.IpFamilyPolicy ?? "SingleStack",
                Ports = ports,
                HealthCheckNodePort = !NeedsHealthCheck(spec) ? null
                    : spec.HealthCheckNodePort is > 0 and var chosen ? chosen : NextPort(ports),
            },
        };
    }

    // Load balancers ask the nodes which of them have endpoints of their own.
    private static bool NeedsHealthCheck(ServiceSpec spec) =>
        spec is { Type: "LoadBalancer", ExternalTrafficPolicy: "Local" };

    private string NextIp() =>
        Ip(Draw(ChosenAddresses, Addresses, at => !takenIps.Contains(Ip(at))));

    private int NextPort(Seq<ServicePort> others) => FirstPort + Draw(ChosenPorts, Ports, at =>
        !takenPorts.Contains(FirstPort + at) && !others.Any(p => p.NodePort == FirstPort + at));

    // A free place: at random above the lower band, else the next behind it, around to the band.
    private int Draw(int low, int count, Predicate<int> isFree)
    {
        var start = low + random.Next(count - low);
        for (var i = 0; i < count; i++)
        {
            var at = (start + i) % count;
            if (isFree(at))
            {
                return at;
            }
        }
        throw ApiErrors.Internal("failed to allocate a serviceIP or nodePort: range is full");
    }

    private static string Ip(int at) => string.Create(CultureInfo.InvariantCulture,
        $"10.96.{(at + 1) >> 8}.{(at + 1) & 255}");

    private static bool Has(Service? service, int nodePort)
    {
        foreach (var port in service?.Spec.Ports ?? default)
        {
            if (port.NodePort == nodePort)
            {
                return true;
            }
        }
        return false;
    }

    private void Read()
    {
        if (read)
        {
            return;
        }
        read = true;
        foreach (var found in store.List(Kinds.Service, null, store.Head))
        {
            Count((Service)found, true);
        }
    }

    private void Count(Service service, bool add)
    {
        var ip = service.Spec.ClusterIP;
        if (ip is { Length: > 0 } and not "None")
        {
            _ = add ? takenIps.Add(ip) : takenIps.Remove(ip);
        }
        foreach (var port in service.Spec.Ports)
        {
            if (port.NodePort is { } taken and > 0)
            {
                _ = add ? takenPorts.Add(taken) : takenPorts.Remove(taken);
            }
        }
        if (service.Spec.HealthCheckNodePort is { } asked and > 0)
        {
            _ = add ? takenPorts.Add(asked) : takenPorts.Remove(asked);
        }
    }
}
