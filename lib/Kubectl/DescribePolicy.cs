using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What steers and limits workloads, in words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribePolicy
{
    public static void Write(DescribeText text, PodDisruptionBudget budget)
    {
        text.Head(budget);
        var (spec, status) = (budget.Spec, budget.Status);
        text.Fields(("Min available", spec.MinAvailable),
            ("Max unavailable", spec.MinAvailable is null ? spec.MaxUnavailable : null),
            ("Selector", TablePrinters.Selector(spec.Selector)));
        text.Line("Status:");
        text.Fields(("    Allowed disruptions", status.DisruptionsAllowed),
            ("    Current", status.CurrentHealthy), ("    Desired", status.DesiredHealthy),
            ("    Total", status.ExpectedPods));
        text.Events(budget);
    }

    public static void Write(DescribeText text, ResourceQuota quota)
    {
        text.Head(quota);
        text.Fields(("Scopes", DescribeText.Some(string.Join(", ", quota.Spec.Scopes))));
        text.Line("Resource\tUsed\tHard");
        text.Line("--------\t----\t----");
        foreach (var (name, hard) in quota.Status.Hard)
        {
            var used = quota.Status.Used.TryGetValue(name, out var u) ? u : new(0);
            text.Line($"{name}\t{used}\t{hard}");
        }
    }

    public static void WriteAutoscaler(DescribeText text, ApiObject o)
    {
        var node = Json.Encode(o);
        var spec = node.At("spec");
        var target = $"{spec.TextAt("scaleTargetRef", "kind")}/"
            + spec.TextAt("scaleTargetRef", "name");
        text.Head(o);
        text.LabelsAndAnnotations(o);
        text.Field("CreationTimestamp", DescribeText.Date(o.Metadata.CreationTimestamp));
        text.Field("Reference", target);
        WriteMetrics(text, node);
        text.Field("Min replicas", TablePrinters.Text(spec.TextAt("minReplicas"), "<unset>"));
        text.Field("Max replicas", spec.TextAt("maxReplicas"));
        if (spec.At("behavior") is { } behavior)
        {
            WriteBehavior(text, behavior);
        }
        text.Field($"{spec.TextAt("scaleTargetRef", "kind")} pods",
            $"{Count(node, "currentReplicas")} current / {Count(node, "desiredReplicas")} desired");
        text.Table("Conditions", "Type\tStatus\tReason\tMessage",
            [.. node.ItemsAt("status", "conditions").Select(c => $"{c.TextAt("type")}\t"
                + $"{c.TextAt("status")}\t{c.TextAt("reason")}\t{c.TextAt("message")}")]);
        text.Events(o);
    }

    private static void WriteMetrics(DescribeText text, JsonNode autoscaler)
    {
        text.Field("Metrics", "( current / target )");
        var current = autoscaler.ItemsAt("status", "currentMetrics").ToList();
        foreach (var (i, metric) in autoscaler.ItemsAt("spec", "metrics").Index())
        {
            var type = metric.TextAt("type");
            var field = char.ToLowerInvariant(type[0]) + type[1..];
            var (source, wanted) = (metric.At(field), metric.At(field, "target"));
            var there = current.ElementAtOrDefault(i).At(field, "current");
            var name = wanted.At("averageValue") is not null ? "averageValue" : "value";
            var aim = name == "value" ? "(target value)" : "(target average value)";
            var metricName = $"\"{source.TextAt("metric", "name")}\"";
            var what = type switch
            {
                "Resource" => $"resource {source.TextAt("name")} on pods",
                "ContainerResource" => $"resource {source.TextAt("name")} of container "
                    + $"\"{source.TextAt("container")}\" on pods",
                "Pods" => $"{metricName} on pods",
                "Object" => $"{metricName} on {source.TextAt("describedObject", "kind")}/"
                    + $"{source.TextAt("describedObject", "name")} {aim}",
                _ => $"{metricName} {aim}",
            };
            var now = TablePrinters.Text(there.TextAt(name), "<unknown>");
            var target = wanted.TextAt(name);
            if (wanted.At("averageUtilization") is { } percent)
            {
                what += "  (as a percentage of request)";
                now = there.At("averageUtilization") is { } use
                    ? $"{use}% ({there.TextAt("averageValue")})" : "<unknown>";
                target = $"{percent}%";
            }
            text.Field($"  {what}", $"{now} / {target}");
        }
    }

    private static void WriteBehavior(DescribeText text, JsonNode behavior)
    {
        text.Line("Behavior:");
        foreach (var (direction, field) in new[]
        {
            ("Scale Up", "scaleUp"), ("Scale Down", "scaleDown"),
        })
        {
            if (behavior.At(field) is not { } rules)
            {
                continue;
            }
            text.Line($"  {direction}:");
            if (rules.At("stabilizationWindowSeconds") is { } window)
            {
                text.Line($"    Stabilization Window: {window} seconds");
            }
            if (rules.ItemsAt("policies").ToList() is { Count: > 0 } policies)
            {
                text.Line("    Select Policy: "
                    + TablePrinters.Text(rules.TextAt("selectPolicy"), "Max"));
                text.Line("    Policies:");
                policies.ForEach(p => text.Line($"      - Type: {p.TextAt("type")}\tValue: "
                    + $"{p.TextAt("value")}\tPeriod: {p.TextAt("periodSeconds")} seconds"));
            }
        }
    }

    private static string Count(JsonNode autoscaler, string field) =>
        TablePrinters.Text(autoscaler.TextAt("status", field), "0");
}
