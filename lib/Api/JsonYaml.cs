using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>YAML as <c>kubectl -o yaml</c> prints it: sorted keys, two spaces, the items of a list
/// not indented below their key, quotes only where a plain word would read as something else, and
/// lines folded at a blank after column 80.</summary>
/// <remarks>Models sigs.k8s.io/yaml with its emitter.</remarks>
internal static class JsonYaml
{
    private const int Width = 80;
    private static readonly SearchValues<char> Indicators =
        SearchValues.Create("#,[]{}&*!|>'\"%@`");

    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        switch (node)
        {
            case JsonObject { Count: > 0 } map: Map(text, map, 0, inline: true); break;
            case JsonArray { Count: > 0 } list: List(text, list, 0, inline: true); break;
            default: Scalar(text, node, 0); break;
        }
        return text.ToString();
    }

    private static void Map(StringBuilder text, JsonObject map, int indent, bool inline)
    {
        foreach (var (key, value) in map.OrderBy(e => e.Key, KeyOrder.Instance))
        {
            if (!inline)
            {
                text.Append(' ', indent);
            }
            inline = false;
            Text(text, key, indent, isKey: true);
            text.Append(':');
            switch (value)
            {
                case JsonObject { Count: > 0 } inner:
                    text.Append('\n');
                    Map(text, inner, indent + 2, inline: false);
                    break;
                case JsonArray { Count: > 0 } list:
                    text.Append('\n');
                    List(text, list, indent, inline: false);
                    break;
                default:
                    text.Append(' ');
                    Scalar(text, value, indent);
                    break;
            }
        }
    }

    private static void List(StringBuilder text, JsonArray list, int indent, bool inline)
    {
        foreach (var item in list)
        {
            if (!inline)
            {
                text.Append(' ', indent);
            }
            inline = false;
            text.Append("- ");
            switch (item)
            {
                case JsonObject { Count: > 0 } map: Map(text, map, indent + 2, inline: true); break;
                case JsonArray { Count: > 0 } inner:
                    List(text, inner, indent + 2, inline: true);
                    break;
                default: Scalar(text, item, indent); break;
            }
        }
    }

    private static void Scalar(StringBuilder text, JsonNode? node, int indent)
    {
        if (node is JsonValue value && value.GetValueKind() == JsonValueKind.String)
        {
            Text(text, value.GetValue<string>(), indent, isKey: false);
        }
        else
        {
            text.Append(node?.ToJsonString() ?? "null");
        }
        text.Append('\n');
    }

    private static void Text(StringBuilder text, string value, int indent, bool isKey)
    {
        var special = value.Any(letter => letter is (< ' ' and not '\n') or '\u007f' or '\ufeff');
        var multiline = value.Contains('\n');
        if (multiline && !isKey && !special && !value.Contains(" \n") && !value.EndsWith(' '))
        {
            Literal(text, value, indent + 2);
        }
        else if (special || multiline || ManifestScalar.IsOther(value))
        {
            DoubleQuoted(text, value, isKey ? int.MaxValue : indent + 2);
        }
        else if (CanBePlain(value))
        {
            Folded(text, value, isKey ? int.MaxValue : indent + 2);
        }
        else
        {
            text.Append('\'');
            Folded(text, value.Replace("'", "''"), isKey ? int.MaxValue : indent + 2);
            text.Append('\'');
        }
    }

    private static bool CanBePlain(string value) =>
        !Indicators.Contains(value[0])
        && !value.StartsWith("---") && !value.StartsWith("...")
        && !(value[0] is '-' or '?' or ':' && (value.Length == 1 || value[1] == ' '))
        && value[0] != ' ' && value[^1] is not (' ' or ':')
        && !value.Contains(": ") && !value.Contains(" #");

    // The end of a literal block says how many line ends it has: | one, |- none, |+ more.
    private static void Literal(StringBuilder text, string value, int indent)
    {
        text.Append('|');
        if (value[0] is ' ' or '\n')
        {
            text.Append('2');
        }
        text.Append(!value.EndsWith('\n') ? "-"
            : value.Length == 1 || value.EndsWith("\n\n") ? "+" : "");
        var body = value.EndsWith('\n') ? value[..^1] : value;
        foreach (var range in body.AsSpan().Split('\n'))
        {
            var line = body.AsSpan(range);
            text.Append('\n');
            if (line.Length > 0)
            {
                text.Append(' ', indent).Append(line);
            }
        }
    }

    // A lone blank past the width becomes a line end.
    private static void Folded(StringBuilder text, string value, int indent)
    {
        var column = Column(text);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == ' ' && column > Width && indent != int.MaxValue && i > 0
                && i + 1 < value.Length && value[i - 1] != ' ' && value[i + 1] != ' ')
            {
                text.Append('\n').Append(' ', indent);
                column = indent;
                continue;
            }
            text.Append(value[i]);
            column++;
        }
    }

    private static void DoubleQuoted(StringBuilder text, string value, int indent)
    {
        text.Append('"');
        var column = Column(text);
        for (var i = 0; i < value.Length; i++)
        {
            var letter = value[i];
            if (letter == ' ' && column > Width && indent != int.MaxValue && i > 0
                && i + 1 < value.Length && value[i - 1] != ' ')
            {
                text.Append('\n').Append(' ', indent).Append(value[i + 1] == ' ' ? "\\" : "");
                column = indent;
                continue;
            }
            var before = text.Length;
            _ = letter switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' or '\u007f' => text.Append("\\x")
                    .Append(((int)letter).ToString("X2", CultureInfo.InvariantCulture)),
                '\ufeff' => text.Append("\\uFEFF"),
                _ => text.Append(letter),
            };
            column += text.Length - before;
        }
        text.Append('"');
    }

    private static int Column(StringBuilder text)
    {
        var at = text.Length;
        while (at > 0 && text[at - 1] != '\n')
        {
            at--;
        }
        return text.Length - at;
    }

    // Runs of digits compare as numbers and come after other marks, letters last: a2 < a10.
    private sealed class KeyOrder : IComparer<string>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare(string? left, string? right)
        {
            var (i, a, b) = (0, left!, right!);
            while (i < a.Length && i < b.Length && a[i] == b[i])
            {
                i++;
            }
            if (i == a.Length || i == b.Length)
            {
                return a.Length.CompareTo(b.Length);
            }
            var (leftLetter, rightLetter) = (char.IsLetter(a[i]), char.IsLetter(b[i]));
            if (leftLetter != rightLetter)
            {
                return rightLetter ? -1 : 1;
            }
            if (char.IsAsciiDigit(a[i]) && char.IsAsciiDigit(b[i]))
            {
                var (leftEnd, rightEnd) = (DigitsEnd(a, i), DigitsEnd(b, i));
                var order = leftEnd.CompareTo(rightEnd);
                return order != 0 ? order : string.CompareOrdinal(a, b);
            }
            return a[i].CompareTo(b[i]);
        }

        private static int DigitsEnd(string text, int at)
        {
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }
            return at;
        }
    }
}
