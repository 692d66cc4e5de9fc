using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>Go's text templates, as far as kubectl's users write them: fields, variables, pipes,
/// <c>if</c>, <c>range</c>, <c>with</c>, and the common functions.
/// <code>
/// {{range .items}}{{.metadata.name}}{{"\n"}}{{end}}
/// {{if eq .status.phase "Running"}}up{{else}}{{.status.phase | printf "%q"}}{{end}}
/// {{range $key, $value := .data}}{{$key}}: {{$value | base64decode}}{{end}}
/// </code>
/// Descriptions of simple kinds are written in it too (<see cref="DescribeTemplates"/>).</summary>
/// <remarks>Models text/template and staging/src/k8s.io/cli-runtime/pkg/printers/template.go.
/// </remarks>
internal sealed partial class GoTemplate
{
    private readonly List<Node> nodes;

    private GoTemplate(List<Node> nodes) => this.nodes = nodes;

    /// <summary>Reads a template.</summary>
    public static GoTemplate Parse(string text)
    {
        try
        {
            var reader = new Reader(text);
            var nodes = reader.Body(out var end);
            return end is null ? new(nodes) : throw Problem($"unexpected {{{{{end}}}}}");
        }
        catch (FormatException e)
        {
            throw new KubectlException(
                $"error parsing template {text}, template: output:1: {e.Message}");
        }
    }

    /// <summary>A function that a template may call: by its name and arguments; null when there
    /// is none of that name.</summary>
    public delegate object? Function(string name, List<object?> arguments);

    /// <summary>The template filled in from a tree.</summary>
    public string Execute(JsonNode? root, Function? more = null)
    {
        try
        {
            var run = new Run(more);
            run.Set("$", Native(root));
            run.Do(nodes, Native(root));
            return run.Text.ToString();
        }
        catch (FormatException e)
        {
            throw new KubectlException(
                $"error executing template: template: output:1: {e.Message}");
        }
    }

    private static FormatException Problem(string what) => new(what);

    // What a template sees of JSON: maps and lists, texts, numbers, true and false; null for what
    // is not there.
    private static object? Native(JsonNode? node) => node switch
    {
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => double.Parse(value.ToString(), CultureInfo.InvariantCulture),
            _ => null,
        },
        _ => (object?)node,
    };

    private sealed record Node(string Kind, string Text, List<string> Words, List<Node> Body,
        List<Node> Otherwise);

    // Cuts a template into text and actions, and the words of an action apart.
    private sealed partial class Reader(string template)
    {
        private int at;
        private List<string> pending = [];

        public List<Node> Body(out string? end)
        {
            var nodes = new List<Node>();
            end = null;
            while (at < template.Length)
            {
                var open = template.IndexOf("{{", at, StringComparison.Ordinal);
                var text = open < 0 ? template[at..] : template[at..open];
                var trims = open >= 0 && template.AsSpan(open).StartsWith("{{- ");
                nodes.Add(new("text", trims ? text.TrimEnd() : text, [], [], []));
                if (open < 0)
                {
                    at = template.Length;
                    break;
                }
                var words = Action(open);
                switch (words.Count == 0 ? "" : words[0])
                {
                    case "end" or "else":
                        end = string.Join(' ', words);
                        pending = words;
                        return nodes;
                    case "if" or "range" or "with":
                        nodes.Add(Block(words));
                        break;
                    case "":
                        break;
                    default:
                        nodes.Add(new("print", "", words, [], []));
                        break;
                }
            }
            return nodes;
        }

        private Node Block(List<string> words)
        {
            var body = Body(out var end);
            List<Node> otherwise = [];
            if (end is not null && pending.Count > 1)
            {
                // "else if x" is "else", and an "if" that ends where this one does.
                otherwise = [Block(pending.Skip(1).ToList())];
            }
            else if (end == "else")
            {
                otherwise = Body(out end);
            }
            return end is null ? throw Problem("unexpected EOF")
                : new(words[0], "", words.Skip(1).ToList(), body, otherwise);
        }

        private List<string> Action(int open)
        {
            var close = template.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                throw Problem("unclosed action");
            }
            var inner = template[(open + 2)..close];
            at = close + 2;
            if (inner.EndsWith(" -", StringComparison.Ordinal))
            {
                inner = inner[..^2];
                while (at < template.Length && char.IsWhiteSpace(template[at]))
                {
                    at++;
                }
            }
            inner = inner.StartsWith("- ", StringComparison.Ordinal) ? inner[2..] : inner;
            return inner.TrimStart().StartsWith("/*", StringComparison.Ordinal) ? []
                : Word().Matches(inner).Select(m => m.Value).ToList();
        }

        [GeneratedRegex("\"(\\\\.|[^\"])*\"|`[^`]*`|[(),|]|:=|=|(\\$\\w*)?(\\.\\w+)+|\\$\\w*|\\.|"
            + "-?\\d+(\\.\\d+)?|\\w+|\\S")]
        private static partial Regex Word();
    }
}
