using System.Text.Json.Nodes;
using NUnit.Framework;
using static KubeSim.Tests.SchedulerQueueTests;

namespace KubeSim.Tests;

/// <summary>Pods of lower priority go for more important ones: whom, where, and what becomes of the
/// room until it is taken.</summary>
public sealed class SchedulerPreemptionTests
{
    private static IEnumerable<TestCaseData> Of(string table) =>
        Data.Lines("scheduler-preemption.jsonl").Select(line => JsonNode.Parse(line)!.AsObject())
            .Where(c => $"{c["t"]}" == table && IsKnown(c))
            .Select(c => new TestCaseData(c).SetArgDisplayNames($"{c["name"]}"));

    private static IEnumerable<TestCaseData> DryRuns() => Of("dryrun");

    private static IEnumerable<TestCaseData> Picks() => Of("pick");

    private static IEnumerable<TestCaseData> Eligible() => Of("eligible");

    [TestCaseSource(nameof(DryRuns))]
    public void No_more_pods_go_than_have_to(JsonObject c)
    {
        var (record, _) = Preempt(c);
        var found = record.Candidates.ToDictionary(v => v.Node,
            v => v.Victims.Select(p => p.Metadata.Name).Order(StringComparer.Ordinal).ToList());
        if (c["want"] is JsonObject want)
        {
            Assert.That(found.Keys, Is.EquivalentTo(want.Select(w => w.Key)));
            foreach (var (node, victims) in want)
            {
                Assert.That(found[node], Is.EquivalentTo(Names(victims)), node);
            }
            Assert.That(record.Candidates.Sum(v => v.Violations),
                Is.EqualTo((int)c["violations"]!));
        }
        else if (c["free"] is not null)
        {
            Assert.That(record.Candidates[0].Violations, Is.Zero);
        }
        else
        {
            Assert.That(found, Has.Count.EqualTo((int)c["count"]!));
        }
    }

    [TestCaseSource(nameof(Picks))]
    public void The_node_is_picked_where_least_is_lost(JsonObject c)
    {
        var (record, nominated) = Preempt(c);
        var picks = Names(c["pick"]);
        Assert.That(picks.Length == 0 ? [""] : picks, Does.Contain(nominated ?? ""));
        if (c["victims"] is { } victims && picks.Length > 0)
        {
            Assert.That(record.Candidates.Single(v => v.Node == nominated).Victims
                .Select(p => p.Metadata.Name), Is.EquivalentTo(Names(victims)));
        }
    }

    [TestCaseSource(nameof(Eligible))]
    public void Who_waits_for_room_preempts_nobody_else(JsonObject c)
    {
        var (cache, nodes) = Cache(c);
        var diagnosis = new Diagnosis(nodes.Count)
        {
            Absent = PluginStatus.Unschedulable("Any", "any"),
        };
        if (c["hopeless"] is not null)
        {
            diagnosis.Rejected.Add((nodes[0], PluginStatus.Unresolvable("Any", "hopeless")));
        }
        var why = DefaultPreemption.WhyNot(Decisions.Pod(c["pod"]), diagnosis, cache);
        Assert.That(why is null, Is.EqualTo((bool)c["want"]!), why);
    }

    [TestCase(50, 50)]
    [TestCase(500, 100)]
    [TestCase(5000, 500)]
    public void In_a_large_cluster_only_some_nodes_are_tried(int nodes, int tried) =>
        Assert.That(new DefaultPreemption().NodesToTry(nodes), Is.EqualTo(tried));

