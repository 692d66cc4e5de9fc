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

    private static string Names(IEnumerable<ApiObject> found) =>
        string.Join(' ', found.Select(o => o.Metadata.Name));

    private static Revision Put(EtcdStore store, string name, string text) =>
        store.Put(Make(store, name, text));

    private static Unstructured Make(EtcdStore store, string name, string text) => new(Thing)
    {
        Metadata = new()
        {
            Name = name, Namespace = "default", ResourceVersion = store.Head.Next,
            Annotations = Map.Of(("text", text)),
        },
    };
}
