using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>ReplicaSets in a cluster: adoption and release, scaling, refusals, and that no fault
/// makes too many pods.</summary>
public sealed class ReplicaSetTests
{
    [Test]
    public void A_pod_without_the_label_is_released_and_replaced()
    {
        var cluster = Running(replicas: 3);
        var pod = cluster.List<Pod>()[0];
        cluster.Patch<Pod>("default", pod.Metadata.Name, """{"metadata":{"labels":{"app":"x"}}}""");
        cluster.Converge();

        Assert.That(cluster.Get<Pod>(pod.Metadata.Name).Metadata.OwnerReferences, Is.Empty);
        Assert.That(Owned(cluster), Has.Count.EqualTo(3));
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(4));
    }

    [Test]
    public void A_pod_that_matches_is_adopted_and_the_surplus_goes()
    {
        var cluster = Running(replicas: 2);
        Pod? adopted = null;
        cluster.Stepped = step => adopted ??= step.Changes
            .Where(c => c.Verb == Verb.Patch).Select(c => c.After).OfType<Pod>().FirstOrDefault();
        cluster.Create(Pod("bare"));
        cluster.Converge();

        var reference = adopted!.ControllerOwner!;
        Assert.That(adopted!.Metadata.Name, Is.EqualTo("bare"));
        Assert.That((reference.Kind, reference.Name), Is.EqualTo(("ReplicaSet", "web")));
        Assert.That(reference.BlockOwnerDeletion, Is.True);
        Assert.That(Owned(cluster), Has.Count.EqualTo(2));
        Assert.That(Events(cluster), Does.Contain("SuccessfulDelete: Deleted pod: bare"),
            "it was not ready, so it was the one to go");
    }

    [Test]
    public void A_new_set_adopts_orphans_before_it_creates()
    {
        var cluster = GatedNode.Cluster();
        cluster.Create(Pod("a"));
        cluster.Create(Pod("b"));
        cluster.Converge();
        cluster.Create(Given.ReplicaSet(replicas: 3));
        cluster.Converge();

        Assert.That(Owned(cluster).Select(p => p.Metadata.Name), Is.SupersetOf(new[] { "a", "b" }));
        Assert.That(Owned(cluster), Has.Count.EqualTo(3));
    }

    [Test]
    public void A_set_does_not_take_what_another_manages()
    {
        var cluster = Running(replicas: 2);
        cluster.Create(Given.ReplicaSet("other", 1) with
        {
            Spec = Given.ReplicaSet("web", 1).Spec,
        });
        cluster.Converge();

        Assert.That(Owned(cluster), Has.Count.EqualTo(2));
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(3));
    }

    [Test]
    public void Refused_pods_are_tried_slowly_and_told_of()
    {
        var cluster = GatedNode.Cluster();
        var set = Given.ReplicaSet(replicas: 5);
        var spec = set.Spec.Template.Spec with { ServiceAccountName = "nobody" };
        var template = set.Spec.Template with { Spec = spec };
        set = set with { Spec = set.Spec with { Template = template } };
        var attempts = 0;
        cluster.Stepped = step => attempts +=
            step.Changes.Count(c => c.Verb == Verb.Create && c.Key.Kind.Equals(Kinds.Pod));
        cluster.Create(set);
        cluster.Run(TimeSpan.FromMilliseconds(15));

        Assert.That(attempts, Is.EqualTo(1), "the first batch is one pod");
        cluster.Run(TimeSpan.FromSeconds(1));
        var condition = cluster.Get<ReplicaSet>("web").Status.Conditions.Of("ReplicaFailure")!;
        Assert.That(condition.Reason, Is.EqualTo("FailedCreate"));
        Assert.That(condition.Message, Does.Contain("serviceaccount \"nobody\" not found"));
        Assert.That(Events(cluster), Has.Some.StartsWith("FailedCreate: Error creating: pods"));

        cluster.Create(new ServiceAccount
        {
            Metadata = new() { Name = "nobody", Namespace = "default" },
        });
        cluster.Converge(TimeSpan.FromHours(1));
        Assert.That(Owned(cluster), Has.Count.EqualTo(5));
        Assert.That(cluster.Get<ReplicaSet>("web").Status.Conditions, Is.Empty);
    }

    [Test]
    public void A_pod_is_available_when_it_was_ready_long_enough()
    {
        var cluster = GatedNode.Cluster();
        var set = Given.ReplicaSet(replicas: 2);
        cluster.Create(set with { Spec = set.Spec with { MinReadySeconds = 30 } });
        cluster.Run(TimeSpan.FromSeconds(20));
        var status = cluster.Get<ReplicaSet>("web").Status;
        Assert.That((status.ReadyReplicas, status.AvailableReplicas), Is.EqualTo((2, 0)));

        cluster.Converge();
        Assert.That(cluster.Get<ReplicaSet>("web").Status.AvailableReplicas, Is.EqualTo(2));
        Assert.That((cluster.Now - new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc))
            .TotalSeconds, Is.InRange(31, 33), "no sooner, and no later than it must");
    }

    [Test]
    public void At_most_500_pods_are_made_at_once()
    {
        var cluster = new Cluster(nodes: 0, components:
            [.. Bootstrap.Components().Where(c => c.Name == "replicaset-controller")]);
        var most = 0;
        cluster.Stepped = step => most = Math.Max(most, step.Changes.Count(
            c => c.Verb == Verb.Create && c.Key.Kind.Equals(Kinds.Pod)));
        cluster.Create(Given.ReplicaSet(replicas: 1200));
        cluster.Converge();

        Assert.That(most, Is.EqualTo(500));
        Assert.That(Owned(cluster), Has.Count.EqualTo(1200));
    }

    [Test]
    public void A_terminating_pod_counts_apart_and_is_replaced_at_once()
    {
        var cluster = Running(replicas: 3);
        cluster.Delete(cluster.List<Pod>()[0]);
        cluster.Run(TimeSpan.FromMilliseconds(60));

        var status = cluster.Get<ReplicaSet>("web").Status;
        Assert.That((status.Replicas, status.TerminatingReplicas), Is.EqualTo((3, 1)));
        cluster.Converge();
        Assert.That(cluster.Get<ReplicaSet>("web").Status.TerminatingReplicas, Is.Zero);
    }

    [Test]
    public void A_set_of_its_own_does_not_mind_two_pods_on_a_node()
    {
        var lonely = 0;
        for (var seed = 1ul; seed <= 12; seed++)
        {
            var cluster = GatedNode.Cluster(seed);
            cluster.Create(Given.ReplicaSet(replicas: 4));
            cluster.Converge();
            var before = cluster.List<Pod>();
            Resize(cluster, 3);
            cluster.Converge();
            var left = cluster.List<Pod>().Select(p => p.Metadata.Name).ToHashSet();
            var gone = before.Single(p => !left.Contains(p.Metadata.Name));
            lonely += before.Count(p => p.Spec.NodeName == gone.Spec.NodeName) == 1 ? 1 : 0;
        }

        Assert.That(lonely, Is.InRange(1, 11), "with a Deployment it would never be a lonely one");
    }

    [Test]
    public void A_cache_that_stands_still_makes_no_pod_twice()
    {
        var cluster = Running(replicas: 2);
        cluster.Always("no more pods than replicas", c => Owned(c).Count <= 5);
        cluster.Faults.Hold("replicaset-controller:Pod");
        Resize(cluster, 5);
        cluster.Converge();
        Annotate(cluster, "1");
        cluster.Converge();
        Annotate(cluster, "2");
        cluster.Converge();
        Assert.That(Owned(cluster), Has.Count.EqualTo(5));

        Resize(cluster, 1);
        cluster.Converge();
        Assert.That(Owned(cluster), Has.Count.EqualTo(5), "it waits until it sees what it made");

        cluster.Faults.Restore("replicaset-controller");
        cluster.Converge();
        Assert.That(Owned(cluster), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_cache_that_stands_still_deletes_no_pod_twice()
    {
        var cluster = Running(replicas: 5);
        cluster.Always("no fewer pods than replicas", c => Owned(c).Count >= 3);
        cluster.Faults.Hold("replicaset-controller:Pod");
        Resize(cluster, 3);
        cluster.Converge();
        Annotate(cluster, "1");
        cluster.Converge();

        Assert.That(Owned(cluster), Has.Count.EqualTo(3));
    }

    [Test]
    public void A_crash_after_any_write_makes_no_pod_too_many([Range(1, 9)] int n)
    {
        var cluster = GatedNode.Cluster(seed: (ulong)n);
        cluster.Converge();
        cluster.Always("no more pods than replicas", c => Owned(c).Count <= 6);
        cluster.Faults.CrashAfterWrite("replicaset-controller", n);
        cluster.Create(Given.ReplicaSet(replicas: 6));
        cluster.Converge();
        cluster.Faults.Restore("replicaset-controller");
        cluster.Converge();

        Assert.That(Owned(cluster), Has.Count.EqualTo(6));
        Assert.That(cluster.Get<ReplicaSet>("web").Status.ReadyReplicas, Is.EqualTo(6));
    }

    [Test]
    public void A_lost_reply_makes_no_pod_too_many([Range(1, 9)] int n)
    {
        var cluster = GatedNode.Cluster(seed: (ulong)n);
        cluster.Converge();
        cluster.Always("no more pods than replicas", c => Owned(c).Count <= 6);
        cluster.Faults.LoseReply("replicaset-controller", n);
        cluster.Create(Given.ReplicaSet(replicas: 6));
        cluster.Converge();

        Assert.That(Owned(cluster), Has.Count.EqualTo(6));
        Assert.That(cluster.Get<ReplicaSet>("web").Status.ReadyReplicas, Is.EqualTo(6));
        Assert.That(cluster.Get<ReplicaSet>("web").Status.Conditions, Is.Empty);
    }

    [Test]
    public void A_lost_reply_to_a_deletion_takes_no_second_pod([Range(1, 4)] int n)
    {
        var cluster = Running(replicas: 6);
        cluster.Always("no fewer pods than replicas", c => Owned(c).Count >= 2);
        cluster.Faults.LoseReply("replicaset-controller", n);
        Resize(cluster, 2);
        cluster.Converge();

        Assert.That(Owned(cluster), Has.Count.EqualTo(2));
    }

    [Test]
    public void A_pod_made_and_deleted_unseen_is_waited_for_five_minutes()
    {
        var cluster = Running(replicas: 2);
        var before = Owned(cluster);
        cluster.Faults.Hold("replicaset-controller:Pod");
        Resize(cluster, 3);
        cluster.Converge();
        cluster.Delete(Owned(cluster).Except(before).Single());

        AssertMissed(cluster);
    }

    [Test]
    public void So_is_the_end_of_a_pod_that_was_adopted_unseen()
    {
        var cluster = Running(replicas: 2);
        cluster.Create(Pod("orphan"));
        cluster.RunUntil(c => c.Find<Pod>("default", "orphan") is not { IsTerminating: false });
        cluster.Faults.Hold("replicaset-controller:Pod");
        Resize(cluster, 3);

        AssertMissed(cluster);
    }

    // What happened while the cache stood still is compacted away. The list that follows shows a
    // pod that is gone as it was known, without its owner, and one that came and went not at all.
    private static void AssertMissed(Cluster cluster)
    {
        cluster.Converge();
        cluster.Compact(cluster.Revision);
        cluster.Faults.Restore("replicaset-controller");
        cluster.Converge();
        Assert.That(Owned(cluster), Has.Count.EqualTo(2), "of 3");

        cluster.Run(Expectations.Timeout);
        cluster.Converge();
        Assert.That(Owned(cluster), Has.Count.EqualTo(3));
    }

    private static Cluster Running(int replicas)
    {
        var cluster = GatedNode.Cluster();
        cluster.Create(Given.ReplicaSet(replicas: replicas));
        cluster.Converge();
        Assert.That(Owned(cluster), Has.Count.EqualTo(replicas));
        return cluster;
    }

    private static List<Pod> Owned(Cluster cluster) => cluster.Find<ReplicaSet>("default", "web")
        is not { } set ? []
        : [.. cluster.List<Pod>().Where(p => p.IsActive && p.IsControlledBy(set.Metadata.Uid))];

    private static void Resize(Cluster cluster, int replicas) => cluster.Patch<ReplicaSet>(
        "default", "web", $$$"""{"spec":{"replicas":{{{replicas}}}}}""");

    private static void Annotate(Cluster cluster, string value) => cluster.Patch<ReplicaSet>(
        "default", "web", """{"metadata":{"annotations":{"touched":"VALUE"}}}"""
            .Replace("VALUE", value, StringComparison.Ordinal));

    private static IEnumerable<string> Events(Cluster cluster) => cluster.List<Event>("default")
        .Where(e => e.InvolvedObject.Kind == "ReplicaSet").Select(e => $"{e.Reason}: {e.Message}");

    private static Pod Pod(string name) => new()
    {
        Metadata = new()
        {
            Name = name, Namespace = "default", Labels = Map.Of(("app", "web")),
        },
        Spec = Given.ReplicaSet().Spec.Template.Spec,
    };
}
