using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What a cell holds.</summary>
public enum CellKind
{
    /// <summary>C#.</summary>
    Code,

    /// <summary>Markdown.</summary>
    Markdown,

    /// <summary>Text shown as it is.</summary>
    Raw,
}

/// <summary>A cell of a notebook.</summary>
/// <param name="Id">Its id in the file, unique there.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Source">Its text, lines ended by LF.</param>
public sealed record NotebookCell(string Id, CellKind Kind, string Source)
{
    /// <summary>The tags of its metadata, such as <c>exercise</c>.</summary>
    public Seq<string> Tags { get; init; }

    // What else the file says of it: metadata and attachments.
    internal JsonObject? Metadata { get; init; }

    internal JsonObject? Attachments { get; init; }
}

/// <summary>A notebook that cannot be read: where, what, and what would be right.</summary>
public sealed class NotebookException(string message) : Exception(message);

/// <summary>A notebook in Jupyter's format 4, read from a file.</summary>
/// <remarks>What is read is written again in one canonical form: nbformat 4.5, keys in alphabetical
/// order as Jupyter writes them, indented by one, ids that stay, no outputs. Metadata that is not
/// about the kernel is kept.</remarks>
public sealed partial class NotebookFile
{
    /// <summary>The full path.</summary>
    public required string Path { get; init; }

    /// <summary>The cells in order.</summary>
    public required Seq<NotebookCell> Cells { get; init; }

    /// <summary>The name of the file, without folder and ending: <c>01-first-cluster</c>.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>The folder it is in.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>The first heading, or else the name.</summary>
    public string Title => Cells.Where(c => c.Kind == CellKind.Markdown)
        .Select(c => TopHeading().Match(c.Source)).FirstOrDefault(m => m.Success)
        ?.Groups[1].Value.Trim() ?? Name;

    internal JsonObject Metadata { get; init; } = [];

    /// <summary>Reads a notebook.</summary>
    /// <exception cref="NotebookException">It is not there, or not a notebook.</exception>
    public static NotebookFile Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NotebookException($"{path}: no such file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NotebookException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Reads a notebook from its text.</summary>
    /// <param name="text">JSON.</param>
    /// <param name="path">What to call it, and where its relative paths start.</param>
    /// <exception cref="NotebookException">It is not a notebook.</exception>
    public static NotebookFile Parse(string text, string path)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(text, null, new() { AllowDuplicateProperties = false });
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is null ? ""
                : $":{e.LineNumber + 1}:{e.BytePositionInLine + 1}";
            throw new NotebookException(
                $"{path}{place}: not JSON: {e.Message.Split(" LineNumber:")[0]}");
        }
        if (root is not JsonObject document || document["nbformat"] is not JsonValue format)
        {
            throw new NotebookException($"{path}: not a notebook: it has no \"nbformat\"");
        }
        if (!format.TryGetValue(out int major) || major != 4)
        {
            throw new NotebookException($"{path}: nbformat {format} is not read, only 4: "
                + "jupyter nbconvert --to notebook --nbformat 4 brings it there");
        }
        if (document["cells"] is not JsonArray cells)
        {
            throw new NotebookException($"{path}: not a notebook: \"cells\" is no list");
        }
        var name = System.IO.Path.GetFileNameWithoutExtension(path);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        return new()
        {
            Path = System.IO.Path.GetFullPath(path),
            Metadata = document["metadata"] as JsonObject ?? [],
            Cells = [.. cells.Select((c, i) => ReadCell(c, $"{path}: cell {i + 1}"))
                .Select(c => c with { Id = FreeId(c, name, ids) })],
        };
    }

    /// <summary>The same with other cells.</summary>
    internal NotebookFile With(Seq<NotebookCell> cells) =>
        new() { Path = Path, Metadata = Metadata, Cells = cells };

    /// <summary>The notebook in canonical form.</summary>
    public string ToText() => Text(Cells.Select(c => (c, (int?)null, new JsonArray())));

    /// <summary>Writes the notebook in canonical form.</summary>
    /// <param name="path">Where to; where it came from when null.</param>
    public void Write(string? path = null) => File.WriteAllText(path ?? Path, ToText());

    /// <summary>The same with what came of running its cells.</summary>
    internal string Text(IEnumerable<(NotebookCell Cell, int? Count, JsonArray Outputs)> cells) =>
        NotebookJson.Text(new JsonObject
        {
            ["cells"] = new JsonArray([.. cells.Select(c =>
                NotebookJson.Cell(c.Cell, c.Count, c.Outputs))]),
            ["metadata"] = NotebookJson.FileMetadata(Metadata),
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        });

    private static NotebookCell ReadCell(JsonNode? node, string where)
    {
        if (node is not JsonObject cell)
        {
            throw new NotebookException($"{where} is no object");
        }
        var kind = cell["cell_type"]?.ToString() switch
        {
            "code" => CellKind.Code,
            "markdown" => CellKind.Markdown,
            "raw" => CellKind.Raw,
            var other => throw new NotebookException(
                $"{where} has the cell_type \"{other}\"; code, markdown and raw are known"),
        };
        var source = cell["source"] switch
        {
            JsonValue text when text.GetValueKind() == JsonValueKind.String => text.ToString(),
            JsonArray lines => string.Concat(lines.Select(l => l?.ToString())),
            _ => throw new NotebookException($"{where} has no source"),
        };
        var metadata = cell["metadata"] as JsonObject;
        return new(cell["id"]?.ToString() ?? "", kind, source.ReplaceLineEndings("\n"))
        {
            Metadata = metadata,
            Attachments = cell["attachments"] as JsonObject,
            Tags = [.. (metadata?["tags"] as JsonArray ?? []).Select(t => $"{t}")],
        };
    }

    // A missing, wrong or repeated id comes from the notebook and the text: the same each time,
    // wherever the cell stands.
    private static string FreeId(NotebookCell cell, string notebook, HashSet<string> taken)
    {
        var id = cell.Id;
        for (var i = 0; !GoodId().IsMatch(id) || !taken.Add(id); i++)
        {
            id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
                $"{notebook}\n{cell.Kind}\n{i}\n{cell.Source}")).AsSpan(0, 4));
        }
        return id;
    }

    [GeneratedRegex(@"^[a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex GoodId();

    [GeneratedRegex(@"^# +(.+)$", RegexOptions.Multiline)]
    private static partial Regex TopHeading();
}
