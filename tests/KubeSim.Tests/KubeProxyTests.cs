using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>kube-proxy as a component: what it has seen decides, and what it wrote outlives
/// it.</summary>
public class KubeProxyTests
{
    private static Cluster Web(int nodes = 3)
    {
        var cluster = NetworkCluster.New(nodes);
        cluster.AddPod("client", "10.244.1.2");
        cluster.AddPod("web-0", "10.244.1.3");
        cluster.AddService("web", "10.96.0.7", null, "10.244.1.3");
        return cluster;
    }

    private static void Lose(Cluster cluster)
    {
        var slice = cluster.Get<EndpointSlice>("default", "web-abcde");
        cluster.Update(slice with { Endpoints = [] });
        cluster.Converge();
    }

    [Test]
    public void Rules_follow_the_endpoints()
    {
        var cluster = Web();
        Assert.That(cluster.IptablesSave("node-2"),
            Does.Contain("--to-destination 10.244.1.3:8080"));
        Lose(cluster);
        Assert.That(cluster.IptablesSave("node-2"), Does.Not.Contain("10.244.1.3:8080"));
        Assert.That(cluster.IptablesSave("node-2", "filter"), Does.Contain("has no endpoints"));
    }

    [Test]
    public void A_held_cursor_keeps_the_rules_of_its_node_back()
    {
        var cluster = Web();
        cluster.Faults.Hold("kube-proxy/node-1");
        Lose(cluster);
        Assert.That(cluster.IptablesSave("node-1"), Does.Contain("10.244.1.3:8080"));
        Assert.That(cluster.IptablesSave("node-2"), Does.Not.Contain("10.244.1.3:8080"));
        cluster.Faults.Restore("kube-proxy/node-1");
        cluster.Converge();
        Assert.That(cluster.IptablesSave("node-1"), Does.Not.Contain("10.244.1.3:8080"));
    }

    [Test]
    public void Rules_outlive_the_process_and_grow_stale()
    {
        var cluster = Web();
        cluster.Faults.Crash("kube-proxy/node-1");
        Lose(cluster);
        Assert.That(cluster.Send("client", "web:80").Outcome, Is.EqualTo(SendOutcome.Answered));
        cluster.Faults.Restore("kube-proxy/node-1");
        cluster.Converge();
        Assert.That(cluster.Send("client", "web:80").Outcome, Is.EqualTo(SendOutcome.Refused));
    }

    [Test]
    public void Rules_die_with_the_power_and_come_back_with_it()
    {
        var cluster = Web();
        Assert.That(cluster.IptablesSave("node-1"), Does.Contain("10.244.1.3:8080"));
        cluster.Faults.Crash("node-1");
        Assert.That(cluster.IptablesSave("node-1"), Does.Not.Contain("KUBE"));
        cluster.Faults.Restore("node-1");
        cluster.Converge();
        Assert.That(cluster.IptablesSave("node-1"), Does.Contain("10.244.1.3:8080"));
    }

    [Test]
    public void A_change_costs_no_step_of_any_node()
    {
        var cluster = Web(nodes: 50);
        var steps = cluster.StepCount;
        Lose(cluster);
        Assert.That(cluster.StepCount, Is.EqualTo(steps));
    }

    [Test]
    public void Nodes_share_the_rules_that_are_the_same_for_all()
    {
        var cluster = Web();
        NetfilterChain Chain(string node) => cluster.FilterOf(node).Table("nat").Chains
            .First(c => c.Name.StartsWith("KUBE-SVC-", StringComparison.Ordinal));
        Assert.That(Chain("node-1"), Is.SameAs(Chain("node-3")));
    }

    [Test]
    public void A_node_that_comes_later_has_rules_too()
    {
        var cluster = Web();
        cluster.Create(Bootstrap.NewNode("late"));
        cluster.Converge();
        Assert.That(cluster.IptablesSave("late"), Does.Contain("10.244.1.3:8080"));
    }

    [Test]
    public void When_somebody_looks_does_not_matter()
    {
        var (often, once) = (Web(), Web());
        often.IptablesSave("node-1");
        Lose(often);
        Lose(once);
        Assert.That(often.IptablesSave("node-1"), Is.EqualTo(once.IptablesSave("node-1")));
        Assert.That(often.Digest, Is.EqualTo(once.Digest));
    }
}
