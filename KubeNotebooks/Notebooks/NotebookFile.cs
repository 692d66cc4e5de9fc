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
}

/// <summary>A notebook that cannot be read: where, what, and what would be right.</summary>
public sealed class NotebookException(string message) : Exception(message);

/// <summary>A notebook in Jupyter's format 4, read from a file.</summary>
public sealed class NotebookFile
{
    /// <summary>The full path.</summary>
    public required string Path { get; init; }

    /// <summary>The cells in order.</summary>
    public required Seq<NotebookCell> Cells { get; init; }

    /// <summary>Reads a notebook.</summary>
    /// <exception cref="NotebookException">It is not there, or not a notebook.</exception>
    public static NotebookFile Read(string path) => throw new NotImplementedException();
}
