using System.Globalization;

namespace KubeSim;

/// <summary>The five fields of a CronJob's schedule as sets of bits: bit 5 of the minutes is minute
/// 5; bit 63 says that the field was a star. A descriptor such as <c>@daily</c> stands for five
/// fields; <c>@every 90m</c> has none, but a period.
/// <para>Worked example: <c>*/20 8-10 * * mon</c> has minutes 0, 20 and 40, hours 8, 9 and 10, and
/// the weekday 1. After Monday 10:40 it is next due on the Monday after at 8:00.</para></summary>
/// <remarks>Models github.com/robfig/cron/v3 parser.go and spec.go.</remarks>
public sealed partial record CronFields(
    ulong Minutes, ulong Hours, ulong Days, ulong Months, ulong Weekdays, TimeSpan? Every = null)
{
    private const ulong Star = 1UL << 63;

    private static readonly string[] months =
        ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    private static readonly string[] weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly Dictionary<string, string> descriptors = new()
    {
        ["@yearly"] = "0 0 1 1 *", ["@annually"] = "0 0 1 1 *", ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0", ["@daily"] = "0 0 * * *", ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
    };

    /// <summary>Reads a schedule; false with the problem in the words of the real parser.</summary>
    public static bool TryParse(string text, out CronFields fields, out string problem)
    {
        (fields, problem) = (new(0, 0, 0, 0, 0), "");
        if (text.Length == 0)
        {
            problem = "empty spec string";
            return false;
        }
        if (text.StartsWith("TZ=", StringComparison.Ordinal)
            || text.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            return Zoned(text, ref fields, ref problem);
        }
        if (text.StartsWith("@every ", StringComparison.Ordinal))
        {
            return Period(text[7..], ref fields, ref problem);
        }
        if (text[0] == '@' && !descriptors.ContainsKey(text))
        {
            problem = "unrecognized descriptor: " + text;
            return false;
        }
        var words = descriptors.GetValueOrDefault(text, text)
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 5)
        {
            problem = Say(
                $"expected exactly 5 fields, found {words.Length}: [{string.Join(' ', words)}]");
            return false;
        }
        var bits = new ulong[5];
        var found = Field(words[0], 0, 59, [], out bits[0], ref problem)
            && Field(words[1], 0, 23, [], out bits[1], ref problem)
            && Field(words[2], 1, 31, [], out bits[2], ref problem)
            && Field(words[3], 1, 12, months, out bits[3], ref problem)
            && Field(words[4], 0, 6, weekdays, out bits[4], ref problem);
        fields = new(bits[0], bits[1], bits[2], bits[3], bits[4]);
        return found;
    }

    /// <summary>One field: ranges with steps between commas, such as <c>1-5,*/20</c>.</summary>
    internal static bool Field(
        string text, int low, int high, string[] names, out ulong bits, ref string problem)
    {
        bits = 0;
        foreach (var range in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Range(range, low, high, names, ref bits, ref problem))
            {
                return false;
            }
        }
        return true;
    }

    private static bool Range(
        string text, int low, int high, string[] names, ref ulong bits, ref string problem)
    {
        var parts = text.Split('/');
        var ends = parts[0].Split('-');
        var star = ends[0] is "*" or "?";
        var (start, end, step) = (low, high, 1);
        if (!star)
        {
            if (!Number(ends[0], names, out start, ref problem))
            {
                return false;
            }
            end = start;
            if (ends.Length > 2)
            {
                problem = "too many hyphens: " + text;
                return false;
            }
            if (ends.Length == 2 && !Number(ends[1], names, out end, ref problem))
            {
                return false;
            }
        }
        if (parts.Length > 2)
        {
            problem = "too many slashes: " + text;
            return false;
        }
        if (parts.Length == 2)
        {
            if (!Number(parts[1], [], out step, ref problem))
            {
                return false;
            }
            // "5/15" is from 5 on, every 15th.
            end = ends.Length == 1 ? high : end;
        }
        problem = Fault(text, start, end, step, low, high);
        for (long i = start; problem.Length == 0 && i <= end; i += step)
        {
            bits |= 1UL << (int)i;
        }
        bits |= star && step == 1 ? Star : 0;
        return problem.Length == 0;
    }

    private static string Fault(string text, int start, int end, int step, int low, int high) =>
        start < low ? Say($"beginning of range ({start}) below minimum ({low}): {text}")
        : end > high ? Say($"end of range ({end}) above maximum ({high}): {text}")
        : start > end ? Say($"beginning of range ({start}) beyond end of range ({end}): {text}")
        : step == 0 ? $"step of range should be a positive number: {text}" : "";

    private static string Say(FormattableString text) => FormattableString.Invariant(text);

    private static bool Number(string text, string[] names, out int value, ref string problem)
    {
        value = Array.IndexOf(names, text.ToLowerInvariant());
        if (value >= 0 && text.Length > 0)
        {
            return true;
        }
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out value))
        {
            problem = $"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": "
                + "invalid syntax";
            return false;
        }
        problem = value < 0
            ? Say($"negative number ({value}) not allowed: {text}")
            : "";
        return value >= 0;
    }

    private static bool Zoned(string text, ref CronFields fields, ref string problem)
    {
        var words = text.Split(' ', 2);
        var name = words[0][(words[0].IndexOf('=', StringComparison.Ordinal) + 1)..];
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
        {
            problem = $"provided bad location {name}: unknown time zone {name}";
            return false;
        }
        var found = TryParse(words.Length == 1 ? "" : words[1].Trim(), out fields, out problem);
        fields = fields with { Zone = zone };
        return found;
    }

    private static bool Period(string text, ref CronFields fields, ref string problem)
    {
        if (GoDuration.TryParse(text, out var every))
        {
            fields = fields with { Every = every };
            return true;
        }
        problem = $"failed to parse duration @every {text}: time: invalid duration \"{text}\"";
        return false;
    }
}
