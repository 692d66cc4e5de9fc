using System.CommandLine;
using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>What a learner does with the exercises of a notebook from the command line:
/// <c>check</c>, <c>hint</c>, <c>reset</c>, <c>progress</c>.</summary>
internal static class CheckCommand
{
    public static IEnumerable<Command> Create(Terminal terminal)
    {
        var timeout = GradeCommand.Timeout();
        yield return OfNotebook(terminal, "check", "Grade the exercises of a notebook, each in a "
            + "process of its own.\nExit code 0: all that were attempted passed; 1: one did not; "
            + "2: bad input.", (notebook, ids, parsed) => Check(terminal, notebook, ids,
            TimeSpan.FromSeconds(parsed.GetValue(timeout))), exerciseIsNeeded: false, timeout);
        yield return OfNotebook(terminal, "hint", "Show the next hint of an exercise",
            (notebook, ids, _) =>
            {
                terminal.Out.WriteLine(Exercise.Hint(ids[0], notebook.Folder));
                return ExitCode.Success;
            }, exerciseIsNeeded: true);
        yield return OfNotebook(terminal, "reset",
            "Put stubs back; what stood there is kept in a backup file",
            (notebook, ids, _) => Reset(terminal, notebook, ids), exerciseIsNeeded: false);
        yield return Progress(terminal);
    }

    /// <summary>Runs a command and tells bad input as such.</summary>
    public static int Guarded(Terminal terminal, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (Exception e) when (e is NotebookException or ArgumentException or IOException
            or UnauthorizedAccessException or BadImageFormatException)
        {
            terminal.Error.WriteLine(e.Message);
            return ExitCode.BadInput;
        }
    }

    private static int Check(Terminal terminal, NotebookFile notebook, List<string> ids,
        TimeSpan timeout)
    {
        var catalog = ExerciseCatalog.Installed();
        var all = true;
        foreach (var exercise in ids.Select(catalog.Find))
        {
            var grade = new GradeProcess(catalog, timeout).Grade(
                new() { Notebook = notebook.Path, Only = exercise.Id }, null);
            var result = grade.Results.GetValueOrDefault(exercise.Id)
                ?? exercise.Result(CheckStatus.NotAttempted);
            grade.Warnings.ForEach(terminal.Error.WriteLine);
            terminal.Out.WriteLine(result);
            terminal.Out.Flush();
            new ProgressFile(notebook.Folder).Record(result);
            all &= result.Passed || result.Status == CheckStatus.NotAttempted;
        }
        return all ? ExitCode.Success : ExitCode.CheckFailed;
    }

    private static Command Progress(Terminal terminal)
    {
        var folder = new Argument<string>("DIR")
        {
            Description = "The folder of the notebooks",
            DefaultValueFactory = _ => Directory.Exists("notebooks") ? "notebooks" : ".",
        };
        var command = new Command("progress", "Show points, hints and predictions") { folder };
        command.SetAction(parsed => Guarded(terminal, () =>
        {
            terminal.Out.WriteLine(ProgressReport.Of(parsed.GetRequiredValue(folder), null));
            return ExitCode.Success;
        }));
        return command;
    }

    private static Command OfNotebook(Terminal terminal, string name, string description,
        Func<NotebookFile, List<string>, ParseResult, int> run, bool exerciseIsNeeded,
        params Option[] more)
    {
        var notebook = new Argument<string>("NOTEBOOK") { Description = "The .ipynb file" };
        var exercise = new Option<string?>("--exercise", "-e")
        {
            Description = exerciseIsNeeded ? "The exercise" : "Only this exercise",
            HelpName = "ID", Required = exerciseIsNeeded,
        };
        var command = new Command(name, description) { notebook, exercise };
        Array.ForEach(more, command.Options.Add);
        command.SetAction(parsed => Guarded(terminal, () =>
        {
            var file = NotebookFile.Read(parsed.GetRequiredValue(notebook));
            return run(file, IdsOf(file, parsed.GetValue(exercise)), parsed);
        }));
        return command;
    }

    // The exercises of a notebook; an id may leave the notebook out, as in `-e 2`.
    private static List<string> IdsOf(NotebookFile notebook, string? only)
    {
        var ids = notebook.Cells.Where(c => c.Kind == CellKind.Code)
            .Select(c => ExerciseCell.IdOf(c.Source)).OfType<string>().Distinct().ToList();
        if (only is null)
        {
            return ids;
        }
        return ids.Find(i => i == only || i.EndsWith("/" + only, StringComparison.Ordinal))
            is { } found ? [found] : throw new ArgumentException(
                $"{notebook.Path} has no cell of {only}; it has {string.Join(", ", ids)}");
    }

    private static int Reset(Terminal terminal, NotebookFile notebook, List<string> ids)
    {
        var catalog = ExerciseCatalog.Installed();
        var cells = notebook.Cells.Select(c => ExerciseCell.IdOf(c.Source) is { } id
            && ids.Contains(id) && catalog.TryFind(id)?.Cell("stub") is { } stub
            ? c with { Source = stub.TrimEnd('\n') } : c).ToSeq();
        var changed = notebook.Cells.Where((c, i) => c.Source != cells[i].Source).ToList();
        if (changed.Count > 0)
        {
            var backup = Enumerable.Range(1, int.MaxValue).Select(i => Path.Combine(
                notebook.Folder, string.Create(CultureInfo.InvariantCulture,
                    $"{notebook.Name}.backup-{i}.csx"))).First(p => !File.Exists(p));
            File.WriteAllText(backup, string.Join("\n\n", changed.Select(c => c.Source)) + "\n");
            notebook.With(cells).Write();
            terminal.Error.WriteLine($"Your text is kept in {Path.GetFileName(backup)}.");
        }
        terminal.Out.WriteLine(changed.Count == 1 ? "1 cell is a stub again."
            : string.Create(CultureInfo.InvariantCulture,
                $"{changed.Count} cells are stubs again."));
        return ExitCode.Success;
    }
}
