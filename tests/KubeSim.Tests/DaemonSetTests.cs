using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>DaemonSets against a recording of Kubernetes 1.36 and Kubernetes' own test cases; and
/// in a whole cluster nodes that come, go and change, updates, and pods that fail.</summary>
public sealed class DaemonSetTests
{
    private const string Agent = """
        {"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"agent"},"spec":{
          "selector":{"matchLabels":{"app":"agent"}},
          "template":{"metadata":{"labels":{"app":"agent"}},"spec":{
            "terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"nginx:1"}]}}}}
        """;

    private static IEnumerable<string> Sets =>
        TestData.Of("daemon-sets.tsv", "out").Select(row => (string)row[0]).Distinct();

    [Test]
    public void A_watcher_sees_what_the_recorded_one_saw([Values(1u, 2u, 3u)] uint seed)
    {
        var seen = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        Play(seed, seen);

        Assert.Multiple(() =>
        {
            foreach (var set in Sets)
            {
                Assert.That(seen[set], Is.EqualTo(Recorded("out", set)),
                    $"{set}\n{string.Join('\n', seen[set])}");
            }
        });
    }

    [Test]
    public void It_tells_the_recorded_events()
    {
        var nodes = new Dictionary<string, string>(StringComparer.Ordinal);
        var cluster = Play(4, [], nodes);

        Assert.Multiple(() =>
        {
            foreach (var set in Sets)
            {
                var told = cluster.List<Event>("default").Where(e => e.InvolvedObject is
                    { Kind: "DaemonSet" } about && about.Name == set);
                Assert.That(told.Select(e => $"{e.Type} {e.Reason} " + string.Join(' ',
                    e.Message!.Split(' ').Select(w => nodes.GetValueOrDefault(w, w)))),
                    Is.EquivalentTo(Recorded("event", set)));
            }
        });
    }

    [TestCase("{}", "{}", true, true)]
    [TestCase("""{"nodeName":"other"}""", "{}", false, false)]
    [TestCase("""{"nodeSelector":{"type":"test"}}""", "{}", false, false)]
    [TestCase("""{"nodeSelector":{"type":"production"}}""", "{}", true, true)]
    [TestCase("{}", """{"unschedulable":true}""", true, true)]
    [TestCase("{}", """{"taints":[{"key":"a","effect":"NoSchedule"}]}""", false, true)]
    [TestCase("{}", """{"taints":[{"key":"a","effect":"PreferNoSchedule"}]}""", true, true)]
    [TestCase("{}", """{"taints":[{"key":"a","effect":"NoExecute"}]}""", false, false)]
    [TestCase("{}",
        """{"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}]}""",
        true, true)]
    [TestCase("{}",
        """{"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]}""",
        false, true)]
    [TestCase("""{"hostNetwork":true}""",
        """{"taints":[{"key":"node.kubernetes.io/network-unavailable","effect":"NoSchedule"}]}""",
        true, true)]
    public void A_node_is_meant_unless_something_says_otherwise(
        string pod, string node, bool run, bool stay)
    {
        var set = new DaemonSet
        {
            Spec = new() { Template = new() { Spec = Read<PodSpec>(pod) } },
        };
        var on = Bootstrap.NewNode("node-1");
        on = on with
        {
            Metadata = on.Metadata with { Labels = Map.Of(("type", "production")) },
            Spec = Read<NodeSpec>(node),
        };

        Assert.That(DaemonSetNodes.ShouldRun(set, on), Is.EqualTo((run, stay)));
    }

    [TestCase("0", null, 0, 0, 0)]
    [TestCase("1", null, 2, 1, 0)]
    [TestCase("0", "0", 2, 1, 0)]
    [TestCase("50%", null, 2, 1, 0)]
    [TestCase("50%", null, 3, 2, 0)]
    [TestCase("0", "50%", 2, 0, 1)]
    [TestCase("0", "100%", 2, 0, 2)]
    public void Shares_of_the_nodes_are_rounded_up(
        string unavailable, string? surge, int nodes, int maxUnavailable, int maxSurge)
    {
        var set = Json.Decode<DaemonSet>(JsonNode.Parse(Agent)!);
        set = set with
        {
            Spec = set.Spec with { UpdateStrategy = Rolling(unavailable, surge ?? "0") },
        };
        var update = new DaemonSetUpdate(set, [.. Enumerable.Range(1, nodes)
            .Select(n => Bootstrap.NewNode($"node-{n}"))], [], "hash", default);

        Assert.That((update.MaxUnavailable, update.MaxSurge),
            Is.EqualTo((maxUnavailable, maxSurge)));
    }

