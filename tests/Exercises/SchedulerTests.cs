using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 06-scheduler: rate a node, refuse a node, mend a Pending Pod, decide alone.

/// <summary>What the exercises about the scheduler are tried in.</summary>
public abstract class SchedulerTests<T> : ExerciseFixture<T>
{
    /// <summary>A node of 4 CPUs and 16 GiB, or of another size.</summary>
    protected static Node Node(string name, string cpu = "4", string label = "") =>
        Bootstrap.NewNode(name) is var node && label.Split('=') is var parts ? node with
        {
            Metadata = node.Metadata with
            {
                Labels = parts.Length < 2 ? node.Metadata.Labels
                    : node.Metadata.Labels.Set(parts[0], parts[1]),
            },
            Status = node.Status with
            {
                Capacity = node.Status.Capacity.Set("cpu", cpu),
                Allocatable = node.Status.Allocatable.Set("cpu", cpu),
            },
        } : node;

    /// <summary>A pod that asks for something.</summary>
    protected static Pod Pod(string name, string cpu, string memory = "1Gi", string label = "") =>
        new()
        {
            Metadata = new()
            {
                Name = name, Namespace = "default",
                Labels = label.Split('=') is [var key, var value] ? Map.Of((key, value)) : default,
            },
            Spec = new()
            {
                Containers =
                [
                    new()
                    {
                        Name = "main", Image = "nginx:1.27",
                        Resources = new()
                        {
                            Requests = Map.Of<Quantity>(("cpu", cpu), ("memory", memory)),
                        },
                    },
                ],
            },
        };

    /// <summary>A cluster of some nodes.</summary>
    protected static Cluster Cluster(params Seq<Node> nodes) => new(new SimulationOptions
    {
        Components = Bootstrap.Components(),
        Objects = [.. Bootstrap.Objects(0), .. nodes.Cast<ApiObject>()],
    });

    /// <summary>Creates pods, one after the other; the answer is where they are.</summary>
    protected string Placed(Cluster cluster, params Seq<Pod> pods)
    {
        foreach (var pod in pods)
        {
            cluster.Create(pod);
            Converge(cluster);
        }
        return string.Join(", ", pods.Select(p => cluster.Get<Pod>(p.Metadata.Name)).Select(p =>
            $"{p.Metadata.Name} on {(p.IsScheduled ? p.Spec.NodeName : "no node")}"));
    }
}

/// <summary>The heart of NodeResourcesFit: the emptier, the better.</summary>
[Exercise("06-scheduler/1", "Prefer the emptiest node")]
[Hint(1, "node.Allocatable.MilliCpu is what the node has, node.Requested.MilliCpu what its Pods "
    + "ask for, state.Shape.Requests.MilliCpu what this Pod asks for.")]
[Hint(2, "The question is how empty the node would be *with* the Pod on it.")]
[Hint(3, "Whole numbers: multiply by 100 before you divide.")]
public sealed class EmptiestTests : SchedulerTests<IScorePlugin>
{
    [Test, Task("The share of the CPU that stays free, in percent")]
    public void Free_share()
    {
        Ask("4", "1", "500m", 62, "4000m less 1000m less 500m are 2500m, 62 % of 4000m");
        Ask("8", "1", "1", 75, "8000m less 1000m less 1000m are 6000m, 75 % of 8000m");
        Ask("4", "3", "1", 0, "nothing is left");
    }

    [Test, Task("An empty node scores by the Pod alone")]
    public void The_empty_node() => Ask("2", "", "500m", 75, "2000m less 500m are 1500m, 75 %");

