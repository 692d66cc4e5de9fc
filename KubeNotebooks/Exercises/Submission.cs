using System.Text;

namespace KubeNotebooks;

/// <summary>The answer that is being graded on this flow of control, and what its tests said on
/// the way.</summary>
internal sealed class Submission(Func<object?> answer)
{
    private const int MostOutput = 4000;

    private static readonly AsyncLocal<Submission?> Running = new();

    /// <summary>The submission that is graded now; null outside of grading.</summary>
    public static Submission? Current
    {
        get => Running.Value;
        set => Running.Value = value;
    }

    /// <summary>What the test that runs tries.</summary>
    public string Scenario { get; private set; } = "";

    /// <summary>What was wanted, to be shown.</summary>
    public object? Wanted { get; private set; }

    /// <summary>What came instead, to be shown.</summary>
    public object? Actual { get; private set; }

    /// <summary>True once the stub's <see cref="Todo"/> was reached.</summary>
    public bool ReachedTodo { get; set; }

    /// <summary>What the answer prints, cut: an endless one must not fill the memory.</summary>
    public BoundedWriter Output { get; } = new(MostOutput);

    /// <summary>A fresh answer; outside of grading, that of the reference solution.</summary>
    /// <exception cref="NotAttemptedException">There is nothing but the stub.</exception>
    public static T Answer<T>(Type fixture)
    {
        var made = Current is { } current ? current.New()
            : ExerciseCatalog.Of(fixture.Assembly).ReferenceAnswer(fixture)();
        return made switch
        {
            T answer => answer,
            // `(Cluster c) => …` has the type that the compiler gives it: make it the asked one.
            Delegate natural when typeof(T).IsSubclassOf(typeof(Delegate))
                && Delegate.CreateDelegate(typeof(T), natural.Target, natural.Method,
                    throwOnBindFailure: false) is T same => same,
            _ => throw new WrongAnswerException($"The answer must be {Name(typeof(T))}; yours is "
                + (made is null ? "null" : Name(made.GetType())) + "."),
        };
    }

    public static void Note(string scenario) => Current?.Scenario = scenario;

    public static void Part(object? wanted, object? actual)
    {
        Current?.Wanted = wanted;
        Current?.Actual = actual;
    }

    /// <summary>Begins the next test.</summary>
    public void Begin()
    {
        Scenario = "";
        Wanted = Actual = null;
        Output.Clear();
    }

    // A manifest of nothing but comments is as good as none.
    private object? New() => answer() is var made && made is string text
        && text.Split('\n').All(l => l.TrimStart() is "" or ['#', ..])
            ? Todo.Of<object>() : made;

    private static string Name(Type type) => !type.IsGenericType ? type.Name
        : type.Name.Split('`')[0]
            + $"<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
}

/// <summary>An answer of the wrong type: the message is for the learner.</summary>
internal sealed class WrongAnswerException(string message) : Exception(message);

/// <summary>Keeps the first characters and drops the rest.</summary>
internal sealed class BoundedWriter(int most) : TextWriter
{
    private readonly StringBuilder text = new();

    public override Encoding Encoding => Encoding.Unicode;

    public override void Write(char value)
    {
        if (text.Length < most)
        {
            text.Append(value);
        }
    }

    public void Clear() => text.Clear();

    public override string ToString() =>
        text.Length < most ? text.ToString() : text + "\n… (cut)";
}
