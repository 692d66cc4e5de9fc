namespace KubeSim;

/// <summary>The changes of one kind on their way to the watchers. A revision is routed once, after
/// the watch latency and never before an earlier one of its kind.</summary>
internal sealed class Stream(Kind kind)
{
    private readonly Queue<(Revision Revision, DateTime Due)> waiting = [];
    private DateTime last;

    public Kind Kind { get; } = kind;

    /// <summary>Who watches the kind, in the order of registration.</summary>
    public List<(Component Component, Watched Watched)> Watchers { get; } = [];

    public int Waiting => waiting.Count;

    /// <summary>Adds a change; true when it is the only one that waits, so that the caller sets it
    /// going.</summary>
    public bool Add(Revision revision, DateTime earliest, out DateTime due)
    {
        due = earliest > last ? earliest : last;
        last = due;
        waiting.Enqueue((revision, due));
        return waiting.Count == 1;
    }

    public Revision Take() => waiting.Dequeue().Revision;

    /// <summary>When the next change arrives; false when none waits.</summary>
    public bool TryNext(out DateTime due)
    {
        var any = waiting.TryPeek(out var next);
        due = next.Due;
        return any;
    }

    /// <summary>The latest revision whose state of this kind every watcher has seen.</summary>
    public Revision Cursor(Revision head) =>
        waiting.TryPeek(out var next) ? new(next.Revision.Value - 1) : head;
}
