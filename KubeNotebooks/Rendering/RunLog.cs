using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>One thing that happened: a step of a component, what a person did, or the
/// start.</summary>
internal sealed record Frame
{
    /// <summary>Its place in the run: 0 is the start.</summary>
    public int Number { get; init; }

    public required DateTime Time { get; init; }

    /// <summary>The cluster right after it.</summary>
    public required Revision Revision { get; init; }

    /// <summary>The step; null for the start and for what a person did.</summary>
    public StepRecord? Step { get; init; }

    /// <summary>Where nothing happens: the title and the sentence of a map that only shows how
    /// things stand.</summary>
    public (string Title, string Headline)? Still { get; init; }

    /// <summary>What a person did, a line each.</summary>
    public Seq<string> Inputs { get; init; }

    /// <summary>The objects that a person wrote.</summary>
    public Seq<ObjectKey> Touched { get; init; }

    /// <summary>The revisions of the events that the step reported.</summary>
    public (long First, long Last) Events { get; init; }

    /// <summary>The reasons of those events.</summary>
    public Seq<string> Reported { get; init; }

    /// <summary>What is crashed or cut off after it: instances, nodes.</summary>
    public Seq<string> Down { get; init; }
}

/// <summary>Listens to a run and keeps what a player shows: every step, every input of a person,
/// and who wrote which revision. Of very long runs the middle is left out.</summary>
internal sealed class RunLog
{
    /// <summary>So many steps from the start and as many up to the end are kept.</summary>
    public const int Half = 10_000;

    // Events are gone after an hour: look before that.
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(30);

    private readonly Cluster cluster;
    private readonly List<Frame> head = [];
    private readonly Queue<Frame> tail = new();
    private readonly Dictionary<long, (string Who, long Step)> writers = [];
    private readonly SortedDictionary<long, Event> events = [];
    private readonly SortedSet<string> down = new(StringComparer.Ordinal);
    private readonly SortedSet<string> nodeComponents = new(StringComparer.Ordinal);
    private readonly SortedSet<string> acting = new(StringComparer.Ordinal);
    private readonly Revision began;
    private Revision last;
    private Revision lastStep;
    private DateTime swept;
    private int inputs;
    private int count;

    public RunLog(Cluster cluster, DateTime start)
    {
        this.cluster = cluster;
        (Start, swept) = (start, start);
        began = last = lastStep = cluster.Revision;
        inputs = cluster.Journal.Count;
        nodeComponents.UnionWith(ClusterMap.PerNode);
        Add(new() { Time = start, Revision = began });
    }

    public DateTime Start { get; }

    /// <summary>How many frames there were, those left out included.</summary>
    public int Count => count;

    public Cluster Cluster => cluster;

    /// <summary>The components that every node has one of.</summary>
    public IReadOnlyCollection<string> NodeComponents => nodeComponents;

    /// <summary>The components that did something, or that a fault took away: the others have no
    /// part in the story.</summary>
    public string[] Components => [.. cluster.Components.Concat(acting).Distinct()
        .Where(c => acting.Contains(c) || down.Contains(c))];

    /// <summary>To be told of every step.</summary>
    public void Write(StepRecord step)
    {
        var first = FirstWrite(step);
        AddInputs(first.Value > 0 ? new(first.Value - 1) : cluster.Revision);
        var from = lastStep;
        last = lastStep = cluster.Revision;
        foreach (var change in step.Changes)
        {
            if (Words.IsWrite(change))
            {
                writers[change.Revision.Value] = (Words.Who(step), step.Number);
            }
        }
        acting.Add(step.Component);
        if (step.Node.Length > 0)
        {
            nodeComponents.Add(step.Component);
        }
        Add(new()
        {
            Time = step.Time, Revision = last, Step = step,
            Events = (from.Value + 1, last.Value),
        });
        if (step.Time - swept > SweepEvery)
        {
            Sweep(step.Time);
        }
    }

    /// <summary>All frames that are kept, in order, once the run is over.</summary>
    public List<Frame> Finish()
    {
        AddInputs(cluster.Revision);
        Sweep(cluster.Now);
        return [.. head.Concat(tail).Select(f => f.Step is null ? f : f with
        {
            Reported = [.. EventsOf(f).Select(e => e.Reason ?? "").Distinct()],
        })];
    }