    [Test]
    public void Nobody_but_the_victims_and_the_node_is_touched_by_a_trial()
    {
        var (cache, nodes) = Cache(JsonNode.Parse("""
            {"nodes":["n"],"pods":[
            {"metadata":{"name":"a"},"spec":{"nodeName":"n","priority":1,"containers":[
            {"resources":{"requests":{"cpu":"300m"}}}]}},
            {"metadata":{"name":"b"},"spec":{"nodeName":"n","priority":2,"containers":[
            {"resources":{"requests":{"cpu":"200m"}}}]}}]}
            """)!.AsObject());
        var state = new CycleState(Wanting("boss", "300m", 9))
        {
            Cache = cache, Record = new(),
        };
        Ask(state, nodes);
        Assert.That(state.Record!.Candidates.Single().Victims.Single().Metadata.Name,
            Is.EqualTo("a"));
        Assert.That(nodes[0].Pods, Has.Count.EqualTo(2));
        Assert.That(nodes[0].Requested.MilliCpu, Is.EqualTo(500));
    }

    [Test]
    public void Victims_are_told_deleted_and_the_room_is_taken()
    {
        var cluster = Full();
        cluster.Create(Important("boss", 1000));
        cluster.RunUntil(c => c.Get<Pod>("boss").Status.NominatedNodeName is not null);
        var boss = cluster.Get<Pod>("boss");
        var node = boss.Status.NominatedNodeName!;
        var victim = cluster.List<Pod>().Single(p => p.IsTerminating);

        Assert.That(victim.Spec.NodeName, Is.EqualTo(node));
        Assert.That(victim.Metadata.DeletionGracePeriodSeconds, Is.EqualTo(30));
        var told = victim.Condition("DisruptionTarget")!;
        Assert.That((told.Status, told.Reason, told.Message), Is.EqualTo(("True",
            "PreemptionByScheduler",
            "default-scheduler: preempting to accommodate a higher priority pod")));
        Assert.That(Messages(cluster, victim.Metadata.Name),
            Does.Contain($"Preempted by pod {boss.Metadata.Uid} on node {node}"));
        Assert.That(Messages(cluster, "boss"), Is.EqualTo(new[]
        {
            "0/2 nodes are available: 2 Insufficient cpu.",
        }));

        Gone(cluster, victim);
        cluster.RunUntil(c => c.Get<Pod>("boss").IsScheduled);
        boss = cluster.Get<Pod>("boss");
        Assert.That((boss.Spec.NodeName, boss.Status.NominatedNodeName),
            Is.EqualTo((node, (string?)null)));
    }

    [Test]
    public void Room_that_is_being_made_is_not_taken_by_the_less_important()
    {
        var cluster = Full();
        cluster.Create(Important("boss", 1000));
        cluster.RunUntil(c => c.Get<Pod>("boss").Status.NominatedNodeName is not null);
        var victim = cluster.List<Pod>().Single(p => p.IsTerminating);
        // The scheduler learns of the room only together with the one who wants to take it.
        cluster.Faults.Hold("default-scheduler:Pod");
        Gone(cluster, victim);
        cluster.Create(Important("thief", 20));
        cluster.Faults.Restore("default-scheduler");
        cluster.Converge();

        Assert.That(cluster.Get<Pod>("boss").Spec.NodeName, Is.EqualTo(victim.Spec.NodeName));
        Assert.That(cluster.Get<Pod>("thief").Spec.NodeName,
            Is.Not.EqualTo(victim.Spec.NodeName));
    }

    [Test]
    public void While_victims_end_nobody_else_is_preempted()
    {
        var cluster = Full();
        cluster.Create(Important("boss", 1000));
        cluster.RunUntil(c => c.Get<Pod>("boss").Status.NominatedNodeName is not null);
        // A change that lets the pod try again, while its victim is still ending.
        cluster.Create(Bootstrap.NewNode("small") with
        {
            Status = new()
            {
                Allocatable = Map.Of<Quantity>(("cpu", "3500m"), ("memory", "1Gi"), ("pods", "0")),
            },
        });
        cluster.Run(TimeSpan.FromMinutes(7));

        Assert.That(cluster.List<Pod>().Count(p => p.IsTerminating), Is.EqualTo(1));
        Assert.That(Messages(cluster, "boss"), Has.Some.EndsWith(
            "preemption: not eligible due to a terminating pod on the nominated node."));
    }

