namespace KubeSim;

/// <summary>The volumes of a pod or of a template in words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeVolumes
{
    public static void Write(DescribeText text, Seq<Volume> volumes, string indent)
    {
        if (volumes.IsEmpty)
        {
            text.Field($"{indent}Volumes", "<none>");
            return;
        }
        text.Line($"{indent}Volumes:");
        foreach (var volume in volumes)
        {
            text.Line($"{(indent.Length == 0 ? "  " : "   ")}{volume.Name}:");
            Write(text, volume);
        }
    }

    /// <summary>How evenly pods shall lie over zones or nodes.</summary>
    public static void WriteSpread(
        DescribeText text, Seq<TopologySpreadConstraint> constraints, string indent)
    {
        if (constraints.IsEmpty)
        {
            return;
        }
        text.Many($"{indent}Topology Spread Constraints", [.. constraints
            .OrderBy(c => c.TopologyKey, StringComparer.Ordinal).Select(c =>
                $"{c.TopologyKey}:{c.WhenUnsatisfiable} when max skew "
                + $"{DescribeText.Number(c.MaxSkew)} is exceeded"
                + (c.LabelSelector is { } s ? $" for selector {s}" : ""))]);
    }

    // What a source is, and its fields.
    private static void Source(
        DescribeText text, string type, params ReadOnlySpan<(string, object?)> fields)
    {
        text.Field("    Type", type);
        text.Fields(fields);
    }

    private const string Csi = "CSI (a Container Storage Interface (CSI) volume source)";

    private static void Write(DescribeText text, Volume volume)
    {
        static string Lower(bool? flag) => DescribeText.Lower(flag);
        switch (volume)
        {
            case { HostPath: { } path }:
                Source(text, "HostPath (bare host directory volume)",
                    ("    Path", path.Path), ("    HostPathType", path.Type ?? ""));
                break;
            case { EmptyDir: { } directory }:
                Source(text, "EmptyDir (a temporary directory that shares a pod's lifetime)",
                    ("    Medium", directory.Medium ?? ""), ("    SizeLimit", directory.SizeLimit
                        is { IsZero: false } size ? size.ToString() : "<unset>"));
                break;
            case { Secret: { } secret }:
                Source(text, "Secret (a volume populated by a Secret)",
                    ("    SecretName", secret.SecretName ?? ""),
                    ("    Optional", Lower(secret.Optional)));
                break;
            case { ConfigMap: { } map }:
                Source(text, "ConfigMap (a volume populated by a ConfigMap)",
                    ("    Name", map.Name ?? ""), ("    Optional", Lower(map.Optional)));
                break;
            case { PersistentVolumeClaim: { } claim }:
                Source(text, "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the "
                    + "same namespace)", ("    ClaimName", claim.ClaimName),
                    ("    ReadOnly", Lower(claim.ReadOnly)));
                break;
            case { Ephemeral.VolumeClaimTemplate: { } template }:
                Source(text, "EphemeralVolume (an inline specification for a volume that gets "
                    + "created and deleted with the pod)",
                    ("    StorageClass", template.Spec.StorageClassName ?? ""));
                break;
            case { Csi: { } csi }:
                Source(text, Csi, ("    Driver", csi.Driver), ("    FSType", csi.FsType ?? ""),
                    ("    ReadOnly", Lower(csi.ReadOnly)));
                break;
            case { Nfs: { } nfs }:
                Source(text, "NFS (an NFS mount that lasts the lifetime of a pod)",
                    ("    Server", nfs.Server), ("    Path", nfs.Path),
                    ("    ReadOnly", Lower(nfs.ReadOnly)));
                break;
            case { DownwardAPI: { } downward }:
                Source(text, "DownwardAPI (a volume populated by information about the pod)");
                text.Text(downward.Items.Select(item =>
                    $"      {item.FieldRef?.FieldPath ?? item.ResourceFieldRef?.Resource}"
                    + $" -> {item.Path}\n").Prepend("    Items:\n"));
                break;
            case { Projected: { } projected }:
                WriteProjected(text, projected);
                break;
            default:
                text.Line("    <unknown>");
                break;
        }
    }

    /// <summary>What a PersistentVolume is made of.</summary>
    public static void WriteSource(DescribeText text, PersistentVolumeSpec spec)
    {
        if (spec.Local is { } local)
        {
            Source(text, "LocalVolume (a persistent volume backed by local storage on a node)",
                ("    Path", local.Path));
        }
        else if (spec.Csi is { } csi)
        {
            Source(text, Csi, ("    Driver", csi.Driver), ("    FSType", csi.FsType ?? ""),
                ("    VolumeHandle", csi.VolumeHandle),
                ("    ReadOnly", DescribeText.Lower(csi.ReadOnly)));
            text.Many("    VolumeAttributes",
                [.. csi.VolumeAttributes.Select(a => $"{a.Key}={a.Value}")]);
        }
        else
        {
            Write(text, new Volume { HostPath = spec.HostPath, Nfs = spec.Nfs });
        }
    }

    private static void WriteProjected(DescribeText text, ProjectedVolumeSource projected)
    {
        Source(text, "Projected (a volume that contains injected data from multiple sources)");
        foreach (var source in projected.Sources)
        {
            var optional = source.Secret is { } secret ? secret.Optional
                : source.ConfigMap?.Optional;
            text.Fields(("    SecretName", source.Secret?.Name),
                ("    DownwardAPI", source.DownwardAPI is null ? null : "true"),
                ("    ConfigMapName", source.ConfigMap?.Name),
                ("    Optional", source.Secret is null && source.ConfigMap is null ? null
                    : DescribeText.Lower(optional)),
                ("    TokenExpirationSeconds", source.ServiceAccountToken is { } token
                    ? token.ExpirationSeconds ?? 0 : null));
        }
    }
}
