using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Text.Json;

namespace KubeNotebooks;

/// <summary>What grading a notebook came to.</summary>
internal sealed record NotebookGrade
{
    /// <summary>By exercise; one that is missing was not there.</summary>
    public Dictionary<string, CheckResult> Results { get; } = new(StringComparer.Ordinal);

    /// <summary>What the learner should know besides.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Why nothing could be graded; null when something could.</summary>
    public string? Unreadable { get; set; }
}

/// <summary>Grades a notebook by workers, each a process that may die: its parent alone writes
/// results. What ended a worker is marked and left out, and another worker does the rest, so that
/// one mistake costs once.</summary>
internal sealed class GradeProcess(ExerciseCatalog catalog, TimeSpan limit)
{
    private const int MostWorkers = 4;

    // A worker must not inherit the pipe of another that starts at the same time.
    private static readonly Lock Starting = new();

    /// <summary>Grades a notebook.</summary>
    /// <param name="task">What to grade.</param>
    /// <param name="home">The folder that stands for home and for temporary files; those of this
    /// process when null.</param>
    public NotebookGrade Grade(WorkerTask task, string? home)
    {
        var grade = new NotebookGrade();
        for (var worker = 1; ; worker++)
        {
            var (ended, busy, why) = Run(task, home, grade);
            if (ended)
            {
                return grade;
            }
            if (busy.Length == 0)
            {
                grade.Unreadable = why ?? "No cell was reached in time.";
                return grade;
            }
            var status = why is null ? CheckStatus.Timeout : CheckStatus.Crashed;
            if (catalog.TryFind(busy) is { } exercise)
            {
                grade.Results[busy] = exercise.Result(status) with
                {
                    Error = why ?? $"It was stopped after {limit.TotalSeconds:0} s.",
                };
            }
            else
            {
                grade.Warnings.Add($"{busy}: {why ?? "did not end"}; it was left out.");
            }
            if (worker == MostWorkers || task.Skip.Contains(busy))
            {
                grade.Warnings.Add("Too many cells end the process: the rest was not graded.");
                return grade;
            }
            task = task with { Skip = task.Skip.Add(busy) };
        }
    }

    // Whether it went through; else what it was at, and why it died (null: it was stopped).
    private (bool Ended, string Busy, string? Why) Run(WorkerTask task, string? home,
        NotebookGrade grade)
    {
        var (ended, busy) = (false, "");
        var (process, pipe) = Start(task, home);
        using var ends = process;
        using var closes = pipe;
        var complaint = Task.Run(() => OwnProcess.Complaint(process.StandardError));
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        var reading = Task.Run(() =>
        {
            using var reader = new StreamReader(pipe, leaveOpen: true);
            while (reader.ReadLine() is { } text)
            {
                var line = JsonSerializer.Deserialize<WorkerLine>(text)!;
                ended |= line.End || line.Unreadable is not null;
                busy = line.Begin ?? busy;
                grade.Unreadable ??= line.Unreadable;
                if (line.Warning is { } warning && !grade.Warnings.Contains(warning))
                {
                    grade.Warnings.Add(warning);
                }
                if (line.Result is { } result)
                {
                    grade.Results.TryAdd(result.Exercise, result);
                }
            }
        });
        var inTime = process.WaitForExit(limit);
        // What it started may hold the pipe open: it goes with it.
        OwnProcess.Kill(process);
        reading.Wait(TimeSpan.FromSeconds(2));
        return (ended, busy, ended || !inTime ? null : (string.Create(CultureInfo.InvariantCulture,
            $"The process ended with exit code {process.ExitCode}. ")
            + (complaint.Wait(TimeSpan.FromSeconds(2)) ? complaint.Result : "")).Trim());
    }

    private static (Process, AnonymousPipeServerStream) Start(WorkerTask task, string? home)
    {
        var start = OwnProcess.Command(Path.GetDirectoryName(task.Notebook)!,
        [
            GradeCommand.WorkerName, task.Notebook,
            .. task.Fixtures is null ? [] : (string[])["--hidden", task.Fixtures],
            .. task.Only is null ? [] : (string[])["-e", task.Only],
            .. task.Skip.SelectMany(s => (string[])["--skip", s]),
        ]);
        foreach (var name in home is null ? [] : (string[])["HOME", "TMPDIR", "TMP", "TEMP",
            "USERPROFILE"])
        {
            start.Environment[name] = home;
        }
        // An answer that fills the memory fails alone.
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x60000000";
        lock (Starting)
        {
            var pipe = new AnonymousPipeServerStream(PipeDirection.In,
                HandleInheritability.Inheritable);
            start.ArgumentList.Add("--pipe");
            start.ArgumentList.Add(pipe.GetClientHandleAsString());
            var process = Process.Start(start)!;
            pipe.DisposeLocalCopyOfClientHandle();
            process.StandardInput.Close();
            return (process, pipe);
        }
    }
}
