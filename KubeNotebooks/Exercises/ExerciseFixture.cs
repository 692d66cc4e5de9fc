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
    /// <summary>A fresh answer: the learner's factory is called each time.</summary>
    /// <exception cref="NotAttemptedException">There is nothing but the stub.</exception>
    protected T New() => Submission.Answer<T>();

    /// <summary>Says what is tried, before the first claim.</summary>
    protected void Scenario(string text) => Submission.Note(text);

    /// <summary>Fails, with a message written for the learner, and shows what was wanted beside
    /// what came, as pictures at the first step where they part.</summary>
    protected void Fail(string message, object? wanted = null, object? actual = null)
    {
        Submission.Part(wanted, actual);
        Assert.Fail(message);
    }
}
