using System.Globalization;

namespace KubeSim;

/// <summary>One look at a CronJob: deletes the Jobs that nobody wants to keep, notes what has
/// become of the others, makes the Job that is due, and writes the status once.</summary>
/// <remarks>Models pkg/controller/cronjob/cronjob_controllerv2.go (syncCronJob).</remarks>
internal sealed class CronSync
{
    private const long TooMany = 100;

    private readonly ReconcileContext api;
    private readonly List<Job> jobs;
    private CronJobStatus before;
    private CronJob cron;

    public CronSync(CronJob cron, ReconcileContext api)
    {
        (this.cron, this.api, before) = (cron, api, cron.Status);
        jobs = api.Owned<Job>(cron).FindAll(j => j.IsControlledBy(cron.Metadata.Uid));
    }

    private Seq<ObjectReference> Active
    {
        get => cron.Status.Active;
        set => cron = cron with { Status = cron.Status with { Active = value } };
    }

    /// <summary>Brings the CronJob a step further.</summary>
    /// <returns>Why it is to be tried again; null when all went well.</returns>
    /// <exception cref="ApiException">The status could not be written.</exception>
    public string? Run()
    {
        string? failure = null;
        CleanUp();
        try
        {
            Follow();
            Start();
        }
        catch (ApiException refused)
        {
            failure = refused.Message;
        }
        if (!cron.Status.Equals(before))
        {
            api.UpdateStatus(cron);
        }
        return failure;
    }

    // Of the Jobs that have ended, those that nobody wants to keep.
    private void CleanUp()
    {
        foreach (var (type, limit) in ((string, int?)[])[
            ("Complete", cron.Spec.SuccessfulJobsHistoryLimit),
            ("Failed", cron.Spec.FailedJobsHistoryLimit)])
        {
            var ended = jobs.FindAll(j => j.FinishedBy?.Type == type);
            foreach (var job in ended.OrderBy(j => j.Status.StartTime ?? new(long.MaxValue))
                .ThenBy(j => j.Metadata.Name, StringComparer.Ordinal)
                .Take(ended.Count - (limit ?? ended.Count)))
            {
                Delete(job);
            }
        }
    }

    // What became of the Jobs: which run, which have ended, which are gone.
    private void Follow()
    {
        foreach (var job in jobs)
        {
            var (listed, end) = (IsListed(Active, job), job.FinishedBy);
            if (!listed && end is null)
            {
                // Our list may be older than the Job.
                var live = Live(cron.Key) as CronJob ?? cron;
                if (!IsListed(live.Status.Active, job))
                {
                    api.Event(cron, "Warning", "UnexpectedJob", "Saw a job that the controller "
                        + "did not create or forgot: {0}", job.Metadata.Name);
                    continue;
                }
                (cron, before) = (live, live.Status);
            }
            else if (listed && end is not null)
            {
                Unlist(job.Metadata.Uid);
                api.Event(cron, "Normal", "SawCompletedJob",
                    "Saw completed job: {0}, condition: {1}", job.Metadata.Name, end.Type);
            }
            if (end is { Type: "Complete" } && job.Status.CompletionTime is { } at
                && !(at <= cron.Status.LastSuccessfulTime))
            {
                cron = cron with { Status = cron.Status with { LastSuccessfulTime = at } };
            }
        }
        foreach (var active in Active)
        {
            var key = new ObjectKey(Kinds.Job, active.Namespace!, active.Name!);
            if (!jobs.Exists(j => j.Metadata.Uid == active.Uid) && Live(key) is null)
            {
                api.Event(cron, "Normal", "MissingJob", "Active job went missing: {0}", key.Name);
                Unlist(active.Uid!);
            }
        }
    }

    private void Start()
    {
        if (cron.IsTerminating)
        {
            return;
        }
        if (CronSchedule.ZoneOf(cron) is not { } zone)
        {
            api.Event(cron, "Warning", "UnknownTimeZone", "invalid timeZone: {0}: {1}",
                $"\"{cron.Spec.TimeZone}\"", $"unknown time zone {cron.Spec.TimeZone}");
            return;
        }
        if (cron.Spec.Suspend == true)
        {
            return;
        }
        if (!CronFields.TryParse(cron.Spec.Schedule, out var fields, out var problem))
        {
            api.Event(cron, "Warning", "UnparseableSchedule", "unparseable schedule: {0} : {1}",
                $"\"{cron.Spec.Schedule}\"", problem);
            return;
        }
        if (fields.Zone is not null)
        {
            api.Event(cron, "Warning", "UnsupportedSchedule", "CRON_TZ or TZ used in schedule {0} "
                + "is not officially supported, see https://kubernetes.io/docs/concepts/"
                + "workloads/controllers/cron-jobs/ for more details",
                $"\"{cron.Spec.Schedule}\"");
        }
        DateTime? Next(DateTime from) => fields.Next(from, zone);
        var schedule = CronSchedule.Of(cron, Next, api.Now, bound: true);
        if (schedule.IsNever)
        {
            api.Event(cron, "Warning", "InvalidSchedule", "invalid schedule: {0} : {1}",
                cron.Spec.Schedule, "time difference between two schedules is less than 1 second");
            return;
        }
        if (schedule is { Due: not null, Missed: > TooMany })
        {
            api.Event(cron, "Warning", "TooManyMissedTimes", "too many missed start times. Set or "
                + "decrease .spec.startingDeadlineSeconds or check clock skew");
        }
        if (schedule.Due is { } due && MayStart(due))
        {
            Make(due, zone);
        }
        if (CronSchedule.Wait(cron, Next, api.Now) is { } wait)
        {
            api.After(wait, cron.Key, Pace.Background);
        }
    }

