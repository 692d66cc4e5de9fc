namespace KubeNotebooks;

/// <summary>How a cell ended.</summary>
public enum CellEnd
{
    /// <summary>It ran to its end.</summary>
    Ok,

    /// <summary>It does not compile.</summary>
    CompileError,

    /// <summary>It threw.</summary>
    Exception,

    /// <summary>It took longer than it may.</summary>
    Timeout,

    /// <summary>Somebody interrupted it.</summary>
    Interrupted,
}

/// <summary>What running a cell came to.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Value">The value of its last expression; null when it has none.</param>
/// <param name="Error">The error in words, with the cell's line; empty when it ran.</param>
public sealed record CellResult(CellEnd End, object? Value, string Error)
{
    /// <summary>True when the cell ends in an expression with a value.</summary>
    public bool HasValue { get; init; }

    /// <summary>The line of the cell where it went wrong, from 1; 0 when unknown.</summary>
    public int Line { get; init; }
}

/// <summary>Runs C# cells one after another; what one declares, the next ones see.</summary>
/// <param name="folder">Where <c>#r</c> and <c>#load</c> paths start.</param>
public sealed class ScriptSession(string folder) : IDisposable
{
    /// <summary>Where <c>#r</c> and <c>#load</c> paths start.</summary>
    public string Folder { get; } = folder;

    /// <summary>Runs a cell on an abortable thread of its own.</summary>
    /// <param name="code">The cell.</param>
    /// <param name="limit">The most wall time it may take; no limit when null.</param>
    /// <param name="interrupt">Interrupts it.</param>
    public CellResult Execute(string code, TimeSpan? limit = null,
        CancellationToken interrupt = default) => throw new NotImplementedException();

    /// <summary>Ends the session.</summary>
    public void Dispose()
    {
    }
}
