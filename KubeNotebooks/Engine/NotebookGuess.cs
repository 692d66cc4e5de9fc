namespace KubeNotebooks;

/// <summary>Which notebook of a folder it is whose cells are run: hosts such as Jupyter name only
/// the folder. Cells that stand in one notebook alone tell it.</summary>
internal sealed class NotebookGuess(string folder)
{
    private List<(string Path, HashSet<string> Cells)>? left;
    private bool seen;

    /// <summary>The notebook, after one more cell ran; null as long as it is open.</summary>
    public string? After(string code)
    {
        left ??= [.. Directory.EnumerateFiles(folder, "*.ipynb").Order(StringComparer.Ordinal)
            .Select(CellsOf)];
        var having = left.Where(b => b.Cells.Contains(Key(code))).ToList();
        // A cell that stands nowhere was written by the learner.
        left = having.Count > 0 ? having : left;
        seen |= having.Count > 0;
        return seen && left.Count == 1 ? left[0].Path : null;
    }

    private static (string, HashSet<string>) CellsOf(string path)
    {
        try
        {
            return (path, [.. NotebookFile.Read(path).Cells.Where(c => c.Kind == CellKind.Code)
                .Select(c => Key(c.Source))]);
        }
        catch (NotebookException)
        {
            return (path, []);
        }
    }

    private static string Key(string code) => code.ReplaceLineEndings("\n").Trim();
}
