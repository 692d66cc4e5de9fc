using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>kubectl's JSONPath: a template of text and of expressions in braces.
/// <code>
/// {.items[*].metadata.name}                           the names, a blank between them
/// {range .items[*]}{.metadata.name}{"\n"}{end}        a line for each
/// {.status.addresses[?(@.type=="InternalIP")].address}    a filter {.items[-1:]}  {..image} 
/// {.metadata.labels.app\.kubernetes\.io/name}
/// </code></summary>
/// <remarks>Models staging/src/k8s.io/client-go/util/jsonpath.</remarks>
internal sealed class JsonPath
{
    private readonly List<Part> parts;

    private JsonPath(List<Part> parts) => this.parts = parts;

    /// <summary>Reads a template.</summary>
    public static JsonPath Parse(string template)
    {
        var at = 0;
        var parts = ReadParts(template, ref at, inRange: false);
        return new(parts);
    }

    /// <summary>Reads one expression whose braces and first dot may be missing.</summary>
    public static JsonPath ParseRelaxed(string text) => Parse(Relax(text));

    /// <summary>The expression with its braces and first dot.</summary>
    public static string Relax(string text)
    {
        var bare = text.StartsWith('{') && text.EndsWith('}') ? text[1..^1] : text;
        return $"{{{(bare.StartsWith('.') || bare.StartsWith('[') ? "" : ".")}{bare}}}";
    }

    /// <summary>The template filled in.</summary>
    public string Execute(JsonNode root)
    {
        var text = new StringBuilder();
        Execute(parts, [root], root, text);
        return text.ToString();
    }

    /// <summary>What the first expression finds.</summary>
    public IReadOnlyList<JsonNode?> Find(JsonNode root) =>
        parts.Find(p => p.Steps is not null)?.Steps is { } steps
            ? JsonPathSteps.Find(steps, [root], root) : [];

    /// <summary>A value as text: strings bare, all else as JSON.</summary>
    public static string Show(JsonNode? node) => node switch
    {
        null => "<nil>",
        JsonValue value when value.GetValueKind() == JsonValueKind.String =>
            value.GetValue<string>(),
        JsonValue => node.ToJsonString(),
        _ => Json.Compact(node),
    };

    private static void Execute(
        List<Part> parts, IReadOnlyList<JsonNode?> current, JsonNode root, StringBuilder text)
    {
        foreach (var part in parts)
        {
            if (part.Text is { } plain)
            {
                text.Append(plain);
                continue;
            }
            var found = JsonPathSteps.Find(part.Steps!, current, root);
            if (part.Body is { } body)
            {
                foreach (var item in found)
                {
                    Execute(body, [item], root, text);
                }
                continue;
            }
            text.AppendJoin(' ', found.Select(Show));
        }
    }

    private static List<Part> ReadParts(string text, ref int at, bool inRange)
    {
        var parts = new List<Part>();
        while (at < text.Length)
        {
            if (text[at] != '{')
            {
                var next = text.IndexOf('{', at);
                next = next < 0 ? text.Length : next;
                parts.Add(new(text[at..next], null, null));
                at = next;
                continue;
            }
            var inner = Braced(text, ref at);
            if (inner == "end")
            {
                return inRange ? parts
                    : throw Broken(text, "not in range, nothing to end");
            }
            if (inner.StartsWith("range ", StringComparison.Ordinal))
            {
                var steps = JsonPathSteps.Parse(inner[6..].Trim());
                parts.Add(new(null, steps, ReadParts(text, ref at, inRange: true)));
            }
            else if (inner is ['"' or '\'', ..])
            {
                parts.Add(new(Unquote(inner), null, null));
            }
            else
            {
                parts.Add(new(null, JsonPathSteps.Parse(inner), null));
            }
        }
        return inRange ? throw Broken(text, "unterminated range, missing {end}") : parts;
    }

    /// <summary>What stands in the braces that begin here.</summary>
    private static string Braced(string text, ref int at)
    {
        var start = ++at;
        var quote = '\0';
        for (; at < text.Length; at++)
        {
            var letter = text[at];
            if (letter == '\\')
            {
                at++;
            }
            else if (quote != '\0')
            {
                quote = letter == quote ? '\0' : quote;
            }
            else if (letter is '"' or '\'')
            {
                quote = letter;
            }
            else if (letter == '}')
            {
                return text[start..at++].Trim();
            }
        }
        throw Broken(text, "unclosed action");
    }

    private static string Unquote(string text)
    {
        var result = new StringBuilder();
        for (var i = 1; i < text.Length - 1; i++)
        {
            result.Append(text[i] != '\\' ? text[i] : text[++i] switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                var other => other,
            });
        }
        return result.ToString();
    }

    private static KubectlException Broken(string template, string why) =>
        new($"error parsing jsonpath {template}, {why}");

    /// <summary>Text, an expression, or with a body a range over what an expression
    /// finds.</summary>
    private sealed record Part(string? Text, List<JsonPathStep>? Steps, List<Part>? Body);
}
