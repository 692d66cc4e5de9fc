namespace KubeSim;

/// <summary>A condition of a transaction, the one that the API server uses: a key was last written
/// at a revision; 0: it does not exist.</summary>
public sealed record EtcdCompare(string Key, long ModRevision);

/// <summary>One operation of a transaction.</summary>
/// <param name="Type"><c>put</c>, <c>delete</c> or <c>get</c>.</param>
/// <param name="Key">The key; of a deletion with <paramref name="Prefix"/>, what the keys begin
/// with.</param>
/// <param name="Value">What to put.</param>
/// <param name="Lease">The lease to tie the key to; 0 for none.</param>
/// <param name="Prefix">True: all keys that begin so.</param>
public sealed record EtcdOp(
    string Type, string Key, string Value = "", long Lease = 0, bool Prefix = false)
{
    /// <summary>Writes a key.</summary>
    public static EtcdOp Put(string key, string value) => new("put", key, value);

    /// <summary>Deletes a key.</summary>
    public static EtcdOp Delete(string key) => new("delete", key);

    /// <summary>Reads a key.</summary>
    public static EtcdOp Get(string key) => new("get", key);
}

/// <summary>What a transaction did: which branch it took, and what each operation wrote, deleted or
/// read; null where there was nothing.</summary>
public sealed record EtcdTxnResponse(bool Succeeded, Seq<EtcdKeyValue?> Responses);

/// <summary>What somebody asked of etcd itself, past the API server.</summary>
public sealed record EtcdRequest
{
    /// <summary>The conditions of a transaction; all must hold.</summary>
    public Seq<EtcdCompare> When { get; init; }

    /// <summary>What is done when they hold.</summary>
    public Seq<EtcdOp> Then { get; init; }

    /// <summary>What is done when they do not.</summary>
    public Seq<EtcdOp> Otherwise { get; init; }

    /// <summary>Seconds of a lease to grant.</summary>
    public long? Grant { get; init; }

    /// <summary>A lease to give its full time again.</summary>
    public long? KeepAlive { get; init; }

    /// <summary>A lease to end, with its keys.</summary>
    public long? Revoke { get; init; }

    /// <summary>A snapshot to restore, in base64.</summary>
    public string? Restore { get; init; }
}

/// <summary>A request to etcd itself, as a journal keeps it.</summary>
public sealed record EtcdInput(EtcdRequest Request) : Input
{
    /// <inheritdoc/>
    public override string Describe => "etcdctl " + (Request switch
    {
        { Restore: { } bytes } => $"snapshot restore ({bytes.Length * 3L / 4} bytes)",
        { Grant: { } seconds } => $"lease grant {seconds}",
        { KeepAlive: { } lease } => $"lease keep-alive {lease}",
        { Revoke: { } lease } => $"lease revoke {lease}",
        { When.IsEmpty: true, Then: [var op] } => $"{op.Type} {op.Key}",
        _ => "txn",
    });

    internal override bool Execute(Simulation simulation)
    {
        var store = simulation.Store;
        var (head, proposals) = (store.Head, store.Members?.Proposals);
        if (Request.Restore is { } bytes)
        {
            Restore(simulation, EtcdSnapshot.Read(Convert.FromBase64String(bytes)).Keys);
            return true;
        }
        try
        {
            simulation.Outcome = Ask(simulation);
        }
        catch (EtcdException refusal)
        {
            simulation.Outcome = refusal;
        }
        return store.Head > head || Request.Grant is not null || Request.KeepAlive is not null
            || store.Members?.Proposals != proposals;
    }

    /// <summary>Carries the request out, whoever asked.</summary>
    /// <exception cref="EtcdException">No quorum agreed.</exception>
    internal object Ask(Simulation simulation)
    {
        simulation.Store.Members?.Commit(Describe, () => Carry(simulation));
        return Carry(simulation);
    }

    private object Carry(Simulation simulation)
    {
        var (store, now) = (simulation.Store, simulation.Now);
        if (Request.Grant is { } seconds)
        {
            var lease = store.GrantLease(TimeSpan.FromSeconds(seconds), now);
            simulation.ArmLeases();
            return lease;
        }
        if (Request.KeepAlive is { } kept)
        {
            simulation.ArmLeases();
            return store.KeepLeaseAlive(kept, now);
        }
        return Request.Revoke is { } ended ? store.RevokeLease(ended) : Transact(simulation);
    }

    private EtcdTxnResponse Transact(Simulation simulation)
    {
        var (store, kinds) = (simulation.Store, simulation.Api.Kinds);
        ObjectKey KeyOf(string key) => EtcdKeys.Parse(key, kinds);
        var holds = Request.When.All(c => store.ModRevision(KeyOf(c.Key)).Value == c.ModRevision);
        var results = new List<EtcdKeyValue?>();
        foreach (var op in holds ? Request.Then : Request.Otherwise)
        {
            switch (op.Type)
            {
                case "put":
                    results.Add(Put(simulation, KeyOf(op.Key), op));
                    break;
                case "delete":
                    var keys = op.Prefix ? store.Range(op.Key).Select(kv => KeyOf(kv.Key)).ToArray()
                        : [KeyOf(op.Key)];
                    results.AddRange(keys.Select(key => Remove(simulation, key)));
                    break;
                default:
                    var found = store.Get(KeyOf(op.Key));
                    results.Add(found is null ? null : store.KeyValue(found, store.Head));
                    break;
            }
        }
        return new(holds, results.ToSeq());
    }

    private static EtcdKeyValue Put(Simulation simulation, ObjectKey key, EtcdOp op)
    {
        var store = simulation.Store;
        Write(simulation, EtcdKeys.Decode(key, op.Value));
        // A lease may have ended before a late commit.
        if (store.HasLease(op.Lease))
        {
            store.AttachLease(key, op.Lease);
        }
        return store.KeyValue(store.Get(key)!, store.Head);
    }

    private static EtcdKeyValue? Remove(Simulation simulation, ObjectKey key)
    {
        var store = simulation.Store;
        if (store.Get(key) is not { } old)
        {
            return null;
        }
        var before = store.KeyValue(old, store.Head);
        store.Delete(At(old, store.Head.Next));
        simulation.Api.Wrote(old, null);
        return before;
    }

    private static void Write(Simulation simulation, ApiObject value)
    {
        var store = simulation.Store;
        var old = store.Get(value.Key);
        var stored = At(value, store.Head.Next);
        store.Put(stored);
        simulation.Api.Wrote(old, stored);
    }

    // What differs is written; what the snapshot does not have goes. Revisions go on, and all
    // before them count as compacted: no watch survives it.
    private static void Restore(Simulation simulation, Seq<EtcdKeyValue> keys)
    {
        var store = simulation.Store;
        var wanted = keys.Select(kv => EtcdKeys.Decode(
            EtcdKeys.Parse(kv.Key, simulation.Api.Kinds), kv.Value)).ToDictionary(o => o.Key);
        simulation.StartEtcd();
        foreach (var old in store.Everything().ToArray())
        {
            if (!wanted.ContainsKey(old.Key))
            {
                Remove(simulation, old.Key);
            }
        }
        foreach (var value in wanted.Values.OrderBy(o => o.Key))
        {
            if (store.Get(value.Key) is not { } now
                || EtcdKeys.Encode(now) != EtcdKeys.Encode(value))
            {
                Write(simulation, value);
            }
        }
        store.Compact(store.Head);
    }

    private static ApiObject At(ApiObject value, Revision revision) =>
        value with { Metadata = value.Metadata with { ResourceVersion = revision } };
}
