using System.Globalization;

namespace KubeSim;

/// <summary>What makes pods in words: ReplicaSets, StatefulSets, DaemonSets, Jobs,
/// CronJobs.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeWorkloads
{
    public static void Write(DescribeText text, ReplicaSet set)
    {
        text.Head(set);
        text.Field("Selector", TablePrinters.Selector(set.Spec.Selector));
        text.LabelsAndAnnotations(set);
        text.Controller(set);
        WriteReplicas(text, set, set.Status.Replicas, set.Spec.Replicas, set.Spec.Selector);
        WriteEnd(text, set, set.Spec.Template,
            set.Status.Conditions.Select(c => $"{c.Type} \t{c.Status}\t{c.Reason}"));
    }

    public static void Write(DescribeText text, ReplicationController set)
    {
        text.Head(set);
        text.Field("Selector", TablePrinters.Labels(set.Spec.Selector));
        text.LabelsAndAnnotations(set);
        WriteReplicas(text, set, set.Status.Replicas, set.Spec.Replicas,
            new() { MatchLabels = set.Spec.Selector });
        WriteEnd(text, set, set.Spec.Template,
            set.Status.Conditions.Select(c => $"{c.Type} \t{c.Status}\t{c.Reason}"));
    }

    public static void Write(DescribeText text, StatefulSet set)
    {
        var spec = set.Spec;
        text.Head(set);
        text.Fields(("CreationTimestamp", DescribeText.Date(set.Metadata.CreationTimestamp)),
            ("Selector", TablePrinters.Selector(spec.Selector)));
        text.LabelsAndAnnotations(set);
        text.Field("Replicas", string.Create(CultureInfo.InvariantCulture,
            $"{spec.Replicas ?? 0} desired | {set.Status.Replicas} total"));
        text.Fields(("Update Strategy", spec.UpdateStrategy.Type ?? ""),
            ("  Partition", spec.UpdateStrategy.RollingUpdate?.Partition),
            ("Pods Status", PodPhases(text, set, spec.Selector)));
        DescribeContainers.WriteTemplate(text, spec.Template);
        text.Line(spec.VolumeClaimTemplates.IsEmpty ? "Volume Claims:\t<none>" : "Volume Claims:");
        foreach (var claim in spec.VolumeClaimTemplates)
        {
            text.Field("  Name", claim.Metadata.Name);
            text.Field("  StorageClass", claim.Spec.StorageClassName);
            text.Labels("  Labels", claim.Metadata.Labels);
            text.Annotations("  Annotations", claim.Metadata.Annotations);
            text.Field("  Capacity", TablePrinters.Text(
                StorageTables.Storage(claim.Spec.Resources.Requests), "<default>"));
            text.Field("  Access Modes", $"[{string.Join(' ', claim.Spec.AccessModes)}]");
        }
        text.Events(set);
    }

    public static void Write(DescribeText text, DaemonSet set)
    {
        var status = set.Status;
        text.Head(set);
        text.Field("Selector", TablePrinters.Selector(set.Spec.Selector));
        text.Field("Node-Selector", TablePrinters.Labels(set.Spec.Template.Spec.NodeSelector));
        text.LabelsAndAnnotations(set);
        text.Fields(("Desired Number of Nodes Scheduled", status.DesiredNumberScheduled),
            ("Current Number of Nodes Scheduled", status.CurrentNumberScheduled),
            ("Number of Nodes Scheduled with Up-to-date Pods", status.UpdatedNumberScheduled),
            ("Number of Nodes Scheduled with Available Pods", status.NumberAvailable),
            ("Number of Nodes Misscheduled", status.NumberMisscheduled),
            ("Pods Status", PodPhases(text, set, set.Spec.Selector)));
        WriteEnd(text, set, set.Spec.Template, []);
    }

    public static void Write(DescribeText text, Job job)
    {
        var (spec, status) = (job.Spec, job.Status);
        var indexes = status.CompletedIndexes ?? "";
        text.Head(job);
        text.Fields(("Selector", spec.Selector));
        text.LabelsAndAnnotations(job);
        text.Controller(job);
        text.Fields(("Parallelism", spec.Parallelism),
            ("Completions", (object?)spec.Completions ?? "<unset>"),
            ("Completion Mode", spec.CompletionMode),
            ("Suspend", spec.Suspend is { } suspend ? DescribeText.Lower(suspend) : null),
            ("Backoff Limit", spec.BackoffLimit),
            ("TTL Seconds After Finished", spec.TtlSecondsAfterFinished),
            ("Start Time", status.StartTime), ("Completed At", status.CompletionTime),
            ("Duration", status is { StartTime: { } start, CompletionTime: { } end }
                ? HumanDuration.Of(end - start) : null),
            ("Active Deadline Seconds", Seconds(spec.ActiveDeadlineSeconds)),
            ("Pods Statuses", string.Create(CultureInfo.InvariantCulture,
                $"{status.Active} Active{(status.Ready is { } ready ? $" ({ready} Ready)" : "")} / "
                + $"{status.Succeeded} Succeeded / {status.Failed} Failed")),
            ("Completed Indexes", spec.CompletionMode != "Indexed" ? null
                : indexes.Length > 50 ? $"{indexes[..50]}..." : TablePrinters.Text(indexes)));
        WriteEnd(text, job, spec.Template, []);
    }

    public static void Write(DescribeText text, CronJob job)
    {
        var (spec, made) = (job.Spec, job.Spec.JobTemplate.Spec);
        const string Unset = "<unset>";
        text.Head(job);
        text.LabelsAndAnnotations(job);
        text.Fields(("Schedule", spec.Schedule),
            ("Concurrency Policy", spec.ConcurrencyPolicy ?? ""),
            ("Suspend", spec.Suspend == true), ("Time Zone", spec.TimeZone ?? Unset),
            ("Successful Job History Limit", (object?)spec.SuccessfulJobsHistoryLimit ?? Unset),
            ("Failed Job History Limit", (object?)spec.FailedJobsHistoryLimit ?? Unset),
            ("Starting Deadline Seconds", Seconds(spec.StartingDeadlineSeconds) ?? Unset),
            ("Selector", made.Selector?.ToString() ?? Unset),
            ("Parallelism", (object?)made.Parallelism ?? Unset),
            ("Completions", (object?)made.Completions ?? Unset),
            ("Active Deadline Seconds", made.ActiveDeadlineSeconds));
        DescribeContainers.WriteTemplate(text, made.Template);
        text.Field("Last Schedule Time", DescribeText.Date(job.Status.LastScheduleTime));
        text.Field("Active Jobs", job.Status.Active.IsEmpty ? "<none>"
            : string.Join(", ", job.Status.Active.Select(a => a.Name)));
        text.Events(job);
    }

    private static string? Seconds(long? seconds) =>
        seconds is { } set ? $"{DescribeText.Number(set)}s" : null;

    private static void WriteReplicas(DescribeText text, ApiObject set, long current, int? desired,
        LabelSelector? selector)
    {
        text.Field("Replicas", string.Create(CultureInfo.InvariantCulture,
            $"{current} current / {desired ?? 0} desired"));
        text.Field("Pods Status", PodPhases(text, set, selector));
    }

    private static void WriteEnd(DescribeText text, ApiObject o, PodTemplateSpec template,
        IEnumerable<string> conditions)
    {
        DescribeContainers.WriteTemplate(text, template);
        text.Table("Conditions", "Type\tStatus\tReason", [.. conditions]);
        text.Events(o);
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
}