    /// <summary>The events that a step reported.</summary>
    public IEnumerable<Event> EventsOf(Frame frame)
    {
        for (var r = frame.Events.First; r > 0 && r <= frame.Events.Last; r++)
        {
            if (events.TryGetValue(r, out var e) && e.Source.Component == frame.Step?.Component)
            {
                yield return e;
            }
            else if (e is not null && e.ReportingComponent == frame.Step?.Component)
            {
                yield return e;
            }
        }
    }

    /// <summary>A cause in words.</summary>
    public string Because(Cause cause, StepRecord step)
    {
        var number = cause.Number.ToString(CultureInfo.InvariantCulture);
        switch (cause.Type)
        {
            case CauseType.Timer:
                return cause.Number == 0 ? "a timer set at the start"
                    : $"a timer that step {number} set";
            case CauseType.Input:
                return cause.Number < 1 || cause.Number > cluster.Journal.Count ? $"input {number}"
                    : $"input {number}: {Words.Did(cluster.Journal[(int)cause.Number - 1].Input)}";
        }
        return Plain(cause, step) + By(cause.Number);
    }

    /// <summary>A cause in words, from the step alone.</summary>
    public static string Plain(Cause cause, StepRecord step)
    {
        foreach (var e in step.Saw)
        {
            if (cause.Type == CauseType.Revision && e.At.Value == cause.Number)
            {
                return $"{cause}: {Words.Saw(e)}";
            }
        }
        return $"{cause}";
    }

    private string By(long revision) => revision <= began.Value ? " (there from the start)"
        : writers.TryGetValue(revision, out var writer)
            ? $" by {writer.Who}" + (writer.Step == 0 ? ""
                : string.Create(CultureInfo.InvariantCulture, $" at step {writer.Step}"))
            : "";

    private static Revision FirstWrite(StepRecord step)
    {
        foreach (var change in step.Changes)
        {
            if (Words.IsWrite(change))
            {
                return change.Revision;
            }
        }
        return default;
    }

    // Inputs at one instant are one frame: to the cluster they are one moment.
    private void AddInputs(Revision after)
    {
        while (inputs < cluster.Journal.Count)
        {
            var time = cluster.Journal[inputs].Time;
            var (lines, touched) = (new List<string>(), new List<ObjectKey>());
            while (inputs < cluster.Journal.Count && cluster.Journal[inputs].Time == time)
            {
                var input = cluster.Journal[inputs++].Input;
                lines.Add(Words.Did(input));
                Note(input, touched);
            }
            for (var r = last.Value + 1; r <= after.Value; r++)
            {
                writers[r] = ("you", 0);
            }
            last = after > last ? after : last;
            Add(new()
            {
                Time = time, Revision = last, Inputs = [.. lines], Touched = [.. touched],
            });
        }
    }

    private void Note(Input input, List<ObjectKey> touched)
    {
        if (input is RequestInput { Request: var request })
        {
            touched.Add(Words.About(request));
        }
        else if (input is FaultInput { Op: FaultOp.Crash or FaultOp.Partition } fault)
        {
            down.Add(fault.Target);
        }
        else if (input is FaultInput { Op: FaultOp.Restore } restored)
        {
            down.Remove(restored.Target);
        }
    }

    private void Add(Frame frame)
    {
        frame = frame with { Number = count++, Down = [.. down] };
        if (head.Count <= Half)
        {
            head.Add(frame);
            return;
        }
        tail.Enqueue(frame);
        if (tail.Count > Half)
        {
            tail.Dequeue();
        }
    }

    // An event that repeats is written over, so look at each of its earlier states too.
    private void Sweep(DateTime now)
    {
        swept = now;
        foreach (var e in cluster.List<Event>())
        {
            var at = e;
            while (at is not null && events.TryAdd(at.Metadata.ResourceVersion.Value, at))
            {
                at = (at.Count ?? 1) > 1 || at.Series is not null
                    ? cluster.At(at.Metadata.ResourceVersion.Value - 1)
                        .Find<Event>(at.Metadata.Namespace, at.Metadata.Name)
                    : null;
            }
        }
    }
}
