using NUnit.Framework;
using static KubeSim.Tests.SchedulerQueueTests;

namespace KubeSim.Tests;

/// <summary>The scheduler in a cluster: what it writes, what its queue does, and that stale caches
/// and lost answers place no pod twice.</summary>
public sealed class SchedulerTests
{
    private const string Cpu3 =
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: "
        + "0/1 nodes are available: 1 No preemption victims found for incoming pod.";

    // A scheduler and nothing else: pods stay as they are bound.
    private static Cluster Lone(int nodes = 1, Latency? latency = null,
        Func<Scheduler>? factory = null) => new(nodes, latency: latency,
        components: [new("default-scheduler", _ => factory?.Invoke() ?? new Scheduler())]);

    private static Pod Get(Cluster cluster, string name) => cluster.Get<Pod>(name);

    private static List<Event> Events(Cluster cluster, string pod) =>
        [.. cluster.List<Event>().Where(e => e.InvolvedObject.Name == pod)];

    [Test]
    public void Binding_is_told_in_the_newer_form()
    {
        var cluster = Lone();
        cluster.Create(Wanting("web"));
        cluster.Converge();

        var told = Events(cluster, "web").Single();
        Assert.That(Get(cluster, "web").Spec.NodeName, Is.EqualTo("node-1"));
        Assert.That((told.Type, told.Reason, told.Action, told.Message), Is.EqualTo(("Normal",
            "Scheduled", "Binding", "Successfully assigned default/web to node-1")));
        Assert.That(told.ReportingComponent, Is.EqualTo("default-scheduler"));
        Assert.That(told.EventTime, Is.Not.Null);
        Assert.That(told.Count, Is.Null);
    }

    [Test]
    public void A_pod_without_room_is_told_why_and_placed_when_there_is_room()
    {
        var cluster = Lone();
        cluster.Create(Wanting("first", "3"));
        cluster.Converge();
        cluster.Create(Wanting("second", "3"));
        cluster.Converge();

        var condition = Get(cluster, "second").Condition("PodScheduled")!;
        Assert.That((condition.Status, condition.Reason, condition.Message),
            Is.EqualTo(("False", "Unschedulable", Cpu3)));
        var told = Events(cluster, "second").Single();
        Assert.That((told.Type, told.Reason, told.Action, told.Message),
            Is.EqualTo(("Warning", "FailedScheduling", "Scheduling", Cpu3)));

        cluster.Delete(Get(cluster, "first"),
            new DeleteOptions { GracePeriodSeconds = 0 });
        cluster.Converge();

        Assert.That(Get(cluster, "second").Spec.NodeName, Is.EqualTo("node-1"));
    }

    [Test]
    public void Without_nodes_it_says_so_and_waits_for_one()
    {
        var cluster = Lone(nodes: 0);
        cluster.Create(Wanting("web"));
        cluster.Converge();
        Assert.That(Events(cluster, "web").Single().Message,
            Is.EqualTo("no nodes available to schedule pods"));
        Assert.That(Get(cluster, "web").Condition("PodScheduled")!.Reason,
            Is.EqualTo("Unschedulable"));

        cluster.Create(Bootstrap.NewNode("late"));
        cluster.Run(TimeSpan.FromSeconds(10));

        Assert.That(Get(cluster, "web").Spec.NodeName, Is.EqualTo("late"));
    }

    [Test]
    public void A_change_that_cannot_help_wakes_nobody()
    {
        var cluster = Lone();
        cluster.Create(Wanting("huge", "100"));
        cluster.Converge();
        var before = Attempts(cluster, "huge");

        cluster.Patch<Node>("", "node-1", """{"metadata":{"labels":{"disk":"ssd"}}}""");
        cluster.Patch<Node>("", "node-1", """{"spec":{"unschedulable":true}}""");
        cluster.Create(Wanting("small"));
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(Attempts(cluster, "huge"), Is.EqualTo(before));

        cluster.Create(Bootstrap.NewNode("node-2"));
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(Attempts(cluster, "huge"), Is.EqualTo(before), "too small a node");
    }

