using System.Text;

namespace KubeSim;

/// <summary>Namespaces, ConfigMaps, Secrets, accounts and claims in words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeConfig
{
    public static void Write(DescribeText text, Namespace ns)
    {
        text.Head(ns);
        text.LabelsAndAnnotations(ns);
        text.Field("Status", ns.Status.Phase);
        text.Table("Conditions", "Type\tStatus\tLastTransitionTime\tReason\tMessage",
            [.. ns.Status.Conditions.Select(c => $"{c.Type}\t{c.Status}\t"
                + $"{DescribeText.Date(c.LastTransitionTime)}\t{c.Reason}\t{c.Message}")]);
        WriteQuotas(text, text.Call.List<ResourceQuota>(ns.Metadata.Name));
        WriteLimits(text, text.Call.List<LimitRange>(ns.Metadata.Name));
    }

    public static void Write(DescribeText text, ConfigMap map)
    {
        text.Head(map);
        text.LabelsAndAnnotations(map);
        text.Line("\nData\n====");
        foreach (var (key, value) in map.Data)
        {
            text.Line($"{key}:\n----\n{value}\n");
        }
        text.Line("\nBinaryData\n====");
        foreach (var (key, value) in map.BinaryData)
        {
            text.Line($"{key}: {DescribeText.Number(Bytes(value))} bytes");
        }
        text.Line("");
        text.Events(map);
    }

    public static void Write(DescribeText text, Secret secret)
    {
        text.Head(secret);
        text.LabelsAndAnnotations(secret);
        text.Line($"\nType:\t{secret.Type}");
        text.Line("\nData\n====");
        foreach (var (key, value) in secret.Data)
        {
            text.Field(key, $"{DescribeText.Number(Bytes(value))} bytes");
        }
    }

    public static void Write(DescribeText text, ServiceAccount account)
    {
        text.Head(account);
        text.LabelsAndAnnotations(account);
        text.Many("Image pull secrets",
            [.. account.ImagePullSecrets.Select(s => s.Name ?? "")]);
        text.Many("Mountable secrets", [.. account.Secrets.Select(s => s.Name ?? "")]);
        text.Field("Tokens", "<none>");
        text.Events(account);
    }

    public static void Write(DescribeText text, PersistentVolumeClaim claim)
    {
        var (spec, status) = (claim.Spec, claim.Status);
        var bound = spec.VolumeName is { Length: > 0 };
        text.Head(claim);
        text.Fields(("StorageClass", spec.StorageClassName ?? ""),
            ("Status", Ending(text, claim) ?? status.Phase ?? ""),
            ("Volume", spec.VolumeName ?? ""));
        text.LabelsAndAnnotations(claim);
        text.Fields(("Finalizers", $"[{string.Join(' ', claim.Metadata.Finalizers)}]"),
            ("Capacity", bound ? StorageTables.Storage(status.Capacity) : ""),
            ("Access Modes", bound ? StorageTables.Modes(status.AccessModes) : ""),
            ("VolumeMode", spec.VolumeMode ?? ""));
        text.Many("Used By", [.. text.Call.List<Pod>(claim.Metadata.Namespace)
            .Where(pod => pod.Spec.Volumes.Any(
                v => v.PersistentVolumeClaim?.ClaimName == claim.Metadata.Name))
            .Select(pod => pod.Metadata.Name)]);
        text.Events(claim);
    }

    public static void Write(DescribeText text, LimitRange range)
    {
        text.Head(range);
        WriteLimits(text, [range], "");
    }

    public static void Write(DescribeText text, PersistentVolume volume)
    {
        var (spec, status) = (volume.Spec, volume.Status);
        text.Head(volume);
        text.LabelsAndAnnotations(volume);
        var terms = spec.NodeAffinity?.Required?.NodeSelectorTerms ?? default;
        text.Fields(("Finalizers", $"[{string.Join(' ', volume.Metadata.Finalizers)}]"),
            ("StorageClass", spec.StorageClassName ?? ""),
            ("Status", Ending(text, volume) ?? status.Phase ?? ""),
            ("Claim", spec.ClaimRef is { } claim ? $"{claim.Namespace}/{claim.Name}" : ""),
            ("Reclaim Policy", spec.PersistentVolumeReclaimPolicy ?? ""),
            ("Access Modes", StorageTables.Modes(spec.AccessModes)),
            ("VolumeMode", spec.VolumeMode ?? ""),
            ("Capacity", StorageTables.Storage(spec.Capacity)),
            ("Node Affinity", terms.IsEmpty ? "<none>" : ""));
        foreach (var (i, term) in terms.Index())
        {
            text.Text(i == 0 ? ["  Required Terms:\t\n"] : []);
            text.Many($"    Term {DescribeText.Number(i)}", [.. term.MatchExpressions.Select(e =>
                $"{e.Key} {e.Operator.ToLowerInvariant()}" + (e.Values.IsEmpty ? ""
                    : $" [{string.Join(", ", e.Values)}]"))]);
        }
        text.Field("Message", status.Message);
        text.Line("Source:");
        DescribeVolumes.WriteSource(text, spec);
        text.Events(volume);
    }

    private static string? Ending(DescribeText text, ApiObject o) =>
        o.Metadata.DeletionTimestamp is { } deleted
            ? $"Terminating (lasts {HumanDuration.Since(deleted, text.Call.Now)})" : null;

    private static void WriteQuotas(DescribeText text, IReadOnlyList<ResourceQuota> quotas)
    {
        if (quotas.Count == 0)
        {
            text.Line("\nNo resource quota.");
            return;
        }
        text.Line("\nResource Quotas");
        for (var i = 0; i < quotas.Count; i++)
        {
            text.Line($"{(i > 0 ? "\n" : "")}  Name:\t{quotas[i].Metadata.Name}");
            text.Line("  Resource\tUsed\tHard");
            text.Line("  --------\t---\t---");
            foreach (var (name, hard) in quotas[i].Status.Hard)
            {
                var used = quotas[i].Status.Used.TryGetValue(name, out var u) ? u : new(0);
                text.Line($"  {name}\t{used}\t{hard}");
            }
        }
    }

    private static void WriteLimits(DescribeText text, IReadOnlyList<LimitRange> ranges)
    {
        if (ranges.Count == 0)
        {
            text.Line("\nNo LimitRange resource.");
            return;
        }
        text.Line("\nResource Limits");
        WriteLimits(text, ranges, " ");
    }

    private static void WriteLimits(
        DescribeText text, IReadOnlyList<LimitRange> ranges, string indent)
    {
        text.Line($"{indent}Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\t"
            + "Max Limit/Request Ratio");
        text.Line($"{indent}----\t--------\t---\t---\t---------------\t-------------\t"
            + "-----------------------");
        foreach (var item in ranges.SelectMany(r => r.Spec.Limits))
        {
            Map<Quantity>[] columns = [item.Min, item.Max, item.DefaultRequest, item.Default,
                item.MaxLimitRequestRatio];
            foreach (var name in columns.SelectMany(c => c.Keys).Distinct()
                .Order(StringComparer.Ordinal))
            {
                text.Line($"{indent}{item.Type}\t{name}\t"
                    + string.Join('\t', columns.Select(c => Of(c, name))));
            }
        }
    }

    private static string Of(Map<Quantity> amounts, string name) =>
        amounts.TryGetValue(name, out var amount) ? amount.ToString() : "-";

    private static int Bytes(string base64)
    {
        var buffer = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, buffer, out var written)
            ? written : Encoding.UTF8.GetByteCount(base64);
    }
}
