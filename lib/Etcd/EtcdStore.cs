namespace KubeSim;

/// <summary>
/// The database of a cluster. Every write makes the next revision, and a revision number is a
/// snapshot: reading "at 17" gives what was true when revision 17 had just been written, however
/// much was written since. So a controller with a slow cache and a person with a question about the
/// past read the same way.
/// <para>A key holds its versions, newest first; the log holds the key and version of each
/// revision. Forgetting walks the log from its tail: the record of revision r tells which older
/// version nobody after r can see.</para>
/// <para>Worked example: web is created at 5, changed at 8, deleted at 9. Get at 7 gives the state
/// of 5, at 8 that of 8, at 9 nothing. Once nobody stands before 8, the state of 5 goes; once
/// nobody stands before 9, the key goes.</para>
/// <para>Revisions are four bytes inside: 4,294,967,294 writes are the most.</para>
/// Models etcd server/storage/mvcc.
/// </summary>
public sealed partial class EtcdStore
{
    // What a revision changed: a key, or an event (1 + the index of its row; negative: it expired).
    private readonly record struct LogRecord(KeyEntry? Entry, KeyVersion? Version, long Event = 0);

    private readonly Dictionary<Kind, KindTable> tables = [];
    private readonly ChunkedLog<LogRecord> log = new(1);
    private readonly PinSet pins = new();
    private readonly Queue<(KeyEntry Entry, KeyVersion Newer)> overwritten = new();
    private readonly Indexer indexer;
    private readonly History history;
    private KindTable? lastTable;

    /// <summary>An empty store at revision 0.</summary>
    /// <param name="history">What of the past it keeps.</param>
    /// <param name="nodeOf">The node that an object is bound to, or null; feeds
    /// <see cref="OnNode"/>.</param>
    public EtcdStore(History history, Func<ApiObject, string?>? nodeOf = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        this.history = history;
        indexer = new Indexer(nodeOf);
    }

    /// <summary>The members that must agree on a write; null when there is only one.</summary>
    internal EtcdMembers? Members { get; set; }

    /// <summary>The revision of the last write; 0 before the first.</summary>
    public Revision Head { get; private set; }

    /// <summary>The oldest revision that can still be read.</summary>
    public Revision Oldest { get; private set; }

    /// <summary>Up to here the API server answers 410 Gone to lists and watches, whatever the store
    /// still keeps for its own readers.</summary>
    public Revision Compacted { get; private set; }

    /// <summary>Creates or replaces an object, which must carry the next revision.</summary>
    /// <param name="value">The new state; its resourceVersion is <c>Head.Next</c>.</param>
    /// <param name="keepOld">False overwrites in place, as lease renewals do: as soon as every pin
    /// has passed this write, the state before it is forgotten, its change too, and earlier reads
    /// find this one in its place. A creation is never forgotten so.</param>
    /// <exception cref="InvalidOperationException">Another resourceVersion: a broken
    /// caller.</exception>
    public Revision Put(ApiObject value, bool keepOld = true)
    {
        var at = Stamp(value);
        var table = TableOf(value.Kind);
        if (table.HoldsEvents)
        {
            TakeOutOfRows(value.Key);
        }
        var entry = table.FindOrAdd(value.Metadata.Namespace).FindOrAdd(value.Metadata.Name);
        var old = entry.Live;
        if (old is null)
        {
            entry.Space.Table.Live++;
        }
        Write(entry, new(value, entry.Newest, at) { Created = old is null }, old);
        if (!keepOld && old is not null)
        {
            overwritten.Enqueue((entry, entry.Newest!));
            ForgetOverwritten(pins.Earliest());
        }
        return Head;
    }

    /// <summary>Puts in place what the store holds before its first revision, as one that was
    /// restored has it: it has the resourceVersion 0, and no watcher is told of it.</summary>
    /// <exception cref="InvalidOperationException">The store has revisions already.</exception>
    public void Seed(ApiObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (Head.Value > 0)
        {
            throw new InvalidOperationException($"{value.Key} comes too late: revision {Head}");
        }
        var entry = TableOf(value.Kind).FindOrAdd(value.Metadata.Namespace)
            .FindOrAdd(value.Metadata.Name);
        entry.Space.Table.Live++;
        (entry.Newest, entry.Writes) = (new(value, null, 0) { Created = true }, 1);
        entry.Newest.Reindexed = indexer.Update(entry, null, value, 0);
    }

    /// <summary>Deletes an object.</summary>
    /// <param name="last">Its final state; the resourceVersion is <c>Head.Next</c>.</param>
    /// <exception cref="InvalidOperationException">Another resourceVersion, or no such
    /// object.</exception>
    public Revision Delete(ApiObject last)
    {
        var at = Stamp(last);
        if (IsEvent(last.Kind))
        {
            TakeOutOfRows(last.Key);
        }
        if (Entry(last.Key) is not { Live: { } old } entry)
        {
            throw new InvalidOperationException($"nothing to delete: {last.Key}");
        }
        entry.Space.Table.Live--;
        Write(entry, new(last, entry.Newest, at) { Deleted = true }, old);
        Detach(last.Key);
        return Head;
    }