    private bool MayStart(DateTime due)
    {
        if (cron.Spec.StartingDeadlineSeconds is { } seconds && due.AddSeconds(seconds) < api.Now)
        {
            api.Event(cron, "Warning", "MissSchedule", "Missed scheduled time to start a job: {0}",
                due.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture));
            return false;
        }
        if (cron.Status.LastScheduleTime == due || Active.Any(a => a.Name == NameOf(due)))
        {
            return false;
        }
        if (cron.Spec.ConcurrencyPolicy == "Forbid" && !Active.IsEmpty)
        {
            api.Event(cron, "Normal", "JobAlreadyActive", "Not starting job because prior "
                + "execution is running and concurrency policy is Forbid");
            return false;
        }
        return true;
    }

    private void Make(DateTime due, TimeZoneInfo zone)
    {
        if (cron.Spec.ConcurrencyPolicy == "Replace")
        {
            foreach (var active in Active)
            {
                Replace(active);
            }
        }
        var job = New(due, zone);
        try
        {
            job = api.Create(job);
            api.Event(cron, "Normal", "SuccessfulCreate", "Created job {0}", job.Metadata.Name);
        }
        catch (ApiException taken) when (taken.IsAlreadyExists)
        {
            // Perhaps made by us, before our process died.
            if (Live(job.Key) is not Job there || !there.IsControlledBy(cron.Metadata.Uid)
                || IsListed(Active, there))
            {
                return;
            }
            job = there;
        }
        catch (ApiException refused) when (!refused.IsNamespaceTerminating)
        {
            api.Event(cron, "Warning", "FailedCreate", "Error creating job: {0}", refused.Message);
            throw;
        }
        var meta = job.Metadata;
        cron = cron with { Status = cron.Status with { LastScheduleTime = due } };
        Active = Active.Add(new()
        {
            Kind = job.Kind.Name, ApiVersion = job.Kind.ApiVersion, Name = meta.Name,
            Namespace = meta.Namespace, Uid = meta.Uid,
            ResourceVersion = meta.ResourceVersion.ToString(),
        });
    }

    private void Replace(ObjectReference active)
    {
        var key = new ObjectKey(Kinds.Job, active.Namespace!, active.Name!);
        if (Live(key) is not Job job)
        {
            var gone = ApiErrors.NotFound(Kinds.Job, key.Name);
            api.Event(cron, "Warning", "FailedGet", "Get job: {0}", gone.Message);
            throw gone;
        }
        if (!Delete(job))
        {
            throw new ApiException(new()
            {
                Message = $"could not replace job {key.Namespace}/{key.Name}",
            });
        }
    }

    private bool Delete(Job job)
    {
        try
        {
            api.Delete(job.Key, new() { PropagationPolicy = "Background" });
        }
        catch (ApiException refused)
        {
            api.Event(cron, "Warning", "FailedDelete", "Deleted job: {0}", refused.Message);
            return false;
        }
        api.Event(cron, "Normal", "SuccessfulDelete", "Deleted job {0}", job.Metadata.Name);
        Unlist(job.Metadata.Uid);
        return true;
    }

    private Job New(DateTime due, TimeZoneInfo zone)
    {
        var template = cron.Spec.JobTemplate;
        var offset = zone.GetUtcOffset(due);
        var local = new DateTimeOffset(due).ToOffset(offset).ToString(
            offset == TimeSpan.Zero ? "yyyy-MM-ddTHH:mm:ssZ" : "yyyy-MM-ddTHH:mm:sszzz",
            CultureInfo.InvariantCulture);
        return new()
        {
            Metadata = new()
            {
                Name = NameOf(due), Namespace = cron.Metadata.Namespace,
                Labels = template.Metadata.Labels,
                Annotations = template.Metadata.Annotations.Set(
                    "batch.kubernetes.io/cronjob-scheduled-timestamp", local),
                OwnerReferences = [ControllerRefs.To(cron)],
            },
            Spec = template.Spec,
        };
    }

    private string NameOf(Time due) => string.Create(
        CultureInfo.InvariantCulture, $"{cron.Metadata.Name}-{due.UnixSeconds / 60}");

    private static bool IsListed(Seq<ObjectReference> active, Job job) =>
        active.Any(a => a.Uid == job.Metadata.Uid);

    private void Unlist(string uid) => Active = Active.RemoveAll(a => a.Uid == uid);

    private ApiObject? Live(ObjectKey key)
    {
        try
        {
            return api.Send(new(Verb.Get, new(key.Kind, key.Namespace, key.Name))).Object;
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return null;
        }
    }
}
