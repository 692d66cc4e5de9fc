using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Spreading, affinity between pods and locality of images against cases of upstream's own
/// tests (1.28): some of them here, all of them where the whole tables are at hand. A case that
/// switches a feature off that 1.36 always has is left out.</summary>
public sealed class SchedulerNeighbourTests
{
    private static readonly string[] tables =
    [
        "sched_spread_single", "sched_spread_multi", "sched_spread_prefilter",
        "sched_spread_score", "sched_interpod_single_node", "sched_interpod_multi_node",
        "sched_interpod_score", "sched_interpod_score_hard_weight", "sched_image_locality",
    ];

    private static IEnumerable<TestCaseData> Kept() => Data.Lines("scheduler-neighbours.jsonl")
        .Select(line => JsonNode.Parse(line)!.AsObject())
        .Select(c => new TestCaseData($"{c["t"]}", c)
            .SetArgDisplayNames($"{c["t"]}", $"{c["name"]}"));

    [TestCaseSource(nameof(Kept))]
    public void Plugins_judge_by_the_neighbours_as_upstream(string table, JsonObject c) =>
        Assert.That(Differences(table, c), Is.Empty);

    [TestCaseSource(nameof(tables))]
    public void Plugins_judge_by_the_neighbours_as_upstream_in_the_whole_table(string table)
    {
        var folder = SchedulerGoldenTests.SharedFolder("tables");
        if (folder is null)
        {
            Assert.Ignore("the full tables are not here");
        }
        var all = JsonNode.Parse(File.ReadAllText(Path.Combine(folder!, $"{table}.json")))!;
        var (differences, compared) = (new List<string>(), 0);
        foreach (var c in all["cases"]!.AsArray().Select(c => c!.AsObject()))
        {
            if (!IsOfAnotherTime(c["input"]!))
            {
                compared++;
                differences.AddRange(Differences(table, c));
            }
        }
        TestContext.Out.WriteLine($"{table}: {compared} of {all["cases"]!.AsArray().Count} cases");
        Assert.That(differences, Is.Empty);
        Assert.That(compared, Is.GreaterThan(4));
    }

    // A gate that is shut while the pod uses what it guards.
    private static bool IsOfAnotherTime(JsonNode input)
    {
        bool Shut(string gate) => input[gate] is { } open && !(bool)open;
        var constraints = input["pod"]?["spec"]?["topologySpreadConstraints"]?.AsArray() ?? [];
        return constraints.Any(c =>
            (c!["matchLabelKeys"] is not null && Shut("enableMatchLabelKeys"))
            || (c["minDomains"] is not null && Shut("enableMinDomains"))
            || ((c["nodeAffinityPolicy"] ?? c["nodeTaintsPolicy"]) is not null
                && Shut("enableNodeInclusionPolicy")));
    }

    private static IEnumerable<string> Differences(string table, JsonObject c)
    {
        var scene = new Scene(c["input"]!);
        var (input, expected) = (c["input"]!, c["expected"]!);
        var found = table switch
        {
            "sched_spread_single" or "sched_spread_multi" =>
                scene.Verdicts(new PodTopologySpread(), null, expected["wantStatusCode"]!),
            "sched_spread_prefilter" => scene.SpreadCounts(input, expected),
            "sched_spread_score" => scene.Scores(new PodTopologySpread(), expected["want"], null),
            "sched_image_locality" =>
                scene.Scores(new ImageLocality(), expected["expectedList"], null),
            "sched_interpod_single_node" => scene.Verdicts(new InterPodAffinity(),
                expected["wantPreFilterStatus"], new JsonArray(
                    expected["wantFilterStatus"]?.DeepClone())),
            "sched_interpod_multi_node" => scene.Verdicts(new InterPodAffinity(),
                expected["wantPreFilterStatus"], expected["wantFilterStatuses"]!),
            _ => scene.Scores(new InterPodAffinity((int?)input["hardPodAffinityWeight"] ?? 1,
                (bool?)input["ignorePreferredTermsOfExistingPods"] ?? false),
                expected["expectedList"], expected["wantStatus"]),
        };
        return found.Select(difference => $"{c["name"]}: {difference}");
    }

    private sealed class Scene
    {
        private readonly SchedulerCache cache = new();
        private readonly CycleState state;
        private readonly List<NodeInfo> nodes = [];
        private readonly int scored;

        public Scene(JsonNode input)
        {
            foreach (var (name, team) in new[] { ("subteam1.team1", "team1"),
                ("subteam2.team1", "team1"), ("subteam1.team2", "team2"),
                ("subteam2.team2", "team2") })
            {
                var labels = Map.Of(("team", team));
                var ns = new Namespace { Metadata = new() { Name = name, Labels = labels } };
                cache.SetOther(ns.Key, ns);
            }
            foreach (var service in List(input["objs"]))
            {
                var read = Json.Decode<Service>(service.DeepClone());
                cache.SetOther(read.Key, read);
            }
            var candidates = input["node"] is { } one ? [one] : List(input["nodes"]);
            scored = candidates.Count;
            // Nodes that another filter turned away are not scored; their pods count.
            foreach (var node in candidates.Concat(List(input["failedNodes"])))
            {
                var read = Decisions.Node(node);
                cache.SetNode(read);
                nodes.Add(cache.Find(read.Metadata.Name)!);
            }
            var count = 0;
            foreach (var pod in List(input["pods"] ?? input["existingPods"]))
            {
                var read = Decisions.Pod(pod);
                cache.SetPod(read with
                {
                    Metadata = read.Metadata with { Name = $"{read.Metadata.Name}-{count++}" },
                });
            }
            state = new(Decisions.Pod(input["pod"])) { Cache = cache };
        }