    [Test]
    public void After_five_minutes_a_pod_is_tried_whatever_happened()
    {
        var cluster = Lone();
        cluster.Create(Wanting("huge", "100"));
        cluster.Converge();

        cluster.Run(TimeSpan.FromMinutes(4));
        Assert.That(Attempts(cluster, "huge"), Is.EqualTo(1));
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.That(Attempts(cluster, "huge"), Is.EqualTo(2));
    }

    [Test]
    public void An_uncordoned_node_takes_what_waited_for_it()
    {
        var cluster = Lone();
        cluster.Patch<Node>("", "node-1", """{"spec":{"unschedulable":true}}""");
        cluster.Converge();
        cluster.Create(Wanting("web"));
        cluster.Converge();
        Assert.That(Events(cluster, "web").Single().Message,
            Does.StartWith("0/1 nodes are available: 1 node(s) were unschedulable."));

        cluster.Patch<Node>("", "node-1", """{"spec":{"unschedulable":false}}""");
        cluster.Converge();

        Assert.That(Get(cluster, "web").Spec.NodeName, Is.EqualTo("node-1"));
    }

    [Test]
    public void A_gated_pod_waits_outside_until_its_last_gate_is_gone()
    {
        var cluster = Lone();
        var pod = Wanting("web");
        cluster.Create(pod with
        {
            Spec = pod.Spec with { SchedulingGates = [new() { Name = "quota" }] },
        });
        cluster.Converge();
        var condition = Get(cluster, "web").Condition("PodScheduled")!;
        Assert.That((condition.Status, condition.Reason),
            Is.EqualTo(("False", "SchedulingGated")));
        Assert.That(Events(cluster, "web"), Is.Empty);

        cluster.Patch<Pod>("default", "web", """{"spec":{"schedulingGates":null}}""");
        cluster.Converge();

        Assert.That(Get(cluster, "web").Spec.NodeName, Is.EqualTo("node-1"));
    }

    [Test]
    public void The_pod_of_higher_priority_gets_the_last_room()
    {
        var cluster = Lone();
        cluster.Faults.Partition("default-scheduler");
        cluster.Create(new PriorityClass { Metadata = new() { Name = "high" }, Value = 1000 });
        var high = Wanting("b-high", "3");
        cluster.Create(Wanting("a-low", "3"));
        cluster.Create(high with { Spec = high.Spec with { PriorityClassName = "high" } });
        cluster.Faults.Restore("default-scheduler");
        cluster.Converge();

        Assert.That(Get(cluster, "b-high").Spec.NodeName, Is.EqualTo("node-1"));
        Assert.That(Get(cluster, "a-low").Spec.NodeName, Is.Null);
    }

    [Test]
    public void A_neighbour_rule_without_a_topology_is_refused()
    {
        var pod = Wanting("web");
        Assert.That(() => Lone().Create(pod with
        {
            Spec = pod.Spec with
            {
                Affinity = new()
                {
                    PodAntiAffinity = new()
                    {
                        RequiredDuringSchedulingIgnoredDuringExecution = [new()],
                        PreferredDuringSchedulingIgnoredDuringExecution =
                            [new() { Weight = 0, PodAffinityTerm = new() { TopologyKey = "a" } }],
                    },
                },
            },
        }), Throws.TypeOf<ApiException>().With.Message.EqualTo("Pod \"web\" is invalid: ["
            + "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]"
            + ".topologyKey: Required value: can not be empty, spec.affinity.podAntiAffinity."
            + "preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must "
            + "be in the range 1-100]"));
    }

    [Test]
    public void A_pod_of_another_scheduler_is_left_alone()
    {
        var cluster = Lone();
        var pod = Wanting("web");
        cluster.Create(pod with { Spec = pod.Spec with { SchedulerName = "mine" } });
        cluster.Converge();

        Assert.That(Get(cluster, "web").Spec.NodeName, Is.Null);
        Assert.That(Events(cluster, "web"), Is.Empty);
    }

