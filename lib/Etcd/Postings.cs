using System.Collections;
using System.Runtime.InteropServices;

namespace KubeSim;

// Indexes answer "the pods of this ReplicaSet" or "the pods on this node", now and at a past
// revision. A value (an owner's UID, a node's name, label=value) has a list of postings: a key, and
// the revisions [From, To) in which the value was that key's. A change appends or closes; nothing
// is moved. As each revision changes one key, From orders a list and finds a posting by bisection.

/// <summary>That an index value was a key's in [From, To).</summary>
internal struct Posting
{
    public KeyEntry Entry;
    public uint From;
    public uint To;
}

/// <summary>The postings of one index value, in the order in which they came.</summary>
internal sealed class PostingList
{
    private int dead;

    public Posting[] Items { get; private set; } = new Posting[2];

    public int Count { get; private set; }

    public void Add(KeyEntry entry, uint from)
    {
        if (Count == Items.Length)
        {
            var grown = Items;
            Array.Resize(ref grown, Count + Math.Max(2, Count / 2));
            Items = grown;
        }
        Items[Count++] = new Posting { Entry = entry, From = from, To = uint.MaxValue };
    }

    public void Close(KeyEntry entry, uint from, uint to)
    {
        var (low, high) = (0, Count - 1);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = Items[middle].From < from ? (middle + 1, high) : (low, middle);
        }
        // Only what was there from the beginning shares its revision with others.
        while (Items[low].Entry != entry && low < Count - 1)
        {
            low++;
        }
        if (Items[low].Entry != entry || Items[low].From != from)
        {
            throw new InvalidOperationException($"no open posting since revision {from}");
        }
        Items[low].To = to;
    }

    /// <summary>Counts a posting that ended at or before the floor; when half the list is dead it
    /// is packed into a new array, since a reader may still walk the old one.</summary>
    public void Bury(uint floor)
    {
        dead++;
        if (dead * 2 < Count)
        {
            return;
        }
        var alive = 0;
        foreach (ref var posting in Items.AsSpan(0, Count))
        {
            alive += posting.To > floor ? 1 : 0;
        }
        var packed = new Posting[Math.Max(2, alive)];
        var at = 0;
        foreach (ref var posting in Items.AsSpan(0, Count))
        {
            if (posting.To > floor)
            {
                packed[at++] = posting;
            }
        }
        (Items, Count, dead) = (packed, alive, 0);
    }
}

/// <summary>Index value to postings.</summary>
internal sealed class PostingIndex
{
    private readonly Dictionary<string, PostingList> lists = new(StringComparer.Ordinal);

    public int Count => lists.Count;

    public int PostingCount => lists.Values.Sum(static list => list.Count);

    public PostingList? Find(string value) => lists.GetValueOrDefault(value);

    public void Add(string value, KeyEntry entry, uint from)
    {
        ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(lists, value, out _);
        (list ??= new PostingList()).Add(entry, from);
    }

    public void Close(string value, KeyEntry entry, uint from, uint to) =>
        lists[value].Close(entry, from, to);

    public void Bury(string value, uint floor)
    {
        if (lists.TryGetValue(value, out var list))
        {
            list.Bury(floor);
            if (list.Count == 0)
            {
                lists.Remove(value);
            }
        }
    }
}

/// <summary>Keeps the postings of every key in step with its states.</summary>
internal sealed class Indexer(Func<ApiObject, string?>? nodeOf)
{
    private readonly record struct Slot(PostingIndex Index, string Value);

    // Two work lists, kept so that a write allocates none.
    private readonly List<Slot> before = [];
    private readonly List<Slot> after = [];

    /// <summary>True when two states have the same index values. Nearly every update is such a one,
    /// by the same arrays even, and costs nothing more.</summary>
    public bool Same(ApiObject old, ApiObject value) =>
        old.Metadata.Labels == value.Metadata.Labels
        && old.Metadata.OwnerReferences == value.Metadata.OwnerReferences
        && string.Equals(nodeOf?.Invoke(old), nodeOf?.Invoke(value));

