using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What goes when its owner goes, and namespaces with all that is in them.</summary>
public sealed class GarbageTests
{
    private static readonly Seq<ComponentSpec> collector =
        [new("generic-garbage-collector", _ => new GarbageCollector())];

    private static Cluster Given(Latency? latency = null, Seq<ComponentSpec> more = default) =>
        new(nodes: 1, latency: latency ?? Latency.Typical,
            components: [.. collector.Concat(more)]);

    private static ConfigMap Owned(string name, params ApiObject[] owners) => new()
    {
        Metadata = new()
        {
            Name = name, Namespace = "default",
            OwnerReferences = owners.Select(o => new OwnerReference
            {
                ApiVersion = o.Kind.ApiVersion, Kind = o.Kind.Name, Name = o.Metadata.Name,
                Uid = o.Metadata.Uid, Controller = o == owners[0], BlockOwnerDeletion = true,
            }).ToSeq(),
        },
    };

    private static string[] Names(Cluster cluster) => [.. cluster.List<ConfigMap>("default")
        .Select(m => m.Metadata.Name).Where(n => n != RootCa.ConfigMapName)];

    // A chain of three: deployment ← replica set ← pod, as config maps.
    private static (ConfigMap Top, ConfigMap Middle, ConfigMap Low) Chain(Cluster cluster)
    {
        var top = cluster.Create(Owned("top"));
        var middle = cluster.Create(Owned("middle", top));
        var low = cluster.Create(Owned("low", middle));
        cluster.Converge();
        return (top, middle, low);
    }

    private static string[] History(Cluster cluster, Revision after)
    {
        var changes = new List<string>();
        for (var r = after.Next; r <= cluster.Revision; r = r.Next)
        {
            foreach (var name in new[] { "top", "middle", "low" })
            {
                var old = cluster.At(r.Value - 1).Find<ConfigMap>("default", name);
                var now = cluster.At(r).Find<ConfigMap>("default", name);
                if (!ReferenceEquals(old, now))
                {
                    changes.Add(now is null ? $"{name} gone" : $"{name}"
                        + (now.IsTerminating ? " going" : "")
                        + $" [{string.Join(',', now.Metadata.Finalizers)}]"
                        + (now.Metadata.OwnerReferences.IsEmpty && name != "top" ? " free" : ""));
                }
            }
        }
        return [.. changes];
    }

    [Test]
    public void In_the_background_the_owner_goes_first()
    {
        var cluster = Given();
        var (top, _, _) = Chain(cluster);
        var revision = cluster.Revision;
        cluster.Delete(top);
        cluster.Converge();
        Assert.That(History(cluster, revision),
            Is.EqualTo(new[] { "top gone", "middle gone", "low gone" }));
    }

    [Test]
    public void In_the_foreground_marks_go_down_and_objects_vanish_upwards()
    {
        var cluster = Given();
        var (top, _, _) = Chain(cluster);
        var revision = cluster.Revision;
        cluster.Delete(top, new() { PropagationPolicy = "Foreground" });
        cluster.Converge();
        Assert.That(History(cluster, revision), Is.EqualTo(new[]
        {
            "top going [foregroundDeletion]", "middle going [foregroundDeletion]",
            "low gone", "middle gone", "top gone",
        }));
    }

    [Test]
    public void An_orphaned_object_lives_on_without_its_owner()
    {
        var cluster = Given();
        var (top, _, _) = Chain(cluster);
        var revision = cluster.Revision;
        cluster.Delete(top, new() { PropagationPolicy = "Orphan" });
        cluster.Converge();
        Assert.That(History(cluster, revision),
            Is.EqualTo(new[] { "top going [orphan]", "middle [] free", "top gone" }));
        Assert.That(Names(cluster), Is.EqualTo(new[] { "low", "middle" }));
    }

    [Test]
    public void What_has_another_owner_stays_and_forgets_the_one_that_went()
    {
        var cluster = Given();
        var (a, b) = (cluster.Create(Owned("a")), cluster.Create(Owned("b")));
        cluster.Create(Owned("child", a, b));
        cluster.Delete(a);
        cluster.Converge();
        Assert.That(cluster.Get<ConfigMap>("child").Metadata.OwnerReferences.Single().Uid,
            Is.EqualTo(b.Metadata.Uid));
        cluster.Delete(b);
        cluster.Converge();
        Assert.That(Names(cluster), Is.Empty);
    }

