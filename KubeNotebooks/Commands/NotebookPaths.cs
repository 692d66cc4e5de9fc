using System.CommandLine;

namespace KubeNotebooks;

/// <summary>The notebooks that a command is given.</summary>
internal static class NotebookPaths
{
    public static Argument<string[]> Argument() => new("NOTEBOOK")
    {
        Description = "A notebook, or a folder of notebooks",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>Reads them all; the notebooks of a folder by name.</summary>
    /// <exception cref="BadInputException">What cannot be read, a line each.</exception>
    public static List<NotebookFile> Read(IEnumerable<string> paths)
    {
        var books = new List<NotebookFile>();
        var problems = new List<string>();
        foreach (var path in paths)
        {
            try
            {
                var found = Expand(path).Select(NotebookFile.Read).ToList();
                books.AddRange(found);
                if (found.Count == 0)
                {
                    problems.Add($"{path}: no notebooks in it");
                }
            }
            catch (NotebookException e)
            {
                problems.Add(e.Message);
            }
        }
        return problems.Count == 0 ? books : throw new BadInputException(problems);
    }

    private static IEnumerable<string> Expand(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path, "*.ipynb").Order(StringComparer.Ordinal) : [path];
}