    [Test, Task("In a scheduler, Pods of one size take turns")]
    public void Together_in_a_cluster()
    {
        Scenario("Two nodes of 4 CPUs; four Pods of 1 CPU; your plugin is the only one that "
            + "scores.");
        var cluster = Cluster(Node("node-1"), Node("node-2"));
        var name = New().Name;
        cluster.Scheduler.Configure(cluster.Scheduler.Configuration with
        {
            Registry = [New],
            Profiles =
            [
                new()
                {
                    Plugins = Map.Of(("score", new PluginSet
                    {
                        Disabled = [new() { Name = "*" }],
                        Enabled = [new() { Name = name, Weight = 1 }],
                    })),
                },
            ],
        });
        _ = Placed(cluster, Pod("a", "1"), Pod("b", "1"), Pod("c", "1"), Pod("d", "1"));
        var most = cluster.List<Pod>().GroupBy(p => p.Spec.NodeName).Max(g => g.Count());
        if (most != 2)
        {
            Fail($"One node has {most} of the four Pods. The emptier node must score higher, then "
                + "each gets two.", "two on each", cluster);
        }
    }

    private void Ask(string cpu, string taken, string asks, long right, string why)
    {
        Scenario($"A node of {cpu} CPUs whose Pods ask for {(taken.Length == 0 ? "0" : taken)}; a "
            + $"Pod that asks for {asks}.");
        var pod = Pod("new", asks);
        var node = new NodeInfo(Node("node-1", cpu), taken.Length == 0 ? [] : [Pod("old", taken)]);
        var plugin = New();
        var score = plugin.Score(new CycleState(pod), pod, node);
        if (score != right)
        {
            Fail($"A node of {cpu} CPUs has {(taken.Length == 0 ? "none" : taken)} taken, and the "
                + $"Pod asks for {asks}: {why}. Your score is {score}.", right, score);
        }
    }
}

/// <summary>What a taint and a node affinity do together, as one filter.</summary>
[Exercise("06-scheduler/2", "Nodes for some Pods, Pods for some nodes")]
[Hint(1, "pod.Metadata.Labels.Get(\"tier\") and node.Node!.Metadata.Labels.Get(\"tier\") are null "
    + "where there is no such label.")]
[Hint(2, "Two texts are equal, or both null: == says it in one word.")]
[Hint(3, "return PluginStatus.Unresolvable(Name, \"node(s) had another tier\"): no Pod that leaves "
    + "changes the label of a node, so preemption need not try.")]
public sealed class TierTests : SchedulerTests<IFilterPlugin>
{
    [Test, Task("A Pod of a tier goes to nodes of that tier only")]
    public void Pods_keep_to_their_tier()
    {
        Ask("gold", "gold", true);
        Ask("gold", "", false);
        Ask("gold", "silver", false);
    }

    [Test, Task("A node of a tier takes Pods of that tier only")]
    public void Nodes_keep_to_their_tier()
    {
        Ask("", "gold", false);
        Ask("", "", true);
    }

    [Test, Task("In a cluster: who fits nowhere is told why")]
    public void Together_in_a_cluster()
    {
        Scenario("node-1 has the label tier=gold, node-2 has none. Pods: one of gold, one of no "
            + "tier, one of silver.");
        var cluster = Cluster(Node("node-1", label: "tier=gold"), Node("node-2"));
        cluster.Scheduler.Add(New);
        const string right = "crown on node-1, plain on node-2, spoon on no node";
        var placed = Placed(cluster, Pod("crown", "1", label: "tier=gold"), Pod("plain", "1"),
            Pod("spoon", "1", label: "tier=silver"));
        if (placed != right)
        {
            Fail($"It came out as {placed}; it should be {right}.", right, cluster);
        }
        const string reason = "0/2 nodes are available: 2 node(s) had another tier.";
        var told = cluster.Get<Pod>("spoon").Condition("PodScheduled")?.Message ?? "";
        if (!told.StartsWith(reason, StringComparison.Ordinal))
        {
            Fail($"Pod spoon is told \"{told}\"; the reason of your filter should make it \"{reason
                }…\".", reason, told);
        }
    }

    private void Ask(string pod, string node, bool right)
    {
        string Of(string tier) => tier.Length == 0 ? "no tier" : $"tier {tier}";
        Scenario($"A Pod of {Of(pod)}, a node of {Of(node)}.");
        var asked = Pod("new", "1", label: pod.Length == 0 ? "" : $"tier={pod}");
        var status = New().Filter(new CycleState(asked), asked,
            new NodeInfo(Node("node-1", label: node.Length == 0 ? "" : $"tier={node}")));
        if (status.IsSuccess != right)
        {
            Fail($"A Pod of {Of(pod)} {(right ? "may" : "must not")} go to a node of {Of(node)}, "
                + $"and your filter says {status}.", right ? "Success" : "a refusal", status);
        }
    }
}

