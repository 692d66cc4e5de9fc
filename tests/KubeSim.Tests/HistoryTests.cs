using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Determinism, journal, replay, rewind, fork, comparison, causes and
/// invariants.</summary>
public sealed class HistoryTests
{
    private static Cluster Busy(ulong seed = 1, History? history = null)
    {
        var cluster = new Cluster(nodes: 3, seed: seed, history: history);
        cluster.Apply(Given.ReplicaSet("web", 4));
        cluster.Run(TimeSpan.FromMilliseconds(700));
        cluster.Apply(Given.ReplicaSet("db", 2));
        cluster.Converge();
        cluster.Delete(cluster.List<Pod>()[0]);
        cluster.Faults.Crash("node-2");
        cluster.Run(TimeSpan.FromSeconds(2));
        cluster.Faults.Restore("node-2");
        cluster.Converge();
        return cluster;
    }

    [Test]
    public void Two_runs_with_one_seed_have_equal_digests_at_every_step()
    {
        var (left, right) = (Given.Digests(Busy()), Given.Digests(Busy()));

        Assert.That(left, Has.Length.GreaterThan(30));
        Assert.That(left, Is.EqualTo(right));
    }

    [Test]
    public void A_digest_is_the_same_in_every_process() =>
        Assert.That(Busy(seed: 1).Digest, Is.EqualTo(PinnedDigest));

    [Test]
    public void Another_seed_gives_another_run() =>
        Assert.That(Busy(seed: 2).Digest, Is.Not.EqualTo(Busy(seed: 3).Digest));

    [Test]
    public void How_much_history_is_kept_does_not_change_the_run() =>
        Assert.That(Busy(history: History.Window(10)).Digest, Is.EqualTo(Busy().Digest));

    [Test]
    public void A_fork_has_lived_the_same_and_goes_its_own_way()
    {
        var cluster = Busy();

        var fork = cluster.Fork();

        Assert.That(Given.Digests(fork), Is.EqualTo(Given.Digests(cluster)));
        Assert.That(fork.Now, Is.EqualTo(cluster.Now));
        Assert.That(fork.Revision, Is.EqualTo(cluster.Revision));
        fork.Delete(fork.List<Pod>()[0]);
        fork.Converge();
        Assert.That(cluster.Revision, Is.LessThan(fork.Revision));
        Assert.That(cluster.Digest, Is.Not.EqualTo(fork.Digest));
    }

    [Test]
    public void Rewinding_and_running_again_gives_the_same_run([Values(1, 7, 25)] int steps)
    {
        var cluster = new Cluster(seed: 5);
        cluster.Apply(Given.ReplicaSet("web", 6));
        cluster.Converge();
        var digests = Given.Digests(cluster);
        Assume.That(digests, Has.Length.GreaterThan(steps));

        cluster.Rewind(steps);
        Assert.That(cluster.StepCount, Is.EqualTo(digests.Length - steps));
        cluster.Converge();

        Assert.That(Given.Digests(cluster), Is.EqualTo(digests));
    }

    [Test]
    public void Rewinding_drops_the_inputs_that_it_passes_and_keeps_the_others()
    {
        var cluster = new Cluster();
        cluster.Apply(Given.ReplicaSet("web", 1));
        cluster.Converge();
        var steps = cluster.StepCount;
        cluster.Apply(Given.ReplicaSet("db", 1));
        cluster.Step();
        cluster.Apply(Given.ConfigMap("passed"));
        cluster.Step();

        cluster.Rewind(2);

        Assert.That(cluster.StepCount, Is.EqualTo(steps));
        Assert.That(cluster.Find<ReplicaSet>("default", "db"), Is.Not.Null);
        Assert.That(cluster.Find<ConfigMap>("default", "passed"), Is.Null);
    }

