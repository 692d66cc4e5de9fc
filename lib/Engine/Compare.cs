using System.Text;

namespace KubeSim;

/// <summary>Where two runs part.</summary>
public sealed record Divergence
{
    /// <summary>The number of the first step that differs.</summary>
    public required long Step { get; init; }

    /// <summary>That step in the first run; null when it has no more steps.</summary>
    public StepRecord? First { get; init; }

    /// <summary>That step in the second run; null when it has no more steps.</summary>
    public StepRecord? Second { get; init; }

    /// <summary>The objects that differ after that step, and how: before is the first run, after
    /// the second.</summary>
    public Seq<FieldChange> Differences { get; init; }

    /// <summary>Both steps and what differs as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>Both steps as text, and what differs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"the runs part at step {Step}");
        text.Append("\nfirst:  ").Append(First is null ? "(has ended)" : First.ToString());
        text.Append("\nsecond: ").Append(Second is null ? "(has ended)" : Second.ToString());
        foreach (var difference in Differences)
        {
            text.Append("\n  ").Append(difference);
        }
        return text.ToString();
    }
}

/// <summary>Finds the first step in which two runs differ.</summary>
internal static class Comparison
{
    public static Divergence? Of(Simulation first, Simulation second)
    {
        var common = Math.Min(first.Steps.Count, second.Steps.Count);
        var start = Math.Max(first.Steps.Oldest, second.Steps.Oldest);
        for (var step = start; step <= common; step++)
        {
            if (first.Steps[step].Own != second.Steps[step].Own)
            {
                return At(first, second, step);
            }
        }
        return first.Steps.Count == second.Steps.Count ? null : At(first, second, common + 1);
    }

    private static Divergence At(Simulation first, Simulation second, long step)
    {
        var (a, b) = (StepAt(first, step), StepAt(second, step));
        return new() { Step = step, First = a, Second = b, Differences = Differ(a, b) };
    }

    private static StepRecord? StepAt(Simulation simulation, long step) =>
        step > simulation.Steps.Count ? null : Replay.StepAt(simulation, step);

    private static Seq<FieldChange> Differ(StepRecord? a, StepRecord? b)
    {
        var differences = new List<FieldChange>();
        void Line(string path, string? left, string? right)
        {
            if (left != right)
            {
                differences.Add(new(path, left, right));
            }
        }
        Line("component", a?.Instance, b?.Instance);
        static string? Time(StepRecord? step) => step is null ? null : $"{step.Time:HH:mm:ss.fff}";
        Line("time", Time(a), Time(b));
        Line("key", a?.Key.ToString(), b?.Key.ToString());
        Line("causes", a?.Causes.ToString(), b?.Causes.ToString());
        Line("error", a?.Error, b?.Error);
        var most = Math.Max(a?.Changes.Count ?? 0, b?.Changes.Count ?? 0);
        for (var i = 0; i < most; i++)
        {
            var left = i < a?.Changes.Count ? a.Changes[i] : null;
            var right = i < b?.Changes.Count ? b.Changes[i] : null;
            Line($"write {i + 1}", left?.ToString(), right?.ToString());
            if (left?.After is { } x && right?.After is { } y && left.Key == right.Key)
            {
                differences.AddRange(Diff.Between(x, y));
            }
        }
        return [.. differences];
    }
}
