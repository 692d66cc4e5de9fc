using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The same packets in every mode of kube-proxy. Where a mode does otherwise, the table
/// says so and why.</summary>
public class ProxyModeTests
{
    private static readonly string[] Modes = ["iptables", "ipvs", "userspace"];

    private static IEnumerable<TestCaseData> Rows() =>
        from row in TestData.Rows("kube-proxy/modes.tsv")
        from mode in Modes.Index()
        select new TestCaseData(mode.Item, row[0], row[1],
            row[2 + mode.Index] is "=" ? row[2] : row[2 + mode.Index])
            .SetArgDisplayNames(mode.Item, row[0], row[1]);

    [TestCaseSource(nameof(Rows))]
    public void A_packet_ends(string mode, string from, string to, string ends)
    {
        var cluster = Services(mode);
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 30; i++)
        {
            seen.Add(End(cluster.Send(from, to)));
        }
        Assert.That(seen, Is.EqualTo(ends.Split(", ").Order(StringComparer.Ordinal)),
            cluster.Send(from, to).ToString());
    }

    [Test]
    public void A_difference_has_a_reason()
    {
        foreach (var row in TestData.Rows("kube-proxy/modes.tsv"))
        {
            Assert.That(row[5].Length > 0, Is.EqualTo(row[3..5].Any(c => c != "=")), row[1]);
        }
    }

    [TestCase("iptables", false)]
    [TestCase("ipvs", false)]
    [TestCase("userspace", true)]
    public void Without_its_process_a_service(string mode, bool isDead)
    {
        var cluster = Services(mode);
        cluster.Faults.Crash("kube-proxy/node-1");
        var outcome = isDead ? SendOutcome.Refused : SendOutcome.Answered;
        Assert.That(cluster.Send("client", "web:80").Outcome, Is.EqualTo(outcome));
        cluster.Faults.Restore("kube-proxy/node-1");
        cluster.Converge();
        Assert.That(cluster.Send("client", "web:80").Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [TestCaseSource(nameof(Modes))]
    public void A_client_with_affinity_stays_with_its_pod(string mode)
    {
        var cluster = Services(mode);
        cluster.AddService("sticky", "10.96.0.40", s => s with
        {
            SessionAffinity = "ClientIP",
            SessionAffinityConfig = new() { ClientIP = new() { TimeoutSeconds = 60 } },
        }, "10.244.1.3", "10.244.2.3", "10.244.3.3");
        var seen = Enumerable.Range(0, 20).Select(_ => End(cluster.Send("client", "sticky:80")));
        Assert.That(seen.Distinct().Count(), Is.EqualTo(1));
    }

    [TestCaseSource(nameof(Modes))]
    public void An_endpoint_that_goes_gets_no_connection(string mode)
    {
        var cluster = Services(mode);
        var slice = cluster.Get<EndpointSlice>("default", "web-abcde");
        cluster.Update(slice with { Endpoints = [slice.Endpoints[1]] });
        cluster.Converge();
        Assert.That(Enumerable.Range(0, 20).Select(_ => cluster.Send("client", "web:80").Receiver),
            Is.All.EqualTo(new ObjectKey(Kinds.Pod, "default", "web-2")));
    }

    [TestCaseSource(nameof(Modes))]
    public void A_service_that_goes_leaves_nothing(string mode)
    {
        var cluster = Services(mode);
        var before = Written(cluster);
        var service = cluster.AddService("late", "10.96.0.50", null, "10.244.2.3");
        Assert.That(Written(cluster), Is.Not.EqualTo(before));
        cluster.Delete(service);
        cluster.Delete(cluster.Get<EndpointSlice>("default", "late-abcde"));
        cluster.Converge();
        Assert.That(Written(cluster), Is.EqualTo(before));
    }

    [Test]
    public void Deprecated_or_not_both_kernels_spread_evenly()
    {
        foreach (var mode in new[] { "iptables", "ipvs" })
        {
            var cluster = Services(mode);
            var counts = Enumerable.Range(0, 600)
                .Select(_ => cluster.Send("client", "web:80").Receiver!.Value.Name)
                .GroupBy(n => n).Select(g => g.Count()).ToList();
            // 5 standard deviations of a binomial of 600 and 1/3.
            Assert.That(counts, Has.Count.EqualTo(3).And.All.InRange(200 - 58, 200 + 58), mode);
        }
    }

    private static string Written(Cluster cluster)
    {
        var kernel = cluster.KernelOf("node-2");
        return cluster.IptablesSave("node-2") + cluster.IptablesSave("node-2", "filter")
            + kernel.Ipvs.List(cluster.Now) + kernel.Sets.List()
            + string.Join(",", kernel.Ipvs.Addresses);
    }

    private static string End(PacketTrace trace) => trace.Outcome switch
    {
        SendOutcome.Refused => "refused",
        SendOutcome.Answered => trace.Receiver!.Value.Name + " "
            + trace.Hops.Single(h => h.Verdict == Verdict.Deliver).After.Source,
        _ => "timed out",
    };

    private static Cluster Services(string mode)
    {
        var cluster = NetworkCluster.New(mode: mode);
        cluster.AddPod("client", "10.244.1.2");
        cluster.AddPod("web-1", "10.244.1.3");
        cluster.AddPod("web-2", "10.244.2.3");
        cluster.AddPod("web-3", "10.244.3.3");
        const string web2 = "10.244.2.3";
        cluster.AddService("web", "10.96.0.7", null, "10.244.1.3", web2, "10.244.3.3");
        cluster.AddService("none", "10.96.0.8");
        cluster.AddService("itself", "10.96.0.9", null, "10.244.1.2");
        cluster.AddService("inner-local", "10.96.0.11",
            s => s with { InternalTrafficPolicy = "Local" }, web2);
        cluster.AddService("node-port", "10.96.0.12", s => NodePort(s, 30080), web2);
        cluster.AddService("node-port-local", "10.96.0.13", s => NodePort(s, 30081) with
        {
            ExternalTrafficPolicy = "Local",
        }, web2);
        cluster.AddService("external", "10.96.0.14",
            s => s with { ExternalIPs = ["203.0.113.99"] }, web2);
        AddBalancer(cluster, "open", 10, s => s with
        {
            LoadBalancerSourceRanges = ["203.0.113.0/24"],
        });
        AddBalancer(cluster, "local", 11, s => s with
        {
            ExternalTrafficPolicy = "Local", HealthCheckNodePort = 30500,
        });
        AddBalancer(cluster, "closed", 12, s => s with
        {
            LoadBalancerSourceRanges = ["198.51.100.0/24"],
        });
        var notReady = new EndpointConditions { Ready = false, Serving = false };
        AddEndpoints(cluster, "leaving",
            new() { Ready = false, Serving = true, Terminating = true }, notReady);
        AddEndpoints(cluster, "partly", new() { Ready = true }, notReady);
        AddTwoPorts(cluster);
        cluster.Converge();
        return cluster;
    }

    private static ServiceSpec NodePort(ServiceSpec spec, int port) => spec with
    {
        Type = "NodePort", Ports = [spec.Ports[0] with { NodePort = port }],
    };

    private static void AddBalancer(
        Cluster cluster, string name, int number, Func<ServiceSpec, ServiceSpec> change)
    {
        var service = cluster.AddService(name, $"10.96.1.{number}",
            s => change(NodePort(s, 30300 + number) with { Type = "LoadBalancer" }), "10.244.2.3");
        cluster.UpdateStatus(service with
        {
            Status = new()
            {
                LoadBalancer = new() { Ingress = [new() { Ip = $"203.0.113.{number}" }] },
            },
        });
    }

    // web-2 and web-3 behind it, each in a state of its own.
    private static void AddEndpoints(
        Cluster cluster, string name, params EndpointConditions[] conditions)
    {
        cluster.AddService(name, name == "leaving" ? "10.96.0.20" : "10.96.0.21", null,
            "10.244.2.3", "10.244.3.3");
        var slice = cluster.Get<EndpointSlice>("default", name + "-abcde");
        cluster.Update(slice with
        {
            Endpoints = slice.Endpoints.Select((e, i) => e with { Conditions = conditions[i] })
                .ToSeq(),
        });
    }

    // A number of each port, and names that lead each to its own endpoints.
    private static void AddTwoPorts(Cluster cluster)
    {
        cluster.AddService("two", "10.96.0.30", s => s with
        {
            Ports =
            [
                new() { Name = "http", Port = 80, TargetPort = "http" },
                new() { Name = "https", Port = 443, TargetPort = "tls" },
                new() { Name = "dns", Port = 53, Protocol = "UDP", TargetPort = 5353 },
            ],
        });
        var slice = cluster.Get<EndpointSlice>("default", "two-abcde");
        var (http, https) = (NetworkCluster.Slice("two", "10.244.2.3"),
            NetworkCluster.Slice("two", "10.244.3.3"));
        cluster.Update(slice with
        {
            Endpoints = http.Endpoints,
            Ports = [new() { Name = "http", Port = 8080, Protocol = "TCP" },
                new() { Name = "dns", Port = 5353, Protocol = "UDP" }],
        });
        cluster.Create(https with
        {
            Metadata = https.Metadata with { Name = "two-fghij" },
            Ports = [new() { Name = "https", Port = 8443, Protocol = "TCP" }],
        });
    }
}
