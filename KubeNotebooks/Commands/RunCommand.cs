using System.CommandLine;
using System.Globalization;

namespace KubeNotebooks;

/// <summary><c>run</c>: executes notebooks from first to last, and writes what came of
/// it.</summary>
internal static class RunCommand
{
    public static Command Create(Terminal terminal)
    {
        var notebooks = NotebookPaths.Argument();
        var folder = new Option<string>("--out")
        {
            Description = "Write NAME.html and NAME.ipynb with their outputs to this folder",
            HelpName = "DIR",
        };
        var limit = CommandOptions.Duration("--timeout",
            "The most a cell may take, 60s by default");
        var goOn = new Option<bool>("--allow-errors")
        {
            Description = "Go on after a cell that failed; the exit code stays 1",
        };
        var command = new Command("run",
            "Execute notebooks, each in a session of its own.\nExit code 0: all cells ran; "
            + "1: a cell failed; 2: bad input, nothing was run.")
        {
            notebooks, folder, limit, goOn,
        };
        command.SetAction(parsed =>
        {
            var books = NotebookPaths.Read(parsed.GetValue(notebooks)!);
            var target = parsed.GetValue(folder);
            Prepare(target, books);
            var code = ExitCode.Success;
            foreach (var book in books)
            {
                using var runner = new NotebookRunner(book)
                {
                    Limit = parsed.GetValue(limit) ?? TimeSpan.FromMinutes(1),
                    GoesOn = parsed.GetValue(goOn),
                    Finished = cell => Tell(terminal.Error, book, cell),
                };
                var ran = runner.Run();
                code = ran.Failure is null ? code : ExitCode.CheckFailed;
                terminal.Out.WriteLine(Verdict(ran));
                terminal.Out.Flush();
                Write(target, ran);
            }
            return code;
        });
        return command;
    }

    // All that can be wrong is told before the first cell runs.
    private static void Prepare(string? folder, List<NotebookFile> books)
    {
        if (folder is null)
        {
            return;
        }
        var twice = books.GroupBy(b => b.Name, StringComparer.OrdinalIgnoreCase)
            .Where(g => g.Count() > 1).Select(g => g.Key).ToList();
        if (twice.Count > 0)
        {
            throw new BadInputException(twice.Select(n =>
                $"--out: two notebooks are named {n}: run them to two folders"));
        }
        foreach (var book in books.Where(b => Path.GetFullPath(folder) == b.Folder))
        {
            throw new BadInputException(
                $"--out: {book.Name}.ipynb would overwrite the notebook itself: "
                + "name another folder");
        }
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{folder}: cannot be written: {e.Message}");
        }
    }

    private static void Tell(TextWriter error, NotebookFile book, RanCell cell)
    {
        error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{book.Name}: cell {cell.Number}, {cell.Took.TotalSeconds:0.0} s"
            + $"{(cell.Failed ? ": failed" : "")}"));
        if (cell.Failed)
        {
            error.WriteLine(cell.Result.Error);
        }
        error.Flush();
    }

    private static string Verdict(RanNotebook ran) => ran.Failure is not { } bad
        ? $"{ran.File.Name}: ok"
        : string.Create(CultureInfo.InvariantCulture, $"{ran.File.Name}: failed in cell "
            + $"{bad.Number}{(bad.Result.Line > 0 ? $", line {bad.Result.Line}" : "")}: "
            + $"{bad.Result.Error.Split('\n')[0]}");

    private static void Write(string? folder, RanNotebook ran)
    {
        if (folder is not null)
        {
            var path = Path.Combine(folder, ran.File.Name);
            File.WriteAllText(path + ".html", new NotebookPage(ran).Html());
            File.WriteAllText(path + ".ipynb", ran.ToText());
        }
    }
}
