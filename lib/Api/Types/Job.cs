using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>Runs pods until enough of them have succeeded.</summary>
public sealed record Job : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Job;

    /// <summary>How many, how many at once, what counts as failed.</summary>
    public JobSpec Spec { get; init; } = JobSpec.None;
    /// <summary>How far it is.</summary>
    public JobStatus Status { get; init; } = JobStatus.None;
}

/// <summary>How many pods shall succeed, how many at once, what counts as failed.</summary>
public sealed record JobSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static JobSpec None { get; } = new();

    /// <summary>The most at once; 1 by default.</summary>
    public int? Parallelism { get; init; }
    /// <summary>How many must succeed; null: one success ends a work queue.</summary>
    public int? Completions { get; init; }
    /// <summary>Seconds since its start after which it has failed.</summary>
    public long? ActiveDeadlineSeconds { get; init; }
    /// <summary>What a failed pod means, by exit code or condition.</summary>
    public PodFailurePolicy? PodFailurePolicy { get; init; }
    /// <summary>When it has succeeded early.</summary>
    public SuccessPolicy? SuccessPolicy { get; init; }
    /// <summary>Retries before it has failed; 6 by default.</summary>
    public int? BackoffLimit { get; init; }
    /// <summary>Retries of each index.</summary>
    public int? BackoffLimitPerIndex { get; init; }
    /// <summary>How many indexes may fail.</summary>
    public int? MaxFailedIndexes { get; init; }
    /// <summary>Its pods, by label; made up unless manualSelector.</summary>
    public LabelSelector? Selector { get; init; }
    /// <summary>True: the selector is the user's.</summary>
    public bool? ManualSelector { get; init; }
    /// <summary>The mould; its restartPolicy is OnFailure or Never.</summary>
    public PodTemplateSpec Template { get; init; } = PodTemplateSpec.None;
    /// <summary>Seconds after its end when it is deleted.</summary>
    public int? TtlSecondsAfterFinished { get; init; }
    /// <summary>NonIndexed (the default) or Indexed.</summary>
    public string? CompletionMode { get; init; }
    /// <summary>True: it runs no pods.</summary>
    public bool? Suspend { get; init; }
    /// <summary>TerminatingOrFailed or Failed: when a pod is replaced.</summary>
    public string? PodReplacementPolicy { get; init; }
    /// <summary>The controller that runs it, if not the usual one.</summary>
    public string? ManagedBy { get; init; }
}

/// <summary>What failed pods mean.</summary>
public sealed record PodFailurePolicy : ApiPart
{
    /// <summary>The first one that fits decides.</summary>
    public Seq<PodFailurePolicyRule> Rules { get; init; }
}

/// <summary>What a failed pod means.</summary>
public sealed record PodFailurePolicyRule : ApiPart
{
    /// <summary>FailJob, FailIndex, Ignore or Count.</summary>
    public string Action { get; init; } = "";
    /// <summary>The exit codes that it is for.</summary>
    public PodFailurePolicyOnExitCodesRequirement? OnExitCodes { get; init; }
    /// <summary>The conditions that it is for.</summary>
    public Seq<PodFailurePolicyOnPodConditionsPattern> OnPodConditions { get; init; }
}

/// <summary>Exit codes of a container.</summary>
public sealed record PodFailurePolicyOnExitCodesRequirement : ApiPart
{
    /// <summary>The container; null means any.</summary>
    public string? ContainerName { get; init; }
    /// <summary>In or NotIn.</summary>
    public string Operator { get; init; } = "";
    /// <summary>The exit codes.</summary>
    public Seq<int> Values { get; init; }
}

/// <summary>A condition of a pod.</summary>
public sealed record PodFailurePolicyOnPodConditionsPattern : ApiPart
{
    /// <summary>Its type.</summary>
    public string Type { get; init; } = "";
    /// <summary>Its status.</summary>
    public string Status { get; init; } = "";
}

/// <summary>When an indexed Job has succeeded early.</summary>
public sealed record SuccessPolicy : ApiPart
{
    /// <summary>One that fits is enough.</summary>
    public Seq<SuccessPolicyRule> Rules { get; init; }
}

