using System.Globalization;
using System.Text.Json.Nodes;
using static KubeSim.TablePrinters;

namespace KubeSim;

/// <summary>The columns of what steers and limits workloads.</summary>
/// <remarks>Models pkg/printers/internalversion/printers.go.</remarks>
internal static class PolicyTables
{
    public static readonly TablePrinter Autoscaler = new(
        "Name|Reference|Targets|MinPods|MaxPods|Replicas|Age",
        static (o, now) =>
        {
            var node = Json.Encode(o);
            return
            [
                o.Metadata.Name,
                $"{node.TextAt("spec", "scaleTargetRef", "kind")}/"
                    + node.TextAt("spec", "scaleTargetRef", "name"),
                Targets(node), Text(node.TextAt("spec", "minReplicas"), "<unset>"),
                node.TextAt("spec", "maxReplicas"),
                Text(node.TextAt("status", "currentReplicas"), "0"), Age(o, now),
            ];
        });

    public static readonly TablePrinter DisruptionBudget = TablePrinter.For<PodDisruptionBudget>(
        "Name|Min Available|Max Unavailable|Allowed Disruptions|Age",
        static (b, now) =>
        [
            b.Metadata.Name, b.Spec.MinAvailable?.ToString() ?? "N/A",
            b.Spec.MaxUnavailable?.ToString() ?? "N/A", Number(b.Status.DisruptionsAllowed),
            Age(b, now),
        ]);

    public static readonly TablePrinter Quota = TablePrinter.For<ResourceQuota>(
        "Name|Request|Limit|Age",
        static (q, now) =>
            [q.Metadata.Name, Used(q, limits: false), Used(q, limits: true), Age(q, now)]);

    /// <summary>The columns of kinds that tell no more than when they came.</summary>
    public static readonly TablePrinter Created = new(
        "Name|Created At", static (o, _) =>
            [o.Metadata.Name, o.Metadata.CreationTimestamp?.ToString() ?? "<unknown>"]);

    public static readonly TablePrinter PriorityClass = TablePrinter.For<PriorityClass>(
        "Name|Value|Global-Default|Age|PreemptionPolicy",
        static (c, now) =>
        [
            c.Metadata.Name, Number(c.Value), c.GlobalDefault == true ? "true" : "false",
            Age(c, now), Text(c.PreemptionPolicy, "PreemptLowerPriority"),
        ]);

    public static readonly TablePrinter RoleBinding = new(
        "Name|Role|Age|*Users|*Groups|*ServiceAccounts",
        static (o, now) =>
        {
            var node = Json.Encode(o);
            string Subjects(string kind) => string.Join(", ", node.ItemsAt("subjects")
                .Where(s => s.TextAt("kind") == kind)
                .Select(s => kind == "ServiceAccount"
                    ? $"{s.TextAt("namespace")}/{s.TextAt("name")}" : s.TextAt("name")));
            return
            [
                o.Metadata.Name,
                $"{node.TextAt("roleRef", "kind")}/{node.TextAt("roleRef", "name")}",
                Age(o, now), Subjects("User"), Subjects("Group"), Subjects("ServiceAccount"),
            ];
        });

    /// <summary>Each metric: what it is now, and what it shall be.</summary>
    private static string Targets(JsonNode autoscaler)
    {
        var current = autoscaler.ItemsAt("status", "currentMetrics").ToList();
        var metrics = autoscaler.ItemsAt("spec", "metrics").ToList();
        var shown = metrics.Select((metric, i) =>
            Target(metric, current.ElementAtOrDefault(i))).ToList();
        return shown.Count switch
        {
            0 => "<none>",
            <= 2 => string.Join(", ", shown),
            _ => string.Create(CultureInfo.InvariantCulture,
                $"{string.Join(", ", shown.Take(2))} + {shown.Count - 2} more..."),
        };
    }

    private static string Target(JsonNode metric, JsonNode? current)
    {
        var type = metric.TextAt("type");
        var field = char.ToLowerInvariant(type[0]) + type[1..];
        var (wanted, there) = (metric.At(field, "target"), current.At(field, "current"));
        if (wanted.At("averageUtilization") is { } percent)
        {
            var now = there.At("averageUtilization") is { } use ? $"{use}%" : "<unknown>";
            return $"{metric.TextAt(field, "name")}: {now}/{percent}%";
        }
        var average = wanted.At("averageValue") is not null;
        var name = average ? "averageValue" : "value";
        var value = Text(there.TextAt(name), "<unknown>");
        var label = type is "Resource" or "ContainerResource"
            ? $"{metric.TextAt(field, "name")}: " : "";
        return $"{label}{value}/{wanted.TextAt(name)}{(average && label == "" ? " (avg)" : "")}";
    }

    private static string Used(ResourceQuota quota, bool limits) => string.Join(", ",
        quota.Status.Hard.Where(hard => hard.Key.StartsWith("limits", StringComparison.Ordinal)
            == limits).Select(hard => $"{hard.Key}: "
                + $"{(quota.Status.Used.TryGetValue(hard.Key, out var used) ? used : "0")}"
                + $"/{hard.Value}"));
}
