using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>A step of an expression: to fields or items of what the steps before found.</summary>
internal sealed record JsonPathStep(
    Func<JsonNode?, JsonNode, IEnumerable<JsonNode?>> From, bool FromRoot = false);

/// <summary>The expressions of JSONPath: fields, indices, slices, filters, everything
/// below.</summary>
internal static class JsonPathSteps
{
    /// <summary>What steps find, in order.</summary>
    public static IReadOnlyList<JsonNode?> Find(
        List<JsonPathStep> steps, IReadOnlyList<JsonNode?> current, JsonNode root)
    {
        foreach (var step in steps)
        {
            current = step.FromRoot ? [root]
                : [.. current.SelectMany(node => step.From(node, root))];
        }
        return current;
    }

    public static List<JsonPathStep> Parse(string text)
    {
        var steps = new List<JsonPathStep>();
        for (var at = 0; at < text.Length;)
        {
            switch (text[at])
            {
                case '$':
                    steps.Add(new((_, root) => [root], FromRoot: true));
                    at++;
                    break;
                case '@':
                    at++;
                    break;
                case '.' when at + 1 < text.Length && text[at + 1] == '.':
                    at += 2;
                    steps.Add(new((node, _) => Below(node)));
                    AddField(steps, text, ref at);
                    break;
                case '.':
                    at++;
                    AddField(steps, text, ref at);
                    break;
                case '[':
                    steps.Add(Bracket(text, ref at));
                    break;
                case ' ':
                    at++;
                    break;
                default:
                    AddField(steps, text, ref at);
                    break;
            }
        }
        return steps;
    }

    private static void AddField(List<JsonPathStep> steps, string text, ref int at)
    {
        var name = new StringBuilder();
        while (at < text.Length && text[at] is not ('.' or '[' or ' '))
        {
            at += text[at] == '\\' && at + 1 < text.Length ? 1 : 0;
            name.Append(text[at++]);
        }
        if (name.Length == 0)
        {
            return;
        }
        var field = name.ToString();
        steps.Add(field == "*" ? new((node, _) => Children(node)) : Field(field));
    }

    private static JsonPathStep Field(string name) => new((node, _) =>
        node is JsonObject map && map.TryGetPropertyValue(name, out var value) ? [value] : []);

    private static JsonPathStep Bracket(string text, ref int at)
    {
        var start = at + 1;
        var (depth, quote) = (0, '\0');
        for (; at < text.Length; at++)
        {
            var letter = text[at];
            if (quote != '\0')
            {
                quote = letter == quote ? '\0' : quote;
            }
            else if (letter is '"' or '\'')
            {
                quote = letter;
            }
            else
            {
                depth += letter == '[' ? 1 : letter == ']' ? -1 : 0;
                if (depth == 0)
                {
                    return Inside(text[start..at++].Trim());
                }
            }
        }
        throw new KubectlException($"error parsing jsonpath {text}, unterminated array");
    }

    private static JsonPathStep Inside(string text)
    {
        if (text == "*")
        {
            return new((node, _) => Children(node));
        }
        if (text.StartsWith("?(", StringComparison.Ordinal) && text.EndsWith(')'))
        {
            var holds = Filter(text[2..^1]);
            return new((node, root) => Children(node).Where(item => holds(item, root)));
        }
        if (text is ['\'' or '"', ..])
        {
            var names = text.Split(',').Select(n => n.Trim().Trim('\'', '"')).ToList();
            return new((node, _) => names.SelectMany(name =>
                node is JsonObject map && map.TryGetPropertyValue(name, out var value)
                    ? [value] : (JsonNode?[])[]));
        }
        if (text.Contains(':'))
        {
            var bounds = text.Split(':').Select(Number).ToArray();
            return new((node, _) => Slice(node, bounds[0], bounds[1],
                bounds.ElementAtOrDefault(2) ?? 1));
        }
        var indices = text.Split(',').Select(Number).ToList();
        return new((node, _) => node is not JsonArray list ? []
            : indices.Select(i => i is null or < 0 ? list.Count + (i ?? 0) : i.Value)
                .Where(i => i >= 0 && i < list.Count).Select(i => list[i]));
    }

    private static int? Number(string text) => text.Trim().Length == 0 ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite
            | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new KubectlException($"error parsing jsonpath, invalid array index {text}");

    private static IEnumerable<JsonNode?> Slice(JsonNode? node, int? start, int? end, int step)
    {
        if (node is not JsonArray list)
        {
            yield break;
        }
        var first = Math.Max(0, start is < 0 ? list.Count + start.Value : start ?? 0);
        var last = Math.Min(list.Count, end is < 0 ? list.Count + end.Value : end ?? list.Count);
        for (var i = first; i < last; i += Math.Max(1, step))
        {
            yield return list[i];
        }
    }

    private static IEnumerable<JsonNode?> Children(JsonNode? node) => node switch
    {
        JsonArray list => list,
        JsonObject map => map.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => e.Value),
        _ => [],
    };

    private static IEnumerable<JsonNode?> Below(JsonNode? node) =>
        Children(node).SelectMany(Below).Prepend(node);

    private static Func<JsonNode?, JsonNode, bool> Filter(string text)
    {
        foreach (var sign in (string[])["==", "!=", "<=", ">=", "<", ">"])
        {
            var at = text.IndexOf(sign, StringComparison.Ordinal);
            if (at > 0)
            {
                var (left, right) = (Operand(text[..at]), Operand(text[(at + sign.Length)..]));
                return (item, root) => left(item, root) is { } a && right(item, root) is { } b
                    && Compare(a, b, sign);
            }
        }
        var steps = Parse(text.Trim());
        return (item, root) => Find(steps, [item], root).Count > 0;
    }

    private static Func<JsonNode?, JsonNode, string?> Operand(string text)
    {
        text = text.Trim();
        if (text is ['@' or '.' or '$', ..])
        {
            var steps = Parse(text);
            return (item, root) => Find(steps, [item], root) is [{ } found, ..]
                ? JsonPath.Show(found) : null;
        }
        var value = text.Trim('"', '\'');
        return (_, _) => value;
    }

    private static bool Compare(string left, string right, string sign)
    {
        var order = double.TryParse(left, CultureInfo.InvariantCulture, out var a)
            && double.TryParse(right, CultureInfo.InvariantCulture, out var b)
                ? a.CompareTo(b) : string.CompareOrdinal(left, right);
        return sign switch
        {
            "==" => order == 0,
            "!=" => order != 0,
            "<=" => order <= 0,
            ">=" => order >= 0,
            "<" => order < 0,
            _ => order > 0,
        };
    }
}
