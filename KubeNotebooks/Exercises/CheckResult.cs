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

/// <summary>What grading an answer came to.</summary>
public sealed record CheckResult
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
    public Seq<TestOutcome> Tests { get; init; }
}
