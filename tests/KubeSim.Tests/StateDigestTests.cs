using System.Text.Json;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class StateDigestTests
{
    private static readonly Pod Web = new()
    {
        Metadata = new() { Name = "web", Namespace = "default", Labels = Map.Of(("app", "web")) },
        Spec = new() { Containers = [new() { Name = "c", Image = "nginx:1.27" }], Priority = 0 },
        Status = new()
        {
            Phase = "Pending",
            Conditions = [new() { Type = "Ready", Status = "False" }],
        },
    };

    [Test]
    public void Any_change_of_any_field_of_any_record_shows()
    {
        foreach (var type in ShapeTests.Records)
        {
            var shape = Shape.Of(type);
            var seen = new HashSet<ulong> { Change(shape, shape.Blank!, shape.Blank!) };
            foreach (var field in shape.Fields.Where(Counts))
            {
                var one = ShapeTests.With(shape.Blank!, field, ShapeTests.Sample(field.Type, 1));
                var two = ShapeTests.With(shape.Blank!, field, ShapeTests.Sample(field.Type, 2));
                var name = $"{type.Name}.{field.Name}";
                Assert.That(seen.Add(Change(shape, shape.Blank!, one)), $"{name} set");
                Assert.That(seen.Add(Change(shape, one, two)), $"{name} changed");
                Assert.That(Change(shape, one, shape.Blank!), Is.Not.EqualTo(Digest.Start),
                    $"{name} taken away");
                Assert.That(shape.Add(Digest.Start, 0, one),
                    Is.Not.EqualTo(shape.Add(Digest.Start, 0, two)), $"{name} new");
            }
        }
    }

    [Test]
    public void Equal_states_that_share_nothing_leave_the_digest_alone()
    {
        foreach (var type in ShapeTests.Records)
        {
            var shape = Shape.Of(type);
            foreach (var field in shape.Fields)
            {
                var one = ShapeTests.With(shape.Blank!, field, ShapeTests.Sample(field.Type, 1));
                var same = ShapeTests.With(shape.Blank!, field, ShapeTests.Sample(field.Type, 1));
                Assert.That(one, Is.EqualTo(same));
                Assert.That(Change(shape, one, same), Is.EqualTo(Digest.Start), $"{field.Name}");
                Assert.That(shape.Add(0, 0, one), Is.EqualTo(shape.Add(0, 0, same)));
            }
        }
    }

    [Test]
    public void The_digest_is_the_same_on_every_machine()
    {
        var created = StateDigest.Mix(Digest.Start, null, Web);
        var moved = Web with { Spec = Web.Spec with { NodeName = "node-1" } };
        Assert.That(created, Is.EqualTo(6813983863260026416UL));
        Assert.That(StateDigest.Mix(created, Web, moved), Is.EqualTo(12415580976275157631UL));
    }

    [Test]
    public void A_new_resource_version_alone_does_not_count()
    {
        var later = Web with { Metadata = Web.Metadata with { ResourceVersion = new(7) } };
        Assert.That(StateDigest.Mix(1, Web, later), Is.EqualTo(1UL));
        Assert.That(StateDigest.Mix(1, null, later), Is.EqualTo(StateDigest.Mix(1, null, Web)));
    }

    [Test]
    public void The_same_change_of_two_objects_differs()
    {
        var other = Web with { Metadata = Web.Metadata with { Name = "other" } };
        Pod Bound(Pod pod) => pod with { Spec = pod.Spec with { NodeName = "node-1" } };
        Assert.That(StateDigest.Mix(1, Web, Bound(Web)),
            Is.Not.EqualTo(StateDigest.Mix(1, other, Bound(other))));
    }

    [Test]
    public void Creation_and_deletion_count_and_differ()
    {
        var digests = new[]
        {
            1UL, StateDigest.Mix(1, null, Web), StateDigest.Mix(1, Web, null),
            StateDigest.Mix(1, null, new Namespace()), StateDigest.Mix(1, new Namespace(), null),
        };
        Assert.That(digests, Is.Unique);
    }

    [Test]
    public void Unset_and_empty_lists_and_maps_are_one()
    {
        var empty = Web with
        {
            Metadata = Web.Metadata with { Annotations = Map<string>.Empty, Finalizers = [] },
        };
        Assert.That(StateDigest.Mix(1, Web, empty), Is.EqualTo(1UL));
        Assert.That(StateDigest.Mix(1, null, empty), Is.EqualTo(StateDigest.Mix(1, null, Web)));
    }

    [Test]
    public void A_blank_part_and_the_shared_one_are_one()
    {
        var shared = new ReplicaSet();
        var own = new ReplicaSet { Metadata = new(), Spec = new(), Status = new() };
        Assert.That(own, Is.EqualTo(shared));
        Assert.That(StateDigest.Mix(1, null, own), Is.EqualTo(StateDigest.Mix(1, null, shared)));
        Assert.That(StateDigest.Mix(1, shared, own), Is.EqualTo(1UL));
    }

    [Test]
    public void Unset_differs_from_zero_and_from_the_empty_text()
    {
        var unset = Web with { Spec = Web.Spec with { Priority = null } };
        var empty = Web with { Spec = Web.Spec with { NodeName = "" } };
        Assert.That(StateDigest.Mix(1, Web, unset), Is.Not.EqualTo(1UL));
        Assert.That(StateDigest.Mix(1, Web, empty), Is.Not.EqualTo(1UL));
        Assert.That(StateDigest.Mix(1, null, unset), Is.Not.EqualTo(StateDigest.Mix(1, null, Web)));
    }

    [Test]
    public void A_label_that_moves_to_another_key_counts()
    {
        Pod Labelled(params (string, string)[] labels) =>
            Web with { Metadata = Web.Metadata with { Labels = Map.Of(labels) } };
        var digests = new[]
        {
            StateDigest.Mix(1, Web, Labelled()), StateDigest.Mix(1, Web, Labelled(("app", "db"))),
            StateDigest.Mix(1, Web, Labelled(("tier", "web"))),
            StateDigest.Mix(1, Web, Labelled(("app", "web"), ("tier", "web"))),
            StateDigest.Mix(1, Web, Labelled(("app", "web"), ("z", "web"))),
        };
        Assert.That(digests, Is.Unique);
    }

    [Test]
    public void Kept_fields_count_by_value_deep_within_and_in_any_order()
    {
        Unstructured Of(string json) => new(Kinds.Pod)
        {
            Kept = JsonSerializer.Deserialize<KeptFields>(json),
        };
        var one = Of("""{"a":{"x":[1,{"y":"z"}],"b":null},"c":1.0}""");
        var same = Of("""{"c":1,"a":{"b":null,"x":[1,{"y":"z"}]}}""");
        var other = Of("""{"c":1,"a":{"b":null,"x":[1,{"y":"w"}]}}""");
        Assert.That(StateDigest.Mix(1, one, same), Is.EqualTo(1UL));
        Assert.That(StateDigest.Mix(1, null, one), Is.EqualTo(StateDigest.Mix(1, null, same)));
        Assert.That(StateDigest.Mix(1, one, other), Is.Not.EqualTo(1UL));
        Assert.That(StateDigest.Mix(1, null, one), Is.Not.EqualTo(StateDigest.Mix(1, null, other)));
    }

    [Test]
    public void A_status_update_costs_no_memory()
    {
        var ready = Web with
        {
            Metadata = Web.Metadata with { ResourceVersion = new(9) },
            Status = Web.Status with { Conditions = [new() { Type = "Ready", Status = "True" }] },
        };
        var digest = StateDigest.Mix(1, Web, ready);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            digest = StateDigest.Mix(digest, Web, ready);
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1000));
        Assert.That(digest, Is.Not.EqualTo(1UL));
    }

    private static bool Counts(ShapeField field) => !field.IsResourceVersion;

    private static ulong Change(Shape shape, ApiPart old, ApiPart now) =>
        shape.Change(Digest.Start, 0, old, now);
}
