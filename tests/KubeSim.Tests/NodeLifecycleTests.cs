using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Nodes that fall silent, and the pods on them.</summary>
public sealed class NodeLifecycleTests
{
    private const string Tolerate = "node.kubernetes.io/";

    private static readonly TimeSpan tenSeconds = TimeSpan.FromSeconds(10);

    private static Cluster Given(int nodes, Latency? latency = null) =>
        new(nodes, latency: latency ?? Latency.None, components:
        [
            new("node-lifecycle-controller", _ => new NodeLifecycle())
            {
                EventSource = "node-controller",
            },
            new("taint-eviction-controller", _ => new TaintEviction()),
            new("kubelet", _ => new Probe()) { PerNode = true },
        ]);

    private static IEnumerable<object[]> Cases(string claim) =>
        TestData.Of("node-lifecycle-cases.tsv", claim);

    private static Node Node(Cluster cluster, int n = 1) => cluster.Find<Node>("", $"node-{n}")!;

    // A kubelet that does nothing but be there.
    private static void Silence(Cluster cluster, int n = 1) =>
        cluster.Faults.Crash($"kubelet/node-{n}");

    private static Pod Pod(Cluster cluster, string name, int node, params Toleration[] tolerations)
    {
        cluster.Create(new Pod
        {
            Metadata = new() { Name = name, Namespace = "default" },
            Spec = new()
            {
                NodeName = $"node-{node}", Tolerations = [.. tolerations],
                Containers = [new() { Name = "c", Image = "nginx" }],
            },
        });
        var pod = cluster.Get<Pod>(name);
        return cluster.UpdateStatus(pod with
        {
            Status = pod.Status with
            {
                Phase = "Running",
                Conditions = [new() { Type = "Ready", Status = "True" }],
            },
        });
    }

    private static Toleration Bear(string key, long? seconds) => new()
    {
        Key = Tolerate + key, Operator = "Exists", Effect = "NoExecute",
        TolerationSeconds = seconds,
    };

    private static string[] Events(Cluster cluster, string? reason = null) =>
        [.. cluster.List<Event>().Where(e => reason is null || e.Reason == reason)
            .OrderBy(e => e.Metadata.ResourceVersion)
            .Select(e => $"{e.Type} {e.InvolvedObject.Kind}/{e.InvolvedObject.Name} {e.Reason}: "
                + e.Message)];

    private static string Taints(Node node) => string.Join(' ', node.Spec.Taints);

    [Test]
    public void A_pod_of_a_node_that_was_cut_off_is_ready_again_once_the_node_is_back()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl("run web --image=nginx:1.27");
        cluster.Converge();
        cluster.Faults.Partition("node-1");
        cluster.Run(TimeSpan.FromSeconds(60));
        Assert.That(cluster.List<Pod>().Single().IsReady, Is.False);

        cluster.Faults.Restore("node-1");
        cluster.Run(TimeSpan.FromSeconds(2));

