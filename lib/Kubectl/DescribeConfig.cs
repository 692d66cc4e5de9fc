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
        if (!ns.Status.Conditions.IsEmpty)
        {
            text.Line("Conditions:");
            text.Line("  Type\tStatus\tLastTransitionTime\tReason\tMessage");
            text.Line("  ----\t------\t------------------\t------\t-------");
            foreach (var c in ns.Status.Conditions)
            {
                text.Line($"  {c.Type}\t{c.Status}\t{DescribeText.Date(c.LastTransitionTime)}\t"
                    + $"{c.Reason}\t{c.Message}");
            }
        }
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
        text.Field("StorageClass", spec.StorageClassName);
        text.Field("Status", claim.IsTerminating ? "Terminating" : status.Phase);
        text.Field("Volume", spec.VolumeName);
        text.LabelsAndAnnotations(claim);
        text.Field("Finalizers", $"[{string.Join(' ', claim.Metadata.Finalizers)}]");
        text.Field("Capacity", bound ? StorageTables.Storage(status.Capacity) : "");
        text.Field("Access Modes", bound ? StorageTables.Modes(status.AccessModes) : "");
        text.Field("VolumeMode", spec.VolumeMode);
        text.Many("Used By", [.. text.Call.List<Pod>(claim.Metadata.Namespace)
            .Where(pod => pod.Spec.Volumes.Any(
                v => v.PersistentVolumeClaim?.ClaimName == claim.Metadata.Name))
            .Select(pod => pod.Metadata.Name)]);
        text.Events(claim);
    }

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
        text.Line(" Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\t"
            + "Max Limit/Request Ratio");
        text.Line(" ----\t--------\t---\t---\t---------------\t-------------\t"
            + "-----------------------");
        foreach (var item in ranges.SelectMany(r => r.Spec.Limits))
        {
            var names = item.Max.Keys.Concat(item.Min.Keys).Concat(item.Default.Keys)
                .Concat(item.DefaultRequest.Keys).Concat(item.MaxLimitRequestRatio.Keys)
                .Distinct().Order(StringComparer.Ordinal);
            foreach (var name in names)
            {
                text.Line($" {item.Type}\t{name}\t{Of(item.Min, name)}\t{Of(item.Max, name)}\t"
                    + $"{Of(item.DefaultRequest, name)}\t{Of(item.Default, name)}\t"
                    + Of(item.MaxLimitRequestRatio, name));
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
