using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The explorer: no order of delivery breaks the built-in controllers, and the ways in
/// which a controller can be wrong are each found, and made small.</summary>
public sealed class ExploreTests
{
    private const string Set = "replicaset-controller";

    /// <summary>A ReplicaSet controller that may leave out what makes it right.</summary>
    private sealed class Draft : IReconciler
    {
        private readonly HashSet<string> expected = new(StringComparer.Ordinal);
        private bool unsure;

        /// <summary>It waits until it has seen the pods that it made.</summary>
        public bool Waits { get; init; }

        /// <summary>It names its pods itself, so that none can be made twice.</summary>
        public bool Names { get; init; }

        /// <summary>It takes a refusal for nothing made.</summary>
        public bool Trusts { get; init; }

        public string Name => Set;

        public Seq<Watched> Watches { get; } =
            [Watched.All<ReplicaSet>(), Watched.ControlledBy<Pod>(Kinds.ReplicaSet)];

        public void Observe(in WatchEvent e, IWorkQueue queue)
        {
            unsure &= e.New is not Pod || e.Old is not null;
            expected.Remove(e.New?.Metadata.Uid ?? "");
            Watched.Enqueue(Watches, e, queue);
        }

        public Result Reconcile(ObjectKey key, ReconcileContext api)
        {
            if (api.Get(key) is not ReplicaSet set || (Waits && (unsure || expected.Count > 0)))
            {
                return Result.Done;
            }
            var pods = api.Owned<Pod>(set);
            for (var i = 0; i < set.Spec.Replicas; i++)
            {
                if (Names ? pods.TrueForAll(p => p.Metadata.Name != $"web-{i}") : i >= pods.Count)
                {
                    Create(set, Names ? $"web-{i}" : "", api);
                }
            }
            return Result.Done;
        }

        private void Create(ReplicaSet set, string name, ReconcileContext api)
        {
            unsure = !Trusts;
            var pod = api.Create(new Pod
            {
                Metadata = new()
                {
                    Name = name, GenerateName = name.Length == 0 ? "web-" : "",
                    Namespace = "default", Labels = set.Spec.Template.Metadata.Labels,
                    OwnerReferences = [ControllerRefs.To(set)],
                },
                Spec = set.Spec.Template.Spec,
            });
            unsure = false;
            expected.Add(pod.Metadata.Uid);
        }
    }

    private static Cluster Web(Func<IReconciler>? factory, int replicas = 3)
    {
        var cluster = new Cluster(nodes: 1);
        if (factory is not null)
        {
            cluster.AddComponent(Set, factory);
        }
        cluster.Create(Given.ReplicaSet(replicas: replicas));
        return cluster;
    }

    private static Exploration Three(Func<IReconciler>? factory, int runs = 100) => Explore.Runs(
        () => Web(factory), "never more than 3 pods", always: c => c.List<Pod>().Count <= 3,
        eventually: c => c.List<Pod>().Count == 3, component: Set, budget: new() { Runs = runs });

    [Test]
    public void A_controller_that_reads_its_own_writes_fails_with_nothing_going_wrong()
    {
        var found = Three(() => new Draft());

        Assert.That(found.Failure?.Plan, Is.EqualTo(new ExplorePlan()), found.ToString());
        Assert.That(found.Failure!.StaleStep!.Unseen, Is.Not.Empty);
        Assert.That(found.ToString(), Does.Match(
            @"your controller saw \d pods, but there were 3:\nit had not yet seen that its own "
            + @"step \d+ created pods default/web-\w{5}\.$"));
    }

    [Test]
    public void Waiting_for_what_it_made_is_not_enough_when_a_reply_is_lost()
    {
        var found = Three(() => new Draft { Waits = true, Trusts = true });

        Assert.That(found.Failure?.Plan.Disturbances.Single(), Is.EqualTo(
            new Disturbance(FaultOp.LoseReply, "", 1, TimeSpan.Zero)), found.ToString());
        Assert.That(found.ToString(), Does.Contain("the reply to write 1 is lost"));
    }

    [Test]
    public void A_pod_made_earlier_does_not_pay_for_the_one_whose_reply_was_lost()
    {
        var found = Three(() => new Draft { Waits = true });

        Assert.That(found.Failure?.Plan.Disturbances.Single(), Is.EqualTo(
            new Disturbance(FaultOp.LoseReply, "", 2, TimeSpan.Zero)), found.ToString());
    }

    [Test]
    public void What_never_comes_is_missed_when_patience_ends()
    {
        var found = Explore.Runs(() => Web(null), "4 pods", component: Set,
            eventually: c => c.List<Pod>().Count == 4, budget: new() { Runs = 1 });

        Assert.That(found.Failure?.Broken,
            Is.EqualTo("10m0s after the last input or fault \"4 pods\" does not hold"));
    }

