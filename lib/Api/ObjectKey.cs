namespace KubeSim;

/// <summary>What names an object in the cluster: its kind, namespace (empty for cluster-scoped
/// kinds) and name. A key of queues, caches and the store.</summary>
public readonly record struct ObjectKey(Kind Kind, string Namespace, string Name)
    : IComparable<ObjectKey>
{
    /// <summary>The order of lists: by kind (group, then name), namespace, name; all
    /// ordinal.</summary>
    public int CompareTo(ObjectKey other)
    {
        var order = string.CompareOrdinal(Kind.Group, other.Kind.Group);
        order = order != 0 ? order : string.CompareOrdinal(Kind.Name, other.Kind.Name);
        order = order != 0 ? order : string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }

    /// <inheritdoc/>
    public bool Equals(ObjectKey other) => string.Equals(Name, other.Name)
        && string.Equals(Namespace, other.Namespace) && Kind.Equals(other.Kind);

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>The digest of the key after another digest.</summary>
    internal ulong Mix(ulong digest) =>
        Digest.Mix(Digest.Mix(Digest.Mix(digest, Kind?.Name), Namespace), Name);

    /// <summary>As people say it: <c>pods default/web-1</c>, <c>nodes node-1</c>.</summary>
    public override string ToString() => Kind is null ? "(none)"
        : Namespace is null or "" ? $"{Kind.Resource} {Name}"
        : $"{Kind.Resource} {Namespace}/{Name}";
}

/// <summary>A place in the history of the cluster: each write to etcd is the next one.
/// 0 means none or unset.</summary>
public readonly record struct Revision(long Value) : IComparable<Revision>
{
    /// <summary>The revision after this one.</summary>
    public Revision Next => new(Value + 1);

    /// <inheritdoc/>
    public int CompareTo(Revision other) => Value.CompareTo(other.Value);

    /// <summary>Earlier.</summary>
    public static bool operator <(Revision left, Revision right) => left.Value < right.Value;

    /// <summary>Later.</summary>
    public static bool operator >(Revision left, Revision right) => left.Value > right.Value;

    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(Revision left, Revision right) => left.Value <= right.Value;

    /// <summary>Later or the same.</summary>
    public static bool operator >=(Revision left, Revision right) => left.Value >= right.Value;

    /// <summary>The number alone, as <c>resourceVersion</c> writes it.</summary>
    public override string ToString() =>
        Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>One change as a watcher sees it: <paramref name="Old"/> is null for a new object,
/// <paramref name="New"/> for a deleted one (then Old is its last state).</summary>
public readonly record struct WatchEvent(Revision At, ObjectKey Key, ApiObject? Old, ApiObject? New)
{
    /// <summary>The type as the API names it: ADDED, MODIFIED, DELETED, or BOOKMARK for an event
    /// that tells of no object but of how far the watch has read.</summary>
    public string Type => Key.Name is "" ? "BOOKMARK"
        : New is null ? "DELETED" : Old is null ? "ADDED" : "MODIFIED";

    /// <summary>The object as it now is, or as it last was.</summary>
    public ApiObject Object => New ?? Old!;
}
