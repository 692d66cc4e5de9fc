using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The rules that the simulator writes do to every packet what the recorded ones do: both
/// are walked with the same packets.</summary>
public class KubeProxyWalkTests
{
    private const string NodeIp = "192.168.0.11";

    private static readonly string[] Sources =
        ["10.244.0.7", "10.244.1.7", "10.250.3.4", NodeIp, "127.0.0.1", "192.168.0.12",
        "203.0.113.7", "198.51.100.7", "198.51.100.8", "8.8.8.8"];

    private static IEnumerable<TestCaseData> Recordings()
    {
        yield return new TestCaseData("01-initial", "node-1",
            Data.Text("kube-proxy/01-node-1.nat.txt") + Data.Text(
                "kube-proxy/01-node-1.filter.txt")).SetArgDisplayNames("kept");
        var folder = ProxyData.Recordings("golden/kube-proxy");
        foreach (var step in folder is null ? Array.Empty<string>()
            : Directory.GetDirectories(folder).Order().ToArray())
        {
            foreach (var node in (string[])["node-1", "node-2", "node-3"])
            {
                var name = Path.GetFileName(step);
                yield return new TestCaseData(name, node,
                    File.ReadAllText(Path.Combine(step, $"{node}.nat.txt"))
                    + File.ReadAllText(Path.Combine(step, $"{node}.filter.txt")))
                    .SetArgDisplayNames(name, node);
            }
        }
    }

    [TestCaseSource(nameof(Recordings))]
    public void Every_packet_ends_where_the_recorded_rules_lead_it(
        string step, string node, string recorded)
    {
        var theirs = Netfilter.Parse(recorded);
        var ours = Written(step, node);
        var (packets, ends) = (0, new HashSet<string>());
        foreach (var packet in Packets(step))
        {
            packets++;
            var end = Ends(theirs, packet);
            ends.UnionWith(end);
            Assert.That(Ends(ours, packet), Is.EqualTo(end), packet.ToString());
        }
        Assert.That(packets, Is.GreaterThan(3000));
        Assert.That(ends, Has.Count.GreaterThan(10).And.Contains("REJECT").And.Contains("DROP"));
    }

    [Test]
    public void A_rule_too_few_is_noticed()
    {
        var text = Data.Text("kube-proxy/01-node-1.nat.txt");
        var packets = Packets("01-initial").Where(p => p.Source == "203.0.113.7").ToList();
        var whole = packets.ConvertAll(p => string.Join(",", Ends(Netfilter.Parse(text), p)));
        var lines = text.Split('\n').Where(l => l.StartsWith("-A KUBE-SERVICES -d",
            StringComparison.Ordinal)).ToList();
        Assert.That(lines, Has.Count.GreaterThan(10));
        foreach (var line in lines)
        {
            var without = Netfilter.Parse(text.Replace(line + "\n", ""));
            Assert.That(packets.ConvertAll(p => string.Join(",", Ends(without, p))),
                Is.Not.EqualTo(whole), line);
        }
    }

    [TestCaseSource(nameof(Recordings))]
    public void What_is_read_is_printed_the_same(string step, string node, string recorded)
    {
        _ = (step, node);
        var lines = recorded.Split('\n').Where(l => l.Length > 0 && l[0] != '#');
        var read = Netfilter.Parse(recorded);
        Assert.That((read.Save("nat") + read.Save("filter")).Split('\n').Order(),
            Is.EqualTo(lines.Append("").Order()));
    }

    [TestCase("*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m quota --quota 3 -j ACCEPT\nCOMMIT",
        "-m quota is not simulated")]
    [TestCase("*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -i eth7 -j ACCEPT\nCOMMIT",
        "-i is not simulated")]
    [TestCase("*nat\n:OUTPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT", "no chain, rule or table")]
    public void What_cannot_be_acted_on_is_refused(string text, string why) =>
        Assert.That(() => Netfilter.Parse(text), Throws.TypeOf<FormatException>()
            .With.Message.StartsWith(why));

    // Each address and port of each Service, each node port, and their neighbours.
    private static IEnumerable<Packet> Packets(string step)
    {
        var spots = new SortedSet<(string Ip, int Port)>();
        foreach (var spec in ProxyData.Recorded(step).Services.Select(s => s.Spec))
        {
            var balancers = ProxyData.Recorded(step).Services.SelectMany(s =>
                s.Status.LoadBalancer.Ingress.Select(i => i.Ip!)).Where(i => i is not null);
            foreach (var port in spec.Ports.AsEnumerable())
            {
                foreach (var ip in (string?[])[spec.ClusterIP, .. spec.ExternalIPs, .. balancers])
                {
                    spots.UnionWith([(ip ?? "None", port.Port), (ip ?? "None", port.Port + 1)]);
                }
                foreach (var ip in (string[])[NodeIp, "127.0.0.1", "192.168.0.12"])
                {
                    spots.UnionWith([(ip, port.NodePort ?? 1), (ip, (port.NodePort ?? 1) + 1)]);
                }
            }
        }
        var ends = ProxyData.Recorded(step).Slices.SelectMany(s => s.Endpoints)
            .Select(e => e.Addresses[0]).Order().Distinct().Take(4);
        return from spot in spots
               where spot.Ip is not "None"
               from source in Sources.Concat(ends)
               from protocol in (string[])["tcp", "udp", "sctp"]
               select new Packet
               {
                   Protocol = protocol, Source = source, SourcePort = 40001,
                   Destination = spot.Ip, DestinationPort = spot.Port,
               };
    }

    private static List<string> Ends(Netfilter kernel, Packet packet) =>
        ProxyWalk.Ends(kernel, packet, ip => ip is NodeIp or "127.0.0.1")
            .ConvertAll(e => e.Where + (e.Masquerade ? " masqueraded" : ""));

    private static Netfilter Written(string step, string node)
    {
        var kernel = new Netfilter();
        var (services, slices) = ProxyData.Recorded(step);
        new KubeProxy(node).Write(new() { Filter = kernel }, services, slices);
        return kernel;
    }
}