    [Test]
    public void A_polite_pod_preempts_nobody()
    {
        var cluster = Full();
        cluster.Create(new PriorityClass
        {
            Metadata = new() { Name = "p500" }, Value = 500, PreemptionPolicy = "Never",
        });
        cluster.Create(Important("polite", 500));
        cluster.Converge();
        Assert.That(cluster.List<Pod>().Any(p => p.IsTerminating), Is.False);
        Assert.That(Messages(cluster, "polite").Single(), Does.EndWith(
            "preemption: not eligible due to preemptionPolicy=Never."));
    }

    [Test]
    public void In_a_whole_cluster_the_more_important_runs_and_the_victim_is_gone()
    {
        var cluster = new Cluster(1);
        cluster.Create(new PriorityClass { Metadata = new() { Name = "p10" }, Value = 10 });
        cluster.Create(new PriorityClass { Metadata = new() { Name = "p1000" }, Value = 1000 });
        cluster.Create(Important("low", 10));
        cluster.Converge();
        cluster.Create(Important("boss", 1000));
        Assert.That(cluster.Converge().Met);

        Assert.That(cluster.List<Pod>().Select(p => (p.Metadata.Name, p.Status.Phase)),
            Is.EqualTo(new[] { ("boss", "Running") }));
        Assert.That(cluster.List<Event>().Select(e => e.Reason), Does.Contain("Preempted"));
    }

