using System.Diagnostics;
using KubeSim;

namespace Benchmarks;

/// <summary><c>neighbours [NODES]</c>: how many pods a second the cycle alone places (no API server,
/// no queue) when their place depends on other pods, with none, 50,000 and 150,000 pods there
/// already. Deployments of 30 with labels, constraints and terms of their own, in turn. Processor
/// time is measured, since the machine may have other work.</summary>
internal static class Neighbours
{
    private const int Replicas = 30;

    private static readonly (string Name, Func<string, PodSpec, PodSpec> With)[] workloads =
    [
        ("plain", static (_, spec) => spec),
        ("spread zone, hard", static (app, spec) => spec with
        {
            TopologySpreadConstraints = [Spread(app, Zone, "DoNotSchedule")],
        }),
        ("spread host, hard", static (app, spec) => spec with
        {
            TopologySpreadConstraints = [Spread(app, Host, "DoNotSchedule")],
        }),
        ("spread zone and host, soft", static (app, spec) => spec with
        {
            TopologySpreadConstraints =
                [Spread(app, Zone, "ScheduleAnyway"), Spread(app, Host, "ScheduleAnyway")],
        }),
        ("anti-affinity host", static (app, spec) => spec with
        {
            Affinity = new() { PodAntiAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution = [Term(app, Host)],
            } },
        }),
        ("affinity zone", static (app, spec) => spec with
        {
            Affinity = new() { PodAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution = [Term(app, Zone)],
            } },
        }),
        ("rather apart by host", static (app, spec) => spec with
        {
            Affinity = new() { PodAntiAffinity = new()
            {
                PreferredDuringSchedulingIgnoredDuringExecution =
                    [new() { Weight = 100, PodAffinityTerm = Term(app, Host) }],
            } },
        }),
    ];

    private const string Zone = "topology.kubernetes.io/zone";
    private const string Host = "kubernetes.io/hostname";

    public static int Run(string[] args)
    {
        var nodes = args.Length > 0 ? int.Parse(args[0], null) : 5000;
        Measure(nodes, 0, workloads[0].With);
        Console.WriteLine($"{nodes} nodes, pods a second of processor time with so many there already");
        Console.WriteLine($"{"",-28}{"0",10}{"50,000",10}{"150,000",10}");
        foreach (var (name, with) in workloads)
        {
            var cells = new[] { 0, 50_000, 150_000 }
                .Select(placed => $"{Measure(nodes, placed, with),10:N0}");
            Console.WriteLine($"{name,-28}{string.Concat(cells)}");
        }
        return 0;
    }

    private static double Measure(int nodes, int placed, Func<string, PodSpec, PodSpec> with)
    {
        var cache = new SchedulerCache();
        for (var i = 0; i < nodes; i++)
        {
            cache.SetNode(Node(i));
        }
        var framework = new SchedulingFramework(SchedulingFramework.DefaultProfile());
        var (cycle, random) = (new SchedulingCycle(framework, cache), new Prng(1));
        var made = 0;
        for (var d = 0; made < placed; d++)
        {
            var (pods, set) = Deployment(d, with);
            cache.SetOther(set.Key, set);
            foreach (var pod in pods)
            {
                cache.Assume(pod, $"node-{made++ * 7919 % nodes}");
            }
        }
        // Deployments of a rollout come in waves: a pod of each, then the next of each.
        const int count = 6000;
        var sets = Enumerable.Range(100_000, count / Replicas)
            .Select(d => Deployment(d, with)).ToList();
        sets.ForEach(s => cache.SetOther(s.Set.Key, s.Set));
        GC.Collect();
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        for (var i = 0; i < count; i++)
        {
            var pod = sets[i % sets.Count].Pods[i / sets.Count];
            var state = new CycleState(pod, cache.ShapeOf(pod)) { Cache = cache };
            var node = cycle.Decide(state, random)
                ?? throw new InvalidOperationException(cycle.Diagnosis.Message);
            cache.Assume(pod, node.Name);
        }
        var used = Process.GetCurrentProcess().TotalProcessorTime - before;
        return count / used.TotalSeconds;
    }

    private static Node Node(int i) => new()
    {
        Metadata = new()
        {
            Name = $"node-{i}",
            Labels = Map.Of((Host, $"node-{i}"), (Zone, $"zone-{i % 3}")),
        },
        Status = new()
        {
            Allocatable = Map.Of<Quantity>(("cpu", Quantity.Parse("32")),
                ("memory", Quantity.Parse("64Gi")), ("pods", Quantity.Parse("110"))),
        },
    };

    private static (List<Pod> Pods, ReplicaSet Set) Deployment(
        int number, Func<string, PodSpec, PodSpec> with)
    {
        var app = $"app-{number}";
        var spec = with(app, new()
        {
            Containers = [new() { Name = "c", Image = "nginx:1", Resources = new()
            {
                Requests = Map.Of<Quantity>(("cpu", Quantity.Parse("100m")),
                    ("memory", Quantity.Parse("128Mi"))),
            } }],
        });
        var labels = Map.Of(("app", app));
        var set = new ReplicaSet
        {
            Metadata = new() { Name = app, Namespace = "default" },
            Spec = new() { Selector = new() { MatchLabels = labels } },
        };
        var owner = new OwnerReference
        {
            ApiVersion = "apps/v1", Kind = "ReplicaSet", Name = app, Uid = app, Controller = true,
        };
        return ([.. Enumerable.Range(0, Replicas).Select(i => new Pod
        {
            Metadata = new()
            {
                Name = $"{app}-{i}", Namespace = "default", Labels = labels,
                OwnerReferences = [owner],
            },
            Spec = spec,
        })], set);
    }

    private static TopologySpreadConstraint Spread(string app, string key, string action) => new()
    {
        MaxSkew = 1, TopologyKey = key, WhenUnsatisfiable = action,
        LabelSelector = new() { MatchLabels = Map.Of(("app", app)) },
    };

    private static PodAffinityTerm Term(string app, string key) => new()
    {
        TopologyKey = key, LabelSelector = new() { MatchLabels = Map.Of(("app", app)) },
    };
}
