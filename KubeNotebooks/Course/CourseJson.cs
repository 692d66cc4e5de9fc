using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What the pages of the course are told of notebooks, as JSON.</summary>
internal static partial class CourseJson
{
    /// <summary>The words of a kind in a cell: from where, how many, the kind's first
    /// letter.</summary>
    public static JsonArray Spans(string code) => code.Length > CourseBook.MostCharacters ? []
        : [.. CSharpMarkup.Spans(code).Select(s =>
            new JsonArray(s.Start, s.Length, s.Kind[..1]))];

    /// <summary>A notebook with all that its page draws.</summary>
    public static JsonObject Of(CourseText text)
    {
        var markdown = new MarkdownPage(text.File.Folder, Address);
        return new()
        {
            ["name"] = text.File.Name,
            ["title"] = text.File.Title,
            ["version"] = text.Version,
            ["isMine"] = text.IsMine,
            ["isBehind"] = text.IsBehind,
            ["progress"] = Progress(text.File),
            ["cells"] = new JsonArray([.. text.File.Cells.Select(c => Cell(c, markdown))]),
        };
    }

    /// <summary>What changes when a text is saved: its version, and the Markdown as
    /// HTML.</summary>
    public static JsonObject Saved(CourseText text)
    {
        var markdown = new MarkdownPage(text.File.Folder, Address);
        return new()
        {
            ["version"] = text.Version,
            ["html"] = new JsonObject(text.File.Cells.Where(c => c.Kind == CellKind.Markdown)
                .Select(c => KeyValuePair.Create(c.Id, (JsonNode?)markdown.Html(c)))),
        };
    }

    /// <summary>The points of a notebook, and of each of its exercises.</summary>
    public static JsonObject Progress(NotebookFile file)
    {
        var rows = Rows(file.Folder, file.Name);
        return new()
        {
            ["points"] = rows.Sum(r => r.Points),
            ["of"] = rows.Sum(r => r.MaxPoints),
            ["exercises"] = new JsonObject(rows.Select(r => KeyValuePair.Create(r.Id,
                (JsonNode?)new JsonObject { ["points"] = r.Points, ["of"] = r.MaxPoints }))),
        };
    }

    /// <summary>What is known of the exercises of a notebook; nothing where the graders are not
    /// built.</summary>
    public static Seq<ProgressRow> Rows(string folder, string notebook)
    {
        try
        {
            return ProgressReport.Of(folder, notebook).Exercises;
        }
        catch (Exception e) when (e is IOException or BadImageFormatException)
        {
            return [];
        }
    }

    /// <summary>The question that a notebook answers: the first words in bold; empty when it has
    /// none.</summary>
    public static string Question(NotebookFile file) =>
        Bold().Match(Opening(file)).Groups[1].Value;

    /// <summary>How long it takes; empty when it does not say.</summary>
    public static string Minutes(NotebookFile file) => Time().Match(Opening(file)).Groups[1].Value;

    private static string Opening(NotebookFile file) =>
        file.Cells.FirstOrDefault(c => c.Kind == CellKind.Markdown)?.Source ?? "";

    private static JsonObject Cell(NotebookCell cell, MarkdownPage markdown)
    {
        var node = new JsonObject
        {
            ["id"] = cell.Id,
            ["kind"] = cell.Kind.ToString().ToLowerInvariant(),
            ["source"] = cell.Source,
        };
        if (cell.Kind == CellKind.Markdown)
        {
            node["html"] = markdown.Html(cell);
        }
        if (cell.Kind == CellKind.Code)
        {
            node["spans"] = Spans(cell.Source);
        }
        return node;
    }

    // Another notebook of the course is another page of it; its index is the first page.
    private static string Address(string notebook)
    {
        var name = Path.GetFileNameWithoutExtension(notebook);
        return name == "index" ? "/" : $"/n/{name}";
    }

    [GeneratedRegex(@"^\*\*(.+?)\*\*\s*$", RegexOptions.Multiline)]
    private static partial Regex Bold();

    [GeneratedRegex(@"Time:\s*(\d+)\s*min")]
    private static partial Regex Time();
}
