using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace KubeSim;

/// <summary>An immutable map from strings that compares by value and is ordered by ordinal key.
/// <c>default</c> is unset: it reads as empty and JSON leaves it out; unset and empty are
/// equal.</summary>
/// <example><c>var labels = Map.Of(("app", "web"), ("tier", "front"));</c></example>
public readonly struct Map<TValue>
    : IReadOnlyDictionary<string, TValue>, IEquatable<Map<TValue>>, IUnset
{
    private readonly KeyValuePair<string, TValue>[]? entries;

    private Map(KeyValuePair<string, TValue>[]? entries) => this.entries = entries;

    /// <summary>The number of entries; 0 when unset.</summary>
    public int Count => entries?.Length ?? 0;

    /// <inheritdoc/>
    public bool IsUnset => entries is null;

    /// <summary>True when there is no entry, set or not.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>An empty map that somebody set.</summary>
    public static Map<TValue> Empty => new([]);

    /// <summary>The keys in ordinal order.</summary>
    public IEnumerable<string> Keys => (entries ?? []).Select(e => e.Key);

    /// <summary>The values in the order of their keys.</summary>
    public IEnumerable<TValue> Values => (entries ?? []).Select(e => e.Value);

    /// <summary>The value of a key.</summary>
    /// <exception cref="KeyNotFoundException">The key is not there.</exception>
    public TValue this[string key] => TryGetValue(key, out var value)
        ? value
        : throw new KeyNotFoundException($"no key \"{key}\" in {this}");

    /// <summary>The entries as memory to walk without allocating, in ordinal order of
    /// keys.</summary>
    public ReadOnlySpan<KeyValuePair<string, TValue>> AsSpan() => entries;

    /// <summary>True when both share one array: a fast yes; a no says nothing.</summary>
    internal bool SameAs(Map<TValue> other) => ReferenceEquals(entries, other.entries);

    /// <summary>The identity of the array beneath, for caches by reference.</summary>
    internal object? Identity => entries;

    /// <summary>A map of the given entries; of equal keys the last one counts.</summary>
    public static Map<TValue> From(IEnumerable<KeyValuePair<string, TValue>> items)
    {
        var sorted = items.ToList();
        // A stable sort, so that the last of equal keys stays last.
        var array = sorted.OrderBy(e => e.Key, StringComparer.Ordinal).ToArray();
        var kept = 0;
        for (var i = 0; i < array.Length; i++)
        {
            var replaced = i + 1 < array.Length && Compare(array[i].Key, array[i + 1].Key) == 0;
            if (!replaced)
            {
                array[kept++] = array[i];
            }
        }
        Array.Resize(ref array, kept);
        return new(array);
    }

    /// <summary>The value of a key, or the default of its type.</summary>
    public TValue? Get(string key) => TryGetValue(key, out var value) ? value : default;

    /// <inheritdoc/>
    public bool ContainsKey(string key) => Find(key) >= 0;

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out TValue value)
    {
        var at = Find(key);
        value = at >= 0 ? entries![at].Value : default;
        return at >= 0;
    }

    /// <summary>A map in which a key has a value.</summary>
    public Map<TValue> Set(string key, TValue value)
    {
        var at = Find(key);
        if (at >= 0)
        {
            var copy = (KeyValuePair<string, TValue>[])entries!.Clone();
            copy[at] = new(key, value);
            return new(copy);
        }
        var grown = new List<KeyValuePair<string, TValue>>(Count + 1);
        grown.AddRange(AsSpan());
        grown.Insert(~at, new(key, value));
        return new([.. grown]);
    }

    /// <summary>A map in which each entry of another is set.</summary>
    public Map<TValue> SetAll(Map<TValue> other) => Merge(other, static (_, theirs) => theirs);

    /// <summary>A map of the entries of both; where both have a key, <paramref name="combine"/>
    /// makes the value of this one's and the other's.</summary>
    public Map<TValue> Merge(Map<TValue> other, Func<TValue, TValue, TValue> combine)
    {
        if (IsEmpty || other.IsEmpty)
        {
            return IsEmpty && !other.IsUnset ? other : this;
        }
        var merged = new KeyValuePair<string, TValue>[Count + other.Count];
        var (at, left, right) = (0, 0, 0);
        while (left < Count && right < other.Count)
        {
            var (mine, theirs) = (entries![left], other.entries![right]);
            var order = Compare(mine.Key, theirs.Key);
            merged[at++] = order < 0 ? mine
                : order > 0 ? theirs
                : new(mine.Key, combine(mine.Value, theirs.Value));
            left += order <= 0 ? 1 : 0;
            right += order >= 0 ? 1 : 0;
        }
        AsSpan()[left..].CopyTo(merged.AsSpan(at));
        other.AsSpan()[right..].CopyTo(merged.AsSpan(at + Count - left));
        Array.Resize(ref merged, at + Count - left + other.Count - right);
        return new(merged);
    }

    /// <summary>A map without a key; this one when it is not there.</summary>
    public Map<TValue> Remove(string key)
    {
        var at = Find(key);
        return at < 0 ? this : new([.. entries!.AsSpan(0, at), .. entries.AsSpan(at + 1)]);
    }

    /// <summary>Walks the entries in ordinal order of keys.</summary>
    public ReadOnlySpan<KeyValuePair<string, TValue>>.Enumerator GetEnumerator() =>
        AsSpan().GetEnumerator();

    IEnumerator<KeyValuePair<string, TValue>>
        IEnumerable<KeyValuePair<string, TValue>>.GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, TValue>>)(entries ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => (entries ?? []).GetEnumerator();

    /// <summary>Equal when the keys and their values are equal.</summary>
    public bool Equals(Map<TValue> other)
    {
        if (SameAs(other))
        {
            return true;
        }
        if (Count != other.Count)
        {
            return false;
        }
        var comparer = EqualityComparer<TValue>.Default;
        for (var i = 0; i < Count; i++)
        {
            var (left, right) = (entries![i], other.entries![i]);
            if (Compare(left.Key, right.Key) != 0 || !comparer.Equals(left.Value, right.Value))
            {
                return false;
            }
        }
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Map<TValue> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var entry in AsSpan())
        {
            hash.Add(entry.Key);
            hash.Add(entry.Value);
        }
        return hash.ToHashCode();
    }

    /// <summary>Equal by value.</summary>
    public static bool operator ==(Map<TValue> left, Map<TValue> right) => left.Equals(right);

    /// <summary>Not equal by value.</summary>
    public static bool operator !=(Map<TValue> left, Map<TValue> right) => !left.Equals(right);

    /// <summary>The entries as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The entries as labels are written: <c>app=web,tier=front</c>.</summary>
    public override string ToString() =>
        string.Join(",", (entries ?? []).Select(e => $"{e.Key}={e.Value}"));

    private static int Compare(string left, string right) => string.CompareOrdinal(left, right);

    private int Find(string key)
    {
        var (low, high) = (0, Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Compare(entries![middle].Key, key);
            if (order == 0)
            {
                return middle;
            }
            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }
        return ~low;
    }
}

/// <summary>Makes <see cref="Map{TValue}"/> maps.</summary>
public static class Map
{
    /// <summary>A map of the given pairs; of equal keys the last one counts.</summary>
    public static Map<TValue> Of<TValue>(params ReadOnlySpan<(string Key, TValue Value)> pairs)
    {
        var entries = new List<KeyValuePair<string, TValue>>(pairs.Length);
        foreach (var (key, value) in pairs)
        {
            entries.Add(new(key, value));
        }
        return Map<TValue>.From(entries);
    }

    /// <summary>A map of the entries of a sequence; of equal keys the last one counts.</summary>
    public static Map<TValue> ToMap<TValue>(
        this IEnumerable<KeyValuePair<string, TValue>> items) => Map<TValue>.From(items);
}
