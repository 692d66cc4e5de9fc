using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeSim;

namespace KubeNotebooks;

/// <summary>A notebook of the course as its learner has it.</summary>
/// <param name="File">Its cells; the path is that of the original, where its cells run.</param>
/// <param name="Version">Names this text: who saves says which version was edited.</param>
/// <param name="IsMine">It differs from the original, or did.</param>
/// <param name="IsBehind">The original has changed since the learner's copy was made.</param>
internal sealed record CourseText(
    NotebookFile File, string Version, bool IsMine, bool IsBehind);

/// <summary>A cell as a page sends it.</summary>
internal sealed record SentCell(string Id, CellKind Kind, string Source);

/// <summary>
/// A notebook of the course, and the learner's own copy of it: <c>.kubenotebooks/my/NAME.ipynb</c>
/// beside it, made by the first edit. The original is never written. The copy remembers which
/// original it was made from, so that a course that was updated is told from one that was not.
/// </summary>
internal sealed partial class CourseBook(string path)
{
    /// <summary>The most characters of all cells together.</summary>
    public const int MostCharacters = 4 << 20;

    private const string Mark = "kubenotebooks";
    private const int MostCells = 2000;

    private readonly Lock gate = new();
    private readonly string mine = Path.Combine(Path.GetDirectoryName(path)!, ".kubenotebooks",
        "my", Path.GetFileName(path));

    /// <summary>The original.</summary>
    public string FilePath => path;

    /// <summary>The file's name without its ending.</summary>
    public string Name => Path.GetFileNameWithoutExtension(path);

    /// <summary>The copy, or the original where there is none.</summary>
    /// <exception cref="NotebookException">It is no notebook.</exception>
    public CourseText Read()
    {
        lock (gate)
        {
            var has = File.Exists(mine);
            if (!has && !File.Exists(path))
            {
                throw new NotebookException($"{path}: no such file");
            }
            var text = File.ReadAllText(has ? mine : path);
            // A mistake is told at the file that has it; cells run where the original is.
            var file = NotebookFile.Parse(text, has ? mine : path);
            var from = (string?)(file.Metadata[Mark] as JsonObject)?["original"];
            return new(has ? NotebookFile.Parse(text, path) : file, Digest(text), has,
                has && from != Original());
        }
    }

    /// <summary>Keeps the learner's cells, if nobody else has meanwhile.</summary>
    /// <param name="version">The version that was edited.</param>
    /// <param name="cells">All cells in order.</param>
    /// <returns>The new text; null when the version is no longer the current one.</returns>
    /// <exception cref="NotebookException">The cells make no notebook.</exception>
    public CourseText? Save(string version, IReadOnlyList<SentCell> cells)
    {
        Check(cells);
        lock (gate)
        {
            var now = Read();
            if (now.Version != version)
            {
                return null;
            }
            var known = now.File.Cells.ToDictionary(c => c.Id, StringComparer.Ordinal);
            var file = now.File.With(cells.Select(c => known.TryGetValue(c.Id, out var old)
                ? old with { Kind = c.Kind, Source = c.Source }
                : new NotebookCell(c.Id, c.Kind, c.Source)).ToSeq());
            if (!now.IsMine)
            {
                file.Metadata[Mark] = new JsonObject { ["original"] = Original() };
            }
            Write(file.ToText());
            return Read();
        }
    }

    /// <summary>Says that the copy is to stay, though the original has changed.</summary>
    public CourseText Keep()
    {
        lock (gate)
        {
            var now = Read();
            if (now.IsMine)
            {
                now.File.Metadata[Mark] = new JsonObject { ["original"] = Original() };
                Write(now.File.ToText());
            }
            return Read();
        }
    }

    /// <summary>Brings the original back.</summary>
    /// <returns>The name of the file that keeps what the learner wrote; empty when there was
    /// nothing to keep.</returns>
    public string StartOver()
    {
        lock (gate)
        {
            if (!File.Exists(mine))
            {
                return "";
            }
            var backup = Enumerable.Range(1, int.MaxValue).Select(i => Path.ChangeExtension(mine,
                string.Create(CultureInfo.InvariantCulture, $"backup-{i}.ipynb")))
                .First(p => !File.Exists(p));
            File.Move(mine, backup);
            return Path.GetRelativePath(Path.GetDirectoryName(path)!, backup).Replace('\\', '/');
        }
    }

    private string Original() => Digest(File.ReadAllText(path));

    // Whoever pulls the plug finds the old text or the new one, never half of it.
    private void Write(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(mine)!);
        File.WriteAllText(mine + ".new", text);
        File.Move(mine + ".new", mine, overwrite: true);
    }

    private static void Check(IReadOnlyList<SentCell> cells)
    {
        var wrong = cells.Count > MostCells ? $"more than {MostCells} cells"
            : cells.Sum(c => (long)c.Source.Length) > MostCharacters ? "too long"
            : cells.FirstOrDefault(c => !Id().IsMatch(c.Id)) is { } odd ? $"cell id \"{odd.Id}\""
            : cells.GroupBy(c => c.Id).FirstOrDefault(g => g.Count() > 1) is { } twice
                ? $"the cell id \"{twice.Key}\" is there twice" : null;
        if (wrong is not null)
        {
            throw new NotebookException($"this cannot be saved: {wrong}");
        }
    }

    private static string Digest(string text) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n"))).AsSpan(0, 12));

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex Id();
}
