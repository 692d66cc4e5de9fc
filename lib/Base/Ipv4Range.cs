using System.Globalization;

namespace KubeSim;

/// <summary>A range of IPv4 addresses: <c>10.244.1.0/24</c> is its first address and the length of
/// the prefix that all share. An address alone is a range of 32 bits.</summary>
/// <param name="First">The first address, as a number.</param>
/// <param name="Length">How many bits all addresses share.</param>
public readonly record struct Ipv4Range(uint First, int Length)
{
    private uint Mask => Length == 0 ? 0 : uint.MaxValue << (32 - Length);

    /// <summary>The last address.</summary>
    public uint Last => First | ~Mask;

    /// <summary>True when an address lies in the range.</summary>
    public bool Contains(uint address) => (address & Mask) == First;

    /// <summary>The n-th address, from 0, as text.</summary>
    public string At(uint n) => Text(First + n);

    /// <summary>The range of a length around an address.</summary>
    public static Ipv4Range Around(uint address, int length)
    {
        var range = new Ipv4Range(address, length);
        return range with { First = address & range.Mask };
    }

    /// <summary>Reads a range, or an address as a range of one.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static Ipv4Range Parse(string text) => TryParse(text, out var range) ? range
        : throw new FormatException($"\"{text}\" is no range of IPv4 addresses");

    /// <summary>Reads a range, or an address as a range of one; bits after the prefix do not
    /// count.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Ipv4Range range)
    {
        var slash = text.IndexOf('/');
        var length = 32;
        var isRange = TryNumber(slash < 0 ? text : text[..slash], out var address)
            && (slash < 0 || (int.TryParse(text[(slash + 1)..], NumberStyles.None,
                CultureInfo.InvariantCulture, out length) && length <= 32));
        range = isRange ? Around(address, length) : default;
        return isRange;
    }

    /// <summary>Reads an address.</summary>
    public static bool TryNumber(ReadOnlySpan<char> text, out uint address)
    {
        address = 0;
        var (part, digits, dots) = (0u, 0, 0);
        foreach (var c in text)
        {
            if (c == '.' && digits > 0 && dots < 3)
            {
                (address, part, digits, dots) = ((address << 8) | part, 0, 0, dots + 1);
            }
            else if (char.IsAsciiDigit(c) && digits < 3)
            {
                (part, digits) = ((part * 10) + c - '0', digits + 1);
            }
            else
            {
                return false;
            }
            if (part > 255)
            {
                return false;
            }
        }
        address = (address << 8) | part;
        return dots == 3 && digits > 0;
    }

    /// <summary>An address as text.</summary>
    public static string Text(uint address) => string.Create(CultureInfo.InvariantCulture,
        $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}");

    /// <summary>Such as <c>10.244.1.0/24</c>; a range of one as the address alone.</summary>
    public override string ToString() => Length == 32 ? Text(First)
        : string.Create(CultureInfo.InvariantCulture, $"{Text(First)}/{Length}");
}
