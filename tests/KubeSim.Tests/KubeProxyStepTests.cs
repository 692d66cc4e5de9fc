using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>kube-proxy writes nothing to the API, yet what it does is a step like any
/// other.</summary>
public sealed class KubeProxyStepTests
{
    private static List<StepRecord> ProxySteps(Cluster cluster)
    {
        var steps = new List<StepRecord>();
        cluster.Stepped = s =>
        {
            if (s.Component == "kube-proxy")
            {
                steps.Add(s);
            }
        };
        return steps;
    }

    [Test]
    public void A_step_says_which_rules_were_written()
    {
        var cluster = NetworkCluster.New();
        var steps = ProxySteps(cluster);
        cluster.AddService("web", "10.96.0.7", null, "10.244.1.3", "10.244.2.3", "10.244.3.3");
        Assert.That(steps.Select(s => s.Node),
            Is.EquivalentTo(new[] { "node-1", "node-2", "node-3" }));
        Assert.That(steps.Select(s => $"{s.Did}"), Is.All.EqualTo(
            "[wrote the rules of Service default/web (rules: 11, endpoints: 3)]"));
        Assert.That(steps[0].ToString(), Does.EndWith(steps[0].Did[0]));
    }

    [Test]
    public void What_changes_within_a_second_is_gathered()
    {
        var cluster = NetworkCluster.New(nodes: 1);
        cluster.AddService("web", "10.96.0.7", null, "10.244.1.3");
        var (steps, from) = (ProxySteps(cluster), cluster.Now);
        foreach (var i in (int[])[4, 5, 6])
        {
            var slice = cluster.Get<EndpointSlice>("web-abcde");
            cluster.Update(slice with
            {
                Endpoints = slice.Endpoints.Add(slice.Endpoints[0] with
                {
                    Addresses = [$"10.244.1.{i}"],
                }),
            });
            cluster.Run(TimeSpan.FromMilliseconds(100));
        }
        cluster.Converge();
        Assert.That(steps, Has.Count.EqualTo(1));
        Assert.That(steps[0].Did[0], Does.EndWith("endpoints: 4)"));
        Assert.That(steps[0].Time - from, Is.InRange(TimeSpan.FromMilliseconds(200),
            TimeSpan.FromSeconds(1)));
    }

    [Test]
    public void A_change_that_concerns_no_rule_is_no_step()
    {
        var cluster = NetworkCluster.New(nodes: 1);
        cluster.AddService("web", "10.96.0.7", null, "10.244.1.3");
        var steps = ProxySteps(cluster);
        cluster.Patch<Service>("default", "web", """{"metadata":{"labels":{"a":"b"}}}""");
        cluster.Converge();
        Assert.That(steps, Is.Empty);
    }

    [Test]
    public void In_a_large_cluster_rules_are_written_when_somebody_looks()
    {
        var cluster = NetworkCluster.New(nodes: 21);
        var steps = ProxySteps(cluster);
        cluster.AddService("web", "10.96.0.7", null, "10.244.1.3");
        Assert.That(steps, Is.Empty);
        Assert.That(cluster.IptablesSave("node-21"), Does.Contain("default/web cluster IP"));
    }

    [Test]
    public void Rules_go_with_their_service()
    {
        var cluster = NetworkCluster.New(nodes: 1);
        cluster.Delete(cluster.AddService("web", "10.96.0.7", null, "10.244.1.3"));
        var steps = ProxySteps(cluster);
        cluster.Converge();
        Assert.That(steps.Select(s => $"{s.Did}"),
            Is.EqualTo(new[] { "[removed the rules of Service default/web]" }));
        Assert.That(cluster.IptablesSave("node-1"), Does.Not.Contain("default/web"));
    }
}
