using System.Globalization;
using System.Numerics;

namespace KubeSim;

/// <summary>The arithmetic and the writing of <see cref="Quantity"/>: whole numbers of 128 bits
/// times powers of ten. Every loop is bounded by the 39 digits that such a number has.</summary>
internal static class QuantityText
{
    /// <summary>The length of the longest canonical text: sign, 41 digits,
    /// <c>e-2147483648</c>.</summary>
    internal const int MaxLength = 64;

    private const string DecimalSuffixes = "num kMGTPE";
    private const string BinarySuffixes = "KMGTPE";
    private const int MaxDigits = 38;

    private const string WrongFormat = "quantities must match the regular expression "
        + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    private const string WrongNumber = "unable to parse numeric part of quantity";
    private const string WrongSuffix = "unable to parse quantity's suffix";

    private static readonly Int128[] powers = PowersOfTen();

    /// <summary>Takes a text apart; what is wrong with it, or null. As in Kubernetes, a sign, a dot
    /// or a suffix alone reads as zero.</summary>
    internal static string? Read(
        ReadOnlySpan<char> text, out Int128 digits, out int scale, out QuantityFormat format)
    {
        (digits, scale, format) = (0, 0, QuantityFormat.DecimalSI);
        if (text.IsEmpty)
        {
            return WrongFormat;
        }
        var at = text[0] is '+' or '-' ? 1 : 0;
        var whole = text[at..(at = SkipDigits(text, at))];
        var fraction = at < text.Length && text[at] == '.'
            ? text[(at + 1)..(at = SkipDigits(text, at + 1))]
            : [];
        var suffix = text[at..];
        if (!IsSuffixShaped(suffix))
        {
            return WrongFormat;
        }
        if (!ReadSuffix(suffix, out var exponent, out format))
        {
            return WrongSuffix;
        }
        var binary = format == QuantityFormat.BinarySI;
        var power = (binary ? 0L : exponent) - fraction.Length;
        var shift = binary ? exponent : 0;
        if (whole.Length + fraction.Length <= 18 && power is >= -9 and <= int.MaxValue)
        {
            // The usual case: 18 digits and a shift of at most 60 bits fit without checks.
            digits = (Int128)ReadDigits(fraction, ReadDigits(whole, 0)) << shift;
            scale = (int)power;
        }
        else if (!Fit(ReadBig(whole, fraction) << shift, power, out digits, out scale))
        {
            return WrongNumber;
        }
        if (binary)
        {
            (digits, scale, format) = LimitBinary(digits, scale);
        }
        digits = text[0] == '-' ? -digits : digits;
        return null;
    }

    /// <summary>digits × 10^power as a whole number, rounded away from zero; far too large numbers
    /// come out as the largest ones.</summary>
    internal static Int128 Rescale(Int128 digits, long power, out bool exact)
    {
        exact = true;
        if (digits == 0 || power == 0)
        {
            return digits;
        }
        if (power > 0)
        {
            exact = power <= MaxDigits && TryMultiply(digits, powers[power], out digits);
            return exact ? digits : digits < 0 ? Int128.MinValue : Int128.MaxValue;
        }
        if (power < -MaxDigits)
        {
            exact = false;
            return Int128.Sign(digits);
        }
        var divisor = powers[-power];
        if (divisor <= long.MaxValue && digits == (long)digits)
        {
            var (quotient, rest) = Math.DivRem((long)digits, (long)divisor);
            exact = rest == 0;
            return exact ? quotient : quotient + (digits < 0 ? -1 : 1);
        }
        var whole = digits / divisor;
        exact = whole * divisor == digits;
        return exact ? whole : whole + Int128.Sign(digits);
    }

