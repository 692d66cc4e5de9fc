using System.Text.Json.Nodes;

namespace KubeNotebooks.Tests;

/// <summary>A class of submissions of one notebook, made from its own cells: everyone but the best
/// does one thing to the first exercise, and solves the others.</summary>
internal sealed class ClassOfSubmissions
{
    private const string Setup = "#r \"../artifacts/notebook/KubeNotebooks.dll\"\nusing KubeSim;\n"
        + "using KubeNotebooks;\nusing static KubeNotebooks.Lesson;\nNotebook.Start()";

    private const string Deletes = "foreach (var folder in new[] { \".\", Environment.Get"
        + "FolderPath(Environment.SpecialFolder.UserProfile) })\n"
        + "  foreach (var file in System.IO.Directory.GetFiles(folder))\n"
        + "    System.IO.File.Delete(file);\n";

    // A fixture of one's own, and a Check that is never refused.
    private const string Forged = "#r \"Exercises.dll\"\npublic static class Exercise {\n"
        + "  public static string Check(string id, object answer) => \"all points\";\n}";

    private readonly List<ExerciseInfo> exercises;
    private readonly string first;

    public ClassOfSubmissions(ExerciseCatalog catalog, string notebook)
    {
        exercises = [.. catalog.All.Where(e => e.Notebook == notebook)];
        first = exercises[0].Cell("solution")!;
        Full = exercises.Sum(ExerciseRunner.MaxPoints);
        var others = Full - ExerciseRunner.MaxPoints(exercises[0]);
        var wrong = exercises[0].Wrong().First().Cell;
        var mark = $"// exercise: {exercises[0].Id}\n";
        Kinds =
        [
            new("right", "ok", Full, () => With(first)),
            new("wrong", "ok", others, () => With(wrong)) { AtLeast = true },
            new("stubs", "not-attempted", 0, () => [.. exercises.Select(e => e.Cell("stub")!)]),
            new("broken", "compile-error", others, () => With($"{mark}int broken = ;\n{first}")),
            new("endless", "timeout", others, () => With($"{mark}while (true) {{ }}\n{first}")),
            new("throws", "ok", others,
                () => With($"{mark}throw new System.Exception(\"no\");\n{first}")),
            new("deletes", "ok", Full, () => With(mark + Deletes + first)),
            new("exits", "crashed", others,
                () => With($"{mark}System.Environment.Exit(0);\n{first}")),
            new("forged", "not-attempted", 0, () => [Forged, .. With(first)]),
            new("missing", "ok", others, () => With()),
            new("doubled", "ok", Full, () => With(wrong, "throw null;", first)),
            new("no-json", "unreadable", 0, () => null),
        ];
    }

    public int Full { get; }

    public Kind[] Kinds { get; }

    /// <summary>Writes so many submissions, kind by kind; answers with who is of which
    /// kind.</summary>
    public Dictionary<string, Kind> Write(string folder, int count)
    {
        var class_ = new Dictionary<string, Kind>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var kind = Kinds[i % Kinds.Length];
            var student = $"{i + 1:00}-{kind.Name}";
            class_.Add(student, kind);
            var path = Path.Combine(folder, student + ".ipynb");
            if (kind.Cells() is { } cells)
            {
                File.WriteAllText(path, Text([Setup, "throw new System.Exception(\"a demo\");",
                    .. cells]));
            }
            else
            {
                File.WriteAllText(path, "{ \"cells\": [");
            }
        }
        return class_;
    }

    public static string Text(IEnumerable<string> cells) => new JsonObject
    {
        ["cells"] = new JsonArray([.. cells.Select(source => new JsonObject
        {
            ["cell_type"] = "code", ["metadata"] = new JsonObject(), ["source"] = source,
            ["outputs"] = new JsonArray(), ["execution_count"] = null,
        })]),
        ["metadata"] = new JsonObject(), ["nbformat"] = 4, ["nbformat_minor"] = 5,
    }.ToJsonString();

    private List<string> With(params string[] firsts) =>
        [.. firsts, .. exercises.Skip(1).Select(e => e.Cell("solution")!)];

    /// <summary>What a submission does, and what it comes to.</summary>
    internal sealed record Kind(string Name, string Status, int Total, Func<List<string>?> Cells)
    {
        /// <summary>True when some points of the first exercise may be left.</summary>
        public bool AtLeast { get; init; }
    }
}
