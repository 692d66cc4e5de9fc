using System.Globalization;
using System.Net;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The network of the simulation against a real kernel: where connections of a cluster
/// laid out in network namespaces end up is where <c>Send</c> says. Needs root, iproute2, iptables,
/// ipset and nfacct; inconclusive where they are absent.</summary>
[TestFixture("legacy")]
[TestFixture("nft")]
[Category("Kernel")]
[NonParallelizable]
public sealed class KernelTests(string backend) : IDisposable
{
    private const int MostRounds = 80;

    private static readonly string[] Senders =
    [
        "default/client-1", "default/client-2", "default/web-1", "default/web-2", "default/solo",
        "node-1", "node-2", "node-3", KernelNetwork.Outside,
    ];

    private Cluster cluster = null!;
    private KernelNetwork kernel = null!;

    [OneTimeSetUp]
    public void Lay_out()
    {
        KernelNetwork.Require(backend);
        cluster = new(nodes: 3);
        cluster.Apply(Data.Text("kernel/cluster.yaml"));
        cluster.Converge();
        kernel = new(cluster, backend, [80, 8080, 9999], [5353]);
    }

    [OneTimeTearDown]
    public void Dispose() => kernel?.Dispose();

    [Test]
    public void Every_connection_ends_where_the_simulation_says() => Compare(cluster, kernel,
    [
        .. Senders.SelectMany(from => Targets().Select(to => (from, to)))
            .Where(p => p is not (KernelNetwork.Outside, KernelNetwork.World + ":8080")),
        ("node-1", "127.0.0.1:30080"), ("node-3", "127.0.0.1:30081"),
    ]);

