namespace KubeSim;

/// <summary>A seeded source of chance (xoshiro256**). Each component forks its own by name, so that
/// what one draws never shifts what another draws.</summary>
/// <remarks>Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators",
/// 2018.</remarks>
public sealed class Prng
{
    // Kubernetes leaves out vowels and lookalikes, so that no name spells a bad word.
    private const string NameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    private readonly ulong seed;
    private ulong a, b, c, d;

    /// <summary>A source that a seed alone decides.</summary>
    public Prng(ulong seed)
    {
        this.seed = seed;
        var state = seed;
        (a, b) = (SplitMix(ref state), SplitMix(ref state));
        (c, d) = (SplitMix(ref state), SplitMix(ref state));
    }

    /// <summary>A source of its own for a name: the same seed and name give the same
    /// numbers.</summary>
    public Prng Fork(string name) => new(Digest.Mix(Digest.Mix(Digest.Start, seed), name));

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        var result = ulong.RotateLeft(b * 5, 7) * 9;
        var shifted = b << 17;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= shifted;
        d = ulong.RotateLeft(d, 45);
        return result;
    }

    /// <summary>A whole number from 0 up to, not with, a bound greater than 0.</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (int)Math.BigMul(NextBits(), (ulong)bound, out _);
    }

    /// <summary>A number from 0 up to, not with, 1.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A time from one bound up to the other, both in it.</summary>
    public TimeSpan Next(TimeSpan low, TimeSpan high) =>
        high <= low ? low : new(low.Ticks + (long)(NextDouble() * (high.Ticks - low.Ticks + 1)));

    /// <summary>A random (version 4) UID in its usual form of 36 characters.</summary>
    public string NewUid()
    {
        var high = (NextBits() & ~0xF000UL) | 0x4000UL;
        var low = (NextBits() & ~(0xC0UL << 56)) | (0x80UL << 56);
        return string.Create(36, (high, low), static (text, bits) =>
        {
            const string hex = "0123456789abcdef";
            var digit = 0;
            for (var i = 0; i < 36; i++)
            {
                if (i is 8 or 13 or 18 or 23)
                {
                    text[i] = '-';
                    continue;
                }
                var half = digit < 16 ? bits.high : bits.low;
                text[i] = hex[(int)(half >> (60 - 4 * (digit & 15))) & 15];
                digit++;
            }
        });
    }

    /// <summary>The random end of a generated name: five characters, as the API server
    /// adds.</summary>
    public string NameSuffix(int length = 5) => string.Create(length, this, static (text, prng) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = NameAlphabet[prng.Next(NameAlphabet.Length)];
        }
    });

    private static ulong SplitMix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
