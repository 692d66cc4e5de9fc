using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace KubeSim;

/// <summary>The digest of what a write changed: two runs that make the same writes share it, on any
/// machine, and no field of an object can change unnoticed.</summary>
// The digest takes in a pair for each changed leaf: the digest of its path (kind, namespace, name,
// field, index or key) and the new value. What is equal adds nothing, so a status update of a Pod
// costs a walk over metadata and status alone: spec is the same object in both. Sharing is only a
// short cut: equal but separate parts add nothing either. metadata.resourceVersion does not count.
public static class StateDigest
{
    internal const ulong Gone = 0x60E6_60E6_60E6_60E6;

    /// <summary>The digest after a write: <paramref name="old"/> is null for a new object,
    /// <paramref name="now"/> for a deleted one. Equal states leave the digest as it is.</summary>
    public static ulong Mix(ulong digest, ApiObject? old, ApiObject? now)
    {
        if (ReferenceEquals(old, now))
        {
            return digest;
        }
        var path = (now ?? old!).Key.Mix(Digest.Start);
        if (now is null)
        {
            return Digest.Mix(Digest.Mix(digest, path), Gone);
        }
        var shape = Shape.Of(now.GetType());
        return old is null || old.GetType() != now.GetType()
            ? shape.Add(Digest.Mix(digest, path), path, now)
            : shape.Change(digest, path, old, now);
    }
}

/// <summary>Takes values of one type into a digest. A place is the digest of the path above and an
/// id (a field's, an index); the two are only joined when something is to be told.</summary>
internal abstract class Mixer<T>
{
    internal static Mixer<T> Default { get; } = (Mixer<T>)Create(typeof(T));

    /// <summary>The digest after a value that was not there before; after nothing when
    /// unset.</summary>
    internal abstract ulong Add(ulong digest, ulong path, ulong id, T value);

    /// <summary>The digest after a value took the place of another; after nothing when
    /// equal.</summary>
    internal abstract ulong Change(ulong digest, ulong path, ulong id, T old, T now);

    private static object Create(Type type)
    {
        var generic = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        var mixer = type == typeof(string) ? typeof(TextMixer)
            : type == typeof(KeptFields) ? typeof(KeptMixer)
            : generic == typeof(Seq<>) ? typeof(SeqMixer<>)
            : generic == typeof(Map<>) ? typeof(MapMixer<>)
            : generic == typeof(Nullable<>) ? typeof(NullableMixer<>)
            : typeof(ApiPart).IsAssignableFrom(type) ? typeof(PartMixer<>)
            : type.IsValueType ? typeof(ScalarMixer<>)
            : throw new NotSupportedException($"no digest for values of type {type}");
        var argument = generic is null ? type : type.GetGenericArguments()[0];
        return Activator.CreateInstance(
            mixer.IsGenericType ? mixer.MakeGenericType(argument) : mixer, nonPublic: true)!;
    }
}

internal sealed class TextMixer : Mixer<string?>
{
    internal override ulong Add(ulong digest, ulong path, ulong id, string? value) =>
        value is null ? digest : Digest.Mix(Digest.Mix(digest, Digest.Mix(path, id)), value);

    internal override ulong Change(ulong digest, ulong path, ulong id, string? old, string? now) =>
        ReferenceEquals(old, now) || string.Equals(old, now) ? digest
            : Digest.Mix(Digest.Mix(digest, Digest.Mix(path, id)), now);
}

