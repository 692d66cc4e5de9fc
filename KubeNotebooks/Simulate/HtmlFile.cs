using System.Text;

namespace KubeNotebooks;

/// <summary>The page of <c>--html</c>. The file is opened before the run, so that a bad path is
/// told at once, and written after it; of a run that did not begin nothing is left.</summary>
internal sealed class HtmlFile : IDisposable
{
    private readonly string path;
    private readonly FileStream file;
    private readonly bool isNew;
    private bool written;

    /// <exception cref="BadInputException">The file cannot be written.</exception>
    public HtmlFile(string path)
    {
        this.path = path;
        isNew = !File.Exists(path);
        try
        {
            file = new(path, FileMode.OpenOrCreate, FileAccess.Write);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or ArgumentException)
        {
            throw new BadInputException($"{path}: cannot be written: {e.Message}");
        }
    }

    /// <summary>Writes what was logged.</summary>
    /// <param name="log">The run.</param>
    /// <param name="title">What the page is about.</param>
    public void Write(RunLog log, string title)
    {
        var player = new Player(log, title);
        file.SetLength(0);
        using var writer = new StreamWriter(file, new UTF8Encoding(false), 1 << 16, leaveOpen: true)
        {
            NewLine = "\n",
        };
        player.Write(writer);
        written = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        file.Dispose();
        if (isNew && !written)
        {
            File.Delete(path);
        }
    }
}
