namespace KubeNotebooks;

/// <summary>The answer that is being graded on this flow of control, and what its tests said on
/// the way.</summary>
internal sealed class Submission(Func<object?> answer)
{
    private static readonly AsyncLocal<Submission?> Running = new();

    /// <summary>The submission that is graded now; null outside of grading.</summary>
    public static Submission? Current
    {
        get => Running.Value;
        set => Running.Value = value;
    }

    /// <summary>What the test that runs tries.</summary>
    public string? Scenario { get; private set; }

    /// <summary>What was wanted, to be shown.</summary>
    public object? Wanted { get; private set; }

    /// <summary>What came instead, to be shown.</summary>
    public object? Actual { get; private set; }

    public static T Answer<T>() => (T)(Current
        ?? throw new InvalidOperationException("no answer is being graded"))
        .New()!;

    public static void Note(string scenario) => Current?.Scenario = scenario;

    public static void Part(object? wanted, object? actual)
    {
        Current?.Wanted = wanted;
        Current?.Actual = actual;
    }

    private object? New() => answer();
}
