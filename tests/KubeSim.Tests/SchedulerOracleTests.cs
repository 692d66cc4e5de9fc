using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Whole scheduling cycles of 1.28 on random clusters. Where 1.36 is otherwise the test
/// says how: a taint's refusal names no taint, and the balance is scored by what the pod
/// changes. The locality of images has a table of its own: here nodes differ about the size of one
/// image, and a real scheduler takes the first.</summary>
public sealed class SchedulerOracleTests
{
    private static readonly string[] same =
    [
        "InterPodAffinity", "NodeAffinity", "NodeResourcesFit", "PodTopologySpread",
        "TaintToleration",
    ];

    [Test]
    public void Verdicts_and_scores_agree_with_1_28_where_1_36_does()
    {
        var (verdicts, scores) = (0, 0);
        foreach (var line in Data.Lines("scheduler-oracle.jsonl"))
        {
            Check(JsonNode.Parse(line)!.AsObject(), ref verdicts, ref scores);
        }
        Assert.That(verdicts, Is.GreaterThan(100));
        Assert.That(scores, Is.GreaterThan(100));
    }

    [Test]
    public void Verdicts_and_scores_agree_in_all_cycles_at_hand()
    {
        var tables = SchedulerGoldenTests.SharedFolder("tables");
        if (tables is null)
        {
            Assert.Ignore("the full table is not here");
        }
        var table = JsonNode.Parse(
            File.ReadAllText(Path.Combine(tables!, "oracle_schedule_cycle.json")))!;
        var (verdicts, scores) = (0, 0);
        foreach (var c in table["cases"]!.AsArray())
        {
            Check(c!.AsObject(), ref verdicts, ref scores);
        }
        TestContext.Out.WriteLine($"{verdicts} verdicts, {scores} scores");
        Assert.That(verdicts, Is.GreaterThan(700));
    }

    private static void Check(JsonObject c, ref int verdicts, ref int scores)
    {
        var input = c["input"]!;
        var decisions = new Decisions();
        foreach (var node in input["nodes"]!.AsArray())
        {
            decisions.Cache.SetNode(Decisions.Node(node));
        }
        foreach (var pod in input["existingPods"]?.AsArray() ?? [])
        {
            decisions.Cache.SetPod(Decisions.Pod(pod));
        }
        decisions.Decide(Decisions.Pod(input["pod"]));
        var theirs = c["expected"]!["filter"]!.AsObject();
        if (theirs.ContainsKey("*"))
        {
            return;
        }
        foreach (var (name, verdict) in theirs)
        {
            var ours = decisions.Cycle.Diagnosis.Rejected.Find(r => r.Node.Name == name).Status;
            verdicts++;
            Assert.That(Ours(ours), Is.EqualTo(Theirs(verdict)), $"{c["name"]} {name}");
        }
        if (decisions.Cycle.Feasible.Count > 1)
        {
            scores += CompareScores(c, decisions);
        }
    }

    private static string Ours(PluginStatus? status) => status is null ? "feasible"
        : $"{status.Plugin}: {status.Message}";

    private static string Theirs(JsonNode? verdict)
    {
        if (verdict is null)
        {
            return "feasible";
        }
        var reasons = verdict["reasons"]!.AsArray().Select(r =>
            $"{r}".StartsWith("node(s) had untolerated taint", StringComparison.Ordinal)
                ? "node(s) had untolerated taint(s)" : $"{r}");
        return $"{verdict["plugin"]}: {string.Join(", ", reasons)}";
    }

    private static int CompareScores(JsonObject c, Decisions decisions)
    {
        var compared = 0;
        var ours = decisions.Scores();
        foreach (var (name, scored) in c["expected"]!["scores"]?.AsObject() ?? [])
        {
            foreach (var plugin in same)
            {
                // A plugin that skips the pod has no score; in 1.28 most stood there as 0.
                var our = ours.GetValueOrDefault(plugin)?[name] ?? 0;
                var their = (long?)scored!["weighted"]![plugin] ?? 0;
                Assert.That(our, Is.EqualTo(their),
                    $"{c["name"]} {name} {plugin}");
                compared++;
            }
        }
        return compared;
    }
}
