using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Time, steps, pace and delivery.</summary>
public sealed class EngineTests
{
    [Test]
    public void A_replica_set_becomes_running_pods()
    {
        var cluster = new Cluster(nodes: 3);
        cluster.Apply(Given.ReplicaSet(replicas: 3));

        var result = cluster.Converge();

        Assert.That(result.Met, Is.True, result.ToString());
        Assert.That(Given.Running(cluster), Is.EqualTo(3));
        Assert.That(cluster.List<Pod>().Select(p => p.Spec.NodeName), Is.Unique,
            "the least loaded node takes each pod");
        Assert.That(cluster.Get<ReplicaSet>("web").Status.ReadyReplicas, Is.EqualTo(3));
    }

    [Test]
    public void A_deleted_pod_is_replaced()
    {
        var cluster = new Cluster();
        cluster.Apply(Given.ReplicaSet());
        cluster.Converge();
        var victim = cluster.List<Pod>()[0];

        cluster.Delete(victim);
        cluster.Converge();

        Assert.That(Given.Running(cluster), Is.EqualTo(3));
        Assert.That(cluster.List<Pod>().Select(p => p.Metadata.Uid),
            Has.None.EqualTo(victim.Metadata.Uid));
    }

    [Test]
    public void A_step_says_who_did_what_and_why()
    {
        var cluster = new Cluster(nodes: 1);
        var created = cluster.Create(Given.ReplicaSet(replicas: 1));

        var step = cluster.Step();

        Assert.That(step.Component, Is.EqualTo("replicaset-controller"));
        Assert.That(step.Key, Is.EqualTo(created.Key));
        Assert.That(step.Causes, Does.Contain(
            new Cause(CauseType.Revision, created.Metadata.ResourceVersion.Value)));
        Assert.That(step.Saw.Select(e => e.Key), Does.Contain(created.Key));
        Assert.That(step.Changes[0].Verb, Is.EqualTo(Verb.Create));
        Assert.That(step.Changes[0].After, Is.InstanceOf<Pod>());
        Assert.That(step.ToString(), Does.Contain("create pods default/web-"));
    }

