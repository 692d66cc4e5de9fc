namespace KubeNotebooks;

/// <summary>Grades answers: a learner's cell ends with
/// <c>Exercise.Check(id, () => …)</c>.</summary>
public static class Exercise
{
    /// <summary>Grades an answer and shows what came of it.</summary>
    /// <param name="id">The notebook and a number: <c>04-control-loop/1</c>.</param>
    /// <param name="answer">Makes a fresh answer; called once for each scenario.</param>
    public static CheckResult Check<T>(string id, Func<T> answer) =>
        throw new NotImplementedException();
}
