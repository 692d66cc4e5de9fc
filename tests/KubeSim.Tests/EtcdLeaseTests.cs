using NUnit.Framework;

namespace KubeSim.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EtcdLeaseTests
{
    private static readonly DateTime Start = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly Kind Thing = new()
    {
        Group = "example.com", Version = "v1", Name = "Thing", Plural = "things",
        Singular = "thing", Namespaced = true,
    };

    private readonly EtcdStore store = new(History.All);

    [Test]
    public void Keys_go_with_their_lease_unless_it_is_kept_alive()
    {
        var lease = store.GrantLease(TimeSpan.FromSeconds(10), Start);
        store.Put(Make("b"));
        store.Put(Make("a"));
        store.Put(Make("free"));
        store.AttachLease(Key("b"), lease);
        store.AttachLease(Key("a"), lease);
        Assert.That(store.KeepLeaseAlive(lease, Start.AddSeconds(9)), Is.True);
        Assert.That(store.ExpireLeases(Start.AddSeconds(18)), Is.Zero);
        Assert.That(store.NextLeaseExpiry, Is.EqualTo(Start.AddSeconds(19)));
        Assert.That(store.KeepLeaseAlive(lease, Start.AddSeconds(19)), Is.False, "too late");
        Assert.That(store.ExpireLeases(Start.AddSeconds(19)), Is.EqualTo(2));
        Assert.That(store.List(Thing, null, store.Head).Select(o => o.Metadata.Name),
            Is.EqualTo(["free"]));
        Assert.That(store.Log(new(4)).Key, Is.EqualTo(Key("a")), "in the order of keys");
        Assert.That(store.NextLeaseExpiry, Is.Null);
    }

    [Test]
    public void A_deleted_key_leaves_its_lease()
    {
        var lease = store.GrantLease(TimeSpan.FromSeconds(10), Start);
        store.Put(Make("a"));
        store.AttachLease(Key("a"), lease);
        store.Delete(Make("a"));
        store.Put(Make("a"));
        Assert.That(store.RevokeLease(lease), Is.Zero);
        Assert.That(store.Get(Key("a")), Is.Not.Null);
        Assert.That(() => store.AttachLease(Key("a"), lease), Throws.InvalidOperationException);
    }

    private static ObjectKey Key(string name) => new(Thing, "default", name);

    private Unstructured Make(string name) => new(Thing)
    {
        Metadata = new()
        {
            Name = name, Namespace = "default", ResourceVersion = store.Head.Next,
        },
    };
}
