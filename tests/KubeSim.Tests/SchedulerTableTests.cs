using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The parts of the scheduler against cases of upstream's own tests.</summary>
public sealed class SchedulerTableTests
{
    private static IEnumerable<TestCaseData> Of(string table) =>
        Data.Lines("scheduler-tables.jsonl").Select(line => JsonNode.Parse(line)!.AsObject())
            .Where(c => $"{c["t"]}" == table)
            .Select((c, i) => new TestCaseData(c).SetArgDisplayNames($"{i} {c["name"]}"));

    private static IEnumerable<TestCaseData> BackOffs() => Of("backoff");

    private static IEnumerable<TestCaseData> Normalizations() => Of("normalize");

    private static IEnumerable<TestCaseData> Selections() => Of("select");

    private static IEnumerable<TestCaseData> Messages() => Of("message");

    private static IEnumerable<TestCaseData> Trees() => Of("tree");

    private static IEnumerable<TestCaseData> ToFind() => Of("tofind");

    private static IEnumerable<TestCaseData> NonZero() => Of("nonzero");

    private static IEnumerable<TestCaseData> NonZeroOf() => Of("nonzeroof");

    private static IEnumerable<TestCaseData> PodScoring() => Of("podscoring");

    private static IEnumerable<TestCaseData> Balances() => Of("balanced");

    private static IEnumerable<TestCaseData> Fits() => Of("fit");

    private static IEnumerable<TestCaseData> Scores() => Of("score");

    private static IEnumerable<TestCaseData> Curves() => Of("curve");

    private static IEnumerable<TestCaseData> Gates() => Of("gates");

    private static IEnumerable<TestCaseData> HostPorts() => Of("hostports");

    private static IEnumerable<TestCaseData> Filters() => Of("filter");

    private static IEnumerable<TestCaseData> PluginScores() => Of("pluginscore");

    [TestCaseSource(nameof(BackOffs))]
    public void Back_off_doubles_up_to_ten_seconds(JsonObject c) => Assert.That(
        $"{SchedulingQueue.BackOffAfter((int)c["attempt"]!, TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(10)).TotalSeconds}s", Is.EqualTo($"{c["wait"]}"));

    [Test]
    public void Back_off_never_overflows() => Assert.That(
        SchedulingQueue.BackOffAfter(64, TimeSpan.FromTicks(1), TimeSpan.MaxValue),
        Is.EqualTo(TimeSpan.MaxValue));

    [TestCase(10, 0, 100, 0, false)]
    [TestCase(100, 0, 10, 0, true)]
    [TestCase(100, 1, 100, 2, true)]
    [TestCase(100, 2, 100, 1, false)]
    public void Higher_priority_goes_first_then_who_came_first(
        int priority, int time, int otherPriority, int otherTime, bool first)
    {
        static QueuedPod Queued(int priority, int time)
        {
            var pod = new Pod { Spec = new() { Priority = priority } };
            return new(pod, PodShape.Of(pod), 0)
            {
                Timestamp = DateTime.UnixEpoch.AddSeconds(time),
            };
        }

        Assert.That(new PrioritySort().Less(Queued(priority, time),
            Queued(otherPriority, otherTime)), Is.EqualTo(first));
    }

    [TestCaseSource(nameof(Normalizations))]
    public void Scores_are_brought_to_a_hundred(JsonObject c)
    {
        var scores = Numbers(c["scores"]);
        Normalization.ToHundred(scores, (bool)c["reverse"]!);
        Assert.That(scores, Is.EqualTo(Numbers(c["want"])));
    }

    [TestCaseSource(nameof(Selections))]
    public void Chance_picks_among_the_best_and_only_them(JsonObject c)
    {
        var (names, totals) = (Texts(c["names"]), Numbers(c["totals"]));
        var chosen = Enumerable.Range(0, 60)
            .Select(seed => names[SchedulingCycle.Select(totals, new Prng((ulong)seed))]);
        Assert.That(chosen.Distinct(), Is.EquivalentTo(Texts(c["want"])));
    }

    [Test]
    public void Every_one_of_the_best_has_the_same_chance()
    {
        var random = new Prng(1);
        var counts = new int[4];
        for (var i = 0; i < 4000; i++)
        {
            counts[SchedulingCycle.Select([7, 7, 7, 7], random)]++;
        }
        Assert.That(counts, Is.All.InRange(900, 1100));
    }

