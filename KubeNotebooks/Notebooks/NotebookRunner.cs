using System.Diagnostics;
using System.Globalization;

namespace KubeNotebooks;

/// <summary>Runs the code cells of a notebook in a session of its own, and keeps what each one
/// shows.</summary>
/// <param name="file">The notebook; its folder is the current one while a cell runs.</param>
public sealed class NotebookRunner(NotebookFile file) : INotebookHost, IDisposable
{
    /// <summary>The most values that a cell shows; what comes after is not kept.</summary>
    public const int MostShown = 500;

    private readonly ScriptSession session = new(file.Folder);
    private readonly List<CellOutput> outputs = [];
    private readonly Lock gate = new();
    private int shown;
    private int displays;

    /// <summary>The most wall time that a cell may take; a minute when not set.</summary>
    public TimeSpan? Limit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Goes on after a cell that failed.</summary>
    public bool GoesOn { get; init; }

    /// <summary>Is told of each cell that ran.</summary>
    public Action<RanCell>? Finished { get; init; }

    /// <summary>Is told of each output as it comes; what is printed comes in pieces.</summary>
    public Action<CellOutput>? Added { get; init; }

    /// <summary>Is told of each shown value that another one takes the place of, by its
    /// <see cref="CellOutput.Id"/>; its cell may be over.</summary>
    public Action<CellOutput>? Updated { get; init; }

    /// <inheritdoc/>
    public string Name => "KubeNotebooks";

    /// <inheritdoc/>
    public string? NotebookPath { get; set; } = file.Path;

    /// <summary>The session that the cells run in.</summary>
    internal ScriptSession Session => session;

    /// <summary>Runs the code cells in order, to the end or to the first that fails.</summary>
    public RanNotebook Run(CancellationToken interrupt = default)
    {
        var ran = new List<RanCell>();
        foreach (var cell in file.Cells.Where(c => c.Kind == CellKind.Code
            && !string.IsNullOrWhiteSpace(c.Source)))
        {
            ran.Add(Run(cell, interrupt));
            if ((ran[^1].Failed && !GoesOn) || interrupt.IsCancellationRequested)
            {
                break;
            }
        }
        return new(file, [.. ran]);
    }

    /// <summary>Runs one cell after those before.</summary>
    public RanCell Run(NotebookCell cell, CancellationToken interrupt = default) =>
        Run(cell, Limit, interrupt);

    /// <summary>Runs one cell after those before.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="limit">The most wall time that it may take; none when null.</param>
    /// <param name="interrupt">Interrupts it.</param>
    public RanCell Run(NotebookCell cell, TimeSpan? limit, CancellationToken interrupt)
    {
        var folder = Environment.CurrentDirectory;
        lock (gate)
        {
            outputs.Clear();
            shown = 0;
        }
        session.Written = Print;
        session.Returned = value => Add(CellOutput.Of(OutputKind.Result, value));
        var clock = Stopwatch.StartNew();
        CellResult result;
        using var host = NotebookHost.Use(this);
        try
        {
            Environment.CurrentDirectory = file.Folder;
            result = session.Execute(cell.Source, limit, interrupt);
        }
        finally
        {
            Environment.CurrentDirectory = folder;
        }
        var ran = new RanCell(cell, session.Count, result) { Took = clock.Elapsed };
        if (result.End != CellEnd.Ok)
        {
            Add(ran.IsStub ? new(OutputKind.Stderr, result.Thrown!.Message + "\n")
                : new(OutputKind.Error, result.Error) { Failure = result.Failure });
        }
        lock (gate)
        {
            ran = ran with { Outputs = [.. Joined(outputs)] };
        }
        Finished?.Invoke(ran);
        return ran;
    }

    /// <inheritdoc/>
    public IShownValue Show(object? value)
    {
        var id = string.Create(CultureInfo.InvariantCulture,
            $"d{Interlocked.Increment(ref displays)}");
        return new Place(this, session.Count,
            Add(CellOutput.Of(OutputKind.Display, value) with { Id = id }), id);
    }

    /// <summary>Ends the session.</summary>
    public void Dispose() => session.Dispose();

    // Adds an output, and tells its place; -1 when there are too many.
    private int Add(CellOutput output) => CellThread.Whole(() =>
    {
        lock (gate)
        {
            if (output.Kind == OutputKind.Display && shown++ >= MostShown)
            {
                if (shown > MostShown + 1)
                {
                    return -1;
                }
                output = new(OutputKind.Stderr,
                    $"… cut here: a cell shows no more than {MostShown} values\n");
            }
            outputs.Add(output);
            Added?.Invoke(output);
            return outputs.Count - 1;
        }
    });

    // What is printed comes in small pieces; they are put together up to a size that is cheap to
    // copy, and whole when the cell is over.
    private void Print(string stream, string text) => CellThread.Whole(() =>
    {
        const int Cheap = 2000;
        var kind = stream == "stdout" ? OutputKind.Stdout : OutputKind.Stderr;
        lock (gate)
        {
            if (outputs.Count == 0 || outputs[^1].Kind != kind || outputs[^1].Text.Length > Cheap)
            {
                outputs.Add(new(kind, ""));
            }
            outputs[^1] = outputs[^1] with { Text = outputs[^1].Text + text };
            Added?.Invoke(new(kind, text));
        }
        return true;
    });

    private static IEnumerable<CellOutput> Joined(List<CellOutput> pieces)
    {
        for (int from = 0, to; from < pieces.Count; from = to)
        {
            var kind = pieces[from].Kind;
            to = from + 1;
            while (kind is OutputKind.Stdout or OutputKind.Stderr && to < pieces.Count
                && pieces[to].Kind == kind)
            {
                to++;
            }
            yield return to == from + 1 ? pieces[from]
                : new(kind, string.Concat(pieces[from..to].Select(p => p.Text)));
        }
    }

    private sealed class Place(NotebookRunner runner, int cell, int at, string id) : IShownValue
    {
        public void Update(object? value)
        {
            var output = CellOutput.Of(OutputKind.Display, value) with { Id = id };
            CellThread.Whole(() =>
            {
                lock (runner.gate)
                {
                    // The outputs of a cell that is over have been handed on.
                    if (at >= 0 && cell == runner.session.Count)
                    {
                        runner.outputs[at] = output;
                    }
                    if (at >= 0)
                    {
                        runner.Updated?.Invoke(output);
                    }
                }
                return true;
            });
        }
    }
}
