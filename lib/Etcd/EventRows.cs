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

    /// <summary>When it happened, by the virtual clock.</summary>
    public required DateTime At { get; init; }
}

/// <summary>
/// Events, a row each: a cluster of 150,000 pods has 750,000 of them, and nearly none is ever read.
/// A row is one state of one event, valid in revisions [From, To). An event that repeats gets a new
/// row with a higher count. As every write also renews the hour that an event lives, the rows lie
/// in the order in which they expire, and the table is a log that is cut at its tail.
/// <para>Rows of objects of one name are chained, newest first: that finds the row to count up, an
/// object's events, and an event by its name. Recorders drop what comes too often (25 events of a
/// source about an object, then one in five minutes), so that chains stay short.</para>
/// Models staging/src/k8s.io/client-go/tools/record and the event registry's TTL.
/// </summary>
internal sealed class EventRows
{
    /// <summary>How long an event lives after it last happened.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(1);

    internal sealed record Shape(
        Kind Kind, string Type, string Reason, string Template, string Component, string? Action);

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
    }

    private readonly ChunkedLog<Row> rows = new(0);
    private readonly Dictionary<string, long> chains = new(StringComparer.Ordinal);
    private readonly Dictionary<Shape, Shape> shapes = [];
    private long expired;

    /// <summary>The number of live events.</summary>
    public int Live { get; private set; }

    public long RowCount => rows.Count;

    public ref Row this[long index] => ref rows[index];

    /// <summary>Adds or counts up an event; returns the index of its new row.</summary>
    public long Record(in EventRow row, uint at)
    {
        var key = new Shape(
            row.Involved.Kind, row.Type, row.Reason, row.Template, row.Component, row.Action);
        ref var shape = ref CollectionsMarshal.GetValueRefOrAddDefault(shapes, key, out _);
        shape ??= key;
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
        };
        Settle(ref added, last, at);
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
            Message = Fill(shape.Template, row.Arguments),
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

    // Counts up the live row of the same event, or finds a free name for a new one.
    private void Settle(ref Row added, long chain, uint at)
    {
        for (var i = chain >= rows.First ? chain : -1; i >= 0; i = Older(i))
        {
            ref var row = ref rows[i];
            if (row.To == uint.MaxValue && SameEvent(row, added))
            {
                row.To = at;
                (added.Count, added.FirstNanos) = (row.Count + 1, row.FirstNanos);
                return;
            }
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

    private static bool SameEvent(in Row a, in Row b) =>
        ReferenceEquals(a.Shape, b.Shape) && a.Uid == b.Uid && a.Namespace == b.Namespace
        && a.FieldPath == b.FieldPath && a.Host == b.Host && a.Arguments == b.Arguments;

    private long Newest(string name) =>
        chains.TryGetValue(name, out var last) && last >= rows.First ? last : -1;

    private long Older(long index)
    {
        var distance = rows[index].Distance;
        return distance == 0 || index - distance < rows.First ? -1 : index - distance;
    }
}
