using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Pods joined by Flannel: what flanneld writes, what a packet meets, and what
/// breaks.</summary>
public class FlannelTests
{
    internal const string Pods = """
        apiVersion: v1
        kind: Pod
        metadata: {name: a}
        spec: {nodeName: node-1, containers: [{name: main, image: nginx}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: b}
        spec: {nodeName: node-2, containers: [{name: main, image: nginx}]}
        """;

    private static Cluster New(PodNetwork network = PodNetwork.FlannelVxlan)
    {
        var cluster = new Cluster(nodes: 2, network: network);
        cluster.Apply(Pods);
        cluster.Converge();
        return cluster;
    }

    private static PacketTrace Ping(Cluster cluster, int bytes = 32) =>
        cluster.Send("a", cluster.Get<Pod>("b").Status.PodIP!, bytes);

    [Test]
    public void A_packet_goes_inside_of_another_to_the_node_of_the_pod()
    {
        var trace = Ping(New());
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.Answered), trace.ToString());
        var outer = trace.Hops.First(h => h.Where == "node-1 flannel.1").After;
        Assert.That((outer.Protocol, outer.Source, outer.Destination, outer.DestinationPort),
            Is.EqualTo(("udp", "172.18.0.2", "172.18.0.3", 8472)));
        Assert.That(outer.Carries?.Destination, Is.EqualTo("10.244.2.2"));
        var inside = trace.Hops.Single(h => h.Where == "node-2 flannel.1");
        Assert.That((inside.Before.Carries, inside.After.Carries),
            Is.EqualTo((inside.After, (Packet?)null)));
        Assert.That(trace.Hops.Single(h => h.Verdict == Verdict.Deliver).After.Source,
            Is.EqualTo("10.244.1.2"), "pods see each other's own address");
    }

    [Test]
    public void A_lease_is_the_range_of_the_node_and_annotations_say_how_to_reach_it()
    {
        var notes = New().Get<Node>("node-2").Metadata.Annotations;
        var mac = NetDevice.MacOf("flannel.1 node-2");
        Assert.That(notes["flannel.alpha.coreos.com/backend-data"],
            Is.EqualTo($$"""{"VNI":1,"VtepMAC":"{{mac}}"}"""));
        Assert.That((notes["flannel.alpha.coreos.com/backend-type"],
            notes["flannel.alpha.coreos.com/kube-subnet-manager"],
            notes["flannel.alpha.coreos.com/public-ip"]),
            Is.EqualTo(("vxlan", "true", "172.18.0.3")));
    }

    [Test]
    public void Flanneld_writes_the_way_to_every_other_node()
    {
        var cluster = New();
        var mac = NetDevice.MacOf("flannel.1 node-2");
        Assert.That(cluster.Shell("node-1", "ip route"), Is.EqualTo(
            "default via 172.18.0.1 dev eth0\n"
            + "10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1\n"
            + "10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink\n"
            + "172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2"));
        Assert.That(cluster.Shell("node-1", "ip neigh"),
            Is.EqualTo($"10.244.2.0 dev flannel.1 lladdr {mac} PERMANENT"));
        Assert.That(cluster.Shell("node-1", "bridge fdb show"),
            Does.StartWith($"{mac} dev flannel.1 dst 172.18.0.3 self permanent"));
        Assert.That(cluster.Shell("node-1", "cat /run/flannel/subnet.env"), Is.EqualTo(
            "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\n"
            + "FLANNEL_IPMASQ=true\n"));
        Assert.That(cluster.Shell("a", "ip route"), Is.EqualTo("default via 10.244.1.1 dev eth0\n"
            + "10.244.0.0/16 via 10.244.1.1 dev eth0\n"
            + "10.244.1.0/24 dev eth0 proto kernel scope link src 10.244.1.2"));
    }

    [Test]
    public void Host_gw_needs_no_tunnel()
    {
        var cluster = New(PodNetwork.FlannelHostGw);
        var trace = Ping(cluster);
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.Answered), trace.ToString());
        Assert.That(trace.Hops.Select(h => h.After.Carries), Has.All.Null);
        Assert.That(cluster.Shell("node-1", "ip route"),
            Does.Contain("10.244.2.0/24 via 172.18.0.3 dev eth0\n"));
        Assert.That(Ping(cluster, 1472).Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void The_tunnel_takes_fifty_bytes_of_every_packet()
    {
        var cluster = New();
        Assert.That(Ping(cluster, 1422).Outcome, Is.EqualTo(SendOutcome.Answered));
        Assert.That(Ping(cluster, 1423).Message, Is.EqualTo("10.244.2.2: message too long"));
        cluster.Shell("node-1", "ip link set eth0 mtu 1400");
        var trace = Ping(cluster, 1400);
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.TimedOut), "nobody tells the pod");
        Assert.That(trace.Hops[^1].Where, Is.EqualTo("node-1 eth0"));
    }

    [Test]
    public void A_missing_forwarding_entry_is_silence_and_a_missing_neighbour_no_route()
    {
        var cluster = New();
        var mac = NetDevice.MacOf("flannel.1 node-2");
        Assert.That(cluster.Shell("node-1", $"bridge fdb del {mac} dev flannel.1"), Is.Empty);
        var silent = Ping(cluster);
        Assert.That(silent.Outcome, Is.EqualTo(SendOutcome.TimedOut));
        Assert.That(silent.Hops[^1].Where, Is.EqualTo("node-1 flannel.1"));
        Assert.That(cluster.Network.Check().ToString(), Does.Contain(
            $"default/a → default/b: 10.244.2.2: 100% packet loss\n    at node-1 flannel.1: no "
            + $"entry for {mac} in bridge fdb: it goes nowhere"));
        cluster.Shell("node-1", "ip neigh del 10.244.2.0 dev flannel.1");
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.NoRoute));
    }

    [Test]
    public void A_pod_reaches_the_outside_in_the_name_of_its_node()
    {
        var trace = New().Send("a", "93.184.215.14:443");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.Answered), trace.ToString());
        Assert.That(trace.Hops.Single(h => h.Verdict == Verdict.Deliver).After.Source,
            Is.EqualTo("172.18.0.2"));
        Assert.That(trace.Hops.Select(h => h.Where), Does.Contain("node-1 nat FLANNEL-POSTRTG"));
    }

    [Test]
    public void Without_masquerade_pods_lose_the_outside_and_nothing_else()
    {
        var cluster = new Cluster(new SimulationOptions
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(2),
            Settings = Settings.Default.With("flanneld.Backend.Type", "vxlan")
                .With("flanneld.ip-masq", "false"),
        });
        cluster.Apply(Pods);
        cluster.Converge();
        Assert.That(Ping(cluster).Outcome, Is.EqualTo(SendOutcome.Answered));
        var trace = cluster.Send("a", "93.184.215.14:443");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.TimedOut));
        Assert.That(trace.Hops[^1].Rule, Does.StartWith("the answer finds no way to 10.244.1.2"));
        Assert.That(cluster.Send("node-1", "93.184.215.14:443").Outcome,
            Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void Where_flanneld_is_dead_a_node_that_joins_stays_unknown()
    {
        var cluster = New();
        cluster.Faults.Crash("kube-flannel/node-1");
        cluster.Create(Bootstrap.NewNode("node-3") with
        {
            Spec = new() { PodCIDR = "10.244.3.0/24", PodCIDRs = ["10.244.3.0/24"] },
        });
        cluster.UpdateStatus(cluster.Get<Node>("node-3") with
        {
            Status = cluster.Get<Node>("node-3").Status with
            {
                Addresses = [new() { Type = "InternalIP", Address = "172.18.0.4" }],
            },
        });
        cluster.Converge();
        Assert.That(cluster.Shell("node-2", "ip route"), Does.Contain("10.244.3.0/24 via"));
        Assert.That(cluster.Shell("node-1", "ip route"), Does.Not.Contain("10.244.3.0/24"));
        cluster.Faults.Restore("kube-flannel/node-1");
        cluster.Converge();
        Assert.That(cluster.Shell("node-1", "ip route"), Does.Contain("10.244.3.0/24 via"));
    }

    [Test]
    public void No_pod_starts_before_flanneld_has_written_its_file()
    {
        var cluster = new Cluster(nodes: 2, network: PodNetwork.FlannelVxlan);
        cluster.Faults.Crash("kube-flannel/node-1");
        cluster.Apply(Pods);
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.Get<Pod>("b").IsReady, Is.True);
        Assert.That(cluster.Get<Pod>("a").IsReady, Is.False);
        Assert.That(cluster.Kubectl("describe pod a").ToString(), Does.Contain(
            "plugin type=\"flannel\" failed (add): failed to load flannel 'subnet.env' file: open "
            + "/run/flannel/subnet.env: no such file or directory."));
        cluster.Faults.Restore("kube-flannel/node-1");
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("a").IsReady, Is.True);
    }

    [Test]
    public void The_plugin_keeps_its_addresses_in_files_that_outlive_the_power()
    {
        var cluster = New();
        Assert.That(cluster.Shell("node-1", "ls /var/lib/cni/networks/cbr0"),
            Is.EqualTo("10.244.1.2\nlast_reserved_ip.0"));
        var result = cluster.Shell("node-1", "ls /var/lib/cni/results");
        Assert.That(cluster.Shell("node-1", $"cat /var/lib/cni/results/{result}"), Does.Contain(
            "\"ips\": [{\"interface\": 2, \"address\": \"10.244.1.2/24\", "
            + "\"gateway\": \"10.244.1.1\"}]"));
        Assert.That(cluster.Shell("node-1", "cat /etc/cni/net.d/10-flannel.conflist"),
            Does.Contain("\"type\": \"flannel\""));
        cluster.Faults.Crash("node-1");
        Assert.That(cluster.Shell("node-1", "ls /var/lib/cni/networks/cbr0"),
            Does.Contain("10.244.1.2"));
        Assert.That(cluster.Shell("node-1", "cat /run/flannel/subnet.env"),
            Is.EqualTo("cat: /run/flannel/subnet.env: No such file or directory"));
    }

    [Test]
    public void Other_networks_are_refused_by_name() => Assert.That(
        () => new Cluster(network: PodNetwork.Calico), Throws.TypeOf<NotSupportedException>()
            .With.Message.StartsWith("Calico is not modelled yet"));
}
