using System.Globalization;

namespace KubeSim;

/// <summary>Spans of time as kubectl shows ages: the two largest units that matter, less exact the
/// longer the span. 119 s is <c>119s</c>, 5 minutes and 3 s <c>5m3s</c>, 70 minutes <c>70m</c>,
/// 30 hours <c>30h</c>, 3 days and 2 hours <c>3d2h</c>, 400 days <c>400d</c>.</summary>
/// <remarks>Models staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go.</remarks>
public static class HumanDuration
{
    /// <summary>The span in kubectl's words; a span in the future is <c>&lt;invalid&gt;</c>, with
    /// one second of tolerance for clocks that differ.</summary>
    public static string Of(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        var (minutes, hours) = (seconds / 60, seconds / 3600);
        var days = hours / 24;
        return seconds switch
        {
            < -1 => "<invalid>",
            < 0 => "0s",
            < 120 => Text(seconds, 's'),
            < 600 => Text(minutes, 'm', seconds % 60, 's'),
            < 3 * 3600 => Text(minutes, 'm'),
            < 8 * 3600 => Text(hours, 'h', minutes % 60, 'm'),
            < 48 * 3600 => Text(hours, 'h'),
            _ when days < 8 => Text(days, 'd', hours % 24, 'h'),
            _ when days < 2 * 365 => Text(days, 'd'),
            _ when days < 8 * 365 => Text(days / 365, 'y', days % 365, 'd'),
            _ => Text(days / 365, 'y'),
        };
    }

    /// <summary>How long ago a time was; <c>&lt;unknown&gt;</c> for none.</summary>
    public static string Since(Time? time, DateTime now) =>
        time is { } at ? Of(now - at.DateTime) : "<unknown>";

    /// <summary>How long ago a time with microseconds was; <c>&lt;unknown&gt;</c> for
    /// none.</summary>
    public static string Since(MicroTime? time, DateTime now) =>
        time is { } at ? Of(now - at.Instant) : "<unknown>";

    private static string Text(long large, char unit, long small = 0, char smallUnit = ' ') =>
        small == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{large}{unit}")
            : string.Create(CultureInfo.InvariantCulture, $"{large}{unit}{small}{smallUnit}");
}
