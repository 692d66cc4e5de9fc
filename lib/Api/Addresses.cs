using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace KubeSim;

/// <summary>What may be an IP address or a range of them. Each rule returns the problems in the API
/// server's words; none when the text is fine.</summary>
/// <remarks>Since 1.36 an address with leading zeros is refused: 010.0.0.5 is 10.0.0.5 to some
/// programs and 8.0.0.5 to others. So is a range with bits after its prefix: 10.9.8.7/24 may mean
/// an address or a network.
/// <para>Models staging/src/k8s.io/apimachinery/pkg/util/validation/ip.go.</para></remarks>
public static class Addresses
{
    private const string NoAddress =
        "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

    private const string NoRange =
        "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    /// <summary>An IPv4 or IPv6 address.</summary>
    public static Seq<string> Ip(string value) => Read(value) switch
    {
        null => [NoAddress],
        { HasLeadingZeros: true } => ["must not have leading 0s"],
        { IsMapped: true } => ["must not be an IPv4-mapped IPv6 address"],
        _ => default,
    };

    /// <summary>An IPv4 address.</summary>
    public static Seq<string> Ipv4(string value) => Read(value) is { IsIpv4: true }
        ? default
        : ["must be a valid IPv4 address"];

    /// <summary>An IPv6 address.</summary>
    public static Seq<string> Ipv6(string value) => Read(value) is { IsIpv4: false }
        ? default
        : ["must be a valid IPv6 address"];

    /// <summary>An address and a port, as flags of components take them:
    /// <c>0.0.0.0:10256</c> or <c>[::]:10256</c>.</summary>
    public static Seq<string> Socket(string value)
    {
        var colon = value.LastIndexOf(':');
        var host = colon < 0 ? "" : value[..colon];
        host = host is ['[', .., ']'] ? host[1..^1] : host.Contains(':') ? "" : host;
        return Ip(host).IsEmpty && ushort.TryParse(value.AsSpan(colon + 1), NumberStyles.None,
            CultureInfo.InvariantCulture, out var port) && port > 0
            ? default
            : ["must be a valid socket address format, (e.g. 0.0.0.0:10254 or [::]:10254)"];
    }

    /// <summary>A range of addresses, such as <c>10.9.8.0/24</c>.</summary>
    public static Seq<string> Cidr(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        var prefix = slash < 0 ? "" : value[(slash + 1)..];
        if (slash < 0 || Read(value[..slash]) is not { } address || !int.TryParse(
            prefix, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            return [NoRange];
        }
        var width = value.AsSpan(0, slash).Contains(':') ? 128 : 32;
        var beyond = width - length;
        var host = beyond == 128 ? UInt128.MaxValue : (UInt128.One << beyond) - 1;
        return beyond < 0 ? [NoRange]
            : address.HasLeadingZeros || prefix is ['0', _, ..]
                ? ["must not have leading 0s in IP or prefix length"]
            : address.IsMapped ? ["must not have an IPv4-mapped IPv6 address"]
            : (address.Bits & host) != 0
                ? ["must not have bits set beyond the prefix length"]
            : default;
    }

    /// <summary>True when a range lies in another and is smaller; null when one of them is
    /// none.</summary>
    public static bool? IsWithin(string range, string outer)
    {
        if (!Cidr(range).IsEmpty || !Cidr(outer).IsEmpty)
        {
            return null;
        }
        var (inner, around) = (IPNetwork.Parse(range), IPNetwork.Parse(outer));
        return around.PrefixLength < inner.PrefixLength && around.Contains(inner.BaseAddress);
    }

    private static Address? Read(string value)
    {
        var colon = value.LastIndexOf(':');
        if (colon < 0)
        {
            return ReadIpv4(value);
        }
        // What .NET takes beyond an address: brackets with a port, a prefix, a zone.
        if (value.AsSpan().ContainsAny("[]/%") || !IPAddress.TryParse(value, out var parsed))
        {
            return null;
        }
        var tail = value[(colon + 1)..];
        var zeros = tail.Contains('.', StringComparison.Ordinal)
            && ReadIpv4(tail) is not { HasLeadingZeros: false };
        Span<byte> bytes = stackalloc byte[16];
        parsed.TryWriteBytes(bytes, out _);
        return new(BinaryPrimitives.ReadUInt128BigEndian(bytes), parsed.IsIPv4MappedToIPv6,
            zeros, parsed.IsIPv4MappedToIPv6);
    }

    // By hand, since .NET reads 010 as 8 and 1.1 as 1.0.0.1.
    private static Address? ReadIpv4(ReadOnlySpan<char> value)
    {
        var (bits, parts, zeros) = (0u, 0, false);
        foreach (var range in value.Split('.'))
        {
            var part = value[range];
            if (part.IsEmpty || part.Length > 3 || part.ContainsAnyExceptInRange('0', '9'))
            {
                return null;
            }
            var number = uint.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture);
            if (number > 255)
            {
                return null;
            }
            zeros |= part is ['0', _, ..];
            bits = (bits << 8) | number;
            parts++;
        }
        return parts == 4 ? new(bits, IsIpv4: true, zeros, IsMapped: false) : null;
    }

    private readonly record struct Address(
        UInt128 Bits, bool IsIpv4, bool HasLeadingZeros, bool IsMapped);
}
