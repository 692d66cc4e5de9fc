using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The names of a cluster, and how they are asked for.</summary>
public sealed class DnsTests
{
    private static Cluster Web(Func<ServiceSpec, ServiceSpec>? change = null)
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("client", "10.244.1.2");
        cluster.AddService("web", "10.96.0.7", change ?? (s => s with
        {
            Ports = [new() { Name = "http", Port = 80, TargetPort = 8080 }],
        }), "10.244.2.3");
        return cluster;
    }

    // Two endpoints of a headless Service: one has a host name.
    private static Cluster Headless()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("client", "10.244.1.2");
        cluster.AddService("db", "None", null);
        var slice = NetworkCluster.Slice("db", "10.244.2.5", "10.244.3.5");
        cluster.Update(cluster.Get<EndpointSlice>("db-abcde") with
        {
            Endpoints = [slice.Endpoints[0] with { Hostname = "db-0" }, slice.Endpoints[1]],
        });
        return cluster;
    }

    private static Cluster WithDns()
    {
        var cluster = new Cluster(nodes: 3);
        cluster.AddOn("dns");
        cluster.Apply("""
            {apiVersion: v1, kind: Pod, metadata: {name: client},
             spec: {containers: [{name: main, image: busybox, command: [sleep, "9999"]}]}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: web-0, labels: {app: web}},
             spec: {containers: [{name: main, image: nginx}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web},
             spec: {clusterIP: 10.96.0.7, selector: {app: web}, ports: [{port: 80}]}}
            """);
        Assert.That(cluster.Converge().Met, Is.True);
        return cluster;
    }

    private static string Asked(Cluster cluster, string name, string type = "A") =>
        string.Join("; ", cluster.Lookup("client", name, type).Questions.Select(q => q.Status
            + string.Concat(q.Records.Select(r => $" {r.Name} {r.Ttl} {r.Type} {r.Data}"))));

    [TestCase("web.default.svc.cluster.local.", "A",
        "NOERROR web.default.svc.cluster.local. 30 A 10.96.0.7")]
    [TestCase("WEB.default.svc.cluster.local.", "A",
        "NOERROR web.default.svc.cluster.local. 30 A 10.96.0.7")]
    [TestCase("web.default.svc.cluster.local.", "AAAA", "NOERROR")]
    [TestCase("_http._tcp.web.default.svc.cluster.local.", "SRV",
        "NOERROR _http._tcp.web.default.svc.cluster.local. 30 SRV "
        + "0 100 80 web.default.svc.cluster.local.")]
    [TestCase("_https._tcp.web.default.svc.cluster.local.", "SRV", "NXDOMAIN")]
    [TestCase("_http._udp.web.default.svc.cluster.local.", "SRV", "NXDOMAIN")]
    [TestCase("10-244-2-3.web.default.svc.cluster.local.", "A",
        "NOERROR 10-244-2-3.web.default.svc.cluster.local. 30 A 10.244.2.3")]
    [TestCase("10-9-9-9.default.pod.cluster.local.", "A",
        "NOERROR 10-9-9-9.default.pod.cluster.local. 30 A 10.9.9.9")]
    [TestCase("10-9-9-9.nowhere.pod.cluster.local.", "A", "NXDOMAIN")]
    [TestCase("web.nowhere.svc.cluster.local.", "A", "NXDOMAIN")]
    [TestCase("default.svc.cluster.local.", "A", "NOERROR")]
    [TestCase("a.b.c.web.default.svc.cluster.local.", "A", "NXDOMAIN")]
    [TestCase("7.0.96.10.in-addr.arpa.", "PTR",
        "NOERROR 7.0.96.10.in-addr.arpa. 30 PTR web.default.svc.cluster.local.")]
    [TestCase("3.2.244.10.in-addr.arpa.", "PTR", "NOERROR 3.2.244.10.in-addr.arpa. 30 PTR "
        + "10-244-2-3.web.default.svc.cluster.local.")]
    [TestCase("9.9.244.10.in-addr.arpa.", "PTR", "NXDOMAIN")]
    [TestCase("dns-version.cluster.local.", "TXT",
        "NOERROR dns-version.cluster.local. 30 TXT \"1.1.0\"")]
    public void A_name_is_answered_by_the_schema(string name, string type, string answer) =>
        Assert.That(Asked(Web(), name, type), Is.EqualTo(answer));

    [Test]
    public void A_headless_service_is_its_ready_endpoints()
    {
        var cluster = Headless();
        const string Name = "db.default.svc.cluster.local.";
        Assert.That(cluster.Lookup("client", Name).Answer!.Addresses,
            Is.EquivalentTo(new[] { "10.244.2.5", "10.244.3.5" }));
        Assert.That(Asked(cluster, $"db-0.{Name}"), Does.EndWith("A 10.244.2.5"));
        var srv = cluster.Lookup("client", $"_x._tcp.{Name}", "SRV");
        Assert.That(srv.Questions[0].Status, Is.EqualTo("NXDOMAIN"), "the port has no name");
        Assert.That(cluster.Lookup("client", Name, "SRV").Answer!.Records.Select(r => r.Data),
            Is.EqualTo(new[] { $"0 50 8080 db-0.{Name}", $"0 50 8080 10-244-3-5.{Name}" }));
        Assert.That(Asked(cluster, "5.2.244.10.in-addr.arpa.", "PTR"),
            Does.EndWith($"db-0.{Name}"));
        var slice = cluster.Get<EndpointSlice>("db-abcde");
        cluster.Update(slice with
        {
            Endpoints = slice.Endpoints.Select(e => e with
            {
                Conditions = new() { Ready = false },
            }).ToSeq(),
        });
        Assert.That(Asked(cluster, Name), Is.EqualTo("NXDOMAIN"), "while none is ready");
    }

    [Test]
    public void Every_ready_address_of_a_headless_service_comes_first_sometimes()
    {
        var cluster = Headless();
        var first = Enumerable.Range(0, 40).Select(_ => cluster
            .Lookup("client", "db").Answer!.Addresses[0]).GroupBy(a => a).Select(g => g.Count());
        Assert.That(first, Has.Exactly(2).GreaterThan(8));
    }

    [Test]
    public void A_short_name_of_the_world_costs_three_answers_that_it_does_not_exist()
    {
        var cluster = Web();
        cluster.OutsideName("example.com", "198.51.100.7");
        var lookup = cluster.Lookup("client", "example.com");
        Assert.That(lookup.Questions.Select(q => $"{q.Name} {q.Status}"), Is.EqualTo(new[]
        {
            "example.com.default.svc.cluster.local NXDOMAIN",
            "example.com.svc.cluster.local NXDOMAIN", "example.com.cluster.local NXDOMAIN",
            "example.com NOERROR",
        }));
        Assert.That(cluster.Lookup("client", "example.com.").Questions, Has.Count.EqualTo(1));
        Assert.That(cluster.Lookup("node-1", "example.com").Questions, Has.Count.EqualTo(1));
        Assert.That(cluster.Fork().Lookup("client", "example.com").Error, Is.Null);
        Assert.That(cluster.SaveJournal(), Does.Contain("\"outside\""));
    }

    [Test]
    public void An_ExternalName_is_another_name()
    {
        var cluster = Web(s => new ServiceSpec { Type = "ExternalName", ExternalName = "a.test" });
        var unknown = cluster.Lookup("client", "web");
        Assert.That((unknown.Answer!.Records[0].Type, unknown.Error),
            Is.EqualTo(("CNAME", "EAI_NODATA: No address associated with hostname")));
        cluster.OutsideName("a.test", "198.51.100.9");
        Assert.That(Asked(cluster, "web"), Is.EqualTo("NOERROR web.default.svc.cluster.local. 30 "
            + "CNAME a.test. a.test. 30 A 198.51.100.9"));
        Assert.That(cluster.Send("client", "http://web").Hops.Select(h => h.After.Destination),
            Does.Contain("198.51.100.9"));
    }

    [TestCase("", "search shop.svc.cluster.local svc.cluster.local cluster.local\n"
        + "nameserver 10.96.0.10\noptions ndots:5\n")]
    [TestCase("hostNetwork: true, ", "nameserver 192.0.2.53\n")]
    [TestCase("hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet, ",
        "search shop.svc.cluster.local svc.cluster.local cluster.local\n"
        + "nameserver 10.96.0.10\noptions ndots:5\n")]
    [TestCase("dnsPolicy: Default, ", "nameserver 192.0.2.53\n")]
    [TestCase("dnsPolicy: None, dnsConfig: {nameservers: [192.0.2.1], searches: [my.dns], "
        + "options: [{name: ndots, value: '2'}, {name: edns0}]}, ",
        "search my.dns\nnameserver 192.0.2.1\noptions ndots:2 edns0\n")]
    [TestCase("dnsConfig: {options: [{name: ndots, value: '1'}]}, ",
        "search shop.svc.cluster.local svc.cluster.local cluster.local\n"
        + "nameserver 10.96.0.10\noptions ndots:1\n")]
    public void A_pod_has_the_resolver_of_its_policy(string spec, string file)
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}");
        cluster.Converge();
        cluster.Apply("{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {"
            + spec + "containers: [{name: c, image: nginx}]}}");
        cluster.Converge();
        Assert.That(cluster.ResolvConf("shop/p").ToString(), Is.EqualTo(file));
    }

    [Test]
    public void Without_a_dns_pod_a_name_fails_for_now_and_not_for_good()
    {
        var cluster = WithDns();
        Assert.That(cluster.Lookup("client", "web").Error, Is.Null);
        Assert.That(cluster.Lookup("client", "webb").Error,
            Is.EqualTo("EAI_NONAME: Name or service not known"));
        cluster.Patch<Deployment>("kube-system", "coredns", """{"spec":{"replicas":0}}""");
        cluster.Converge();
        Assert.That(cluster.Lookup("client", "web").Error,
            Is.EqualTo("EAI_AGAIN: Temporary failure in name resolution"));
        Assert.That(cluster.Send("client", "http://web").Message, Is.EqualTo("could not resolve "
            + "host: web (EAI_AGAIN: Temporary failure in name resolution)"));
        Assert.That(cluster.Nslookup("client", "web"),
            Does.StartWith(";; communications error to 10.96.0.10#53: connection refused\n"));
    }

    [Test]
    public void CoreDNS_keeps_answers_only_where_it_is_told_to()
    {
        var cluster = WithDns();
        void Recreate(string ip)
        {
            cluster.Delete(new ObjectKey(Kinds.Service, "default", "web"));
            cluster.Apply(
                "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: " + ip
                + ", selector: {app: web}, ports: [{port: 80}]}}");
        }
        string Address() => string.Join(' ', Enumerable.Range(0, 9)
            .Select(_ => cluster.Lookup("client", "web").Answer!.Addresses[0]).Distinct());
        Recreate("10.96.0.8");
        Assert.That(Address(), Is.EqualTo("10.96.0.8"), "kubeadm disables the cache");
        var map = cluster.Get<ConfigMap>("kube-system", "coredns");
        cluster.Update(map with
        {
            Data = map.Data.Set("Corefile", map.Data.Get("Corefile")!
                .Replace("disable success cluster.local", "", StringComparison.Ordinal)),
        });
        Assert.That(Address(), Is.EqualTo("10.96.0.8"));
        Recreate("10.96.0.9");
        Assert.That(Address(), Is.EqualTo("10.96.0.8"), "the Service has changed, the answer not");
        cluster.Run(TimeSpan.FromSeconds(31));
        Assert.That(Address(), Is.EqualTo("10.96.0.9"));
    }

    [Test]
    public void Dig_and_nslookup_print_what_they_print()
    {
        var cluster = Web();
        Assert.That(cluster.Dig("client", "web.default.svc.cluster.local"), Does.Contain("""
            ;; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1
            ;; WARNING: recursion requested but not available

            ;; OPT PSEUDOSECTION:
            ; EDNS: version: 0, flags:; udp: 1232
            ;; QUESTION SECTION:
            ;web.default.svc.cluster.local.	IN	A

            ;; ANSWER SECTION:
            web.default.svc.cluster.local. 30 IN	A	10.96.0.7

            """.ReplaceLineEndings("\n")));
        Assert.That(cluster.Dig("client", "web"), Does.Contain("status: NXDOMAIN"),
            "dig has no search domains of its own accord");
        Assert.That(cluster.Nslookup("client", "web"), Is.EqualTo("Server:\t\t10.96.0.10\n"
            + "Address:\t10.96.0.10#53\n\nName:\tweb.default.svc.cluster.local\n"
            + "Address: 10.96.0.7\n\n"));
        Assert.That(cluster.Nslookup("client", "10.96.0.7"),
            Does.EndWith("7.0.96.10.in-addr.arpa\tname = web.default.svc.cluster.local.\n\n"));
        Assert.That(cluster.Nslookup("client", "webb"), Does.EndWith(
            "** server can't find webb: NXDOMAIN\n\n"));
    }

    // 117 bytes, as every kubeadm cluster answers.
    [Test]
    public void The_size_of_a_message_is_counted() => Assert.That(
        Web().Dig("client", "kubernetes.default.svc.cluster.local"),
        Does.EndWith("\n;; MSG SIZE  rcvd: 117\n"));
}
