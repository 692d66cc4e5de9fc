using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class EtcdStoreTests
{
    private static readonly Kind Thing = new()
    {
        Group = "example.com", Version = "v1", Name = "Thing", Plural = "things",
        Singular = "thing", Namespaced = true,
    };

    [Test]
    public void The_past_can_be_read_until_nobody_stands_before_it()
    {
        var store = new EtcdStore(History.Window(0));
        var first = Put(store, "web", "1");
        var second = Put(store, "web", "2");
        store.Delete(Make(store, "web", "2"));
        var key = new ObjectKey(Thing, "default", "web");
        Assert.That(store.Get(key, first)!.Metadata.Annotations["text"], Is.EqualTo("1"));
        Assert.That(store.Get(key, second)!.Metadata.Annotations["text"], Is.EqualTo("2"));
        Assert.That(store.Get(key), Is.Null);

        store.Trim(second);
        Assert.That(() => store.Get(key, first), Throws.TypeOf<HistoryGoneException>()
            .With.Message.StartsWith("revision 1 is gone: history is kept from revision 2 on"));
        Assert.That(store.Get(key, second), Is.Not.Null);
    }

    [Test]
    public void A_write_must_carry_the_next_revision()
    {
        var store = new EtcdStore(History.All);
        var value = Make(store, "web", "1");
        store.Put(value);
        Assert.That(() => store.Put(value), Throws.InvalidOperationException);
    }

    [Test]
    public void A_list_is_ordered_and_can_go_on_behind_a_key()
    {
        var store = new EtcdStore(History.All);
        foreach (var name in new[] { "b", "a", "c", "B" })
        {
            Put(store, name, "");
        }
        Assert.That(Names(store.List(Thing, null, store.Head)), Is.EqualTo("B a b c"));
        Put(store, "aa", "");
        var after = new ObjectKey(Thing, "default", "a");
        Assert.That(Names(store.List(Thing, null, store.Head, after)), Is.EqualTo("aa b c"));
        Assert.That(Names(store.List(Thing, "default", new(2))), Is.EqualTo("a b"));
    }

    [Test]
    public void What_is_walked_may_be_deleted_meanwhile()
    {
        var store = new EtcdStore(History.Window(0));
        for (var i = 0; i < 20; i++)
        {
            Put(store, $"{i:d2}", "");
        }
        var (at, seen) = (store.Head, 0);
        using (store.Pin(at))
        {
            foreach (var found in store.List(Thing, null, at))
            {
                store.Delete(Make(store, found.Metadata.Name, ""));
                Put(store, $"{found.Metadata.Name}-again", "");
                store.Trim(store.Head);
                seen++;
            }
            foreach (var found in store.Labelled(Thing, null, "app", "web", at))
            {
                store.Delete(Make(store, $"{found.Metadata.Name}-again", ""));
                store.Trim(store.Head);
                seen++;
            }
        }
        Assert.That((seen, store.Count(Thing)), Is.EqualTo((40, 0)));
    }

    [Test]
    public void Walking_an_index_allocates_nothing()
    {
        var store = new EtcdStore(History.All);
        for (var i = 0; i < 100; i++)
        {
            Put(store, $"{i}", "");
        }
        Assert.That(CountWeb(store), Is.EqualTo(100));
        var before = GC.GetAllocatedBytesForCurrentThread();
        CountWeb(store);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void A_renewal_overwrites_what_no_pin_can_still_see()
    {
        var store = new EtcdStore(History.All);
        Put(store, "lease", "created");
        Renew(store, "1");
        using var pin = store.Pin(store.Head);
        Renew(store, "2");
        Assert.That(Text(store, pin.At), Is.EqualTo("1"), "the pin stands before the renewal");
        pin.MoveTo(store.Head);
        store.Trim(store.Head);
        Assert.That(Text(store, new(1)), Is.EqualTo("created"), "a creation stays");
        Assert.That(Text(store, new(2)), Is.EqualTo("2"));
        Assert.That(store.TryLog(new(2), out _), Is.False);
        Assert.That(() => store.Log(new(2)), Throws.TypeOf<HistoryGoneException>());
        for (var i = 0; i < 1000; i++)
        {
            pin.MoveTo(store.Head);
            Renew(store, $"{i}");
        }
        Assert.That(store.Holdings().Versions, Is.LessThan(5));
    }

    [Test]
    public void Disposed_pins_go_though_an_older_one_stays()
    {
        var pins = new PinSet();
        pins.Add(new(1));
        var moving = pins.Add(new(1));
        for (var i = 2; i < 1000; i++)
        {
            pins.Add(new(i)).Dispose();
        }
        moving.MoveTo(new(900));
        Assert.That(pins.Earliest(), Is.EqualTo(1));
        Assert.That(pins.Held, Is.EqualTo(2));
        Assert.That(pins.Remembered, Is.LessThan(25));
        Assert.That(() => moving.MoveTo(new(3)), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    private static int CountWeb(EtcdStore store)
    {
        var count = 0;
        foreach (var _ in store.Labelled(Thing, null, "app", "web", store.Head))
        {
            count++;
        }
        return count;
    }

    private static void Renew(EtcdStore store, string text) =>
        store.Put(Make(store, "lease", text), keepOld: false);

    private static string Text(EtcdStore store, Revision at) =>
        store.Get(new(Thing, "default", "lease"), at)!.Metadata.Annotations["text"];

    private static string Names(IEnumerable<ApiObject> found) =>
        string.Join(' ', found.Select(o => o.Metadata.Name));

    private static Revision Put(EtcdStore store, string name, string text) =>
        store.Put(Make(store, name, text));

    private static Unstructured Make(EtcdStore store, string name, string text) => new(Thing)
    {
        Metadata = new()
        {
            Name = name, Namespace = "default", ResourceVersion = store.Head.Next,
            Labels = Map.Of(("app", "web")),
            Annotations = Map.Of(("text", text)),
        },
    };
}
