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

    private static void Write(DescribeText text, Volume volume)
    {
        switch (volume)
        {
            case { HostPath: { } path }:
                Type(text, "HostPath (bare host directory volume)");
                text.Field("    Path", path.Path);
                text.Field("    HostPathType", path.Type);
                break;
            case { EmptyDir: { } directory }:
                Type(text, "EmptyDir (a temporary directory that shares a pod's lifetime)");
                text.Field("    Medium", directory.Medium);
                text.Field("    SizeLimit", directory.SizeLimit is { IsZero: false } size
                    ? size.ToString() : "<unset>");
                break;
            case { Secret: { } secret }:
                Type(text, "Secret (a volume populated by a Secret)");
                text.Field("    SecretName", secret.SecretName);
                text.Field("    Optional", DescribeText.Lower(secret.Optional));
                break;
            case { ConfigMap: { } map }:
                Type(text, "ConfigMap (a volume populated by a ConfigMap)");
                text.Field("    Name", map.Name);
                text.Field("    Optional", DescribeText.Lower(map.Optional));
                break;
            case { PersistentVolumeClaim: { } claim }:
                Type(text, "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the "
                    + "same namespace)");
                text.Field("    ClaimName", claim.ClaimName);
                text.Field("    ReadOnly", DescribeText.Lower(claim.ReadOnly));
                break;
            case { Ephemeral.VolumeClaimTemplate: { } template }:
                Type(text, "EphemeralVolume (an inline specification for a volume that gets "
                    + "created and deleted with the pod)");
                text.Field("    StorageClass", template.Spec.StorageClassName);
                break;
            case { Csi: { } csi }:
                Type(text, "CSI (a Container Storage Interface (CSI) volume source)");
                text.Field("    Driver", csi.Driver);
                text.Field("    FSType", csi.FsType);
                text.Field("    ReadOnly", DescribeText.Lower(csi.ReadOnly));
                break;
            case { Nfs: { } nfs }:
                Type(text, "NFS (an NFS mount that lasts the lifetime of a pod)");
                text.Field("    Server", nfs.Server);
                text.Field("    Path", nfs.Path);
                text.Field("    ReadOnly", DescribeText.Lower(nfs.ReadOnly));
                break;
            case { DownwardAPI: { } downward }:
                Type(text, "DownwardAPI (a volume populated by information about the pod)");
                text.Line("    Items:");
                foreach (var item in downward.Items)
                {
                    text.Line($"      {item.FieldRef?.FieldPath ?? item.ResourceFieldRef?.Resource}"
                        + $" -> {item.Path}");
                }
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
            Type(text, "LocalVolume (a persistent volume backed by local storage on a node)");
            text.Field("    Path", local.Path);
        }
        else if (spec.Csi is { } csi)
        {
            Type(text, "CSI (a Container Storage Interface (CSI) volume source)");
            text.Field("    Driver", csi.Driver);
            text.Field("    FSType", csi.FsType);
            text.Field("    VolumeHandle", csi.VolumeHandle);
            text.Field("    ReadOnly", DescribeText.Lower(csi.ReadOnly));
            text.Many("    VolumeAttributes", [.. csi.VolumeAttributes.Select(a =>
                $"    {a.Key}={a.Value}".TrimStart())]);
        }
        else
        {
            Write(text, new Volume { HostPath = spec.HostPath, Nfs = spec.Nfs });
        }
    }

    private static void WriteProjected(DescribeText text, ProjectedVolumeSource projected)
    {
        Type(text, "Projected (a volume that contains injected data from multiple sources)");
        foreach (var source in projected.Sources)
        {
            if (source.Secret is { } secret)
            {
                text.Field("    SecretName", secret.Name);
                text.Field("    Optional", DescribeText.Lower(secret.Optional));
            }
            else if (source.DownwardAPI is not null)
            {
                text.Field("    DownwardAPI", "true");
            }
            else if (source.ConfigMap is { } map)
            {
                text.Field("    ConfigMapName", map.Name);
                text.Field("    Optional", DescribeText.Lower(map.Optional));
            }
            else if (source.ServiceAccountToken is { } token)
            {
                text.Field("    TokenExpirationSeconds", token.ExpirationSeconds);
            }
        }
    }

    private static void Type(DescribeText text, string type) => text.Field("    Type", type);
}
