namespace KubeSim;

/// <summary>Who depends on whom, by UID, kept from the changes of owner references. Only what is
/// named as an owner has an entry: 150,000 pods of 5,000 ReplicaSets are 5,000 entries.</summary>
/// <remarks>Models pkg/controller/garbagecollector/graph_builder.go.</remarks>
internal sealed class OwnerGraph
{
    private const int MostAbsent = 500;

    private readonly Dictionary<string, Dictionary<ObjectKey, bool>> dependents =
        new(StringComparer.Ordinal);

    // What could be an owner.
    private readonly Dictionary<string, ObjectKey> present = new(StringComparer.Ordinal);
    private readonly HashSet<string> goingInForeground = new(StringComparer.Ordinal);
    private readonly HashSet<(ObjectKey, string)> absent = [];
    private readonly Queue<(ObjectKey, string)> absentInOrder = [];

    /// <summary>True when the object of a key and a UID was lately seen to go; a UID never comes
    /// back.</summary>
    public bool IsGone(in ObjectKey key, string uid) => absent.Contains((key, uid));

    /// <summary>True when the object of a UID was seen in another namespace: objects of this one
    /// name it as an owner by mistake.</summary>
    public bool IsElsewhere(string uid, string ns) =>
        present.TryGetValue(uid, out var seen) && seen.Namespace.Length > 0
            && seen.Namespace != ns;

    /// <summary>True when something depends on a UID.</summary>
    public bool HasDependents(string uid) => dependents.ContainsKey(uid);

    /// <summary>What depends on a UID, in the order of keys.</summary>
    public ObjectKey[] Dependents(string uid) => Sorted(uid, blockingOnly: false);

    /// <summary>What depends on a UID and holds up its deletion in the foreground.</summary>
    public ObjectKey[] Blocking(string uid) => Sorted(uid, blockingOnly: true);

    /// <summary>Takes note of a change and adds what it may concern to a queue.</summary>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.New is null)
        {
            Removed(e.Object, queue);
            return;
        }
        var (old, now) = (e.Old?.Metadata, e.New.Metadata);
        if (old is null)
        {
            Appeared(e.New);
        }
        if (old is null || !old.OwnerReferences.SameAs(now.OwnerReferences))
        {
            Relink(e.Key, old?.OwnerReferences ?? default, now.OwnerReferences, queue);
        }
        if (now.DeletionTimestamp is null || now.Finalizers.IsEmpty)
        {
            return;
        }
        // The change that begins a deletion decides how the dependents fare.
        var begins = old?.DeletionTimestamp is null;
        if (Has(now, GarbageCollector.Foreground)
            && (begins || !Has(old!, GarbageCollector.Foreground)))
        {
            goingInForeground.Add(now.Uid);
            EnqueueDependents(now.Uid, queue);
            queue.Add(e.Key);
        }
        else if (begins && Has(now, GarbageCollector.Orphan))
        {
            queue.Add(e.Key);
        }
    }

    public static bool Has(ObjectMeta meta, string finalizer) =>
        meta.Finalizers.AsSpan().Contains(finalizer);

    private void Appeared(ApiObject now)
    {
        // Pods seldom own anything: their dependents are checked one by one instead.
        if (now is not Pod)
        {
            present[now.Metadata.Uid] = now.Key;
        }
    }

    private void Removed(ApiObject last, IWorkQueue queue)
    {
        var meta = last.Metadata;
        present.Remove(meta.Uid);
        goingInForeground.Remove(meta.Uid);
        Relink(last.Key, meta.OwnerReferences, default, queue);
        if (HasDependents(meta.Uid))
        {
            Remember((last.Key, meta.Uid));
            EnqueueDependents(meta.Uid, queue);
        }
    }

    private void Remember((ObjectKey Key, string Uid) gone)
    {
        if (absent.Add(gone))
        {
            absentInOrder.Enqueue(gone);
            if (absentInOrder.Count > MostAbsent)
            {
                absent.Remove(absentInOrder.Dequeue());
            }
        }
    }

    private void EnqueueDependents(string uid, IWorkQueue queue)
    {
        foreach (var dependent in Sorted(uid, blockingOnly: false))
        {
            queue.Add(dependent);
        }
    }

    private void Relink(ObjectKey key, Seq<OwnerReference> old, Seq<OwnerReference> now,
        IWorkQueue queue)
    {
        foreach (var owner in old)
        {
            Unlink(key, owner, Find(now, owner.Uid), queue);
        }
        var strange = false;
        foreach (var owner in now)
        {
            if (!dependents.TryGetValue(owner.Uid, out var those))
            {
                dependents.Add(owner.Uid, those = []);
            }
            those[key] = owner.BlockOwnerDeletion == true;
            strange |= !present.TryGetValue(owner.Uid, out var seen) || seen.Name != owner.Name
                || seen.Kind.Name != owner.Kind || seen.Kind.ApiVersion != owner.ApiVersion
                || goingInForeground.Contains(owner.Uid)
                || IsElsewhere(owner.Uid, key.Namespace);
        }
        // An owner that nobody has seen may be yet to come, or may never have been, and so may one
        // that is called otherwise; one that goes in the foreground takes with it what comes late.
        if (strange)
        {
            queue.Add(key);
        }
    }

    private void Unlink(
        ObjectKey key, OwnerReference owner, OwnerReference? still, IWorkQueue queue)
    {
        if (still is null && dependents.TryGetValue(owner.Uid, out var those))
        {
            those.Remove(key);
            if (those.Count == 0)
            {
                dependents.Remove(owner.Uid);
            }
        }
        // One less may hold up an owner that waits for its dependents.
        if (owner.BlockOwnerDeletion == true && still?.BlockOwnerDeletion != true
            && goingInForeground.Contains(owner.Uid)
            && GarbageCollector.KeyOf(owner, key.Namespace) is { } ownerKey)
        {
            queue.Add(ownerKey);
        }
    }

    private static OwnerReference? Find(Seq<OwnerReference> owners, string uid)
    {
        foreach (var owner in owners)
        {
            if (owner.Uid == uid)
            {
                return owner;
            }
        }
        return null;
    }

    private ObjectKey[] Sorted(string uid, bool blockingOnly)
    {
        if (!dependents.TryGetValue(uid, out var those))
        {
            return [];
        }
        var keys = new List<ObjectKey>(those.Count);
        foreach (var (key, blocks) in those)
        {
            if (blocks || !blockingOnly)
            {
                keys.Add(key);
            }
        }
        keys.Sort();
        return [.. keys];
    }
}