    [Test]
    public void A_quiet_cluster_is_idle_and_names_what_is_due()
    {
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                api.After(TimeSpan.FromHours(5), key, Pace.Background);
                return Result.Done;
            },
        });
        cluster.Create(Given.ConfigMap("clock"));
        cluster.Step();
        var before = cluster.Now;

        var idle = cluster.Step();

        Assert.That(idle.IsIdle, Is.True);
        Assert.That(idle.IdleUntil, Does.Contain("probe").And.Contain("clock"));
        Assert.That(cluster.Now - before, Is.EqualTo(TimeSpan.FromHours(1)));
    }

    [Test]
    public void Background_work_that_changes_nothing_passes_silently_but_counts()
    {
        Cluster Ticking() => Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                api.After(TimeSpan.FromSeconds(10), key, Pace.Background);
                return Result.Done;
            },
        });
        var (left, right) = (Ticking(), Ticking());
        foreach (var cluster in new[] { left, right })
        {
            cluster.Create(Given.ConfigMap("clock"));
            cluster.Converge();
        }
        var (steps, digest) = (left.StepCount, left.Digest);

        left.Run(TimeSpan.FromMinutes(1));

        Assert.That(left.StepCount, Is.EqualTo(steps));
        Assert.That(left.Digest, Is.Not.EqualTo(digest));
        Assert.That(right.Digest, Is.EqualTo(digest));
    }

    [Test]
    public void A_cluster_with_only_background_work_has_converged()
    {
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                api.After(TimeSpan.FromSeconds(10), key, Pace.Background);
                return Result.Done;
            },
        });
        cluster.Create(Given.ConfigMap("clock"));

        Assert.That(cluster.IsConverged, Is.False);
        Assert.That(cluster.Converge().Met, Is.True);
    }

    [Test]
    public void A_cluster_that_does_not_converge_says_what_keeps_it_busy()
    {
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                api.After(TimeSpan.FromSeconds(10), key, Pace.Progress);
                return Result.Done;
            },
        });
        cluster.Create(Given.ConfigMap("restless"));

        var result = cluster.Converge(TimeSpan.FromMinutes(1));

        Assert.That(result.Met, Is.False);
        Assert.That(string.Join("\n", result.Busy), Does.Contain("restless").And.Contain("probe"));
        Assert.That(cluster.Now, Is.EqualTo(new DateTime(2025, 1, 1, 0, 1, 0, DateTimeKind.Utc)));
    }

    [Test]
    public void Of_two_timers_of_a_key_and_pace_the_earlier_counts()
    {
        var fired = new List<DateTime>();
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                fired.Add(api.Now);
                if (fired.Count == 1)
                {
                    api.After(TimeSpan.FromSeconds(30), key);
                    api.After(TimeSpan.FromSeconds(10), key);
                    api.After(TimeSpan.FromSeconds(20), key);
                }
                return Result.Done;
            },
        });
        cluster.Create(Given.ConfigMap("timers"));
        cluster.Converge();

        Assert.That(fired, Has.Count.EqualTo(2));
        Assert.That(fired[1] - fired[0], Is.EqualTo(TimeSpan.FromSeconds(10)));
    }

    [Test]
    public void Writes_of_one_reconcile_reach_watchers_one_after_the_other()
    {
        var seen = new List<(DateTime At, string Name)>();
        Cluster cluster = null!;
        var writer = new ComponentSpec("writer", _ => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                for (var i = 0; key.Name == "start" && i < 5; i++)
                {
                    api.Create(Given.ConfigMap($"made-{i}"));
                }
                return Result.Done;
            },
        });
        var reader = new ComponentSpec("reader", _ => new Probe(Watched.All<ConfigMap>())
        {
            OnObserve = e => seen.Add((cluster.Now, e.Key.Name)),
        });
        cluster = new Cluster(nodes: 0, components: [writer, reader]);
        cluster.Create(Given.ConfigMap("start"));
        cluster.Converge();

        var made = seen.Where(s => s.Name.StartsWith("made", StringComparison.Ordinal)).ToList();
        Assert.That(made.Select(m => m.Name),
            Is.EqualTo(new[] { "made-0", "made-1", "made-2", "made-3", "made-4" }));
        Assert.That(made.Zip(made.Skip(1), (a, b) => b.At - a.At),
            Is.All.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(1)),
            "a write takes 5 to 15 ms, a watch 1 to 5");
    }

    [Test]
    public void Without_latency_everything_happens_at_once()
    {
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                if (key.Name == "a")
                {
                    api.Create(Given.ConfigMap("b"));
                }
                return Result.Done;
            },
        }, Latency.None);
        var start = cluster.Now;
        cluster.Create(Given.ConfigMap("a"));
        cluster.Converge();

        Assert.That(cluster.Find<ConfigMap>("default", "b"), Is.Not.Null);
        Assert.That(cluster.Now, Is.EqualTo(start));
    }

    [Test]
    public void A_busy_worker_takes_no_second_key_and_two_workers_do()
    {
        TimeSpan Span(int workers)
        {
            var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
            {
                Workers = workers,
                OnReconcile = (key, api) =>
                {
                    if (key.Name.StartsWith("in", StringComparison.Ordinal))
                    {
                        api.Create(Given.ConfigMap("out-" + key.Name));
                    }
                    return Result.Done;
                },
            });
            for (var i = 0; i < 20; i++)
            {
                cluster.Create(Given.ConfigMap($"in-{i}"));
            }
            var start = cluster.Now;
            cluster.Converge();
            return cluster.Now - start;
        }

        Assert.That(Span(1), Is.GreaterThan(TimeSpan.FromMilliseconds(20 * 5)));
        Assert.That(Span(5), Is.LessThan(Span(1) / 2));
    }

    [Test]
    public void A_refused_write_is_tried_again_with_growing_back_off()
    {
        var tries = new List<DateTime>();
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (key, api) =>
            {
                tries.Add(api.Now);
                if (tries.Count < 5)
                {
                    api.Update(Given.ConfigMap("missing"));
                }
                return Result.Done;
            },
        }, Latency.None);
        cluster.Create(Given.ConfigMap("cause"));
        cluster.Converge();

        var waits = tries.Zip(tries.Skip(1), (a, b) => (b - a).TotalMilliseconds);
        Assert.That(waits, Is.EqualTo(new double[] { 5, 10, 20, 40 }));
    }

    [Test]
    public void A_refused_write_shows_in_the_step_with_its_reason()
    {
        var cluster = Given.Alone(() => new Probe(Watched.All<ConfigMap>())
        {
            OnReconcile = (_, api) => api.Update(Given.ConfigMap("missing")) is null
                ? Result.Done : Result.Done,
        });
        cluster.Create(Given.ConfigMap("cause"));

        var step = cluster.Step();

        Assert.That(step.Error, Is.EqualTo("configmaps \"missing\" not found"));
        Assert.That(step.Changes[0].Refused?.Code, Is.EqualTo(404));
    }

    [Test]
    public void A_bug_in_a_component_names_the_step_and_the_cluster_goes_on()
    {
        var cluster = Given.Alone(() =>
        {
            var calls = 0;
            return new Probe(Watched.All<ConfigMap>())
            {
                OnReconcile = (_, _) => calls++ == 0
                    ? throw new InvalidCastException("a bug") : Result.Done,
            };
        });
        cluster.Create(Given.ConfigMap("cause"));

        var thrown = Assert.Throws<ComponentFailedException>(() => cluster.Converge());
        Assert.That(thrown!.Message, Does.Contain("probe").And.Contain("a bug"));
        Assert.That(cluster.Converge().Met, Is.True);
    }

    [Test]
    public void A_component_that_never_lets_time_pass_is_stopped()
    {
        var cluster = new Cluster(new SimulationOptions
        {
            Latency = Latency.None,
            StepsPerInstant = 1000,
            Objects = Bootstrap.Objects(0),
            Components =
            [
                new("spinner", _ => new Probe(Watched.All<ConfigMap>())
                {
                    OnReconcile = (key, api) =>
                    {
                        api.After(TimeSpan.Zero, key);
                        return Result.Done;
                    },
                }),
            ],
        });
        cluster.Create(Given.ConfigMap("a"));

        var thrown = Assert.Throws<EndlessRunException>(() => cluster.Converge());
        Assert.That(thrown!.Message, Does.Contain("spinner"));
    }

    [Test]
    public void A_learners_component_takes_the_place_of_a_built_in_one()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.AddComponent("replicaset-controller", () => new Probe(Watched.All<ReplicaSet>()));
        cluster.Apply(Given.ReplicaSet());
        cluster.Converge();

        Assert.That(cluster.List<Pod>(), Is.Empty);
        Assert.That(cluster.Components, Does.Contain("replicaset-controller"));
    }

    [Test]
    public void A_run_until_stops_at_the_first_step_that_makes_it_true()
    {
        var cluster = new Cluster();
        cluster.Apply(Given.ReplicaSet(replicas: 5));

        var result = cluster.RunUntil(c => c.List<Pod>().Count >= 3);

        Assert.That(result.Met, Is.True);
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(5), "one reconcile creates all five");
        Assert.That(Given.Running(cluster), Is.Zero);
    }

    [Test]
    public void Events_are_gone_after_an_hour()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Apply(Given.ReplicaSet(replicas: 1));
        cluster.Converge();
        Assert.That(cluster.List<Event>(), Is.Not.Empty);

        cluster.Run(TimeSpan.FromMinutes(58));
        Assert.That(cluster.List<Event>(), Is.Not.Empty);
        cluster.Run(TimeSpan.FromMinutes(4));

        Assert.That(cluster.List<Event>(), Is.Empty);
    }

    [Test]
    public void Inputs_of_other_threads_are_carried_out_between_steps()
    {
        var cluster = new Cluster();
        var set = Given.ReplicaSet();
        cluster.Inbox.Post(new RequestInput(new(Verb.Create, new(Kinds.ReplicaSet, "default", ""))
        {
            Body = new Payload.Typed(set),
        }));
        Assert.That(cluster.IsConverged, Is.False);

        cluster.Converge();

        Assert.That(Given.Running(cluster), Is.EqualTo(3));
        Assert.That(cluster.Journal, Has.Count.EqualTo(1));
    }
}
