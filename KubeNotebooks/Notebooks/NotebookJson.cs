using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubeNotebooks;

/// <summary>The JSON of a notebook, in the order and the look that Jupyter gives it.</summary>
internal static partial class NotebookJson
{
    private static readonly JsonSerializerOptions Look = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The text, ended by a new line.</summary>
    public static string Text(JsonNode node) => Escape().Replace(
        Sorted(node)!.ToJsonString(Look), e => e.Groups[1] is { Success: true } code
            && ushort.Parse(code.ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                is >= 0x80 and var unit ? $"{(char)unit}" : e.Value) + "\n";

    /// <summary>Text as a list of lines, each but the last with its end.</summary>
    public static JsonArray Lines(string text) => [.. text.Split('\n')
        .Select((line, i) => (line, Last: i == text.Count(c => c == '\n')))
        .Where(l => !l.Last || l.line.Length > 0)
        .Select(l => JsonValue.Create(l.Last ? l.line : l.line + "\n"))];

    /// <summary>A cell as it stands in the file.</summary>
    public static JsonObject Cell(NotebookCell cell, int? count, JsonArray outputs)
    {
        var metadata = Copy(cell.Metadata);
        var node = new JsonObject
        {
            ["cell_type"] = cell.Kind.ToString().ToLowerInvariant(),
            ["id"] = cell.Id,
            ["metadata"] = metadata,
            ["source"] = Lines(cell.Source),
        };
        if (cell.Attachments is { Count: > 0 } attachments)
        {
            node["attachments"] = Copy(attachments);
        }
        if (cell.Kind == CellKind.Code)
        {
            node["execution_count"] = count;
            node["outputs"] = outputs;
            metadata["dotnet_interactive"] = new JsonObject { ["language"] = "csharp" };
            metadata["polyglot_notebook"] = new JsonObject { ["kernelName"] = "csharp" };
            // When it ran, and how it was folded, is of one run.
            metadata.Remove("execution");
            metadata.Remove("ExecuteTime");
        }
        return node;
    }

    /// <summary>The metadata of a file: the kernel that all hosts agree on, and the rest as it
    /// was.</summary>
    public static JsonObject FileMetadata(JsonObject metadata)
    {
        var all = Copy(metadata);
        all["kernelspec"] = new JsonObject
        {
            ["display_name"] = ".NET (C#)",
            ["language"] = "C#",
            ["name"] = ".net-csharp",
        };
        all["language_info"] = new JsonObject { ["name"] = "polyglot-notebook" };
        all["polyglot_notebook"] = new JsonObject
        {
            ["kernelInfo"] = new JsonObject
            {
                ["defaultKernelName"] = "csharp",
                ["items"] = new JsonArray(new JsonObject
                {
                    ["aliases"] = new JsonArray(),
                    ["name"] = "csharp",
                }),
            },
        };
        return all;
    }

    private static JsonObject Copy(JsonObject? node) => (JsonObject?)node?.DeepClone() ?? [];

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    // The encoder escapes emoji; Jupyter writes all letters as they are.
    [GeneratedRegex(@"\\(?:u([0-9A-F]{4})|.)")]
    private static partial Regex Escape();
}
