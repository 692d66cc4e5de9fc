namespace KubeSim;

// What "kubectl get" shows is not kubectl's own wisdom: it asks the API server for a Table, and the
// server lays out each kind in its columns. Some columns are wide: they are shown with -o wide.
// A file of this folder holds the printers of a few kinds; a printer is its columns in one line,
// and a function from an object to its cells.
//
// Models pkg/printers/internalversion/printers.go.

/// <summary>Objects of one kind as the API server lays them out for people.</summary>
/// <param name="Columns">The columns, wide ones last.</param>
/// <param name="Rows">A row an object, in the order of the list.</param>
public sealed record Table(Seq<TableColumn> Columns, Seq<TableRow> Rows)
{
    /// <summary>The table of some objects of a kind.</summary>
    /// <param name="kind">The kind; it decides the columns, but for a Scale.</param>
    /// <param name="objects">The objects.</param>
    /// <param name="now">The time that ages count up to (UTC).</param>
    public static Table Of(Kind kind, IEnumerable<ApiObject> objects, DateTime now)
    {
        var printer = TablePrinters.Of(objects.FirstOrDefault() is Scale ? Kinds.Scale : kind);
        var rows = objects.Select(o => new TableRow(o, [.. printer.Row(o, now)]));
        return new(printer.Columns, [.. rows]);
    }
}

/// <summary>A column of a table.</summary>
/// <param name="Name">The name as the server gives it, such as <c>Nominated Node</c>.</param>
/// <param name="Wide">True when it is shown with <c>-o wide</c> only.</param>
public sealed record TableColumn(string Name, bool Wide);

/// <summary>A row of a table.</summary>
/// <param name="Object">The object that it shows.</param>
/// <param name="Cells">A text for each column.</param>
public sealed record TableRow(ApiObject Object, Seq<string> Cells);

/// <summary>How a kind is laid out. Columns are written in one line, <c>|</c> between them, a star
/// before the wide ones: <c>Name|Age|*Node</c>.</summary>
internal sealed class TablePrinter(string columns, Func<ApiObject, DateTime, string[]> row)
{
    public Seq<TableColumn> Columns { get; } = [.. columns.Split('|')
        .Select(name => new TableColumn(name.TrimStart('*'), name[0] == '*'))];

    public string[] Row(ApiObject o, DateTime now) => row(o, now);

    public static TablePrinter For<T>(string columns, Func<T, DateTime, string[]> row)
        where T : ApiObject => new(columns, (o, now) => row((T)o, now));
}
