using System.Globalization;

namespace KubeSim;

/// <summary>Jobs and CronJobs in words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeJobs
{
    public static void Write(DescribeText text, Job job)
    {
        var (spec, status) = (job.Spec, job.Status);
        text.Head(job);
        if (spec.Selector is { } selector)
        {
            text.Field("Selector", selector.ToString());
        }
        text.LabelsAndAnnotations(job);
        text.Controller(job);
        WriteNumber(text, "Parallelism", spec.Parallelism);
        text.Field("Completions", spec.Completions is { } all
            ? DescribeText.Number(all) : "<unset>");
        if (spec.CompletionMode is { } mode)
        {
            text.Field("Completion Mode", mode);
        }
        if (spec.Suspend is { } suspend)
        {
            text.Field("Suspend", DescribeText.Lower(suspend));
        }
        WriteNumber(text, "Backoff Limit", spec.BackoffLimit);
        WriteNumber(text, "TTL Seconds After Finished", spec.TtlSecondsAfterFinished);
        if (status.StartTime is { } start)
        {
            text.Field("Start Time", DescribeText.Date(start));
        }
        if (status.CompletionTime is { } end)
        {
            text.Field("Completed At", DescribeText.Date(end));
        }
        if (status is { StartTime: { } began, CompletionTime: { } ended })
        {
            text.Field("Duration", HumanDuration.Of(ended - began));
        }
        if (spec.ActiveDeadlineSeconds is { } deadline)
        {
            text.Field("Active Deadline Seconds", $"{DescribeText.Number(deadline)}s");
        }
        text.Field("Pods Statuses", string.Create(CultureInfo.InvariantCulture,
            $"{status.Active} Active{(status.Ready is { } ready ? $" ({ready} Ready)" : "")} / "
            + $"{status.Succeeded} Succeeded / {status.Failed} Failed"));
        if (spec.CompletionMode == "Indexed")
        {
            text.Field("Completed Indexes", status.CompletedIndexes is { Length: > 0 } indexes
                ? indexes.Length > 50 ? $"{indexes[..50]}..." : indexes : "<none>");
        }
        DescribeContainers.WriteTemplate(text, spec.Template);
        text.Events(job);
    }

    public static void Write(DescribeText text, CronJob job)
    {
        var (spec, made) = (job.Spec, job.Spec.JobTemplate.Spec);
        text.Head(job);
        text.LabelsAndAnnotations(job);
        text.Field("Schedule", spec.Schedule);
        text.Field("Concurrency Policy", spec.ConcurrencyPolicy);
        text.Field("Suspend", DescribeText.Bool(spec.Suspend));
        text.Field("Time Zone", spec.TimeZone ?? "<unset>");
        text.Field("Successful Job History Limit", OrUnset(spec.SuccessfulJobsHistoryLimit));
        text.Field("Failed Job History Limit", OrUnset(spec.FailedJobsHistoryLimit));
        text.Field("Starting Deadline Seconds", spec.StartingDeadlineSeconds is { } seconds
            ? $"{DescribeText.Number(seconds)}s" : "<unset>");
        text.Field("Selector", made.Selector?.ToString() ?? "<unset>");
        text.Field("Parallelism", OrUnset(made.Parallelism));
        text.Field("Completions", OrUnset(made.Completions));
        WriteNumber(text, "Active Deadline Seconds", made.ActiveDeadlineSeconds);
        DescribeContainers.WriteTemplate(text, made.Template);
        text.Field("Last Schedule Time", DescribeText.Date(job.Status.LastScheduleTime));
        text.Field("Active Jobs", job.Status.Active.IsEmpty ? "<none>"
            : string.Join(", ", job.Status.Active.Select(a => a.Name)));
        text.Events(job);
    }

    private static string OrUnset(int? number) =>
        number is { } set ? DescribeText.Number(set) : "<unset>";

    private static void WriteNumber(DescribeText text, string name, long? number)
    {
        if (number is not null)
        {
            text.Field(name, number);
        }
    }
}
