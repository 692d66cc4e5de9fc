namespace KubeNotebooks;

/// <summary>Takes answers down instead of grading them: a cell is run to learn its answer, and
/// graded later, where its tests can be stopped and its process can be lost.</summary>
internal sealed class AnswerRecorder
{
    private static readonly AsyncLocal<AnswerRecorder?> Running = new();

    private readonly Dictionary<string, Func<object?>> answers = new(StringComparer.Ordinal);

    /// <summary>The recorder of this flow of control; null in a notebook.</summary>
    public static AnswerRecorder? Current
    {
        get => Running.Value;
        set => Running.Value = value;
    }

    /// <summary>True once the stub's <see cref="Todo"/> was reached.</summary>
    public bool ReachedTodo { get; set; }

    private string source = "";

    /// <summary>How the cell ended.</summary>
    public CellResult? Cell { get; private set; }

    public void Take(string id, Func<object?> answer) => answers[id] = answer;

    public Func<object?>? AnswerOf(string id) => answers.GetValueOrDefault(id);

    /// <summary>Runs a cell and takes its answers down.</summary>
    public static AnswerRecorder Run(ScriptSession session, string cell, TimeSpan limit)
    {
        var recorder = new AnswerRecorder { source = cell };
        Current = recorder;
        try
        {
            recorder.Cell = session.Execute(cell, limit);
        }
        finally
        {
            Current = null;
        }
        return recorder;
    }

    /// <summary>Grades the answer of a cell that was run, or says why it cannot be.</summary>
    public CheckResult Grade(ExerciseInfo exercise)
    {
        var result = exercise.Result(CheckStatus.NotAttempted);
        return (Cell!.End, AnswerOf(exercise.Id)) switch
        {
            // A stub to mend may have no Todo: it is one as long as its code is unchanged.
            _ when ExerciseCell.SameCode(source, exercise.Cell("stub")) => result,
            (_, { } answer) => ExerciseRunner.Run(exercise, answer),
            (CellEnd.CompileError, _) => result with
            {
                Status = CheckStatus.CompileError, Error = Cell.Error,
            },
            (CellEnd.Timeout or CellEnd.Interrupted, _) => result with
            {
                Status = CheckStatus.Timeout, Error = "The cell did not end before its check.",
            },
            (CellEnd.Exception, _) when !ReachedTodo => result with
            {
                Status = CheckStatus.Graded, Error = Cell.Error,
            },
            _ => result,
        };
    }
}
