namespace KubeSim;

/// <summary>A condition of a transaction: a key was last written at a revision; 0: it does not
/// exist.</summary>
public readonly record struct TxnCompare(ObjectKey Key, Revision ModRevision);

/// <summary>One operation of a transaction.</summary>
public abstract record TxnOp
{
    private TxnOp()
    {
    }

    /// <summary>Creates or replaces an object.</summary>
    public sealed record Put(ApiObject Value) : TxnOp;

    /// <summary>Deletes an object; the operation holds its final state.</summary>
    public sealed record Delete(ApiObject Last) : TxnOp;

    /// <summary>Reads an object.</summary>
    public sealed record Get(ObjectKey Key) : TxnOp;
}

/// <summary>What a transaction did: which branch it took, and what each operation wrote or read
/// (null when a read found nothing).</summary>
public sealed record TxnResult(bool Succeeded, Seq<ApiObject?> Results);

// What an API server asks of etcd: "write this if nobody wrote since I read".
// Models etcd server/etcdserver/txn. There all writes of a transaction share one revision;
// here each has its own, with nothing in between, so that a revision is always one change.
public sealed partial class EtcdStore
{
    /// <summary>The revision that last wrote a key; 0 when there is no such object.</summary>
    public Revision ModRevision(in ObjectKey key) =>
        Get(key)?.Metadata.ResourceVersion ?? default;

    /// <summary>Writes an object if its key was last written at the expected revision (0: it must
    /// not exist); false, and nothing written, otherwise.</summary>
    /// <param name="value">The new state; its resourceVersion is <c>Head.Next</c>.</param>
    /// <param name="expected">The revision that the writer has read.</param>
    /// <exception cref="InvalidOperationException">Another resourceVersion: a broken
    /// caller.</exception>
    public bool CompareAndPut(ApiObject value, Revision expected)
    {
        if (ModRevision(value.Key) != expected)
        {
            return false;
        }
        Put(value);
        return true;
    }

    /// <summary>Carries out one list of operations if all conditions hold, the other if not. Writes
    /// carry the revisions after <see cref="Head"/> in order.</summary>
    /// <exception cref="InvalidOperationException">A write carries another resourceVersion, or
    /// deletes what is not there; then nothing was written.</exception>
    public TxnResult Txn(Seq<TxnCompare> when, Seq<TxnOp> then, Seq<TxnOp> otherwise = default)
    {
        var holds = true;
        foreach (var compare in when)
        {
            holds &= ModRevision(compare.Key) == compare.ModRevision;
        }
        var ops = holds ? then : otherwise;
        CheckWrites(ops);
        var results = new ApiObject?[ops.Count];
        for (var i = 0; i < ops.Count; i++)
        {
            results[i] = Apply(ops[i]);
        }
        return new(holds, new(results));
    }

    private void CheckWrites(Seq<TxnOp> ops)
    {
        var next = Head.Next;
        var written = new HashSet<ObjectKey>();
        foreach (var op in ops)
        {
            if (Written(op) is not { } value)
            {
                continue;
            }
            if (value.Metadata.ResourceVersion != next)
            {
                throw new InvalidOperationException($"{value.Key} carries resourceVersion "
                    + $"{value.Metadata.ResourceVersion}, but its write will be revision {next}");
            }
            if (!written.Add(value.Key))
            {
                throw new InvalidOperationException($"duplicate key in transaction: {value.Key}");
            }
            if (op is TxnOp.Delete && Get(value.Key) is null)
            {
                throw new InvalidOperationException($"nothing to delete: {value.Key}");
            }
            next = next.Next;
        }
    }

    private static ApiObject? Written(TxnOp op) => op switch
    {
        TxnOp.Put put => put.Value,
        TxnOp.Delete delete => delete.Last,
        _ => null,
    };

    private ApiObject? Apply(TxnOp op)
    {
        switch (op)
        {
            case TxnOp.Put put:
                Put(put.Value);
                return put.Value;
            case TxnOp.Delete delete:
                Delete(delete.Last);
                return delete.Last;
            default:
                return Get(((TxnOp.Get)op).Key);
        }
    }
}
