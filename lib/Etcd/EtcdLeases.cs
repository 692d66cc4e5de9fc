using System.Globalization;

namespace KubeSim;

/// <summary>A lease of etcd: how long its keys have left when nobody keeps it alive.</summary>
/// <param name="Id">Its number; etcdctl prints it in hexadecimal.</param>
/// <param name="GrantedSeconds">The time that it was granted for.</param>
/// <param name="RemainingSeconds">What is left of that.</param>
/// <param name="Keys">The keys that go with it.</param>
public sealed record EtcdLease(
    long Id, long GrantedSeconds, long RemainingSeconds, Seq<string> Keys)
{
    /// <summary>As <c>etcdctl lease timetolive --keys</c> prints it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"lease {Id:x16} granted with TTL({GrantedSeconds}s), remaining({RemainingSeconds}s), "
        + $"attached keys([{string.Join(' ', Keys)}])");
}

// Leases of etcd (not the Lease objects of Kubernetes): a time to live for keys. Who stops
// to keep a lease alive loses the keys attached to it.
// Models etcd server/lease. There is no clock here: who calls says what time it is.
public sealed partial class EtcdStore
{
    private sealed class KeyLease(long id, TimeSpan ttl, DateTime expires)
    {
        public readonly long Id = id;
        public readonly TimeSpan Ttl = ttl;
        public DateTime Expires = expires;
        public readonly SortedSet<ObjectKey> Keys = [];
    }

    private readonly SortedDictionary<long, KeyLease> leases = [];
    private readonly Dictionary<ObjectKey, KeyLease> leaseOf = [];
    private long lastLease;

    /// <summary>When the next lease expires; null when there is none.</summary>
    public DateTime? NextLeaseExpiry =>
        leases.Count == 0 ? null : leases.Values.Min(lease => lease.Expires);

    /// <summary>The leases, in the order in which they will end.</summary>
    public Seq<EtcdLease> Leases(DateTime now) => leases.Values.OrderBy(l => l.Expires)
        .Select(l => new EtcdLease(l.Id, (long)l.Ttl.TotalSeconds,
            (long)(l.Expires - now).TotalSeconds, l.Keys.Select(k => EtcdKeys.Of(k)).ToSeq()))
        .ToSeq();

    /// <summary>True when there is such a lease.</summary>
    public bool HasLease(long lease) => leases.ContainsKey(lease);

    /// <summary>Makes a lease that expires after a time unless it is kept alive; returns its
    /// number.</summary>
    public long GrantLease(TimeSpan ttl, DateTime now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ttl, TimeSpan.Zero);
        leases.Add(++lastLease, new(lastLease, ttl, now + ttl));
        return lastLease;
    }

    /// <summary>Gives a lease its full time again; false when it expired before or never
    /// was.</summary>
    public bool KeepLeaseAlive(long lease, DateTime now)
    {
        if (!leases.TryGetValue(lease, out var found) || found.Expires <= now)
        {
            return false;
        }
        found.Expires = now + found.Ttl;
        return true;
    }

    /// <summary>Ties a key to a lease until it is deleted or tied to another one.</summary>
    /// <exception cref="InvalidOperationException">There is no such lease or key.</exception>
    public void AttachLease(in ObjectKey key, long lease)
    {
        if (!leases.TryGetValue(lease, out var found) || Get(key) is null)
        {
            throw new InvalidOperationException(
                $"cannot attach {key} to lease {lease}: requested lease or key not found");
        }
        Detach(key);
        leaseOf.Add(key, found);
        found.Keys.Add(key);
    }

    /// <summary>Ends a lease and deletes its keys in their order, a revision each; returns how
    /// many.</summary>
    public int RevokeLease(long lease)
    {
        if (!leases.Remove(lease, out var found))
        {
            return 0;
        }
        ObjectKey[] keys = [.. found.Keys];
        foreach (var key in keys)
        {
            var last = Get(key)!;
            Delete(last with { Metadata = last.Metadata with { ResourceVersion = Head.Next } });
        }
        return keys.Length;
    }

    /// <summary>Revokes the leases whose time is over, in the order of their numbers; returns how
    /// many keys went.</summary>
    public int ExpireLeases(DateTime now)
    {
        var over = new List<long>();
        foreach (var lease in leases.Values)
        {
            if (lease.Expires <= now)
            {
                over.Add(lease.Id);
            }
        }
        return over.Sum(RevokeLease);
    }

    private void Detach(in ObjectKey key)
    {
        if (leaseOf.Count > 0 && leaseOf.Remove(key, out var lease))
        {
            lease.Keys.Remove(key);
        }
    }
}
