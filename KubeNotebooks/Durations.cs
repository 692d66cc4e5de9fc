using System.Globalization;

namespace KubeNotebooks;

/// <summary>Durations as people read them.</summary>
internal static class Durations
{
    /// <summary>An age as kubectl shows it: two units at most, and fewer the older it is.</summary>
    public static string Age(TimeSpan age)
    {
        var (seconds, minutes, hours, days) =
            ((long)age.TotalSeconds, (long)age.TotalMinutes, (long)age.TotalHours,
                (long)age.TotalDays);
        return seconds < 0 ? "0s"
            : seconds < 120 ? Text(seconds, "s")
            : minutes < 10 ? Text(minutes, "m", seconds % 60, "s")
            : minutes < 180 ? Text(minutes, "m")
            : hours < 8 ? Text(hours, "h", minutes % 60, "m")
            : hours < 48 ? Text(hours, "h")
            : days < 8 ? Text(days, "d", hours % 24, "h")
            : days < 730 ? Text(days, "d")
            : days < 2920 ? Text(days / 365, "y", days % 365, "d")
            : Text(days / 365, "y");
    }

    private static string Text(long first, string unit, long second = 0, string smaller = "") =>
        string.Create(CultureInfo.InvariantCulture, $"{first}{unit}")
        + (second == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{second}{smaller}"));
}