    /// <summary>The key went from one state to another (null: none) at a revision; false when no
    /// index value changed.</summary>
    public bool Update(KeyEntry entry, ApiObject? old, ApiObject? value, uint at)
    {
        if (old is not null && value is not null && Same(old, value))
        {
            return false;
        }
        Collect(entry.Space, old, before);
        Collect(entry.Space, value, after);
        var since = after.Count == 0 ? null : new uint[after.Count];
        since?.AsSpan().Fill(uint.MaxValue);
        for (var i = 0; i < before.Count; i++)
        {
            var kept = after.IndexOf(before[i]);
            if (kept >= 0)
            {
                since![kept] = entry.Since![i];
            }
            else
            {
                before[i].Index.Close(before[i].Value, entry, entry.Since![i], at);
            }
        }
        for (var i = 0; i < after.Count; i++)
        {
            if (since![i] == uint.MaxValue)
            {
                since[i] = at;
                after[i].Index.Add(after[i].Value, entry, at);
            }
        }
        entry.Since = since;
        return true;
    }

    /// <summary>A change at or before the floor is forgotten, and so are the postings it
    /// ended.</summary>
    public void Bury(KeySpace space, ApiObject old, ApiObject? value, uint floor)
    {
        Collect(space, old, before);
        Collect(space, value, after);
        foreach (var slot in before)
        {
            if (after.IndexOf(slot) < 0)
            {
                slot.Index.Bury(slot.Value, floor);
            }
        }
    }

    private void Collect(KeySpace space, ApiObject? value, List<Slot> slots)
    {
        slots.Clear();
        if (value is null)
        {
            return;
        }
        foreach (var (label, text) in value.Metadata.Labels)
        {
            slots.Add(new(space.Label(label), text));
        }
        foreach (var owner in value.Metadata.OwnerReferences)
        {
            var slot = new Slot(space.Table.Owners, owner.Uid);
            if (slots.IndexOf(slot) < 0)
            {
                slots.Add(slot);
            }
        }
        if (nodeOf?.Invoke(value) is { Length: > 0 } node)
        {
            slots.Add(new(space.Table.Nodes, node));
        }
    }
}

/// <summary>The objects under an index value at a revision, in the order in which they came under
/// it (across namespaces: namespace by namespace). Walking it with <c>foreach</c> allocates
/// nothing, and the store may be written meanwhile.</summary>
public readonly struct Postings : IEnumerable<ApiObject>
{
    private readonly PostingList? list;
    private readonly KeySpace[]? spaces;
    private readonly string? label;
    private readonly string? value;
    private readonly uint at;

    internal Postings(PostingList? list, uint at) => (this.list, this.at) = (list, at);

    internal Postings(KeySpace[] spaces, string label, string value, uint at) =>
        (this.spaces, this.label, this.value, this.at) = (spaces, label, value, at);

    /// <summary>Walks the objects.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<ApiObject> IEnumerable<ApiObject>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Walks <see cref="Postings"/>.</summary>
    public struct Enumerator : IEnumerator<ApiObject>
    {
        private readonly Postings postings;
        private Posting[] items;
        private int count;
        private int next;
        private int nextSpace;

        internal Enumerator(in Postings postings)
        {
            this.postings = postings;
            (items, count, Current) = ([], 0, null!);
            Enter(postings.list);
        }

        /// <inheritdoc/>
        public ApiObject Current { get; private set; }

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext()
        {
            do
            {
                while (next < count)
                {
                    ref var posting = ref items[next++];
                    if (posting.From <= postings.at && postings.at < posting.To
                        && posting.Entry.At(postings.at) is { } found)
                    {
                        Current = found;
                        return true;
                    }
                }
            }
            while (EnterNextSpace());
            return false;
        }

        /// <inheritdoc/>
        public readonly void Dispose()
        {
        }

        /// <summary>Not supported.</summary>
        public readonly void Reset() => throw new NotSupportedException();

        private bool EnterNextSpace()
        {
            if (postings.spaces is null || nextSpace == postings.spaces.Length)
            {
                return false;
            }
            var space = postings.spaces[nextSpace++];
            Enter(space.Labels.GetValueOrDefault(postings.label!)?.Find(postings.value!));
            return true;
        }

        private void Enter(PostingList? list) =>
            (items, count, next) = (list?.Items ?? [], list?.Count ?? 0, 0);
    }
}