    [TestCaseSource(nameof(Messages))]
    public void A_refusal_counts_the_reasons(JsonObject c)
    {
        var diagnosis = new Diagnosis((int)c["all"]!)
        {
            PreFilterMessage = $"{c["pre"]}",
            // Upstream's plugin messages come without the full stop that its test adds.
            PostFilterMessage = $"{c["post"]}" is { Length: > 0 } post ? post + "." : "",
        };
        foreach (var reasons in c["nodes"]!.AsArray())
        {
            diagnosis.Rejected.Add((new NodeInfo(new Node()),
                PluginStatus.Unschedulable("", Texts(reasons))));
        }
        Assert.That(diagnosis.Message, Is.EqualTo($"{c["want"]}"));
    }

    [TestCaseSource(nameof(Trees))]
    public void Nodes_are_looked_at_zone_by_zone_in_turn(JsonObject c)
    {
        var tree = new NodeTree();
        foreach (var step in c["steps"]!.AsArray())
        {
            var node = Decisions.Node(step![1]);
            if ($"{step[0]}" == "add")
            {
                tree.Add(node);
            }
            else
            {
                tree.Remove(node);
            }
        }
        Assert.That(tree.Ordered(), Is.EqualTo(Texts(c["want"])));
    }

    [TestCaseSource(nameof(ToFind))]
    public void Large_clusters_are_sampled(JsonObject c) => Assert.That(
        SchedulingCycle.NodesToFind((int)c["nodes"]!, (int)c["percentage"]!),
        Is.EqualTo((int)c["want"]!));

    [TestCaseSource(nameof(NonZero))]
    public void A_container_without_requests_counts_as_100m_and_200Mi(JsonObject c)
    {
        var shape = PodShape.Of(PodAsking(c["requests"]!));
        Assert.That((shape.ScoringRequests.MilliCpu, shape.ScoringRequests.Memory),
            Is.EqualTo(((long)c["cpu"]!, (long)c["memory"]!)));
    }

    [TestCaseSource(nameof(NonZeroOf))]
    public void Only_cpu_and_memory_are_assumed_of_a_container(JsonObject c) => Assert.That(
        PodShape.Of(PodAsking(c["requests"]!)).ScoringRequests[$"{c["resource"]}"],
        Is.EqualTo((long)c["want"]!));

    [TestCaseSource(nameof(PodScoring))]
    public void A_pod_is_compared_by_its_whole_request(JsonObject c)
    {
        var amounts = PodShape.Of(Decisions.Pod(c["pod"])).ScoringRequests;
        foreach (var (name, amount) in c["want"]!.AsObject())
        {
            Assert.That(amounts[name], Is.EqualTo((long)amount!), name);
        }
    }

    // 1.28 scored the balance itself; 1.36 scores what the pod changes about it, from the same
    // balance.
    [TestCaseSource(nameof(Balances))]
    public void Balance_is_a_hundred_without_the_deviation(JsonObject c)
    {
        var plugin = new NodeResourcesBalancedAllocation([.. Texts(c["resources"])]);
        var pod = Decisions.Pod(c["pod"]);
        var nodes = Nodes(c);
        Assert.That(nodes.Select(n =>
            plugin.Balance(PodShape.Of(pod).Requests, n, withPod: true)),
            Is.EqualTo(Numbers(c["want"])));
    }

    [TestCaseSource(nameof(Fits))]
    public void A_pod_fits_where_its_requests_are_free(JsonObject c)
    {
        var node = new NodeInfo(Decisions.Node(c["node"]), Pods(c["pods"]));
        var pod = Decisions.Pod(c["pod"]);
        var status = ((IFilterPlugin)Plugin("NodeResourcesFit", c["args"]))
            .Filter(new CycleState(pod), pod, node);
        Assert.That(status.Reasons, Is.EqualTo(Texts(c["want"])));
    }

    [TestCaseSource(nameof(Scores))]
    public void Strategies_score_the_share_in_use(JsonObject c)
    {
        Seq<(string, long)>? resources = c["resources"] is { } given
            ? given.AsArray().Select(r => ($"{r![0]}", (long)r[1]!)).ToSeq() : null;
        var strategy = $"{c["kind"]}" switch
        {
            "least" => ScoringStrategy.Least(resources),
            "most" => ScoringStrategy.Most(resources),
            _ => ScoringStrategy.RequestedToCapacityRatio(Points(c["shape"]!), resources),
        };
        Assert.That(Decisions.ScoresOf(new NodeResourcesFit(strategy), Decisions.Pod(c["pod"]),
            Nodes(c)), Is.EqualTo(Numbers(c["want"])));
    }

