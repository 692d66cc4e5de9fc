using System.Text;

namespace KubeSim;

/// <summary>
/// etcd itself, as <c>etcdctl</c> reaches it: past the API server, its authorisation, its defaults
/// and its validation. What is written here is what the API server serves from then on, and
/// watchers see it like any other change.
/// </summary>
/// <example><code>
/// Console.WriteLine(cluster.Etcd.Tree("/registry/pods"));
/// var pod = cluster.Etcd.Get("/registry/pods/default/web-1")!;
/// cluster.Etcd.Put(pod.Key, pod.Value.Replace("nginx:1.27", "nginx:1.28"));
/// </code></example>
public sealed class ClusterEtcd
{
    private readonly Cluster cluster;

    internal ClusterEtcd(Cluster cluster) => this.cluster = cluster;

    private EtcdStore Store => cluster.Engine.Store;

    /// <summary>The revision of the last write.</summary>
    public Revision Revision => cluster.Revision;

    /// <summary>The revision before which all is forgotten; none at first.</summary>
    public Revision Compacted => cluster.Still(_ => Store.Compacted);

    /// <summary>The members, as <c>etcdctl endpoint status</c> lists them.</summary>
    public Seq<EtcdMember> Members => cluster.Still(_ => Store.Members?.All
        ?? [new("etcd-1", true, true, 1, Store.Head.Value, Store.Head.Value, Store.Head)]);

    /// <summary>The keys that begin with a prefix, in order: <c>etcdctl get --prefix
    /// --keys-only</c>.</summary>
    public Seq<string> Keys(string prefix = EtcdKeys.Root) =>
        Range(prefix).Select(kv => kv.Key).ToSeq();

    /// <summary>The keys under a prefix as a tree, a level an indentation.</summary>
    public string Tree(string prefix = EtcdKeys.Root)
    {
        var text = new StringBuilder();
        string[] open = [];
        foreach (var key in Keys(prefix))
        {
            var parts = key.Split('/', StringSplitOptions.RemoveEmptyEntries);
            var same = 0;
            while (same < open.Length && same < parts.Length - 1 && open[same] == parts[same])
            {
                same++;
            }
            for (var i = same; i < parts.Length; i++)
            {
                text.Append(' ', 2 * i).Append(i == 0 && key[0] == '/' ? "/" : "").Append(parts[i])
                    .Append(i < parts.Length - 1 ? "/\n" : "\n");
            }
            open = parts;
        }
        return text.ToString();
    }

    /// <summary>A key as it is, or was at a revision; null when there was none.</summary>
    /// <exception cref="EtcdException">The revision is compacted away or yet to come; or no
    /// quorum.</exception>
    public EtcdKeyValue? Get(string key, long? revision = null)
    {
        using var own = cluster.Own();
        Store.Members?.CheckRead();
        var at = Store.Served(At(revision));
        return Store.Get(EtcdKeys.Parse(key, cluster.Engine.Api.Kinds), at) is { } found
            ? Store.KeyValue(found, at) : null;
    }

    /// <summary>The keys that begin with a prefix, with their values.</summary>
    /// <exception cref="EtcdException">The revision is compacted away or yet to come; or no
    /// quorum.</exception>
    public Seq<EtcdKeyValue> Range(string prefix, long? revision = null, int limit = int.MaxValue)
    {
        using var own = cluster.Own();
        Store.Members?.CheckRead();
        return Store.Range(prefix, At(revision), limit);
    }

    /// <summary>Writes a key. The value of an object is its JSON, as <see cref="Get"/> gives it.
    /// </summary>
    /// <exception cref="ArgumentException">The value cannot be that object.</exception>
    /// <exception cref="EtcdException">No such lease; or no quorum.</exception>
    public EtcdKeyValue Put(string key, string value, long lease = 0) =>
        Txn([], [EtcdOp.Put(key, value) with { Lease = lease }]).Responses[0]!;

    /// <summary>Deletes a key, or all that begin with it; returns how many there were.</summary>
    /// <exception cref="EtcdException">No quorum.</exception>
    public int Delete(string key, bool prefix = false) =>
        Txn([], [EtcdOp.Delete(key) with { Prefix = prefix }]).Responses
            .Count(kv => kv is not null);

