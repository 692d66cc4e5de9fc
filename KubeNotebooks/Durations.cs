using System.Globalization;

namespace KubeNotebooks;

/// <summary>Durations as Kubernetes writes them: <c>5s</c>, <c>250ms</c>, <c>1h30m</c>, <c>1.5s</c>.</summary>
internal static class Durations
{
    private static readonly (string Unit, decimal Ticks)[] Units =
    [
        ("ns", 0.01m), ("us", 10m), ("µs", 10m), ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour),
    ];

    /// <summary>Reads a duration that is not negative; false when the text is none.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }
        var rest = text.AsSpan();
        decimal ticks = 0;
        while (!rest.IsEmpty)
        {
            var digits = LengthOf(rest, c => char.IsAsciiDigit(c) || c == '.');
            var letters = LengthOf(rest[digits..], char.IsLetter);
            var unit = rest.Slice(digits, letters).ToString();
            var known = Array.FindIndex(Units, u => u.Unit == unit);
            if (known < 0 || digits > 12 || !decimal.TryParse(rest[..digits],
                NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }
            ticks += number * Units[known].Ticks;
            rest = rest[(digits + letters)..];
        }
        if (text.Length == 0 || ticks > TimeSpan.FromDays(36500).Ticks)
        {
            return false;
        }
        duration = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    /// <summary>An age as kubectl shows it: two units at most, and fewer the older it is.</summary>
    public static string Age(TimeSpan age)
    {
        var (seconds, minutes, hours, days) =
            ((long)age.TotalSeconds, (long)age.TotalMinutes, (long)age.TotalHours, (long)age.TotalDays);
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

    private static int LengthOf(ReadOnlySpan<char> text, Func<char, bool> belongs)
    {
        var length = 0;
        while (length < text.Length && belongs(text[length]))
        {
            length++;
        }
        return length;
    }

    private static string Text(long first, string unit, long second = 0, string smaller = "") =>
        string.Create(CultureInfo.InvariantCulture, $"{first}{unit}")
        + (second == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{second}{smaller}"));
}
