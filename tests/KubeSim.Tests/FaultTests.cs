using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Crashes, partitions, stale caches, lost replies.</summary>
public sealed class FaultTests
{
    /// <summary>A controller that trusts its cache: it creates what it does not see.</summary>
    private sealed class Naive : IReconciler
    {
        public string Name => "replicaset-controller";

        public Seq<Watched> Watches { get; } =
            [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

        public Result Reconcile(ObjectKey key, ReconcileContext api)
        {
            if (api.Get(key) is not ReplicaSet set)
            {
                return Result.Done;
            }
            for (var i = api.Owned<Pod>(set).Count; i < set.Spec.Replicas; i++)
            {
                api.Create(new Pod
                {
                    Metadata = new()
                    {
                        GenerateName = set.Metadata.Name + "-", Namespace = "default",
                        Labels = set.Spec.Template.Metadata.Labels,
                        OwnerReferences = [new()
                        {
                            ApiVersion = "apps/v1", Kind = "ReplicaSet", Name = set.Metadata.Name,
                            Uid = set.Metadata.Uid, Controller = true,
                        }],
                    },
                    Spec = set.Spec.Template.Spec,
                });
            }
            return Result.Done;
        }
    }

    private static void Touch(Cluster cluster) => cluster.Patch<ReplicaSet>(
        "default", "web", """{"metadata":{"labels":{"touched":"yes"}}}""");

    [Test]
    public void A_held_cursor_shows_the_past_and_a_naive_controller_creates_too_much()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.AddComponent("replicaset-controller", () => new Naive());
        cluster.Converge();
        cluster.Faults.Hold("replicaset-controller:Pod");
        cluster.Apply(Given.ReplicaSet(replicas: 3));
        cluster.Converge();
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(3));

