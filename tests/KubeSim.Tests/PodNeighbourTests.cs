using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Placing pods by other pods: that counts kept are right however they came about, that a
/// cluster spreads what belongs together, and which changes give a waiting pod hope.</summary>
public sealed class PodNeighbourTests
{
    private const string Zone = "topology.kubernetes.io/zone";
    private const string Host = "kubernetes.io/hostname";

    private static LabelSelector Of(string app) => new() { MatchLabels = Map.Of(("app", app)) };

    private static PodAffinityTerm Term(string app, string key) =>
        new() { TopologyKey = key, LabelSelector = Of(app) };

    private static PodSpec Near(params PodAffinityTerm[] terms) => new()
    {
        Affinity = new()
        {
            PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [.. terms] },
        },
    };

    private static PodSpec Apart(params PodAffinityTerm[] terms) => new()
    {
        Affinity = new()
        {
            PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [.. terms] },
        },
    };

    private static PodSpec Rather(int near, int away, string app) => new()
    {
        Affinity = new()
        {
            PodAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution =
                [new() { Weight = near, PodAffinityTerm = Term(app, Zone) }] },
            PodAntiAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution =
                [new() { Weight = away, PodAffinityTerm = Term(app, Host) }] },
        },
    };

    private static TopologySpreadConstraint Constraint(string app, string key, string action) =>
        new()
        {
            MaxSkew = 1, TopologyKey = key, WhenUnsatisfiable = action, LabelSelector = Of(app),
        };

    private static PodSpec Spread(params TopologySpreadConstraint[] constraints) =>
        new() { TopologySpreadConstraints = [.. constraints] };

    private static readonly PodSpec[] specs =
    [
        new(),
        Spread(Constraint("a", Zone, "DoNotSchedule"), Constraint("b", Host, "DoNotSchedule")),
        Spread(Constraint("a", Zone, "ScheduleAnyway"), Constraint("a", Host, "ScheduleAnyway")),
        Spread(Constraint("b", Zone, "DoNotSchedule") with
        {
            MinDomains = 3, NodeTaintsPolicy = "Honor",
        }),
        Spread(Constraint("a", Zone, "DoNotSchedule") with { NodeAffinityPolicy = "Ignore" }) with
        {
            NodeSelector = Map.Of(("disk", "ssd")),
        },
        Spread(Constraint("a", Host, "DoNotSchedule")) with
        {
            NodeSelector = Map.Of(("disk", "ssd")),
        },
        Near(Term("a", Zone)), Near(Term("a", Zone), Term("a", Host)), Apart(Term("b", Host)),
        Apart(Term("a", Zone) with { NamespaceSelector = new() }),
        Apart(Term("b", Zone) with { Namespaces = ["other"] }),
        Rather(10, 5, "a"), Rather(1, 100, "b"),
    ];

    [TestCase(1ul)]
    [TestCase(2ul)]
    [TestCase(3ul)]
    public void Counts_kept_are_those_made_anew(ulong seed)
    {
        var (random, cache, pods) = (new Prng(seed), new SchedulerCache(), new List<Pod>());
        var (spread, affinity) = (new PodTopologySpread(), new InterPodAffinity());
        Change(random, cache, pods, 0);
        for (var step = 1; step < 150; step++)
        {
            Change(random, cache, pods, step);
            var probe = NewPod(random, 1000 + step) with
            {
                Spec = specs[random.Next(specs.Length)],
            };
            var kept = Judgement(spread, probe, cache, true)
                + Judgement(affinity, probe, cache, true)
                + Judgement(new ImageLocality(), probe, cache, true);
            var anew = Judgement(new PodTopologySpread(), probe, cache, false)
                + Judgement(new InterPodAffinity(), probe, cache, false)
                + Judgement(new ImageLocality(), probe, cache, false);
            Assert.That(kept, Is.EqualTo(anew), $"step {step}, seed {seed}");
        }
    }

    // What a plugin says of every node: by the counts of the cache, or by the nodes alone.
    private static string Judgement(IPlugin plugin, Pod pod, SchedulerCache cache, bool kept)
    {
        var state = new CycleState(pod) { Cache = kept ? cache : null };
        var (nodes, told) = (cache.Nodes, new List<string> { plugin.Name });
        if (plugin is IPreFilterPlugin first)
        {
            var status = first.PreFilter(state, pod, nodes);
            told.Add($"{status}");
            told.AddRange(nodes.Select(n => status.Code == PluginCode.Skip ? ""
                : $"{n.Name} {((IFilterPlugin)plugin).Filter(state, pod, n)}"));
        }
        else
        {
            PodIndex.Of(state, nodes);
        }
        var prepared = ((IPreScorePlugin)plugin).PreScore(state, pod, nodes);
        told.Add($"{prepared}");
        if (prepared.IsSuccess)
        {
            var scorer = (IScorePlugin)plugin;
            long[] scores = [.. nodes.Select(n => scorer.Score(state, pod, n))];
            told.Add(string.Join(' ', scores));
            scorer.Normalize(state, pod, scores);
            told.Add(string.Join(' ', scores));
        }
        return string.Join('\n', told);
    }

    private static void Change(Prng random, SchedulerCache cache, List<Pod> pods, int step)
    {
        var what = step == 0 ? 0 : random.Next(10);
        if (what == 0)
        {
            for (var i = 0; i < 6; i++)
            {
                cache.SetNode(NewNode(random, i));
            }
        }
        else if (what == 1 && cache.Nodes.Count > 3)
        {
            cache.RemoveNode(cache.Nodes[random.Next(cache.Nodes.Count)].Name);
        }
        else if (what == 2)
        {
            cache.SetNode(NewNode(random, random.Next(8)));
        }
        else if (what <= 6 || pods.Count == 0)
        {
            var pod = NewPod(random, step);
            pods.Add(pod);
            cache.SetPod(pod);
        }
        else if (what == 7)
        {
            var gone = pods[random.Next(pods.Count)];
            pods.Remove(gone);
            cache.RemovePod(gone.Key);
        }
        else
        {
            var at = random.Next(pods.Count);
            var (old, labelled) = (pods[at], NewPod(random, 0).Metadata.Labels);
            pods[at] = old with
            {
                Metadata = what == 8 ? old.Metadata with { Labels = labelled }
                    : old.Metadata with { DeletionTimestamp = DateTime.UnixEpoch },
            };
            cache.SetPod(pods[at]);
        }
    }

    private static Pod NewPod(Prng random, int number) => new()
    {
        Metadata = new()
        {
            Name = $"p{number}", Namespace = random.Next(3) == 0 ? "other" : "default",
            Labels = Map.Of(("app", random.Next(2) == 0 ? "a" : "b"), ("n", $"{random.Next(3)}")),
        },
        Spec = specs[random.Next(specs.Length)] with
        {
            NodeName = $"n{random.Next(8)}", Containers = [new() { Image = "big" }],
        },
    };

    private static Node NewNode(Prng random, int number)
    {
        var labels = Map.Of((Host, $"n{number}"), ("disk", random.Next(2) == 0 ? "ssd" : "hdd"));
        return new()
        {
            Metadata = new()
            {
                Name = $"n{number}",
                Labels = random.Next(5) == 0 ? labels : labels.Set(Zone, $"z{random.Next(3)}"),
            },
            Spec = new()
            {
                Taints = random.Next(4) == 0 ? [new() { Key = "k", Effect = "NoSchedule" }] : [],
            },
            Status = new()
            {
                Images = random.Next(2) == 0 ? []
                    : [new() { Names = ["big:latest"], SizeBytes = 900 << 20 }],
            },
        };
    }

    [Test]
    public void Replicas_are_spread_over_nodes_by_default()
    {
        // Unequal nodes: by free resources alone all replicas would go to the largest.
        var cluster = new Cluster(nodes: 3);
        cluster.Apply("""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 6
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec: {containers: [{name: c, image: nginx}]}
            """);
        cluster.Converge();
        Assert.That(cluster.List<Pod>().GroupBy(p => p.Spec.NodeName).Select(g => g.Count()),
            Is.EqualTo(new[] { 2, 2, 2 }));
    }

    [Test]
    public void Pods_of_one_Service_are_kin_and_a_pod_of_none_is_alone()
    {
        var owners = new OwnerSelectors();
        var service = new Service
        {
            Metadata = new() { Name = "web", Namespace = "default" },
            Spec = new() { Selector = Map.Of(("app", "web")) },
        };
        var set = new ReplicaSet
        {
            Metadata = new() { Name = "web-1", Namespace = "default" },
            Spec = new() { Selector = new() { MatchLabels = Map.Of(("hash", "1")) } },
        };
        var pod = new Pod
        {
            Metadata = new()
            {
                Namespace = "default", Labels = Map.Of(("app", "web"), ("hash", "1")),
                OwnerReferences = [new() { ApiVersion = "apps/v1", Kind = "ReplicaSet",
                    Name = "web-1", Controller = true }],
            },
        };
        Assert.That(owners.Of(pod).IsEmpty);
        owners.Set(service.Key, service);
        Assert.That($"{owners.Of(pod)}", Is.EqualTo("app=web"));
        owners.Set(set.Key, set);
        Assert.That($"{owners.Of(pod)}", Is.EqualTo("app=web,hash=1"));
        owners.Set(service.Key, null);
        Assert.That($"{owners.Of(pod)}", Is.EqualTo("hash=1"));
    }

    [Test]
    public void A_namespace_that_changes_its_labels_changes_whom_a_term_means()
    {
        var cluster = new Cluster(nodes: 1, components:
            [new("default-scheduler", _ => new Scheduler())]);
        cluster.Create(new Namespace
        {
            Metadata = new() { Name = "shy", Labels = Map.Of(("team", "a")) },
        });
        cluster.Create(new ServiceAccount
        {
            Metadata = new() { Name = "default", Namespace = "shy" },
        });
        var shy = Apart(Term("web", Host) with { NamespaceSelector = Team("b") });
        cluster.Create(Named("shy", "loner", shy));
        cluster.Create(Named("default", "first", new()));
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("first").IsScheduled, "the team is not meant");
        cluster.Patch<Namespace>("", "default", """{"metadata":{"labels":{"team":"b"}}}""");
        cluster.Create(Named("default", "second", new()));
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("second").Condition("PodScheduled")!.Message,
            Does.StartWith("0/1 nodes are available: 1 node(s) didn't satisfy existing pods "
                + "anti-affinity rules."));
    }

    private static LabelSelector Team(string team) =>
        new() { MatchLabels = Map.Of(("team", team)) };

    private static Pod Named(string ns, string name, PodSpec spec) => new()
    {
        Metadata = new() { Name = name, Namespace = ns, Labels = Map.Of(("app", "web")) },
        Spec = spec with { Containers = [new() { Name = "c", Image = "nginx" }] },
    };

    [Test]
    public void Label_keys_become_part_of_the_selector_when_the_pod_is_made()
    {
        var cluster = new Cluster(nodes: 1);
        var spec = Spread(Constraint("web", Zone, "DoNotSchedule") with
        {
            MatchLabelKeys = ["hash", "none"],
        }) with
        {
            Affinity = Apart(Term("web", Host) with { MismatchLabelKeys = ["hash"] }).Affinity,
        };
        var pod = Named("default", "web", spec);
        cluster.Create(pod with
        {
            Metadata = pod.Metadata with { Labels = Map.Of(("app", "web"), ("hash", "5d")) },
        });
        var made = cluster.Get<Pod>("web").Spec;
        Assert.That($"{made.TopologySpreadConstraints[0].LabelSelector}",
            Is.EqualTo("app=web,hash in (5d)"));
        Assert.That($"{made.Affinity!.PodAntiAffinity!
            .RequiredDuringSchedulingIgnoredDuringExecution[0].LabelSelector}",
            Is.EqualTo("app=web,hash notin (5d)"));
    }

    private static Pod Placed(string app, string ns = "default") => new()
    {
        Metadata = new() { Name = "other", Namespace = ns, Labels = Map.Of(("app", app)) },
        Spec = new() { NodeName = "n1" },
    };

    private static Node InZone(string? zone) => new()
    {
        Metadata = new()
        {
            Name = "n1", Labels = zone is null ? default : Map.Of((Zone, zone)),
        },
    };

    // Who waits, what changed (before, after), and whether that gives hope.
    private static IEnumerable<TestCaseData> Hopes()
    {
        var (spread, near, apart) = (Spread(Constraint("a", Zone, "DoNotSchedule")),
            Near(Term("a", Zone)), Apart(Term("a", Zone)));
        (string Claim, PodSpec Waits, ApiObject? Old, ApiObject? New, bool Hope)[] cases =
        [
            ("spread: one that counts came", spread, null, Placed("a"), true),
            ("spread: one that does not count came", spread, null, Placed("b"), false),
            ("spread: one that counts went", spread, Placed("a"), null, true),
            ("spread: one elsewhere went", spread, Placed("a", "other"), null, false),
            ("spread: one ceased to count", spread, Placed("a"), Placed("b"), true),
            ("spread: one changed otherwise", spread, Placed("b"), Placed("c"), false),
            ("spread: a node of a zone came", spread, null, InZone("z"), true),
            ("spread: a node of no zone came", spread, null, InZone(null), false),
            ("spread: a node of a zone went", spread, InZone("z"), null, true),
            ("spread: a node moved", spread, InZone("y"), InZone("z"), true),
            ("spread: a node stayed", spread, InZone("z"), InZone("z"), false),
            ("near: one to be near came", near, null, Placed("a"), true),
            ("near: another came", near, null, Placed("b"), false),
            ("near: one to be near went", near, Placed("a"), null, false),
            ("near: one became such", near, Placed("b"), Placed("a"), true),
            ("near: a node of a zone came", near, null, InZone("z"), true),
            ("near: a node of no zone came", near, null, InZone(null), false),
            ("apart: one to keep from went", apart, Placed("a"), null, true),
            ("apart: another went", apart, Placed("b"), null, false),
            ("apart: one to keep from came", apart, null, Placed("a"), false),
            ("apart: one ceased to be such", apart, Placed("a"), Placed("b"), true),
            ("apart: a node left its zone", apart, InZone("z"), InZone(null), true),
            ("apart: a node came", apart, null, InZone("z"), true),
            ("unwelcome: one that kept it away went", new(),
                Placed("b") with { Spec = Apart(Term("me", Zone)) }, null, true),
            ("unwelcome: another went", new(), Placed("b"), null, false),
        ];
        return cases.Select(c => new TestCaseData(c.Waits, c.Old, c.New, c.Hope)
            .SetArgDisplayNames(c.Claim));
    }

    [TestCaseSource(nameof(Hopes))]
    public void A_change_gives_hope_to_whom_it_may_help(
        PodSpec waits, ApiObject? old, ApiObject? now, bool hope)
    {
        var pod = new Pod
        {
            Metadata = new()
            {
                Name = "me", Namespace = "default", Labels = Map.Of(("app", "me")),
            },
            Spec = waits,
        };
        IQueueingHints plugin = waits.TopologySpreadConstraints.IsEmpty
            ? new InterPodAffinity() : new PodTopologySpread();
        var what = (old, now) switch
        {
            (null, Node) => ClusterEvents.NodeAdd,
            (Node, null) => ClusterEvents.NodeDelete,
            (Node, _) => ClusterEvents.NodeLabels,
            (null, _) => ClusterEvents.AssignedPodAdd,
            (_, null) => ClusterEvents.AssignedPodDelete,
            _ => ClusterEvents.AssignedPodUpdate,
        };
        Assert.That((plugin.Events & what) != 0 && plugin.MayHelp(pod, new(what, old, now)),
            Is.EqualTo(hope));
    }
}
