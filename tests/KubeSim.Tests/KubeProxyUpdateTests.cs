using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Changes of EndpointSlices: upstream's cases (v1.28). What they tell of Services that
/// became active or changed is gone in 1.36, which compares the kernel's connections
/// instead.</summary>
public class KubeProxyUpdateTests
{
    private static IEnumerable<TestCaseData> Cases() => TestData.Rows("kube-proxy/updates.tsv")
        .GroupBy(r => r[0]).Select(g => new TestCaseData([g.ToList()]).SetArgDisplayNames(g.Key));

    [TestCaseSource(nameof(Cases))]
    public void A_port_has_the_endpoints_that_upstream_says(List<string[]> rows)
    {
        var slices = Slices(rows);
        var ports = rows.Where(r => r[1] is "old" or "has").Select(r => r[2]).Distinct().ToList();
        foreach (var port in ports)
        {
            var own = slices.Where(s => Named(s) == port.Split(':')[0]);
            var name = port.Split(':').ElementAtOrDefault(1) ?? "";
            var found = EndpointInfo.Of(own, name, "udp").Select(e =>
                e.Address + (e.Node == "test-hostname" ? "l" : "")).Order(StringComparer.Ordinal);
            Assert.That(string.Join(" ", found), Is.EqualTo(
                rows.Find(r => r[1] == "has" && r[2] == port)?[3] ?? ""), port);
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Flows_to_endpoints_that_are_gone_are_stale(List<string[]> rows)
    {
        var kernel = new ProxyKernel();
        var ports = rows.Where(r => r[1] is "old" or "has").Select(r => r[2]).Distinct().Order()
            .Select((p, i) => (Name: p, Number: 1000 + i)).ToList();
        foreach (var row in rows.Where(r => r[1] == "old"))
        {
            foreach (var (i, endpoint) in row[3].Split(' ').Index())
            {
                var asked = new Packet
                {
                    Protocol = "udp", Source = "10.244.1.2", SourcePort = 40001 + i,
                    Destination = "10.96.0.7",
                    DestinationPort = ports.Find(p => p.Name == row[2]).Number,
                };
                kernel.Filter.Track(asked, asked with
                {
                    Destination = endpoint.Split(':')[0],
                    DestinationPort = (int)TestData.Number(endpoint.Split(':')[1]),
                });
            }
        }
        var before = kernel.Filter.Connections.ToList();
        var services = ports.GroupBy(p => p.Name.Split(':')[0]).Select(g => new Service
        {
            Metadata = new() { Namespace = g.Key.Split('/')[0], Name = g.Key.Split('/')[1] },
            Spec = new()
            {
                ClusterIP = "10.96.0.7",
                Ports = g.Select(p => new ServicePort
                {
                    Name = p.Name.Split(':').ElementAtOrDefault(1), Port = p.Number,
                    Protocol = "UDP",
                }).ToSeq(),
            },
        });
        new KubeProxy("test-hostname", new()).Write(kernel, services, Slices(rows));
        var gone = before.Except(kernel.Filter.Connections).Select(c =>
            $"{ports.Find(p => p.Number == c.Original.DestinationPort).Name} "
            + $"{c.Answer.Source}:{c.Answer.SourcePort}");
        Assert.That(gone, Is.EquivalentTo(rows.Where(r => r[1] == "stale")
            .Select(r => $"{r[2]} {r[3]}")));
    }

    private static List<EndpointSlice> Slices(List<string[]> rows) =>
        [.. rows.Where(r => r[1] == "slice").Select(r => ProxyData.Decode<EndpointSlice>(r[2]))];

    private static string Named(EndpointSlice slice) => slice.Metadata.Namespace + "/"
        + slice.Metadata.Labels["kubernetes.io/service-name"];
}
