using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A pod's port of its node: the rules that lead there, whom the pod sees, and when they
/// go.</summary>
public class HostPortTests
{
    private static string PodOf(string name, string node, string ports) => $$"""
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec:
          nodeName: {{node}}
          containers: [{name: main, image: nginx, ports: [{{ports}}]}]

        """;

    private static Cluster New(string ports = "{containerPort: 80, hostPort: 8080}",
        PodNetwork network = PodNetwork.Routes)
    {
        var cluster = new Cluster(nodes: 2, network: network);
        cluster.Apply(PodOf("web", "node-1", ports) + PodOf("beside", "node-1", "")
            + PodOf("far", "node-2", ""));
        cluster.Converge();
        return cluster;
    }

    private static string Seen(Cluster cluster, string from, string to = "172.18.0.2:8080")
    {
        var trace = cluster.Send(from, to);
        return trace.Outcome != SendOutcome.Answered ? $"{trace.Outcome}"
            : trace.Hops.Single(h => h.Verdict == Verdict.Deliver).After.Source;
    }

    [Test]
    public void The_rules_are_those_of_the_portmap_plugin()
    {
        var cluster = New();
        var ip = cluster.Get<Pod>("web").Status.PodIP;
        var id = cluster.Shell("node-1", "ls /var/lib/cni/results").Split('\n')
            .Select(f => f["cbr0-".Length..^"-eth0".Length])
            .Single(i => cluster.IptablesSave("node-1").Contains(i, StringComparison.Ordinal));
        var hash = System.Security.Cryptography.SHA512.HashData(
            System.Text.Encoding.UTF8.GetBytes("cbr0" + id));
        var chain = "CNI-DN-" + Convert.ToHexStringLower(hash)[..21];
        Assert.That(cluster.IptablesSave("node-1").Split('\n')
            .Where(l => l.Contains("CNI-", StringComparison.Ordinal)), Is.EqualTo(new[]
            {
                $":{chain} - [0:0]", ":CNI-HOSTPORT-DNAT - [0:0]", ":CNI-HOSTPORT-MASQ - [0:0]",
                ":CNI-HOSTPORT-SETMARK - [0:0]",
                "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
                "-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
                "-A POSTROUTING -m comment --comment \"CNI portfwd requiring masquerade\" -j "
                    + "CNI-HOSTPORT-MASQ",
                $"-A {chain} -s 10.244.1.0/24 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK",
                $"-A {chain} -s 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK",
                $"-A {chain} -p tcp -m tcp --dport 8080 -j DNAT --to-destination {ip}:80",
                "-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment \"dnat name: \\\"cbr0\\\" id: "
                    + $"\\\"{id}\\\"\" -m multiport --dports 8080 -j {chain}",
                "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE",
                "-A CNI-HOSTPORT-SETMARK -m comment --comment \"CNI portfwd masquerade mark\" -j "
                    + "MARK --set-xmark 0x2000/0x2000",
            }));
        var text = cluster.IptablesSave("node-1");
        Assert.That(Netfilter.Parse(text).Save(), Is.EqualTo(text), "as it was printed");
    }

    [Test]
    public void The_pod_sees_who_asked_but_for_its_own_node_and_neighbours()
    {
        var cluster = New();
        Assert.That(Seen(cluster, "outside"), Is.EqualTo("203.0.113.50"));
        Assert.That(Seen(cluster, "far"), Is.EqualTo(cluster.Get<Pod>("far").Status.PodIP));
        Assert.That(Seen(cluster, "node-2"), Is.EqualTo("172.18.0.3"));
        Assert.That(Seen(cluster, "beside"), Is.EqualTo("10.244.1.1"), "masqueraded");
        Assert.That(Seen(cluster, "web"), Is.EqualTo("10.244.1.1"), "to itself");
        Assert.That(Seen(cluster, "node-1", "127.0.0.1:8080"), Is.EqualTo("10.244.1.1"));
        Assert.That(Seen(cluster, "outside", "172.18.0.3:8080"), Is.EqualTo("Refused"),
            "the port of its node alone");
        Assert.That(cluster.Request("far", "http://172.18.0.2:8080/").Status, Is.EqualTo(200));
    }

