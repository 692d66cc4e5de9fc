using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A whole number or a text: <c>maxSurge: 1</c> or <c>25%</c>, <c>targetPort: 80</c> or
/// <c>http</c>. <c>default</c> is the number 0.</summary>
/// <remarks>Models staging/src/k8s.io/apimachinery/pkg/util/intstr/intstr.go.</remarks>
[JsonConverter(typeof(IntOrStringConverter))]
public readonly struct IntOrString : IEquatable<IntOrString>
{
    /// <summary>A number.</summary>
    public IntOrString(int number) => Number = number;

    /// <summary>A text.</summary>
    public IntOrString(string text) => Text = text;

    /// <summary>The number; 0 for a text.</summary>
    public int Number { get; }

    /// <summary>The text; null for a number.</summary>
    public string? Text { get; }

    /// <summary>True for a text.</summary>
    public bool IsText => Text is not null;

    /// <summary>True for a text that ends in a percent sign.</summary>
    public bool IsPercent => Text is [.., '%'];

    /// <summary>A number where the text is one, else the text: how flags are read.</summary>
    public static IntOrString Parse(string text) =>
        TryNumber(text, out var number) ? new(number) : new(text);

    /// <summary>A number.</summary>
    public static implicit operator IntOrString(int number) => new(number);

    /// <summary>A text.</summary>
    public static implicit operator IntOrString(string text) => new(text);

    /// <summary>The number, or the percentage of a total: 25% of 10 is 3 rounded up, 2
    /// down.</summary>
    /// <exception cref="FormatException">A text that is no percentage.</exception>
    public int Scaled(int total, bool roundUp) =>
        TryScaled(total, roundUp, out var value, out var problem)
            ? value
            : throw new FormatException(problem);

    /// <summary>The number, or the percentage of a total, or why there is none.</summary>
    public bool TryScaled(int total, bool roundUp, out int value, out string? problem)
    {
        if (!TryGet(out value, out var isPercent, out problem))
        {
            problem = "invalid value for IntOrString: " + problem;
            return false;
        }
        if (isPercent)
        {
            var (quotient, rest) = Math.DivRem((long)value * total, 100);
            value = (int)(quotient + (roundUp && rest > 0 ? 1 : !roundUp && rest < 0 ? -1 : 0));
        }
        return true;
    }

    /// <summary>The number as it stands and whether it counts hundredths, or what is
    /// wrong.</summary>
    public bool TryGet(out int value, out bool isPercent, out string? problem)
    {
        (value, isPercent, problem) = (Number, false, null);
        if (Text is null)
        {
            return true;
        }
        if (!IsPercent)
        {
            problem = "invalid type: string is not a percentage";
            return false;
        }
        var digits = Text[..^1];
        isPercent = TryNumber(digits, out value);
        problem = isPercent ? null
            : $"invalid value \"{Text}\": strconv.Atoi: parsing \"{digits}\": invalid syntax";
        return isPercent;
    }

    /// <inheritdoc/>
    public bool Equals(IntOrString other) => Number == other.Number && Text == other.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IntOrString other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Number, Text);

    /// <summary>The same number or the same text.</summary>
    public static bool operator ==(IntOrString left, IntOrString right) => left.Equals(right);

    /// <summary>Another number or text.</summary>
    public static bool operator !=(IntOrString left, IntOrString right) => !left.Equals(right);

    /// <summary>The text, or the number in digits.</summary>
    public override string ToString() => Text ?? Number.ToString(CultureInfo.InvariantCulture);

    private static bool TryNumber(string text, out int number) => int.TryParse(
        text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}

/// <summary>Reads and writes numbers as numbers and texts as strings.</summary>
public sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    /// <inheritdoc/>
    public override IntOrString Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? new(reader.GetString()!)
            : new(reader.GetInt32());

    /// <inheritdoc/>
    public override void Write(
        Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Text is { } text)
        {
            writer.WriteStringValue(text);
            return;
        }
        writer.WriteNumberValue(value.Number);
    }
}
