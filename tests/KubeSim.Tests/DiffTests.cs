using System.Text.Json;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class DiffTests
{
    private static readonly Pod Web = new()
    {
        Metadata = new() { Name = "web", Namespace = "default", Labels = Map.Of(("app", "web")) },
        Spec = new()
        {
            Containers =
            [
                new() { Name = "nginx", Image = "nginx:1.27", Args = ["-v"] },
                new() { Name = "log", Image = "busybox" },
            ],
            Tolerations = [new() { Key = "a" }, new() { Key = "b" }],
        },
        Status = new()
        {
            Phase = "Pending",
            Conditions = [new() { Type = "Ready", Status = "False" }],
        },
    };

    [Test]
    public void Exactly_the_field_that_changed_is_told()
    {
        foreach (var type in ShapeTests.Records)
        {
            var blank = Shape.Of(type).Blank!;
            foreach (var field in Shape.Of(type).Fields.Where(f => f.Name != "resourceVersion"))
            {
                var changes = Diff.Between(
                    blank, ShapeTests.With(blank, field, ShapeTests.Sample(field.Type, 1)));
                var name = field.Form == FieldForm.Kept ? "x" : field.Name;
                Assert.That(changes.Count, Is.EqualTo(1), $"{type.Name}.{field.Name}: {changes}");
                Assert.That(changes[0].Path.Split('.', '[')[0], Is.EqualTo(name));
                Assert.That(changes[0].After, Is.Not.Null);
            }
        }
    }

    [Test]
    public void Equal_states_have_no_changes()
    {
        var copy = Web with
        {
            Spec = Web.Spec with { Containers = [.. Web.Spec.Containers.ToArray()] },
        };
        Assert.That(Diff.Between(Web, copy).IsEmpty);
        Assert.That(Diff.Between(null, null).IsEmpty);
        Assert.That(Diff.Between(Web, Web with
        {
            Metadata = Web.Metadata with { ResourceVersion = new(5), Finalizers = [] },
        }).IsEmpty);
    }

    [Test]
    public void Items_of_a_list_go_by_their_natural_key()
    {
        var changed = Web with
        {
            Spec = Web.Spec with
            {
                Containers =
                [
                    new() { Name = "side", Image = "envoy" },
                    Web.Spec.Containers[0] with { Image = "nginx:1.28", Args = ["-v", "-q"] },
                ],
            },
            Status = Web.Status with { Conditions = [new() { Type = "Ready", Status = "True" }] },
        };
        Assert.That(Lines(Web, changed), Is.EqualTo(new[]
        {
            "spec.containers[side]: unset → {name: side, image: envoy}",
            "spec.containers[nginx].image: nginx:1.27 → nginx:1.28",
            "spec.containers[nginx].args: [-v] → [-v, -q]",
            "spec.containers[log]: {name: log, image: busybox} → unset",
            "status.conditions[Ready].status: False → True",
        }));
    }

    [Test]
    public void Items_without_a_key_of_their_own_go_by_index()
    {
        Pod With(params string[] effects) => Web with
        {
            Spec = Web.Spec with
            {
                Tolerations = effects.Select(e => new Toleration { Key = "k", Effect = e }).ToSeq(),
            },
        };
        Assert.That(Lines(With("NoSchedule", "NoExecute"), With("NoSchedule", "PreferNoSchedule")),
            Is.EqualTo(new[] { "spec.tolerations[1].effect: NoExecute → PreferNoSchedule" }));
    }

    [Test]
    public void A_new_order_alone_is_told()
    {
        var turned = Web with
        {
            Spec = Web.Spec with { Containers = [Web.Spec.Containers[1], Web.Spec.Containers[0]] },
        };
        Assert.That(Lines(Web, turned),
            Is.EqualTo(new[] { "spec.containers: [nginx, log] → [log, nginx]" }));
    }

    [Test]
    public void Labels_go_by_key()
    {
        var labelled = Web with
        {
            Metadata = Web.Metadata with { Labels = Map.Of(("tier", "front"), ("app", "shop")) },
        };
        Assert.That(Lines(Web, labelled), Is.EqualTo(new[]
        {
            "metadata.labels[app]: web → shop", "metadata.labels[tier]: unset → front",
        }));
        Assert.That(Lines(labelled, Web)[1], Is.EqualTo("metadata.labels[tier]: front → unset"));
    }

    [Test]
    public void Values_read_as_manifests_write_them()
    {
        var node = new Node
        {
            Metadata = new() { CreationTimestamp = new Time(1_735_689_600) },
            Spec = new() { Unschedulable = true },
            Status = new() { Capacity = Map.Of(("cpu", (Quantity)"250m"), ("memory", "1Gi")) },
        };
        Assert.That(Lines(null, node), Is.EqualTo(new[]
        {
            "metadata.creationTimestamp: unset → 2025-01-01T00:00:00Z",
            "spec.unschedulable: unset → true",
            "status.capacity[cpu]: unset → 250m",
            "status.capacity[memory]: unset → 1Gi",
        }));
        Assert.That(Diff.Between(node, null)[1],
            Is.EqualTo(new FieldChange("spec.unschedulable", "true", null)));
    }

    [Test]
    public void Unset_differs_from_zero_and_from_the_empty_text()
    {
        var claim = new PersistentVolumeClaim();
        var bare = claim with { Spec = claim.Spec with { StorageClassName = "" } };
        Assert.That(Diff.Between(claim, bare)[0],
            Is.EqualTo(new FieldChange("spec.storageClassName", null, "")));
        var none = new ReplicaSet() with { Spec = new() { Replicas = 0 } };
        Assert.That(Lines(new ReplicaSet(), none),
            Is.EqualTo(new[] { "spec.replicas: unset → 0" }));
    }

    [Test]
    public void Kept_fields_are_told_by_name()
    {
        Pod Kept(string json) => Web with
        {
            Spec = Web.Spec with { Kept = JsonSerializer.Deserialize<KeptFields>(json) },
        };
        Assert.That(Lines(Kept("""{"a":1,"b":[1]}"""), Kept("""{"b":[2],"c":"x","a":1.0}""")),
            Is.EqualTo(new[] { "spec.b: [1] → [2]", "spec.c: unset → x" }));
    }

    [Test]
    public void Objects_without_a_record_are_told_by_what_they_keep()
    {
        var custom = new Unstructured(Kinds.Ingress)
        {
            Metadata = new() { Name = "web" },
            Kept = JsonSerializer.Deserialize<KeptFields>("""{"spec":{"size":3}}"""),
        };
        Assert.That(Lines(null, custom), Is.EqualTo(new[]
        {
            "metadata.name: unset → web", "spec: unset → {\"size\":3}",
        }));
        Assert.That(Lines(custom, null), Has.Length.EqualTo(2));
        var grown = custom with
        {
            Kept = JsonSerializer.Deserialize<KeptFields>("""{"spec":{"tier":"a","size":4}}"""),
        };
        Assert.That(Lines(custom, grown),
            Is.EqualTo(new[] { "spec.size: 3 → 4", "spec.tier: unset → a" }));
    }

    [Test]
    public void Long_values_are_cut()
    {
        var far = new PodAffinityTerm { TopologyKey = new string('k', 999) };
        var pod = new Pod
        {
            Spec = new()
            {
                Affinity = new()
                {
                    PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [far] },
                },
            },
        };
        Assert.That(Diff.Between(new Pod(), pod)[0].After,
            Has.Length.EqualTo(160).And.EndsWith("…"));
    }

    private static string[] Lines(ApiPart? old, ApiPart? now) =>
        [.. Diff.Between(old, now).Select(change => change.ToString())];
}