    [TestCase("21-preempt-simple")]
    [TestCase("22-preempt-fewest-lowest")]
    [TestCase("24-preempt-useless-taint")]
    [TestCase("26-preempt-antiaffinity")]
    public void Victims_and_node_are_those_of_the_real_scheduler(string name)
    {
        if (SchedulerGoldenTests.SharedFolder("golden/scheduler") is not { } folder)
        {
            Assert.Ignore("the full recordings are not here");
            return;
        }
        var recording = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name + ".json")))!;
        var steps = recording["steps"]!.AsArray();
        var pods = recording["pods"]!.AsArray().Select(p => Decisions.Pod(p)).ToDictionary(
            p => $"{p.Metadata.Namespace}/{p.Metadata.Name}",
            p => p with
            {
                Spec = p.Spec with
                {
                    Priority = (int)steps.First(s => $"{s!["pod"]}"
                        == $"{p.Metadata.Namespace}/{p.Metadata.Name}")!["priority"]!,
                },
            });
        foreach (var step in steps.Where(s => s!["unschedulable"] is not null
            && IsKnown(recording.AsObject())))
        {
            var decisions = new Decisions();
            foreach (var node in recording["nodes"]!.AsArray())
            {
                decisions.Cache.SetNode(Decisions.Node(node));
            }
            foreach (var (who, node) in step!["before"]!.AsObject())
            {
                decisions.Cache.SetPod(
                    pods[who] with { Spec = pods[who].Spec with { NodeName = $"{node}" } });
            }
            Assert.That(decisions.Decide(pods[$"{step["pod"]}"], record: true), Is.Null);
            Assert.That(decisions.Refusal(), Is.EqualTo($"{step["unschedulable"]}"));
            // Which of two nodes that differ in nothing but start times is not in the recording.
            var chosen = decisions.State.Record!.Candidates
                .Where(v => v.Node == $"{step["nominatedNodeName"]}");
            Assert.That(chosen.SelectMany(v => v.Victims).Select(v => v.Metadata.Name),
                Is.EquivalentTo(step["victims"]!.AsArray().Select(v => $"{v!["pod"]}")));
        }
    }

    // Rules about other pods need plugins that not every profile has.
    private static bool IsKnown(JsonObject c)
    {
        var text = c.ToJsonString();
        var plugins = SchedulingFramework.DefaultProfile().Select(p => p.Plugin.Name).ToHashSet();
        return (!text.Contains("topologySpreadConstraints", StringComparison.Ordinal)
                || plugins.Contains("PodTopologySpread"))
            && (!text.Contains("ffinity", StringComparison.Ordinal)
                || plugins.Contains("InterPodAffinity"));
    }

    private static (CycleRecord Record, string? Nominated) Preempt(JsonObject c)
    {
        var (cache, nodes) = Cache(c);
        var state = new CycleState(Decisions.Pod(c["pod"]))
        {
            Cache = cache, Record = new(), Objects = new Budgets(c["pdbs"]),
        };
        Ask(state, nodes, new()
        {
            MinCandidateNodesPercentage = (int?)c["percentage"] ?? 100,
            MinCandidateNodesAbsolute = 1,
        });
        return (state.Record, state.Nominate);
    }

    private static void Ask(
        CycleState state, List<NodeInfo> nodes, DefaultPreemptionArgs? args = null)
    {
        var framework = new SchedulingFramework(SchedulingFramework.DefaultProfile());
        framework.PreFilter(state, state.Pod, nodes);
        var diagnosis = new Diagnosis(nodes.Count);
        foreach (var node in nodes)
        {
            diagnosis.Rejected.Add((node, PluginStatus.Unschedulable("Any", "any")));
        }
        new DefaultPreemption(args).PostFilter(state, state.Pod, diagnosis, framework);
    }

    private static (SchedulerCache Cache, List<NodeInfo> Nodes) Cache(JsonObject c)
    {
        var cache = new SchedulerCache();
        foreach (var name in Names(c["nodes"]))
        {
            var parts = name.Split('/');
            cache.SetNode(new()
            {
                Metadata = new()
                {
                    Name = parts[0],
                    Labels = Map.Of(("hostname", parts[0]),
                        ("zone", parts.Length > 1 ? parts[1] : "")),
                },
                Status = new()
                {
                    Allocatable = Map.Of<Quantity>(("cpu", "500m"), ("memory", "500"),
                        ("pods", "32")),
                },
            });
        }
        foreach (var pod in c["pods"]!.AsArray())
        {
            cache.SetPod(Decisions.Pod(pod));
        }
        return (cache, [.. cache.Nodes]);
    }

    // Two nodes of 4 CPUs, each with a pod of priority 10 that wants 3. Nobody ends pods here.
    private static Cluster Full()
    {
        var cluster = new Cluster(2, components: [new("default-scheduler", _ => new Scheduler())]);
        foreach (var value in (int[])[10, 20, 1000])
        {
            cluster.Create(new PriorityClass
            {
                Metadata = new() { Name = $"p{value}" }, Value = value,
            });
        }
        cluster.Create(Important("low-1", 10));
        cluster.Create(Important("low-2", 10));
        cluster.Converge();
        return cluster;
    }

    private static Pod Important(string name, int priority)
    {
        var pod = Wanting(name, "3");
        return pod with { Spec = pod.Spec with { PriorityClassName = $"p{priority}" } };
    }

    private static void Gone(Cluster cluster, Pod pod) =>
        cluster.Delete(pod, new DeleteOptions { GracePeriodSeconds = 0 });

    private static List<string?> Messages(Cluster cluster, string pod) =>
        [.. cluster.List<Event>().Where(e => e.InvolvedObject.Name == pod).Select(e => e.Message)];

    private static string[] Names(JsonNode? list) =>
        [.. list?.AsArray().Select(n => $"{n}") ?? []];

    private sealed class Budgets(JsonNode? list) : IObjectReader
    {
        public T? Get<T>(string ns, string name)
            where T : ApiObject => null;

        public IEnumerable<T> List<T>(string? ns = null)
            where T : ApiObject => typeof(T) != typeof(PodDisruptionBudget) || list is null ? []
                : list.AsArray().Select(b => Json.Decode<T>(b!.DeepClone()));
    }
}