/// <summary>A Pod that is Pending for two reasons.</summary>
[Exercise("06-scheduler/3", "Mend a Pending Pod")]
[Hint(1, "Run the cell above: of each node the message says one reason, and it counts the nodes.")]
[Hint(2, "kubectl get nodes --show-labels: how is the label of node-1 and node-2 spelt?")]
[Hint(3, "tolerations: [{key: dedicated, value: reports, effect: NoSchedule}] opens node-1 to this "
    + "Pod, and no more than that.")]
public sealed class PendingTests : SchedulerTests<string>
{
    /// <summary>Three nodes, none of which takes the Pod as it is.</summary>
    public static Cluster Stuck()
    {
        var ssd = Node("node-1", label: "disk=ssd");
        var cluster = Cluster(
            ssd with
            {
                Spec = ssd.Spec with
                {
                    Taints =
                    [
                        new() { Key = "dedicated", Value = "reports", Effect = "NoSchedule" },
                    ],
                },
            },
            Node("node-2", label: "disk=ssd"), Node("node-3", label: "disk=hdd"));
        var busy = Pod("busy", "3");
        cluster.Create(busy with { Spec = busy.Spec with { NodeName = "node-2" } });
        cluster.Converge();
        return cluster;
    }

    [Test, Task("The Pod runs, on the node that is meant for it")]
    public void It_runs()
    {
        var (cluster, pod) = Try();
        if (!pod.IsReady || pod.Spec.NodeName != "node-1")
        {
            Fail(pod.IsScheduled ? $"It runs on {pod.Spec.NodeName}, and node-1 is the one that is "
                + "kept for reports." : "It is still Pending: "
                + pod.Condition("PodScheduled")?.Message, "Running on node-1", cluster);
        }
    }

    [Test, Task("It asks for what it asked for")]
    public void It_wants_no_less()
    {
        var (cluster, pod) = Try();
        if (pod.Requests.Get("cpu") != (Quantity)"3" || pod.Spec.NodeSelector.Get("disk") != "ssd")
        {
            Fail("A report needs 3 CPUs and an SSD, whatever node it gets: keep "
                + "requests.cpu at 3 and a nodeSelector for disk: ssd.",
                "3 CPUs, disk=ssd", cluster);
        }
    }

    [Test, Task("It tolerates this taint and no other, and leaves the choice to the scheduler")]
    public void No_other_door_is_opened()
    {
        var (cluster, pod) = Try();
        if (!cluster.List<Event>().Any(e => e.Reason == "Scheduled"))
        {
            Fail("With spec.nodeName nobody decides: the Pod goes past the scheduler, past taints "
                + "and room.", "a decision of the scheduler", pod.Spec.NodeName);
        }
        var other = new Taint { Key = "broken", Effect = "NoSchedule" };
        if (pod.Spec.Tolerations.Any(t => t.Tolerates(other)))
        {
            Fail("It tolerates every taint, also that of a node that is broken. Name the key of "
                + "the taint that you mean.", "dedicated=reports", "every taint");
        }
    }

    private (Cluster Cluster, Pod Pod) Try()
    {
        Scenario("node-1: SSD, tainted dedicated=reports:NoSchedule. node-2: SSD, 3 of 4 CPUs "
            + "taken. node-3: HDD.");
        var cluster = Stuck();
        cluster.Apply(New());
        Converge(cluster);
        return (cluster, cluster.List<Pod>().FirstOrDefault(p => p.Metadata.Name == "report")
            ?? throw new AssertionException("The manifest makes no Pod named report."));
    }
}

