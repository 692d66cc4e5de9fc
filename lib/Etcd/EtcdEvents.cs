namespace KubeSim;

// Events beside the other kinds: written as rows, read as objects. An event that a client writes
// itself (creates, annotates, deletes) lies among the ordinary keys; a row that it touches moves
// there.
public sealed partial class EtcdStore
{
    private readonly EventRows events = new();

    /// <summary>Reports an event. The same event of the same object (reason, text, type, component)
    /// is not told twice: its count goes up and its last time moves on. Either is a revision; an
    /// event that a recorder drops is none (see <see cref="EventRows"/>), and the head stays.
    /// </summary>
    public Revision Record(in EventRow row)
    {
        var index = events.Record(row, NextRevision());
        return index < 0 ? Head : Head = new(log.Append(new(null, null, index + 1)));
    }

    /// <summary>How long an event is kept after it last happened; an hour by default.</summary>
    public TimeSpan EventLifetime
    {
        get => events.Lifetime;
        init => events.Lifetime = value;
    }

    /// <summary>When the next reported event ends; null when there is none.</summary>
    public DateTime? NextEventExpiry => events.NextExpiry();

    /// <summary>Ends the events that nobody repeated for so long, a revision each, and returns how
    /// many. Of an event that a client wrote, the times in it count.</summary>
    public int ExpireEvents(DateTime now)
    {
        var count = 0;
        for (var row = events.NextExpired(now); row >= 0; row = events.NextExpired(now))
        {
            events.End(row, NextRevision());
            Head = new(log.Append(new(null, null, -(row + 1))));
            count++;
        }
        foreach (var e in WrittenEvents(null, (uint)Head.Value))
        {
            if (LastTime(e) is { } last && last + EventLifetime <= now)
            {
                Delete(e with { Metadata = e.Metadata with { ResourceVersion = Head.Next } });
                count++;
            }
        }
        return count;
    }

    /// <summary>The events of a namespace (null: of all) at a revision, in the order in which they
    /// last changed.</summary>
    /// <exception cref="HistoryGoneException">The revision is forgotten.</exception>
    public IEnumerable<Event> Events(string? ns, Revision at)
    {
        var revision = Readable(at);
        var written = WrittenEvents(ns, revision);
        return written.Count == 0
            ? Rows(ns, revision)
            : [.. Rows(ns, revision).Concat(written).OrderBy(e => e.Metadata.ResourceVersion)];
    }

    /// <summary>The events about an object at a revision, in the order in which they last changed.
    /// </summary>
    /// <param name="involved">The object.</param>
    /// <param name="uid">Its UID, to leave out an earlier object of its name; null takes
    /// all.</param>
    /// <param name="at">The revision to read at.</param>
    /// <exception cref="HistoryGoneException">The revision is forgotten.</exception>
    public IEnumerable<Event> Events(ObjectKey involved, string? uid, Revision at)
    {
        var revision = Readable(at);
        var found = events.About(involved, uid, revision).ConvertAll(row => events.Render(row));
        var written = WrittenEvents(null, revision).FindAll(e => IsAbout(e, involved, uid));
        return written.Count == 0
            ? found
            : [.. found.Concat(written).OrderBy(e => e.Metadata.ResourceVersion)];
    }

    private static bool IsEvent(Kind kind) => kind.Equals(Kinds.Event);

    private static DateTime? LastTime(Event e) => e.LastTimestamp?.DateTime
        ?? e.Series?.LastObservedTime?.Instant
        ?? e.EventTime?.Instant
        ?? e.Metadata.CreationTimestamp?.DateTime;

    private static bool IsAbout(Event e, in ObjectKey key, string? uid) =>
        e.InvolvedObject.Name == key.Name
        && e.InvolvedObject.Kind == key.Kind.Name
        && (e.InvolvedObject.Namespace ?? "") == key.Namespace
        && (uid is null || e.InvolvedObject.Uid == uid);

    private IEnumerable<Event> Rows(string? ns, uint at)
    {
        foreach (var row in events.At(at))
        {
            if (ns is null || EventRows.NamespaceOf(events[row]) == ns)
            {
                yield return events.Render(row);
            }
        }
    }

    // Events that clients wrote; there are hardly ever any.
    private List<Event> WrittenEvents(string? ns, uint at)
    {
        var table = Table(Kinds.Event);
        var spaces = ns is null ? table?.Ordered : table?.Find(ns) is { } one ? [one] : null;
        return [.. Walk(spaces ?? [], at, null).OfType<Event>()];
    }

    private IEnumerable<ApiObject> ListEvents(string? ns, uint at, ObjectKey? after) =>
        Rows(ns, at).Concat(WrittenEvents(ns, at))
            .Select(e => (e.Key, Event: e))
            .Where(e => after is not { } last || e.Key.CompareTo(last) > 0)
            .OrderBy(e => e.Key)
            .Select(e => e.Event);

    private Event? EventRow(in ObjectKey key, Revision at)
    {
        var row = events.Find(key.Namespace, key.Name, (uint)at.Value);
        return row < 0 ? null : events.Render(row);
    }

    private WatchEvent EventChange(Revision at, long change)
    {
        var row = Math.Abs(change) - 1;
        if (change < 0)
        {
            var last = events.Render(row, (uint)at.Value);
            return new(at, last.Key, last, null);
        }
        var (before, now) = (events.Before(row), events.Render(row));
        return new(at, now.Key, before < 0 ? null : events.Render(before), now);
    }

    // The row becomes a key with one version, valid from where the row was; the row is valid
    // nowhere.
    private void TakeOutOfRows(in ObjectKey key)
    {
        var row = events.Find(key.Namespace, key.Name, (uint)Head.Value);
        if (row < 0)
        {
            return;
        }
        var from = events[row].From;
        var entry = TableOf(key.Kind).FindOrAdd(key.Namespace).FindOrAdd(key.Name);
        var (created, writes) = EventGeneration(key, Head);
        entry.Newest = new(events.Render(row), entry.Newest, from);
        (entry.CreatedAt, entry.Writes) = ((uint)created, (uint)writes);
        entry.Space.Table.Live++;
        events.End(row, from);
    }
}
