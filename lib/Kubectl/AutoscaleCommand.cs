using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl autoscale</c>: a HorizontalPodAutoscaler for a workload. The real one tries
/// autoscaling/v2 and then, where it can say the same, v1; so a refusal reads as that second try
/// does.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/autoscale/autoscale.go.</remarks>
internal static class AutoscaleCommand
{
    public static readonly KubectlCommand Command = new("autoscale", CommandFlags.Files
        + CommandFlags.Writes + "min max cpu-percent cpu memory name save-config!", Run);

    private static void Run(Invocation call)
    {
        var (least, most) = (call.Flags.Number("min") ?? -1, call.Flags.Number("max"));
        if (most is null)
        {
            throw new KubectlException("required flag(s) \"max\" not set");
        }
        if (most < 1)
        {
            throw new KubectlException("--max=MAXPODS is required and must be at least 1, max: "
                + DescribeText.Number(most.Value));
        }
        if (most < least)
        {
            throw new KubectlException("--max=MAXPODS must be larger or equal to --min=MINPODS, "
                + $"max: {DescribeText.Number(most.Value)}, min: {DescribeText.Number(least)}");
        }
        var percent = call.Flags.Number("cpu-percent") ?? -1;
        if (percent > 0 && call.Flags["cpu"] is { Length: > 0 })
        {
            throw new KubectlException("--cpu-percent and --cpu are mutually exclusive");
        }
        if (call.Flags["cpu-percent"] is not null)
        {
            call.ErrorLine("Flag --cpu-percent has been deprecated, Use --cpu with percentage or "
                + "resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).");
        }
        (string Resource, JsonObject? Target)[] targets =
        [
            ("cpu", percent > 0 ? Utilization(percent) : Target(call, "cpu", "m")),
            ("memory", Target(call, "memory", "Mi")),
        ];
        var metrics = targets.Where(t => t.Target is not null).Select(t => Tree.Of(
            ("type", "Resource"), ("resource.name", t.Resource), ("resource.target", t.Target)))
            .ToList();
        foreach (var o in ResourceArgs.ReadObjects(call))
        {
            if (!o.Kind.Subresources.AsSpan().Contains("scale"))
            {
                throw new KubectlException($"cannot autoscale a {o.Kind.Name}: could not find "
                    + $"scale subresource for {o.Kind.Group}/{o.Kind.Version}, "
                    + $"Resource={o.Kind.Plural} in discovery information");
            }
            Create(call, CreateGenerators.Item(call, Kinds.HorizontalPodAutoscaler,
                call.Flags["name"] ?? o.Metadata.Name, [
                    ("spec.scaleTargetRef.apiVersion", o.Kind.ApiVersion),
                    ("spec.scaleTargetRef.kind", o.Kind.Name),
                    ("spec.scaleTargetRef.name", o.Metadata.Name),
                    ("spec.maxReplicas", most), ("spec.minReplicas", least > 0 ? least : null),
                    ("spec.metrics", metrics.Count == 0 ? null
                        : metrics.Select(m => m.DeepClone()))]));
        }
    }

    private static void Create(Invocation call, ManifestItem item)
    {
        try
        {
            CreateCommand.Create(call, item, call.DryRunClient ? "created" : "autoscaled");
        }
        catch (ApiException)
        {
            var cpu = call.Flags["cpu"] ?? "";
            var problem = cpu.Length == 0 ? "empty input"
                : cpu.EndsWith('%') && call.Flags["memory"] is null ? null : "%!w(<nil>)";
            if (problem is null)
            {
                throw;
            }
            throw new KubectlException("failed to create autoscaling/v2 HPA and the configuration "
                + $"is incompatible with autoscaling/v1: {problem}");
        }
    }

    private static JsonObject Utilization(int percent) =>
        Tree.Of(("type", "Utilization"), ("averageUtilization", percent));

    // 70% of what is asked for, or an amount; a bare number is milli-CPU or MiB.
    private static JsonObject? Target(Invocation call, string resource, string unit)
    {
        if (call.Flags[resource]?.Trim() is not { Length: > 0 } wanted)
        {
            return null;
        }
        if (wanted.EndsWith('%'))
        {
            return int.TryParse(wanted[..^1], NumberStyles.None, CultureInfo.InvariantCulture,
                out var percent) ? Utilization(percent)
                : throw new KubectlException($"invalid percentage value: {wanted[..^1]}");
        }
        var amount = double.TryParse(wanted, CultureInfo.InvariantCulture, out _)
            ? wanted + unit : wanted;
        return Quantity.TryParse(amount, out var quantity, out _)
            ? Tree.Of(("type", "AverageValue"), ("averageValue", quantity.ToString()))
            : throw new KubectlException($"invalid resource {resource} value: {wanted}");
    }
}
