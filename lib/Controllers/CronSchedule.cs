namespace KubeSim;

/// <summary>
/// Which start of a CronJob is due, and when to look again.
/// <para>Starts count from the last one that was met, or from the creation. Of several that were
/// missed only the latest is made up for: every 10 minutes, down from 10:00 to 10:35, and the start
/// of 10:30 is made at 10:35. With <c>startingDeadlineSeconds</c> what lies further back is left
/// out. More than 100 missed starts are told as an event, since it is then often a clock that is
/// wrong.</para>
/// Models pkg/controller/cronjob/utils.go.
/// </summary>
internal readonly record struct CronSchedule
{
    private static readonly TimeSpan Delta = TimeSpan.FromMilliseconds(100);

    /// <summary>From when on starts count.</summary>
    public required DateTime Since { get; init; }

    /// <summary>The latest start that is due; null when none is.</summary>
    public DateTime? Due { get; init; }

    /// <summary>About how many starts were missed; 0 when not even two are due.</summary>
    public long Missed { get; init; }

    /// <summary>True when the schedule never comes.</summary>
    public bool IsNever { get; init; }

    /// <summary>The zone of a CronJob; null when there is none of its name.</summary>
    public static TimeZoneInfo? ZoneOf(CronJob cron) => cron.Spec.TimeZone is not { } name
        ? TimeZoneInfo.Utc
        : TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;

    /// <summary>What is due of a CronJob.</summary>
    /// <param name="cron">The CronJob.</param>
    /// <param name="next">Its schedule: the first start after a time.</param>
    /// <param name="now">The time.</param>
    /// <param name="bound">True: what is too late to start is left out.</param>
    public static CronSchedule Of(
        CronJob cron, Func<DateTime, DateTime?> next, DateTime now, bool bound)
    {
        var since = (cron.Status.LastScheduleTime ?? cron.Metadata.CreationTimestamp
            ?? default(Time)).DateTime;
        if (bound && cron.Spec.StartingDeadlineSeconds is { } seconds
            && now.AddSeconds(-seconds) > since)
        {
            since = now.AddSeconds(-seconds);
        }
        var result = new CronSchedule { Since = since };
        var first = next(since);
        if (first > now)
        {
            return result;
        }
        var second = first is { } f ? next(f) : null;
        if (first is null || second is null)
        {
            return result with { IsNever = true };
        }
        if (second > now)
        {
            return result with { Due = first };
        }
        // A guess from the first interval, one back: the rest is counted, for not every interval is
        // as long as the first.
        var interval = (long)(second - first).Value.TotalSeconds;
        var missed = ((long)(now - first.Value).TotalSeconds / interval) + 1;
        DateTime? due = null;
        var guess = next(first.Value.AddSeconds((missed - 2) * interval));
        for (; guess <= now; guess = next(guess.Value))
        {
            due = guess;
        }
        return result with { Due = due, Missed = missed };
    }

    /// <summary>How long until the start after the one that is due.</summary>
    public static TimeSpan? Wait(CronJob cron, Func<DateTime, DateTime?> next, DateTime now)
    {
        var schedule = Of(cron, next, now, bound: false);
        var from = schedule.IsNever ? now
            : schedule.Due ?? (schedule.Missed == 0 ? schedule.Since : now);
        return next(from) + Delta - now;
    }
}
