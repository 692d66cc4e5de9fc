using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using LawAttribute = FsCheck.NUnit.PropertyAttribute;

#pragma warning disable NUnit1027 // FsCheck supplies the arguments of a law.

namespace KubeSim.Tests;

public sealed class SeqMapTests
{
    [Test]
    public void Unset_and_empty_lists_are_equal() =>
        Assert.That(default(Seq<string>), Is.EqualTo((Seq<string>)[]));

    [Test]
    public void Unset_is_not_empty_to_json() => Assert.Multiple(() =>
    {
        Assert.That(default(Seq<string>).IsUnset);
        Assert.That(((Seq<string>)[]).IsUnset, Is.False);
        Assert.That(default(Map<string>).IsUnset);
        Assert.That(Map<string>.Empty.IsUnset, Is.False);
        Assert.That(default(Map<string>), Is.EqualTo(Map<string>.Empty));
    });

    [Test]
    public void A_list_changes_by_making_another()
    {
        Seq<int> list = [1, 2, 3];
        Assert.Multiple(() =>
        {
            Assert.That(list.Add(4), Is.EqualTo((Seq<int>)[1, 2, 3, 4]));
            Assert.That(list.SetItem(0, 9), Is.EqualTo((Seq<int>)[9, 2, 3]));
            Assert.That(list.RemoveAll(n => n == 2), Is.EqualTo((Seq<int>)[1, 3]));
            Assert.That(list.RemoveAll(n => n == 7).SameAs(list));
            Assert.That(list, Is.EqualTo((Seq<int>)[1, 2, 3]));
            Assert.That(() => list[3], Throws.TypeOf<IndexOutOfRangeException>());
        });
    }

    [Test]
    public void A_key_that_is_not_there_is_named_in_the_error() => Assert.That(
        () => Map.Of(("a", 1))["b"],
        Throws.TypeOf<KeyNotFoundException>().With.Message.EqualTo("no key \"b\" in a=1"));

    [Test]
    public void Keys_are_ordered_by_their_characters_not_by_a_language() => Assert.That(
        Map.Of(("b", 1), ("B", 2), ("a-b", 3), ("a", 4)).Keys,
        Is.EqualTo((string[])["B", "a", "a-b", "b"]));

    [Test]
    public void Walking_costs_no_memory()
    {
        Seq<int> list = [1, 2, 3];
        var map = Map.Of(("a", 1), ("b", 2));
        var sum = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var item in list)
        {
            sum += item;
        }
        foreach (var entry in map)
        {
            sum += entry.Value + map.Get("b");
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That((sum, allocated), Is.EqualTo((13, 0L)));
    }

    [Law]
    public bool Lists_with_the_same_items_are_equal(string[] items)
    {
        var (one, other) = (items.ToSeq(), items.ToList().ToSeq());
        return one == other && one.GetHashCode() == other.GetHashCode()
            && one.Equals((object)other) && one.SequenceEqual(items);
    }

    [Law]
    public bool Lists_with_other_items_are_not(int[] items, int more) =>
        items.ToSeq() != items.ToSeq().Add(more)
        && (items.Length == 0 || items.ToSeq() != items.ToSeq().SetItem(0, ~items[0]));

    [Law(Arbitrary = new[] { typeof(Maps) })]
    public bool The_order_of_entries_does_not_matter(Map<int> map)
    {
        var other = map.Reverse().ToMap();
        return map == other && map.GetHashCode() == other.GetHashCode()
            && map.Keys.SequenceEqual(map.Keys.Order(StringComparer.Ordinal));
    }

    [Law(Arbitrary = new[] { typeof(Maps) })]
    public bool The_last_of_equal_keys_counts(Map<int> map, Map<int> later) =>
        map.Concat(later).ToMap() == map.SetAll(later)
        && later.All(entry => map.SetAll(later)[entry.Key] == entry.Value);

    [Law(Arbitrary = new[] { typeof(Maps) })]
    public bool A_map_behaves_as_a_dictionary(Map<int> map, Change[] changes)
    {
        var model = new Dictionary<string, int>(map);
        foreach (var change in changes)
        {
            if (change.Value is { } value)
            {
                map = map.Set(change.Key, value);
                model[change.Key] = value;
            }
            else
            {
                map = map.Remove(change.Key);
                model.Remove(change.Key);
            }
        }
        return map == model.ToMap() && map.Count == model.Count
            && changes.All(c => map.ContainsKey(c.Key) == model.ContainsKey(c.Key)
                && map.Get(c.Key) == model.GetValueOrDefault(c.Key));
    }

    [Law(Arbitrary = new[] { typeof(Maps) })]
    public bool Merging_keeps_every_key_and_combines_common_ones(Map<int> one, Map<int> other)
    {
        var merged = one.Merge(other, static (a, b) => a - b);
        return merged.Count == one.Keys.Union(other.Keys).Count() && merged.All(entry =>
            entry.Value == (!one.TryGetValue(entry.Key, out var a) ? other[entry.Key]
                : other.TryGetValue(entry.Key, out var b) ? a - b : a));
    }

    [Law(Arbitrary = new[] { typeof(Maps) })]
    public bool A_change_leaves_the_map_itself_alone(Map<int> map, int value)
    {
        var before = map.ToList();
        _ = map.Set("b", value).Remove("c").SetAll(Map.Of(("d", value)));
        return map.SequenceEqual(before);
    }

    /// <summary>A value set under a key, or, without one, the key removed.</summary>
    public sealed record Change(string Key, int? Value);

    private static class Maps
    {
        // Few keys, so that they meet; of both cases and with signs, so that order shows.
        private static readonly Gen<string> keys =
            Gen.Elements("a", "A", "b", "c", "d", "a-b", "a.b", "a/b", "", "é");

        public static Arbitrary<Map<int>> Map() => (
            from entries in keys.Zip(Gen.Choose(0, 99)).ListOf()
            select entries.Select(e => KeyValuePair.Create(e.Item1, e.Item2)).ToMap())
            .ToArbitrary();

        public static Arbitrary<Change> Changes() => (
            from key in keys
            from value in Gen.Choose(0, 99)
            from set in Gen.Elements(true, true, false)
            select new Change(key, set ? value : null)).ToArbitrary();
    }
}
