using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Namespaces, cables, bridges and routes: what a packet meets, what breaks it, and what
/// the tools of a machine print.</summary>
public class FabricTests
{
    private static Cluster Pods()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("a", "10.244.1.2");
        cluster.AddPod("b", "10.244.1.3");
        cluster.AddPod("c", "10.244.2.2");
        cluster.Converge();
        return cluster;
    }

    private static string Cable(string pod) => MachineNetwork.CableOf("default", pod);

    [Test]
    public void ARP_asks_once_and_remembers()
    {
        var cluster = Pods();
        Assert.That(cluster.Send("a", "10.244.1.3:8080").Hops.Select(h => h.Rule),
            Has.One.StartsWith("who has 10.244.1.3? It is at "));
        Assert.That(cluster.Send("a", "10.244.1.3:8080").Hops.Select(h => h.Where),
            Has.None.EndsWith(" arp"));
        Assert.That(cluster.Shell("a", "ip neigh"),
            Does.Match("^10.244.1.3 dev eth0 lladdr [0-9a-f:]{17} REACHABLE$"));
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.Shell("a", "ip neigh"), Does.EndWith("STALE"));
    }

    [Test]
    public void A_cable_that_is_down_has_no_route_to_host_from_either_end()
    {
        var cluster = Pods();
        Assert.That(cluster.Shell("node-1", $"ip link set {Cable("b")} down"), Is.Empty);
        Assert.That(cluster.Send("a", "10.244.1.3:8080").Message,
            Is.EqualTo("10.244.1.3:8080: no route to host"));
        Assert.That(cluster.Send("b", "10.244.1.2:8080").Outcome, Is.EqualTo(SendOutcome.NoRoute));
        cluster.Shell("node-1", $"ip link set {Cable("b")} up");
        Assert.That(cluster.Send("a", "10.244.1.3:8080").Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void Without_a_route_the_network_is_unreachable()
    {
        var cluster = Pods();
        cluster.Shell("a", "ip route del default");
        var trace = cluster.Send("a", "10.244.2.2:8080");
        Assert.That(trace.Message, Is.EqualTo("10.244.2.2:8080: network is unreachable"));
        Assert.That(trace.Hops, Has.Count.EqualTo(1));
        Assert.That(cluster.Send("a", "10.244.1.3:8080").Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void A_lost_route_of_the_answer_is_silence()
    {
        var cluster = Pods();
        Assert.That(cluster.Shell("node-2", "ip route del 10.244.1.0/24"), Is.Empty);
        Assert.That(cluster.Shell("node-2", "ip route del 10.244.1.0/24"),
            Is.EqualTo("RTNETLINK answers: No such process"));
        cluster.Shell("node-2", "ip route del default");
        var trace = cluster.Send("a", "10.244.2.2:8080");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.TimedOut));
        Assert.That(trace.Hops[^2].Verdict, Is.EqualTo(Verdict.Deliver), "it came to the pod");
        Assert.That(trace.Hops[^1].Where, Is.EqualTo("node-2 route"));
    }

    [Test]
    public void A_machine_that_does_not_forward_keeps_its_pods_to_itself()
    {
        var cluster = Pods();
        cluster.Shell("node-1", "sysctl -w net.ipv4.ip_forward=0");
        Assert.That(cluster.Send("a", "10.244.2.2:8080").Outcome, Is.EqualTo(SendOutcome.TimedOut));
        Assert.That(cluster.Send("a", "10.244.1.3:8080").Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void An_answer_that_the_bridge_keeps_from_the_packet_filter_belongs_to_no_connection()
    {
        var cluster = Pods();
        cluster.AddService("web", "10.96.0.7", null, "10.244.1.3");
        Assert.That(cluster.Send("a", "web:80").Outcome, Is.EqualTo(SendOutcome.Answered));
        cluster.Shell("node-1", "sysctl -w net.bridge.bridge-nf-call-iptables=0");
        var trace = cluster.Send("a", "web:80");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.TimedOut), trace.ToString());
        Assert.That(trace.Hops[^1].Rule, Is.EqualTo(
            "an answer of 10.244.1.3 belongs to no connection: 10.96.0.7 was asked"));
    }

    [Test]
    public void What_does_not_fit_an_interface_is_too_long()
    {
        var cluster = Pods();
        Assert.That(cluster.Send("a", "10.244.2.2", bytes: 1472).Outcome,
            Is.EqualTo(SendOutcome.Answered));
        var trace = cluster.Send("a", "10.244.2.2", bytes: 1473);
        Assert.That(trace.Message, Is.EqualTo("10.244.2.2: message too long"));
    }

    [Test]
    public void What_somebody_did_to_a_machine_is_part_of_the_run()
    {
        var cluster = Pods();
        cluster.Shell("node-1", "ip route del 10.244.2.0/24");
        cluster.Shell("node-1", "ip link set eth0 down");
        Assert.That(cluster.Journal[^1].Input.Describe,
            Is.EqualTo("node-1# ip link set eth0 down"));
        Assert.That(cluster.Fork().Shell("node-1", "ip route"),
            Is.EqualTo(cluster.Shell("node-1", "ip route")).And.Not.Contain("eth0"));
        var text = JournalText.Write(cluster.Journal, cluster.Engine.Options.Start);
        Assert.That(JournalText.Read(text, "j", cluster.Engine.Api.Kinds).Lines[^1].Input,
            Is.EqualTo(cluster.Journal[^1].Input));
    }

    [Test]
    public void The_tools_print_what_the_real_ones_do()
    {
        var cluster = Pods();
        Assert.That(cluster.Shell("node-1", "ip route"), Is.EqualTo(
            "default via 192.168.0.1 dev eth0\n"
            + "10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1\n"
            + "10.244.2.0/24 via 192.168.0.12 dev eth0\n"
            + "10.244.3.0/24 via 192.168.0.13 dev eth0\n"
            + "192.168.0.0/24 dev eth0 proto kernel scope link src 192.168.0.11"));
        Assert.That(cluster.Shell("a", "ip route"), Is.EqualTo("default via 10.244.1.1 dev eth0\n"
            + "10.244.1.0/24 dev eth0 proto kernel scope link src 10.244.1.2"));
        Assert.That(cluster.Shell("node-1", "ip addr"), Does.Contain(
            "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group "
            + "default qlen 1000\n    link/ether 02:42:c0:a8:00:0b brd ff:ff:ff:ff:ff:ff\n"
            + "    inet 192.168.0.11/24 brd 192.168.0.255 scope global eth0\n"
            + "       valid_lft forever preferred_lft forever"));
        Assert.That(cluster.Shell("node-1", "bridge link"), Does.StartWith($"4: {Cable("a")}@if2: "
            + "<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master cni0 state forwarding"));
        Assert.That(cluster.Shell("node-1", "sysctl net.ipv4.ip_forward"),
            Is.EqualTo("net.ipv4.ip_forward = 1"));
        Assert.That(() => cluster.Shell("node-1", "reboot"), Throws.ArgumentException
            .With.Message.Contains("there are ip addr"));
    }

    [Test]
    public void The_bridge_learns_where_a_pod_is_and_forgets_it_after_five_minutes()
    {
        var cluster = Pods();
        cluster.Send("a", "10.244.1.3:8080");
        var learned = $"dev {Cable("a")} master cni0\n";
        Assert.That(cluster.Shell("node-1", "bridge fdb show"), Does.Contain(learned));
        cluster.Run(TimeSpan.FromMinutes(6));
        Assert.That(cluster.Shell("node-1", "bridge fdb show"), Does.Not.Contain(learned));
    }

    [Test]
    public void The_outside_world_answers_and_does_not_know_the_pods()
    {
        var cluster = Pods();
        var trace = cluster.Send("a", "93.184.215.14:443");
        Assert.That(trace.Message, Is.EqualTo("93.184.215.14 answers"), trace.ToString());
        Assert.That(cluster.Send("outside", "10.244.1.2:8080").Outcome,
            Is.EqualTo(SendOutcome.TimedOut));
    }

    [Test]
    public void The_guarantees_of_the_network_are_checked_pair_by_pair()
    {
        var cluster = Pods();
        Assert.That(cluster.Network.Check().ToString(), Is.EqualTo(
            "node and its pods: 3 of 3 pairs reach each other\n"
            + "pods of one node: 2 of 2 pairs reach each other\n"
            + "pods of two nodes: 4 of 4 pairs reach each other"));
        cluster.Shell("node-1", $"ip link set {Cable("b")} down");
        var check = cluster.Network.Check();
        Assert.That(check.Holds, Is.False);
        Assert.That(check.Guarantees.Select(g => g.Broken.Count), Is.EqualTo(new[] { 1, 2, 2 }));
        Assert.That(check.ToString(), Does.Contain("node-1 → default/b: 10.244.1.3: "));
        Assert.That(cluster.Network.Check(most: 2).Guarantees[2].ToString(),
            Does.Contain("of 2 pairs reach each other (a sample of 4)"));
    }
}