    /// <summary>The object under a key now; null when there is none.</summary>
    public ApiObject? Get(in ObjectKey key) =>
        Entry(key)?.Live ?? (IsEvent(key.Kind) ? EventRow(key, Head) : null);

    /// <summary>The revision that last wrote a key; 0 when there is no such object.</summary>
    public Revision ModRevision(in ObjectKey key) =>
        Get(key)?.Metadata.ResourceVersion ?? default;

    /// <summary>The object under a key as it was at a revision; null when there was none.</summary>
    /// <exception cref="HistoryGoneException">The revision is forgotten.</exception>
    public ApiObject? Get(in ObjectKey key, Revision at)
    {
        var revision = Readable(at);
        return Entry(key)?.At(revision) ?? (IsEvent(key.Kind) ? EventRow(key, at) : null);
    }

    /// <summary>The number of objects of a kind now.</summary>
    public int Count(Kind kind) =>
        (Table(kind)?.Live ?? 0) + (IsEvent(kind) ? events.Live : 0);

    /// <summary>The objects of a kind at a revision by namespace and name, as etcd orders its
    /// keys.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="ns">A namespace; null for all.</param>
    /// <param name="at">The revision to read at.</param>
    /// <param name="after">Start behind this key (the page before ended with it).</param>
    /// <exception cref="HistoryGoneException">The revision is forgotten.</exception>
    public IEnumerable<ApiObject> List(Kind kind, string? ns, Revision at, ObjectKey? after = null)
    {
        var revision = Readable(at);
        if (IsEvent(kind))
        {
            return ListEvents(ns, revision, after);
        }
        if (Table(kind) is not { } table)
        {
            return [];
        }
        var spaces = ns is null ? table.Ordered : table.Find(ns) is { } one ? [one] : [];
        return Walk(spaces, revision, after);
    }

    /// <summary>The objects of a kind that an owner has, by the owner's UID, at a
    /// revision.</summary>
    /// <exception cref="HistoryGoneException">The revision is forgotten.</exception>
    public Postings Owned(Kind kind, string ownerUid, Revision at) =>
        new(Table(kind)?.Owners.Find(ownerUid), Readable(at));

    /// <summary>The objects of a kind that are bound to a node, at a revision.</summary>
    /// <exception cref="HistoryGoneException">The revision is forgotten.</exception>
    public Postings OnNode(Kind kind, string node, Revision at) =>
        new(Table(kind)?.Nodes.Find(node), Readable(at));

    /// <summary>The objects of a kind that carry a label with a value, at a revision.</summary>
    /// <exception cref="HistoryGoneException">The revision is forgotten.</exception>
    public Postings Labelled(Kind kind, string? ns, string label, string value, Revision at)
    {
        var revision = Readable(at);
        var table = Table(kind);
        return ns is null
            ? new(table?.Ordered ?? [], label, value, revision)
            : new(table?.Find(ns)?.Labels.GetValueOrDefault(label)?.Find(value), revision);
    }

    /// <summary>The change that a revision made. For a deletion Old is the last state, with the
    /// deletion's resourceVersion, and New is null.</summary>
    /// <exception cref="HistoryGoneException">The change is trimmed or overwritten in
    /// place.</exception>
    public WatchEvent Log(Revision revision) => TryLog(revision, out var change)
        ? change
        : throw new HistoryGoneException(revision, Oldest);

    /// <summary>The change that a revision made; false when a later write overwrote it in place, so
    /// that a watcher passes over it.</summary>
    /// <exception cref="HistoryGoneException">The change is trimmed.</exception>
    public bool TryLog(Revision revision, out WatchEvent change)
    {
        var (entry, version, row) = RecordAt(revision);
        if (row != 0)
        {
            change = EventChange(revision, row);
            return true;
        }
        if (version is null)
        {
            change = default;
            return false;
        }
        var key = new ObjectKey(entry!.Space.Table.Kind, entry.Space.Name, entry.Name);
        change = version.Deleted
            ? new(revision, key, version.Value, null)
            : new(revision, key, version.Created ? null : version.Previous?.Value, version.Value);
        return true;
    }

    /// <summary>The kind that a revision changed, without making an event of it; null when a later
    /// write overwrote it in place.</summary>
    /// <exception cref="HistoryGoneException">The change is trimmed.</exception>
    public Kind? LogKind(Revision revision)
    {
        var (entry, _, row) = RecordAt(revision);
        return row != 0 ? Kinds.Event : entry?.Space.Table.Kind;
    }