    [TestCaseSource(nameof(Curves))]
    public void A_curve_is_straight_between_its_points(JsonObject c)
    {
        var shape = Points(c["points"]!);
        foreach (var at in c["at"]!.AsArray())
        {
            // The table's scores are the tens that the curve has.
            Assert.That(ScoringStrategy.Curve(shape, (long)at![0]!) / 10,
                Is.EqualTo((long)at[1]!), $"{at[0]}");
        }
    }

    [TestCaseSource(nameof(Gates))]
    public void A_gated_pod_does_not_enter(JsonObject c) => Assert.That(
        new SchedulingGates().PreEnqueue(Decisions.Pod(c["pod"])).Reasons,
        Is.EqualTo(Texts(c["want"])));

    [TestCaseSource(nameof(HostPorts))]
    public void Host_ports_conflict_by_address_protocol_and_number(JsonObject c)
    {
        static HostPort Port(JsonNode p) =>
            HostPort.Of($"{p["ip"]}", $"{p["protocol"]}", (int)p["port"]!);
        Assert.That(c["added"]!.AsArray().Any(p => Port(c["check"]!).Conflicts(Port(p!))),
            Is.EqualTo((bool)c["want"]!));
    }

    [TestCaseSource(nameof(Filters))]
    public void Filters_turn_nodes_away(JsonObject c)
    {
        var plugin = Plugin($"{c["plugin"]}", c["args"]);
        var pod = Decisions.Pod(c["pod"]);
        var node = new NodeInfo(Decisions.Node(c["node"], ""), Pods(c["pods"]));
        var state = new CycleState(pod);
        var skipped = false;
        if (plugin is IPreFilterPlugin first && c["pre"] is null or JsonValue
            && (bool?)c["pre"] != false)
        {
            var before = first.PreFilter(state, pod, [node]);
            skipped = before.Code == PluginCode.Skip;
            Assert.That(skipped, Is.EqualTo((bool?)c["skip"] ?? false));
            Assert.That(state.OnlyNodes ?? [],
                Is.EqualTo(c["names"] is { } names ? Texts(names) : []));
            Assert.That(before.Reasons,
                Is.EqualTo(c["rejected"] is { } rejected ? Texts(rejected) : []));
            if (before.IsRejected)
            {
                return;
            }
        }
        var status = skipped ? PluginStatus.Success
            : ((IFilterPlugin)plugin).Filter(state, pod, node);
        Assert.That(status.Reasons, Is.EqualTo(Texts(c["want"])));
    }

    [TestCaseSource(nameof(PluginScores))]
    public void Plugins_prefer_nodes(JsonObject c) => Assert.That(
        Decisions.ScoresOf((IScorePlugin)Plugin($"{c["plugin"]}", c["args"]),
            Decisions.Pod(c["pod"]),
            Nodes(c)), Is.EqualTo(Numbers(c["want"])));

    // The default plugin, with what the profile of the case tells it.
    private static IPlugin Plugin(string name, JsonNode? args = null)
    {
        var plugin = SchedulingFramework.DefaultProfile().Single(p => p.Plugin.Name == name).Plugin;
        return args is null ? plugin
            : PluginArguments.Apply(plugin, args.Deserialize<KeptFields>()!);
    }

    private static List<NodeInfo> Nodes(JsonObject c) => [.. c["nodes"]!.AsArray().Select(n =>
    {
        var node = Decisions.Node(n);
        return new NodeInfo(node,
            Pods(c["pods"]).Where(p => p.Spec.NodeName == node.Metadata.Name));
    })];

    private static IEnumerable<Pod> Pods(JsonNode? pods) =>
        pods?.AsArray().Select(p => Decisions.Pod(p)) ?? [];

    private static Pod PodAsking(JsonNode requests) => Decisions.Pod(new JsonObject
    {
        ["spec"] = new JsonObject
        {
            ["containers"] = new JsonArray(new JsonObject
            {
                ["resources"] = new JsonObject { ["requests"] = requests.DeepClone() },
            }),
        },
    });

    private static Seq<(long, long)> Points(JsonNode points) =>
        points.AsArray().Select(p => ((long)p![0]!, (long)p[1]!)).ToSeq();

    private static long[] Numbers(JsonNode? list) =>
        [.. list!.AsArray().Select(n => (long)n!)];

    private static string[] Texts(JsonNode? list) => [.. list!.AsArray().Select(n => $"{n}")];
}
