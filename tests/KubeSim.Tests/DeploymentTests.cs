using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Deployments in a cluster: names, revisions, collisions, and that no fault breaks the
/// bounds of a rolling update.</summary>
public sealed class DeploymentTests
{
    [Test]
    public void A_set_is_named_after_the_hash_of_its_template()
    {
        var (first, second) = (Running(2), Running(2));
        var set = first.List<ReplicaSet>()[0];
        var hash = set.Metadata.Labels["pod-template-hash"];

        Assert.That(set.Metadata.Name, Is.EqualTo($"web-{hash}"));
        Assert.That(hash, Does.Match("^[bcdfghjklmnpqrstvwxz2456789]{8,10}$"));
        Assert.That(set.Spec.Selector!.MatchLabels["pod-template-hash"], Is.EqualTo(hash));
        Assert.That(first.List<Pod>().Select(p => p.Metadata.Labels["pod-template-hash"]),
            Is.All.EqualTo(hash));
        Assert.That(second.List<ReplicaSet>()[0].Metadata.Name, Is.EqualTo(set.Metadata.Name));
    }

    [Test]
    public void A_name_taken_by_another_template_counts_a_collision()
    {
        var name = Running(1).List<ReplicaSet>()[0].Metadata.Name;
        var cluster = GatedNode.Cluster();
        cluster.Create(Given.ReplicaSet(replicas: 0) with
        {
            Metadata = new() { Name = name, Namespace = "default" },
        });
        cluster.Create(Deployment(1));
        cluster.Converge();

        Assert.That(cluster.Get<Deployment>("web").Status.CollisionCount, Is.EqualTo(1));
        Assert.That(cluster.List<ReplicaSet>(), Has.Count.EqualTo(2));
        Assert.That(cluster.Get<Deployment>("web").Status.AvailableReplicas, Is.EqualTo(1));
    }

    [Test]
    public void A_set_of_the_template_is_adopted_and_becomes_revision_1()
    {
        var cluster = GatedNode.Cluster();
        var orphan = Given.ReplicaSet(replicas: 2);
        cluster.Create(orphan with
        {
            Metadata = orphan.Metadata with { Labels = Map.Of(("app", "web")) },
        });
        cluster.Converge();
        cluster.Create(Deployment(2));
        cluster.Converge();

        var set = cluster.List<ReplicaSet>().Single();
        Assert.That(set.ControllerOwner!.Name, Is.EqualTo("web"));
        Assert.That(set.Metadata.Annotations["deployment.kubernetes.io/revision"],
            Is.EqualTo("1"));
        Assert.That(cluster.Get<Deployment>("web").Metadata
            .Annotations["deployment.kubernetes.io/revision"], Is.EqualTo("1"));
    }

    [Test]
    public void A_set_found_by_a_deployment_without_a_condition_is_told_as_found()
    {
        var cluster = GatedNode.Cluster();
        var deployment = Deployment(1);
        cluster.Create(deployment with
        {
            Spec = deployment.Spec with { ProgressDeadlineSeconds = int.MaxValue },
        });
        cluster.Converge();
        Assert.That(cluster.Get<Deployment>("web").Status.Conditions.Of("Progressing"), Is.Null);

        cluster.Patch<Deployment>("default", "web",
            """{"spec":{"progressDeadlineSeconds":600}}""");
        var told = new List<string>();
        cluster.Stepped = step => told.AddRange(step.Changes
            .Select(c => c.After).OfType<Deployment>()
            .Select(d => d.Status.Conditions.Of("Progressing")?.Message ?? ""));
        cluster.Converge();

        var name = cluster.List<ReplicaSet>()[0].Metadata.Name;
        Assert.That(told[0], Is.EqualTo($"Found new replica set \"{name}\""));
        Assert.That(told[^1], Is.EqualTo($"ReplicaSet \"{name}\" has successfully progressed."));
    }

    [Test]
    public void Annotations_pass_to_the_set_but_for_the_deployments_own()
    {
        var cluster = Running(1);
        cluster.Patch<Deployment>("default", "web", """
            {"metadata":{"annotations":{"kubernetes.io/change-cause":"why",
            "kubectl.kubernetes.io/last-applied-configuration":"{}"}}}
            """);
        cluster.Converge();

        var annotations = cluster.List<ReplicaSet>()[0].Metadata.Annotations;
        Assert.That(annotations.Get("kubernetes.io/change-cause"), Is.EqualTo("why"));
        Assert.That(annotations.ContainsKey("kubectl.kubernetes.io/last-applied-configuration"),
            Is.False);
    }

    [Test]
    public void Refused_pods_are_told_of_in_the_deployment()
    {
        var cluster = GatedNode.Cluster();
        var deployment = Deployment(2);
        var template = deployment.Spec.Template;
        cluster.Create(deployment with
        {
            Spec = deployment.Spec with
            {
                Template = template with
                {
                    Spec = template.Spec with { ServiceAccountName = "nobody" },
                },
            },
        });
        cluster.Run(TimeSpan.FromSeconds(2));

        var condition = cluster.Get<Deployment>("web").Status.Conditions.Of("ReplicaFailure")!;
        Assert.That((condition.Status, condition.Reason), Is.EqualTo(("True", "FailedCreate")));
    }

    [Test]
    public void The_progress_deadline_is_told_once_it_has_passed()
    {
        var cluster = Running(2);
        cluster.Patch<Deployment>("default", "web", """
            {"spec":{"progressDeadlineSeconds":60,"template":{"spec":{"containers":[
            {"name":"main","image":"nginx:2","readinessProbe":{"exec":{"command":["x"]}}}]}}}}
            """);
        cluster.Converge();
        Assert.That(Reason(cluster), Is.EqualTo("ReplicaSetUpdated"), "a deadline is no work");

        cluster.Run(TimeSpan.FromSeconds(63));

        Assert.That(Reason(cluster), Is.EqualTo("ProgressDeadlineExceeded"));
    }

