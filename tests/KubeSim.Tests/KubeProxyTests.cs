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

    [Test]
    public void A_large_cluster_does_without_the_remarks_of_its_endpoints()
    {
        static string[] Rules(int services)
        {
            var kernel = new ProxyKernel();
            new KubeProxy("node-1", new()).Write(kernel,
                Enumerable.Range(0, services).Select(ProxyCost.NewService),
                Enumerable.Range(0, services).Select(i => ProxyCost.NewSlice(i, 2)));
            return [.. kernel.Filter.Save().Split('\n')
                .Where(l => l.Contains("-A KUBE-SEP-") || l.Contains("-j KUBE-SEP-"))];
        }
        Assert.That(Rules(500), Has.Length.EqualTo(3000).And.All.Contain("--comment"));
        Assert.That(Rules(501), Has.Length.EqualTo(3006).And.None.Contain("--comment"));
    }

    [Test]
    public void Mode_ipvs_says_that_it_is_deprecated()
    {
        static IEnumerable<string> Warnings(string mode)
        {
            var cluster = NetworkCluster.New(mode: mode);
            cluster.AddService("web", "10.96.0.7", null, "10.244.1.3");
            return cluster.List<Event>().Where(e => e.Reason == "IPVSDeprecation")
                .Select(e => e.Type + " " + e.Message);
        }
        Assert.That(Warnings("iptables"), Is.Empty);
        Assert.That(Warnings("ipvs"), Has.Exactly(3).EqualTo("Warning The ipvs proxier is now "
            + "deprecated and may be removed in a future release. Please use 'nftables' instead."));
    }

    [Test]
    public void Rules_grow_with_services_and_virtual_servers_do_not()
    {
        var (small, large) = (ProxyCost.Of(ProxyMode.Iptables, 10), ProxyCost.Of(
            ProxyMode.Iptables, 1000));
        // A Service of 2 endpoints is 8 rules, one of which all packets pass.
        Assert.That(large.WrittenInFull - small.WrittenInFull, Is.EqualTo(990 * 8));
        Assert.That(large.RulesPassed - small.RulesPassed, Is.EqualTo(495).Within(1));
        Assert.That(large.WrittenForChange - small.WrittenForChange, Is.EqualTo(990));
        var (few, many) = (ProxyCost.Of(ProxyMode.Ipvs, 10), ProxyCost.Of(ProxyMode.Ipvs, 1000));
        Assert.That(many.RulesPassed, Is.EqualTo(few.RulesPassed).And.LessThan(20));
        Assert.That(many.WrittenForChange, Is.EqualTo(few.WrittenForChange).And.LessThan(40));
        Assert.That(ProxyCost.Of(ProxyMode.Userspace, 10).WrittenForChange, Is.Zero);
    }
}