    [Test]
    public void A_name_is_no_owner_the_UID_is()
    {
        var cluster = Given();
        var a = cluster.Create(Owned("a"));
        cluster.Create(Owned("child", a with
        {
            Metadata = a.Metadata with { Uid = "00000000-0000-0000-0000-000000000000" },
        }));
        cluster.Converge();
        Assert.That(Names(cluster), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public void An_owner_of_an_unknown_kind_deletes_nothing()
    {
        var cluster = Given();
        var child = Owned("child");
        cluster.Create(child with
        {
            Metadata = child.Metadata with
            {
                OwnerReferences =
                [
                    new() { ApiVersion = "example.com/v1", Kind = "Nobody", Name = "x", Uid = "u" },
                ],
            },
        });
        cluster.Converge();
        Assert.That(Names(cluster), Is.EqualTo(new[] { "child" }));
    }

    [Test]
    public void An_owner_in_another_namespace_is_none_and_a_warning_says_so()
    {
        var cluster = Given();
        var owner = cluster.Create(Owned("owner") with
        {
            Metadata = new() { Name = "owner", Namespace = "kube-public" },
        });
        cluster.Converge();
        cluster.Create(Owned("child", owner));
        cluster.Converge();
        Assert.That(Names(cluster), Is.Empty);
        Assert.That(cluster.List<Event>("default").Single().Message, Is.EqualTo(
            $"ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: {owner.Metadata.Uid}] "
            + "does not exist in namespace \"default\""));
    }

    [Test]
    public void A_cluster_scoped_object_is_not_deleted_for_a_namespaced_owner()
    {
        var cluster = Given();
        var owner = cluster.Create(Owned("owner"));
        cluster.Converge();
        cluster.Create(new PriorityClass
        {
            Metadata = Owned("child", owner).Metadata with { Namespace = "" }, Value = 1,
        });
        cluster.Converge();
        cluster.Delete(owner);
        cluster.Converge();
        Assert.That(cluster.Find<PriorityClass>("", "child"), Is.Not.Null);
        Assert.That(cluster.List<Event>().Single().Message,
            Does.EndWith("does not exist in namespace \"\""));
    }

    // What upstream calls conflicting data: references to one UID that do not agree. bad-version
    // names the owner's kind in a version that nobody serves, bad-name another name than it has.
    [TestCase("good", "child")]
    [TestCase("bad-version", "child")]
    [TestCase("bad-name", "")]
    [TestCase("good bad-version", "child child2")]
    [TestCase("good bad-name", "child")]
    [TestCase("bad-name good", "child2")]
    public void Children_whose_references_do_not_agree_go_or_stay_each_by_its_own(
        string references, string left)
    {
        var cluster = Given();
        var owner = cluster.Create(Owned("owner"));
        foreach (var (i, reference) in references.Split(' ').Index())
        {
            var child = Owned(i == 0 ? "child" : $"child{i + 1}", owner);
            var by = child.Metadata.OwnerReferences[0];
            by = reference switch
            {
                "bad-version" => by with { ApiVersion = "v1beta7" },
                "bad-name" => by with { Name = "other" },
                _ => by,
            };
            cluster.Create(child with
            {
                Metadata = child.Metadata with { OwnerReferences = [by] },
            });
        }
        cluster.Converge();
        Assert.That(Names(cluster).Where(n => n != "owner"),
            Is.EqualTo(left.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        cluster.Delete(owner);
        cluster.Converge();
        Assert.That(Names(cluster), Is.EqualTo(references.Split(' ').Index()
            .Where(r => r.Item == "bad-version")
            .Select(r => r.Index == 0 ? "child" : $"child{r.Index + 1}")));
    }

    // Additions (+), changes (*) and removals (-), as UID and the UIDs of its owners: the cases of
    // upstream's garbagecollector_test.go.
    [TestCase("+1 +2:1 +3:12", "1:23 2:3")]
    [TestCase("+1 +2:1 +3:12 +4:2 -2:1", "1:3 2:34")]
    [TestCase("+1 +2:1 +3:12 +4:3 *2:4", "1:3 2:3 3:4 4:2")]
    [TestCase("+4:2 +3:12 +2:1 +1 -2:1", "1:3 2:34")]
    public void The_graph_follows_the_owner_references(string events, string dependents)
    {
        var graph = new OwnerGraph();
        var known = new Dictionary<char, ConfigMap>();
        foreach (var word in events.Split(' '))
        {
            var owners = word[2..].TrimStart(':');
            var now = new ConfigMap
            {
                Metadata = new()
                {
                    Name = $"{word[1]}", Namespace = "default", Uid = $"{word[1]}",
                    OwnerReferences = owners.Select(o => new OwnerReference
                    {
                        ApiVersion = "v1", Kind = "ConfigMap", Name = $"{o}", Uid = $"{o}",
                    }).ToSeq(),
                },
            };
            graph.Observe(new(new(1), now.Key, known.GetValueOrDefault(word[1]),
                word[0] == '-' ? null : now), new FifoQueue());
            known[word[1]] = now;
        }
        var found = "1234".Select(c => $"{c}").Where(graph.HasDependents)
            .Select(uid => $"{uid}:{string.Concat(graph.Dependents(uid).Select(k => k.Name))}");
        Assert.That(string.Join(' ', found), Is.EqualTo(dependents));
    }

    [TestCase("Background")]
    [TestCase("Foreground")]
    [TestCase("Orphan")]
    public void A_collector_that_was_down_takes_up_the_work(string policy)
    {
        var cluster = Given();
        var (top, _, _) = Chain(cluster);
        cluster.Faults.Crash("generic-garbage-collector");
        cluster.Delete(top, new() { PropagationPolicy = policy });
        cluster.Converge();
        cluster.Faults.Restore("generic-garbage-collector");
        cluster.Converge();
        Assert.That(Names(cluster),
            Is.EqualTo(policy == "Orphan" ? new[] { "low", "middle" } : []));
    }

    [Test]
    public void Crashes_and_lost_replies_end_with_the_same_objects(
        [Values("Background", "Foreground", "Orphan")] string policy, [Range(1, 4)] int write,
        [Values] bool crash)
    {
        var cluster = Given();
        var (top, _, _) = Chain(cluster);
        if (crash)
        {
            cluster.Faults.CrashAfterWrite("generic-garbage-collector", write);
        }
        else
        {
            cluster.Faults.LoseReply("generic-garbage-collector", write);
        }
        cluster.Delete(top, new() { PropagationPolicy = policy });
        cluster.Converge();
        cluster.Faults.Restore("generic-garbage-collector");
        cluster.Converge();
        Assert.That(Names(cluster),
            Is.EqualTo(policy == "Orphan" ? new[] { "low", "middle" } : []));
    }

    [Test]
    public void A_stale_cache_deletes_nothing_that_was_adopted_meanwhile()
    {
        var cluster = Given();
        var (a, b) = (cluster.Create(Owned("a")), cluster.Create(Owned("b")));
        var child = cluster.Create(Owned("child", a));
        cluster.Converge();
        cluster.Faults.Hold("generic-garbage-collector:ConfigMap");
        cluster.Update(child with { Metadata = Owned("child", b).Metadata });
        cluster.Delete(a);
        cluster.Converge();
        cluster.Faults.Restore("generic-garbage-collector");
        cluster.Converge();
        Assert.That(Names(cluster), Is.EqualTo(new[] { "b", "child" }));
    }

    [Test]
    public void The_Lease_of_a_node_goes_with_it()
    {
        var cluster = Given();
        var node = cluster.Find<Node>("", "node-1")!;
        Assert.That(cluster.List<Lease>().Single().IsOwnedBy(node.Metadata.Uid));
        cluster.Delete(node);
        cluster.Converge();
        Assert.That(cluster.List<Lease>(), Is.Empty);
    }

    private static Cluster WithNamespace(Latency? latency = null)
    {
        var cluster = new Cluster(nodes: 1, latency: latency ?? Latency.Typical, components:
        [
            new("serviceaccount-controller", _ => new ServiceAccounts()),
            new("root-ca-cert-publisher", _ => new RootCa()),
            new("namespace-controller", _ => new Namespaces()),
        ]);
        cluster.Create(new Namespace { Metadata = new() { Name = "shop" } });
        cluster.Converge();
        return cluster;
    }

    private static string[] Conditions(Cluster cluster) =>
        [.. cluster.Find<Namespace>("", "shop")!.Status.Conditions
            .Select(c => $"{c.Type} {c.Status} {c.Reason}: {c.Message}")];

    [Test]
    public void Every_namespace_gets_an_account_and_the_root_certificate()
    {
        var cluster = WithNamespace();
        var map = cluster.Find<ConfigMap>("shop", "kube-root-ca.crt")!;
        Assert.That(map.Data.ContainsKey("ca.crt"));
        cluster.Delete(new ObjectKey(Kinds.ConfigMap, "shop", "kube-root-ca.crt"));
        cluster.Converge();
        Assert.That(cluster.Find<ConfigMap>("shop", "kube-root-ca.crt"), Is.Not.Null);
    }

    [Test]
    public void A_namespace_empties_as_recorded()
    {
        var cluster = WithNamespace();
        cluster.Create(new ConfigMap
        {
            Metadata = new() { Name = "held", Namespace = "shop", Finalizers = ["example.com/x"] },
        });
        cluster.Create(new Pod
        {
            Metadata = new() { Name = "web-0", Namespace = "shop" },
            Spec = new()
            {
                NodeName = "node-1", TerminationGracePeriodSeconds = 2,
                Containers = [new() { Name = "c", Image = "nginx" }],
            },
        });
        cluster.Delete(new ObjectKey(Kinds.Namespace, "", "shop"));
        Assert.That(cluster.Find<Namespace>("", "shop")!.Status.Phase, Is.EqualTo("Terminating"));

        cluster.Run(TimeSpan.FromSeconds(4.9));
        Assert.That(Conditions(cluster), Is.Empty, "five seconds for every API server to know");
        cluster.Run(TimeSpan.FromSeconds(0.2));
        Assert.That(Conditions(cluster), Is.EqualTo(new[]
        {
            "NamespaceDeletionDiscoveryFailure False ResourcesDiscovered: "
                + "All resources successfully discovered",
            "NamespaceDeletionGroupVersionParsingFailure False ParsedGroupVersions: "
                + "All legacy kube types successfully parsed",
            "NamespaceDeletionContentFailure True ContentDeletionFailed: Failed to delete all "
                + "resource types, 1 remaining: unexpected items still remain in namespace: shop "
                + "for gvr: /v1, Resource=pods",
            "NamespaceContentRemaining False ContentRemoved: All content successfully removed",
            "NamespaceFinalizersRemaining False ContentHasNoFinalizers: "
                + "All content-preserving finalizers finished",
        }));
        Assert.That(cluster.Find<Pod>("shop", "web-0")!.IsTerminating);
        Assert.That(cluster.Find<ConfigMap>("shop", "held")!.IsTerminating, Is.False, "pods first");

        cluster.Delete(new ObjectKey(Kinds.Pod, "shop", "web-0"), new() { GracePeriodSeconds = 0 });
        cluster.Run(TimeSpan.FromSeconds(2));
        Assert.That(Conditions(cluster)[2..], Is.EqualTo(new[]
        {
            "NamespaceDeletionContentFailure False ContentDeleted: "
                + "All content successfully deleted, may be waiting on finalization",
            "NamespaceContentRemaining True SomeResourcesRemain: "
                + "Some resources are remaining: configmaps. has 1 resource instances",
            "NamespaceFinalizersRemaining True SomeFinalizersRemain: Some content in the namespace "
                + "has finalizers remaining: example.com/x in 1 resource instances",
        }));

        cluster.Patch<ConfigMap>("shop", "held", """{"metadata":{"finalizers":null}}""");
        cluster.Converge();
        Assert.That(cluster.Find<Namespace>("", "shop"), Is.Null);
        Assert.That(cluster.List<ServiceAccount>("shop"), Is.Empty);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    [TestCase(5)]
    public void A_namespace_goes_although_its_controller_crashes(int write)
    {
        var cluster = WithNamespace();
        cluster.Delete(new ObjectKey(Kinds.Namespace, "", "shop"));
        cluster.Faults.CrashAfterWrite("namespace-controller", write);
        cluster.Converge();
        cluster.Faults.Restore("namespace-controller");
        cluster.Converge();
        Assert.That(cluster.Find<Namespace>("", "shop"), Is.Null);
    }
}
