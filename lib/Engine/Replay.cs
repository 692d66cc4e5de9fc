namespace KubeSim;

/// <summary>A replay that did not come out as the run before: some component draws on something
/// outside the cluster, such as the wall clock or a static.</summary>
public sealed class ReplayDivergedException : Exception
{
    internal ReplayDivergedException(long step, string component)
        : base($"replay diverged at step {step}: {component} depends on something outside the "
            + "cluster")
    {
        Step = step;
        Component = component;
    }

    /// <summary>The first step that came out otherwise.</summary>
    public long Step { get; }

    /// <summary>The component that took it.</summary>
    public string Component { get; }
}

/// <summary>Runs a journal again. The same options and inputs give the same run, and the digests of
/// the first run prove it at every step.</summary>
internal static class Replay
{
    /// <summary>A new simulation brought to where a run stands now.</summary>
    /// <exception cref="ReplayDivergedException">A step came out otherwise.</exception>
    public static Simulation Whole(Simulation original)
    {
        var copy = new Simulation(original.Options);
        Into(copy, original, null);
        return copy;
    }

    /// <summary>Brings a new simulation to where a run stands now, and tells somebody of every step
    /// on the way.</summary>
    /// <param name="copy">The new simulation.</param>
    /// <param name="original">The run.</param>
    /// <param name="stepped">Is told of every step.</param>
    /// <param name="until">Is told up to when nothing happens: it may let that time pass.</param>
    /// <exception cref="ReplayDivergedException">A step came out otherwise.</exception>
    public static void Into(Simulation copy, Simulation original, Action<StepRecord>? stepped,
        Action<DateTime>? until = null)
    {
        To(copy, original, original.Items, stepped, until);
        until?.Invoke(original.Now);
        copy.AdvanceTo(original.Now);
    }

    /// <summary>A new simulation brought to right before a step of a run, with every input that was
    /// given before that step.</summary>
    /// <exception cref="ReplayDivergedException">A step came out otherwise.</exception>
    public static Simulation Before(Simulation original, long step)
    {
        var copy = new Simulation(original.Options);
        To(copy, original, original.Steps[step].Items - 1, null);
        return copy;
    }

    /// <summary>A step of a run in full.</summary>
    /// <exception cref="ReplayDivergedException">A step came out otherwise.</exception>
    public static StepRecord StepAt(Simulation original, long number)
    {
        var copy = Before(original, number);
        copy.ExecuteNext(detail: true, out var step);
        Check(copy, original, number);
        return step!;
    }

    private static void To(Simulation copy, Simulation original, long items,
        Action<StepRecord>? stepped, Action<DateTime>? until = null)
    {
        foreach (var entry in original.Journal.TakeWhile(e => e.Items <= items))
        {
            Run(copy, original, entry.Items, stepped, until);
            until?.Invoke(entry.Time);
            copy.AdvanceTo(entry.Time);
            copy.Submit(entry.Input);
        }
        Run(copy, original, items, stepped, until);
    }

    private static void Run(Simulation copy, Simulation original, long items,
        Action<StepRecord>? stepped, Action<DateTime>? until)
    {
        while (copy.Items < items)
        {
            var before = copy.Steps.Count;
            if (until is not null && copy.TryNextDue(out var due))
            {
                until(due);
            }
            if (!copy.ExecuteNext(detail: stepped is not null, out var step))
            {
                Check(copy, original, before + 1);
            }
            if (copy.Steps.Count > before)
            {
                Check(copy, original, copy.Steps.Count);
            }
            if (step is not null)
            {
                stepped?.Invoke(step);
            }
        }
    }

    private static void Check(Simulation copy, Simulation original, long number)
    {
        if (number < original.Steps.Oldest || number > original.Steps.Count)
        {
            return;
        }
        var first = original.Steps[number];
        if (copy.Steps.Count < number || first.Rolling != copy.Steps[number].Rolling)
        {
            throw new ReplayDivergedException(number, first.Shard.Instance);
        }
    }
}