internal sealed class ScalarMixer<T> : Mixer<T>
    where T : struct
{
    internal override ulong Add(ulong digest, ulong path, ulong id, T value) =>
        Value(Digest.Mix(digest, Digest.Mix(path, id)), value);

    internal override ulong Change(ulong digest, ulong path, ulong id, T old, T now) =>
        EqualityComparer<T>.Default.Equals(old, now) ? digest : Add(digest, path, id, now);

    // The tests of the type are settled when the code is compiled: no value is boxed.
    internal static ulong Value(ulong digest, T value)
    {
        if (typeof(T) == typeof(int))
        {
            return Digest.Mix(digest, (long)Unsafe.As<T, int>(ref value));
        }
        if (typeof(T) == typeof(bool))
        {
            return Digest.Mix(digest, Unsafe.As<T, bool>(ref value) ? 1UL : 0UL);
        }
        if (typeof(T) == typeof(long))
        {
            return Digest.Mix(digest, Unsafe.As<T, long>(ref value));
        }
        if (typeof(T) == typeof(Time))
        {
            return Digest.Mix(digest, Unsafe.As<T, Time>(ref value).UnixSeconds);
        }
        if (typeof(T) == typeof(MicroTime))
        {
            return Digest.Mix(digest, Unsafe.As<T, MicroTime>(ref value).Instant.Ticks);
        }
        if (typeof(T) == typeof(Revision))
        {
            return Digest.Mix(digest, Unsafe.As<T, Revision>(ref value).Value);
        }
        if (typeof(T) == typeof(Quantity))
        {
            return Number(digest, Unsafe.As<T, Quantity>(ref value));
        }
        if (typeof(T) == typeof(IntOrString))
        {
            var either = Unsafe.As<T, IntOrString>(ref value);
            return Digest.Mix(Digest.Mix(digest, (long)either.Number), either.Text);
        }
        var text = value is IFormattable number
            ? number.ToString(null, CultureInfo.InvariantCulture) : value.ToString();
        return Digest.Mix(digest, text);
    }

    // The number and not its text: 1Ki and 1024 are equal. Billionths fit 64 bits up to 9 billion;
    // beyond, as for bytes of memory, thousandths tell apart what can differ.
    private static ulong Number(ulong digest, Quantity value)
    {
        var whole = value.Value;
        return whole is > -9_000_000_000 and < 9_000_000_000
            ? Digest.Mix(digest, value.ScaledValue(-9))
            : Digest.Mix(Digest.Mix(digest, whole), value.MilliValue);
    }
}

internal sealed class NullableMixer<T> : Mixer<T?>
    where T : struct
{
    internal override ulong Add(ulong digest, ulong path, ulong id, T? value) => value is { } set
        ? ScalarMixer<T>.Value(Digest.Mix(digest, Digest.Mix(path, id)), set) : digest;

    internal override ulong Change(ulong digest, ulong path, ulong id, T? old, T? now)
    {
        if (now is not { } set)
        {
            return old is null ? digest
                : Digest.Mix(Digest.Mix(digest, Digest.Mix(path, id)), StateDigest.Gone);
        }
        return old is { } was && EqualityComparer<T>.Default.Equals(was, set) ? digest
            : ScalarMixer<T>.Value(Digest.Mix(digest, Digest.Mix(path, id)), set);
    }
}

internal sealed class PartMixer<T> : Mixer<T?>
    where T : ApiPart
{
    // Asked for late, since a record may hold records of its own type.
    private Shape? shape;

    private Shape Shape => shape ??= Shape.Of(typeof(T));

    internal override ulong Add(ulong digest, ulong path, ulong id, T? value)
    {
        if (value is null)
        {
            return digest;
        }
        path = Digest.Mix(path, id);
        return Shape.Add(Digest.Mix(digest, path), path, value);
    }

    internal override ulong Change(ulong digest, ulong path, ulong id, T? old, T? now)
    {
        if (ReferenceEquals(old, now))
        {
            return digest;
        }
        if (old is null)
        {
            return Add(digest, path, id, now);
        }
        path = Digest.Mix(path, id);
        return now is null ? Digest.Mix(Digest.Mix(digest, path), StateDigest.Gone)
            : Shape.Change(digest, path, old, now);
    }
}

internal sealed class SeqMixer<T> : Mixer<Seq<T>>
{
    private Mixer<T>? items;

    private Mixer<T> Items => items ??= Mixer<T>.Default;

    internal override ulong Add(ulong digest, ulong path, ulong id, Seq<T> value) =>
        value.IsEmpty ? digest : Change(digest, path, id, default, value);

    internal override ulong Change(ulong digest, ulong path, ulong id, Seq<T> old, Seq<T> now)
    {
        if (old.SameAs(now))
        {
            return digest;
        }
        path = Digest.Mix(path, id);
        var was = old.AsSpan();
        var set = now.AsSpan();
        for (var i = 0; i < set.Length; i++)
        {
            digest = i < was.Length ? Items.Change(digest, path, (ulong)i, was[i], set[i])
                : Items.Add(digest, path, (ulong)i, set[i]);
        }
        return was.Length == set.Length ? digest
            : Digest.Mix(Digest.Mix(digest, path), (ulong)set.Length);
    }
}

