namespace KubeSim;

/// <summary>What can go wrong, on purpose. A target is <c>node-2</c> (a machine and all on it),
/// <c>kubelet/node-2</c> (one instance), <c>replicaset-controller</c>, or
/// <c>replicaset-controller:Pod</c> (one cursor, for <see cref="Hold"/>, <see cref="Restore"/> and
/// <see cref="Resync"/>). Where etcd has several members, <c>etcd-1</c> is one of them.</summary>
public sealed class ClusterFaults
{
    private readonly Cluster cluster;

    internal ClusterFaults(Cluster cluster) => this.cluster = cluster;

    /// <summary>The process, or every process of the machine, dies and loses its memory.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void Crash(string target) => Submit(FaultOp.Crash, target);

    /// <summary>Ends every fault of the target: what died starts anew, what was cut off catches
    /// up. Of one cursor, it ends its <see cref="Hold"/> alone.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void Restore(string target) => Submit(FaultOp.Restore, target);

    /// <summary>The target reaches the API server no more: it sees the past and its writes
    /// fail.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void Partition(string target) => Submit(FaultOp.Partition, target);

    /// <summary>The target's cursor stands still: it sees the past, but may write.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void Hold(string target) => Submit(FaultOp.Hold, target);

    /// <summary>All that the target's cache holds is shown to it once more, as informers do
    /// periodically.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void Resync(string target) => Submit(FaultOp.Resync, target);

    /// <summary>The process dies right after its n-th further write.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void CrashAfterWrite(string target, int n = 1) =>
        Submit(FaultOp.CrashAfterWrite, target, n);

    /// <summary>The answer to its n-th further write is lost, though the write was carried
    /// out.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void LoseReply(string target, int n = 1) => Submit(FaultOp.LoseReply, target, n);

    /// <summary>Any of these by its name.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void Submit(FaultOp op, string target, int count = 0) =>
        cluster.SubmitFault(new FaultInput(op, target, count));
}

/// <summary>The faults of a cluster.</summary>
public sealed partial class Cluster
{
    /// <summary>What can go wrong, on purpose.</summary>
    public ClusterFaults Faults { get; }

    /// <summary>Other chances for what comes: how long writes and watches take is drawn anew, so
    /// that the same past goes on in another order.</summary>
    /// <param name="seed">Where the new draws come from.</param>
    /// <param name="slowestWatch">The longest that a change is on its way to its watchers; null: as
    /// before.</param>
    public void Reseed(ulong seed, TimeSpan? slowestWatch = null) =>
        Owned(s => s.Submit(new ReseedInput(seed, slowestWatch)));

    internal void SubmitFault(FaultInput fault)
    {
        using var own = Own();
        simulation.Faults.Check(fault);
        simulation.Submit(fault);
    }
}
