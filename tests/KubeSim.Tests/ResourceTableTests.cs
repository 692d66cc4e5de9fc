using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What the kubelet makes of requests, limits and thresholds, against upstream's own
/// cases.</summary>
public sealed class ResourceTableTests
{
    private static IEnumerable<object[]> Cases(string claim) => TestData.Of("resources.tsv", claim);

    private static IEnumerable<object[]> Thresholds() => Cases("threshold");

    private static IEnumerable<object[]> Scores() => Cases("oom");

    private static IEnumerable<object[]> Quotas() => Cases("quota");

    [TestCaseSource(nameof(Thresholds))]
    public void Flags_make_thresholds(string claim, string hard, string soft, string grace,
        string reclaim, string enforced, string wanted) =>
        Assert.That(Made(hard, soft, grace, reclaim, enforced == "pods"), Is.EqualTo(wanted),
            claim);

    private static string Made(
        string hard, string soft, string grace, string reclaim, bool isEnforced)
    {
        if (EvictionThresholds.Amounts(hard, '<') is not { } now
            || EvictionThresholds.Amounts(soft, '<') is not { } later
            || EvictionThresholds.Spans(grace) is not { } spans
            || EvictionThresholds.Amounts(reclaim, '=') is not { } more)
        {
            return "error";
        }
        try
        {
            return string.Join(';', EvictionThresholds.Of(now, later, spans, more, isEnforced)
                .Select(t => $"{t.Signal}<{t.Value.Quantity} {GoDuration.Format(t.GracePeriod)} "
                    + $"{t.MinReclaim?.Quantity?.ToString() ?? "-"}")
                .Order(StringComparer.Ordinal));
        }
        catch (ArgumentException)
        {
            return "error";
        }
    }

    [TestCaseSource(nameof(Scores))]
    public void Who_asked_for_much_is_killed_late(
        string claim, string capacity, string spec, string least, string most)
    {
        var pod = Json.Decode<Pod>(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "foo" }, ["spec"] = JsonNode.Parse(spec),
        });
        Assert.That(CgroupRules.OomScoreAdj(pod, pod.Spec.Containers[0],
                TestData.Number(capacity)),
            Is.InRange(TestData.Number(least), TestData.Number(most)), claim);
    }

    [TestCaseSource(nameof(Quotas))]
    public void A_limit_of_CPU_is_a_quota_in_each_period(
        string claim, string milli, string quota, string way)
    {
        var (cpu, micro) = (TestData.Number(milli), TestData.Number(quota));
        Assert.That(way == "to" ? CgroupRules.Quota(cpu)
            : new LinuxResources(CpuQuota: micro).CpuLimitMilli,
            Is.EqualTo(way == "to" ? micro : cpu), claim);
    }

    [Test]
    public void A_sidecar_stands_no_worse_than_what_it_serves()
    {
        var pod = Json.Decode<Pod>(JsonNode.Parse("""
            { "metadata": { "name": "foo" }, "spec": {
              "initContainers": [{ "name": "side", "restartPolicy": "Always" }],
              "containers": [{ "name": "main",
                "resources": { "requests": { "memory": "4Gi" } } }] } }
            """)!);
        var capacity = 16L << 30;
        Assert.That(CgroupRules.OomScoreAdj(pod, pod.Spec.Containers[0], capacity),
            Is.EqualTo(750));
        Assert.That(CgroupRules.OomScoreAdj(pod, pod.Spec.InitContainers[0], capacity),
            Is.EqualTo(750));
    }

    [Test]
    public void The_flags_refuse_what_the_kubelet_refuses() => Assert.Multiple(() =>
    {
        foreach (var (flag, value) in new[]
        {
            ("eviction-hard", "memory.available<-1Mi"), ("eviction-hard", "memory<1Mi"),
            ("eviction-hard", "memory.available=1Mi"), ("kube-reserved", "gpu=1"),
            ("eviction-soft-grace-period", "memory.available=soon"),
        })
        {
            Assert.That(() => Settings.Default.With($"kubelet.{flag}", value),
                Throws.ArgumentException, $"{flag} {value}");
        }
    });
}