    [Test]
    public void Rewinding_further_than_the_run_says_how_far_it_goes()
    {
        var cluster = new Cluster();
        cluster.Apply(Given.ReplicaSet());
        cluster.Steps(3);

        Assert.That(() => cluster.Rewind(4), Throws.InstanceOf<ArgumentOutOfRangeException>()
            .With.Message.Contains("there are 3 steps to take back"));
    }

    [Test]
    public void A_component_that_reads_the_clock_is_found_out_by_step_and_name()
    {
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                if (key.Name == "cause")
                {
                    // The mistake: a value from outside the cluster.
                    var now = System.Diagnostics.Stopwatch.GetTimestamp();
                    api.Create(Given.ConfigMap("effect", $"{now}"));
                }
                return Result.Done;
            },
        });
        cluster.Create(Given.ConfigMap("cause"));
        cluster.Converge();

        var thrown = Assert.Throws<ReplayDivergedException>(() => cluster.Fork());

        Assert.That(thrown!.Step, Is.EqualTo(1));
        Assert.That(thrown.Component, Is.EqualTo("probe"));
        Assert.That(thrown.Message, Does.Contain("depends on something outside the cluster"));
    }

    [Test]
    public void What_a_component_prints_it_prints_once()
    {
        var console = Console.Out;
        using var text = new StringWriter();
        Console.SetOut(text);
        try
        {
            var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
            {
                OnReconcile = (key, _) =>
                {
                    Console.WriteLine($"working on {key.Name}");
                    return Result.Done;
                },
            });
            cluster.Create(Given.ConfigMap("a"));
            cluster.Converge();
            cluster.Fork();
        }
        finally
        {
            Console.SetOut(console);
        }
        Assert.That(text.ToString().Trim(), Is.EqualTo("working on a"));
    }

    [Test]
    public void A_refused_request_is_no_input_and_draws_nothing()
    {
        var (left, right) = (new Cluster(), new Cluster());
        left.Apply(Given.ReplicaSet());
        right.Apply(Given.ReplicaSet());

        var bad = Given.ReplicaSet("Bad_Name");
        Assert.Throws<ApiException>(() => left.Create(bad));
        Assert.Throws<ApiException>(() => left.Create(Given.ReplicaSet("web")));

        left.Converge();
        right.Converge();
        Assert.That(left.Journal, Has.Count.EqualTo(1));
        Assert.That(left.Digest, Is.EqualTo(right.Digest));
    }

    [Test]
    public void A_revision_is_a_snapshot()
    {
        var cluster = new Cluster();
        cluster.Apply(Given.ReplicaSet(replicas: 2));
        var before = cluster.Revision;
        cluster.Converge();

        Assert.That(cluster.At(before).List<Pod>(), Is.Empty);
        Assert.That(cluster.At(before).Find<ReplicaSet>("default", "web"), Is.Not.Null);
        Assert.That(cluster.At(cluster.Revision).List<Pod>(), Has.Count.EqualTo(2));
    }

    [Test]
    public void History_that_is_gone_names_the_oldest_that_is_left()
    {
        var cluster = Busy(history: History.Window(10));
        for (var i = 0; i < 400; i++)
        {
            cluster.Apply(Given.ConfigMap("counter", $"{i}"));
            cluster.Run(TimeSpan.FromMinutes(1));
        }
        cluster.Apply(Given.ReplicaSet("more", 60));
        cluster.Converge();

        var thrown = Assert.Throws<HistoryGoneException>(() => cluster.At(1));
        Assert.That(thrown!.Message, Does.Match(@"\d{3,}"));
    }

    [Test]
    public void Why_leads_from_a_running_pod_to_the_persons_input()
    {
        var cluster = new Cluster();
        cluster.Apply(Given.ReplicaSet(replicas: 1));
        cluster.Converge();

        var chain = cluster.Why(cluster.List<Pod>()[0]);

        Assert.That(chain.Links[0].Input, Is.EqualTo(1));
        Assert.That(chain.Links[0].Who, Does.StartWith("create replicasets.apps default/web"));
        var who = chain.Links.Select(l => l.Who).ToList();
        Assert.That(who.IndexOf("replicaset-controller"), Is.EqualTo(1));
        Assert.That(who.IndexOf("default-scheduler"), Is.GreaterThan(1));
        Assert.That(who.FindIndex(w => w.StartsWith("kubelet/", StringComparison.Ordinal)),
            Is.GreaterThan(who.IndexOf("default-scheduler")));
        Assert.That(chain.IsCut, Is.False);
        Assert.That(chain.ToString(), Does.StartWith("why pods default/web-"));
    }

    [Test]
    public void Why_tells_of_an_object_that_is_gone()
    {
        var cluster = new Cluster();
        cluster.Apply(Given.ReplicaSet(replicas: 1));
        cluster.Converge();
        var pod = cluster.List<Pod>()[0];
        cluster.Delete(pod);
        cluster.Converge();

        var chain = cluster.Why(pod.Key);

        Assert.That(chain.Links.Count(l => l.Input > 0), Is.EqualTo(2));
        Assert.That(chain.Links.SelectMany(l => l.Wrote), Does.Contain($"deleted {pod.Key}"));
    }

    [Test]
    public void Comparing_two_branches_finds_the_first_step_that_differs()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Apply(Given.ReplicaSet(replicas: 4));
        cluster.Steps(2);
        var fork = cluster.Fork();
        Assert.That(Cluster.Compare(cluster, fork), Is.Null);

        fork.Patch<ReplicaSet>("default", "web", """{"spec":{"replicas":6}}""");
        cluster.Converge();
        fork.Converge();
        var parted = Cluster.Compare(cluster, fork);

        Assert.That(parted, Is.Not.Null);
        Assert.That(cluster.DigestAt(parted!.Step - 1), Is.Not.Zero);
        Assert.That(parted.First!.Number, Is.EqualTo(parted.Step));
        Assert.That(parted.Differences, Is.Not.Empty, parted.ToString());
        for (var step = 1; step < parted.Step; step++)
        {
            Assert.That(cluster.StepAt(step).Changes.Select(c => c.ToString()),
                Is.EqualTo(fork.StepAt(step).Changes.Select(c => c.ToString())));
        }
    }

    [Test]
    public void A_step_of_the_past_comes_back_in_full()
    {
        var cluster = new Cluster();
        cluster.Apply(Given.ReplicaSet());
        var steps = cluster.Steps(6);
        cluster.Converge();

        foreach (var step in steps)
        {
            Assert.That(cluster.StepAt(step.Number).ToString(), Is.EqualTo(step.ToString()));
        }
    }

    [Test]
    public void What_should_always_hold_fails_with_the_step_that_broke_it()
    {
        var cluster = new Cluster();
        cluster.Always("at most 2 pods", c => c.List<Pod>().Count <= 2);
        cluster.Apply(Given.ReplicaSet(replicas: 3));

        var thrown = Assert.Throws<InvariantBrokenException>(() => cluster.Converge());

        Assert.That(thrown!.Name, Is.EqualTo("at most 2 pods"));
        Assert.That(thrown.Step!.Component, Is.EqualTo("replicaset-controller"));
        Assert.That(thrown.Message, Does.Contain("because of revision"));
        Assert.That(cluster.Converge().Met, Is.True, "it is told once");
    }

    [Test]
    public void What_kubectl_created_and_applied_can_be_saved()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl("create deployment web --image=nginx");
        cluster.Kubectl("apply -f -", """
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1"}}
            """);
        cluster.Converge();
        var read = JournalText.Read(cluster.SaveJournal(), "run.jsonl", KindRegistry.BuiltIn);
        Assert.That(read.Errors, Is.Empty);
        var copy = new Cluster(nodes: 1);
        foreach (var line in read.Lines)
        {
            Assert.That(copy.Play(line), Is.Null);
        }
        copy.Converge();
        Assert.That(copy.Digest, Is.EqualTo(cluster.Digest));
    }

    [Test]
    public void A_field_that_is_no_longer_applied_goes()
    {
        var cluster = new Cluster(nodes: 1);
        const string Map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: ";
        Assert.That(cluster.Apply(Map + "{x: '1', y: '2'}"), Is.EqualTo(["configmap/a created"]));
        Assert.That(cluster.Apply(Map + "{x: '1', y: '2'}")[0], Does.EndWith("unchanged"));
        cluster.Patch<ConfigMap>("default", "a", """{"data":{"z":"3"}}""");
        Assert.That(cluster.Apply(Map + "{x: '1'}")[0], Does.EndWith("configured"));
        Assert.That(cluster.Get<ConfigMap>("a").Data.Keys, Is.EqualTo(["x", "z"]));
        Assert.That(cluster.Kubectl("apply -f -", Map + "{x: '1'}").ToString(),
            Is.EqualTo("configmap/a unchanged\n"));
    }

    [Test]
    public void A_saved_journal_replays_to_the_last_digest()
    {
        var cluster = Busy(seed: 9);
        var text = cluster.SaveJournal();

        var read = JournalText.Read(text, "run.jsonl", KindRegistry.BuiltIn);
        Assert.That(read.Errors, Is.Empty);
        var copy = new Cluster(nodes: 3, seed: 9);
        foreach (var line in read.Lines)
        {
            Assert.That(copy.Play(line), Is.Null);
        }
        copy.Converge();

        Assert.That(read.Lines, Has.Count.EqualTo(5));
        Assert.That(Given.Digests(copy), Is.EqualTo(Given.Digests(cluster)));
    }

    [Test]
    public void A_journal_with_a_delegate_is_not_saved_and_names_it()
    {
        var cluster = new Cluster();
        cluster.AddComponent("mine", () => new Probe(Watched.All<ConfigMap>()));

        Assert.That(cluster.SaveJournal, Throws.InstanceOf<NotSupportedException>()
            .With.Message.Contains("run mine"));
    }

    [Test]
    public void Whatever_the_order_and_the_faults_a_cluster_converges()
    {
        for (ulong seed = 0; seed < 400; seed++)
        {
            var dice = new Prng(seed);
            var cluster = new Cluster(nodes: 3, seed: seed);
            cluster.Apply(Given.ReplicaSet("web", 1 + dice.Next(6)));
            string[] targets = ["replicaset-controller", "default-scheduler", "kubelet/node-1",
                "node-2", "replicaset-controller:Pod"];
            for (var i = 0; i < 8; i++)
            {
                var target = targets[dice.Next(targets.Length)];
                Disturb(cluster, target, dice.Next(5));
                cluster.Run(TimeSpan.FromMilliseconds(dice.Next(900)));
                cluster.Patch<ReplicaSet>("default", "web",
                    $$$"""{"spec":{"replicas":{{{dice.Next(7)}}}}}""");
            }
            foreach (var target in targets)
            {
                cluster.Faults.Restore(target);
            }
            var result = cluster.Converge();

            var wanted = cluster.Get<ReplicaSet>("web").Spec.Replicas;
            Assert.That(result.Met, Is.True, $"seed {seed}: {result}");
            Assert.That(Given.Running(cluster), Is.EqualTo(wanted), $"seed {seed}");
        }
    }

    private static void Disturb(Cluster cluster, string target, int how)
    {
        var faults = cluster.Faults;
        Action<string> fault = target.Contains(':') ? faults.Hold : how switch
        {
            0 => faults.Crash,
            1 => faults.Partition,
            2 => faults.Restore,
            3 => t => faults.CrashAfterWrite(t),
            _ => t => faults.LoseReply(t),
        };
        fault(target);
    }

    // Changes whenever a component, a default or the latencies change: then the new one is pinned.
    private const ulong PinnedDigest = 7313201027654506555;
}
