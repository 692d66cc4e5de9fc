using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>KYAML: the flow style of YAML, with braces, quoted texts and commas at the ends, that
/// no indentation can break. A text of several lines keeps them:
/// <code>
/// data: {
///   note: "\
///      one\n\
///      two\
///     ",
/// },
/// </code></summary>
/// <remarks>Models sigs.k8s.io/yaml/kyaml.</remarks>
internal static partial class KYaml
{
    public static string Write(JsonNode node)
    {
        var text = new StringBuilder("---\n");
        Write(text, node, 0);
        return text.Append('\n').ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node, int indent)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                text.Append("{\n");
                foreach (var (key, value) in map.OrderBy(e => e.Key, StringComparer.Ordinal))
                {
                    text.Append(' ', indent + 2)
                        .Append(NeedsQuotes(key) ? Quoted(key) : key).Append(": ");
                    Write(text, value, indent + 2);
                    text.Append(",\n");
                }
                text.Append(' ', indent).Append('}');
                break;
            case JsonArray { Count: > 0 } list:
                List(text, list, indent);
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                var line = value.GetValue<string>();
                text.Append(line.Contains('\n') ? Folded(line, indent + 2)
                    : Quoted(line));
                break;
            default:
                text.Append(node is null ? "null" : node is JsonObject ? "{}"
                    : node is JsonArray ? "[]" : Json.Compact(node));
                break;
        }
    }

    // Maps in a list stand cuddled: [{ … }, { … }].
    private static void List(StringBuilder text, JsonArray list, int indent)
    {
        var cuddled = list.All(item => item is JsonObject or JsonArray);
        text.Append(cuddled ? "[" : "[\n");
        for (var i = 0; i < list.Count; i++)
        {
            if (!cuddled)
            {
                text.Append(' ', indent + 2);
            }
            Write(text, list[i], cuddled ? indent : indent + 2);
            text.Append(!cuddled ? ",\n" : i < list.Count - 1 ? ", " : "");
        }
        text.Append(cuddled ? "" : new string(' ', indent)).Append(']');
    }

    // Each line begins in one column; a blank at its begin is kept by a backslash.
    private static string Folded(string text, int indent)
    {
        var blanks = new string(' ', indent);
        var lines = text.Split('\n');
        return "\"\\\n" + string.Concat(lines.Select((line, i) =>
            i == lines.Length - 1 && line.Length == 0 ? "" : blanks
            + (line is [' ' or '\t', ..] ? "\\" : " ") + Quoted(line)[1..^1]
            + (i < lines.Length - 1 ? "\\n\\\n" : "\\\n"))) + blanks + "\"";
    }

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            var at = "\"\\\a\b\f\n\r\t\v\0\u001b\u0085\u00a0\u2028\u2029"
                .IndexOf(rune.ToString(), StringComparison.Ordinal);
            quoted.Append(at >= 0 ? $"\\{"\"\\abfnrtv0eN_LP"[at]}"
                : rune.Value is < ' ' or 0x7f ? $"\\x{Hex(rune, 2)}"
                : Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
                    or UnicodeCategory.Format or UnicodeCategory.PrivateUse
                    or UnicodeCategory.OtherNotAssigned
                    ? rune.IsBmp ? $"\\u{Hex(rune, 4)}" : $"\\U{Hex(rune, 8)}"
                : rune.ToString());
        }
        return quoted.Append('"').ToString();
    }

    private static string Hex(Rune rune, int digits) =>
        rune.Value.ToString("x", CultureInfo.InvariantCulture).PadLeft(digits, '0');

    // A key is quoted when a reader could take it for something else.
    private static bool NeedsQuotes(string key) => !Bare().IsMatch(key) || Other().IsMatch(key)
        || double.TryParse(key.Replace("_", "", StringComparison.Ordinal),
            NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    [GeneratedRegex("^[\\p{L}\\p{N}_]([\\p{L}\\p{N}_./-]*[\\p{L}\\p{N}_])?$")]
    private static partial Regex Bare();

    [GeneratedRegex("^(null|true|false|t|f|y|n|yes|no|on|off|0[xbo][0-9a-f_]+|"
        + "\\d{4}-\\d{1,2}-\\d{1,2}(T.*)?)$", RegexOptions.IgnoreCase)]
    private static partial Regex Other();
}
