namespace KubeSim;

/// <summary>The log of steps: for each its digest and causes, and for each revision the step or the
/// input that wrote it. Details come back by replay.</summary>
internal sealed class Steps
{
    private readonly ChunkedLog<StepLog> steps = new(1);

    // By revision: n > 0 is step n, n < 0 is input -n, 0 is the start of the cluster.
    private readonly ChunkedLog<long> origins = new(1);
    private long input;

    /// <summary>The number of steps so far; the steps are numbered from 1.</summary>
    public long Count => steps.Next - 1;

    /// <summary>The number of the oldest step that is still known.</summary>
    public long Oldest => steps.First;

    public StepLog this[long number] => steps[number];

    public void Add(in StepLog step)
    {
        steps.Append(step);
        Originate(step.Last, Count);
    }

    public void BeginInput(long number) => input = number;

    public void InputWrote(Revision head) => Originate(head, -input);

    /// <summary>Says that the revisions up to one came with the cluster, or from etcd
    /// itself.</summary>
    public void Begin(Revision head) => Originate(head, 0);

    /// <summary>Who wrote a revision: n &gt; 0 is step n, n &lt; 0 is input -n, 0 the start; null
    /// when that is no longer known.</summary>
    public long? OriginOf(Revision revision) =>
        revision.Value < origins.First || revision.Value >= origins.Next
            ? null : origins[revision.Value];

    public void Trim(Revision oldest)
    {
        while (origins.First < oldest.Value)
        {
            origins.DropFirst();
        }
        var first = origins.Count > 0 ? origins[origins.First] : 0;
        while (steps.First < first)
        {
            steps.DropFirst();
        }
    }

    /// <summary>The record of the step that was just added.</summary>
    public StepRecord Record(Simulation simulation, Shard shard, ObjectKey key, in Pending pending,
        string? error) => new()
        {
            Number = Count,
            Time = simulation.Now,
            Component = shard.Component.Name,
            Node = shard.Node,
            Key = key,
            Causes = pending.All,
            Saw = shard.Seen.Select(simulation.Store.Log).ToSeq(),
            Changes = shard.Context.Changes.ToSeq(),
            Did = shard.Context.Deeds.ToSeq(),
            Error = error,
            Digest = steps[Count].Rolling,
        };

    private void Originate(Revision head, long origin)
    {
        while (origins.Next <= head.Value)
        {
            origins.Append(origin);
        }
    }
}
