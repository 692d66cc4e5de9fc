using System.Globalization;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks;

/// <summary>A fixture that grades answers of one type: an interface of the library, a delegate, or
/// the text of a manifest.</summary>
/// <typeparam name="T">What an answer is.</typeparam>
/// <example><code>
/// [Exercise("06-scheduler/2", "Prefer the emptiest node")]
/// [Hint(1, "Look at NodeInfo.Requested.")]
/// public sealed class LeastAllocatedTests : ExerciseFixture&lt;IScorePlugin&gt;
/// {
///     [Test, Points(2), Task("An empty node scores higher than a full one")]
///     public void Empty_node_wins()
///     {
///         Scenario("two nodes, one with 3 of 4 CPUs requested");
///         Assert.That(…, "The full node got the higher score: …");
///     }
/// }
/// </code></example>
public abstract class ExerciseFixture<T>
{
    private TextWriter? console;

    /// <summary>What the answer prints is kept apart from the notebook's output.</summary>
    [SetUp]
    public void CaptureOutput()
    {
        if (Submission.Current is { } submission)
        {
            console = Console.Out;
            Console.SetOut(submission.Output);
        }
    }

    /// <summary>Gives the console back.</summary>
    [TearDown]
    public void ReleaseOutput()
    {
        if (console is not null)
        {
            Console.SetOut(console);
        }
    }

    /// <summary>A fresh answer: the learner's factory is called each time. Outside of grading it
    /// is the reference solution's.</summary>
    /// <exception cref="NotAttemptedException">There is nothing but the stub.</exception>
    protected T New() => Submission.Answer<T>(GetType());

    /// <summary>Says what is tried, before the first claim.</summary>
    protected void Scenario(string text) => Submission.Note(text);

    /// <summary>Fails, with a message written for the learner, and shows what was wanted beside
    /// what came, as pictures at the first step where they part.</summary>
    protected void Fail(string message, object? wanted = null, object? actual = null)
    {
        Submission.Part(wanted, actual);
        Assert.Fail(message);
    }

    /// <summary>Runs a cluster until only periodic work is left, and fails when a component keeps
    /// requeueing a key without end.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="limit">The most virtual time, ten minutes by default.</param>
    /// <param name="budget">The most steps.</param>
    protected RunResult Converge(Cluster cluster, TimeSpan? limit = null, int budget = 5000)
    {
        var (start, before) = (cluster.Now, cluster.Stepped);
        var counts = new Dictionary<(string Component, ObjectKey Key), int>();
        var steps = 0;
        cluster.Stepped = step =>
        {
            before?.Invoke(step);
            var key = (step.Component, step.Key);
            counts[key] = counts.GetValueOrDefault(key) + 1;
            if (++steps >= budget)
            {
                var (most, times) = counts.MaxBy(c => c.Value);
                var seconds = (cluster.Now - start).TotalSeconds;
                throw new AssertionException(string.Create(CultureInfo.InvariantCulture,
                    $"Your controller keeps requeueing {most.Key}: {times} reconciles of "
                    + $"{most.Component} in {seconds:0.#} s of virtual time. ")
                    + "Write only when something must "
                    + "change, and ask to be called again only when time alone can change it.");
            }
        };
        try
        {
            return cluster.Converge(limit);
        }
        finally
        {
            cluster.Stepped = before;
        }
    }
}