    /// <summary>Keeps the history from a revision on, until the pin moves or is disposed.</summary>
    /// <exception cref="HistoryGoneException">The revision is forgotten already.</exception>
    public Pin Pin(Revision at)
    {
        Readable(at);
        return pins.Add(at);
    }

    /// <summary>Forgets what nobody at or after a floor needs, as far as pins and the window allow;
    /// constant time per forgotten write. With <see cref="History.All"/> only what was overwritten
    /// in place goes.</summary>
    public void Trim(Revision floor)
    {
        var earliest = pins.Earliest();
        ForgetOverwritten(earliest);
        if (history is not History.Last { Revisions: var window })
        {
            return;
        }
        var target = Math.Min(Math.Min(floor.Value, earliest), Head.Value - window);
        if (target <= Oldest.Value)
        {
            return;
        }
        while (log.First <= target)
        {
            Forget(log[log.First], (uint)target);
            log.DropFirst();
        }
        events.Trim((uint)target);
        Oldest = new(target);
    }

    /// <summary>Compacts for the API: lists and watches below a revision will get 410 Gone. Readers
    /// with a pin notice nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The revision is yet to come.</exception>
    public void Compact(Revision at)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at, Head);
        Compacted = at > Compacted ? at : Compacted;
    }

    private static IEnumerable<ApiObject> Walk(KeySpace[] spaces, uint at, ObjectKey? after)
    {
        foreach (var space in spaces)
        {
            var order = after is { } last ? string.CompareOrdinal(space.Name, last.Namespace) : 1;
            if (order < 0)
            {
                continue;
            }
            var entries = space.Sorted();
            for (var i = order == 0 ? KeySpace.After(entries, after!.Value.Name) : 0;
                i < entries.Length; i++)
            {
                if (entries[i].At(at) is { } found)
                {
                    yield return found;
                }
            }
        }
    }

    private uint Stamp(ApiObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Metadata.ResourceVersion != Head.Next)
        {
            throw new InvalidOperationException($"{value.Key} carries resourceVersion "
                + $"{value.Metadata.ResourceVersion}, but the next revision is {Head.Next}");
        }
        return NextRevision();
    }

    private uint NextRevision() => Head.Value + 1 < uint.MaxValue
        ? (uint)Head.Next.Value
        : throw new InvalidOperationException("the store is full: 4,294,967,294 revisions");

    private void Write(KeyEntry entry, KeyVersion version, ApiObject? old)
    {
        version.Reindexed = indexer.Update(
            entry, old, version.Deleted ? null : version.Value, version.From);
        entry.Newest = version;
        (entry.CreatedAt, entry.Writes) = version.Created
            ? (version.From, 1) : (entry.CreatedAt, entry.Writes + 1);
        Head = new(log.Append(new(entry, version)));
    }

    private void Forget(in LogRecord written, uint floor)
    {
        if (written is not { Entry: { } entry, Version: { } version })
        {
            return;
        }
        if (version is { Reindexed: true, Previous: { Deleted: false } previous })
        {
            var value = version.Deleted ? null : version.Value;
            indexer.Bury(entry.Space, previous.Value, value, floor);
        }
        version.Previous = null;
        if (version.Deleted && ReferenceEquals(entry.Newest, version))
        {
            entry.Space.Remove(entry);
        }
    }

    private void ForgetOverwritten(long earliestPin)
    {
        while (overwritten.TryPeek(out var write) && write.Newer.From <= earliestPin)
        {
            overwritten.Dequeue();
            var newer = write.Newer;
            if (newer.Previous is not { Created: false } old)
            {
                continue;
            }
            // A change that is trimmed took its elder along: then this one waits for Trim.
            var revision = old.Value.Metadata.ResourceVersion.Value;
            if (revision >= log.First && indexer.Same(old.Value, newer.Value))
            {
                log[revision] = default;
                (newer.From, newer.Previous) = (old.From, old.Previous);
                newer.Reindexed |= old.Reindexed;
            }
        }
    }

    private LogRecord RecordAt(Revision revision)
    {
        if (revision.Value < log.First)
        {
            throw new HistoryGoneException(revision, Oldest);
        }
        return log[revision.Value];
    }

    private uint Readable(Revision at)
    {
        if (at < Oldest)
        {
            throw new HistoryGoneException(at, Oldest);
        }
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at, Head);
        return (uint)at.Value;
    }

    private KeyEntry? Entry(in ObjectKey key) =>
        Table(key.Kind)?.Find(key.Namespace)?.Find(key.Name);

    private KindTable? Table(Kind kind)
    {
        if (ReferenceEquals(lastTable?.Kind, kind))
        {
            return lastTable;
        }
        return tables.TryGetValue(kind, out var table) ? lastTable = table : null;
    }

    private KindTable TableOf(Kind kind)
    {
        var table = Table(kind);
        if (table is null)
        {
            table = new KindTable(kind);
            tables.Add(kind, table);
        }
        return table;
    }
}
