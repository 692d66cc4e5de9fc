namespace KubeNotebooks;

/// <summary>Grades answers: a learner's cell ends with
/// <c>Exercise.Check(id, () => …)</c>.</summary>
public static class Exercise
{
    /// <summary>Grades an answer and shows what came of it.</summary>
    /// <param name="id">The notebook and a number: <c>04-control-loop/1</c>.</param>
    /// <param name="answer">Makes a fresh answer; called once for each scenario.</param>
    public static CheckResult Check<T>(string id, Func<T> answer) => Grade(id, () => answer());

    /// <summary>Grades an answer that is a text, such as a manifest.</summary>
    /// <param name="id">The notebook and a number: <c>04-control-loop/1</c>.</param>
    /// <param name="answer">The text; one of nothing but comments is no attempt.</param>
    public static CheckResult Check(string id, string answer) => Grade(id, () => answer);

    /// <summary>Grades an answer that is a function.</summary>
    /// <param name="id">The notebook and a number: <c>04-control-loop/1</c>.</param>
    /// <param name="answer">Such as <c>(Cluster c) => c.List&lt;Pod&gt;().Count()</c>.</param>
    public static CheckResult Check(string id, Delegate answer) => Grade(id, () => answer);

    /// <summary>The next hint; asking costs nothing, and is counted.</summary>
    /// <param name="id">The notebook and a number: <c>04-control-loop/1</c>.</param>
    public static string Hint(string id) => Hint(id, null);

    internal static string Hint(string id, string? folder)
    {
        var hints = ExerciseCatalog.Installed().Find(id).Hints;
        if (hints.IsEmpty)
        {
            return "There are no hints for this one.";
        }
        var given = 0;
        (folder is null ? ProgressFile.Here() : new(folder)).Change(p => p.With(id, e => e with
        {
            Hints = given = Math.Min(e.Hints + 1, hints.Count),
        }));
        return $"Hint {given} of {hints.Count}: {hints[given - 1]}";
    }

    /// <summary>A solution and why it is one: after a pass, or for one who gives up.</summary>
    /// <param name="id">The notebook and a number: <c>04-control-loop/1</c>.</param>
    /// <param name="giveUp">True: show it though the exercise was not passed.</param>
    public static string Solution(string id, bool giveUp = false)
    {
        var exercise = ExerciseCatalog.Installed().Find(id);
        var progress = ProgressFile.Here().Read().Of(id);
        return !giveUp && !progress.Passed
            ? $"Not passed yet. To see it all the same: Exercise.Solution(\"{id}\", giveUp: true)"
            : exercise.Cell("solution") ?? "There is no written solution for this one.";
    }

    private static CheckResult Grade(string id, Func<object?> answer)
    {
        if (AnswerRecorder.Current is { } recorder)
        {
            recorder.Take(id, answer);
            return new() { Exercise = id, Status = CheckStatus.NotAttempted };
        }
        var result = ExerciseRunner.Run(ExerciseCatalog.Installed().Find(id), answer);
        ProgressFile.Here().Record(result);
        return result;
    }
}
