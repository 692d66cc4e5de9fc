using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A learner's controller takes the place of a real one, and is part of the run.</summary>
public sealed class ControllersTests
{
    private const string Set = "replicaset-controller";

    // Makes what is missing, under names that cannot be taken twice.
    private sealed class Mine : IReconciler
    {
        public string Name => Set;

        public Seq<Watched> Watches { get; } =
            [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

        public Result Reconcile(ObjectKey key, ReconcileContext api)
        {
            if (api.Get(key) is ReplicaSet set)
            {
                var have = api.Owned<Pod>(set).Select(p => p.Metadata.Name).ToHashSet();
                for (var i = 0; i < set.Spec.Replicas; i++)
                {
                    if (!have.Contains($"mine-{i}"))
                    {
                        api.Create(set.NewPod($"mine-{i}"));
                    }
                }
            }
            return Result.Done;
        }
    }

    private static string Pods(Cluster cluster)
    {
        cluster.Converge();
        return string.Join(' ', cluster.List<Pod>().Select(p => p.Metadata.Name));
    }

    [Test]
    public void A_learners_controller_does_the_work_of_the_one_that_it_replaces()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Controllers.Replace(Set, () => new Mine());
        cluster.Apply(Given.ReplicaSet(replicas: 2));

        Assert.That(Pods(cluster), Is.EqualTo("mine-0 mine-1"));
        Assert.That(cluster.Controllers.Names.Count(n => n == Set), Is.EqualTo(1));
        cluster.Faults.Crash(Set);
        cluster.Delete(cluster.Get<Pod>("mine-0"));
        Assert.That(Pods(cluster), Is.EqualTo("mine-1"));
        cluster.Faults.Restore(Set);
        Assert.That(Pods(cluster), Is.EqualTo("mine-0 mine-1"), "the factory made a new one");
    }

    [Test]
    public void It_has_the_rights_of_the_one_that_it_replaces_and_no_more()
    {
        var cluster = new Cluster(nodes: 1);
        Probe Deleting() => new(Watched.All<ReplicaSet>())
        {
            OnReconcile = (key, api) =>
            {
                api.Delete(key);
                return Result.Done;
            },
        };
        cluster.Controllers.Replace(Set, Deleting);
        cluster.Apply(Given.ReplicaSet(replicas: 1));
        cluster.Run(TimeSpan.FromSeconds(1));
        Assert.That(cluster.Find<ReplicaSet>("default", "web"), Is.Not.Null,
            "its role does not let a ReplicaSet controller delete ReplicaSets");

        cluster.Controllers.Add("mine", Deleting);
        cluster.Run(TimeSpan.FromSeconds(1));
        Assert.That(cluster.Find<ReplicaSet>("default", "web"), Is.Null, "an administrator may");
    }

    [Test]
    public void A_rewind_takes_the_replacement_back_and_a_fork_has_it()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Apply(Given.ReplicaSet(replicas: 1));
        cluster.Step();
        cluster.Controllers.Replace(Set, () => new Mine());
        cluster.Controllers.Remove("default-scheduler");
        cluster.Delete(cluster.List<Pod>()[0]);
        cluster.Steps(3);

        var fork = cluster.Fork();
        Assert.That(Pods(fork), Is.EqualTo(Pods(cluster)).And.EqualTo("mine-0"));
        Assert.That(fork.Digest, Is.EqualTo(cluster.Digest));
        Assert.That(fork.Controllers.Names, Is.EqualTo(cluster.Controllers.Names));

        cluster.Rewind(cluster.StepCount);
        Assert.That(Pods(cluster), Does.StartWith("web-").And.Not.Contain("mine"));
        Assert.That(cluster.Controllers.Names, Does.Contain("default-scheduler"));
    }

    [TestCase("replica-set-controller", "did you mean replicaset-controller?")]
    [TestCase("replicaset", "did you mean replicaset-controller?")]
    [TestCase("operator", "these run: ")]
    public void An_unknown_name_is_refused_with_the_nearest_known(string name, string says)
    {
        var controllers = new Cluster(nodes: 1).Controllers;

        Assert.That(() => controllers.Replace(name, () => new Mine()),
            Throws.ArgumentException.With.Message.Contains($"no component {name}")
                .And.Message.Contains(says));
        Assert.That(() => controllers.Remove(name), Throws.ArgumentException);
    }

    [Test]
    public void A_name_that_is_taken_and_a_component_of_every_node_are_told_apart()
    {
        var cluster = new Cluster(nodes: 2);
        Assert.That(() => cluster.Controllers.Add(Set, () => new Mine()),
            Throws.ArgumentException.With.Message.Contains("Controllers.Replace"));
        Assert.That(() => cluster.Controllers.Replace("kubelet", () => new Mine()),
            Throws.ArgumentException.With.Message.Contains("node => …"));
        var nodes = new List<string>();
        cluster.Controllers.Replace("kubelet", node =>
        {
            nodes.Add(node);
            return new Probe();
        });
        Assert.That(nodes, Is.SupersetOf(new[] { "node-1", "node-2" }));
    }
}
