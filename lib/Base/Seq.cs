using System.Collections;
using System.Runtime.CompilerServices;

namespace KubeSim;

/// <summary>Told of a value type that can be unset, so that JSON leaves it out.</summary>
public interface IUnset
{
    /// <summary>True when nobody gave a value; an empty list that somebody wrote is not
    /// unset.</summary>
    bool IsUnset { get; }
}

/// <summary>An immutable list that compares by value. <c>default</c> is unset: it reads as an empty
/// list and JSON leaves it out. As in Kubernetes, unset and empty are equal.</summary>
/// <example><c>Seq&lt;string&gt; args = ["serve", "--port=80"];</c></example>
[CollectionBuilder(typeof(Seq), nameof(Seq.Create))]
public readonly struct Seq<T> : IReadOnlyList<T>, IEquatable<Seq<T>>, IUnset
{
    private readonly T[]? items;

    internal Seq(T[]? items) => this.items = items;

    /// <summary>The number of items; 0 when unset.</summary>
    public int Count => items?.Length ?? 0;

    /// <inheritdoc/>
    public bool IsUnset => items is null;

    /// <summary>True when there is no item, set or not.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>The item at a position counted from 0.</summary>
    /// <exception cref="IndexOutOfRangeException">No item stands there.</exception>
    public T this[int index] => (items ?? [])[index];

    /// <summary>The items as memory to walk without allocating.</summary>
    public ReadOnlySpan<T> AsSpan() => items;

    /// <summary>True when both share one array: a fast yes; a no says nothing.</summary>
    internal bool SameAs(Seq<T> other) => ReferenceEquals(items, other.items);

    /// <summary>The identity of the array beneath, for caches by reference.</summary>
    internal object? Identity => items;

    /// <summary>A list with one item more at the end.</summary>
    public Seq<T> Add(T item) => new([.. AsSpan(), item]);

    /// <summary>A list with the item at a position replaced.</summary>
    public Seq<T> SetItem(int index, T item)
    {
        var copy = AsSpan().ToArray();
        copy[index] = item;
        return new(copy);
    }

    /// <summary>A list without the items that a test picks; this one when it picks none.</summary>
    public Seq<T> RemoveAll(Predicate<T> match)
    {
        var kept = Array.FindAll(items ?? [], item => !match(item));
        return kept.Length == Count ? this : new(kept);
    }

    /// <summary>Walks the items in order.</summary>
    public ReadOnlySpan<T>.Enumerator GetEnumerator() => AsSpan().GetEnumerator();

    IEnumerator<T> IEnumerable<T>.GetEnumerator() =>
        ((IEnumerable<T>)(items ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => (items ?? []).GetEnumerator();

    /// <summary>Equal when the items are equal in order.</summary>
    public bool Equals(Seq<T> other)
    {
        if (SameAs(other))
        {
            return true;
        }
        if (Count != other.Count)
        {
            return false;
        }
        var comparer = EqualityComparer<T>.Default;
        for (var i = 0; i < Count; i++)
        {
            if (!comparer.Equals(items![i], other.items![i]))
            {
                return false;
            }
        }
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Seq<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var item in AsSpan())
        {
            hash.Add(item);
        }
        return hash.ToHashCode();
    }

    /// <summary>Equal by value.</summary>
    public static bool operator ==(Seq<T> left, Seq<T> right) => left.Equals(right);

    /// <summary>Not equal by value.</summary>
    public static bool operator !=(Seq<T> left, Seq<T> right) => !left.Equals(right);

    /// <summary>The items as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The items in brackets: <c>[a, b]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", items ?? [])}]";
}

/// <summary>Makes <see cref="Seq{T}"/> lists.</summary>
public static class Seq
{
    /// <summary>A list of the given items; what a collection expression calls.</summary>
    public static Seq<T> Create<T>(ReadOnlySpan<T> items) => new(items.ToArray());

    /// <summary>A list of the items of a sequence, in its order.</summary>
    public static Seq<T> ToSeq<T>(this IEnumerable<T> items) => new(items.ToArray());
}
