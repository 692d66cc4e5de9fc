using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>One link of a causal chain: a person's input, or a step, with what it wrote.</summary>
public sealed record CausalLink
{
    /// <summary>The number of the step; 0 for an input.</summary>
    public long Step { get; init; }

    /// <summary>The number of the input in the journal; 0 for a step.</summary>
    public long Input { get; init; }

    /// <summary>When it happened, in virtual time (UTC).</summary>
    public DateTime Time { get; init; }

    /// <summary>Who did it: a component's instance, or the input in words.</summary>
    public string Who { get; init; } = "";

    /// <summary>The key that the component worked on; unset for an input.</summary>
    public ObjectKey Key { get; init; }

    /// <summary>What it wrote, a line each.</summary>
    public Seq<string> Wrote { get; init; }

    /// <summary>What made it happen.</summary>
    public Seq<Cause> Causes { get; init; }

    /// <summary>The links that made it happen: n for step n, -n for input n.</summary>
    public Seq<long> From { get; init; }

    /// <summary>The link on one line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Time:HH:mm:ss.fff}  {(Step > 0 ? $"step {Step}" : $"input {Input}"),-9} {Who}"
        + $"{(Wrote.IsEmpty ? "" : ": " + string.Join("; ", Wrote))}");
}

/// <summary>Why an object is as it is: every step and input that led to its state, oldest
/// first.</summary>
public sealed record CausalChain
{
    /// <summary>The object asked about.</summary>
    public required ObjectKey About { get; init; }

    /// <summary>The links, oldest first.</summary>
    public required Seq<CausalLink> Links { get; init; }

    /// <summary>True when some cause lies before the history that is kept.</summary>
    public bool IsCut { get; init; }

    /// <summary>The chain as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The chain as text, a link a line.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"why {About}:");
        foreach (var link in Links)
        {
            text.Append("\n  ").Append(link);
        }
        return IsCut ? text.Append("\n  (earlier causes are no longer kept)").ToString()
            : text.ToString();
    }
}

/// <summary>Follows recorded causes back to a person's input.</summary>
internal static class Why
{
    public static CausalChain Of(Simulation simulation, ObjectKey about)
    {
        var walk = new Walk(simulation);
        // Each state of the object had its own cause: its creation, its binding, its start.
        for (var r = simulation.Store.Head; r.Value > 0 && r >= simulation.Store.Oldest;)
        {
            var e = simulation.Store.LastChange(about, r);
            if (e is null)
            {
                break;
            }
            walk.Revision(e.Value.At.Value);
            r = new(e.Value.At.Value - 1);
        }
        walk.Run();
        return new() { About = about, Links = walk.Links(), IsCut = walk.IsCut };
    }

    private sealed class Walk(Simulation simulation)
    {
        private readonly SortedSet<long> steps = [];
        private readonly SortedSet<long> inputs = [];
        private readonly Queue<long> open = [];

        public bool IsCut { get; private set; }

        public void Revision(long revision)
        {
            switch (simulation.Steps.OriginOf(new(revision)))
            {
                case null:
                    IsCut = true;
                    break;
                case > 0 and var step:
                    Step(step);
                    break;
                case < 0 and var input:
                    inputs.Add(-input);
                    break;
            }
        }

        public void Run()
        {
            while (open.TryDequeue(out var number))
            {
                foreach (var cause in CausesOf(simulation.Steps[number]))
                {
                    Follow(cause);
                }
            }
        }

        public Seq<CausalLink> Links() => inputs.Select(InputLink).Concat(steps.Select(StepLink))
            .OrderBy(l => l.Time).ThenBy(l => l.Step).ThenBy(l => l.Input).ToSeq();

        private static Seq<Cause> CausesOf(in StepLog step) =>
            step.First == default ? [] : [step.First, .. step.More ?? []];

        private void Follow(Cause cause)
        {
            switch (cause.Type)
            {
                case CauseType.Revision:
                    Revision(cause.Number);
                    break;
                case CauseType.Timer:
                    Step(cause.Number);
                    break;
                default:
                    inputs.Add(cause.Number);
                    break;
            }
        }

        private void Step(long number)
        {
            if (number < simulation.Steps.Oldest)
            {
                IsCut |= number > 0;
            }
            else if (steps.Add(number))
            {
                open.Enqueue(number);
            }
        }

        private CausalLink StepLink(long number)
        {
            var step = simulation.Steps[number];
            var wrote = new List<string>();
            for (var i = step.Last.Value - step.Writes + 1; i <= step.Last.Value; i++)
            {
                if (new Revision(i) >= simulation.Store.Oldest)
                {
                    wrote.Add(Line(simulation.Store.Log(new(i))));
                }
            }
            return new()
            {
                Step = number, Time = new(step.Ticks, DateTimeKind.Utc), Who = step.Shard.Instance,
                Key = step.Key, Wrote = [.. wrote], Causes = CausesOf(step),
                From = CausesOf(step).Select(LinkOf).Where(n => n != 0).Distinct().ToSeq(),
            };
        }

        private long LinkOf(Cause cause) => cause.Type switch
        {
            CauseType.Revision => simulation.Steps.OriginOf(new(cause.Number)) ?? 0,
            CauseType.Timer => cause.Number,
            _ => -cause.Number,
        };

        private static string Line(in WatchEvent e)
        {
            if (e.Old is Pod { IsScheduled: false } && e.New is Pod { IsScheduled: true } bound)
            {
                return $"bound {e.Key} to {bound.Spec.NodeName}";
            }
            var verb = e.New is null ? "deleted" : e.Old is null ? "created" : "updated";
            return e.Object is Event { Reason: var reason } ? $"event {reason}"
                : e.Old is Pod old && e.New is Pod now && StateOf(old) != StateOf(now)
                ? $"{verb} {e.Key}: {StateOf(now)}" : $"{verb} {e.Key}";
        }

        private static string StateOf(Pod pod) => (pod.IsTerminating ? "terminating, " : "")
            + $"{pod.Status.Phase}{(pod.IsReady ? " and ready" : "")}";

        private CausalLink InputLink(long number)
        {
            var entry = simulation.Journal[(int)number - 1];
            return new() { Input = number, Time = entry.Time, Who = entry.Input.Describe };
        }
    }
}
