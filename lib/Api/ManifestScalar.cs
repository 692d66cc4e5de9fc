using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What a plain word of YAML stands for. Kubernetes reads YAML 1.1: <c>yes</c> and
/// <c>on</c> are true, <c>0755</c> is 493, and a date is a string.</summary>
/// <remarks>Models sigs.k8s.io/yaml/goyaml.v2/resolve.go.</remarks>
internal static class ManifestScalar
{
    private static readonly string[] TimeForms =
    [
        "yyyy-M-d", "yyyy-M-dTH:m:s.FFFFFFFK", "yyyy-M-dtH:m:s.FFFFFFFK", "yyyy-M-d H:m:s.FFFFFFF",
    ];

    /// <summary>The value of a plain word; null for null.</summary>
    public static JsonNode? Resolve(string word)
    {
        if (IsNull(word))
        {
            return null;
        }
        if (Bool(word) is { } truth)
        {
            return JsonValue.Create(truth);
        }
        var first = word[0];
        if (!char.IsAsciiDigit(first) && first is not ('+' or '-' or '.') || IsTime(word))
        {
            return JsonValue.Create(word);
        }
        var plain = first == '.' ? word : word.Replace("_", "");
        return Whole(plain) is { } whole ? whole
            : IsDecimal(plain) && double.TryParse(plain, NumberStyles.Float,
                CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? Number(number)
            : JsonValue.Create(word);
    }

    /// <summary>True when a string written plainly would not read as that string.</summary>
    public static bool IsOther(string word) => IsNull(word) || Bool(word) is not null
        || word is ".nan" or ".NaN" or ".NAN" || IsInfinity(word) || word == "<<" || IsTime(word)
        || IsBase60(word) || Resolve(word)!.GetValueKind() != System.Text.Json.JsonValueKind.String;

    private static bool IsNull(string word) => word is "" or "~" or "null" or "Null" or "NULL";

    private static bool? Bool(string word) => word switch
    {
        "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE"
            or "on" or "On" or "ON" => true,
        "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE"
            or "off" or "Off" or "OFF" => false,
        _ => null,
    };

    private static bool IsInfinity(string word) =>
        word.TrimStart('+', '-') is ".inf" or ".Inf" or ".INF";

    private static JsonValue Number(double number) =>
        number == Math.Truncate(number) && Math.Abs(number) < 1e15
            ? JsonValue.Create((long)number)
            : JsonValue.Create(number);

    /// <summary>A whole number in base 10, 16 (0x), 8 (0 or 0o) or 2 (0b).</summary>
    private static JsonValue? Whole(string text)
    {
        var negative = text[0] == '-';
        var rest = text.AsSpan(negative || text[0] == '+' ? 1 : 0);
        var radix = 10;
        if (rest.Length > 1 && rest[0] == '0')
        {
            (radix, var skip) = rest[1] switch
            {
                'x' or 'X' => (16, 2),
                'b' or 'B' => (2, 2),
                'o' or 'O' => (8, 2),
                _ => (8, 1),
            };
            rest = rest[skip..];
        }
        UInt128 value = 0;
        foreach (var letter in rest)
        {
            var digit = letter switch
            {
                >= '0' and <= '9' => letter - '0',
                >= 'a' and <= 'f' => letter - 'a' + 10,
                >= 'A' and <= 'F' => letter - 'A' + 10,
                _ => int.MaxValue,
            };
            if (digit >= radix)
            {
                return null;
            }
            value = (value * (uint)radix) + (uint)digit;
            if (value > ulong.MaxValue)
            {
                return null;
            }
        }
        return rest.IsEmpty || (negative && value > (UInt128)long.MaxValue + 1) ? null
            : negative ? JsonValue.Create((long)-(Int128)value)
            : value <= long.MaxValue ? JsonValue.Create((long)value)
            : JsonValue.Create((ulong)value);
    }

    // Digits with at most one point, and perhaps an exponent.
    private static bool IsDecimal(string text)
    {
        var rest = text.AsSpan(text[0] is '+' or '-' ? 1 : 0);
        var exponent = rest.IndexOfAny('e', 'E');
        var power = exponent < 0 ? "0" : rest[(exponent + 1)..];
        power = power.Length > 1 && power[0] is '+' or '-' ? power[1..] : power;
        var number = exponent < 0 ? rest : rest[..exponent];
        var point = number.IndexOf('.');
        return !power.IsEmpty && !power.ContainsAnyExceptInRange('0', '9')
            && number.ContainsAnyInRange('0', '9') && !number.ContainsAnyExceptInRange('.', '9')
            && !number.Contains('/')
            && (point < 0 || number[(point + 1)..].IndexOf('.') < 0);
    }

    private static bool IsTime(string word) => word.Length >= 8 && word[4] == '-'
        && !word.AsSpan(0, 4).ContainsAnyExceptInRange('0', '9')
        && DateTime.TryParseExact(word,
            TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    // 1:20 was 80 once; it is quoted so that no old reader takes it for that.
    private static bool IsBase60(string word)
    {
        var parts = word.TrimStart('+', '-').Split(':');
        if (parts.Length < 2 || parts[0].Length == 0 || !char.IsAsciiDigit(parts[0][0]))
        {
            return false;
        }
        parts[^1] = parts[^1].Split('.')[0];
        return parts.Skip(1).All(part => part.Length is 1 or 2 && part.All(char.IsAsciiDigit)
                && (part.Length == 1 || part[0] < '6'))
            && parts[0].All(letter => char.IsAsciiDigit(letter) || letter == '_');
    }
}