    /// <summary>Does one thing if all conditions hold, another if not, with nothing in between: how
    /// the API server writes "if nobody wrote since I read". (There all writes of a transaction
    /// share one revision; here each has its own.)</summary>
    /// <exception cref="ArgumentException">A value cannot be the object of its key.</exception>
    /// <exception cref="EtcdException">No such lease; one key put twice, or put and deleted; or no
    /// quorum.</exception>
    public EtcdTxnResponse Txn(Seq<EtcdCompare> when, Seq<EtcdOp> then,
        Seq<EtcdOp> otherwise = default)
    {
        using var own = cluster.Own();
        foreach (var branch in (ReadOnlySpan<Seq<EtcdOp>>)[then, otherwise])
        {
            var puts = branch.Where(op => op.Type == "put").Select(op => op.Key).ToList();
            if (puts.Distinct().Count() < puts.Count || branch.Any(op => op.Type == "delete"
                && puts.Exists(key => op.Prefix
                    ? key.StartsWith(op.Key, StringComparison.Ordinal) : key == op.Key)))
            {
                throw EtcdException.DuplicateKey;
            }
        }
        foreach (var op in then.Concat(otherwise).Where(op => op.Type == "put"))
        {
            EtcdKeys.Decode(EtcdKeys.Parse(op.Key, cluster.Engine.Api.Kinds), op.Value);
            if (op.Lease != 0 && !Store.HasLease(op.Lease))
            {
                throw EtcdException.LeaseNotFound;
            }
        }
        return (EtcdTxnResponse)Send(new() { When = when, Then = then, Otherwise = otherwise })!;
    }

    /// <summary>Grants a lease: keys tied to it go when nobody keeps it alive for so long; returns
    /// its number.</summary>
    public long Lease(TimeSpan ttl) => (long)Send(new()
    {
        Grant = Math.Max(1, (long)ttl.TotalSeconds),
    })!;

    /// <summary>The leases, in the order in which they will end; each prints as <c>etcdctl lease
    /// timetolive --keys</c> does.</summary>
    public Seq<EtcdLease> Leases => cluster.Still(c => Store.Leases(c.Now));

    /// <summary>Gives a lease its full time again.</summary>
    /// <exception cref="EtcdException">It expired before, or never was.</exception>
    public void KeepAlive(long lease) =>
        cluster.Still(_ => Send(new() { KeepAlive = Known(lease) }));

    /// <summary>Ends a lease and deletes its keys; returns how many.</summary>
    /// <exception cref="EtcdException">It expired before, or never was.</exception>
    public int Revoke(long lease) =>
        (int)cluster.Still(_ => Send(new() { Revoke = Known(lease) }))!;

    /// <summary>The changes of the keys under a prefix, to pull one by one.</summary>
    /// <param name="prefix">What the keys begin with.</param>
    /// <param name="from">The first revision to tell of; 0: from now on.</param>
    /// <exception cref="EtcdException">The revision is compacted away; or nobody leads.</exception>
    public EtcdWatch Watch(string prefix, long from = 0)
    {
        using var own = cluster.Own();
        Store.Members?.CheckLeader();
        return new(Store, prefix, new(from));
    }

    /// <summary>Forgets what was before a revision, for all who ask.</summary>
    /// <exception cref="EtcdException">It is compacted already, or yet to come.</exception>
    public void Compact(long revision)
    {
        using var own = cluster.Own();
        if (revision <= Store.Compacted.Value)
        {
            throw EtcdException.Compacted;
        }
        cluster.Compact(revision > Store.Head.Value ? throw EtcdException.Future : new(revision));
    }

    /// <summary>All keys and values as bytes, with a hash at the end: <c>etcdctl snapshot
    /// save</c>.</summary>
    public byte[] Snapshot() => cluster.Still(_ => EtcdSnapshot.Save(Store));

    /// <summary>What a snapshot holds: <c>etcdutl snapshot status</c>.</summary>
    /// <exception cref="EtcdException">The bytes are damaged.</exception>
    public static EtcdSnapshotStatus StatusOf(byte[] snapshot) =>
        EtcdSnapshot.Read(snapshot).Status;

    /// <summary>Puts the keys of a snapshot in the place of all that there is, as
    /// <c>etcdutl snapshot restore --bump-revision --mark-compacted</c> does: revisions go on from
    /// where they were, what is before them counts as compacted, and every watch has to list anew.
    /// What did not change since keeps its revision. There every key does; here a revision is one
    /// write of one history that only grows, so what comes back is written anew, and whoever still
    /// holds the version that it had in the snapshot is refused (409) where the real server would
    /// take the write. Machines and components are not touched.</summary>
    /// <exception cref="EtcdException">The bytes are damaged; nothing is restored.</exception>
    public void Restore(byte[] snapshot)
    {
        EtcdSnapshot.Read(snapshot);
        Send(new() { Restore = Convert.ToBase64String(snapshot) });
    }

    private static Revision? At(long? revision) => revision is { } r ? new(r) : null;

    private long Known(long lease) => Store.HasLease(lease) ? lease
        : throw EtcdException.LeaseNotFound;

    private object? Send(EtcdRequest request)
    {
        using var own = cluster.Own();
        cluster.Engine.Outcome = null;
        cluster.Engine.Submit(new EtcdInput(request));
        return cluster.Engine.Outcome is EtcdException refusal ? throw refusal
            : cluster.Engine.Outcome;
    }
}

/// <summary>The database of a cluster.</summary>
public sealed partial class Cluster
{
    /// <summary>etcd itself, past the API server.</summary>
    public ClusterEtcd Etcd { get; }
}
