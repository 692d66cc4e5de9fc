using System.IO.Pipes;
using System.Text.Json;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What a worker is to grade.</summary>
internal sealed record WorkerTask
{
    /// <summary>The notebook.</summary>
    public required string Notebook { get; init; }

    /// <summary>The assembly of fixtures; the course's own when null.</summary>
    public string? Fixtures { get; init; }

    /// <summary>The only exercise to grade; all when null.</summary>
    public string? Only { get; init; }

    /// <summary>Cells and exercises that ended an earlier worker: they are not run.</summary>
    public Seq<string> Skip { get; init; }
}

/// <summary>What a worker says, one JSON object a line.</summary>
internal sealed record WorkerLine
{
    /// <summary>It begins to run this cell or exercise.</summary>
    public string? Begin { get; init; }

    /// <summary>What came of an exercise.</summary>
    public CheckResult? Result { get; init; }

    /// <summary>Something that the learner should know.</summary>
    public string? Warning { get; init; }

    /// <summary>Why the notebook cannot be graded at all.</summary>
    public string? Unreadable { get; init; }

    /// <summary>It is through.</summary>
    public bool End { get; init; }
}

/// <summary>Grades one notebook in a process of its own. The set-up of the course runs first, then
/// every code cell in order: errors in cells that are no exercises are passed over (a helper class
/// may stand in one, a broken demonstration next to it), and of an exercise that is there twice the
/// last counts. Results go out as they come, since an answer may end the process.</summary>
internal sealed class GradeWorker(WorkerTask task, TextWriter output)
{
    private static readonly TimeSpan DemoLimit = TimeSpan.FromSeconds(5);

    private readonly ExerciseCatalog catalog = task.Fixtures is null
        ? ExerciseCatalog.Installed() : ExerciseCatalog.Open(task.Fixtures);

    private readonly HashSet<string> passed = new(StringComparer.Ordinal);

    /// <summary>Grades, and talks to the parent over an inherited pipe.</summary>
    public static int Run(string handle, WorkerTask task)
    {
        using var pipe = new AnonymousPipeClientStream(PipeDirection.Out, handle);
        using var writer = new StreamWriter(pipe) { AutoFlush = true, NewLine = "\n" };
        // Nobody reads what a submission prints, and an endless one must not be kept.
        Console.SetOut(TextWriter.Null);
        new GradeWorker(task, writer).Run();
        return ExitCode.Success;
    }

    private void Run()
    {
        NotebookFile notebook;
        try
        {
            notebook = NotebookFile.Read(task.Notebook);
        }
        catch (NotebookException e)
        {
            // The learner knows the file, not the copy that is read here.
            var copies = Path.GetDirectoryName(task.Notebook) + Path.DirectorySeparatorChar;
            Say(new() { Unreadable = e.Message.Replace(copies, "", StringComparison.Ordinal) });
            return;
        }
        var cells = notebook.Cells.Where(c => c.Kind == CellKind.Code).ToList();
        var ids = cells.Select(c => ExerciseCell.IdOf(c.Source)).ToList();
        foreach (var twice in ids.OfType<string>().GroupBy(i => i).Where(g => g.Count() > 1))
        {
            Say(new()
            {
                Warning = $"{twice.Key} is there {twice.Count()} times: the last counts.",
            });
        }
        using var session = catalog.NewSession(
            ids.OfType<string>().FirstOrDefault()?.Split('/')[0] ?? notebook.Name, notebook.Folder);
        for (var i = 0; i < cells.Count && (task.Only is null || !ids[..i].Contains(task.Only)
            || ids.LastIndexOf(task.Only) >= i); i++)
        {
            var last = ids[i] is { } id && ids.LastIndexOf(id) == i ? catalog.TryFind(id) : null;
            RunCell(session, cells[i].Source, last, $"cell {i + 1}");
        }
        Say(new() { End = true });
    }

    private void RunCell(ScriptSession session, string source, ExerciseInfo? exercise, string name)
    {
        if (task.Skip.Contains(exercise?.Id ?? name))
        {
            return;
        }
        Say(new() { Begin = exercise?.Id ?? name });
        foreach (var id in exercise?.Attribute.Needs.Where(n => !passed.Contains(n)) ?? [])
        {
            catalog.TryFind(id)?.Substitute(session);
        }
        var run = AnswerRecorder.Run(session, WithoutReferences(source),
            exercise is null ? DemoLimit : ExerciseRunner.Limit);
        if (exercise is null || !IsAsked(exercise.Id))
        {
            return;
        }
        var result = run.Grade(exercise);
        if (result.Passed)
        {
            passed.Add(exercise.Id);
        }
        Say(new() { Result = result });
    }

    private bool IsAsked(string id) => task.Only is null || task.Only == id
        || catalog.Find(task.Only).Attribute.Needs.Contains(id);

    // The set-up has referenced the libraries. Other assemblies are none of an answer's business:
    // fixtures that a submission brings along have no effect.
    private static string WithoutReferences(string source) => string.Join('\n',
        source.Split('\n').Select(l =>
            l.TrimStart().StartsWith("#r ", StringComparison.Ordinal) ? "" : l));

    private void Say(WorkerLine line) => output.WriteLine(JsonSerializer.Serialize(line));
}
