using System.Buffers.Binary;

namespace KubeSim;

/// <summary>A rolling 64-bit digest that is the same on every machine and in every run, unlike
/// <see cref="object.GetHashCode"/>. Equal runs share it; it is no protection against
/// forgery.</summary>
public static class Digest
{
    /// <summary>Where every digest starts.</summary>
    public const ulong Start = 0xCBF29CE484222325;

    /// <summary>The digest after a number.</summary>
    public static ulong Mix(ulong digest, ulong value)
    {
        var x = (digest ^ value) * 0x9FB21C651E98DF25;
        x ^= x >> 32;
        x *= 0xD6E8FEB86659FD93;
        return x ^ (x >> 29) ^ ulong.RotateLeft(digest, 23);
    }

    /// <summary>The digest after a number.</summary>
    public static ulong Mix(ulong digest, long value) => Mix(digest, (ulong)value);

    /// <summary>The digest after a text; null differs from the empty text.</summary>
    public static ulong Mix(ulong digest, string? text)
    {
        if (text is null)
        {
            return Mix(digest, 0xA5A5_0001UL);
        }
        digest = Mix(digest, (ulong)text.Length + 1);
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan());
        while (bytes.Length >= 8)
        {
            digest = Mix(digest, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        ulong rest = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            rest |= (ulong)bytes[i] << (8 * i);
        }
        return bytes.IsEmpty ? digest : Mix(digest, rest);
    }
}