    [Test]
    public void Names_of_its_own_make_a_controller_right_without_a_memory()
    {
        var found = Three(() => new Draft { Names = true });

        Assert.That(found.Failure, Is.Null, found.ToString());
        Assert.That(found.Runs, Is.EqualTo(100));
    }

    [Test]
    public void No_order_of_delivery_breaks_the_ReplicaSet_controller()
    {
        var found = Three(null);

        Assert.That(found.Failure, Is.Null, found.ToString());
    }

    [Test]
    public void No_order_of_delivery_breaks_the_bounds_of_a_rollout()
    {
        static Cluster Rollout()
        {
            var cluster = new Cluster(nodes: 2);
            cluster.Kubectl("create deployment web --image=nginx:1.27 --replicas=3");
            cluster.Converge();
            cluster.Kubectl("set image deployment/web nginx=nginx:1.28");
            return cluster;
        }
        var found = Explore.Runs(Rollout, "2 to 4 pods during the rollout",
            c => c.List<Pod>().Count(p => p.IsActive) is >= 2 and <= 4,
            c => c.List<Pod>().Count(p => p.IsReady) == 3, "deployment-controller",
            new() { Runs = 40 });

        Assert.That(found.Failure, Is.Null, found.ToString());
    }

    [Test]
    public void The_same_plan_gives_the_same_run()
    {
        static Draft Make() => new() { Waits = true, Trusts = true };
        var (first, again) = (Three(Make), Three(Make));
        var replayed = Explore.Replay(() => Web(Make), first.Failure!.Plan,
            "never more than 3 pods", c => c.List<Pod>().Count <= 3, null, Set);

        Assert.That(again.ToString(), Is.EqualTo(first.ToString()));
        Assert.That(replayed.Cluster.Digest, Is.EqualTo(first.Failure.Cluster.Digest));
        Assert.That(first.Failure.Cluster.Fork().Digest, Is.EqualTo(replayed.Cluster.Digest));
    }

    [Test]
    public void A_controller_without_rest_is_told_what_it_keeps_doing()
    {
        var found = Explore.Runs(() =>
        {
            var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
            {
                OnReconcile = (key, api) =>
                {
                    var map = (ConfigMap)api.Get(key)!;
                    api.Patch(key, new(PatchKind.Merge, System.Text.Json.Nodes.JsonNode.Parse(
                        $$$"""{"data":{"value":"{{{api.Now.Ticks}}}"}}""")!));
                    return Result.Done;
                },
            });
            cluster.Create(Given.ConfigMap("a"));
            return cluster;
        }, "at rest", component: "probe", budget: new() { Runs = 2, Steps = 100 });

        Assert.That(found.Failure?.Broken, Is.EqualTo("it does not come to rest within 100 steps"));
        Assert.That(found.Failure!.Detail, Does.StartWith("probe worked on configmaps default/a"));
    }

    [Test]
    public void A_bug_in_a_controller_is_a_failing_run()
    {
        var found = Three(() => new Probe(Watched.All<ReplicaSet>())
        {
            OnReconcile = (_, _) => throw new InvalidOperationException("no pods here"),
        });

        Assert.That(found.Failure?.Broken,
            Is.EqualTo($"{Set} threw InvalidOperationException"));
        Assert.That(found.ToString(), Does.Contain("no pods here"));
    }

    [Test]
    public void What_a_person_does_meanwhile_is_part_of_each_run()
    {
        var found = Explore.Runs(() => Web(() => new Draft { Names = true }), "5 at last",
            eventually: c => c.List<Pod>().Count == 5, budget: new()
            {
                Runs = 30,
                Inputs = [(TimeSpan.FromSeconds(1), c =>
                    c.Patch<ReplicaSet>("default", "web", """{"spec":{"replicas":5}}"""))],
            });

        Assert.That(found.Failure, Is.Null, found.ToString());
    }

    [Test]
    public void A_run_with_other_delays_is_saved_in_its_journal()
    {
        var run = Explore.Replay(() => Web(null), new()
        {
            Seed = 5, SlowWatches = true,
            Disturbances = [new(FaultOp.Hold, "Pod", 1, TimeSpan.FromSeconds(1))],
        }, "3 pods", eventually: c => c.List<Pod>().Count == 3, component: Set);
        var copy = new Cluster(nodes: 1);
        var read = JournalText.Read(run.Cluster.SaveJournal(), "j", KindRegistry.BuiltIn);
        foreach (var line in read.Lines)
        {
            copy.Play(line);
        }
        copy.Converge();

        Assert.That(read.Errors, Is.Empty);
        Assert.That(copy.Digest, Is.EqualTo(run.Cluster.Digest));
    }
}
