namespace KubeSim;

// The few components that keep something in etcd itself, such as flanneld, are clients of it like
// the API server: their keys are no objects, nobody defaults or validates them, and no RBAC asks.
// They watch them as <see cref="Watched"/> of EtcdKeys.Raw, at a cursor like any other.
public sealed partial class ReconcileContext
{
    /// <summary>The keys of etcd that begin with a prefix, as they are now: a linearizable
    /// read.</summary>
    /// <exception cref="EtcdException">Nobody answers, or no quorum.</exception>
    public Seq<EtcdKeyValue> EtcdRange(string prefix)
    {
        CheckEtcd();
        simulation.Store.Members?.CheckRead();
        Busy += simulation.DrawService();
        return simulation.Store.Range(prefix);
    }

    /// <summary>Grants a lease of etcd; returns its number.</summary>
    /// <exception cref="EtcdException">Nobody answers, or no quorum.</exception>
    public long EtcdGrant(TimeSpan ttl) =>
        (long)AskEtcd(new() { Grant = (long)ttl.TotalSeconds });

    /// <summary>Ends a lease of etcd, with its keys.</summary>
    /// <exception cref="EtcdException">Nobody answers, or no quorum.</exception>
    public void EtcdRevoke(long lease) => AskEtcd(new() { Revoke = lease });

    /// <summary>Carries out operations on keys of etcd if all conditions hold.</summary>
    /// <exception cref="EtcdException">Nobody answers, or no quorum.</exception>
    /// <exception cref="ApiException">The answer was lost.</exception>
    public EtcdTxnResponse EtcdTxn(Seq<EtcdCompare> when, Seq<EtcdOp> then) =>
        (EtcdTxnResponse)AskEtcd(new() { When = when, Then = then });

    private object AskEtcd(EtcdRequest request)
    {
        CheckEtcd();
        var before = simulation.Store.Head;
        var answer = new EtcdInput(request).Ask(simulation);
        Busy += simulation.DrawService();
        for (var r = before.Next; r <= simulation.Store.Head; r = r.Next)
        {
            var written = simulation.Store.Log(r);
            changes.Add(new()
            {
                Verb = written.New is null ? Verb.Delete
                    : written.Old is null ? Verb.Create : Verb.Update,
                Key = written.Key, Revision = r, Before = written.Old, After = written.New,
            });
        }
        if (simulation.Store.Head > before)
        {
            commits.Add((simulation.Store.Head, Busy));
            simulation.Faults.AfterWrite(shard);
        }
        return answer;
    }

    private void CheckEtcd()
    {
        if (shard.Partitioned)
        {
            throw EtcdException.Unreachable;
        }
    }
}