/// <summary>A scheduler in one function.</summary>
[Exercise("06-scheduler/4", "Write the whole algorithm")]
[Hint(1, "First keep the nodes that will do: nodes.Where(…). Then sort them and take the first: "
    + "OrderByDescending(…).ThenBy(…).FirstOrDefault()?.Name.")]
[Hint(2, "PodShape.Of(pod).Requests has MilliCpu and Memory; so have node.Requested and "
    + "node.Allocatable.")]
[Hint(3, "FirstOrDefault() is null when there is none: then the Pod waits, and is tried again when "
    + "a Pod goes.")]
public sealed class PackingTests : SchedulerTests<SchedulingAlgorithm>
{
    [Test, Task("The fullest node that still has room")]
    public void It_packs()
    {
        Scenario("Three nodes of 4 CPUs; eight Pods of 1 CPU.");
        var cluster = Packed(Node("node-1"), Node("node-2"), Node("node-3"));
        _ = Placed(cluster, [.. Enumerable.Range(1, 8).Select(i => Pod($"p{i}", "1"))]);
        var used = cluster.List<Pod>().Where(p => p.IsScheduled).GroupBy(p => p.Spec.NodeName)
            .ToList();
        if (used.Count != 2 || used.Exists(g => g.Count() != 4))
        {
            Fail($"Eight Pods of 1 CPU fill two nodes of 4; yours are on {used.Count}: {string.Join(
                ", ", used.Select(g => $"{g.Key} {g.Count()}"))}.", "4, 4 and none", cluster);
        }
    }

    [Test, Task("CPU and memory both have to fit")]
    public void Memory_counts()
    {
        Scenario("node-1 is fuller by CPU, and has 2 GiB of memory left; a Pod of 4 GiB comes.");
        var cluster = Packed(Node("node-1"), Node("node-2"));
        var placed = Placed(cluster, Pod("hog", "2", "14Gi"), Pod("new", "1", "4Gi"));
        const string right = "hog on node-1, new on node-2";
        if (placed != right)
        {
            Fail($"It came out as {placed}; it should be {right}: 14Gi and 4Gi are more than "
                + "16Gi.", right, cluster);
        }
    }

    [Test, Task("A cordoned node gets no Pods")]
    public void Cordoned_nodes_are_left_alone()
    {
        Scenario("node-1 is fuller, and cordoned.");
        var cluster = Packed(Node("node-1"), Node("node-2"));
        _ = Placed(cluster, Pod("old", "2"));
        cluster.Kubectl("cordon node-1");
        Converge(cluster);
        if (Placed(cluster, Pod("new", "1")) is var placed and not "new on node-2")
        {
            Fail($"node-1 is cordoned (node.Node.Spec.Unschedulable), and it came out as {placed}.",
                "new on node-2", cluster);
        }
    }

    [Test, Task("Without room a Pod waits, and no longer than that")]
    public void It_waits_for_room()
    {
        Scenario(
            "One node of 4 CPUs with a Pod of 3; a second Pod of 3 comes, and the first goes.");
        var cluster = Packed(Node("node-1"));
        var placed = Placed(cluster, Pod("first", "3"), Pod("second", "3"));
        if (placed != "first on node-1, second on no node")
        {
            Fail($"It came out as {placed}. The second has no room: answer null.",
                "second on no node", cluster);
        }
        var told = cluster.Get<Pod>("second").Condition("PodScheduled")?.Reason;
        if (told != "Unschedulable")
        {
            Fail($"The Pod's condition says {told}: your function threw. Answer null when no node "
                + "will do.", "Unschedulable", told);
        }
        cluster.Delete(cluster.Get<Pod>("first"));
        Converge(cluster);
        if (!cluster.Get<Pod>("second").IsScheduled)
        {
            Fail("The first Pod is gone, and the second waits on.", "second on node-1", cluster);
        }
    }

    private Cluster Packed(params Seq<Node> nodes)
    {
        var cluster = Cluster(nodes);
        cluster.Scheduler.Use((pod, all) => New()(pod, all));
        return cluster;
    }
}