    [TestCase("vxlan", true)]
    [TestCase("host-gw", true)]
    [TestCase("vxlan", false)]
    public void Flannel_leads_where_the_simulation_says(string type, bool masquerades)
    {
        var flannel = new Cluster(new SimulationOptions
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(3),
            Settings = Settings.Default.With("flanneld.Backend.Type", type)
                .With("flanneld.ip-masq", masquerades ? "true" : "false"),
        });
        flannel.Apply(Data.Text("kernel/cluster.yaml"));
        flannel.Converge();
        using var network = new KernelNetwork(flannel, backend, [8080, 9999], []);
        string[] senders = ["default/client-1", "default/web-2", "node-1", "node-3"];
        List<string> to =
        [
            .. flannel.List<Pod>().Select(p => $"{p.Status.PodIP}:8080"), "10.244.3.99:8080",
            $"{KernelNetwork.World}:8080", $"{flannel.Get<Service>("web").Spec.ClusterIP}:80",
            .. flannel.List<Node>().Select(n => n.Status.Addresses[0].Address)
                .SelectMany(a => (string[])[$"{a}:30080", $"{a}:30081"]),
        ];
        Compare(flannel, network, [.. senders.SelectMany(from => to.Select(t => (from, t)))]);
    }

    [Test]
    public void Host_ports_lead_where_the_simulation_says()
    {
        var ports = new Cluster(nodes: 3);
        ports.Apply(Data.Text("kernel/cluster.yaml") + """

            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: open}
            spec:
              nodeName: node-1
              containers:
              - name: main
                image: server
                ports:
                - {containerPort: 8080, hostPort: 80}
                - {containerPort: 9999, hostPort: 81, hostIP: 172.18.0.2}
                - {containerPort: 9999, hostPort: 82, hostIP: 127.0.0.1}
            """);
        ports.Converge();
        using var network = new KernelNetwork(ports, backend, [8080, 9999], []);
        string[] to = ["172.18.0.2:80", "172.18.0.2:81", "172.18.0.2:82", "172.18.0.3:80"];
        string[] senders = ["default/open", "default/client-1", "default/web-2", "node-1", "node-3",
            KernelNetwork.Outside];
        Compare(ports, network, [.. senders.SelectMany(from => to.Select(t => (from, t))),
            .. new[] { 80, 81, 82 }.Select(p => ("node-1", $"127.0.0.1:{p}"))]);
    }

    private static void Compare(
        Cluster cluster, KernelNetwork kernel, List<(string From, string To)> pairs)
    {
        var expected = pairs.ToDictionary(p => p, p => Simulated(cluster, p.From, p.To));
        var seen = pairs.ToDictionary(p => p, _ => new SortedSet<string>(StringComparer.Ordinal));
        for (var round = 0; round < MostRounds; round++)
        {
            // A few rounds more where several answer: nobody else may.
            var open = pairs.FindAll(p => seen[p].IsSubsetOf(expected[p])
                && (!seen[p].SetEquals(expected[p]) || (round < 8 && expected[p].Count > 1)));
            var answers = kernel.Connect(
                open.ConvertAll(p => (p.From, Protocol(p.To), Point(p.To))));
            foreach (var (i, answer) in answers.Index())
            {
                seen[open[i]].Add(answer);
            }
        }
        Assert.That(string.Join('\n', pairs.Where(p => !seen[p].SetEquals(expected[p])).Select(p =>
            $"{p.From} → {p.To}: the kernel says {string.Join(", ", seen[p])}; the simulation "
            + string.Join(", ", expected[p]))), Is.Empty);
    }

    [Test]
    public void Three_endpoints_share_connections_within_binomial_bounds()
    {
        const int tries = 300;
        var to = Point($"{cluster.Get<Service>("web").Spec.ClusterIP}:80");
        var counts = kernel.Connect([.. Enumerable.Repeat(("default/client-1", "tcp", to), tries)])
            .GroupBy(a => a).ToDictionary(g => g.Key, g => g.Count());
        // A third each; 4.5 standard deviations are exceeded once in 50,000 runs.
        var deviation = Math.Sqrt(tries * (1 / 3.0) * (2 / 3.0));
        Assert.That(counts, Has.Count.EqualTo(3));
        Assert.That(counts.Values, Has.All.EqualTo(tries / 3.0).Within(4.5 * deviation));
    }

    [Test]
    public void A_client_with_affinity_stays_with_its_pod()
    {
        var to = Point($"{cluster.Get<Service>("sticky").Spec.ClusterIP}:80");
        var first = kernel.Connect([("default/client-2", "tcp", to)]);
        var rest = kernel.Connect([.. Enumerable.Repeat(("default/client-2", "tcp", to), 30)]);
        Assert.That(rest.Distinct(), Is.EqualTo(first));
        Assert.That(first[0], Does.StartWith("default/web-"));
    }

    [Test]
    public void The_kernel_takes_the_rules_of_every_node()
    {
        var recorded = new Netfilter();
        var (services, slices) = ProxyData.Recorded(
            TestData.Rows("kube-proxy/recorded.tsv").Last(r => r[1] == "EndpointSlice")[0]);
        new KubeProxy("node-1").Write(new() { Filter = recorded }, services, slices);
        Assert.That(recorded.Save().Length, Is.GreaterThan(2000));
        Assert.That(KernelNetwork.Check([recorded, new(), .. cluster.List<Node>()
            .Select(n => cluster.FilterOf(n.Metadata.Name))], backend), Is.Empty);
    }

    [Test]
    public void Policies_let_through_what_they_let_through_in_the_simulation()
    {
        var policed = PolicyCases.Cluster();
        using var network = new KernelNetwork(policed, backend, [80, 81], []);
        var failed = new List<string>();
        foreach (var of in PolicyCases.All())
        {
            PolicyCases.Apply(policed, of);
            network.LoadRules();
            var answers = network.Connect([.. PolicyCases.Pods.SelectMany(from =>
                PolicyCases.Pods.Select(to => (from, "tcp", Point(
                    Text($"{policed.Get<Pod>(to[..1], to[2..]).Status.PodIP}:{of.Port}")))))]);
            Assert.That(answers.Where(a => !a.Contains(" from ")), Is.All.EqualTo("refused"));
            var (came, expected) = (PolicyCases.Matrix(of.Port, answers.Select(a =>
                a != "refused")), PolicyCases.Expected(of, byRules: true));
            if (came != expected)
            {
                failed.Add($"{of.Name}: {came}\nbut {expected}");
            }
        }
        Assert.That(string.Join('\n', failed), Is.Empty);
    }

    private List<string> Targets()
    {
        var nodes = cluster.List<Node>().Select(n => n.Status.Addresses[0].Address).ToList();
        List<string> to =
        [
            .. cluster.List<Pod>().Select(p => $"{p.Status.PodIP}:8080"),
            // A node's own agent, a port that nobody listens on, a port without a rule.
            $"{nodes[0]}:10250", $"{nodes[0]}:9999", "10.244.1.99:8080", "10.244.3.99:8080",
            $"{KernelNetwork.World}:8080",
            $"{cluster.Get<Service>("web").Spec.ClusterIP}:81",
        ];
        foreach (var service in cluster.List<Service>("default").Where(s => s.Spec
            is { SessionAffinity: not "ClientIP", ClusterIP: not "None", Selector.IsEmpty: false }))
        {
            var (spec, port) = (service.Spec, service.Spec.Ports[0]);
            var scheme = port.Protocol == "UDP" ? "udp://" : "";
            IEnumerable<string?> addresses = [spec.ClusterIP, .. spec.ExternalIPs,
                .. service.Status.LoadBalancer.Ingress.Select(i => i.Ip)];
            to.AddRange(addresses.Select(a => Text($"{scheme}{a}:{port.Port}")));
            to.AddRange(nodes.Where(_ => port.NodePort > 0)
                .Select(a => Text($"{scheme}{a}:{port.NodePort}")));
        }
        return to;
    }

    private static SortedSet<string> Simulated(Cluster cluster, string from, string to)
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 12 || (i < MostRounds && seen.Count > 1); i++)
        {
            var trace = cluster.Send(from, to);
            seen.Add(trace.Outcome switch
            {
                SendOutcome.Refused => "refused",
                SendOutcome.TimedOut => "timed out",
                SendOutcome.NoRoute => "no route",
                _ => trace.Message[..trace.Message.IndexOf(' ', StringComparison.Ordinal)]
                    + $" from {trace.Hops.Single(h => h.Verdict == Verdict.Deliver).After.Source}",
            });
        }
        return seen;
    }

    private static string Protocol(string to) => to.StartsWith("udp", StringComparison.Ordinal)
        ? "udp" : "tcp";

    private static IPEndPoint Point(string to) => IPEndPoint.Parse(to.Replace("udp://", ""));

    private static string Text(FormattableString text) =>
        text.ToString(CultureInfo.InvariantCulture);
}
