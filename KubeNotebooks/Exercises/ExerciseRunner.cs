using System.Reflection;
using NUnit;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace KubeNotebooks;

/// <summary>Runs the tests of an exercise over an answer with NUnit's own runner: one test at a
/// time, each on a thread that can be stopped.</summary>
internal static class ExerciseRunner
{
    /// <summary>The most wall time of a test.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>The most points of an exercise.</summary>
    public static int MaxPoints(ExerciseInfo exercise) =>
        Tests(Load(exercise).LoadedTest!).Sum(PointsOf);

    /// <summary>Grades an answer.</summary>
    /// <param name="exercise">The exercise.</param>
    /// <param name="answer">Makes a fresh answer.</param>
    /// <param name="limit">The most wall time of a test.</param>
    public static CheckResult Run(ExerciseInfo exercise, Func<object?> answer,
        TimeSpan? limit = null)
    {
        var submission = new Submission(answer);
        var runner = Load(exercise);
        var outcomes = new List<TestOutcome>();
        FailureDetail? failure = null;
        var timedOut = false;
        foreach (var test in Tests(runner.LoadedTest!))
        {
            var message = timedOut ? "Not run: an earlier test did not end."
                : RunOne(runner, test, submission, limit ?? Limit, out timedOut);
            outcomes.Add(new()
            {
                Name = test.Name, Task = TaskOf(test), Points = PointsOf(test),
                Passed = message is null, Message = message ?? "",
            });
            if (message is not null && failure is null)
            {
                failure = Describe(exercise, test, submission);
            }
        }
        var result = exercise.Result(CheckStatus.Graded) with
        {
            Points = outcomes.Where(o => o.Passed).Sum(o => o.Points),
            Tests = [.. outcomes], Failure = failure,
        };
        return result with
        {
            Status = submission.ReachedTodo && result.Points == 0 ? CheckStatus.NotAttempted
                : timedOut ? CheckStatus.Timeout : CheckStatus.Graded,
            Solution = result.Passed ? exercise.Cell("solution") ?? "" : "",
        };
    }

    // Null when it passed, else the message for the learner.
    private static string? RunOne(NUnitTestAssemblyRunner runner, ITest test,
        Submission submission, TimeSpan limit, out bool timedOut)
    {
        submission.Begin();
        ITestResult? result = null;
        var (output, error) = (Console.Out, Console.Error);
        try
        {
            // Whoever runs us may be a test itself: the tests inside must not see it.
            using (ExecutionContext.SuppressFlow())
            {
                var (end, failure, _) = CellThread.Run(test.Name, () =>
                {
                    Submission.Current = submission;
                    var whole = runner.Run(TestListener.NULL, TestFilter.FromXml(
                        $"<filter><id>{test.Id}</id></filter>"));
                    result = Leaves(whole).FirstOrDefault(r => r.Test.Id == test.Id) ?? whole;
                    return Task.CompletedTask;
                }, limit, CancellationToken.None);
                timedOut = end != CellEnd.Ok && failure is null;
                if (failure is not null)
                {
                    throw new InvalidOperationException($"{test.FullName} cannot run", failure);
                }
            }
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
        return timedOut ? $"It did not end within {limit.TotalSeconds:0} s. Look for a loop that "
            + "never ends, or a controller that keeps itself busy."
            : result!.ResultState.Status == TestStatus.Passed ? null : MessageOf(result);
    }

    // A claim that fails gives the author's words; NUnit adds its "Assert.That(…)" line to them.
    private static string MessageOf(ITestResult result)
    {
        var failed = result.AssertionResults.FirstOrDefault(a =>
            a.Status is AssertionStatus.Failed or AssertionStatus.Error)?.Message ?? result.Message;
        var lines = failed.Split('\n').Select(l => l.TrimEnd())
            .Where(l => !l.TrimStart().StartsWith("Assert.That(", StringComparison.Ordinal))
            .Select(l => l.StartsWith("  ", StringComparison.Ordinal) ? l[2..] : l);
        var text = string.Join('\n', lines).Trim();
        var written = result.ResultState.Label != "Error";
        return written ? text
            : text.Replace("KubeNotebooks.WrongAnswerException : ", "", StringComparison.Ordinal)
                is var told && told != text ? told : $"Your code threw {text}";
    }

    private static FailureDetail Describe(ExerciseInfo exercise, ITest test,
        Submission submission) => new()
        {
            Scenario = submission.Scenario,
            Wanted = Snapshot.Of(submission.Wanted),
            Actual = Snapshot.Of(submission.Actual),
            Output = submission.Output.ToString(),
            Source = exercise.Catalog.SourceOf(exercise.Fixture.Name, test.MethodName!),
        };

    private static NUnitTestAssemblyRunner Load(ExerciseInfo exercise)
    {
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(exercise.Fixture.Assembly, new Dictionary<string, object>
        {
            [FrameworkPackageSettings.LOAD] = new List<string> { exercise.Fixture.FullName! },
            [FrameworkPackageSettings.NumberOfTestWorkers] = 0,
            [FrameworkPackageSettings.RunOnMainThread] = true,
            [FrameworkPackageSettings.SynchronousEvents] = true,
        });
        return runner;
    }

    // In the author's order where [Order] gives one.
    private static IEnumerable<ITest> Tests(ITest suite) => suite.IsSuite ? suite.Tests
        .OrderBy(t => t.Properties.Get(PropertyNames.Order) as int? ?? int.MaxValue)
        .SelectMany(Tests) : [suite];

    private static IEnumerable<ITestResult> Leaves(ITestResult result) => result.HasChildren
        ? result.Children.SelectMany(Leaves) : [result];

    private static int PointsOf(ITest test) =>
        test.Method!.MethodInfo.GetCustomAttribute<PointsAttribute>()?.Points ?? 1;

    private static string TaskOf(ITest test) =>
        test.Method!.MethodInfo.GetCustomAttribute<TaskAttribute>()?.Text
        ?? test.Name.Replace('_', ' ');
}