internal sealed class MapMixer<T> : Mixer<Map<T>>
{
    private Mixer<T>? items;

    private Mixer<T> Items => items ??= Mixer<T>.Default;

    internal override ulong Add(ulong digest, ulong path, ulong id, Map<T> value) =>
        value.IsEmpty ? digest : Change(digest, path, id, default, value);

    internal override ulong Change(ulong digest, ulong path, ulong id, Map<T> old, Map<T> now)
    {
        if (old.SameAs(now))
        {
            return digest;
        }
        path = Digest.Mix(path, id);
        var was = old.AsSpan();
        var set = now.AsSpan();
        // Both are in ordinal order of keys: one walk meets every key once.
        for (int i = 0, j = 0; i < was.Length || j < set.Length;)
        {
            var order = i == was.Length ? 1 : j == set.Length ? -1
                : ReferenceEquals(was[i].Key, set[j].Key) ? 0
                : string.CompareOrdinal(was[i].Key, set[j].Key);
            if (order < 0)
            {
                digest = Digest.Mix(digest, Digest.Mix(path, was[i++].Key));
                digest = Digest.Mix(digest, StateDigest.Gone);
            }
            else if (order > 0)
            {
                var key = Digest.Mix(path, set[j].Key);
                digest = Items.Add(Digest.Mix(digest, key), key, 0UL, set[j++].Value);
            }
            else
            {
                // The place of an entry is its key, mixed only when its value has changed.
                digest = Changed(digest, path, was[i++], set[j++]);
            }
        }
        return digest;
    }

    private ulong Changed(
        ulong digest, ulong path, KeyValuePair<string, T> old, KeyValuePair<string, T> now) =>
        EqualityComparer<T>.Default.Equals(old.Value, now.Value) ? digest
            : Items.Change(digest, Digest.Mix(path, now.Key), 0UL, old.Value, now.Value);
}

/// <summary>Fields without a property: their names, and those within, in no order, as they compare.
/// They are rare, so clarity goes before speed here.</summary>
internal sealed class KeptMixer : Mixer<KeptFields?>
{
    internal override ulong Add(ulong digest, ulong path, ulong id, KeptFields? value) =>
        value is null || value.Count == 0 ? digest
            : Digest.Mix(Digest.Mix(digest, Digest.Mix(path, id)), Value(value));

    internal override ulong Change(
        ulong digest, ulong path, ulong id, KeptFields? old, KeptFields? now)
    {
        if (ReferenceEquals(old, now) || (now is not null && now.Equals(old)))
        {
            return digest;
        }
        return now is null
            ? Digest.Mix(Digest.Mix(digest, Digest.Mix(path, id)), StateDigest.Gone)
            : Digest.Mix(Digest.Mix(digest, Digest.Mix(path, id)), Value(now));
    }

    private static ulong Value(KeptFields fields)
    {
        var sum = 0UL;
        foreach (var (name, value) in fields)
        {
            sum += Value(Digest.Mix(Digest.Start, name), value);
        }
        return sum;
    }

    private static ulong Value(ulong digest, JsonElement value)
    {
        digest = Digest.Mix(digest, (ulong)value.ValueKind);
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var sum = 0UL;
                foreach (var field in value.EnumerateObject())
                {
                    sum += Value(Digest.Mix(Digest.Start, field.Name), field.Value);
                }
                return Digest.Mix(digest, sum);
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    digest = Value(digest, item);
                }
                return Digest.Mix(digest, (ulong)value.GetArrayLength());
            case JsonValueKind.String:
                return Digest.Mix(digest, value.GetString());
            case JsonValueKind.Number:
                return Number(digest, value);
            default:
                return digest;
        }
    }

    // 1, 1.0 and 1e0 are one number, so that equal fields have equal digests.
    private static ulong Number(ulong digest, JsonElement value)
    {
        if (value.TryGetInt64(out var whole))
        {
            return Digest.Mix(digest, whole);
        }
        var number = value.GetDouble();
        return Math.Abs(number) < 1e15 && Math.Floor(number) == number
            ? Digest.Mix(digest, (long)number)
            : Digest.Mix(digest, BitConverter.DoubleToUInt64Bits(number));
    }
}
