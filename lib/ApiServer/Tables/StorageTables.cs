using static KubeSim.TablePrinters;

namespace KubeSim;

/// <summary>The columns of what pods read and write: settings, secrets, volumes.</summary>
/// <remarks>Models pkg/printers/internalversion/printers.go.</remarks>
internal static class StorageTables
{
    public static readonly TablePrinter ConfigMap = TablePrinter.For<ConfigMap>("Name|Data|Age",
        static (c, now) =>
            [c.Metadata.Name, Number(c.Data.Count + c.BinaryData.Count), Age(c, now)]);

    public static readonly TablePrinter Secret = TablePrinter.For<Secret>("Name|Type|Data|Age",
        static (s, now) =>
            [s.Metadata.Name, s.Type ?? "", Number(s.Data.Count), Age(s, now)]);

    public static readonly TablePrinter Volume = TablePrinter.For<PersistentVolume>(
        "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass"
        + "|VolumeAttributesClass|Reason|Age|*VolumeMode",
        static (v, now) =>
        [
            v.Metadata.Name, Storage(v.Spec.Capacity), Modes(v.Spec.AccessModes),
            v.Spec.PersistentVolumeReclaimPolicy ?? "", Phase(v, v.Status.Phase),
            v.Spec.ClaimRef is { } claim ? $"{claim.Namespace}/{claim.Name}" : "",
            v.Spec.StorageClassName ?? "", "<unset>", v.Status.Reason ?? "", Age(v, now),
            Text(v.Spec.VolumeMode, "<unset>"),
        ]);

    public static readonly TablePrinter Claim = TablePrinter.For<PersistentVolumeClaim>(
        "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age"
        + "|*VolumeMode",
        static (c, now) =>
        [
            c.Metadata.Name, Phase(c, c.Status.Phase), c.Spec.VolumeName ?? "",
            IsBound(c) ? Storage(c.Status.Capacity) : "",
            IsBound(c) ? Modes(c.Status.AccessModes) : "",
            c.Spec.StorageClassName ?? "", "<unset>", Age(c, now),
            Text(c.Spec.VolumeMode, "<unset>"),
        ]);

    public static readonly TablePrinter Class = TablePrinter.For<StorageClass>(
        "Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age",
        static (c, now) =>
        [
            IsDefault(c) ? $"{c.Metadata.Name} (default)" : c.Metadata.Name, c.Provisioner,
            Text(c.ReclaimPolicy, "Delete"), Text(c.VolumeBindingMode, "Immediate"),
            c.AllowVolumeExpansion == true ? "true" : "false", Age(c, now),
        ]);

    public static readonly TablePrinter Attachment = TablePrinter.For<VolumeAttachment>(
        "Name|Attacher|PV|Node|Attached|Age",
        static (a, now) =>
        [
            a.Metadata.Name, a.Spec.Attacher, a.Spec.Source.PersistentVolumeName ?? "",
            a.Spec.NodeName, a.Status.Attached ? "true" : "false", Age(a, now),
        ]);

    public static readonly TablePrinter Drivers = TablePrinter.For<CSINode>("Name|Drivers|Age",
        static (n, now) => [n.Metadata.Name, Number(n.Spec.Drivers.Count), Age(n, now)]);

    /// <summary>Access modes by their initials, in a fixed order: <c>RWO,ROX</c>.</summary>
    public static string Modes(Seq<string> modes)
    {
        string[] names = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
        string[] initials = ["RWO", "ROX", "RWX", "RWOP"];
        return string.Join(",", names.Zip(initials)
            .Where(mode => modes.Contains(mode.First)).Select(mode => mode.Second));
    }

    /// <summary>The capacity of a volume; empty when nobody said.</summary>
    public static string Storage(Map<Quantity> capacity) =>
        capacity.TryGetValue("storage", out var size) ? size.ToString() : "";

    private static bool IsBound(PersistentVolumeClaim claim) =>
        claim.Spec.VolumeName is { Length: > 0 };

    private static bool IsDefault(ApiObject o) =>
        o.Metadata.Annotations.Get("storageclass.kubernetes.io/is-default-class") == "true";

    private static string Phase(ApiObject o, string? phase) =>
        o.IsTerminating ? "Terminating" : phase ?? "";
}