    /// <summary>The sum of two numbers, at the finer scale if 128 bits hold it.</summary>
    internal static Int128 Add(
        Int128 left, int leftScale, Int128 right, int rightScale, out int scale)
    {
        if (leftScale < rightScale)
        {
            (left, leftScale, right, rightScale) = (right, rightScale, left, leftScale);
        }
        var apart = (long)leftScale - rightScale;
        if (apart <= MaxDigits && TryMultiply(left, powers[apart], out var aligned))
        {
            var sum = aligned + right;
            if (Int128.IsNegative(aligned) != Int128.IsNegative(right)
                || Int128.IsNegative(sum) == Int128.IsNegative(right))
            {
                scale = rightScale;
                return sum;
            }
        }
        if (apart > 2 * MaxDigits)
        {
            // The smaller part lies below every digit of the larger one.
            scale = leftScale;
            return left;
        }
        var big = ((BigInteger)left * BigInteger.Pow(10, (int)apart)) + (BigInteger)right;
        Fit(big, rightScale, out var digits, out scale);
        return digits;
    }

    /// <summary>The order of two numbers of different scale.</summary>
    internal static int Compare(Int128 left, int leftScale, Int128 right, int rightScale)
    {
        var (leftSign, rightSign) = (Int128.Sign(left), Int128.Sign(right));
        if (leftSign != rightSign || leftSign == 0)
        {
            return leftSign.CompareTo(rightSign);
        }
        if (leftScale < rightScale)
        {
            return -Compare(right, rightScale, left, leftScale);
        }
        var apart = (long)leftScale - rightScale;
        return apart <= MaxDigits && TryMultiply(left, powers[apart], out var aligned)
            ? aligned.CompareTo(right)
            : leftSign;
    }

    /// <summary>The same number without trailing zeros; zero has scale 0.</summary>
    internal static (Int128 Digits, int Scale) Trim(Int128 digits, int scale)
    {
        if (digits == 0)
        {
            return (0, 0);
        }
        while (scale < int.MaxValue && digits % 10 == 0)
        {
            digits /= 10;
            scale++;
        }
        return (digits, scale);
    }

    /// <summary>Writes the canonical text and tells its length.</summary>
    internal static int Write(
        Int128 digits, int scale, QuantityFormat format, Span<char> buffer)
    {
        if (digits == 0)
        {
            buffer[0] = '0';
            return 1;
        }
        if (format == QuantityFormat.BinarySI)
        {
            // Below 1024, or with a fraction, the decimal form says more.
            var whole = Rescale(digits, scale, out var exact);
            if (exact && (whole <= -1024 || whole >= 1024))
            {
                return WriteBinary(whole, buffer);
            }
        }
        (digits, scale) = Trim(digits, scale);
        // Whole thousands only. No suffix goes beyond E (10^18): zeros do, then an exponent.
        var exponential = format == QuantityFormat.DecimalExponent || scale > 24;
        var suffixed = exponential ? scale : Math.Min(scale, 18);
        suffixed -= ((suffixed % 3) + 3) % 3;
        var length = WriteNumber(digits, scale - suffixed, buffer);
        if (exponential)
        {
            if (suffixed != 0)
            {
                buffer[length++] = 'e';
                suffixed.TryFormat(buffer[length..], out var more, default,
                    CultureInfo.InvariantCulture);
                length += more;
            }
        }
        else if (suffixed != 0)
        {
            buffer[length++] = DecimalSuffixes[(suffixed / 3) + 3];
        }
        return length;
    }

    private static int WriteBinary(Int128 whole, Span<char> buffer)
    {
        var power = 0;
        while (power < BinarySuffixes.Length && (whole & 1023) == 0)
        {
            whole >>= 10;
            power++;
        }
        var length = WriteNumber(whole, 0, buffer);
        if (power > 0)
        {
            buffer[length++] = BinarySuffixes[power - 1];
            buffer[length++] = 'i';
        }
        return length;
    }

    // Zeros are written rather than multiplied: 38 digits and two zeros would not fit 128 bits.
    private static int WriteNumber(Int128 digits, int zeros, Span<char> buffer)
    {
        if (digits == (long)digits)
        {
            ((long)digits).TryFormat(buffer, out var length, default, CultureInfo.InvariantCulture);
            buffer.Slice(length, zeros).Fill('0');
            return length + zeros;
        }
        digits.TryFormat(buffer, out var written, default, CultureInfo.InvariantCulture);
        buffer.Slice(written, zeros).Fill('0');
        return written + zeros;
    }

