using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>
/// The names of a cluster as CoreDNS serves them, from the Services, EndpointSlices and namespaces
/// as they are.
/// <list type="bullet">
/// <item><c>web.default.svc.cluster.local</c>: the cluster IP; of a headless Service all its ready
/// endpoints, and while there are none the name does not exist;</item>
/// <item><c>web-0.web.default.svc.cluster.local</c>: the endpoint with that host name; one without
/// goes by its address, <c>10-244-1-2.web…</c>;</item>
/// <item><c>_http._tcp.web.default.svc.cluster.local</c> (SRV): the named port;</item>
/// <item><c>10-244-1-2.default.pod.cluster.local</c>: that address, whoever has it ("pods
/// insecure": nobody looks);</item>
/// <item><c>7.0.96.10.in-addr.arpa</c> (PTR): the name of a cluster IP or an endpoint.</item>
/// </list>
/// <para>A name that exists with other types alone answers NOERROR and nothing (NODATA): IPv6 of
/// an IPv4 Service, a namespace. What is not the cluster's is asked outside.</para>
/// Models github.com/coredns/coredns/plugin/kubernetes.
/// </summary>
internal sealed class ClusterNames
{
    public required string Domain { get; init; }

    public required DateTime Now { get; init; }

    /// <summary>How its server is set up.</summary>
    public Corefile Set { get; init; } = new(30, 0);

    public required Func<string, string, Service?> Service { get; init; }

    public required Func<Service, IEnumerable<EndpointSlice>> Slices { get; init; }

    public required Func<IEnumerable<Service>> Services { get; init; }

    public required Func<string, bool> HasNamespace { get; init; }

    /// <summary>The addresses of a name of the world; none when nobody said that it is
    /// there.</summary>
    public required Func<string, Seq<string>> Outside { get; init; }

    /// <summary>The answer of the cluster's server.</summary>
    public DnsAnswer Answer(string name, string type)
    {
        name = name.ToLowerInvariant();
        if (name.EndsWith(".in-addr.arpa", StringComparison.Ordinal))
        {
            return Reverse(name, type);
        }
        if (name != Domain && !name.EndsWith($".{Domain}", StringComparison.Ordinal))
        {
            return Upstream(name, type);
        }
        var labels = name == Domain ? [] : name[..^(Domain.Length + 1)].Split('.');
        return labels switch
        {
            [] or ["svc"] or ["pod"] => Empty(name, type, "NOERROR"),
            ["dns-version"] => Found(name, type, "the schema of these names", [],
                [new($"{name}.", Set.Ttl, "TXT", "\"1.1.0\"")]),
            [.., var ns, "svc" or "pod"] when !HasNamespace(ns) => Empty(name, type, "NXDOMAIN"),
            [_, "svc" or "pod"] => Empty(name, type, "NOERROR"),
            [var pod, _, "pod"] when OfDashes(pod) is { } ip => Found(name, type,
                "the address in the name, whoever has it", [(name, ip, -1)]),
            [var service, var ns, "svc"] => OfService(name, type, ns, service),
            [var host, var service, var ns, "svc"] => OfService(name, type, ns, service, host),
            [var port, var protocol, var service, var ns, "svc"] =>
                OfService(name, type, ns, service, "", port, protocol),
            _ => Empty(name, type, "NXDOMAIN"),
        };
    }

    /// <summary>The answer of the servers of the world.</summary>
    public DnsAnswer Upstream(string name, string type)
    {
        var addresses = Outside(name);
        var answer = new DnsAnswer(name, type, addresses.IsEmpty ? "NXDOMAIN" : "NOERROR",
            "a name of the outside world");
        return answer with
        {
            Records = addresses.Select(a => Address($"{name}.", a)).Where(r => r.Type == type)
                .ToSeq(),
        };
    }

    private DnsAnswer OfService(string name, string type, string ns, string service,
        string host = "", string port = "", string protocol = "")
    {
        if (Service(ns, service) is not { } found)
        {
            return Empty(name, type, "NXDOMAIN");
        }
        var (spec, full) = (found.Spec, $"{service}.{ns}.svc.{Domain}");
        if (spec.Type == "ExternalName")
        {
            return host.Length + port.Length > 0 ? Empty(name, type, "NXDOMAIN")
                : Alias(name, type, $"{spec.ExternalName}".TrimEnd('.'), $"{ns}/{service}");
        }
        bool Asked(string? named, string? speaks) => port.Length == 0
            || (port.TrimStart('_') == named && protocol.TrimStart('_') == Lower(speaks ?? "TCP"));
        if (host.Length == 0 && spec.ClusterIP != "None")
        {
            var addresses = spec.ClusterIPs.IsEmpty ? [spec.ClusterIP ?? ""] : spec.ClusterIPs;
            return Found(name, type, $"the cluster IP of Service {ns}/{service}", spec.Ports
                .Where(p => Asked(p.Name, p.Protocol))
                .SelectMany(p => addresses.Select(a => (full, a, p.Port))).ToSeq());
        }
        var ends = Slices(found).SelectMany(slice => slice.Endpoints
            .Where(e => (e.Conditions.Ready ?? true) && !e.Addresses.IsEmpty
                && (host.Length == 0 || Host(e) == host))
            .SelectMany(e => slice.Ports.DefaultIfEmpty(new() { Port = -1 })
                .Where(p => Asked(p.Name, p.Protocol))
                .Select(p => ($"{Host(e)}.{full}", e.Addresses[0], p.Port)))).ToSeq();
        return Found(name, type, host.Length > 0
            ? $"the endpoint {host} of Service {ns}/{service}"
            : $"the ready endpoints of headless Service {ns}/{service}", ends);
    }