    [TestCase("deployment-controller")]
    [TestCase("replicaset-controller")]
    public void A_crash_after_any_write_keeps_the_bounds(string component)
    {
        for (var n = 1; n <= 12; n++)
        {
            var cluster = Bounded(seed: (ulong)n);
            cluster.Faults.CrashAfterWrite(component, n);
            Update(cluster);
            cluster.Run(TimeSpan.FromSeconds(3));
            cluster.Faults.Restore(component);

            AssertDone(cluster);
        }
    }

    [TestCase("deployment-controller")]
    [TestCase("replicaset-controller")]
    public void A_lost_reply_keeps_the_bounds(string component)
    {
        for (var n = 1; n <= 12; n++)
        {
            var cluster = Bounded(seed: (ulong)n);
            cluster.Faults.LoseReply(component, n);
            Update(cluster);

            AssertDone(cluster);
        }
    }

    [TestCase("deployment-controller:Deployment")]
    [TestCase("deployment-controller:ReplicaSet")]
    [TestCase("replicaset-controller:Pod")]
    public void A_cache_that_stands_still_keeps_the_bounds(string cursor)
    {
        for (var held = 10; held <= 3000; held = held * 3 / 2)
        {
            var cluster = Bounded(seed: (ulong)held);
            Update(cluster);
            cluster.Run(TimeSpan.FromMilliseconds(held));
            cluster.Faults.Hold(cursor);
            cluster.Run(TimeSpan.FromSeconds(5));
            cluster.Faults.Restore(cursor.Split(':')[0]);

            AssertDone(cluster);
        }
    }

    // A deployment believes the status of its sets. When their controller has not seen yet that an
    // old set was made smaller, all its pods count as available, also those that are to go: then
    // more is taken off than maxUnavailable allows, in life too.
    [Test]
    public void Sizes_that_are_seen_late_are_reached_all_the_same()
    {
        for (var held = 10; held <= 3000; held = held * 3 / 2)
        {
            var cluster = Running(8, (ulong)held);
            cluster.Always("maxSurge", c => c.List<ReplicaSet>().Sum(s => s.Spec.Replicas) <= 10);
            Update(cluster);
            cluster.Run(TimeSpan.FromMilliseconds(held));
            cluster.Faults.Hold("replicaset-controller:ReplicaSet");
            cluster.Run(TimeSpan.FromSeconds(5));
            cluster.Faults.Restore("replicaset-controller");

            AssertDone(cluster);
        }
    }

    [Test]
    public void Scaling_in_the_middle_of_a_rollout_ends_at_the_new_size(
        [Values(0, 3, 25)] int replicas, [Values(50, 500, 1500)] int after)
    {
        var cluster = Running(10);
        Update(cluster);
        cluster.Run(TimeSpan.FromMilliseconds(after));
        cluster.Patch<Deployment>("default", "web", $$$"""{"spec":{"replicas":{{{replicas}}}}}""");
        cluster.Converge();

        var sizes = cluster.List<ReplicaSet>().Select(s => s.Spec.Replicas).ToArray();
        Assert.That(sizes.Sum(), Is.EqualTo(replicas));
        Assert.That(cluster.List<Pod>().Count(p => p.IsReady
            && p.Spec.Containers[0].Image == "nginx:2"), Is.EqualTo(replicas));
    }

    private static string? Reason(Cluster cluster) =>
        cluster.Get<Deployment>("web").Status.Conditions.Of("Progressing")?.Reason;

    private static Cluster Running(int replicas, ulong seed = 1)
    {
        var cluster = GatedNode.Cluster(seed);
        cluster.Create(Deployment(replicas));
        cluster.Converge();
        Assert.That(cluster.Get<Deployment>("web").Status.AvailableReplicas,
            Is.EqualTo(replicas));
        return cluster;
    }

    // 8 replicas, 25 %: sizes of 10 at most, and never fewer than 6 pods available. The surge
    // bounds
    // the sizes: pods may be more while the ReplicaSets' controller has yet to delete old ones.
    private static Cluster Bounded(ulong seed)
    {
        var cluster = Running(8, seed);
        cluster.Always("maxSurge", c => c.List<ReplicaSet>().Sum(s => s.Spec.Replicas) <= 10);
        cluster.Always("maxUnavailable",
            c => c.List<Pod>().Count(p => p.IsActive && p.IsReady) >= 6);
        return cluster;
    }

    private static void Update(Cluster cluster) => cluster.Patch<Deployment>("default", "web",
        """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"nginx:2"}]}}}}""");

    private static void AssertDone(Cluster cluster)
    {
        // A retry that a success has overtaken is still due, at most 1,000 s later.
        var outcome = cluster.Converge(TimeSpan.FromHours(1));
        Assert.That(outcome.Met, Is.True, outcome.ToString());
        var status = cluster.Get<Deployment>("web").Status;
        Assert.That((status.Replicas, status.UpdatedReplicas, status.AvailableReplicas),
            Is.EqualTo((8, 8, 8)));
    }

    private static Deployment Deployment(int replicas)
    {
        var set = Given.ReplicaSet();
        return new()
        {
            Metadata = set.Metadata,
            Spec = new()
            {
                Replicas = replicas, Selector = set.Spec.Selector, Template = set.Spec.Template,
            },
        };
    }
}
