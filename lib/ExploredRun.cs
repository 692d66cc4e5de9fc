using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>One thing that goes wrong for the component that is explored.</summary>
/// <param name="Op">Hold (its cache stands still), CrashAfterWrite, or LoseReply.</param>
/// <param name="Cursor">For Hold, the kind whose changes it does not see; else empty.</param>
/// <param name="AfterWrite">After how many of its writes; 0: from the start.</param>
/// <param name="For">How long, until it catches up or starts anew.</param>
public sealed record Disturbance(FaultOp Op, string Cursor, int AfterWrite, TimeSpan For)
{
    /// <summary>The disturbance in words.</summary>
    public override string ToString() => Op switch
    {
        FaultOp.Hold => $"from write {AfterWrite} on it sees no change of any {Cursor} for "
            + GoDuration.Format(For),
        FaultOp.LoseReply => $"the reply to write {AfterWrite} is lost",
        _ => $"its process dies after write {AfterWrite} and is back "
            + $"{GoDuration.Format(For)} later",
    };
}

/// <summary>What distinguishes one run of a scenario from another.</summary>
public sealed record ExplorePlan
{
    /// <summary>Decides the delays; 0 keeps those of the scenario.</summary>
    public ulong Seed { get; init; }

    /// <summary>True: a change is up to 200 ms on its way to its watchers.</summary>
    public bool SlowWatches { get; init; }

    /// <summary>What goes wrong.</summary>
    public Seq<Disturbance> Disturbances { get; init; }

    /// <summary>The plan in words.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"seed {Seed}{(SlowWatches ? ", slow watches" : "")}")
        + (Disturbances.IsEmpty ? ", nothing goes wrong"
            : string.Concat(Disturbances.Select(d => $"; {d}")));
}

/// <summary>One run of an exploration, as far as it got.</summary>
public sealed record ExploredRun : IComparable<ExploredRun>
{
    private const int Lines = 24;

    /// <summary>What made the run what it is; with the scenario, it gives the run
    /// again.</summary>
    public required ExplorePlan Plan { get; init; }

    /// <summary>The cluster at the end of the run, at the step that failed: its journal replays the
    /// run, and it can be rewound and forked.</summary>
    public required Cluster Cluster { get; init; }

    /// <summary>The component that was disturbed; empty when none was.</summary>
    public string Component { get; init; } = "";

    /// <summary>The kinds that the component watches, by name.</summary>
    public Seq<string> Watches { get; init; }

    /// <summary>The writes of the component.</summary>
    public int Writes { get; init; }

    /// <summary>The steps taken, with their causes.</summary>
    public Seq<StepRecord> Steps { get; init; }

    /// <summary>What does not hold, in words; null when all holds.</summary>
    public string? Broken { get; init; }

    /// <summary>More about it; empty when there is no more to say.</summary>
    public string Detail { get; init; } = "";

    /// <summary>True when something does not hold.</summary>
    public bool Failed => Broken is not null;

    /// <summary>The step at which the component acted on a view of the cluster that was out of
    /// date, the last one; null when it always saw all that there was.</summary>
    public StepRecord? StaleStep => Steps.LastOrDefault(s => IsOwn(s) && StaleView(s).Length > 0
        && s.Changes.Any(c => c.Verb is Verb.Create or Verb.Delete));

    /// <summary>The steps of the story: those in which the component wrote or failed, and the last
    /// one, whoever took it.</summary>
    public Seq<StepRecord> Story => Steps.Where((s, i) => i == Steps.Count - 1
        || (IsOwn(s) && (s.Changes.Count > 0 || s.Error is not null))).ToSeq();

    /// <summary>The run as HTML.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The smaller run comes first: fewer disturbances, then fewer steps, then the lower
    /// seed.</summary>
    public int CompareTo(ExploredRun? other) => other is null ? -1 : Rank.CompareTo(other.Rank);