    private DnsAnswer Alias(string name, string type, string target, string service)
    {
        var alias = new DnsRecord($"{name}.", Set.Ttl, "CNAME", $"{target}.");
        var rest = type == "CNAME" ? [] : Answer(target, type).Records;
        return new(name, type, "NOERROR", $"CNAME of Service {service}")
        {
            Records = rest.IsEmpty ? [alias] : [alias, .. rest], IsAuthoritative = true,
        };
    }

    private DnsAnswer Reverse(string name, string type)
    {
        var ip = string.Join('.', name[..^".in-addr.arpa".Length].Split('.').Reverse());
        DnsRecord[] At(IEnumerable<string> names) =>
            [.. names.Select(n => new DnsRecord($"{name}.", Set.Ttl, "PTR", $"{n}.{Domain}."))];
        if (Services().FirstOrDefault(s => s.Spec.ClusterIP == ip) is { } service)
        {
            return Found(name, type, "a cluster IP", [], At([$"{Name(service)}.svc"]));
        }
        var ends = Services().SelectMany(s => Slices(s).SelectMany(slice => slice.Endpoints)
            .Where(e => (e.Conditions.Ready ?? true) && e.Addresses.Contains(ip))
            .Select(e => (e.Hostname, Name: $"{Host(e)}.{Name(s)}.svc"))).ToList();
        // Host names say more than addresses: where there is one, only those are told.
        var named = ends.Exists(e => e.Hostname is { Length: > 0 });
        return ends.Count == 0 ? Upstream(name, type) : Found(name, type, "an endpoint", [],
            At(ends.Where(e => !named || e.Hostname is { Length: > 0 }).Select(e => e.Name)));
    }

    // What stands behind a name: which of it the type asks for.
    private DnsAnswer Found(string name, string type, string why,
        Seq<(string Name, string Address, int Port)> ends, params DnsRecord[] others)
    {
        if (ends.IsEmpty && others.Length == 0)
        {
            return Empty(name, type, "NXDOMAIN");
        }
        var addresses = ends.Select(e => Address($"{e.Name}.", e.Address)).Distinct().ToList();
        var targets = ends.Where(e => e.Port > 0).ToList();
        var records = type switch
        {
            "A" or "AAAA" => addresses.Where(a => a.Type == type)
                .Select(a => a with { Name = $"{name}." }).Distinct(),
            "SRV" => targets.Select(e => new DnsRecord($"{name}.", Set.Ttl, "SRV",
                string.Create(CultureInfo.InvariantCulture,
                    $"0 {Math.Max(1, 100 / targets.Count)} {e.Port} {e.Name}."))).Distinct(),
            _ => others.Where(o => o.Type == type),
        };
        var answer = new DnsAnswer(name, type, "NOERROR", why)
        {
            Records = records.ToSeq(), IsAuthoritative = true,
            Additional = type == "SRV" ? addresses.ToSeq() : [],
        };
        return answer.Records.IsEmpty ? Empty(name, type, "NOERROR", why) : answer;
    }

    private DnsAnswer Empty(string name, string type, string status, string why = "") =>
        new(name, type, status, why.Length > 0 ? why : "nothing of this type")
        {
            IsAuthoritative = true,
            Authority = [new($"{Domain}.", Set.Ttl, "SOA", string.Create(
                CultureInfo.InvariantCulture, $"ns.dns.{Domain}. hostmaster.{Domain}. "
                + $"{(long)(Now - DateTime.UnixEpoch).TotalSeconds} 7200 1800 86400 {Set.Ttl}"))],
        };

    private DnsRecord Address(string name, string ip) =>
        new(name, Set.Ttl, ip.Contains(':') ? "AAAA" : "A", ip);

    private static string Name(Service s) => $"{s.Metadata.Name}.{s.Metadata.Namespace}";

    private static string Lower(string text) => text.ToLowerInvariant();

    private static string Host(Endpoint e) => e.Hostname is { Length: > 0 } host ? host
        : e.Addresses[0].Replace('.', '-').Replace(':', '-');

    private static string? OfDashes(string label)
    {
        var ip = label.Replace('-', label.AsSpan().Count('-') == 3
            && !label.Contains("--", StringComparison.Ordinal) ? '.' : ':');
        return IPAddress.TryParse(ip, out _) ? ip : null;
    }
}

/// <summary>What of CoreDNS's configuration counts here.</summary>
/// <param name="Ttl">For how many seconds answers about the cluster may be kept; 5 unless
/// said.</param>
/// <param name="Cache">For how many seconds at most it keeps them itself; 0 for never, which is how
/// kubeadm sets it up for names of the cluster.</param>
internal sealed partial record Corefile(int Ttl, int Cache)
{
    public static Corefile Read(string text)
    {
        var cache = Number(CacheLine().Match(text), 0);
        return new(Number(TtlLine().Match(text), 5),
            text.Contains("disable success", StringComparison.Ordinal) ? 0 : cache);
    }

    private static int Number(Match match, int otherwise) => match.Success
        ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : otherwise;

    [GeneratedRegex(@"^\s*ttl\s+(\d{1,5})\s*$", RegexOptions.Multiline)]
    private static partial Regex TtlLine();

    [GeneratedRegex(@"^\s*cache\s+(\d{1,5})", RegexOptions.Multiline)]
    private static partial Regex CacheLine();
}