        private Pod Pod => state.Pod;

        public IEnumerable<string> Verdicts(IPlugin plugin, JsonNode? before, JsonNode expected)
        {
            var pre = ((IPreFilterPlugin)plugin).PreFilter(state, Pod, nodes);
            if (before is not null && Told(pre) != Told(before))
            {
                yield return $"PreFilter {Told(before)}, here {Told(pre)}";
            }
            for (var i = 0; i < nodes.Count; i++)
            {
                var theirs = expected is JsonArray list ? Told(list[i])
                    : $"{expected[nodes[i].Name]}";
                var status = pre.IsRejected || pre.Code == PluginCode.Skip ? PluginStatus.Success
                    : ((IFilterPlugin)plugin).Filter(state, Pod, nodes[i]);
                var ours = expected is JsonArray ? Told(status) : $"{status.Code}";
                if (theirs != ours)
                {
                    yield return $"{nodes[i].Name} {theirs}, here {ours}";
                }
            }
        }

        public IEnumerable<string> Scores(
            IScorePlugin plugin, JsonNode? expected, JsonNode? before)
        {
            // PreFilter comes first in life, and knows all nodes.
            (plugin as IPreFilterPlugin)?.PreFilter(state, Pod, nodes);
            var left = nodes[..scored];
            var pre = ((IPreScorePlugin)plugin).PreScore(state, Pod, left);
            var code = before is null ? "Success" : $"{before["code"]}";
            if ($"{pre.Code}" != code)
            {
                yield return $"PreScore {code}, here {pre.Code}";
            }
            if (!pre.IsSuccess)
            {
                yield break;
            }
            long[] scores = [.. left.Select(n => plugin.Score(state, Pod, n))];
            plugin.Normalize(state, Pod, scores);
            var theirs = string.Join(' ', List(expected).Select(s => $"{s["Name"]}={s["Score"]}"));
            var ours = string.Join(' ', left.Select((n, i) => $"{n.Name}={scores[i]}"));
            if (theirs != ours)
            {
                yield return $"{theirs}, here {ours}";
            }
        }

        // The state that upstream's PreFilter leaves: constraints, pods by domain, the minimum.
        public IEnumerable<string> SpreadCounts(JsonNode input, JsonNode expected)
        {
            Seq<TopologySpreadConstraint>? defaults = input["defaultConstraints"] is not { } given
                ? null : Decisions.Pod(new JsonObject
                {
                    ["spec"] = new JsonObject { ["topologySpreadConstraints"] = given.DeepClone() },
                }).Spec.TopologySpreadConstraints;
            var plugin = new PodTopologySpread(defaults);
            var pre = plugin.PreFilter(state, Pod, nodes);
            if (Told(pre) != Told(expected["wantPrefilterStatus"]))
            {
                yield return $"{Told(expected["wantPrefilterStatus"])}, here {Told(pre)}";
            }
            var rules = state.Get<SpreadPlan>(plugin)!.Hard;
            var theirs = List(expected["want"]?["Constraints"]);
            var pairs = expected["want"]?["TpPairToMatchNum"]?.AsObject() ?? [];
            if (rules.Length != theirs.Count)
            {
                yield return $"{theirs.Count} constraints, here {rules.Length}";
                yield break;
            }
            for (var i = 0; i < rules.Length; i++)
            {
                var (rule, key) = (rules[i], $"{theirs[i]["TopologyKey"]}");
                var lines = nodes
                    .Where(n => rule.Tally.Topology.Counts(cache.Index.SlotOf(n)))
                    .Select(n => (Value: n.Node!.Metadata.Labels[key],
                        Count: rule.Tally.CountAt(cache.Index.SlotOf(n))))
                    .Select(n => $"{{\"key\":\"{key}\",\"value\":\"{n.Value}\"}}={n.Count}");
                var ours = $"{rule.MaxSkew} {rule.MinDomains} "
                    + string.Join(' ', lines.Distinct().Order(StringComparer.Ordinal));
                var wanted = $"{theirs[i]["MaxSkew"]} {theirs[i]["MinDomains"]} "
                    + string.Join(' ', pairs.Select(p => $"{p.Key}={p.Value}")
                        .Where(p => p.StartsWith($"{{\"key\":\"{key}\"", StringComparison.Ordinal))
                        .Order(StringComparer.Ordinal));
                if (ours != wanted)
                {
                    yield return $"{wanted}, here {ours}";
                }
                var least = (long)expected["want"]!["TpKeyToCriticalPaths"]![key]![0]!["MatchNum"]!;
                if (least != int.MaxValue && least != rule.Tally.Least(1))
                {
                    yield return $"{key} at least {least}, here {rule.Tally.Least(1)}";
                }
            }
        }

        private static List<JsonNode> List(JsonNode? list) =>
            [.. (list?.AsArray() ?? []).Select(n => n!)];

        private static string Told(JsonNode? status) => status is null ? "Success"
            : $"{status["code"]} {string.Join(", ", List(status["reasons"]))}".Trim();

        private static string Told(PluginStatus status) => $"{status.Code} {status.Message}".Trim();
    }
}