    [Test]
    public void Its_pods_are_bound_by_the_scheduler_to_the_node_they_ask_for()
    {
        var cluster = Applied();
        var pod = cluster.List<Pod>().Single(p => p.Spec.NodeName == "node-2");
        var revision = cluster.List<ControllerRevision>()[0];

        Assert.That(DaemonSetNodes.NodeOf(pod with { Spec = pod.Spec with { NodeName = null } }),
            Is.EqualTo("node-2"));
        Assert.That(pod.Metadata.Labels, Is.EqualTo(Map.Of(("app", "agent"),
            ("controller-revision-hash", revision.Metadata.Labels["controller-revision-hash"]),
            ("pod-template-generation", "1"))));
        Assert.That(pod.Spec.Tolerations.Select(t => $"{t.Key}:{t.Effect}"), Is.EqualTo(new[]
        {
            "not-ready:NoExecute", "unreachable:NoExecute", "disk-pressure:NoSchedule",
            "memory-pressure:NoSchedule", "pid-pressure:NoSchedule", "unschedulable:NoSchedule",
        }.Select(t => "node.kubernetes.io/" + t)));
        Assert.That(cluster.Kubectl("describe ds agent").Out, Does.Contain(
            "deprecated.daemonset.template.generation: 1"));
    }

    [Test]
    public void A_pod_that_fails_is_replaced_ever_more_slowly()
    {
        var cluster = ScriptedPods.Cluster(1, 1, "daemonset-controller");
        cluster.Apply(Agent);
        cluster.Converge();
        var made = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            var pod = cluster.List<Pod>().Single();
            var start = cluster.Now;
            ScriptedPods.Tell(cluster, pod, "Failed", false);
            cluster.RunUntil(c => c.Find<Pod>("default", pod.Metadata.Name) is null);
            cluster.Converge();
            made.Add(Math.Floor((cluster.Now - start).TotalSeconds));
        }

