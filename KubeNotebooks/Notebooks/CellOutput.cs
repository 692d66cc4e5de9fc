using System.Text.Json.Nodes;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Where an output of a cell comes from.</summary>
public enum OutputKind
{
    /// <summary>Printed to standard output.</summary>
    Stdout,

    /// <summary>Printed to standard error.</summary>
    Stderr,

    /// <summary>A value that the cell showed.</summary>
    Display,

    /// <summary>The value of the cell's last expression.</summary>
    Result,

    /// <summary>What went wrong.</summary>
    Error,
}

/// <summary>Something that stands below a cell.</summary>
/// <param name="Kind">Where it comes from.</param>
/// <param name="Text">In plain text.</param>
/// <param name="Html">As HTML; empty where there is only text.</param>
public sealed record CellOutput(OutputKind Kind, string Text, string Html = "")
{
    /// <summary>The id of a shown value, by which it is updated; null for all else.</summary>
    public string? Id { get; init; }

    /// <summary>What went wrong; null where nothing did.</summary>
    public CellFailure? Failure { get; init; }

    /// <summary>A value with both its forms.</summary>
    public static CellOutput Of(OutputKind kind, object? value) =>
        new(kind, Shown.Text(value), Shown.Html(value).ReplaceLineEndings("\n"));

    /// <summary>The output as a notebook file has it.</summary>
    /// <param name="count">The number of the cell that ran.</param>
    internal JsonObject ToJson(int count) => Kind switch
    {
        OutputKind.Stdout or OutputKind.Stderr => new()
        {
            ["output_type"] = "stream",
            ["name"] = Kind.ToString().ToLowerInvariant(),
            ["text"] = NotebookJson.Lines(Text),
        },
        OutputKind.Error => new()
        {
            ["output_type"] = "error",
            ["ename"] = Failure?.Name ?? "",
            ["evalue"] = Failure?.Message ?? "",
            ["traceback"] = new JsonArray([.. Text.Split('\n').Select(l => JsonValue.Create(l))]),
        },
        OutputKind.Display => Value("display_data"),
        _ => Value("execute_result", count),
    };

    private JsonObject Value(string type, int? count = null)
    {
        var data = new JsonObject { ["text/plain"] = NotebookJson.Lines(Text) };
        if (Html.Length > 0)
        {
            data["text/html"] = NotebookJson.Lines(Html);
        }
        var output = new JsonObject
        {
            ["output_type"] = type,
            ["data"] = data,
            ["metadata"] = new JsonObject(),
        };
        if (count is not null)
        {
            output["execution_count"] = count;
        }
        return output;
    }
}

/// <summary>A code cell after it ran.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Number">Its number among the cells that ran, from 1.</param>
/// <param name="Result">How it ended.</param>
public sealed record RanCell(NotebookCell Cell, int Number, CellResult Result)
{
    /// <summary>What stands below it.</summary>
    public Seq<CellOutput> Outputs { get; init; }

    /// <summary>The wall time it took.</summary>
    public TimeSpan Took { get; init; }

    /// <summary>True when it went wrong, and was not meant to: a cell tagged
    /// <c>raises-exception</c> may, and an exercise without an answer does no harm.</summary>
    public bool Failed => Result.End != CellEnd.Ok && !IsStub
        && !Cell.Tags.Contains("raises-exception");

    internal bool IsStub => Result.Thrown is NotAttemptedException
        && (Cell.Tags.Contains("exercise") || ExerciseCell.IdOf(Cell.Source) is not null);
}

/// <summary>A notebook after it ran.</summary>
/// <param name="File">The notebook.</param>
/// <param name="Cells">The cells that ran, in order.</param>
public sealed record RanNotebook(NotebookFile File, Seq<RanCell> Cells)
{
    /// <summary>The first cell that failed; null when all went well.</summary>
    public RanCell? Failure => Cells.FirstOrDefault(c => c.Failed);

    /// <summary>The cell as it ran; null when it did not.</summary>
    public RanCell? Of(NotebookCell cell) => Cells.FirstOrDefault(c => c.Cell.Id == cell.Id);

    /// <summary>The notebook with its outputs, as a file.</summary>
    public string ToText() => File.Text(File.Cells.Select(c => Of(c) is { } ran
        ? (c, (int?)ran.Number, new JsonArray([.. ran.Outputs.Select(o => o.ToJson(ran.Number))]))
        : (c, null, [])));
}
