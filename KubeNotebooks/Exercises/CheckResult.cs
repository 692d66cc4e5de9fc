using System.Text.Json;
using System.Text.Json.Serialization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>How one test of an exercise went.</summary>
public sealed record TestOutcome
{
    /// <summary>The test's name.</summary>
    public required string Name { get; init; }

    /// <summary>What it asks for.</summary>
    public required string Task { get; init; }

    /// <summary>What it gives.</summary>
    public required int Points { get; init; }

    /// <summary>True when it passed.</summary>
    public required bool Passed { get; init; }

    /// <summary>Why it did not pass, written for the learner.</summary>
    public string Message { get; init; } = "";
}

/// <summary>What became of an answer.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckStatus>))]
public enum CheckStatus
{
    /// <summary>It was graded.</summary>
    Graded,

    /// <summary>There is nothing but the stub.</summary>
    NotAttempted,

    /// <summary>It did not end in time.</summary>
    Timeout,

    /// <summary>It does not compile.</summary>
    CompileError,

    /// <summary>Its process ended before its tests did.</summary>
    Crashed,
}

/// <summary>A value as it is shown, kept after the value is gone.</summary>
/// <param name="Html">The value as HTML.</param>
/// <param name="Text">The value in plain text.</param>
public sealed record Snapshot(string Html, string Text)
{
    internal static Snapshot? Of(object? value) => value switch
    {
        null => null,
        // Other hosts' formatters bring a style sheet along for a text.
        string text => new($"<pre>{Markup.Escape(text)}</pre>", text),
        _ => new(Shown.Html(value), Shown.Text(value)),
    };
}

/// <summary>What is shown of the first test that failed.</summary>
public sealed record FailureDetail
{
    /// <summary>What was tried; empty when the test does not say.</summary>
    public string Scenario { get; init; } = "";

    /// <summary>What was wanted, where the two part; null when the test does not show it.</summary>
    public Snapshot? Wanted { get; init; }

    /// <summary>What came instead.</summary>
    public Snapshot? Actual { get; init; }

    /// <summary>What the answer printed, cut.</summary>
    public string Output { get; init; } = "";

    /// <summary>The test itself; empty when its source is not at hand.</summary>
    public string Source { get; init; } = "";
}

/// <summary>What grading an answer came to. It shows itself in a notebook.</summary>
public sealed partial record CheckResult
{
    /// <summary>The exercise.</summary>
    public required string Exercise { get; init; }

    /// <summary>What became of the answer.</summary>
    public required CheckStatus Status { get; init; }

    /// <summary>The points it got.</summary>
    public int Points { get; init; }

    /// <summary>The most points one can get.</summary>
    public int MaxPoints { get; init; }

    /// <summary>How each test went, in the fixture's order.</summary>
    [JsonConverter(typeof(TestsConverter))]
    public Seq<TestOutcome> Tests { get; init; }

    /// <summary>More about the first test that failed; null when none did.</summary>
    public FailureDetail? Failure { get; init; }

    /// <summary>What stands against grading it: a compiler's message, a crash; else
    /// empty.</summary>
    public string Error { get; init; } = "";

    /// <summary>After a pass: another solution, and why; else empty.</summary>
    public string Solution { get; init; } = "";

    /// <summary>True when it got every point.</summary>
    [JsonIgnore]
    public bool Passed => Status == CheckStatus.Graded && Points == MaxPoints;

    /// <summary>The first test that failed; null when none did.</summary>
    [JsonIgnore]
    public TestOutcome? FirstFailed => Tests.FirstOrDefault(t => !t.Passed);

    private sealed class TestsConverter : JsonConverter<Seq<TestOutcome>>
    {
        public override Seq<TestOutcome> Read(ref Utf8JsonReader reader, Type type,
            JsonSerializerOptions options) =>
            [.. JsonSerializer.Deserialize<TestOutcome[]>(ref reader, options) ?? []];

        public override void Write(Utf8JsonWriter writer, Seq<TestOutcome> value,
            JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.ToArray(), options);
    }
}
