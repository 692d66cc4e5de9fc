using KubeSim;

namespace KubeNotebooks;

/// <summary>A submission after grading.</summary>
internal sealed record StudentGrade(string Student, string Notebook, NotebookGrade Grade)
{
    /// <summary>The hints that were taken; null where no progress came with the
    /// submission.</summary>
    public int? Hints { get; init; }

    /// <summary>The result of an exercise; one that is missing was not attempted.</summary>
    public CheckResult Of(ExerciseInfo exercise) => Grade.Results.GetValueOrDefault(exercise.Id)
        ?? exercise.Result(CheckStatus.NotAttempted);

    /// <summary>The worst that happened, in a word.</summary>
    public string Status(IEnumerable<ExerciseInfo> exercises)
    {
        if (Grade.Unreadable is not null)
        {
            return "unreadable";
        }
        var all = exercises.Select(e => Of(e).Status).ToList();
        return all.Contains(CheckStatus.Crashed) ? "crashed"
            : all.Contains(CheckStatus.Timeout) ? "timeout"
            : all.Contains(CheckStatus.CompileError) ? "compile-error"
            : all.TrueForAll(s => s == CheckStatus.NotAttempted) ? "not-attempted" : "ok";
    }
}

/// <summary>Grades a class: the notebooks of a folder, or of its folders, one for each student.
/// Each is copied first: what an answer does to files, it does to the copy.</summary>
internal sealed class GradeBatch(ExerciseCatalog catalog, string? fixtures, TimeSpan limit)
{
    /// <summary>The submissions of a folder by student: a notebook by its name, a folder with one
    /// notebook by the folder's.</summary>
    public static List<(string Student, string Notebook)> Find(string folder)
    {
        var found = Directory.GetFiles(folder, "*.ipynb")
            .Select(f => (Path.GetFileNameWithoutExtension(f), f))
            .Concat(Directory.GetDirectories(folder).SelectMany(d => Directory.GetFiles(d,
                "*.ipynb").Order(StringComparer.Ordinal).Take(1)
                .Select(f => (Path.GetFileName(d), f))));
        return [.. found.GroupBy(f => f.Item1, StringComparer.OrdinalIgnoreCase)
            .SelectMany(g => g.Select((f, i) => (i == 0 ? f.Item1 : $"{f.Item1} ({i + 1})", f.f)))
            .OrderBy(f => f.Item1, StringComparer.Ordinal)];
    }

    /// <summary>Grades all submissions, several at once.</summary>
    /// <param name="submissions">Student and notebook.</param>
    /// <param name="jobs">How many at once.</param>
    /// <param name="graded">Told of each as it is through; one call at a time.</param>
    public List<StudentGrade> Grade(IReadOnlyList<(string Student, string Notebook)> submissions,
        int jobs, Action<StudentGrade> graded)
    {
        var grades = new StudentGrade[submissions.Count];
        Parallel.For(0, submissions.Count, new() { MaxDegreeOfParallelism = jobs }, i =>
        {
            grades[i] = GradeOne(submissions[i].Student, submissions[i].Notebook);
            lock (grades)
            {
                graded(grades[i]);
            }
        });
        return [.. grades];
    }

    /// <summary>The exercises that the class was given: those of the notebooks of which anybody
    /// handed one in.</summary>
    public Seq<ExerciseInfo> Exercises(IEnumerable<StudentGrade> grades)
    {
        var notebooks = grades.SelectMany(g => g.Grade.Results.Keys)
            .Select(id => id.Split('/')[0]).ToHashSet(StringComparer.Ordinal);
        return catalog.All.Where(e => notebooks.Count == 0 || notebooks.Contains(e.Notebook))
            .ToSeq();
    }

    private StudentGrade GradeOne(string student, string notebook)
    {
        var root = Directory.CreateTempSubdirectory("kube-grade-").FullName;
        try
        {
            var (work, home) = (Path.Combine(root, "work"), Path.Combine(root, "home"));
            Directory.CreateDirectory(home);
            Directory.CreateDirectory(work);
            var copy = Path.Combine(work, Path.GetFileName(notebook));
            File.Copy(notebook, copy);
            var beside = Path.GetDirectoryName(notebook)!;
            var hints = Path.GetFileName(beside) == student
                ? new ProgressFile(beside).Hints() : (int?)null;
            return new(student, notebook, new GradeProcess(catalog, limit).Grade(
                new() { Notebook = copy, Fixtures = fixtures }, home)) { Hints = hints };
        }
        catch (Exception e)
        {
            // Whatever is wrong with one submission, the others are graded.
            return new(student, notebook, new() { Unreadable = e.Message });
        }
        finally
        {
            try
            {
                Directory.Delete(root, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A leftover in the temporary folder hurts nobody.
            }
        }
    }
}
