using KubeSim;

namespace KubeNotebooks;

/// <summary>Input that cannot be used: a line each of what is wrong. Nothing has run.</summary>
internal sealed class BadInputException(params IEnumerable<string> lines)
    : Exception(string.Join('\n', lines));

/// <summary>The files that a command is given.</summary>
internal static class CommandFiles
{
    /// <summary>The text of a file.</summary>
    /// <exception cref="BadInputException">It cannot be read.</exception>
    public static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException($"{path}: no such file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>The documents of files, of the files of a folder by name, or of standard
    /// input.</summary>
    /// <exception cref="BadInputException">Something cannot be read, or there is no
    /// object.</exception>
    public static List<ManifestDocument> ReadManifests(IEnumerable<string> paths, TextReader input)
    {
        var documents = new List<ManifestDocument>();
        var problems = new List<string>();
        foreach (var path in paths)
        {
            try
            {
                var before = documents.Count;
                foreach (var file in Expand(path))
                {
                    var (text, name) = file == "-" ? (input.ReadToEnd(), "stdin")
                        : (ReadText(file), file);
                    documents.AddRange(Manifest.Parse(text, name));
                }
                if (documents.Count == before)
                {
                    problems.Add($"{path}: no objects in it");
                }
            }
            catch (BadInputException e)
            {
                problems.Add(e.Message);
            }
        }
        documents = [.. Manifest.Resolve(documents, KindRegistry.BuiltIn)];
        return problems.Count == 0 ? documents : throw new BadInputException(
            [.. documents.SelectMany(d => d.Errors).Select(e => $"{e}"), .. problems]);
    }

    /// <summary>The lines of a journal; none without a file. They may be about kinds that the
    /// documents define.</summary>
    /// <exception cref="BadInputException">What is wrong, line by line.</exception>
    public static Seq<JournalLine> ReadJournal(
        string? path, IEnumerable<ManifestDocument> documents)
    {
        if (path is null)
        {
            return [];
        }
        var journal = JournalText.Read(ReadText(path), path, KindRegistry.BuiltIn
            .WithCustom(documents.Select(d => d.Object).OfType<ApiObject>()));
        return journal.Errors.IsEmpty ? journal.Lines
            : throw new BadInputException(journal.Errors.Select(e => $"{e}"));
    }

    /// <summary>Begins a new file, before the run rather than after it.</summary>
    /// <exception cref="BadInputException">It cannot be written.</exception>
    public static Stream Create(string path)
    {
        try
        {
            return new BufferedStream(File.Create(path), 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: cannot be written: {e.Message}");
        }
    }

    private static IEnumerable<string> Expand(string path) => !Directory.Exists(path)
        ? [path]
        : Directory.EnumerateFiles(path)
            .Where(f => Path.GetExtension(f) is ".yaml" or ".yml" or ".json")
            .Select(f => f.Replace('\\', '/')).Order(StringComparer.Ordinal);
}
