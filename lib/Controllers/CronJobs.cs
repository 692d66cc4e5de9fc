namespace KubeSim;

/// <summary>
/// Makes a Job at each time of a schedule.
/// <para>It watches CronJobs and Jobs. When a start is due (<see cref="CronSchedule"/>) it looks
/// at what still runs: Allow makes a Job all the same, Forbid leaves it for later, Replace deletes
/// what runs. The Job's name ends in the minute of its start, counted from 1970: of two tries to
/// make it only one can succeed. It keeps the Jobs that run in <c>status.active</c>, and of those
/// that have ended the last 3 that succeeded and the last one that failed.</para>
/// <para>Worked example: <c>*/5 * * * *</c>, Forbid, a Job takes 7 minutes. It starts at 12:00; at
/// 12:05 it is not started, at 12:07 it is, as the start of 12:05.</para>
/// Models pkg/controller/cronjob/cronjob_controllerv2.go.
/// </summary>
public sealed class CronJobs : IReconciler
{
    /// <inheritdoc/>
    public string Name => "cronjob-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<CronJob>(), Watched.ControlledBy<Job>(Kinds.CronJob)];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public IWorkQueue NewQueue() => new DelayingQueue();

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        // A new schedule counts from its next time on, not at once.
        if (e is { Old: CronJob old, New: CronJob cron }
            && (old.Spec.Schedule, old.Spec.TimeZone) != (cron.Spec.Schedule, cron.Spec.TimeZone))
        {
            var later = (DelayingQueue)queue;
            if (NextOf(cron) is { } next
                && CronSchedule.Wait(cron, next, later.Now) is { } wait)
            {
                later.AddAfter(wait, e.Key, Pace.Background);
            }
            return;
        }
        Watched.Enqueue(Watches, e, queue);
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not CronJob cron)
        {
            return Result.Idle;
        }
        var failure = new CronSync(cron, api).Run();
        return failure is not null ? Result.Retry(failure)
            : api.Changes.Count == 0 ? Result.Idle : Result.Done;
    }

    /// <summary>The schedule of a CronJob as a function from a time to the next start; null when it
    /// has none.</summary>
    internal static Func<DateTime, DateTime?>? NextOf(CronJob cron) =>
        CronSchedule.ZoneOf(cron) is { } zone
            && CronFields.TryParse(cron.Spec.Schedule, out var fields, out _)
            ? from => fields.Next(from, zone) : null;
}
