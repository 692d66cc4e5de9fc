namespace KubeSim;

// What etcd does of itself: events and leases end, and after a fault its members tick until they
// are at one again.
internal sealed partial class Simulation
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private bool expiryArmed;
    private bool raftArmed;
    private DateTime? leasesArmed;
    private int etcdStarts;

    /// <summary>What etcd itself answered to the latest request from outside.</summary>
    public object? Outcome { get; set; }

    /// <summary>Several members start anew with the data that there is.</summary>
    public void StartEtcd()
    {
        if (Options.EtcdMembers > 1)
        {
            var chance = Random.Fork($"etcd#{etcdStarts++}");
            Store.Members = new(Store, Options.EtcdMembers, chance);
        }
    }

    /// <summary>Lets etcd's members tick until that changes nothing more.</summary>
    public void ArmRaft()
    {
        if (!raftArmed && Store.Members is { IsQuiet: false })
        {
            raftArmed = true;
            CountWork(Pace.Progress, 1);
            EnqueueEtcd(WorkType.Raft, Now + EtcdMembers.TickTime, Pace.Progress);
        }
    }

    /// <summary>Sees to it that leases end when nobody keeps them alive.</summary>
    public void ArmLeases()
    {
        if (Store.NextLeaseExpiry is { } next && !(leasesArmed <= next))
        {
            leasesArmed = next;
            EnqueueEtcd(WorkType.Lease, next, Pace.Background);
        }
    }

    /// <summary>Sees to it that old events go, a minute's worth at a time, as etcd's shared leases
    /// let them.</summary>
    private void ArmExpiry()
    {
        if (!expiryArmed && Store.NextEventExpiry is { } next)
        {
            expiryArmed = true;
            var due = next + Minute;
            EnqueueEtcd(WorkType.Expire, due > Now ? due : Now + Minute, Pace.Background);
        }
    }

    private void TickRaft()
    {
        CountWork(Pace.Progress, -1);
        raftArmed = false;
        ByItself(Store.Members!.Tick);
        ArmRaft();
    }

    private void ExpireLeases()
    {
        leasesArmed = null;
        if (Agreed("lease revoke"))
        {
            ByItself(() => Store.ExpireLeases(Now));
            ArmLeases();
        }
        else
        {
            EnqueueEtcd(WorkType.Lease, Now + Minute, Pace.Background);
        }
    }

    private void Expire()
    {
        expiryArmed = false;
        if (Agreed("lease revoke"))
        {
            ByItself(() => Store.ExpireEvents(Now));
        }
        ArmExpiry();
    }

    // Only a leader ends leases, and the others have to agree.
    private bool Agreed(string what)
    {
        try
        {
            Store.Members?.Commit(what, () => { });
            return true;
        }
        catch (EtcdException)
        {
            return false;
        }
    }

    private void ByItself(Action act)
    {
        var before = Store.Head;
        act();
        Steps.Begin(Store.Head);
        RouteFrom(before, []);
    }

    private void EnqueueEtcd(WorkType type, DateTime due, Pace pace) =>
        Enqueue(due, new(type, Store, default, pace, 0, default));
}
