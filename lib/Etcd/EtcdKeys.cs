using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>A key of etcd with its value and the four numbers that etcd keeps with it.</summary>
/// <param name="Key">The key, such as <c>/registry/pods/default/web-1</c>.</param>
/// <param name="Value">The value; for an object its JSON, without a resourceVersion: that is
/// <paramref name="ModRevision"/>, filled in by the API server when it reads.</param>
/// <param name="CreateRevision">The revision that made the key.</param>
/// <param name="ModRevision">The revision that last wrote it.</param>
/// <param name="Version">The number of writes since it was made, the first included.</param>
/// <param name="Lease">The lease that it is tied to; 0 for none.</param>
public sealed record EtcdKeyValue(string Key, string Value, long CreateRevision, long ModRevision,
    long Version, long Lease);

/// <summary>
/// Where objects lie in etcd. A key is <c>/registry/RESOURCE/NAMESPACE/NAME</c>; the group of a
/// built-in kind is not in it, which dates from a time when there were none. Five resources have
/// names of their own: nodes are <c>minions</c>, ReplicationControllers <c>controllers</c>,
/// Ingresses <c>ingress</c>, and Services and Endpoints share <c>services</c>. Custom objects, and
/// the two kinds that extend the API, have their group in the key.
/// <para>Real values of built-in kinds are protobuf behind the bytes <c>k8s\0</c>; here they are
/// JSON, as those of custom objects are. Keys that are no objects (port and address ranges, the
/// compactor's own) are left out. Any other key may be written; it means nothing to the API
/// server.</para>
/// Models staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and
/// pkg/kubeapiserver/default_storage_factory_builder.go.
/// </summary>
public static class EtcdKeys
{
    /// <summary>Where all that the API server stores begins.</summary>
    public const string Root = "/registry/";

    /// <summary>A key that is no object of the API; its name is the whole key.</summary>
    internal static Kind Raw { get; } = new()
    {
        Group = "etcd.io", Version = "v3", Name = "Key", Plural = "keys", Singular = "key",
        Namespaced = false,
    };

    /// <summary>The key of an object.</summary>
    public static string Of(in ObjectKey key) => key.Kind.Equals(Raw) ? key.Name
        : key.Namespace.Length == 0 ? PrefixOf(key.Kind) + key.Name
        : $"{PrefixOf(key.Kind)}{key.Namespace}/{key.Name}";

    /// <summary>What the keys of a kind begin with, such as <c>/registry/pods/</c>.</summary>
    public static string PrefixOf(Kind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        var grouped = kind.SchemaType is null
            || kind.Group is "apiextensions.k8s.io" or "apiregistration.k8s.io";
        return Root + (grouped ? $"{kind.Group}/{kind.Plural}" : (kind.Group, kind.Plural) switch
        {
            ("", "nodes") => "minions",
            ("", "replicationcontrollers") => "controllers",
            ("", "services") => "services/specs",
            ("", "endpoints") => "services/endpoints",
            ("networking.k8s.io", "ingresses") => "ingress",
            _ => kind.Plural,
        }) + "/";
    }

    /// <summary>The object that a key is of; a key that is of none stands for itself.</summary>
    internal static ObjectKey Parse(string key, KindRegistry kinds)
    {
        foreach (var kind in kinds.All)
        {
            var prefix = PrefixOf(kind);
            if (!key.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }
            var parts = key[prefix.Length..].Split('/');
            if (parts.Length == (kind.Namespaced ? 2 : 1) && parts.All(p => p.Length > 0))
            {
                return new(kind, kind.Namespaced ? parts[0] : "", parts[^1]);
            }
        }
        return new(Raw, "", key);
    }

    /// <summary>The value of a key as etcd holds it.</summary>
    internal static string Encode(ApiObject value)
    {
        if (value.Kind.Equals(Raw))
        {
            return value.Kept!["value"].GetString()!;
        }
        return Json.Line(value with
        {
            Metadata = value.Metadata with { ResourceVersion = default },
        });
    }

    /// <summary>The object that a value is, under its key.</summary>
    /// <exception cref="ArgumentException">The value is not the JSON of that object; the API server
    /// could not read it.</exception>
    internal static ApiObject Decode(in ObjectKey key, string value)
    {
        if (key.Kind.Equals(Raw))
        {
            return new Unstructured(Raw)
            {
                Metadata = new() { Name = key.Name },
                Kept = new() { ["value"] = JsonSerializer.SerializeToElement(value) },
            };
        }
        try
        {
            var found = Json.Decode(JsonNode.Parse(value)!, key.Kind);
            return found.Key == key ? found : throw new ArgumentException(
                $"{Of(key)} cannot hold {Of(found.Key)}: name and namespace are part of the key");
        }
        catch (Exception e) when (e is JsonException or ApiException)
        {
            throw new ArgumentException($"{Of(key)}: the API server could not read this value, and "
                + $"would fail every list of {key.Kind.Plural}: {e.Message}", nameof(value), e);
        }
    }
}

// Keys as etcd itself sees them: one ordered space of names.
//
// Models server/storage/mvcc/kvstore.go and key_index.go: a key_index holds the generations of a
// key, a generation the revisions from one creation to its deletion.
public sealed partial class EtcdStore
{
    /// <summary>The keys that begin with a prefix, in order, as they were at a revision.</summary>
    /// <exception cref="EtcdException">The revision is compacted away, or yet to come.</exception>
    public Seq<EtcdKeyValue> Range(string prefix, Revision? at = null, int limit = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var revision = Served(at);
        var found = AllKinds().Where(kind => kind.Equals(EtcdKeys.Raw) || Meets(kind, prefix))
            .SelectMany(kind => List(kind, null, revision))
            .Select(o => (Key: EtcdKeys.Of(o.Key), Object: o))
            .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        found.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return found.Take(limit).Select(o => KeyValue(o.Object, revision)).ToSeq();
    }

