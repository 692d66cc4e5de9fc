using System.Globalization;

namespace KubeSim;

/// <summary>ReplicaSets, StatefulSets and DaemonSets in words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeWorkloads
{
    public static void Write(DescribeText text, ReplicaSet set)
    {
        text.Head(set);
        text.Field("Selector", TablePrinters.Selector(set.Spec.Selector));
        text.LabelsAndAnnotations(set);
        text.Controller(set);
        text.Field("Replicas", string.Create(CultureInfo.InvariantCulture,
            $"{set.Status.Replicas} current / {set.Spec.Replicas ?? 0} desired"));
        text.Field("Pods Status", PodPhases(text, set, set.Spec.Selector));
        DescribeContainers.WriteTemplate(text, set.Spec.Template);
        text.Table("Conditions", "Type\tStatus\tReason",
            [.. set.Status.Conditions.Select(c => $"{c.Type} \t{c.Status}\t{c.Reason}")]);
        text.Events(set);
    }

    public static void Write(DescribeText text, StatefulSet set)
    {
        text.Head(set);
        text.Field("CreationTimestamp", DescribeText.Date(set.Metadata.CreationTimestamp));
        text.Field("Selector", TablePrinters.Selector(set.Spec.Selector));
        text.LabelsAndAnnotations(set);
        text.Field("Replicas", string.Create(CultureInfo.InvariantCulture,
            $"{set.Spec.Replicas ?? 0} desired | {set.Status.Replicas} total"));
        text.Field("Update Strategy", set.Spec.UpdateStrategy.Type);
        if (set.Spec.UpdateStrategy.RollingUpdate is { Partition: { } partition })
        {
            text.Field("  Partition", partition);
        }
        text.Field("Pods Status", PodPhases(text, set, set.Spec.Selector));
        DescribeContainers.WriteTemplate(text, set.Spec.Template);
        WriteClaims(text, set.Spec.VolumeClaimTemplates);
        text.Events(set);
    }

    public static void Write(DescribeText text, DaemonSet set)
    {
        var status = set.Status;
        text.Head(set);
        text.Field("Selector", TablePrinters.Selector(set.Spec.Selector));
        text.Field("Node-Selector", TablePrinters.Labels(set.Spec.Template.Spec.NodeSelector));
        text.LabelsAndAnnotations(set);
        text.Field("Desired Number of Nodes Scheduled", status.DesiredNumberScheduled);
        text.Field("Current Number of Nodes Scheduled", status.CurrentNumberScheduled);
        text.Field("Number of Nodes Scheduled with Up-to-date Pods",
            status.UpdatedNumberScheduled);
        text.Field("Number of Nodes Scheduled with Available Pods", status.NumberAvailable);
        text.Field("Number of Nodes Misscheduled", status.NumberMisscheduled);
        text.Field("Pods Status", PodPhases(text, set, set.Spec.Selector));
        DescribeContainers.WriteTemplate(text, set.Spec.Template);
        text.Events(set);
    }

    public static void Write(DescribeText text, ReplicationController set)
    {
        text.Head(set);
        text.Field("Selector", TablePrinters.Labels(set.Spec.Selector));
        text.LabelsAndAnnotations(set);
        text.Field("Replicas", string.Create(CultureInfo.InvariantCulture,
            $"{set.Status.Replicas} current / {set.Spec.Replicas ?? 0} desired"));
        text.Field("Pods Status",
            PodPhases(text, set, new() { MatchLabels = set.Spec.Selector }));
        DescribeContainers.WriteTemplate(text, set.Spec.Template);
        text.Table("Conditions", "Type\tStatus\tReason",
            [.. set.Status.Conditions.Select(c => $"{c.Type} \t{c.Status}\t{c.Reason}")]);
        text.Events(set);
    }

    private static string PodPhases(DescribeText text, ApiObject owner, LabelSelector? selector)
    {
        var phases = text.Call
            .List<Pod>(owner.Metadata.Namespace, Selector.From(selector).ToString())
            .Where(pod => pod.IsControlledBy(owner.Metadata.Uid))
            .CountBy(pod => pod.Status.Phase ?? "").ToDictionary(StringComparer.Ordinal);
        int Of(string phase) => phases.GetValueOrDefault(phase);
        return string.Create(CultureInfo.InvariantCulture, $"{Of("Running")} Running / "
            + $"{Of("Pending")} Waiting / {Of("Succeeded")} Succeeded / {Of("Failed")} Failed");
    }

    private static void WriteClaims(DescribeText text, Seq<PersistentVolumeClaim> templates)
    {
        if (templates.IsEmpty)
        {
            text.Field("Volume Claims", "<none>");
            return;
        }
        text.Line("Volume Claims:");
        foreach (var claim in templates)
        {
            text.Field("  Name", claim.Metadata.Name);
            text.Field("  StorageClass", claim.Spec.StorageClassName);
            text.Labels("  Labels", claim.Metadata.Labels);
            text.Annotations("  Annotations", claim.Metadata.Annotations);
            var size = StorageTables.Storage(claim.Spec.Resources.Requests);
            text.Field("  Capacity", size.Length == 0 ? "<default>" : size);
            text.Field("  Access Modes", $"[{string.Join(' ', claim.Spec.AccessModes)}]");
        }
    }
}
