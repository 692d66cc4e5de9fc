using System.Globalization;
using static KubeSim.TablePrinters;

namespace KubeSim;

/// <summary>The columns of jobs and of what starts them by the clock.</summary>
/// <remarks>Models pkg/printers/internalversion/printers.go.</remarks>
internal static class JobTables
{
    public static readonly TablePrinter Job = TablePrinter.For<Job>(
        "Name|Status|Completions|Duration|Age|*Containers|*Images|*Selector",
        static (job, now) =>
        [
            job.Metadata.Name, Status(job), Completions(job), Duration(job, now), Age(job, now),
            ContainerNames(job.Spec.Template.Spec), Images(job.Spec.Template.Spec),
            Selector(job.Spec.Selector),
        ]);

    public static readonly TablePrinter CronJob = TablePrinter.For<CronJob>(
        "Name|Schedule|Timezone|Suspend|Active|Last Schedule|Age|*Containers|*Images|*Selector",
        static (job, now) =>
        [
            job.Metadata.Name, job.Spec.Schedule, Text(job.Spec.TimeZone),
            job.Spec.Suspend switch { true => "True", false => "False", null => "<unset>" },
            Number(job.Status.Active.Count),
            job.Status.LastScheduleTime is { } last ? HumanDuration.Since(last, now) : "<none>",
            Age(job, now), ContainerNames(job.Spec.JobTemplate.Spec.Template.Spec),
            Images(job.Spec.JobTemplate.Spec.Template.Spec),
            Selector(job.Spec.JobTemplate.Spec.Selector),
        ]);

    private static string Status(Job job) => job.Status.Conditions switch
    {
        var c when c.IsTrue("Complete") => "Complete",
        var c when c.IsTrue("Failed") => "Failed",
        _ when job.IsTerminating => "Terminating",
        var c when c.IsTrue("Suspended") => "Suspended",
        var c when c.IsTrue("FailureTarget") => "FailureTarget",
        var c when c.IsTrue("SuccessCriteriaMet") => "SuccessCriteriaMet",
        _ => "Running",
    };

    private static string Completions(Job job)
    {
        var done = job.Status.Succeeded;
        return job.Spec.Completions is { } all
            ? string.Create(CultureInfo.InvariantCulture, $"{done}/{all}")
            : job.Spec.Parallelism is > 1 and var parallel
                ? string.Create(CultureInfo.InvariantCulture, $"{done}/1 of {parallel}")
                : string.Create(CultureInfo.InvariantCulture, $"{done}/1");
    }

    private static string Duration(Job job, DateTime now) => job.Status switch
    {
        { StartTime: null } => "",
        { StartTime: { } start, CompletionTime: { } end } => HumanDuration.Of(end - start),
        { StartTime: { } start } => HumanDuration.Since(start, now),
    };
}
