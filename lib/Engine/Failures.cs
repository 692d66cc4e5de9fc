namespace KubeSim;

/// <summary>A run that lets no time pass: some component keeps adding keys at one
/// instant.</summary>
public sealed class EndlessRunException(string message) : Exception(message);

/// <summary>A component threw something other than an <see cref="ApiException"/>: a bug in it. The
/// cluster goes on; the key is tried again with back-off.</summary>
public sealed class ComponentFailedException : Exception
{
    internal ComponentFailedException(long step, string component, ObjectKey key, Exception bug)
        : base($"{component} failed at step {step} on {key}: {bug.GetType().Name}: {bug.Message}",
            bug)
    {
        Step = step;
        Component = component;
    }

    /// <summary>The number of the step.</summary>
    public long Step { get; }

    /// <summary>The component's instance.</summary>
    public string Component { get; }
}
