namespace KubeSim;

/// <summary>What can be done to a component or a machine.</summary>
public enum FaultOp
{
    /// <summary>The process, or every process of the machine, dies and loses its memory.</summary>
    Crash,

    /// <summary>Ends every fault of the target: what died starts anew, what was cut off catches
    /// up. Of one cursor, it ends its Hold alone.</summary>
    Restore,

    /// <summary>The target reaches the API server no more: no watches, and writes fail.</summary>
    Partition,

    /// <summary>The target's cursor stands still: it sees the past, but may write.</summary>
    Hold,

    /// <summary>The process dies right after its n-th further write.</summary>
    CrashAfterWrite,

    /// <summary>The answer to its n-th further write is lost, though the write was carried
    /// out.</summary>
    LoseReply,

    /// <summary>All that the target's cache holds is shown to it once more, as informers do
    /// periodically.</summary>
    Resync,
}

/// <summary>The faults of a simulation. A target is <c>node-2</c> (a machine and all on it),
/// <c>kubelet/node-2</c> (one instance), <c>replicaset-controller</c>, or
/// <c>replicaset-controller:Pod</c> (one cursor, for Hold, Restore and Resync); of a cluster with
/// several members of etcd also <c>etcd-1</c>.</summary>
internal sealed class Faults(Simulation simulation)
{
    private readonly List<(Shard Shard, FaultOp Op, int Left)> planned = [];

    /// <summary>What a step says in which its process died.</summary>
    public const string Died = "the process died after this write";

    /// <summary>Thrown out of a reconcile when the process dies in the middle of it.</summary>
    public sealed class CrashedException : Exception;

    public void Apply(FaultInput fault)
    {
        if (simulation.Store.Members is { } etcd && etcd.Find(fault.Target) is { } member)
        {
            ApplyTo(etcd, member, fault);
            simulation.ArmRaft();
            return;
        }
        var (shards, kind) = Find(fault.Target, make: true);
        foreach (var shard in shards)
        {
            ApplyTo(shard, kind, fault);
        }
        if (simulation.Store.Get(new ObjectKey(Kinds.Node, "", fault.Target)) is not null)
        {
            ApplyToMachine(fault);
        }
    }

    private void ApplyToMachine(FaultInput fault)
    {
        switch (fault.Op)
        {
            case FaultOp.Crash:
                simulation.World.Crash(fault.Target);
                break;
            case FaultOp.Restore:
                simulation.World.Restore(fault.Target);
                break;
            case FaultOp.Partition:
                simulation.World.Partition(fault.Target);
                break;
        }
    }

    /// <summary>Checks a target before it is journaled.</summary>
    /// <exception cref="ArgumentException">There is no such component, node or kind.</exception>
    public void Check(FaultInput fault)
    {
        if (simulation.Store.Members?.Find(fault.Target) is null)
        {
            Find(fault.Target, make: false);
        }
        else if (fault.Op is FaultOp.Hold or FaultOp.Resync)
        {
            throw new ArgumentException($"fault target \"{fault.Target}\": a member of etcd has no "
                + "cursor to hold; cut it off with partition");
        }
    }

    private static void ApplyTo(EtcdMembers etcd, int member, FaultInput fault)
    {
        switch (fault.Op)
        {
            case FaultOp.Crash:
                etcd.Crash(member);
                break;
            case FaultOp.Restore:
                etcd.Restore(member);
                break;
            case FaultOp.Partition:
                etcd.Partition(member);
                break;
            default:
                etcd.LoseReply(member, fault.Count, fault.Op == FaultOp.CrashAfterWrite);
                break;
        }
    }

    public static void BeforeWrite(Shard shard, ApiRequest request)
    {
        if (shard.Partitioned)
        {
            var verb = request.Verb is Verb.Create ? "Post" : request.Verb is Verb.Delete ? "Delete"
                : request.Verb is Verb.Patch ? "Patch" : "Put";
            throw ApiErrors.Of(503, "ServiceUnavailable",
                $"{verb} \"https://kubernetes.default.svc{request.Path}\": "
                + "dial tcp 10.96.0.1:443: i/o timeout");
        }
    }