/// <summary>Indexes that must succeed.</summary>
public sealed record SuccessPolicyRule : ApiPart
{
    /// <summary>The indexes, such as 0,2-4.</summary>
    public string? SucceededIndexes { get; init; }
    /// <summary>How many of them.</summary>
    public int? SucceededCount { get; init; }
}

/// <summary>How far a Job is.</summary>
public sealed record JobStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static JobStatus None { get; } = new();

    /// <summary>Complete, Failed, Suspended and more.</summary>
    public Seq<JobCondition> Conditions { get; init; }
    /// <summary>When it started or was resumed.</summary>
    public Time? StartTime { get; init; }
    /// <summary>When it had succeeded.</summary>
    public Time? CompletionTime { get; init; }
    /// <summary>Pods that run or wait.</summary>
    public int Active { get; init; }
    /// <summary>Pods that are Ready.</summary>
    public int? Ready { get; init; }
    /// <summary>Pods that are going away.</summary>
    public int? Terminating { get; init; }
    /// <summary>Pods that have succeeded.</summary>
    public int Succeeded { get; init; }
    /// <summary>Pods that have failed.</summary>
    public int Failed { get; init; }
    /// <summary>The indexes that have succeeded, such as 0,2-4.</summary>
    public string? CompletedIndexes { get; init; }
    /// <summary>The indexes that have failed.</summary>
    public string? FailedIndexes { get; init; }
    /// <summary>Ended pods that are not yet in the counts.</summary>
    public UncountedTerminatedPods? UncountedTerminatedPods { get; init; }
}

/// <summary>Something that is true or not of a Job.</summary>
public sealed record JobCondition : AnyCondition
{
    /// <summary>When it was last looked at.</summary>
    public Time? LastProbeTime { get; init; }
}

/// <summary>Ended pods that are not yet in the counts, by UID.</summary>
public sealed record UncountedTerminatedPods : ApiPart
{
    /// <summary>Those that have succeeded.</summary>
    public Seq<string> Succeeded { get; init; }
    /// <summary>Those that have failed.</summary>
    public Seq<string> Failed { get; init; }
}

/// <summary>Starts a Job at each time of a schedule.</summary>
public sealed record CronJob : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.CronJob;

    /// <summary>When, and which Job.</summary>
    public CronJobSpec Spec { get; init; } = CronJobSpec.None;
    /// <summary>What runs, and when it last ran.</summary>
    public CronJobStatus Status { get; init; } = CronJobStatus.None;
}

/// <summary>When, and which Job.</summary>
public sealed record CronJobSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static CronJobSpec None { get; } = new();

    /// <summary>The times in cron's way, such as */5 * * * *.</summary>
    public string Schedule { get; init; } = "";
    /// <summary>The zone of the schedule; null means UTC.</summary>
    public string? TimeZone { get; init; }
    /// <summary>Seconds that a start may be late.</summary>
    public long? StartingDeadlineSeconds { get; init; }
    /// <summary>Allow (the default), Forbid or Replace.</summary>
    public string? ConcurrencyPolicy { get; init; }
    /// <summary>True: no new Jobs.</summary>
    public bool? Suspend { get; init; }
    /// <summary>The mould of its Jobs.</summary>
    public JobTemplateSpec JobTemplate { get; init; } = JobTemplateSpec.None;
    /// <summary>Succeeded Jobs to keep; 3 by default.</summary>
    public int? SuccessfulJobsHistoryLimit { get; init; }
    /// <summary>Failed Jobs to keep; 1 by default.</summary>
    public int? FailedJobsHistoryLimit { get; init; }
}

/// <summary>The mould that Jobs are made from.</summary>
public sealed record JobTemplateSpec : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static JobTemplateSpec None { get; } = new();

    /// <summary>The labels and annotations that each Job gets.</summary>
    public ObjectMeta Metadata { get; init; } = ObjectMeta.None;
    /// <summary>The spec that each Job gets.</summary>
    public JobSpec Spec { get; init; } = JobSpec.None;
}

/// <summary>What runs, and when it last ran.</summary>
public sealed record CronJobStatus : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static CronJobStatus None { get; } = new();

    /// <summary>The Jobs that run.</summary>
    public Seq<ObjectReference> Active { get; init; }
    /// <summary>The last time that was met.</summary>
    public Time? LastScheduleTime { get; init; }
    /// <summary>When a Job last succeeded.</summary>
    public Time? LastSuccessfulTime { get; init; }
}
