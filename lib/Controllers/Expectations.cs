namespace KubeSim;

/// <summary>
/// What a controller has asked for and has not yet seen come true. A controller reads a cache that
/// lags; without this memory it would count the pods that it made a moment ago as missing and make
/// them again. So it manages an object only when it has seen all that it did for it.
/// <para>Creations and deletions are remembered by UID. When the answer to a create is lost, nobody
/// knows the UID, nor whether there is a pod: one creation is then owed, and the next new pod pays
/// it.</para>
/// <para>Some things are never seen: what that lost answer was about, a pod that was made and
/// deleted while nobody watched, one that was adopted and deleted so. They are given up after 5
/// minutes, and the object is looked at again; a real controller does so at the next change of the
/// object or its pods, at the latest when its informer resyncs, after 12 to 24 hours.</para>
/// Models pkg/controller/controller_utils.go.
/// </summary>
internal sealed class Expectations
{
    /// <summary>How long to wait for what does not come.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    private readonly Dictionary<ObjectKey, Entry> entries = [];

    /// <summary>True when a key may be managed: nothing is owed, or it was owed for too
    /// long.</summary>
    public bool AreMet(ObjectKey key, DateTime now)
    {
        if (!entries.TryGetValue(key, out var entry))
        {
            return true;
        }
        if (entry.IsMet || entry.Since + Timeout < now)
        {
            entries.Remove(key);
            return true;
        }
        return false;
    }

    /// <summary>When a key is to be looked at again although nothing is seen; null when it waits
    /// for nothing.</summary>
    public DateTime? GivesUpAt(ObjectKey key) => entries.TryGetValue(key, out var entry)
        && !entry.IsMet ? entry.Since + Timeout + TimeSpan.FromSeconds(1) : null;

    /// <summary>A creation was carried out, and its event will come.</summary>
    public void ExpectCreation(ObjectKey key, string uid, DateTime now) =>
        Of(key, now).Uids.Add(uid);

    /// <summary>A creation was perhaps carried out.</summary>
    public void ExpectUnknownCreation(ObjectKey key, DateTime now) => Of(key, now).Owed++;

    /// <summary>A deletion was carried out, or perhaps carried out.</summary>
    public void ExpectDeletion(ObjectKey key, string uid, DateTime now) =>
        Of(key, now).Uids.Add(uid);

    /// <summary>A new object of the key was seen.</summary>
    public void SawCreation(ObjectKey key, string uid)
    {
        if (entries.TryGetValue(key, out var entry) && !entry.Uids.Remove(uid) && entry.Owed > 0)
        {
            entry.Owed--;
        }
    }

    /// <summary>An object of the key was seen to go, or to have begun to.</summary>
    public void SawDeletion(ObjectKey key, string uid)
    {
        if (entries.TryGetValue(key, out var entry))
        {
            entry.Uids.Remove(uid);
        }
    }

    /// <summary>The key is gone, and with it what was expected of it.</summary>
    public void Forget(ObjectKey key) => entries.Remove(key);

    private Entry Of(ObjectKey key, DateTime now)
    {
        if (!entries.TryGetValue(key, out var entry))
        {
            entries.Add(key, entry = new(now));
        }
        return entry;
    }

    private sealed class Entry(DateTime since)
    {
        public DateTime Since { get; } = since;

        public HashSet<string> Uids { get; } = new(StringComparer.Ordinal);

        public int Owed { get; set; }

        public bool IsMet => Uids.Count == 0 && Owed == 0;
    }
}
