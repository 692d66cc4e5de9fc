using System.CommandLine;
using System.Diagnostics;
using System.Globalization;

namespace KubeNotebooks;

/// <summary><c>grade</c>: grades a class of submissions.</summary>
internal static class GradeCommand
{
    /// <summary>The hidden command by which a worker is started.</summary>
    public const string WorkerName = "grade-one";

    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<string>("DIR")
        {
            Description = "The submissions: STUDENT.ipynb, or STUDENT/ANY.ipynb",
        };
        var output = new Option<string>("--out")
        {
            Description = "Where grades.csv, items.csv and each student's feedback go",
            HelpName = "DIR", Required = true,
        };
        var hidden = Hidden();
        var jobs = new Option<int>("--jobs")
        {
            Description = "How many submissions at once", HelpName = "N",
            DefaultValueFactory = _ => Math.Min(4, Environment.ProcessorCount),
        };
        var timeout = Timeout();
        var command = new Command("grade", "Grade a folder of submissions, each in a process of "
            + "its own, on a copy.\nExit code 0: all were graded, however well; 2: bad input.")
        {
            folder, output, hidden, jobs, timeout,
        };
        command.SetAction(parsed => CheckCommand.Guarded(terminal, () =>
        {
            var fixtures = parsed.GetValue(hidden) is { } dll ? Path.GetFullPath(dll) : null;
            var catalog = fixtures is null ? ExerciseCatalog.Installed()
                : ExerciseCatalog.Open(fixtures);
            var submissions = GradeBatch.Find(parsed.GetRequiredValue(folder));
            var clock = Stopwatch.StartNew();
            var batch = new GradeBatch(catalog, fixtures,
                TimeSpan.FromSeconds(parsed.GetValue(timeout)));
            var done = 0;
            var grades = batch.Grade(submissions, Math.Max(1, parsed.GetValue(jobs)), g =>
            {
                terminal.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{++done}/{submissions.Count} {g.Student}: {
                        g.Grade.Unreadable ?? $"{g.Grade.Results.Values.Sum(r => r.Points)} points"
                    }"));
                terminal.Error.Flush();
            });
            var exercises = batch.Exercises(grades);
            new GradeReports(grades, exercises).Write(parsed.GetRequiredValue(output));
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{grades.Count} submissions, {exercises.Count} exercises, {
                    clock.Elapsed.TotalSeconds:0} s: {
                    Path.Combine(parsed.GetRequiredValue(output), "grades.csv")}"));
            return ExitCode.Success;
        }));
        return command;
    }

    /// <summary>The worker: for <see cref="GradeProcess"/> alone.</summary>
    public static Command CreateWorker()
    {
        var notebook = new Argument<string>("NOTEBOOK");
        var pipe = new Option<string>("--pipe");
        var hidden = Hidden();
        var only = new Option<string?>("-e");
        var skip = new Option<string[]>("--skip");
        var command = new Command(WorkerName) { notebook, pipe, hidden, only, skip };
        command.Hidden = true;
        command.SetAction(parsed => GradeWorker.Run(parsed.GetRequiredValue(pipe), new()
        {
            Notebook = parsed.GetRequiredValue(notebook), Fixtures = parsed.GetValue(hidden),
            Only = parsed.GetValue(only), Skip = [.. parsed.GetValue(skip) ?? []],
        }));
        return command;
    }

    public static Option<int> Timeout() => new("--timeout")
    {
        Description = "The most seconds that a process may take", HelpName = "SECONDS",
        DefaultValueFactory = _ => 60,
    };

    private static Option<string?> Hidden() => new("--hidden")
    {
        Description = "The instructor's fixtures, used instead of the course's",
        HelpName = "DLL",
    };
}
