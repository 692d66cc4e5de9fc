namespace KubeNotebooks;

/// <summary>Thrown by a stub: nothing was written yet.</summary>
public sealed class NotAttemptedException : Exception
{
    /// <summary>Nothing was written yet.</summary>
    public NotAttemptedException()
        : base("not attempted: write your code in place of Todo")
    {
    }
}

/// <summary>Stands where the learner's code goes. It has every type, and using it is "not
/// attempted", never a crash.</summary>
/// <example><code>public long Score(…) => Todo.Long();   // YOUR CODE</code></example>
public static class Todo
{
    /// <summary>Stands for an expression of any type.</summary>
    public static T Of<T>()
    {
        Submission.Current?.ReachedTodo = true;
        AnswerRecorder.Current?.ReachedTodo = true;
        throw new NotAttemptedException();
    }

    /// <summary>Stands for a whole number.</summary>
    public static long Long() => Of<long>();

    /// <summary>Stands for a yes or no.</summary>
    public static bool Bool() => Of<bool>();

    /// <summary>Stands for a text, such as a manifest.</summary>
    public static string Text() => Of<string>();

    /// <summary>Stands for statements.</summary>
    public static void Here() => Of<object>();
}