    [Test]
    public void What_it_has_bound_counts_before_it_is_seen()
    {
        var slow = TimeSpan.FromSeconds(1);
        var cluster = Lone(nodes: 2, Latency.Typical with { Watch = (slow, slow) });
        cluster.Create(Wanting("a", "3"));
        cluster.Create(Wanting("b", "3"));
        cluster.Create(Wanting("c", "3"));
        cluster.Converge();

        // Two nodes, room for one such pod each: never two on one.
        var placed = cluster.List<Pod>().Select(p => p.Spec.NodeName).ToList();
        Assert.That(placed.Where(n => n is not null), Is.Unique);
        Assert.That(placed.Count(n => n is null), Is.EqualTo(1));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void A_lost_answer_to_a_binding_places_no_pod_twice(int n)
    {
        var cluster = Lone(nodes: 2);
        cluster.Converge();
        cluster.Faults.LoseReply("default-scheduler", n);
        cluster.Create(Wanting("a", "3"));
        cluster.Create(Wanting("b", "3"));
        cluster.Create(Wanting("c", "3"));
        Assert.That(cluster.Converge().Met);

        var placed = cluster.List<Pod>().Select(p => p.Spec.NodeName).ToList();
        Assert.That(placed.Where(node => node is not null), Is.Unique);
        Assert.That(placed.Count(node => node is null), Is.EqualTo(1));
    }

    [Test]
    public void A_refused_binding_is_told_and_tried_again()
    {
        var cluster = Lone(factory: () => new Scheduler([.. SchedulingFramework.DefaultProfile()
            .Where(p => p.Plugin is not IBindPlugin), new(new RefuseOnce())]));
        cluster.Create(Wanting("web"));
        cluster.Converge();

        Assert.That(Events(cluster, "web").Select(e => e.Message), Is.EquivalentTo(new[]
        {
            "running Bind plugin \"RefuseOnce\": not now",
            "Successfully assigned default/web to node-1",
        }));
        Assert.That(Get(cluster, "web").Condition("PodScheduled")!.Status, Is.EqualTo("True"));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    public void A_crash_after_any_write_leaves_nothing_undone(int n)
    {
        var cluster = Lone(nodes: 3);
        cluster.Converge();
        cluster.Faults.CrashAfterWrite("default-scheduler", n);
        foreach (var name in (string[])["a", "b", "c", "d"])
        {
            cluster.Create(Wanting(name, "3"));
        }
        cluster.Converge();
        cluster.Faults.Restore("default-scheduler");
        cluster.Converge();

        var placed = cluster.List<Pod>().Select(p => p.Spec.NodeName).ToList();
        Assert.That(placed.Where(node => node is not null), Is.Unique);
        Assert.That(placed.Count(node => node is null), Is.EqualTo(1));
    }

    [Test]
    public void A_pod_deleted_while_it_waits_is_forgotten()
    {
        var cluster = Lone();
        cluster.Faults.Hold("default-scheduler:Node");
        cluster.Create(Wanting("web"));
        cluster.Delete(Get(cluster, "web"), new DeleteOptions { GracePeriodSeconds = 0 });
        Assert.That(cluster.Converge().Met);
        cluster.Faults.Restore("default-scheduler");
        Assert.That(cluster.Converge().Met);
    }

    [Test]
    public void Sharing_results_changes_no_decision()
    {
        // Each plugin's promise broken on purpose: the same plugins, asked about every node.
        var shared = Lone(nodes: 5);
        var asked = Lone(nodes: 5, factory: () => new Scheduler(
            [.. SchedulingFramework.DefaultProfile().Select(Unshared)]));
        foreach (var cluster in (Cluster[])[shared, asked])
        {
            for (var i = 0; i < 40; i++)
            {
                cluster.Create(Wanting($"pod-{i:d2}", i % 3 == 0 ? "250m" : "500m"));
                if (i == 20)
                {
                    cluster.Delete(Get(cluster, "pod-05"), new() { GracePeriodSeconds = 0 });
                    cluster.Patch<Node>("", "node-3", """{"spec":{"unschedulable":true}}""");
                }
                cluster.Converge();
            }
        }
        Assert.That(Placement(shared), Is.EqualTo(Placement(asked)));
        Assert.That(Placement(shared), Is.Not.Empty);

        static List<string> Placement(Cluster cluster) =>
            [.. cluster.List<Pod>().Select(p => $"{p.Metadata.Name} {p.Spec.NodeName}")];
    }

    [Test]
    public void Shared_results_follow_nodes_that_come_change_and_go()
    {
        Decisions[] both = [new(),
            new([.. SchedulingFramework.DefaultProfile().Select(Unshared)])];
        var random = new Prng(6);
        for (var i = 0; i < 1500; i++)
        {
            var (number, choice) = (random.Next(130), random.Next(16));
            var node = Numbered(number, random);
            // More shapes than have a place of their own, some of them seen again and again.
            var pod = Wanting($"pod-{i}", $"{(i % 2 == 0 ? random.Next(100) : 1) + 1}m");
            foreach (var decisions in both)
            {
                if (i < 110 || choice == 0)
                {
                    decisions.Cache.SetNode(i < 110 ? Numbered(i, new Prng(1)) : node);
                }
                else if (choice == 1)
                {
                    decisions.Cache.RemoveNode(node.Metadata.Name);
                }
                else if (choice == 2)
                {
                    decisions.Cache.RemovePod(Wanting($"pod-{i - number}").Key);
                }
                else if (decisions.Decide(pod, (ulong)i) is { } chosen)
                {
                    decisions.Cache.Assume(pod, chosen.Name);
                }
            }
            Assert.That(Found(both[0]), Is.EqualTo(Found(both[1])), $"step {i}");
        }

        static string Found(Decisions decisions) => string.Join(' ', decisions.Cycle.Feasible
            .Select((n, i) => $"{n.Name}:{n.Pods.Count}:{decisions.Cycle.Total(i)}"));
    }

    // A node of one of five zones; with chance a taint, an image, less room.
    private static Node Numbered(int number, Prng random)
    {
        var node = Bootstrap.NewNode($"node-{number}");
        var effect = random.Next(4) switch { 0 => "NoSchedule", 1 => "PreferNoSchedule", _ => "" };
        return node with
        {
            Metadata = node.Metadata with
            {
                Labels = node.Metadata.Labels.Set(
                    "topology.kubernetes.io/zone", $"zone-{random.Next(5)}"),
            },
            Spec = node.Spec with
            {
                Taints = effect == "" ? [] : [new() { Key = "busy", Effect = effect }],
            },
            Status = node.Status with
            {
                Allocatable = node.Status.Allocatable.Set("pods", $"{random.Next(20) + 1}"),
                Images = random.Next(3) > 0 ? []
                    : [new() { Names = ["nginx:latest"], SizeBytes = 900 << 20 }],
            },
        };
    }

    private static int Attempts(Cluster cluster, string pod) =>
        Events(cluster, pod).Sum(e => e.Series?.Count ?? e.Count ?? 1);

    private static ProfilePlugin Unshared(ProfilePlugin plugin) => plugin.Plugin switch
    {
        IFilterPlugin or IScorePlugin => plugin with { Plugin = new Asked(plugin.Plugin) },
        _ => plugin,
    };

    private sealed class RefuseOnce : IBindPlugin
    {
        private bool refused;

        public string Name => "RefuseOnce";

        public PluginStatus Bind(CycleState state, Pod pod, string node, ReconcileContext api)
        {
            if (refused)
            {
                return new DefaultBinder().Bind(state, pod, node, api);
            }
            refused = true;
            return PluginStatus.Of(PluginCode.Error, Name, ["not now"]);
        }
    }

    /// <summary>A plugin that hides the promise that its answers may be shared.</summary>
    private sealed class Asked(IPlugin inner)
        : IPreFilterPlugin, IFilterPlugin, IPreScorePlugin, IScorePlugin
    {
        public string Name => inner.Name;

        public PluginStatus PreFilter(
            CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes) =>
            inner is not IFilterPlugin ? PluginStatus.Skip
            : (inner as IPreFilterPlugin)?.PreFilter(state, pod, nodes) ?? PluginStatus.Success;

        public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node) =>
            ((IFilterPlugin)inner).Filter(state, pod, node);

        public PluginStatus PreScore(
            CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes) =>
            inner is not IScorePlugin ? PluginStatus.Skip
            : (inner as IPreScorePlugin)?.PreScore(state, pod, nodes) ?? PluginStatus.Success;

        public long Score(CycleState state, Pod pod, NodeInfo node) =>
            ((IScorePlugin)inner).Score(state, pod, node);

        public void Normalize(CycleState state, Pod pod, Span<long> scores) =>
            ((IScorePlugin)inner).Normalize(state, pod, scores);
    }
}
