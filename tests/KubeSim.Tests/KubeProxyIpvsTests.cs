using System.Globalization;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Mode ipvs: upstream's cases (v1.28), and what the kernel does with what was
/// written.</summary>
public class KubeProxyIpvsTests
{
    private static readonly DateTime Now = DateTime.UnixEpoch;

    private static IEnumerable<string> Cases() =>
        TestData.Rows("kube-proxy/ipvs.tsv").Select(r => r[0]).Distinct();

    [TestCaseSource(nameof(Cases))]
    public void The_kernel_is_as_upstream_says(string name)
    {
        var services = new Dictionary<ObjectKey, Service>();
        var slices = new List<EndpointSlice>();
        var (kernel, self, ipv6, checks) = (new ProxyKernel(), new Node(), false, 0);
        foreach (var row in TestData.Rows("kube-proxy/ipvs.tsv").Where(r => r[0] == name))
        {
            switch (row[1])
            {
                case "node":
                    ipv6 = row[2].EndsWith(" ipv6", StringComparison.Ordinal);
                    self = NewNode(row[2].Split(' ')[0]);
                    break;
                case "OnServiceAdd":
                    var service = ProxyData.Decode<Service>(row[2]);
                    services[service.Key] = service;
                    break;
                case "OnEndpointSliceAdd":
                    slices.Add(ProxyData.Decode<EndpointSlice>(row[2]));
                    break;
                case "sync":
                    new KubeProxy("test-hostname", new()
                    {
                        Mode = ProxyMode.Ipvs, Ipv6 = ipv6, ClusterCidr = "",
                    }).Write(kernel, services.Values, slices, self);
                    break;
                default:
                    checks++;
                    Check(kernel, row, ipv6);
                    break;
            }
        }
        Assert.That(checks, Is.Positive);
    }

    private static void Check(ProxyKernel kernel, string[] row, bool ipv6)
    {
        switch (row[1])
        {
            case "set":
                Assert.That(string.Join(" ", kernel.Sets.MembersOf(ipv6
                    ? row[2].Replace("KUBE-", "KUBE-6-") : row[2])), Is.EqualTo(row[3]), row[2]);
                break;
            case "chain":
                var rules = new[] { "nat", "filter" }.SelectMany(t =>
                    (kernel.Filter.Table(t).Chain(row[2])?.Rules ?? []).AsEnumerable());
                Assert.That(string.Join("; ", rules.Select(Text)), Is.EqualTo(row[3]), row[2]);
                break;
            default:
                Assert.That(kernel.Ipvs.Count, Is.EqualTo((int)TestData.Number(row[2])));
                var text = kernel.Ipvs.List(Now);
                var at = text.IndexOf(row[3].ToUpperInvariant().Replace(" ", "  "),
                    StringComparison.Ordinal);
                if (at >= 0)
                {
                    Assert.That(text[at..].Split('\n').Skip(1).TakeWhile(l => l.StartsWith("  ->",
                        StringComparison.Ordinal)).Select(l => l.Split(' ',
                        StringSplitOptions.RemoveEmptyEntries)[1]), Is.EqualTo(row[4].Split(' ')));
                }
                break;
        }
    }

    private static string Text(NetfilterRule rule) => $"{rule.Source?.Cidr ?? "-"} "
        + $"{rule.Matches.OfType<RuleMatch.Set>().FirstOrDefault()?.Name ?? "-"} "
        + (rule.Target is RuleTarget.Decide decide ? decide.ToString() : $"{rule.Target}");

    private static Node NewNode(string addresses) => new()
    {
        Metadata = new() { Name = "test-hostname" },
        Status = new()
        {
            Addresses = addresses.Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Select(a => new NodeAddress { Type = "InternalIP", Address = a }).ToSeq(),
        },
    };

    [Test]
    public void Ipvsadm_prints_the_servers_as_the_real_one()
    {
        var ipvs = new Ipvs();
        ipvs.Set(
        [
            new("udp", "10.96.0.10", 53) { Servers = [("10.244.0.2", 53)] },
            new("tcp", "10.96.0.10", 53) { Servers = [("10.244.0.10", 53), ("10.244.0.2", 53)] },
            new("tcp", "10.96.0.1", 443, "sh", 10800) { Servers = [("192.0.2.1", 6443)] },
        ], ["10.96.0.1", "10.96.0.10"]);
        Send(ipvs, "10.244.1.2", 40001, 443, "10.96.0.1");
        Assert.That(ipvs.List(Now), Is.EqualTo("""
            IP Virtual Server version 1.2.1 (size=4096)
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
            TCP  10.96.0.1:443 sh persistent 10800
              -> 192.0.2.1:6443               Masq    1      1          0
            TCP  10.96.0.10:53 rr
              -> 10.244.0.2:53                Masq    1      0          0
              -> 10.244.0.10:53               Masq    1      0          0
            UDP  10.96.0.10:53 rr
              -> 10.244.0.2:53                Masq    1      0          0

            """.Replace("  0\n", "  0         \n")));
        Assert.That(ipvs.ListConnections(Now), Is.EqualTo("""
            IPVS connection entries
            pro expire state       source             virtual            destination
            TCP 15:00  ESTABLISHED 10.244.1.2:40001   10.96.0.1:443      192.0.2.1:6443

            """));
    }

