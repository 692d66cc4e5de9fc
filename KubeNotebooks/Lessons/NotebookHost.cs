namespace KubeNotebooks;

/// <summary>Where a notebook runs: the engine of this project, Polyglot Notebooks, Verso, or a
/// plain program. Cells never call it; <see cref="Lesson"/> does.</summary>
public interface INotebookHost
{
    /// <summary>The name of the host, for people.</summary>
    string Name { get; }

    /// <summary>The notebook that runs, as a full path; null where the host does not
    /// tell.</summary>
    string? NotebookPath { get; }

    /// <summary>Shows a value below the cell that runs.</summary>
    IShownValue Show(object? value);
}

/// <summary>A value that is shown, and may be shown anew in the same place.</summary>
public interface IShownValue
{
    /// <summary>Puts another value in its place.</summary>
    void Update(object? value);
}

/// <summary>The host of this process.</summary>
public static class NotebookHost
{
    private static INotebookHost? own;

    /// <summary>The host: the engine that runs a cell, else .NET Interactive while that runs one,
    /// and else the console.</summary>
    public static INotebookHost Current =>
        own ?? (INotebookHost?)InteractiveHost.Find() ?? new ConsoleHost();

    /// <summary>Puts an engine in the place of whoever hosts until now.</summary>
    /// <returns>Gives the place back when disposed.</returns>
    public static IDisposable Use(INotebookHost host)
    {
        var before = new Place(own);
        own = host;
        return before;
    }

    private sealed class Place(INotebookHost? before) : IDisposable
    {
        public void Dispose() => own = before;
    }

    // Where there is no notebook, a value is shown as the text it is.
    private sealed class ConsoleHost : INotebookHost, IShownValue
    {
        public string Name => "console";

        public string? NotebookPath => null;

        public IShownValue Show(object? value)
        {
            Update(value);
            return this;
        }

        public void Update(object? value) => Console.WriteLine(Shown.Text(value));
    }
}