    public void AfterWrite(Shard shard)
    {
        for (var i = 0; i < planned.Count; i++)
        {
            var plan = planned[i];
            if (plan.Shard != shard)
            {
                continue;
            }
            if (plan.Left > 1)
            {
                planned[i] = plan with { Left = plan.Left - 1 };
                continue;
            }
            planned.RemoveAt(i);
            if (plan.Op == FaultOp.CrashAfterWrite)
            {
                throw new CrashedException();
            }
            throw new ApiException(Refusals.EtcdUnreachable);
        }
    }

    private void ApplyTo(Shard shard, Kind? kind, FaultInput fault)
    {
        switch (fault.Op)
        {
            case FaultOp.Crash:
                shard.Crash();
                break;
            case FaultOp.Restore when kind is not null:
                CatchUp(shard, kind);
                break;
            case FaultOp.Restore:
                Restore(shard);
                break;
            case FaultOp.Resync:
                simulation.Resync(shard, kind);
                break;
            case FaultOp.Partition:
                shard.Partitioned = true;
                HoldCursors(shard, null);
                break;
            case FaultOp.Hold:
                HoldCursors(shard, kind);
                break;
            default:
                planned.Add((shard, fault.Op, Math.Max(1, fault.Count)));
                break;
        }
    }

    private void Restore(Shard shard)
    {
        shard.Partitioned = false;
        planned.RemoveAll(p => p.Shard == shard);
        if (shard.Reconciler is null)
        {
            shard.Start();
        }
        if (!shard.Listed)
        {
            // It has seen nothing yet: it lists what is there now, not what was then.
            shard.ReleaseAll();
            simulation.AskForList(shard, simulation.DrawService());
        }
        else
        {
            CatchUp(shard, null);
        }
    }

    private void CatchUp(Shard shard, Kind? only)
    {
        if (shard.Listed && !shard.Partitioned && shard.Held is { Count: > 0 })
        {
            simulation.EnqueueNow(WorkType.CatchUp, shard, simulation.DrawService(),
                only is null ? default : new(only, "", ""));
        }
    }

    private void HoldCursors(Shard shard, Kind? only)
    {
        if (shard.Reconciler is null)
        {
            return;
        }
        foreach (var watched in shard.Component.Watches)
        {
            if (only is null || only.Equals(watched.Kind))
            {
                shard.Hold(watched.Kind, simulation.CursorOf(shard, watched.Kind));
            }
        }
    }

    private (IReadOnlyList<Shard> Shards, Kind? Kind) Find(string target, bool make)
    {
        var colon = target.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? target : target[..colon];
        var kindName = colon < 0 ? null : target[(colon + 1)..];
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var node = slash < 0 ? null : name[(slash + 1)..];
        var component = simulation.Components
            .FirstOrDefault(c => c.Name == (slash < 0 ? name : name[..slash]));
        Kind? kind = null;
        if (kindName is not null)
        {
            kind = component?.Watches.FirstOrDefault(w => w.Kind.Name == kindName)?.Kind
                ?? throw new ArgumentException($"fault target \"{target}\": {name} watches no "
                    + $"{kindName}; it watches "
                    + Names(component?.Watches.Select(w => w.Kind.Name)));
        }
        if (component is not null)
        {
            var shards = node is null ? component.Shards
                : component.Find(node) is { } one ? [one] : [];
            return shards.Count > 0 ? (shards.ToArray(), kind) : throw new ArgumentException(
                $"fault target \"{target}\": {component.Name} does not run there; it runs on "
                + Names(component.Shards.Select(s => s.Node)));
        }
        if (simulation.Store.Get(new ObjectKey(Kinds.Node, "", name)) is not null)
        {
            // An instance that nothing has called for yet is on the machine all the same.
            return (simulation.Components.Where(c => c.Spec.PerNode)
                .Select(c => c.Find(name) ?? (make ? simulation.Begin(c, name) : null))
                .OfType<Shard>().ToArray(), null);
        }
        var onNode = simulation.Components.Select(c => c.Find(name)).OfType<Shard>().ToArray();
        return onNode.Length > 0 ? (onNode, null)
            : throw new ArgumentException($"fault target \"{target}\": no such node or component; "
                + $"components are {Names(simulation.Components.Select(c => c.Name))}");
    }

    private static string Names(IEnumerable<string>? names) =>
        names is null ? "nothing" : string.Join(", ", names.Take(60));
}