        // A change of the ReplicaSet is seen; the three pods are not.
        Touch(cluster);
        cluster.Converge();

        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(6), "it created three again");
    }

    [Test]
    public void The_same_controller_with_a_fresh_cache_creates_no_more()
    {
        var cluster = new Cluster(nodes: 1, latency: Latency.None);
        cluster.AddComponent("replicaset-controller", () => new Naive());
        cluster.Apply(Given.ReplicaSet(replicas: 3));
        cluster.Converge();
        Touch(cluster);
        cluster.Converge();

        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(3));
    }

    [Test]
    public void A_released_cursor_catches_up_in_order()
    {
        var seen = new List<string>();
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnObserve = e => seen.Add($"{e.Type} {e.Key.Name}"),
        });
        cluster.Create(Given.ConfigMap("a"));
        cluster.Converge();
        cluster.Faults.Hold("probe:ConfigMap");
        cluster.Create(Given.ConfigMap("b"));
        cluster.Delete(cluster.Get<ConfigMap>("a"));
        cluster.Converge();
        Assert.That(seen, Is.EqualTo(new[] { "ADDED a" }));

        cluster.Faults.Restore("probe");
        cluster.Converge();

        Assert.That(seen, Is.EqualTo(new[] { "ADDED a", "ADDED b", "DELETED a" }));
    }

    [Test]
    public void One_cursor_is_let_go_alone()
    {
        var seen = new List<string>();
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>(),
            Watched.All<ReplicaSet>())
        {
            OnObserve = e => seen.Add(e.Key.Name),
        });
        cluster.Converge();
        cluster.Faults.Hold("probe");
        cluster.Create(Given.ConfigMap("a"));
        cluster.Create(Given.ReplicaSet("b"));
        cluster.Converge();
        Assert.That(seen, Is.Empty);

        cluster.Faults.Restore("probe:ReplicaSet");
        cluster.Converge();
        Assert.That(seen, Is.EqualTo(new[] { "b" }));
        cluster.Faults.Restore("probe:ConfigMap");
        cluster.Converge();
        Assert.That(seen, Is.EqualTo(new[] { "b", "a" }));
    }

    [Test]
    public void A_resync_shows_what_is_known_once_more_and_no_more()
    {
        var seen = new List<string>();
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnObserve = e => seen.Add($"{e.Type} {e.Key.Name}"),
        });
        cluster.Create(Given.ConfigMap("a"));
        cluster.Converge();
        cluster.Faults.Hold("probe:ConfigMap");
        cluster.Create(Given.ConfigMap("b"));
        seen.Clear();

        cluster.Faults.Resync("probe:ConfigMap");
        cluster.Converge();

        Assert.That(seen, Is.EqualTo(new[] { "MODIFIED a" }));
    }

    [Test]
    public void A_restart_sees_what_was_stored_before_it_and_sees_it_once()
    {
        var seen = new List<string>();
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnObserve = e => seen.Add($"{e.Type} {e.Key.Name}"),
        });
        cluster.Converge();
        cluster.Reseed(1, TimeSpan.FromMinutes(1));
        cluster.Faults.Crash("probe");
        cluster.Create(Given.ConfigMap("a"));
        cluster.Faults.Restore("probe");
        cluster.Run(TimeSpan.FromMilliseconds(20));
        Assert.That(seen, Is.EqualTo(new[] { "ADDED a" }), "though its event is under way");

        cluster.Converge();
        Assert.That(seen, Is.EqualTo(new[] { "ADDED a" }));
    }

    [Test]
    public void After_compaction_a_relist_tells_of_deletions_too()
    {
        var seen = new List<string>();
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnObserve = e => seen.Add($"{e.Type} {e.Key.Name}"),
        });
        cluster.Create(Given.ConfigMap("a"));
        cluster.Create(Given.ConfigMap("same"));
        cluster.Converge();
        cluster.Faults.Partition("probe");
        cluster.Create(Given.ConfigMap("b"));
        cluster.Create(Given.ConfigMap("short-lived"));
        cluster.Delete(cluster.Get<ConfigMap>("short-lived"));
        cluster.Delete(cluster.Get<ConfigMap>("a"));
        cluster.Converge();
        cluster.Compact(cluster.Revision);
        seen.Clear();

        cluster.Faults.Restore("probe");
        cluster.Converge();

        Assert.That(seen, Is.EqualTo(new[] { "ADDED b", "DELETED a" }),
            "what came and went in between is never seen");
    }

    [Test]
    public void A_crash_empties_the_memory_and_a_restart_lists_anew()
    {
        var lives = new List<List<string>>();
        var cluster = Given.Alone(() =>
        {
            var memory = new List<string>();
            lives.Add(memory);
            return new Probe(Watched.All<ConfigMap>()) { OnObserve = e => memory.Add(e.Key.Name) };
        });
        cluster.Create(Given.ConfigMap("a"));
        cluster.Converge();
        cluster.Faults.Crash("probe");
        cluster.Create(Given.ConfigMap("b"));
        cluster.Converge();
        Assert.That(lives[^1], Is.EqualTo(new[] { "a" }));

        cluster.Faults.Restore("probe");
        cluster.Converge();

        Assert.That(lives[^1], Is.EqualTo(new[] { "a", "b" }));
        Assert.That(lives[^2], Is.EqualTo(new[] { "a" }), "the old instance saw nothing more");
    }

    [Test]
    public void A_crash_after_the_second_write_leaves_two_and_a_restart_makes_the_rest()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Converge();
        cluster.Faults.CrashAfterWrite("replicaset-controller", 2);
        cluster.Apply(Given.ReplicaSet(replicas: 5));
        cluster.Converge();
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(2));

        cluster.Faults.Restore("replicaset-controller");
        cluster.Converge();

        Assert.That(Given.Running(cluster), Is.EqualTo(5));
    }

    [Test]
    public void A_lost_reply_is_a_write_that_happened_and_an_error_that_came_back()
    {
        string? error = null;
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                try
                {
                    if (key.Name == "cause" && api.Get<ConfigMap>("default", "effect") is null)
                    {
                        api.Create(Given.ConfigMap("effect"));
                    }
                }
                catch (ApiException lost)
                {
                    error = lost.Message;
                }
                return Result.Done;
            },
        });
        cluster.Converge();
        cluster.Faults.LoseReply("probe");
        cluster.Create(Given.ConfigMap("cause"));
        cluster.Converge();

        Assert.That(error, Does.StartWith("Timeout"));
        Assert.That(cluster.Find<ConfigMap>("default", "effect"), Is.Not.Null);
    }

    [Test]
    public void A_partitioned_component_cannot_write_and_catches_up_when_it_is_back()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Converge();
        cluster.Faults.Partition("default-scheduler");
        cluster.Apply(Given.ReplicaSet(replicas: 2));
        cluster.Converge();
        Assert.That(cluster.List<Pod>().Select(p => p.Spec.NodeName), Is.All.Null);

        cluster.Faults.Restore("default-scheduler");
        cluster.Converge();

        Assert.That(Given.Running(cluster), Is.EqualTo(2));
    }

    [Test]
    public void A_dead_node_starts_nothing_until_it_is_back()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Faults.Crash("node-1");
        cluster.Apply(Given.ReplicaSet(replicas: 4));
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(Given.Running(cluster), Is.EqualTo(2));

        cluster.Faults.Restore("node-1");
        cluster.Converge();

        Assert.That(Given.Running(cluster), Is.EqualTo(4));
    }

    [Test]
    public void An_unknown_target_is_refused_with_what_there_is()
    {
        var cluster = new Cluster(nodes: 1);

        Assert.That(() => cluster.Faults.Crash("node-9"), Throws.ArgumentException
            .With.Message.Contains("node-9").And.Message.Contains("namespace-controller"));
        Assert.That(() => cluster.Faults.Hold("kubelet:Deployment"), Throws.ArgumentException
            .With.Message.Contains("it watches Node, Pod"));
        Assert.That(cluster.Journal, Is.Empty);
    }
}