        Assert.That(cluster.List<Pod>().Single().IsReady, Is.True, "its kubelet says so");
    }

    [Test]
    public void A_silent_node_is_lost_after_its_grace_as_recorded()
    {
        var cluster = Given(3);
        cluster.Converge();
        Pod(cluster, "tol0", 1, Bear("unreachable", 0));
        Pod(cluster, "tol10", 1, Bear("unreachable", 10));
        Pod(cluster, "tol60", 1, Bear("unreachable", 60));
        Pod(cluster, "default300", 1);
        Pod(cluster, "elsewhere", 2);
        var start = cluster.Now;
        cluster.Run(TimeSpan.FromSeconds(33));
        Silence(cluster);
        var crashed = cluster.Now;
        Assert.That(cluster.RunUntil(c => !Node(c).IsReady).Met);
        // The last renewal was at most 10 s before, the last look at most 5 s after it.
        Assert.That((cluster.Now - crashed).TotalSeconds, Is.InRange(40, 55));
        start = cluster.Now - TimeSpan.FromSeconds(50);
        cluster.Run(TimeSpan.FromSeconds(1));

        var node = Node(cluster);
        foreach (var type in new[] { "Ready", "MemoryPressure", "DiskPressure", "PIDPressure" })
        {
            var condition = node.Condition(type)!;
            Assert.That((condition.Status, condition.Reason, condition.Message), Is.EqualTo(
                ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")));
        }
        Assert.That(Taints(node), Is.EqualTo("node.kubernetes.io/unreachable:NoExecute "
            + "node.kubernetes.io/unreachable:NoSchedule"));
        Assert.That(cluster.Get<Pod>("default300").IsReady, Is.False);
        Assert.That(cluster.Get<Pod>("elsewhere").IsReady);
        Assert.That(Events(cluster).Take(2), Is.EqualTo(new[]
        {
            "Normal Node/node-1 NodeNotReady: Node node-1 status is now: NodeNotReady",
            "Warning Pod/tol0 NodeNotReady: Node is not ready",
        }));
        AssertEvictions(cluster, start);
    }

    [Test]
    public void A_node_that_is_silent_from_the_first_instant_is_lost_after_its_grace()
    {
        var cluster = new Cluster(nodes: 2);
        var start = cluster.Now;
        cluster.Faults.Crash("node-1");
        Assert.That(cluster.RunUntil(c => !Node(c).IsReady).Met);
        Assert.That((cluster.Now - start).TotalSeconds, Is.InRange(40, 55));
        Assert.That(Node(cluster, 2).IsReady);
    }

    private static void AssertEvictions(Cluster cluster, DateTime start)
    {
        Assert.That(cluster.Get<Pod>("tol0").IsTerminating);
        var disrupted = cluster.Get<Pod>("tol0").Condition("DisruptionTarget")!;
        Assert.That((disrupted.Status, disrupted.Reason, disrupted.Message), Is.EqualTo(("True",
            "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")));
        foreach (var (pod, seconds) in new[] { ("tol10", 60), ("tol60", 110), ("default300", 350) })
        {
            Assert.That(cluster.RunUntil(c => c.Get<Pod>(pod).IsTerminating).Met);
            Assert.That((cluster.Now - start).TotalSeconds, Is.EqualTo(seconds), pod);
        }
        Assert.That(cluster.Get<Pod>("elsewhere").IsTerminating, Is.False);
        Assert.That(Events(cluster, "TaintManagerEviction"), Is.EqualTo(new[]
        {
            "Normal Pod/tol0 TaintManagerEviction: Marking for deletion Pod default/tol0",
            "Normal Pod/tol10 TaintManagerEviction: Marking for deletion Pod default/tol10",
            "Normal Pod/tol60 TaintManagerEviction: Marking for deletion Pod default/tol60",
            "Normal Pod/default300 TaintManagerEviction: Marking for deletion Pod "
                + "default/default300",
        }));
    }

    private static void Ready(Cluster cluster, string status, int n = 1)
    {
        var node = Node(cluster, n);
        var ready = node.Condition("Ready")! with { Status = status, Reason = "Kubelet" };
        cluster.UpdateStatus(node with
        {
            Status = node.Status with { Conditions = node.Status.Conditions.With(ready) },
        });
    }

    [Test]
    public void A_node_that_is_back_keeps_the_pods_that_could_wait()
    {
        var cluster = Given(3);
        cluster.Converge();
        Pod(cluster, "web", 1);
        Silence(cluster);
        cluster.RunUntil(c => !Node(c).IsReady);
        cluster.Run(tenSeconds);
        cluster.Faults.Restore("kubelet/node-1");
        Ready(cluster, "True");
        cluster.Run(TimeSpan.FromSeconds(6));
        Assert.That(Node(cluster).Spec.Taints, Is.Empty);
        Assert.That(Events(cluster, "TaintManagerEviction"), Is.EqualTo(new[]
        {
            "Normal Pod/web TaintManagerEviction: Cancelling deletion of Pod default/web",
        }));
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.That(cluster.Get<Pod>("web").IsTerminating, Is.False);
    }

    [Test]
    public void When_every_node_is_lost_nobody_is_evicted()
    {
        var cluster = Given(2);
        cluster.Converge();
        Pod(cluster, "web", 1, Bear("unreachable", 0));
        Silence(cluster, 1);
        Silence(cluster, 2);
        cluster.RunUntil(c => !Node(c, 2).IsReady);
        cluster.Run(TimeSpan.FromMinutes(2));
        const string Only = "node.kubernetes.io/unreachable:NoSchedule";
        Assert.That(Taints(Node(cluster, 2)), Is.EqualTo(Only));
        Assert.That(Taints(Node(cluster, 1)), Is.EqualTo(Only),
            "and the taint that was put on before is off again");
    }

    [Test]
    public void Of_a_zone_one_node_in_ten_seconds_is_emptied()
    {
        var cluster = Given(6);
        cluster.Converge();
        cluster.Run(TimeSpan.FromSeconds(1));
        Ready(cluster, "False", 1);
        Ready(cluster, "False", 2);
        var tainted = new List<double>();
        cluster.Run(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 20; i++)
        {
            tainted.Add(cluster.List<Node>().Count(n => Taints(n).Contains("NoExecute")));
            cluster.Run(TimeSpan.FromSeconds(1));
        }
        Assert.That(tainted[0], Is.EqualTo(1));
        Assert.That(tainted[8], Is.EqualTo(1));
        Assert.That(tainted[11], Is.EqualTo(2));
    }

    [Test]
    public void A_node_that_comes_and_goes_is_reported_at_the_next_look()
    {
        var cluster = Given(1);
        cluster.Converge();
        cluster.Run(TimeSpan.FromSeconds(2));
        cluster.Create(Bootstrap.NewNode("node-2"));
        cluster.Run(TimeSpan.FromSeconds(3.1));
        cluster.Delete(new ObjectKey(Kinds.Node, "", "node-2"));
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(Events(cluster), Is.EqualTo(new[]
        {
            "Normal Node/node-2 RegisteredNode: Node node-2 event: Registered Node node-2 in "
                + "Controller",
            "Normal Node/node-2 RemovingNode: Node node-2 event: Removing Node node-2 from "
                + "Controller",
        }));
        Assert.That(cluster.List<Event>()[0].Source.Component,
            Is.EqualTo("node-controller"));
    }

    [TestCaseSource(nameof(Cases), new object[] { "taints" })]
    public void Conditions_become_taints(string name, string conditions, string expected)
    {
        var node = new Node
        {
            Status = new()
            {
                Conditions = conditions.Split(' ').Select(c => c.Split('='))
                    .Select(c => new NodeCondition { Type = c[0], Status = c[1] }).ToSeq(),
            },
        };
        var taints = NodeTaints.ByCondition(node, default, default);
        Assert.That(string.Join(' ', taints), Is.EqualTo(expected), name);
        var well = node with { Status = NodeStatus.None };
        Assert.That(NodeTaints.ByCondition(well, taints, default), Is.Empty);
    }

    [Test]
    public void A_cordon_becomes_a_taint()
    {
        var cluster = Given(1);
        cluster.Converge();
        cluster.Patch<Node>("", "node-1", """{"spec":{"unschedulable":true}}""");
        cluster.Converge();
        Assert.That(
            Taints(Node(cluster)), Is.EqualTo("node.kubernetes.io/unschedulable:NoSchedule"));
        cluster.Patch<Node>("", "node-1", """{"spec":{"unschedulable":null}}""");
        cluster.Converge();
        Assert.That(Taints(Node(cluster)), Is.Empty);
    }

    [TestCaseSource(nameof(Cases), new object[] { "zones" })]
    public void Zones_break_down_and_recover(
        string name, string nodes, string later, string states, string laterStates)
    {
        var ready = new List<(string Zone, bool Counts, string Status)>();
        foreach (var node in nodes.Split(' ').Select(n => n.Split('=')))
        {
            ready.Add((node[0].TrimEnd('!'), !node[0].EndsWith('!'), node[1]));
        }
        Assert.That(States(ready), Is.EqualTo(states), name);
        var status = later.Split(' ');
        for (var i = 0; i < ready.Count; i++)
        {
            ready[i] = ready[i] with { Status = status[i] };
        }
        Assert.That(States(ready), Is.EqualTo(laterStates), name);
    }

    private static string States(List<(string Zone, bool Counts, string Status)> nodes) =>
        string.Join(' ', nodes.Where(n => n.Counts).GroupBy(n => n.Zone).Select(zone =>
            $"{zone.Key}=" + NodeZones.State(zone.Count(n => n.Status == "True"),
                zone.Count(n => n.Status != "True"))));

    [TestCaseSource(nameof(Cases), new object[] { "shortest" })]
    public void Of_several_tolerations_the_shortest_counts(string seconds, string expected)
    {
        var used = seconds.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(s =>
            new Toleration { TolerationSeconds = s == "ever" ? null : TestData.Number(s) });
        var shortest = TaintEviction.Shortest([.. used]);
        Assert.That(shortest is { } time ? $"{time.TotalSeconds}s" : "ever", Is.EqualTo(expected));
    }

    private static Toleration[] Tolerations(string cell) =>
        [.. cell.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Split('=', ':'))
            .Select(t => new Toleration
            {
                Key = t[0], Value = t[1], Effect = "NoExecute",
                TolerationSeconds = t[2] == "ever" ? null : TestData.Number(t[2]),
            })];

    private static void PutOn(Cluster cluster, string taints)
    {
        var node = Node(cluster);
        cluster.Update(node with
        {
            Spec = node.Spec with
            {
                Taints = taints.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(t => t.Split('=')).Select(t =>
                        new Taint { Key = t[0], Value = t[1], Effect = "NoExecute" }).ToSeq(),
            },
        });
    }

    [TestCaseSource(nameof(Cases), new object[] { "pod" })]
    public void A_pod_that_comes_to_a_tainted_node_goes_unless_it_bears_it(
        string name, string taints, string bound, string tolerations, string evicted)
    {
        var cluster = Given(1);
        PutOn(cluster, taints);
        cluster.Run(TimeSpan.FromSeconds(1));
        cluster.Create(new Pod
        {
            Metadata = new() { Name = "pod1", Namespace = "default" },
            Spec = new()
            {
                NodeName = bound == "true" ? "node-1" : null,
                Tolerations = [.. Tolerations(tolerations)],
                Containers = [new() { Name = "c", Image = "nginx" }],
            },
        });
        cluster.Run(TimeSpan.FromSeconds(50));
        Assert.That(cluster.Find<Pod>("default", "pod1") is { IsTerminating: false },
            Is.EqualTo(evicted != "true"), name);
    }

    [TestCaseSource(nameof(Cases), new object[] { "node" })]
    public void A_node_that_is_tainted_loses_the_pods_that_do_not_bear_it(
        string name, string pod, string taints, string tolerations, string expected)
    {
        var cluster = Given(1);
        Pod(cluster, pod, 1, Tolerations(tolerations));
        cluster.Run(TimeSpan.FromSeconds(1));
        PutOn(cluster, taints);
        cluster.Run(TimeSpan.FromSeconds(2.5));
        var wanted = System.Text.Json.Nodes.JsonNode.Parse(expected)!;
        var evicted = wanted["expectDelete"] is { } one ? (bool)one
            : wanted["expectedDeleteTimes"]!.AsArray().Any(t =>
                t!["names"]!.AsArray().Any(n => (string)n! == pod));
        Assert.That(cluster.Get<Pod>(pod).IsTerminating, Is.EqualTo(evicted), name);
    }

    [Test]
    public void A_crash_in_the_middle_marks_the_rest_of_the_pods_afterwards([Range(1, 4)] int write)
    {
        var cluster = Given(3, Latency.Typical);
        cluster.Converge();
        Pod(cluster, "a", 1);
        Pod(cluster, "b", 1);
        Silence(cluster);
        cluster.Faults.CrashAfterWrite("node-lifecycle-controller", write);
        cluster.Run(TimeSpan.FromSeconds(60));
        cluster.Faults.Restore("node-lifecycle-controller");
        cluster.Run(tenSeconds);
        Assert.That(cluster.Get<Pod>("a").IsReady || cluster.Get<Pod>("b").IsReady, Is.False);
        Assert.That(Taints(Node(cluster)), Does.Contain("NoExecute").And.Contain("NoSchedule"));
    }

    [Test]
    public void A_load_balancer_takes_its_time_and_is_given_back()
    {
        var cluster = new Cluster(nodes: 1, components:
        [
            new("service-lb-controller", _ => new ServiceLoadBalancer())
            {
                EventSource = "service-controller",
            },
        ]);
        cluster.Create(new Service
        {
            Metadata = new() { Name = "web", Namespace = "default" },
            Spec = new() { Type = "LoadBalancer", Ports = [new() { Port = 80 }] },
        });
        cluster.Run(tenSeconds);
        var pending = cluster.Get<Service>("web");
        Assert.That(pending.Metadata.Finalizers,
            Is.EqualTo((Seq<string>)["service.kubernetes.io/load-balancer-cleanup"]));
        Assert.That(pending.Status.LoadBalancer.Ingress, Is.Empty);
        cluster.Converge();
        Assert.That(cluster.Get<Service>("web").Status.LoadBalancer.Ingress[0],
            Is.EqualTo(new LoadBalancerIngress { Ip = "203.0.113.10", IpMode = "VIP" }));

        cluster.Faults.Crash("service-lb-controller");
        cluster.Faults.Restore("service-lb-controller");
        cluster.Converge();
        cluster.Delete(pending);
        cluster.Converge();
        Assert.That(cluster.Find<Service>("default", "web"), Is.Null);
        Assert.That(Events(cluster).Distinct(), Is.EqualTo(new[]
        {
            "Normal Service/web EnsuringLoadBalancer: Ensuring load balancer",
            "Normal Service/web EnsuredLoadBalancer: Ensured load balancer",
            "Normal Service/web DeletingLoadBalancer: Deleting load balancer",
            "Normal Service/web DeletedLoadBalancer: Deleted load balancer",
        }));
    }
}