    [Test]
    public void Behind_a_tunnel_other_nodes_pods_come_in_the_name_of_their_node()
    {
        var cluster = New(network: PodNetwork.FlannelVxlan);
        Assert.That(Seen(cluster, "far"), Is.EqualTo("172.18.0.3"));
        Assert.That(Seen(cluster, "outside"), Is.EqualTo("203.0.113.50"));
    }

    [Test]
    public void A_host_ip_is_the_only_address_that_leads_there()
    {
        var here = New("{containerPort: 80, hostPort: 8080, hostIP: 172.18.0.2}");
        Assert.That(Seen(here, "outside"), Is.EqualTo("203.0.113.50"));
        Assert.That(Seen(here, "node-1", "127.0.0.1:8080"), Is.EqualTo("Refused"));
        Assert.That(here.IptablesSave("node-1"), Does.Contain("-s 10.244.1.0/24 -d 172.18.0.2/32 "
            + "-p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK"));
        var local = New("{containerPort: 80, hostPort: 8080, hostIP: 127.0.0.1}");
        Assert.That(Seen(local, "outside"), Is.EqualTo("Refused"));
        Assert.That(Seen(local, "node-1", "127.0.0.1:8080"), Is.EqualTo("10.244.1.1"));
    }

    [Test]
    public void A_port_goes_with_its_sandbox_and_comes_back_with_the_next()
    {
        var cluster = New();
        cluster.Delete(cluster.Get<Pod>("web"));
        cluster.Converge();
        Assert.That(Seen(cluster, "outside"), Is.EqualTo("Refused"));
        Assert.That(cluster.IptablesSave("node-1"), Does.Not.Contain("CNI-DN-")
            .And.Contain(":CNI-HOSTPORT-DNAT"), "the common chains stay");
        cluster.Apply(PodOf("web", "node-1", "{containerPort: 80, hostPort: 8080}"));
        cluster.Converge();
        Assert.That(Seen(cluster, "outside"), Is.EqualTo("203.0.113.50"));
        cluster.Faults.Crash("node-1");
        cluster.Run(TimeSpan.FromSeconds(10));
        cluster.Faults.Restore("node-1");
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.That(Seen(cluster, "outside"), Is.EqualTo("203.0.113.50"), "a new sandbox");
        Assert.That(cluster.IptablesSave("node-1").Split('\n').Count(l =>
            l.StartsWith(":CNI-DN-", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public void Sixteen_ports_need_two_rules_and_protocols_one_each()
    {
        var ports = string.Join(", ", Enumerable.Range(9000, 16)
            .Select(p => $"{{containerPort: {p}, hostPort: {p}}}"));
        var cluster = New(ports + ", {containerPort: 53, hostPort: 53, protocol: UDP}");
        Assert.That(cluster.IptablesSave("node-1").Split('\n')
            .Where(l => l.StartsWith("-A CNI-HOSTPORT-DNAT", StringComparison.Ordinal))
            .Select(l => l[l.IndexOf("--dports", StringComparison.Ordinal)..].Split(' ')[1]),
            Is.EqualTo(new[] { string.Join(',', Enumerable.Range(9000, 15)), "9015", "53" }));
    }

    [Test]
    public void A_pod_on_the_network_of_its_node_listens_there_itself()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Apply(PodOf("web", "node-1", "{containerPort: 80}")
            .Replace("nodeName", "hostNetwork: true\n  nodeName"));
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("web").Spec.Containers[0].Ports[0].HostPort, Is.EqualTo(80));
        Assert.That(Seen(cluster, "outside", "172.18.0.2:80"), Is.EqualTo("203.0.113.50"));
        Assert.That(cluster.IptablesSave("node-1"), Does.Not.Contain("CNI-"));
    }
}
