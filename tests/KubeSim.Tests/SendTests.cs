using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What a sender notices, and why.</summary>
public class SendTests
{
    private static Cluster Web(params string[] endpoints)
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("client", "10.244.1.2");
        foreach (var (i, ip) in endpoints.Index())
        {
            cluster.AddPod($"web-{i}", ip);
        }
        cluster.AddService("web", "10.96.0.7", null, endpoints);
        return cluster;
    }

    [Test]
    public void A_name_leads_to_a_pod_of_the_service()
    {
        var trace = Web("10.244.2.3").Send("client", "http://web");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.Answered), trace.ToString());
        Assert.That(trace.Receiver?.Name, Is.EqualTo("web-0"));
    }

    [Test]
    public void Every_pod_of_a_service_is_reached_sometimes()
    {
        var cluster = Web("10.244.1.3", "10.244.2.3", "10.244.3.3");
        var reached = Enumerable.Range(0, 40)
            .Select(_ => cluster.Send("client", "web:80").Receiver!.Value.Name)
            .GroupBy(n => n).ToDictionary(g => g.Key, g => g.Count());
        Assert.That(reached, Has.Count.EqualTo(3));
        Assert.That(reached.Values, Has.All.GreaterThan(5));
    }

    [Test]
    public void Equal_sends_of_equal_clusters_take_the_same_way()
    {
        var (one, other) = (Web("10.244.1.3", "10.244.2.3"), Web("10.244.1.3", "10.244.2.3"));
        for (var i = 0; i < 5; i++)
        {
            Assert.That(one.Send("client", "web:80").ToString(),
                Is.EqualTo(other.Send("client", "web:80").ToString()));
        }
    }

    [Test]
    public void A_send_is_no_part_of_the_run()
    {
        var cluster = Web("10.244.2.3");
        var (digest, steps, journal) = (cluster.Digest, cluster.StepCount, cluster.Journal.Count);
        cluster.Send("client", "web:80");
        cluster.IptablesSave("node-3");
        Assert.That((cluster.Digest, cluster.StepCount, cluster.Journal.Count),
            Is.EqualTo((digest, steps, journal)));
        Assert.That(Cluster.Compare(cluster, cluster.Fork()), Is.Null);
    }

    [Test]
    public void A_cluster_ip_cannot_be_pinged()
    {
        var cluster = Web("10.244.2.3");
        var trace = cluster.Send("client", "10.96.0.7");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.TimedOut));
        Assert.That(trace.Message, Is.EqualTo("10.96.0.7: 100% packet loss"));
        Assert.That(cluster.Send("client", "10.244.2.3").Outcome, Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void A_port_of_a_cluster_ip_without_a_rule_times_out() =>
        Assert.That(Web("10.244.2.3").Send("client", "10.96.0.7:81").Outcome,
            Is.EqualTo(SendOutcome.TimedOut));

    [Test]
    public void A_service_without_endpoints_refuses()
    {
        var trace = Web().Send("client", "web:80");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.Refused));
        Assert.That(trace.Hops[^1].Where, Is.EqualTo("node-1 filter KUBE-SERVICES"));
        Assert.That(trace.Hops[^1].Rule, Does.Contain("default/web has no endpoints"));
    }

    [Test]
    public void A_port_where_nothing_listens_refuses()
    {
        var trace = Web("10.244.2.3").Send("client", "10.244.2.3:9999");
        Assert.That(trace.Outcome, Is.EqualTo(SendOutcome.Refused));
        Assert.That(trace.Hops[^1].Rule, Is.EqualTo("nothing listens on port 9999"));
    }

    [Test]
    public void A_pod_without_a_running_container_refuses()
    {
        var cluster = Web();
        cluster.AddPod("waiting", "10.244.2.9", phase: "Pending");
        Assert.That(cluster.Send("client", "10.244.2.9:80").Outcome,
            Is.EqualTo(SendOutcome.Refused));
        Assert.That(cluster.Send("client", "10.244.2.99:80").Outcome,
            Is.EqualTo(SendOutcome.NoRoute));
    }

    [Test]
    public void A_pod_that_reaches_itself_by_its_service_is_masqueraded()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("web-0", "10.244.1.2");
        cluster.AddService("web", "10.96.0.7", null, "10.244.1.2");
        var trace = cluster.Send("web-0", "web:80");
        Assert.That(trace.Receiver?.Name, Is.EqualTo("web-0"));
        var arrived = trace.Hops.Single(h => h.Verdict == Verdict.Deliver).After;
        Assert.That(arrived.Source, Is.EqualTo("10.244.1.1"));
    }

    [Test]
    public void The_answer_comes_from_the_address_that_was_asked()
    {
        var trace = Web("10.244.2.3").Send("client", "web:80");
        var answer = trace.Hops[^1];
        Assert.That(answer.Where, Is.EqualTo("node-1 conntrack"));
        Assert.That(answer.Before.Source, Is.EqualTo("10.244.2.3"));
        Assert.That(answer.After.Source, Is.EqualTo("10.96.0.7"));
    }

    [Test]
    public void A_node_port_of_any_node_leads_to_a_pod_of_another()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("web-0", "10.244.3.2");
        cluster.AddService("web", "10.96.0.7", s => s with
        {
            Type = "NodePort",
            Ports = [new() { Port = 80, TargetPort = 8080, NodePort = 30080 }],
        }, "10.244.3.2");
        var trace = cluster.Send("outside", "192.168.0.11:30080");
        Assert.That(trace.Receiver?.Name, Is.EqualTo("web-0"), trace.ToString());
        Assert.That(trace.Hops.Single(h => h.Verdict == Verdict.Deliver).After.Source,
            Is.EqualTo("192.168.0.11"), "policy Cluster hides the client behind the node");
        Assert.That(trace.Hops[^1].After.Source, Is.EqualTo("192.168.0.11"));
    }

    [Test]
    public void Policy_Local_keeps_the_client_and_drops_where_there_is_no_pod()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("web-0", "10.244.3.2");
        cluster.AddService("web", "10.96.0.7", s => s with
        {
            Type = "NodePort", ExternalTrafficPolicy = "Local",
            Ports = [new() { Port = 80, TargetPort = 8080, NodePort = 30080 }],
        }, "10.244.3.2");
        var there = cluster.Send("outside", "192.168.0.13:30080");
        Assert.That(there.Hops.Single(h => h.Verdict == Verdict.Deliver).After.Source,
            Is.EqualTo("203.0.113.50"));
        Assert.That(cluster.Send("outside", "192.168.0.11:30080").Outcome,
            Is.EqualTo(SendOutcome.TimedOut));
    }

    [Test]
    public void A_load_balancer_of_policy_Local_picks_a_node_that_has_a_pod()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("web-0", "10.244.3.2");
        var service = cluster.AddService("web", "10.96.0.7", s => s with
        {
            Type = "LoadBalancer", ExternalTrafficPolicy = "Local",
        }, "10.244.3.2");
        cluster.UpdateStatus(service with
        {
            Status = new() { LoadBalancer = new() { Ingress = [new() { Ip = "203.0.113.10" }] } },
        });
        cluster.Converge();
        for (var i = 0; i < 10; i++)
        {
            var trace = cluster.Send("outside", "203.0.113.10:80");
            Assert.That(trace.Receiver?.Name, Is.EqualTo("web-0"), trace.ToString());
            Assert.That(trace.Hops[0].Rule, Does.EndWith("picks node-3"));
        }
        var health = service.Spec.HealthCheckNodePort;
        Assert.That(cluster.Send("outside", $"192.168.0.11:{health}").Message,
            Is.EqualTo("node-1 answers"));
        Assert.That(cluster.Send("outside", "192.168.0.11:9999").Outcome,
            Is.EqualTo(SendOutcome.Refused));
    }

    [Test]
    public void A_client_with_affinity_stays_with_its_pod()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("client", "10.244.1.2");
        for (var i = 1; i <= 3; i++)
        {
            cluster.AddPod($"web-{i}", $"10.244.{i}.9");
        }
        cluster.AddService("web", "10.96.0.7", s => s with { SessionAffinity = "ClientIP" },
            "10.244.1.9", "10.244.2.9", "10.244.3.9");
        var reached = Enumerable.Range(0, 10)
            .Select(_ => cluster.Send("client", "web:80").Receiver!.Value.Name).Distinct();
        Assert.That(reached.Count(), Is.EqualTo(1));
    }

    [Test]
    public void A_headless_service_leads_to_its_pods_without_a_rule()
    {
        var cluster = NetworkCluster.New();
        cluster.AddPod("client", "10.244.1.2");
        cluster.AddPod("db-0", "10.244.2.5");
        cluster.AddService("db", "None", null, "10.244.2.5");
        var trace = cluster.Send("client", "db.default.svc.cluster.local:8080");
        Assert.That(trace.Receiver?.Name, Is.EqualTo("db-0"));
        Assert.That(trace.Hops.Select(h => h.Where), Has.None.Contains("KUBE-SVC-"));
    }

    [Test]
    public void Names_of_the_cluster_mean_nothing_outside_of_pods()
    {
        var cluster = Web("10.244.2.3");
        Assert.That(cluster.Send("node-1", "web.default.svc.cluster.local:80").Outcome,
            Is.EqualTo(SendOutcome.NameUnknown));
        Assert.That(cluster.Send("client", "nosuch:80").Hops.Select(h => h.Rule), Is.EqualTo(new[]
        {
            "no kube-dns in kube-system: the simulator answers itself",
            "nosuch.default.svc.cluster.local: NXDOMAIN", "nosuch.svc.cluster.local: NXDOMAIN",
            "nosuch.cluster.local: NXDOMAIN", "nosuch: NXDOMAIN",
        }));
        Assert.That(cluster.Send("outside", "10.96.0.7:80").Outcome,
            Is.EqualTo(SendOutcome.TimedOut));
        Assert.That(cluster.Send("node-1", "10.96.0.7:80").Outcome,
            Is.EqualTo(SendOutcome.Answered));
    }

    [Test]
    public void A_machine_without_power_answers_nobody()
    {
        var cluster = Web("10.244.2.3");
        cluster.Faults.Crash("node-2");
        Assert.That(cluster.Send("client", "web:80").Outcome, Is.EqualTo(SendOutcome.TimedOut));
    }

    [Test]
    public void Bad_senders_and_targets_are_told()
    {
        var cluster = Web();
        Assert.That(() => cluster.Send("nobody", "web:80"), Throws.ArgumentException
            .With.Message.Contains("no pod default/nobody"));
        Assert.That(() => cluster.Send("client", "web:http"), Throws.ArgumentException
            .With.Message.Contains("cannot read the target"));
    }
}
