using FsCheck;
using NUnit.Framework;
using LawAttribute = FsCheck.NUnit.PropertyAttribute;

#pragma warning disable NUnit1027 // FsCheck supplies the arguments of a law.

namespace KubeSim.Tests;

public sealed class DigestTests
{
    [Test]
    public void The_digest_is_the_same_everywhere_and_always()
    {
        var digest = Digest.Mix(Digest.Start, 42UL);
        digest = Digest.Mix(digest, -1L);
        digest = Digest.Mix(digest, "replicaset-controller");
        digest = Digest.Mix(digest, (string?)null);
        // Saved journals carry digests: another number here breaks them.
        Assert.That(digest, Is.EqualTo(3536525868407987283UL));
    }

    [Law]
    public bool Other_numbers_give_other_digests(ulong start, ulong one, ulong other) =>
        one == other || Digest.Mix(start, one) != Digest.Mix(start, other);

    [Law]
    public bool Other_texts_give_other_digests(ulong start, string? one, string? other) =>
        one == other || Digest.Mix(start, one) != Digest.Mix(start, other);

    [Law]
    public bool The_order_counts(ulong start, ulong one, ulong other) =>
        one == other
        || Digest.Mix(Digest.Mix(start, one), other) != Digest.Mix(Digest.Mix(start, other), one);

    [Law]
    public bool The_start_counts(ulong one, ulong other, ulong value) =>
        one == other || Digest.Mix(one, value) != Digest.Mix(other, value);

    [Law]
    public bool Where_one_text_ends_and_the_next_begins_counts(NonEmptyString text)
    {
        var (head, tail) = (text.Get[..1], text.Get[1..]);
        return tail.Length == 0 || Digest.Mix(Digest.Mix(Digest.Start, head), tail)
            != Digest.Mix(Digest.Mix(Digest.Start, text.Get), "");
    }

    [Test]
    public void Null_empty_and_nul_differ() => Assert.That(
        new[] { null, "", "\0", "\0\0", "\0\0\0\0\0" }
            .Select(text => Digest.Mix(Digest.Start, text)),
        Is.Unique);

    [Test]
    public void One_bit_changes_about_half_of_the_digest()
    {
        var changed = 0;
        for (var bit = 0; bit < 64; bit++)
        {
            changed += System.Numerics.BitOperations.PopCount(
                Digest.Mix(Digest.Start, 1UL << bit) ^ Digest.Mix(Digest.Start, 0UL));
        }
        Assert.That(changed / 64.0, Is.InRange(28, 36));
    }
}
