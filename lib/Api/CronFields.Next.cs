namespace KubeSim;

// When a schedule is next due. The clock on the wall of a zone is walked forward: to a month that
// fits, then a day, an hour, a minute; whenever a larger unit rolls over, the walk starts anew from
// the month. Where the clock jumps (summer time), an hour that does not exist is passed over, and
// one that comes twice is met twice.
//
// Models github.com/robfig/cron/v3 spec.go and constantdelay.go.
public sealed partial record CronFields
{
    /// <summary>The zone that the schedule itself names, in the old way:
    /// <c>TZ=Asia/Tokyo 0 4 * * *</c>; null when it names none.</summary>
    public TimeZoneInfo? Zone { get; init; }

    /// <summary>The first time after another at which the schedule is due; null when there is none
    /// within five years.</summary>
    /// <param name="from">The other time, in UTC.</param>
    /// <param name="zone">Whose clock the fields are about; a zone in the schedule goes
    /// first.</param>
    /// <returns>The time in UTC.</returns>
    public DateTime? Next(DateTime from, TimeZoneInfo zone)
    {
        if (Every is { } period)
        {
            var seconds = Math.Max(1, period.Ticks / TimeSpan.TicksPerSecond);
            return Whole(from, TimeSpan.TicksPerSecond).AddSeconds(seconds);
        }
        var clock = new Clock(Zone ?? zone, Whole(from, TimeSpan.TicksPerSecond).AddSeconds(1));
        var lastYear = clock.Local.Year + 5;
        while (clock.Local.Year <= lastYear)
        {
            if (Forward(clock))
            {
                return clock.Utc;
            }
        }
        return null;
    }

    // False when a larger unit has rolled over.
    private bool Forward(Clock clock)
    {
        while (!Has(Months, clock.Local.Month))
        {
            clock.CutTo(t => new(t.Year, t.Month, 1));
            clock.Local = clock.Local.AddMonths(1);
            if (clock.Local.Month == 1)
            {
                return false;
            }
        }
        while (!IsDay(clock.Local))
        {
            clock.CutTo(t => t.Date);
            clock.Local = clock.Local.AddDays(1);
            if (clock.Local.Hour is > 0 and var hour)
            {
                // There is no midnight on this day.
                clock.Utc = clock.Utc.AddHours(hour > 12 ? 24 - hour : -hour);
            }
            if (clock.Local.Day == 1)
            {
                return false;
            }
        }
        while (!Has(Hours, clock.Local.Hour))
        {
            clock.CutTo(t => Whole(t, TimeSpan.TicksPerHour));
            clock.Utc = clock.Utc.AddHours(1);
            if (clock.Local.Hour == 0)
            {
                return false;
            }
        }
        while (!Has(Minutes, clock.Local.Minute))
        {
            clock.CutTo(t => Whole(t, TimeSpan.TicksPerMinute));
            clock.Utc = clock.Utc.AddMinutes(1);
            if (clock.Local.Minute == 0)
            {
                return false;
            }
        }
        return clock.Local.Second == 0 || clock.ToNextMinute();
    }

    // Day and weekday both count when one is a star; else either is enough.
    private bool IsDay(DateTime local)
    {
        var (day, weekday) = (Has(Days, local.Day), Has(Weekdays, (int)local.DayOfWeek));
        return ((Days | Weekdays) & Star) != 0 ? day && weekday : day || weekday;
    }

    private static bool Has(ulong bits, int value) => (bits & (1UL << value)) != 0;

    private static DateTime Whole(DateTime time, long unit) =>
        new(time.Ticks - (time.Ticks % unit), DateTimeKind.Utc);

    /// <summary>An instant, and what the clock of a zone shows then.</summary>
    private sealed class Clock(TimeZoneInfo zone, DateTime start)
    {
        private bool cut;

        public DateTime Utc { get; set; } = start;

        public DateTime Local
        {
            get => Utc + zone.GetUtcOffset(Utc);
            set
            {
                // An hour that does not exist, or exists twice, is taken by the offset that holds
                // where UTC would have that time.
                var guess = zone.GetUtcOffset(DateTime.SpecifyKind(value, DateTimeKind.Utc));
                var utc = DateTime.SpecifyKind(value - guess, DateTimeKind.Utc);
                Utc = DateTime.SpecifyKind(value - zone.GetUtcOffset(utc), DateTimeKind.Utc);
            }
        }

        // Once anything moves, everything smaller starts at its beginning.
        public void CutTo(Func<DateTime, DateTime> start)
        {
            if (!cut)
            {
                cut = true;
                Local = start(Local);
            }
        }

        // The seconds of a schedule are 0: from 10:00:30 the next minute is looked at.
        public bool ToNextMinute()
        {
            cut = true;
            Utc = Whole(Utc, TimeSpan.TicksPerMinute).AddMinutes(1);
            return false;
        }
    }
}