        Assert.That(made, Is.EqualTo(new[] { 0, 1, 2, 4, 8, 16 }));
        Assert.That(cluster.List<Event>("default").Select(e => e.Message), Has.Some.Match(
            "^Found failed daemon pod default/agent-.{5} on node node-1, will try to kill it$"));
    }

    [TestCase("1", "0", 2, 3)]
    [TestCase("2", "0", 1, 3)]
    [TestCase("0", "1", 3, 4)]
    [TestCase("0", "100%", 3, 6)]
    public void An_update_keeps_its_bounds(
        string unavailable, string surge, int fewestUp, int mostPods)
    {
        var cluster = Applied();
        var patch = Tree(unavailable, surge);
        cluster.Patch<DaemonSet>("default", "agent", patch);
        var (fewest, most) = (3, 3);
        cluster.Stepped = _ =>
        {
            fewest = Math.Min(fewest, cluster.List<Pod>().Count(IsUp));
            most = Math.Max(most, cluster.List<Pod>().Count(p => !p.IsTerminating));
        };
        var status = cluster.Kubectl("rollout status ds/agent").Out;
        cluster.Converge();

        Assert.That((fewest, most), Is.EqualTo((fewestUp, mostPods)));
        Assert.That(cluster.List<Pod>().Select(p => p.Spec.Containers[0].Image),
            Is.All.EqualTo("nginx:2"));
        Assert.That(status, Does.EndWith("daemon set \"agent\" successfully rolled out\n"));
        Assert.That(cluster.Get<DaemonSet>("agent").Status.UpdatedNumberScheduled, Is.EqualTo(3));
    }

    [Test]
    public void An_update_that_is_undone_has_the_revision_of_before_under_a_new_number()
    {
        var cluster = Applied();
        cluster.Kubectl("set image ds/agent c=nginx:2");
        cluster.Converge();
        cluster.Kubectl("rollout undo ds/agent");
        cluster.Converge();

        Assert.That(cluster.List<Pod>().Select(p => p.Spec.Containers[0].Image),
            Is.All.EqualTo("nginx:1"));
        Assert.That(cluster.Kubectl("rollout history ds/agent").Out, Is.EqualTo(
            "daemonset.apps/agent \nREVISION  CHANGE-CAUSE\n2         <none>\n"
            + "3         <none>\n\n"));
        Assert.That(cluster.List<Pod>()[0].Metadata.Labels["pod-template-generation"],
            Is.EqualTo("3"));
    }

    [Test]
    public void On_delete_a_pod_is_updated_when_somebody_deletes_it()
    {
        var cluster = Applied(Agent.Replace("\"selector\"",
            "\"updateStrategy\":{\"type\":\"OnDelete\"},\"selector\"",
            StringComparison.Ordinal));
        cluster.Kubectl("set image ds/agent c=nginx:2");
        cluster.Converge();
        Assert.That(cluster.Get<DaemonSet>("agent").Status.UpdatedNumberScheduled, Is.Zero);

        cluster.Delete(cluster.List<Pod>()[0]);
        cluster.Converge();
        Assert.That(cluster.Get<DaemonSet>("agent").Status.UpdatedNumberScheduled, Is.EqualTo(1));
    }

    [Test]
    public void The_count_of_its_templates_cannot_be_taken_away()
    {
        var cluster = Applied();
        const string Annotation = "deprecated.daemonset.template.generation";
        foreach (var part in (string[])["", "status"])
        {
            cluster.Handle(new(Verb.Patch, new(Kinds.DaemonSet, "default", "agent", part))
            {
                Body = new Payload.Patch(PatchKind.Merge, System.Text.Json.Nodes.JsonNode.Parse(
                    """{"metadata":{"annotations":null}}""")!),
            }).EnsureSuccess();
            Assert.That(cluster.Get<DaemonSet>("agent").Metadata.Annotations.Get(Annotation),
                Is.EqualTo("1"), part);
        }
    }

    [TestCase("1", "0", 150)]
    [TestCase("0", "1", 50)]
    public void No_order_of_delivery_breaks_the_bounds_of_an_update(
        string unavailable, string surge, int runs)
    {
        var (up, perNode) = surge == "0" ? (2, 1) : (3, 2);
        var found = Explore.Runs(() => Applied(), "enough pods up, and not too many on a node",
            c => c.List<Pod>().Count(IsUp) >= up && c.List<Pod>().Where(p => !p.IsTerminating)
                .GroupBy(p => DaemonSetNodes.NodeOf(p)).All(g => g.Count() <= perNode),
            c => c.List<Pod>().Count(p => p.Spec.Containers[0].Image == "nginx:2" && IsUp(p)) == 3
                && c.List<Pod>().Count == 3
                && c.Get<DaemonSet>("agent").Status.NumberAvailable == 3,
            "daemonset-controller", new()
            {
                Runs = runs,
                Inputs = [(TimeSpan.FromSeconds(1), c => c.Patch<DaemonSet>(
                    "default", "agent", Tree(unavailable, surge)))],
            });

        Assert.That(found.Failure, Is.Null, found.ToString());
    }

    private static bool IsUp(Pod pod) => pod.IsReady && !pod.IsTerminating;

    private static T Read<T>(string json) =>
        System.Text.Json.JsonSerializer.Deserialize<T>(json, Json.Options)!;

    private static DaemonSetUpdateStrategy Rolling(string unavailable, string surge) => new()
    {
        Type = "RollingUpdate",
        RollingUpdate = new()
        {
            MaxUnavailable = IntOrString.Parse(unavailable), MaxSurge = IntOrString.Parse(surge),
        },
    };

    private static string Tree(string unavailable, string surge)
    {
        var strategy = System.Text.Json.JsonSerializer.Serialize(
            Rolling(unavailable, surge), Json.Options);
        return """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"nginx:2"}]}},"""
            + $"\"updateStrategy\":{strategy}}}}}";
    }

    private static Cluster Applied(string manifest = Agent)
    {
        var cluster = new Cluster(nodes: 3);
        cluster.Apply(manifest);
        cluster.Converge();
        return cluster;
    }

    private static string[] Recorded(string claim, string set) =>
        [.. TestData.Of("daemon-sets.tsv", claim).Where(row => (string)row[0] == set)
            .Select(row => (string)row[1])];

    private static Cluster Play(uint seed, Dictionary<string, List<string>> seen,
        Dictionary<string, string>? nodes = null)
    {
        var cluster = ScriptedPods.Cluster(seed, 3, "daemonset-controller");
        var last = cluster.Revision;
        foreach (var row in TestData.Of("daemon-sets.tsv", "in"))
        {
            Do(cluster, [.. row.Cast<string>()]);
            Assert.That(cluster.Converge().Met, Is.True);
            ScriptedPods.Watch(cluster, ref last, change => See(change, seen, nodes));
        }
        foreach (var lines in seen.Values)
        {
            SortMade(lines);
        }
        return cluster;
    }

    private static void Do(Cluster cluster, string[] row)
    {
        switch (row[0])
        {
            case "label":
                var value = row[3] == "-" ? "null" : $"\"{row[3]}\"";
                cluster.Patch<Node>("", row[1],
                    $"{{\"metadata\":{{\"labels\":{{\"{row[2]}\":{value}}}}}}}");
                break;
            case "create":
                cluster.Create(Json.Decode<DaemonSet>(JsonNode.Parse(row[1])!));
                break;
            case "node":
                var node = cluster.Find<Node>("", row[1]) ?? Bootstrap.NewNode(row[1]);
                node = node with
                {
                    Spec = node.Spec with { Taints = Read<Seq<Taint>>(row[2]) },
                };
                _ = node.Metadata.Uid.Length == 0 ? cluster.Create(node) : cluster.Update(node);
                break;
            default:
                // Of two pods of a set on a node, one is about to go.
                var pods = cluster.List<Pod>().Where(p => p.ControllerOwner!.Name == row[1]
                    && p.Spec.NodeName == row[2]).OrderBy(p => p.IsTerminating).ToArray();
                var pod = row[0] == "gone" ? pods[^1] : pods[0];
                if (row[0] == "pod")
                {
                    ScriptedPods.Tell(cluster, pod, row[3], row[4] == "ready");
                }
                else
                {
                    cluster.Delete(pod,
                        row[0] == "gone" ? new() { GracePeriodSeconds = 0 } : null);
                }
                break;
        }
    }

    private static void See(WatchEvent change, Dictionary<string, List<string>> seen,
        Dictionary<string, string>? nodes)
    {
        var (set, text) = (change.Old, change.New) switch
        {
            (null, Pod pod) => (Of(pod), $"+ {DaemonSetNodes.NodeOf(pod)}"),
            (Pod pod, null) => (Of(pod), $"x {pod.Spec.NodeName}"),
            (Pod { IsTerminating: false }, Pod { IsTerminating: true } pod) =>
                (Of(pod), $"- {pod.Spec.NodeName}"),
            (_, DaemonSet { Status: var s } o) when
                s.CurrentNumberScheduled == s.DesiredNumberScheduled => (o.Metadata.Name, "status "
                + string.Join('/', s.ObservedGeneration ?? 0, s.DesiredNumberScheduled,
                    s.CurrentNumberScheduled, s.NumberReady, s.UpdatedNumberScheduled,
                    s.NumberAvailable, s.NumberUnavailable, s.NumberMisscheduled)),
            _ => ("", ""),
        };
        if (change.New is Pod made)
        {
            nodes?.TryAdd(made.Metadata.Name, DaemonSetNodes.NodeOf(made)!);
        }
        if (set.Length == 0)
        {
            return;
        }
        if (!seen.TryGetValue(set, out var lines))
        {
            seen.Add(set, lines = []);
        }
        if (text[0] != 's' || lines.FindLast(line => line[0] == 's') != text)
        {
            lines.Add(text);
        }

        static string Of(Pod pod) => pod.ControllerOwner!.Name;
    }

    // Which of several pods is made first says nothing.
    private static void SortMade(List<string> lines)
    {
        for (var from = 0; from < lines.Count; from++)
        {
            var to = from;
            while (to < lines.Count && lines[to][0] == '+')
            {
                to++;
            }
            lines.Sort(from, to - from, StringComparer.Ordinal);
            from = Math.Max(from, to - 1);
        }
    }
}
