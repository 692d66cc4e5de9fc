using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>kube-proxy against upstream's tables (v1.28).</summary>
public class KubeProxyTableTests
{
    // 1.36 has no annotation: hints count wherever all ready endpoints have them.
    private static readonly HashSet<string> ByAnnotation = new(StringComparer.Ordinal)
    {
        "hints disabled, hints annotation == auto",
        "hints, hints annotation empty, hints ignored",
        "hintsAnnotation disabled, no filtering applied",
    };

    private static IEnumerable<TestCaseData> Usable() => TestData.Rows("kube-proxy/usable.tsv")
        .Select(r => new TestCaseData([r]).SetArgDisplayNames(r[0]));

    private static IEnumerable<TestCaseData> Services() => TestData.Rows("kube-proxy/services.tsv")
        .Select(r => new TestCaseData([r]).SetArgDisplayNames(r[0]));

    [TestCaseSource(nameof(Usable))]
    public void A_node_uses_the_endpoints_that_upstream_says(string[] row)
    {
        var service = new ServicePortInfo
        {
            Name = "ns/svc", PortName = "", Protocol = "tcp", ClusterIP = "10.96.0.9", Port = 80,
            IsInternalLocal = row[2].Contains('i'), IsExternalLocal = row[2].Contains('e'),
            NodePort = row[2].Contains('n') ? 8080 : 0,
        };
        var endpoints = row[3].Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(Endpoint).ToList();
        var usable = UsableEndpoints.Of(endpoints, service, "here", row[1]);
        if (ByAnnotation.Contains(row[0]))
        {
            Assert.That(usable.Cluster.Select(e => e.Address),
                Is.EqualTo(endpoints.Where(e => e.Zones.Contains(row[1])).Select(e => e.Address)));
            return;
        }
        Assert.That(Text(usable.Cluster), Is.EqualTo(row[4]));
        Assert.That(Text(usable.Local), Is.EqualTo(row[5]));
        Assert.That(Text(usable.All), Is.EqualTo(row[6]));
    }

    [TestCaseSource(nameof(Services))]
    public void A_service_has_the_ports_that_upstream_says(string[] row)
    {
        var ports = ServicePortInfo.Of(ProxyData.Decode<Service>(row[2]), row[1] == "IPv6");
        Assert.That(string.Join(";", ports.Select(p => $"{p.Name} {p.Port} {p.Protocol} "
            + $"{List(p.ExternalIPs)} {List(p.SourceRanges)} {List(p.LoadBalancerIPs)}")),
            Is.EqualTo(row[3]));
    }

    // The last of a row: 1.36 writes one rule more for each node port, to count 127.0.0.1.
    [TestCase("ClusterIP", 0, 0, 4, 5, 0)]
    [TestCase("ClusterIP", 1, 2, 4, 13, 0)]
    [TestCase("ClusterIP", 10, 0, 14, 5, 0)]
    [TestCase("ClusterIP", 10, 2, 4, 85, 0)]
    [TestCase("LoadBalancer", 1, 0, 8, 5, 0)]
    [TestCase("LoadBalancer", 1, 1, 5, 17, 1)]
    [TestCase("LoadBalancer", 1, 2, 5, 20, 1)]
    [TestCase("LoadBalancer", 1, 10, 5, 44, 1)]
    [TestCase("LoadBalancer", 10, 0, 44, 5, 0)]
    [TestCase("LoadBalancer", 10, 1, 14, 125, 10)]
    [TestCase("LoadBalancer", 10, 2, 14, 155, 10)]
    public void Services_come_to_as_many_rules_as_upstream_says(
        string type, int services, int endpoints, int filter, int nat, int more)
    {
        var kernel = new Netfilter();
        new KubeProxy("node-1").Write(new() { Filter = kernel },
            Enumerable.Range(1, services).Select(i => NewService(type, i)),
            Enumerable.Range(1, services).Select(i => NewSlice(i, endpoints)));
        Assert.That(Count(kernel, "filter"), Is.EqualTo(filter));
        Assert.That(Count(kernel, "nat"), Is.EqualTo(nat + more));
    }

    private static int Count(Netfilter kernel, string table) => kernel.Table(table).Chains
        .Where(c => !c.IsBuiltIn).Sum(c => c.Rules.Count);

    private static Service NewService(string type, int i) => new()
    {
        Metadata = new() { Name = $"svc{i}", Namespace = "ns" },
        Spec = new()
        {
            Type = type, ClusterIP = $"10.96.1.{i}",
            Ports = [new() { Port = 80, NodePort = type == "ClusterIP" ? null : 30000 + i }],
            ExternalIPs = type == "ClusterIP" ? default : ["1.2.3.4"],
            LoadBalancerSourceRanges = type == "ClusterIP" ? default : ["1.2.3.4/32"],
        },
        Status = new()
        {
            LoadBalancer = new()
            {
                Ingress = type == "ClusterIP" ? default : [new() { Ip = $"1.2.4.{i}" }],
            },
        },
    };

    private static EndpointSlice NewSlice(int i, int endpoints) => new()
    {
        Metadata = new()
        {
            Name = $"svc{i}-1", Namespace = "ns",
            Labels = Map.Of(("kubernetes.io/service-name", $"svc{i}")),
        },
        AddressType = "IPv4",
        Endpoints = Enumerable.Range(1, endpoints)
            .Select(e => new Endpoint { Addresses = [$"10.244.{i}.{e}"] }).ToSeq(),
        Ports = [new() { Port = 8080 }],
    };

    private static EndpointInfo Endpoint(string text)
    {
        var (parts, colon) = (text.Split(' '), text.IndexOf(':', StringComparison.Ordinal));
        return new(parts[0][..colon], (int)TestData.Number(parts[0][(colon + 1)..]))
        {
            Node = parts[1].Contains('l') ? "here" : "there",
            IsReady = parts[1].Contains('r'),
            IsServing = parts[1].Contains('s'),
            IsTerminating = parts[1].Contains('t'),
            Zones = parts[2] == "-" ? [] : [.. parts[2].Split(',')],
        };
    }

    private static string Text(IEnumerable<EndpointInfo> endpoints) =>
        string.Join(",", endpoints.Select(e => e.Address));

    private static string List(Seq<string> values) =>
        values.IsEmpty ? "-" : string.Join(",", values);
}