    /// <summary>The objects of all kinds that there are now, by their keys.</summary>
    internal IEnumerable<ApiObject> Everything() =>
        AllKinds().SelectMany(kind => List(kind, null, Head));

    /// <summary>A revision that etcd still serves: the head unless one is asked for.</summary>
    internal Revision Served(Revision? at) => at is not { } asked || asked == default ? Head
        : asked > Head ? throw EtcdException.Future
        : asked < Compacted || asked < Oldest ? throw EtcdException.Compacted
        : asked;

    internal EtcdKeyValue KeyValue(ApiObject value, Revision at)
    {
        var key = value.Key;
        var (created, version) = Generation(key, at);
        return new(EtcdKeys.Of(key), EtcdKeys.Encode(value), created,
            value.Metadata.ResourceVersion.Value, version,
            leaseOf.TryGetValue(key, out var lease) ? lease.Id : 0);
    }

    private static bool Meets(Kind kind, string prefix)
    {
        var own = EtcdKeys.PrefixOf(kind);
        return own.StartsWith(prefix, StringComparison.Ordinal)
            || prefix.StartsWith(own, StringComparison.Ordinal);
    }

    private IEnumerable<Kind> AllKinds() => tables.Keys
        .Concat(tables.ContainsKey(Kinds.Event) ? [] : [Kinds.Event])
        .OrderBy(EtcdKeys.PrefixOf, StringComparer.Ordinal);

    // When the key was made, and how often it was written since. Writes that a later one overwrote
    // in place are in the entry's count only.
    private (long Created, long Version) Generation(in ObjectKey key, Revision at)
    {
        if (Entry(key) is not { } entry || entry.At((uint)at.Value) is null)
        {
            return EventGeneration(key, at);
        }
        var version = entry.Newest;
        var newer = 0L;
        for (; version!.From > at.Value; version = version.Previous)
        {
            newer++;
        }
        if (version.From >= entry.CreatedAt)
        {
            return (entry.CreatedAt, entry.Writes - newer);
        }
        var writes = 1L;
        for (; !version.Created && version.Previous is { } older; version = older)
        {
            writes++;
        }
        return (version.From, writes);
    }

    private (long Created, long Version) EventGeneration(in ObjectKey key, Revision at)
    {
        var row = events.Find(key.Namespace, key.Name, (uint)at.Value);
        if (row < 0)
        {
            return default;
        }
        var first = row;
        for (var before = events.Before(row); before >= 0; before = events.Before(before))
        {
            first = before;
        }
        return (events[first].From, events[row].Count);
    }
}

/// <summary>A change of a key: <c>PUT</c> or <c>DELETE</c>. Of a deletion only the key and its
/// revision are told.</summary>
public sealed record EtcdEvent(string Type, EtcdKeyValue Kv, EtcdKeyValue? Previous)
{
    /// <summary>The event on one line: <c>17 PUT /registry/pods/default/web-1</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Kv.ModRevision} {Type} {Kv.Key}");
}

/// <summary>The changes of the keys under a prefix, pulled one by one from the log of revisions.
/// Since the log is kept, a watch may begin in the past: that is how an API server that lost its
/// connection goes on without a gap.</summary>
/// <remarks>Models server/storage/mvcc/watchable_store.go.</remarks>
public sealed class EtcdWatch : IDisposable
{
    private readonly EtcdStore store;
    private readonly string prefix;
    private readonly Pin pin;

    internal EtcdWatch(EtcdStore store, string prefix, Revision from)
    {
        (this.store, this.prefix) = (store, prefix);
        if (from != default && from < store.Compacted)
        {
            throw EtcdException.Compacted;
        }
        At = from == default || from > store.Head ? store.Head : new(from.Value - 1);
        pin = store.Pin(At < store.Oldest ? throw EtcdException.Compacted : At);
    }

    /// <summary>The revision up to which the watch has read.</summary>
    public Revision At { get; private set; }

    /// <summary>The next change, if there is one by now.</summary>
    /// <exception cref="EtcdException">What the watch had still to read is compacted
    /// away.</exception>
    public bool TryNext(out EtcdEvent change)
    {
        while (At < store.Head)
        {
            if (At.Next < store.Compacted)
            {
                throw EtcdException.Compacted;
            }
            At = At.Next;
            var told = store.TryLog(At, out var e)
                && EtcdKeys.Of(e.Key).StartsWith(prefix, StringComparison.Ordinal);
            change = told ? EventOf(e) : null!;
            pin.MoveTo(At);
            if (told)
            {
                return true;
            }
        }
        change = null!;
        return false;
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose() => pin.Dispose();

    private EtcdEvent EventOf(in WatchEvent e)
    {
        var old = new Revision(e.At.Value - 1);
        var before = e.Old is null || store.Get(e.Key, old) is not { } last ? null
            : store.KeyValue(last, old);
        return e.New is { } now ? new("PUT", store.KeyValue(now, e.At), before)
            : new("DELETE", new(EtcdKeys.Of(e.Key), "", 0, e.At.Value, 0, 0), before);
    }
}
