namespace KubeSim;

// Jobs and CronJobs: pods that are to end. A Job selects its pods by its own UID, which the server
// writes into selector and template when the Job is created.
//
// Models pkg/apis/batch/{v1/defaults.go,validation/validation.go} and pkg/registry/batch/job.

/// <summary>Jobs.</summary>
internal sealed class JobRules(PodRules rules) : KindStrategy<Job>
{
    private const string UidLabel = "batch.kubernetes.io/controller-uid";
    private const string NameLabel = "batch.kubernetes.io/job-name";

    protected override Job WithStatusOf(Job value, Job source) =>
        value with { Status = source.Status };

    protected override ApiPart Desired(Job value) => value.Spec;

    protected override Job Default(Job value)
    {
        var spec = Fill(value.Spec, rules);
        spec = spec with { Suspend = spec.Suspend ?? false };
        var labels = value.Metadata.Labels.IsEmpty
            ? spec.Template.Metadata.Labels
            : value.Metadata.Labels;
        value = spec.Equals(value.Spec) ? value : value with { Spec = spec };
        return labels.SameAs(value.Metadata.Labels) ? value
            : value with { Metadata = value.Metadata with { Labels = labels } };
    }

    public static JobSpec Fill(JobSpec spec, PodRules rules)
    {
        // One pod by default; told a parallelism alone, the pods say when the work is done.
        var single = spec.Completions is null && spec.Parallelism is null;
        return spec with
        {
            Completions = single ? 1 : spec.Completions,
            Parallelism = spec.Parallelism ?? 1,
            BackoffLimit = spec.BackoffLimit
                ?? (spec.BackoffLimitPerIndex is null ? 6 : int.MaxValue),
            CompletionMode = spec.CompletionMode ?? "NonIndexed",
            Suspend = spec.Suspend ?? false,
            ManualSelector = spec.ManualSelector ?? false,
            PodReplacementPolicy = spec.PodReplacementPolicy
                ?? (spec.PodFailurePolicy is null ? "TerminatingOrFailed" : "Failed"),
            PodFailurePolicy = spec.PodFailurePolicy is not { } policy ? null : policy with
            {
                Rules = PodDefaults.Each(policy.Rules, static rule => rule with
                {
                    OnPodConditions = PodDefaults.Each(rule.OnPodConditions, static pattern =>
                        pattern.Status is { Length: > 0 }
                            ? pattern
                            : pattern with { Status = "True" }),
                }),
            },
            Template = rules.DefaultTemplate(spec.Template),
        };
    }

    public override ApiObject Identified(ApiObject value, ref ObjectMeta meta)
    {
        var job = (Job)value;
        if (job.Spec.ManualSelector == true)
        {
            return job;
        }
        var template = job.Spec.Template.Metadata;
        var labels = template.Labels
            .Set(UidLabel, meta.Uid).Set(NameLabel, meta.Name)
            .Set("controller-uid", meta.Uid).Set("job-name", meta.Name);
        // A Job without labels of its own has those of its template.
        meta = meta.Labels.SameAs(template.Labels) ? meta with { Labels = labels } : meta;
        return job with
        {
            Spec = job.Spec with
            {
                Selector = new() { MatchLabels = Map.Of((UidLabel, meta.Uid)) },
                Template = job.Spec.Template with { Metadata = template with { Labels = labels } },
            },
        };
    }

    protected override void Validate(Job value, FieldErrors errors) =>
        Spec(value.Spec, "spec", rules, errors);

    public static void Spec(JobSpec spec, string at, PodRules rules, FieldErrors errors)
    {
        errors.NotNegative($"{at}.parallelism", spec.Parallelism);
        errors.NotNegative($"{at}.completions", spec.Completions);
        errors.NotNegative($"{at}.activeDeadlineSeconds", spec.ActiveDeadlineSeconds);
        errors.NotNegative($"{at}.backoffLimit", spec.BackoffLimit);
        errors.NotNegative($"{at}.ttlSecondsAfterFinished", spec.TtlSecondsAfterFinished);
        errors.OneOf($"{at}.completionMode", spec.CompletionMode, "Indexed", "NonIndexed");
        if (spec is { CompletionMode: "Indexed", Completions: null })
        {
            errors.Required($"{at}.completions", "when completion mode is Indexed");
        }
        rules.Validate(spec.Template, $"{at}.template", errors);
        if (spec.Template.Spec.RestartPolicy is null or "Always")
        {
            errors.Required($"{at}.template.spec.restartPolicy",
                "valid values: \"OnFailure\", \"Never\"");
        }
    }

    public override void ValidateStatus(ApiObject now, FieldErrors errors)
    {
        var job = (Job)now;
        var status = job.Status;
        if (status.Terminating is > 0 and var terminating && job.IsFinished)
        {
            errors.Invalid("status.terminating", terminating,
                "terminating>0 is invalid for finished job");
        }
        if (status.Ready is { } ready && ready > status.Active)
        {
            errors.Invalid("status.ready", ready, "cannot set more ready pods than active");
        }
    }

