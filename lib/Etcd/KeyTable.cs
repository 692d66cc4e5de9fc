using System.Runtime.InteropServices;

namespace KubeSim;

/// <summary>What a key held from a revision on: a state, or nothing after a deletion (then
/// <see cref="Value"/> is the last state). Newer versions point to older ones.</summary>
internal sealed class KeyVersion(ApiObject value, KeyVersion? previous, uint from)
{
    public readonly ApiObject Value = value;
    public KeyVersion? Previous = previous;
    public uint From = from;
    public bool Deleted;
    public bool Created;
    public bool Reindexed;                // its index values are not those of the version before
}

/// <summary>A key of the store and its versions, newest first. Most reads want the
/// newest.</summary>
internal sealed class KeyEntry(KeySpace space, string name)
{
    public readonly KeySpace Space = space;
    public readonly string Name = name;
    public KeyVersion? Newest;            // null: the entry left the store
    public uint[]? Since;                 // when each index value of the newest state came
    public uint CreatedAt;                // the revision that made the key, and how often it was
    public uint Writes;                   // written since, that time included

    public ApiObject? Live => Newest is { Deleted: false } version ? version.Value : null;

    public ApiObject? At(uint revision)
    {
        var version = Newest;
        while (version is not null && version.From > revision)
        {
            version = version.Previous;
        }
        return version is null or { Deleted: true } ? null : version.Value;
    }
}

/// <summary>The keys of a kind in one namespace, with the indexes over their labels.</summary>
internal sealed class KeySpace(KindTable table, string name)
{
    private readonly Dictionary<string, KeyEntry> entries = new(StringComparer.Ordinal);
    private KeyEntry[] sorted = [];
    private readonly List<KeyEntry> added = [];
    private int gone;

    public readonly KindTable Table = table;
    public readonly string Name = name;

    /// <summary>Label to the index of its values.</summary>
    public readonly Dictionary<string, PostingIndex> Labels = new(StringComparer.Ordinal);

    public int EntryCount => entries.Count;

    public KeyEntry? Find(string key) => entries.GetValueOrDefault(key);

    public KeyEntry FindOrAdd(string key)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(entries, key, out _);
        if (entry is null)
        {
            entry = new KeyEntry(this, key);
            added.Add(entry);
        }
        return entry;
    }

    public void Remove(KeyEntry entry)
    {
        entries.Remove(entry.Name);
        entry.Newest = null;
        gone++;
    }

    public PostingIndex Label(string label)
    {
        ref var index = ref CollectionsMarshal.GetValueRefOrAddDefault(Labels, label, out _);
        return index ??= new PostingIndex();
    }

    /// <summary>All entries by name. The array is never changed afterwards, so that a reader may
    /// write while it walks; sorting is paid by the first list after a key was added.</summary>
    public KeyEntry[] Sorted()
    {
        if (added.Count > 0 || gone * 2 > sorted.Length)
        {
            added.RemoveAll(static entry => entry.Newest is null);
            added.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            sorted = Merge();
            added.Clear();
            gone = 0;
        }
        return sorted;
    }

    /// <summary>The position in <see cref="Sorted"/> of the first name after a given one.</summary>
    public static int After(KeyEntry[] sorted, string name)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var before = string.CompareOrdinal(sorted[middle].Name, name) <= 0;
            (low, high) = before ? (middle + 1, high) : (low, middle);
        }
        return low;
    }

    private KeyEntry[] Merge()
    {
        var merged = new KeyEntry[entries.Count];
        var (count, next) = (0, 0);
        foreach (var entry in sorted)
        {
            if (entry.Newest is null)
            {
                continue;
            }
            while (next < added.Count && string.CompareOrdinal(added[next].Name, entry.Name) < 0)
            {
                merged[count++] = added[next++];
            }
            merged[count++] = entry;
        }
        added.CopyTo(next, merged, count, added.Count - next);
        return merged;
    }
}

/// <summary>All keys of one kind.</summary>
internal sealed class KindTable(Kind kind)
{
    private readonly Dictionary<string, KeySpace> spaces = new(StringComparer.Ordinal);
    private KeySpace? lastFound;

    public readonly Kind Kind = kind;
    public readonly bool HoldsEvents = kind.Equals(Kinds.Event);
    public readonly PostingIndex Owners = new();
    public readonly PostingIndex Nodes = new();
    public int Live;

    /// <summary>The namespaces by name; the array is replaced, never changed.</summary>
    public KeySpace[] Ordered { get; private set; } = [];

    public KeySpace? Find(string ns)
    {
        if (ReferenceEquals(lastFound?.Name, ns))
        {
            return lastFound;
        }
        return spaces.TryGetValue(ns, out var space) ? lastFound = space : null;
    }

    public KeySpace FindOrAdd(string ns)
    {
        if (Find(ns) is { } space)
        {
            return space;
        }
        space = new KeySpace(this, ns);
        spaces.Add(ns, space);
        var at = Array.FindIndex(Ordered, s => string.CompareOrdinal(s.Name, ns) > 0);
        at = at < 0 ? Ordered.Length : at;
        Ordered = [.. Ordered.AsSpan(0, at), space, .. Ordered.AsSpan(at)];
        return space;
    }
}
