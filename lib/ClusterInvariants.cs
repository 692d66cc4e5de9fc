namespace KubeSim;

/// <summary>Something that should always hold does not hold after a step.</summary>
public sealed class InvariantBrokenException : Exception
{
    internal InvariantBrokenException(string name, StepRecord? step)
        : base($"\"{name}\" no longer holds after {step?.ToString() ?? "an input"}")
    {
        Name = name;
        Step = step;
    }

    /// <summary>What should always hold, in words.</summary>
    public string Name { get; }

    /// <summary>The step that broke it, with its causes; null when an input did.</summary>
    public StepRecord? Step { get; }
}

/// <summary>What the cluster watches over at every step.</summary>
public sealed partial class Cluster
{
    private readonly List<(string Name, Func<Cluster, bool> Holds, bool Broken)> invariants = [];

    /// <summary>Checks at every step that something holds. The step that breaks it throws, once,
    /// with its causes; it is watched again when it holds again.</summary>
    /// <example><c>cluster.Always("≥ 3 ready", c => c.List&lt;Pod&gt;().Count(p => p.IsReady) >=
    /// 3);</c></example>
    public void Always(string name, Func<Cluster, bool> holds)
    {
        using var own = Own();
        invariants.Add((name, holds, false));
        CheckInvariants(byStep: false);
    }

    private void CheckInvariants(bool byStep)
    {
        for (var i = 0; i < invariants.Count; i++)
        {
            var (name, holds, broken) = invariants[i];
            var good = holds(this);
            if (good == broken)
            {
                invariants[i] = (name, holds, !good);
            }
            if (!good && !broken)
            {
                throw new InvariantBrokenException(name, byStep ? StepAt(StepCount) : null);
            }
        }
    }
}