    protected override void ValidateUpdate(Job now, Job old, FieldErrors errors)
    {
        if (now.Spec.Completions != old.Spec.Completions)
        {
            Completions(now.Spec, errors);
        }
        WorkloadValidation.SelectorUpdate(now.Spec.Selector, old.Spec.Selector, errors);
        // While a suspended Job has no pods, it may be told where they are to run and with what.
        var waits = old.Spec.Suspend == true && (old.Status.StartTime is null
            || (old.Status.Active == 0 && old.Status.Conditions.IsTrue("Suspended")));
        var template = !waits ? now.Spec.Template : now.Spec.Template with
        {
            Metadata = now.Spec.Template.Metadata with
            {
                Labels = old.Spec.Template.Metadata.Labels,
                Annotations = old.Spec.Template.Metadata.Annotations,
            },
            Spec = now.Spec.Template.Spec with
            {
                Containers = WithResourcesOf(old.Spec.Template.Spec.Containers,
                    now.Spec.Template.Spec.Containers),
                InitContainers = WithResourcesOf(old.Spec.Template.Spec.InitContainers,
                    now.Spec.Template.Spec.InitContainers),
                Affinity = old.Spec.Template.Spec.Affinity,
                NodeSelector = old.Spec.Template.Spec.NodeSelector,
                Tolerations = old.Spec.Template.Spec.Tolerations,
                SchedulingGates = old.Spec.Template.Spec.SchedulingGates,
            },
        };
        if (!template.Equals(old.Spec.Template))
        {
            errors.Immutable("spec.template", WorkloadValidation.Show(now.Spec.Template));
        }
    }

    private static Seq<Container> WithResourcesOf(Seq<Container> old, Seq<Container> now) =>
        now.Select((c, i) => i < old.Count ? c with { Resources = old[i].Resources } : c).ToSeq();

    // An indexed Job may grow and shrink, as long as every index may run at once.
    private static void Completions(JobSpec spec, FieldErrors errors)
    {
        var shown = WorkloadValidation.Show(spec.Completions);
        if (spec.CompletionMode != "Indexed")
        {
            errors.Immutable("spec.completions", shown);
        }
        else if (spec.Completions != spec.Parallelism)
        {
            errors.Invalid("spec.completions", shown, "can only be modified in tandem with "
                + "spec.parallelism");
        }
    }
}

/// <summary>CronJobs.</summary>
internal sealed class CronJobRules(PodRules rules) : KindStrategy<CronJob>
{
    // The controller adds a dash and ten digits to make the names of Jobs.
    private const int LongestName = 52;

    protected override CronJob WithStatusOf(CronJob value, CronJob source) =>
        value with { Status = source.Status };

    protected override ApiPart Desired(CronJob value) => value.Spec;

    protected override CronJob Default(CronJob value)
    {
        var (spec, job) = (value.Spec, value.Spec.JobTemplate.Spec);
        var filled = spec with
        {
            ConcurrencyPolicy = spec.ConcurrencyPolicy ?? "Allow",
            Suspend = spec.Suspend ?? false,
            SuccessfulJobsHistoryLimit = spec.SuccessfulJobsHistoryLimit ?? 3,
            FailedJobsHistoryLimit = spec.FailedJobsHistoryLimit ?? 1,
            JobTemplate = spec.JobTemplate with
            {
                Spec = job with { Template = rules.DefaultTemplate(job.Template) },
            },
        };
        return filled.Equals(spec) ? value : value with { Spec = filled };
    }

    protected override void Validate(CronJob value, FieldErrors errors)
    {
        var spec = value.Spec;
        Schedule(spec, errors);
        errors.NotNegative("spec.startingDeadlineSeconds", spec.StartingDeadlineSeconds);
        errors.OneOf("spec.concurrencyPolicy", spec.ConcurrencyPolicy, "Allow", "Forbid",
            "Replace");
        JobRules.Spec(spec.JobTemplate.Spec, "spec.jobTemplate.spec", rules, errors);
        errors.NotNegative("spec.successfulJobsHistoryLimit", spec.SuccessfulJobsHistoryLimit);
        errors.NotNegative("spec.failedJobsHistoryLimit", spec.FailedJobsHistoryLimit);
        if (value.Metadata.Name.Length > LongestName)
        {
            errors.InvalidText("metadata.name", value.Metadata.Name,
                "must be no more than 52 characters");
        }
    }

    private static void Schedule(CronJobSpec spec, FieldErrors errors)
    {
        const string at = "spec.schedule";
        if (spec.Schedule.Length == 0)
        {
            errors.Required(at);
        }
        else if (!CronFields.TryParse(spec.Schedule, out _, out var problem))
        {
            errors.InvalidText(at, spec.Schedule, problem);
        }
        if (spec.Schedule.Contains("TZ", StringComparison.Ordinal))
        {
            errors.InvalidText(at, spec.Schedule,
                "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        if (spec.TimeZone is not { } zone)
        {
            return;
        }
        var problems = zone.Length == 0 ? "timeZone must be nil or non-empty string"
            : string.Equals(zone, "Local", StringComparison.OrdinalIgnoreCase)
            ? "timeZone must be an explicit time zone as defined in "
                + "https://www.iana.org/time-zones"
            : TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _) ? null
            : $"unknown time zone {zone}";
        if (problems is not null)
        {
            errors.InvalidText("spec.timeZone", zone, problems);
        }
    }
}
