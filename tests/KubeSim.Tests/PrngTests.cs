using FsCheck;
using NUnit.Framework;
using LawAttribute = FsCheck.NUnit.PropertyAttribute;

#pragma warning disable NUnit1027 // FsCheck supplies the arguments of a law.

namespace KubeSim.Tests;

public sealed class PrngTests
{
    [Law]
    public bool The_same_seed_gives_the_same_numbers(ulong seed) =>
        Draw(new Prng(seed), 20).SequenceEqual(Draw(new Prng(seed), 20));

    [Law]
    public bool A_fork_does_not_depend_on_what_its_parent_drew(ulong seed, byte drawn)
    {
        var (fresh, used) = (new Prng(seed), new Prng(seed));
        Draw(used, drawn);
        return Draw(fresh.Fork("kubelet"), 20).SequenceEqual(Draw(used.Fork("kubelet"), 20));
    }

    [Law]
    public bool What_a_fork_draws_does_not_shift_its_parent(ulong seed, byte drawn)
    {
        var (alone, parent) = (new Prng(seed), new Prng(seed));
        Draw(parent.Fork("kubelet"), drawn);
        return Draw(alone, 20).SequenceEqual(Draw(parent, 20));
    }

    [Law]
    public bool Forks_of_other_names_or_seeds_draw_other_numbers(ulong seed)
    {
        var one = Draw(new Prng(seed).Fork("node-1"), 4);
        return !one.SequenceEqual(Draw(new Prng(seed).Fork("node-2"), 4))
            && !one.SequenceEqual(Draw(new Prng(seed + 1).Fork("node-1"), 4))
            && !one.SequenceEqual(Draw(new Prng(seed), 4));
    }

    [Law]
    public bool Numbers_stay_within_their_bounds(ulong seed, PositiveInt bound)
    {
        var prng = new Prng(seed);
        var (low, high) = (TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(15));
        return Enumerable.Range(0, 50).All(_ =>
            prng.Next(bound.Get) is var n && n >= 0 && n < bound.Get
            && prng.NextDouble() is >= 0 and < 1
            && prng.Next(low, high) is var time && time >= low && time <= high);
    }

    [Test]
    public void Numbers_are_spread_evenly()
    {
        var prng = new Prng(1);
        var counts = new int[10];
        for (var i = 0; i < 100_000; i++)
        {
            counts[prng.Next(10)]++;
        }
        // 10,000 each; five standard deviations are 475.
        Assert.That(counts, Is.All.InRange(9_525, 10_475));
    }

    [Test]
    public void A_bound_of_nothing_is_refused() =>
        Assert.That(() => new Prng(1).Next(0), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Identifiers_look_like_the_real_ones()
    {
        var prng = new Prng(7);
        Assert.That(prng.NewUid(), Does.Match(
            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"));
        Assert.That(prng.NameSuffix(), Does.Match("^[bcdfghjklmnpqrstvwxz2456789]{5}$"));
    }

    [Test]
    public void Identifiers_do_not_repeat()
    {
        var prng = new Prng(7);
        var uids = Enumerable.Range(0, 10_000).Select(_ => prng.NewUid()).ToHashSet();
        Assert.That(uids, Has.Count.EqualTo(10_000));
    }

    private static ulong[] Draw(Prng prng, int count)
    {
        var numbers = new ulong[count];
        for (var i = 0; i < count; i++)
        {
            numbers[i] = prng.NextBits();
        }
        return numbers;
    }
}