    [TestCase("rr", "ABCABC")]
    [TestCase("wrr", "ABCABC")]
    [TestCase("lc", "ABCABC")]
    [TestCase("sed", "ABCABC")]
    [TestCase("nq", "ABCABC")]
    [TestCase("dh", "AAAAAA")]
    public void Connections_are_spread_as_the_scheduler_says(string scheduler, string order)
    {
        var ipvs = Three(scheduler);
        var picked = string.Concat(Enumerable.Range(0, 6).Select(i =>
            Send(ipvs, "10.244.1.2", 40001 + i)));
        Assert.That(picked.Replace(picked[0], 'A'), Is.EqualTo(order.Replace(order[0], 'A')));
    }

    [Test]
    public void Source_hashing_keeps_a_client_and_spreads_clients()
    {
        var ipvs = Three("sh");
        var clients = Enumerable.Range(2, 30).Select(i => $"10.244.1.{i}").ToList();
        var first = clients.ConvertAll(c => Send(ipvs, c, 1));
        Assert.That(clients.ConvertAll(c => Send(ipvs, c, 2)), Is.EqualTo(first));
        Assert.That(first.Distinct().Count(), Is.EqualTo(3));
    }

    [Test]
    public void A_client_of_a_persistent_service_stays_until_its_time_is_over()
    {
        var ipvs = new Ipvs();
        ipvs.Set([Server("rr", 600)], []);
        Assert.That(Send(ipvs, "10.244.1.2", 1) + Send(ipvs, "10.244.1.2", 2), Is.EqualTo("AA"));
        Assert.That(Send(ipvs, "10.244.1.3", 1), Is.EqualTo("B"));
        Assert.That(Send(ipvs, "10.244.1.2", 3, at: Now.AddSeconds(601)), Is.EqualTo("C"));
    }

    [Test]
    public void A_server_with_connections_leaves_within_a_minute_of_their_end()
    {
        var ipvs = Three("rr");
        Assert.That(Send(ipvs, "10.244.1.2", 1), Is.EqualTo("A"));
        ipvs.Set([Server("rr") with { Servers = [("10.244.0.2", 80), ("10.244.0.3", 80)] }], []);
        Assert.That(Line(ipvs, "10.244.0.1:80", Now), Does.EndWith("Masq    0      1          0"));
        Assert.That(Send(ipvs, "10.244.1.2", 1), Is.EqualTo("A"), "a known connection");
        Assert.That(Send(ipvs, "10.244.1.2", 2) + Send(ipvs, "10.244.1.2", 3)
            + Send(ipvs, "10.244.1.2", 4), Does.Not.Contain("A"));
        var end = Now.AddMinutes(15);
        Assert.That(Line(ipvs, "10.244.0.1:80", end), Does.EndWith("Masq    0      0          0"));
        Assert.That(Line(ipvs, "10.244.0.1:80", end.AddMinutes(1)), Is.Empty);
    }

    [Test]
    public void A_server_without_connections_and_one_of_datagrams_leave_at_once()
    {
        var ipvs = new Ipvs();
        ipvs.Set([Server("rr"), Server("rr") with { Protocol = "udp" }], []);
        Send(ipvs, "10.244.1.2", 1, protocol: "udp");
        ipvs.Set([Server("rr") with { Servers = [] },
            Server("rr") with { Protocol = "udp", Servers = [] }], []);
        Assert.That(ipvs.List(Now), Does.Not.Contain("->  10.244").And.Not.Contain("10.244.0.1"));
    }

    [Test]
    public void The_flag_takes_the_schedulers_that_the_kernel_has()
    {
        foreach (var scheduler in Ipvs.Schedulers)
        {
            Assert.That(Settings.Default.With("kube-proxy.ipvs-scheduler", scheduler)
                .Get(KnownFlags.IpvsScheduler), Is.EqualTo(scheduler));
        }
        Assert.That(() => Settings.Default.With("kube-proxy.ipvs-scheduler", "mh"),
            Throws.ArgumentException.With.Message.Contains("not simulated yet"));
        Assert.That(() => Settings.Default.With("kube-proxy.proxy-mode", "nftables"),
            Throws.ArgumentException.With.Message.Contains("nftables is not simulated yet"));
    }

    private static VirtualServer Server(string scheduler, int? sticky = null) =>
        new("tcp", "10.96.0.7", 80, scheduler, sticky)
        {
            Servers = [("10.244.0.1", 80), ("10.244.0.2", 80), ("10.244.0.3", 80)],
        };

    private static Ipvs Three(string scheduler)
    {
        var ipvs = new Ipvs();
        ipvs.Set([Server(scheduler)], ["10.96.0.7"]);
        return ipvs;
    }

    private static string Line(Ipvs ipvs, string server, DateTime at) => ipvs.List(at).Split('\n')
        .FirstOrDefault(l => l.Contains(server, StringComparison.Ordinal))?.TrimEnd() ?? "";

    private static string Send(Ipvs ipvs, string from, int port, int to = 80,
        string address = "10.96.0.7", string protocol = "tcp", DateTime? at = null)
    {
        var packet = new Packet
        {
            Protocol = protocol, Source = from, SourcePort = port, Destination = address,
            DestinationPort = to,
        };
        var look = new NetfilterLook("node", at ?? Now, _ => false, _ => false, []);
        Assert.That(ipvs.Schedule(ref packet, look), Is.EqualTo(Verdict.Rewrite));
        return ((char)('A' + int.Parse(packet.Destination.Split('.')[3],
            CultureInfo.InvariantCulture) - 1)).ToString();
    }
}
