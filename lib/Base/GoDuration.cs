using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>Durations as Go and so all of Kubernetes writes them: <c>1h30m</c>, <c>10s</c>,
/// <c>250ms</c>, <c>0s</c>.</summary>
/// <remarks>Models the Go standard library, time/time.go and time/format.go.</remarks>
public static class GoDuration
{
    private static readonly (string Unit, double Ticks)[] Units =
    [
        ("ns", 0.01), ("us", TimeSpan.TicksPerMicrosecond), ("µs", TimeSpan.TicksPerMicrosecond),
        ("ms", TimeSpan.TicksPerMillisecond), ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond),
    ];

    /// <summary>Reads a duration; false when the text is none. A bare number needs a unit, but
    /// 0.</summary>
    public static bool TryParse(string text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        rest = negative || rest.StartsWith("+") ? rest[1..] : rest;
        if (rest is "0")
        {
            return true;
        }
        var ticks = 0.0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('.', '9');
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }
            rest = rest[digits..];
            if (!TakeUnit(ref rest, out var unit))
            {
                return false;
            }
            ticks += number * unit;
        }
        if (text.Length == 0 || ticks > long.MaxValue)
        {
            return false;
        }
        span = new((long)Math.Round(negative ? -ticks : ticks));
        return true;
    }

    /// <summary>Writes a duration: <c>1h30m0s</c>, <c>1.5s</c>, <c>250ms</c>, <c>0s</c>.</summary>
    public static string Format(TimeSpan span)
    {
        var culture = CultureInfo.InvariantCulture;
        var sign = span < TimeSpan.Zero ? "-" : "";
        var ticks = Math.Abs(span.Ticks);
        if (ticks == 0)
        {
            return "0s";
        }
        if (ticks < TimeSpan.TicksPerSecond)
        {
            var (unit, size) = ticks >= TimeSpan.TicksPerMillisecond
                ? ("ms", TimeSpan.TicksPerMillisecond) : ("µs", TimeSpan.TicksPerMicrosecond);
            return string.Create(culture, $"{sign}{(decimal)ticks / size:0.####}{unit}");
        }
        var text = new StringBuilder(sign);
        var hours = ticks / TimeSpan.TicksPerHour;
        var minutes = ticks / TimeSpan.TicksPerMinute % 60;
        if (hours > 0)
        {
            text.Append(culture, $"{hours}h");
        }
        if (hours > 0 || minutes > 0)
        {
            text.Append(culture, $"{minutes}m");
        }
        var seconds = (decimal)(ticks % TimeSpan.TicksPerMinute) / TimeSpan.TicksPerSecond;
        return text.Append(culture, $"{seconds:0.#######}s").ToString();
    }

    private static bool TakeUnit(ref ReadOnlySpan<char> rest, out double ticks)
    {
        foreach (var (unit, size) in Units)
        {
            if (rest.StartsWith(unit))
            {
                rest = rest[unit.Length..];
                ticks = size;
                return true;
            }
        }
        ticks = 0;
        return false;
    }
}
