using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>JSON as <c>kubectl -o json</c> prints it: sorted keys, four spaces, and Go's escapes,
/// which also guard against HTML.</summary>
internal static class JsonText
{
    // So far below zero that no depth of nesting comes up to a first column.
    private const int OneLine = int.MinValue / 2;

    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        Write(text, node, 0);
        return text.Append('\n').ToString();
    }

    public static string WriteLine(JsonNode? node)
    {
        var text = new StringBuilder();
        Write(text, node, OneLine);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node, int depth)
    {
        switch (node)
        {
            case JsonObject { Count: 0 }: text.Append("{}"); break;
            case JsonArray { Count: 0 }: text.Append("[]"); break;
            case JsonObject map:
                var mark = '{';
                foreach (var (key, value) in map.OrderBy(e => e.Key, StringComparer.Ordinal))
                {
                    Line(text.Append(mark), depth + 1);
                    Quote(text, key);
                    Write(text.Append(depth < 0 ? ":" : ": "), value, depth + 1);
                    mark = ',';
                }
                Line(text, depth).Append('}');
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    Line(text.Append(i == 0 ? '[' : ','), depth + 1);
                    Write(text, list[i], depth + 1);
                }
                Line(text, depth).Append(']');
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                Quote(text, value.GetValue<string>());
                break;
            default: text.Append(node?.ToJsonString() ?? "null"); break;
        }
    }

    private static StringBuilder Line(StringBuilder text, int depth) =>
        depth < 0 ? text : text.Append('\n').Append(' ', 4 * depth);

    private static void Quote(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var letter in value)
        {
            _ = letter switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' => text.Append("\\u")
                    .Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture)),
                _ => text.Append(letter),
            };
        }
        text.Append('"');
    }
}
