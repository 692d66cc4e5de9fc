using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace KubeSim;

/// <summary>An event as a component reports it; the store keeps it so and makes an
/// <see cref="Event"/> of it when somebody reads.</summary>
/// <example><c>new EventRow { Involved = pod.Key, Uid = pod.Metadata.Uid, Reason = "Pulling",
/// Template = "Pulling image \"{0}\"", Arguments = [image], Component = "kubelet", At = now }</c>
/// </example>
public readonly record struct EventRow()
{
    /// <summary>The object that it happened to.</summary>
    public required ObjectKey Involved { get; init; }

    /// <summary>The UID of that object.</summary>
    public string Uid { get; init; } = "";

    /// <summary>The version of that object that the reporter knew; 0 leaves it out.</summary>
    public Revision InvolvedVersion { get; init; }

    /// <summary>The part that it happened to, such as <c>spec.containers{web}</c>.</summary>
    public string? FieldPath { get; init; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public string Type { get; init; } = "Normal";

    /// <summary>One word for programs, such as <c>Pulling</c>.</summary>
    public required string Reason { get; init; }

    /// <summary>The sentence with <c>{0}</c>, <c>{1}</c>… where arguments go: one text of the code,
    /// shared by all its events. Without arguments it is taken word for word.</summary>
    public required string Template { get; init; }

    /// <summary>What goes into the template.</summary>
    public Seq<string> Arguments { get; init; }

    /// <summary>Who reports, such as <c>kubelet</c>.</summary>
    public required string Component { get; init; }

    /// <summary>Which instance of it, such as the node's name.</summary>
    public string? Host { get; init; }

    /// <summary>What was being done. When set, the event has the newer form (eventTime,
    /// series).</summary>
    public string? Action { get; init; }

    /// <summary>Which life of the reporter it is: one that starts anew remembers nothing of what it
    /// told before.</summary>
    public int Life { get; init; }

    /// <summary>When it happened, by the virtual clock.</summary>
    public required DateTime At { get; init; }
}

/// <summary>
/// Events, a row each: a cluster of 150,000 pods has 750,000 of them, and nearly none is ever read.
/// A row is one state of one event, valid in revisions [From, To). An event that repeats gets a new
/// row with a higher count. As every write also renews the hour that an event lives, the rows lie
/// in the order in which they expire, and the table is a log that is cut at its tail.
/// <para>Rows of objects of one name are chained, newest first: that finds the row to count up, an
/// object's events, and an event by its name. The rows are also the memory of the recorders, which
/// write no more than is worth reading:</para>
/// <para><b>Counting</b>: the same event (type, reason, text, part, reporter) is written again with
/// a higher count.</para>
/// <para><b>Combining</b>: of events that differ in their text alone, the tenth and what comes
/// after it within ten minutes are one event, "(combined from similar events): …".</para>
/// <para><b>Dropping</b>: a reporter may write 25 events of a type (Normal or Warning) about an
/// object and then one in five minutes. What is dropped is still counted, and told with the next
/// that is not.</para>
/// <para>The newer form knows a series instead: the second of equal events is written, later ones
/// are not until six minutes were quiet. Real recorders tell the final count of a series every half
/// hour, and forget all but the last 4,096 events; here the rows forget after an hour.</para>
/// Models staging/src/k8s.io/client-go/tools/record/events_cache.go, tools/events and the event
/// registry's TTL.
/// </summary>
internal sealed class EventRows
{
    /// <summary>How long an event lives after it last happened.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(1);

    private const int MostAlike = 10;
    private static readonly long alikeWithin = TimeSpan.FromMinutes(10).Ticks;
    private static readonly long seriesEnds = TimeSpan.FromMinutes(6).Ticks;

    // What one event takes from a reporter's allowance for an object, and the whole of it, as the
    // milliseconds in which it comes back.
    private const int Cost = 300_000;
    private const int WholeAllowance = 25 * Cost;

    internal sealed record Shape(
        Kind Kind, string Type, string Reason, string Template, string Component, string? Action)
    {
        public bool Combined { get; init; }
    }

    internal struct Row
    {
        public Shape Shape;
        public string Namespace;        // of the involved object: empty for a node
        public string Name;
        public string Uid;
        public string? FieldPath;
        public string? Host;
        public Seq<string> Arguments;
        public long FirstNanos;         // since 1970; made unique per name, as it names the event
        public long LastTicks;
        public uint InvolvedVersion;
        public int Count;
        public uint From;
        public uint To;
        public int Distance;            // how many rows back the chain goes on; 0: it ends
        public int Life;
        public int Untold;              // how often it happened since without being written
        public int Allowance;           // what is left to the reporter; in a series: when it last
                                        // happened, in milliseconds after LastTicks
    }

    private readonly ChunkedLog<Row> rows = new(0);
    private readonly Dictionary<string, long> chains = new(StringComparer.Ordinal);
    private readonly Dictionary<Shape, Shape> shapes = [];
    private long expired;

    /// <summary>The number of live events.</summary>
    public int Live { get; private set; }

    public long RowCount => rows.Count;

    public ref Row this[long index] => ref rows[index];

    /// <summary>Adds or counts up an event; returns the index of its new row, or -1 when a
    /// recorder would not write it.</summary>
    public long Record(in EventRow row, uint at)
    {
        var shape = Intern(new(
            row.Involved.Kind, row.Type, row.Reason, row.Template, row.Component, row.Action));
        ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(
            chains, row.Involved.Name, out var chained);
        last = chained ? last : -1;
        var added = new Row
        {
            Shape = shape,
            Namespace = row.Involved.Namespace,
            Name = row.Involved.Name,
            Uid = row.Uid,
            FieldPath = row.FieldPath,
            Host = row.Host,
            Arguments = row.Arguments,
            FirstNanos = (row.At.Ticks - DateTime.UnixEpoch.Ticks) * 100,
            LastTicks = row.At.Ticks,
            InvolvedVersion = (uint)row.InvolvedVersion.Value,
            Count = 1,
            From = at,
            To = uint.MaxValue,
            Distance = last < rows.First ? 0 : checked((int)(rows.Next - last)),
            Life = row.Life,
        };
        var known = row.Action is null ? Correlate(ref added, last) : Series(added, last);
        if (known == Dropped)
        {
            return -1;
        }
        Settle(ref added, known, last, at);
        return last = rows.Append(added);
    }

    /// <summary>The row of an event's name that is valid at a revision; -1 when there is none.
    /// </summary>
    public long Find(string ns, string name, uint at)
    {
        var dot = name.LastIndexOf('.');
        if (dot < 0 || !long.TryParse(name.AsSpan(dot + 1), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out var nanos))
        {
            return -1;
        }
        for (var i = Newest(name[..dot]); i >= 0; i = Older(i))
        {
            ref var row = ref rows[i];
            if (row.FirstNanos == nanos && row.From <= at && at < row.To
                && NamespaceOf(row) == ns && NameOf(row) == name)
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>The row that a counted-up row took the place of; -1 when it is a new
    /// event.</summary>
    public long Before(long index)
    {
        ref var row = ref rows[index];
        for (var i = row.Count > 1 ? Older(index) : -1; i >= 0; i = Older(i))
        {
            if (rows[i].FirstNanos == row.FirstNanos && rows[i].Namespace == row.Namespace)
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>The rows valid at a revision, oldest first.</summary>
    public IEnumerable<long> At(uint at)
    {
        for (var i = rows.First; i < rows.Next && rows[i].From <= at; i++)
        {
            if (at < rows[i].To)
            {
                yield return i;
            }
        }
    }

    /// <summary>The rows about an object valid at a revision, oldest first.</summary>
    public List<long> About(ObjectKey involved, string? uid, uint at)
    {
        var found = new List<long>();
        for (var i = Newest(involved.Name); i >= 0; i = Older(i))
        {
            ref var row = ref rows[i];
            if (row.From <= at && at < row.To && row.Namespace == involved.Namespace
                && row.Shape.Kind.Equals(involved.Kind) && (uid is null || row.Uid == uid))
            {
                found.Add(i);
            }
        }
        found.Reverse();
        return found;
    }

    /// <summary>The next live row whose hour is over; -1 when there is none.</summary>
    public long NextExpired(DateTime now)
    {
        expired = Math.Max(expired, rows.First);
        while (expired < rows.Next && rows[expired].LastTicks + Lifetime.Ticks <= now.Ticks)
        {
            if (rows[expired].To == uint.MaxValue)
            {
                return expired;
            }
            expired++;
        }
        return -1;
    }

    /// <summary>When the hour of the oldest live row is over; null when there is none.</summary>
    public DateTime? NextExpiry()
    {
        expired = Math.Max(expired, rows.First);
        while (expired < rows.Next && rows[expired].To != uint.MaxValue)
        {
            expired++;
        }
        return expired == rows.Next ? null
            : new DateTime(rows[expired].LastTicks, DateTimeKind.Utc) + Lifetime;
    }

    /// <summary>Ends a live row.</summary>
    public void End(long index, uint at)
    {
        rows[index].To = at;
        Live--;
    }

    /// <summary>Cuts off the rows that nobody at or after a floor can see.</summary>
    public void Trim(uint floor)
    {
        while (rows.Count > 0 && rows[rows.First].To <= floor)
        {
            var name = rows[rows.First].Name;
            if (chains.TryGetValue(name, out var last) && last == rows.First)
            {
                chains.Remove(name);
            }
            rows.DropFirst();
        }
    }

    public static ObjectKey KeyOf(in Row row) =>
        new(Kinds.Event, NamespaceOf(row), NameOf(row));

    // Events about cluster-scoped objects live in the default namespace.
    public static string NamespaceOf(in Row row) =>
        row.Namespace.Length == 0 ? "default" : row.Namespace;

    /// <summary>The event as the API shows it.</summary>
    public Event Render(long index, uint? deletedAt = null)
    {
        ref var row = ref rows[index];
        var shape = row.Shape;
        var first = DateTime.UnixEpoch.AddTicks(row.FirstNanos / 100);
        var last = new DateTime(row.LastTicks, DateTimeKind.Utc);
        var newer = shape.Action is not null;
        return new Event
        {
            Metadata = new()
            {
                Name = NameOf(row),
                Namespace = NamespaceOf(row),
                Uid = UidOf(row),
                ResourceVersion = new(deletedAt ?? row.From),
                CreationTimestamp = first,
            },
            InvolvedObject = Reference(row),
            Reason = shape.Reason,
            Message = (shape.Combined ? "(combined from similar events): " : "")
                + Fill(shape.Template, row.Arguments),
            Type = shape.Type,
            Source = newer ? new() : new() { Component = shape.Component, Host = row.Host },
            FirstTimestamp = newer ? null : first,
            LastTimestamp = newer ? null : last,
            Count = newer ? null : row.Count,
            EventTime = newer ? first : null,
            Action = shape.Action,
            Series = newer && row.Count > 1
                ? new() { Count = row.Count, LastObservedTime = last }
                : null,
            ReportingComponent = shape.Component,
            ReportingInstance = row.Host ?? "",
        };
    }

    private static ObjectReference Reference(in Row row) => new()
    {
        Kind = row.Shape.Kind.Name,
        ApiVersion = row.Shape.Kind.ApiVersion,
        Namespace = row.Namespace.Length == 0 ? null : row.Namespace,
        Name = row.Name,
        Uid = row.Uid.Length == 0 ? null : row.Uid,
        ResourceVersion = row.InvolvedVersion == 0
            ? null
            : new Revision(row.InvolvedVersion).ToString(),
        FieldPath = row.FieldPath,
    };

    // The name of the object and the first time in nanoseconds, as the real recorder names events.
    private static string NameOf(in Row row) =>
        string.Create(CultureInfo.InvariantCulture, $"{row.Name}.{row.FirstNanos:x16}");

    // Two names, one UID for all time: a digest of what is unique about the event.
    private static string UidOf(in Row row)
    {
        var digest = Digest.Mix(Digest.Mix(Digest.Start, row.Namespace), row.Name);
        return new Prng(Digest.Mix(Digest.Mix(digest, row.Uid), row.FirstNanos)).NewUid();
    }

    /// <summary>Puts arguments in the place of <c>{0}</c>, <c>{1}</c>…; other braces
    /// stay.</summary>
    internal static string Fill(string template, Seq<string> arguments)
    {
        if (arguments.IsEmpty)
        {
            return template;
        }
        var text = new StringBuilder(template.Length + 32);
        for (var i = 0; i < template.Length; i++)
        {
            var hole = template[i] == '{' && i + 2 < template.Length && template[i + 2] == '}'
                ? template[i + 1] - '0'
                : -1;
            if (hole >= 0 && hole < arguments.Count)
            {
                text.Append(arguments[hole]);
                i += 2;
            }
            else
            {
                text.Append(template[i]);
            }
        }
        return text.ToString();
    }

    private Shape Intern(Shape shape)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(shapes, shape, out _);
        return known ??= shape;
    }

    private const long New = -1;
    private const long Dropped = -2;

    // Which live row an event of the older form counts up. Combines what is alike and drops what
    // comes too often.
    private long Correlate(ref Row added, long chain)
    {
        var (same, combined, others, told) = (New, New, 0, false);
        var allowance = (long)WholeAllowance;
        var (until, within, first) = (added.LastTicks, true, true);
        for (var i = chain >= rows.First ? chain : -1; i >= 0; i = Older(i))
        {
            ref var row = ref rows[i];
            if (!SameReporter(row, added))
            {
                continue;
            }
            if (first && row.Shape.Type == added.Shape.Type)
            {
                first = false;
                allowance = Math.Min(WholeAllowance, row.Allowance
                    + ((added.LastTicks - row.LastTicks) / TimeSpan.TicksPerMillisecond));
            }
            if (row.Shape.Reason != added.Shape.Reason || row.Shape.Type != added.Shape.Type)
            {
                continue;
            }
            within &= until - row.LastTicks <= alikeWithin;
            until = row.LastTicks;
            if (row.To != uint.MaxValue)
            {
                continue;
            }
            if (row.Shape.Combined)
            {
                combined = i;
                continue;
            }
            var equal = ReferenceEquals(row.Shape, added.Shape) && row.Arguments == added.Arguments;
            same = equal && row.FieldPath == added.FieldPath ? i : same;
            told |= equal && within;
            others += within && !equal ? 1 : 0;
        }
        if (!told && others >= MostAlike - 1)
        {
            added.Shape = Intern(added.Shape with { Combined = true });
            same = combined;
        }
        if (allowance < Cost)
        {
            if (same >= 0)
            {
                rows[same].Untold++;
            }
            return Dropped;
        }
        added.Allowance = (int)allowance - Cost;
        return same;
    }

    // Which live row an event of the newer form makes a series of: that of the same object in the
    // same version, whatever its text.
    private long Series(in Row added, long chain)
    {
        for (var i = chain >= rows.First ? chain : -1; i >= 0; i = Older(i))
        {
            ref var row = ref rows[i];
            if (row.To != uint.MaxValue || !SameReporter(row, added)
                || row.Shape.Type != added.Shape.Type || row.Shape.Reason != added.Shape.Reason
                || row.Shape.Action != added.Shape.Action || row.FieldPath != added.FieldPath
                || row.InvolvedVersion != added.InvolvedVersion)
            {
                continue;
            }
            var since = added.LastTicks - row.LastTicks;
            if (since - (row.Allowance * TimeSpan.TicksPerMillisecond) >= seriesEnds)
            {
                return New;
            }
            if (row.Count > 1)
            {
                row.Untold++;
                row.Allowance = (int)(since / TimeSpan.TicksPerMillisecond);
                return Dropped;
            }
            return i;
        }
        return New;
    }

    // Counts up a live row, or finds a free name for a new event.
    private void Settle(ref Row added, long known, long chain, uint at)
    {
        if (known >= 0)
        {
            ref var row = ref rows[known];
            row.To = at;
            (added.Count, added.FirstNanos) = (row.Count + row.Untold + 1, row.FirstNanos);
            return;
        }
        Live++;
        while (IsTaken(chain, added.FirstNanos))
        {
            added.FirstNanos++;
        }
    }

    private bool IsTaken(long chain, long nanos)
    {
        for (var i = chain >= rows.First ? chain : -1; i >= 0; i = Older(i))
        {
            if (rows[i].FirstNanos == nanos)
            {
                return true;
            }
        }
        return false;
    }

    private static bool SameReporter(in Row a, in Row b) =>
        a.Life == b.Life && a.Uid == b.Uid && a.Namespace == b.Namespace && a.Host == b.Host
        && a.Shape.Component == b.Shape.Component && a.Shape.Kind.Equals(b.Shape.Kind);

    private long Newest(string name) =>
        chains.TryGetValue(name, out var last) && last >= rows.First ? last : -1;

    private long Older(long index)
    {
        var distance = rows[index].Distance;
        return distance == 0 || index - distance < rows.First ? -1 : index - distance;
    }
}
