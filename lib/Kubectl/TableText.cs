using System.Text;

namespace KubeSim;

/// <summary>How a table is printed.</summary>
internal sealed record TableOptions
{
    public bool Wide { get; init; }

    public bool NoHeaders { get; init; }

    public bool WithNamespace { get; init; }

    /// <summary>The kind that is put before each name; null for none.</summary>
    public Kind? WithKind { get; init; }

    public bool ShowLabels { get; init; }

    /// <summary>What happened to the objects, for a first column; null for none.</summary>
    public string? Event { get; init; }

    public Seq<string> LabelColumns { get; init; }
}

/// <summary>A table as text: headers in capitals, three blanks between columns.</summary>
/// <remarks>Models staging/src/k8s.io/cli-runtime/pkg/printers/tableprinter.go.</remarks>
internal static class TableText
{
    private const int Padding = 3;
    private const int MinWidth = 6;

    /// <summary>A table as text.</summary>
    /// <param name="table">The table.</param>
    /// <param name="options">How to print it.</param>
    /// <param name="widths">How wide the columns of the rows before were, for a table that grows;
    /// null for one that is whole.</param>
    public static string Write(Table table, TableOptions options, List<int>? widths = null)
    {
        var text = new StringBuilder();
        if (!options.NoHeaders)
        {
            Line(text, Headers(table, options));
        }
        foreach (var row in table.Rows)
        {
            Line(text, Cells(table, row, options));
        }
        return widths is null ? Align(text.ToString()) : Grow(text.ToString(), widths);
    }

    // The columns are as wide as ever before, or wider.
    private static string Grow(string text, List<int> widths)
    {
        var lines = text.Split('\n').Select(line => line.Split('\t')).ToList();
        foreach (var cells in lines)
        {
            for (var i = 0; i < cells.Length - 1; i++)
            {
                widths.AddRange(i < widths.Count ? [] : [MinWidth]);
                widths[i] = Math.Max(widths[i], cells[i].Length + Padding);
            }
        }
        return string.Join('\n', lines.Select(cells => string.Concat(cells.Select((cell, i) =>
            i < cells.Length - 1 ? cell.PadRight(widths[i]) : cell))));
    }

    /// <summary>Aligns further lines of a table that grows.</summary>
    public static string Align(string text, List<int> widths) => Grow(text, widths);

    /// <summary>Aligns lines with tabs as tables are aligned.</summary>
    public static string Align(string text) => TabWriter.Align(text, Padding, MinWidth);

    /// <summary>A cell on one line: of several lines the first, and dots.</summary>
    public static string OneLine(string cell)
    {
        var end = cell.AsSpan().IndexOfAny('\n', '\r', '\f');
        return end < 0 ? cell.Replace('\t', ' ') : $"{cell[..end].Replace('\t', ' ')}...";
    }

    private static void Line(StringBuilder text, IEnumerable<string> cells) =>
        text.AppendJoin('\t', cells).Append('\n');

    private static IEnumerable<string> Headers(Table table, TableOptions options) =>
    [
        .. options.Event is not null ? ["EVENT"] : (string[])[],
        .. options.WithNamespace ? ["NAMESPACE"] : (string[])[],
        .. table.Columns.Where(c => options.Wide || !c.Wide)
            .Select(c => c.Name.ToUpperInvariant()),
        .. options.LabelColumns.Select(l => l[(l.LastIndexOf('/') + 1)..].ToUpperInvariant()),
        .. options.ShowLabels ? ["LABELS"] : (string[])[],
    ];

    private static List<string> Cells(Table table, TableRow row, TableOptions options)
    {
        var meta = row.Object.Metadata;
        var cells = options.Event is { } change ? [change.PadRight(8)] : new List<string>();
        if (options.WithNamespace)
        {
            cells.Add(meta.Namespace);
        }
        for (var i = 0; i < table.Columns.Count; i++)
        {
            if (!table.Columns[i].Wide || options.Wide)
            {
                var prefix = i == 0 && options.WithKind is { } kind ? $"{ShownName.Of(kind)}/" : "";
                cells.Add(prefix + OneLine(row.Cells[i]));
            }
        }
        cells.AddRange(options.LabelColumns.Select(l => meta.Labels.Get(l) ?? ""));
        if (options.ShowLabels)
        {
            cells.Add(TablePrinters.Labels(meta.Labels));
        }
        return cells;
    }
}
