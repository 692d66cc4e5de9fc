using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>How a quantity is written; sums keep the form of their first part.</summary>
public enum QuantityFormat : byte
{
    /// <summary>Powers of 1000: <c>250m</c>, <c>12M</c>.</summary>
    DecimalSI,

    /// <summary>Powers of 1024: <c>12Mi</c>.</summary>
    BinarySI,

    /// <summary>Powers of ten as an exponent: <c>12e6</c>.</summary>
    DecimalExponent,
}

/// <summary>An exact number with a unit prefix, as CPU and memory are given: <c>250m</c>,
/// <c>1Gi</c>.
/// <c>default</c> is zero. Equal means the same number, however it is written.</summary>
/// <remarks>The number is a whole number of up to 38 digits times a power of ten; what is finer
/// than a billionth is rounded up (away from zero), as is what 38 digits cannot hold. 1.5Gi is
/// 16106127360 × 10⁻¹ and is written 1536Mi: no fraction, the largest suffix that loses nothing.
/// <para>Models staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go.</para></remarks>
/// <example><c>Quantity cpu = "250m"; var twice = cpu + cpu;  // 500m</c></example>
[JsonConverter(typeof(QuantityConverter))]
public readonly struct Quantity : IComparable<Quantity>, IEquatable<Quantity>
{
    private const int Nano = -9;

    // The halves of an Int128, kept apart: as one field it would align to 16 bytes and fill 32.
    private readonly ulong low;
    private readonly long high;
    private readonly int scale;

    private Quantity(Int128 digits, int scale, QuantityFormat format)
    {
        low = (ulong)digits;
        high = (long)(digits >> 64);
        this.scale = scale;
        Format = format;
    }

    /// <summary>A whole number.</summary>
    public Quantity(long value, QuantityFormat format = QuantityFormat.DecimalSI)
        : this(value, 0, format)
    {
    }

    /// <summary>How the quantity is written.</summary>
    public QuantityFormat Format { get; }

    /// <summary>True for nothing at all.</summary>
    public bool IsZero => (low | (ulong)high) == 0;

    /// <summary>-1 for less than zero, 0 for zero, 1 for more.</summary>
    public int Sign => high < 0 ? -1 : IsZero ? 0 : 1;

    /// <summary>The whole number, rounded away from zero: <c>1100m</c> is 2. Capped at 64
    /// bits.</summary>
    public long Value => ScaledValue(0);

    /// <summary>The thousandths, rounded away from zero: <c>1.5</c> is 1500. Capped at 64
    /// bits.</summary>
    public long MilliValue => ScaledValue(-3);

    private Int128 Digits => new((ulong)high, low);

    /// <summary>A number of thousandths.</summary>
    public static Quantity Milli(long value, QuantityFormat format = QuantityFormat.DecimalSI) =>
        new(value, -3, format);

    /// <summary>A number times a power of ten: <c>Scaled(5, 6)</c> is 5M.</summary>
    public static Quantity Scaled(
        long value, int scale, QuantityFormat format = QuantityFormat.DecimalSI) =>
        new(value, scale, format);

    /// <summary>The quantity that a text writes.</summary>
    /// <exception cref="FormatException">The text is none; the message is the API
    /// server's.</exception>
    public static Quantity Parse(string text) => TryParse(text, out var quantity, out var problem)
        ? quantity
        : throw new FormatException(problem);

    /// <summary>The quantity that a text writes, or the API server's words for why it is
    /// none.</summary>
    public static bool TryParse(
        ReadOnlySpan<char> text, out Quantity quantity, out string? problem)
    {
        problem = QuantityText.Read(text, out var digits, out var scale, out var format);
        quantity = problem is null ? new(digits, scale, format) : default;
        return problem is null;
    }

    /// <summary>The quantity that a text writes; see <see cref="Parse"/>.</summary>
    public static implicit operator Quantity(string text) => Parse(text);

    /// <summary>The count of 10^<paramref name="power"/> in it, rounded away from zero and capped
    /// at 64 bits.</summary>
    public long ScaledValue(int power)
    {
        if (power == scale && FitsLong)
        {
            return (long)low;
        }
        var rounded = QuantityText.Rescale(Digits, (long)scale - power, out _);
        return rounded > long.MaxValue ? long.MaxValue
            : rounded < long.MinValue ? long.MinValue
            : (long)rounded;
    }

    /// <summary>The quantity rounded away from zero to whole 10^<paramref name="power"/>;
    /// <paramref name="exact"/> tells that nothing was lost.</summary>
    public Quantity RoundUp(int power, out bool exact)
    {
        exact = true;
        return scale >= power ? this
            : new(QuantityText.Rescale(Digits, (long)scale - power, out exact), power, Format);
    }

    /// <summary>The same number, written otherwise.</summary>
    public Quantity WithFormat(QuantityFormat format) => new(Digits, scale, format);

    /// <summary>The nearest floating-point number, or nearly so; infinite beyond its
    /// range.</summary>
    public double ToDouble() =>
        scale == 0 ? (double)Digits : (double)Digits * Math.Pow(10, scale);

    /// <summary>The sum, written as the first part is (as the second, if the first is
    /// zero).</summary>
    public static Quantity operator +(Quantity left, Quantity right)
    {
        if (left.IsZero)
        {
            return right;
        }
        if (left.scale == right.scale && left.FitsLong && right.FitsLong)
        {
            // Two 64-bit numbers cannot overflow 128 bits.
            return new((Int128)(long)left.low + (long)right.low, left.scale, left.Format);
        }
        if (right.IsZero)
        {
            return left;
        }
        var sum = QuantityText.Add(
            left.Digits, left.scale, right.Digits, right.scale, out var sumScale);
        return new(sum, sumScale, left.Format);
    }

    /// <summary>The difference, written as the first part is (as the second, if the first is
    /// zero).</summary>
    public static Quantity operator -(Quantity left, Quantity right) => left + -right;

    /// <summary>The same below zero instead of above, or the other way.</summary>
    public static Quantity operator -(Quantity quantity) =>
        new(-quantity.Digits, quantity.scale, quantity.Format);

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => scale == other.scale
        ? Digits.CompareTo(other.Digits)
        : QuantityText.Compare(Digits, scale, other.Digits, other.scale);

    /// <summary>True for the same number, however written: <c>1</c> equals <c>1000m</c>.</summary>
    public bool Equals(Quantity other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // Without the trailing zeros, so that equal numbers of different scale agree.
        var (digits, power) = QuantityText.Trim(Digits, scale);
        return HashCode.Combine(digits, power);
    }

    /// <summary>Equal as numbers.</summary>
    public static bool operator ==(Quantity left, Quantity right) => left.Equals(right);

    /// <summary>Not equal as numbers.</summary>
    public static bool operator !=(Quantity left, Quantity right) => !left.Equals(right);

    /// <summary>Less.</summary>
    public static bool operator <(Quantity left, Quantity right) => left.CompareTo(right) < 0;

    /// <summary>More.</summary>
    public static bool operator >(Quantity left, Quantity right) => left.CompareTo(right) > 0;

    /// <summary>Less or the same.</summary>
    public static bool operator <=(Quantity left, Quantity right) => left.CompareTo(right) <= 0;

    /// <summary>More or the same.</summary>
    public static bool operator >=(Quantity left, Quantity right) => left.CompareTo(right) >= 0;

    /// <summary>The canonical text, as the API writes it: <c>1536Mi</c>, <c>1500m</c>.</summary>
    public override string ToString()
    {
        Span<char> buffer = stackalloc char[QuantityText.MaxLength];
        return new string(buffer[..Write(buffer)]);
    }

    /// <summary>Writes the canonical text and tells its length.</summary>
    internal int Write(Span<char> buffer)
    {
        // Finer than a billionth has no suffix.
        var shown = scale < Nano && Format != QuantityFormat.DecimalExponent
            ? RoundUp(Nano, out _)
            : this;
        return QuantityText.Write(shown.Digits, shown.scale, Format, buffer);
    }

    private bool FitsLong => high == (long)low >> 63;
}

/// <summary>Reads quantities from strings and bare numbers and writes canonical strings.</summary>
public sealed class QuantityConverter : JsonConverter<Quantity>
{
    /// <summary>True: as in Kubernetes, null reads as zero.</summary>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override Quantity Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString()!,
            // The digits as written: 0.1 must not become a binary fraction on the way.
            JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(reader.ValueSpan),
            JsonTokenType.Null => "0",
            _ => "",
        };
        return Quantity.TryParse(text.AsSpan().Trim(), out var quantity, out var problem)
            ? quantity
            : throw new JsonException(problem);
    }

    /// <inheritdoc/>
    public override void Write(
        Utf8JsonWriter writer, Quantity value, JsonSerializerOptions options)
    {
        Span<char> buffer = stackalloc char[QuantityText.MaxLength];
        writer.WriteStringValue(buffer[..value.Write(buffer)]);
    }
}