    private static int SkipDigits(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }
        return at;
    }

    private static bool IsSuffixShaped(ReadOnlySpan<char> suffix)
    {
        var at = 0;
        while (at < suffix.Length && "eEinumkKMGTP".Contains(suffix[at]))
        {
            at++;
        }
        at += at < suffix.Length && suffix[at] is '+' or '-' ? 1 : 0;
        return SkipDigits(suffix, at) == suffix.Length;
    }

    private static bool ReadSuffix(
        ReadOnlySpan<char> suffix, out int exponent, out QuantityFormat format)
    {
        (exponent, format) = (0, QuantityFormat.DecimalSI);
        switch (suffix.Length)
        {
            case 0:
                return true;
            case 1:
                var step = DecimalSuffixes.IndexOf(suffix[0]);
                exponent = (step - 3) * 3;
                return step >= 0;
            case 2 when suffix[1] == 'i':
                format = QuantityFormat.BinarySI;
                exponent = (BinarySuffixes.IndexOf(suffix[0]) + 1) * 10;
                return exponent > 0;
            default:
                format = QuantityFormat.DecimalExponent;
                return suffix[0] is 'e' or 'E' && int.TryParse(suffix[1..],
                    NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent);
        }
    }

    private static long ReadDigits(ReadOnlySpan<char> digits, long number)
    {
        foreach (var digit in digits)
        {
            number = (number * 10) + (digit - '0');
        }
        return number;
    }

    private static BigInteger ReadBig(ReadOnlySpan<char> whole, ReadOnlySpan<char> fraction) =>
        BigInteger.Parse($"0{whole}{fraction}", NumberStyles.None, CultureInfo.InvariantCulture);

    // A number of any length as 128 bits and a scale of at least a billionth; false when the scale
    // leaves 32 bits.
    private static bool Fit(BigInteger number, long power, out Int128 digits, out int scale)
    {
        (digits, scale) = (0, 0);
        if (number.IsZero)
        {
            return true;
        }
        var excess = Math.Max(-9 - power, LengthOf(number) - MaxDigits);
        if (excess > 0)
        {
            number = DivideUp(number, excess);
            power += excess;
        }
        if (power > int.MaxValue)
        {
            return false;
        }
        (digits, scale) = ((Int128)number, (int)power);
        return true;
    }

    private static long LengthOf(BigInteger number) =>
        (long)Math.Floor(BigInteger.Log10(BigInteger.Abs(number))) + 1;

    private static BigInteger DivideUp(BigInteger number, long digits)
    {
        if (digits > LengthOf(number))
        {
            return number.Sign;
        }
        var quotient = BigInteger.DivRem(number, BigInteger.Pow(10, (int)digits), out var rest);
        return rest.IsZero ? quotient : quotient + number.Sign;
    }

    // Binary amounts are capped at 2^63-1, and below 1 they are written with decimal suffixes.
    private static (Int128 Digits, int Scale, QuantityFormat Format) LimitBinary(
        Int128 digits, int scale)
    {
        if (Compare(digits, scale, long.MaxValue, 0) > 0)
        {
            return (long.MaxValue, 0, QuantityFormat.BinarySI);
        }
        var tiny = digits != 0 && Compare(digits, scale, 1, 0) < 0;
        return (digits, scale, tiny ? QuantityFormat.DecimalSI : QuantityFormat.BinarySI);
    }

    private static bool TryMultiply(Int128 number, Int128 power, out Int128 product)
    {
        if (number == (long)number && power <= long.MaxValue)
        {
            product = Math.BigMul((long)number, (long)power);
            return true;
        }
        product = unchecked(number * power);
        return product / power == number;
    }

    private static Int128[] PowersOfTen()
    {
        var table = new Int128[MaxDigits + 1];
        table[0] = 1;
        for (var i = 1; i < table.Length; i++)
        {
            table[i] = table[i - 1] * 10;
        }
        return table;
    }
}
