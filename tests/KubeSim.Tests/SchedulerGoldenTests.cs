using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Decisions of a real scheduler (1.36): the same nodes that will do, the same score of
/// every plugin to the digit, one of the best nodes, the same refusal word for word.</summary>
public sealed class SchedulerGoldenTests
{
    // Claims for devices, which the simulator has not: they score 0.
    private const string Missing = "DynamicResources";

    private static IEnumerable<TestCaseData> Recorded() => Data.Lines("scheduler-cycles.jsonl")
        .Select(line => JsonNode.Parse(line)!.AsObject())
        .Select(d => new TestCaseData(d).SetArgDisplayNames($"{d["name"]}"));

    [TestCaseSource(nameof(Recorded))]
    public void Decides_as_the_real_scheduler(JsonObject recording)
    {
        var tally = new Tally();
        Replay(recording, tally);
        Assert.That(tally.Differences, Is.Empty);
        Assert.That(tally.Decisions, Is.GreaterThan(0));
    }

    [Test]
    public void Decides_as_the_real_scheduler_in_all_recordings_at_hand()
    {
        var folder = SharedFolder("golden/scheduler");
        if (folder is null)
        {
            Assert.Ignore("the full recordings are not here");
        }
        var tally = new Tally();
        foreach (var file in Directory.GetFiles(folder!, "*.json").Order(StringComparer.Ordinal))
        {
            Replay(JsonNode.Parse(File.ReadAllText(file))!.AsObject(), tally);
        }
        TestContext.Out.WriteLine(tally);
        Assert.That(tally.Differences, Is.Empty, tally.ToString());
        Assert.That(tally.Decisions, Is.GreaterThan(250));
    }

    internal static string? SharedFolder(string name)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var folder = Path.Combine(at.FullName, "shared", name);
            if (Directory.Exists(folder))
            {
                return folder;
            }
        }
        return null;
    }

    private static void Replay(JsonObject recording, Tally tally)
    {
        var priorities = recording["steps"]!.AsArray()
            .ToDictionary(s => $"{s!["pod"]}", s => (int)s!["priority"]!);
        var pods = recording["pods"]!.AsArray().Select(p => Decisions.Pod(p))
            .ToDictionary(p => $"{p.Metadata.Namespace}/{p.Metadata.Name}", p => p with
            {
                Spec = p.Spec with
                {
                    Priority = priorities.GetValueOrDefault(
                        $"{p.Metadata.Namespace}/{p.Metadata.Name}"),
                },
            });
        foreach (var step in recording["steps"]!.AsArray())
        {
            var decisions = new Decisions();
            foreach (var node in recording["nodes"]!.AsArray())
            {
                decisions.Cache.SetNode(Decisions.Node(node));
            }
            foreach (var (name, node) in step!["before"]!.AsObject())
            {
                var pod = pods[name];
                decisions.Cache.SetPod(pod with { Spec = pod.Spec with { NodeName = $"{node}" } });
            }
            if (recording["service"] is { } written)
            {
                var service = Json.Decode<Service>(written.DeepClone());
                decisions.Cache.SetOther(service.Key, service);
            }
            var chosen = decisions.Decide(pods[$"{step["pod"]}"]);
            var what = $"{recording["name"]} {step["pod"]}";
            Compare(what, step.AsObject(), decisions, chosen, tally);
        }
    }

    private static void Compare(
        string what, JsonObject step, Decisions ours, NodeInfo? chosen, Tally tally)
    {
        if (step["unschedulable"] is { } refusal)
        {
            tally.Decisions++;
            tally.Refusals++;
            tally.Equal(what, $"{refusal}", chosen is null ? ours.Refusal() : chosen.Name);
            return;
        }
        var best = step["best"]!.AsArray().Select(n => $"{n}").ToList();
        var plugins = step["scores"]?["plugins"]?.AsObject();
        var feasible = plugins is null ? best
            : step["scores"]!["total"]!.AsObject().Select(t => t.Key).ToList();
        var found = ours.Cycle.Feasible.Select(n => n.Name).Order(StringComparer.Ordinal);
        tally.Equal(what, string.Join(" ", feasible.Order(StringComparer.Ordinal)),
            string.Join(" ", found));
        if (plugins is not null)
        {
            CompareScores(what, plugins, ours.Scores(), tally);
            CompareTotals(what, step["scores"]!["total"]!.AsObject(), ours, tally);
        }
        tally.Decisions++;
        tally.Equal(what, chosen is not null && best.Contains(chosen.Name) ? chosen.Name
            : string.Join(" or ", best), chosen?.Name ?? "none");
    }

    private static void CompareTotals(
        string what, JsonObject totals, Decisions ours, Tally tally)
    {
        for (var i = 0; i < ours.Cycle.Feasible.Count; i++)
        {
            var node = ours.Cycle.Feasible[i].Name;
            tally.Totals++;
            tally.Equal($"{what} total {node}", $"{totals[node]}", $"{ours.Cycle.Total(i)}");
        }
    }

    private static void CompareScores(string what, JsonObject recorded,
        Dictionary<string, Dictionary<string, long>> ours, Tally tally)
    {
        foreach (var (plugin, scores) in recorded)
        {
            if (plugin == Missing)
            {
                continue;
            }
            foreach (var (node, score) in scores!.AsObject())
            {
                tally.Scores++;
                var our = ours.GetValueOrDefault(plugin)?.GetValueOrDefault(node, -1) ?? -1;
                tally.Equal($"{what} {plugin} {node}", $"{score}", $"{our}");
            }
        }
        foreach (var plugin in ours.Keys.Where(p => !recorded.ContainsKey(p)))
        {
            tally.Equal($"{what} {plugin}", "not scored", "scored");
        }
    }

    private sealed class Tally
    {
        public int Decisions { get; set; }

        public int Refusals { get; set; }

        public int Scores { get; set; }

        public int Totals { get; set; }

        public List<string> Differences { get; } = [];

        public void Equal(string what, string recorded, string ours)
        {
            if (recorded != ours)
            {
                Differences.Add($"{what}: recorded \"{recorded}\", here \"{ours}\"");
            }
        }

        public override string ToString() => $"{Decisions} decisions ({Refusals} refusals), "
            + $"{Scores} scores, {Totals} totals, {Differences.Count} differences";
    }
}