    /// <summary>The run as a story: what was asked, what the component did, what it did not know,
    /// and what came of it.</summary>
    public override string ToString()
    {
        var culture = CultureInfo.InvariantCulture;
        // What is planned for later, the plan tells; here comes what happened at its time.
        var inputs = Cluster.Journal.Where(e => e.Input is not (ComponentInput or FaultInput
            {
                Op: FaultOp.LoseReply or FaultOp.CrashAfterWrite,
            }))
            .Select(e => (e.Time, Text: $"         {e.Input.Describe}"));
        var own = Story.Select(s => (s.Time, Text: Tell(s)));
        var story = inputs.Concat(own).OrderBy(l => l.Time).ToArray();
        var text = new StringBuilder().Append(culture, $"  {Plan}");
        if (story.Length > Lines)
        {
            text.Append(culture, $"\n  … {story.Length - Lines} lines before these");
        }
        foreach (var (time, line) in story.TakeLast(Lines))
        {
            text.Append(culture, $"\n  {time:HH:mm:ss.fff}  {line}");
        }
        if (Failed)
        {
            text.Append(culture, $"\n{Capital(Broken!)}.");
            text.Append(Detail.Length > 0 ? $" {Detail}" : "");
        }
        return StaleStep is not { } stale || !Failed ? text.ToString()
            : text.Append(culture, $"\nAt step {stale.Number} {Who} ").Append(StaleView(stale))
                .Append('.').ToString();
    }

    /// <summary>How what the component saw at a step differs from what there was; empty when it
    /// saw every object that there was.</summary>
    public string StaleView(StepRecord step)
    {
        var parts = new List<string>();
        foreach (var kind in step.Unseen.Select(e => e.Key.Kind).Distinct())
        {
            var missed = step.Unseen.Where(e => e.Key.Kind.Equals(kind)
                && e.Key.Namespace == step.Key.Namespace && WhatOf(e).Length > 0).ToArray();
            if (missed.Length == 0)
            {
                continue;
            }
            var there = Cluster.Engine.Store
                .List(kind, step.Key.Namespace, Before(step)).Count();
            var saw = there - missed.Count(e => e.Old is null) + missed.Count(e => e.New is null);
            var unknown = string.Join(", ", missed.Take(3).Select(e => $"that {OriginOf(e, step)} "
                + $"{WhatOf(e)} {e.Key}")) + (missed.Length > 3 ? ", and more" : "");
            parts.Add(saw == there ? $"had not yet seen {unknown}"
                : string.Create(CultureInfo.InvariantCulture,
                    $"saw {saw} {(saw == 1 ? kind.Singular : kind.Plural)}, but "
                    + $"{(there == 1 ? "there was" : "there were")} {there}:\n"
                    + $"it had not yet seen {unknown}"));
        }
        return string.Join("; it ", parts);
    }

    private string Who => Cluster.Journal.Any(e => e.Input is ComponentInput { Spec: var spec }
        && spec.Name == Component) ? "your controller" : Component;

    private (int, int, ulong) Rank =>
        (Plan.Disturbances.Count + (Plan.SlowWatches ? 1 : 0), Steps.Count, Plan.Seed);

    private bool IsOwn(StepRecord step) => step.Component == Component;

    private string Tell(StepRecord step)
    {
        var culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder().Append(culture,
            $"step {step.Number,-3} {step.Instance}, {step.Key}:");
        const string next = "\n                ";
        if (IsOwn(step) && StaleView(step) is { Length: > 0 } stale)
        {
            text.Append(next).Append("it ")
                .Append(stale.Replace("\n", next, StringComparison.Ordinal));
        }
        foreach (var change in step.Changes)
        {
            text.Append(next).Append(change);
        }
        return text.Append(step.Error is null ? "" : $"{next}failed: {step.Error}").ToString();
    }

    // What was stored when the step began: all but what it wrote itself.
    private Revision Before(StepRecord step)
    {
        var log = Cluster.Engine.Steps[step.Number];
        return new(log.Last.Value - log.Writes);
    }

    private string OriginOf(in WatchEvent e, StepRecord step) =>
        Cluster.Engine.Steps.OriginOf(e.At) switch
        {
            > 0 and var n => (Cluster.Engine.Steps[n].Shard.Component.Name == step.Component
                ? "its own step " : "step ") + n.ToString(CultureInfo.InvariantCulture),
            _ => "a person",
        };

    private static string WhatOf(in WatchEvent e) => e.Old is null ? "created"
        : e.New is null ? "removed"
        : e.New.IsTerminating && !e.Old.IsTerminating ? "began to delete" : "";

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
