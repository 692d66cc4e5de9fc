using System.Globalization;
using KubeSim;

namespace Benchmarks;

/// <summary>
/// How fast the scheduler decides: <c>schedule [--nodes 100,5000] [--placed 0,50000,150000]
/// [--pods 10000] [--work equal,unlike,spread,affinity,owned,apart] [--whole]</c>. A figure is the
/// cycle alone: filter, score, choose, assume. The work <c>owned</c> is ReplicaSets of 30, which
/// are spread by default, and <c>apart</c> such with anti-affinity; the pods placed are the
/// same. With <c>--whole</c> the same pods also go the whole way, from the
/// queue to the binding in the API server, and what is not the cycle is the engine and the API.
/// </summary>
internal static class ScheduleFigures
{
    private const int Zones = 10;
    private const int Sets = 100;
    private const int Replicas = 30;
    private const int FirstPlaced = 3_000_000;

    public static int Run(string[] args)
    {
        var pods = Scale.Number(args, "--pods", 10_000);
        Console.WriteLine("work        nodes   placed     pods/s   us/pod"
            + (args.Contains("--whole") ? "   whole us/pod" : ""));
        string[] works = List(args, "--work", "equal,unlike,spread,affinity,owned,apart");
        foreach (var work in works.Concat(works))
        {
            // Once over everything, so that the code is compiled at its best.
            Cycles(work, 150, 0, pods);
        }
        foreach (var work in works)
        {
            foreach (var nodes in List(args, "--nodes", "100,5000").Select(int.Parse))
            {
                foreach (var placed in List(args, "--placed", "0,50000,150000").Select(int.Parse))
                {
                    var time = Cycles(work, nodes, placed, pods);
                    Console.Write(string.Create(CultureInfo.InvariantCulture,
                        $"{work,-10}{nodes,7}{placed,9}{1e6 / time,11:0}{time,9:0.0}"));
                    Console.WriteLine(args.Contains("--whole") && placed == 0 && !IsOwned(work)
                        ? string.Create(CultureInfo.InvariantCulture,
                            $"{Whole(work, nodes, pods) / pods,15:0.0}") : "");
                }
            }
        }
        return 0;
    }

    // Microseconds for a pod.
    private static double Cycles(string work, int nodes, int placed, int pods)
    {
        var cache = new SchedulerCache();
        for (var i = 0; i < nodes; i++)
        {
            cache.SetNode(NodeOf(i));
        }
        for (var i = 0; i < placed; i++)
        {
            // Whole ReplicaSets of others.
            var pod = IsOwned(work) ? Owned(work, FirstPlaced + i, $"old-{i}", cache)
                : PodOf("placed", i, $"old-{i}");
            cache.SetPod(pod with
            {
                Spec = pod.Spec with { NodeName = $"node-{i % nodes}" },
            });
        }
        var framework = new SchedulingFramework(SchedulingFramework.DefaultProfile());
        var cycle = new SchedulingCycle(framework, cache);
        var random = new Prng(1);
        Pod[] queue = [.. Enumerable.Range(0, pods + pods / 4)
            .Select(i => IsOwned(work) ? Owned(work, i, $"new-{i}", cache)
                : PodOf(work, i, $"new-{i}"))];
        // Time on the processor, so that other programs do not count; the first quarter of the pods
        // warms the code up.
        var begin = TimeSpan.Zero;
        for (var i = 0; i < queue.Length; i++)
        {
            if (i == pods / 4)
            {
                begin = Environment.CpuUsage.UserTime;
            }
            var state = new CycleState(queue[i], cache.ShapeOf(queue[i]))
            {
                Cache = cache, Random = random,
            };
            var node = cycle.Decide(state, random)
                ?? throw new InvalidOperationException(cycle.Diagnosis.Message);
            cache.Assume(queue[i], node.Name);
        }
        return (Environment.CpuUsage.UserTime - begin).TotalMicroseconds / pods;
    }

    private static double Whole(string work, int nodes, int pods)
    {
        var cluster = new Cluster(new SimulationOptions
        {
            History = History.Window(1000),
            Components = [new("default-scheduler", _ => new Scheduler())],
            Objects = [.. Bootstrap.Objects(0),
                .. Enumerable.Range(0, nodes).Select(NodeOf)],
        });
        cluster.Faults.Hold("default-scheduler:Pod");
        for (var i = 0; i < pods; i++)
        {
            cluster.Create(PodOf(work, i, $"new-{i}"));
        }
        var begin = Environment.CpuUsage.UserTime;
        cluster.Faults.Restore("default-scheduler");
        cluster.Converge(TimeSpan.FromDays(1));
        return cluster.List<Pod>().All(p => p.IsScheduled)
            ? (Environment.CpuUsage.UserTime - begin).TotalMicroseconds
            : throw new InvalidOperationException("not every pod was placed");
    }

    private static Node NodeOf(int number)
    {
        var node = Bootstrap.NewNode(string.Create(
            CultureInfo.InvariantCulture, $"node-{number}"));
        var room = Map.Of<Quantity>(("cpu", "1000"), ("memory", "8Ti"), ("pods", "20000"));
        return node with
        {
            Metadata = node.Metadata with
            {
                Labels = node.Metadata.Labels.Set("topology.kubernetes.io/zone",
                    string.Create(CultureInfo.InvariantCulture, $"zone-{number % Zones}")),
            },
            Status = node.Status with { Capacity = room, Allocatable = room },
        };
    }

    // Pods of one template share its parts, as those of a ReplicaSet do.
    private static readonly PodSpec plain = Asking("100m");

    private static readonly LabelSelector same =
        new() { MatchLabels = Map.Of(("app", "web")) };

    private static readonly PodSpec spread = plain with
    {
        TopologySpreadConstraints =
        [
            new()
            {
                MaxSkew = 5, TopologyKey = "topology.kubernetes.io/zone",
                WhenUnsatisfiable = "DoNotSchedule", LabelSelector = same,
            },
            new()
            {
                MaxSkew = 1, TopologyKey = "kubernetes.io/hostname",
                WhenUnsatisfiable = "ScheduleAnyway", LabelSelector = same,
            },
        ],
    };

    private static readonly PodSpec affine = plain with
    {
        Affinity = new()
        {
            PodAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution =
                [
                    new() { TopologyKey = "kubernetes.io/os", LabelSelector = same },
                ],
            },
            PodAntiAffinity = new()
            {
                PreferredDuringSchedulingIgnoredDuringExecution =
                [
                    new()
                    {
                        Weight = 100, PodAffinityTerm = new()
                        {
                            TopologyKey = "kubernetes.io/hostname", LabelSelector = same,
                        },
                    },
                ],
            },
        },
    };

    private static PodSpec Asking(string cpu) => new()
    {
        Containers =
        [
            new()
            {
                Name = "web", Image = "nginx:1.27",
                Resources = new() { Requests = Map.Of<Quantity>(("cpu", cpu), ("memory", "64Mi")) },
            },
        ],
    };

    private static Pod PodOf(string work, int number, string name) => new()
    {
        Metadata = new()
        {
            Name = name, Namespace = "default", Uid = name,
            Labels = Map.Of(("app", work == "placed" ? "old" : "web")),
        },
        Spec = work switch
        {
            "equal" or "placed" => plain,
            "unlike" => Asking(string.Create(CultureInfo.InvariantCulture, $"{number % 997 + 1}m"))
                with { Tolerations = [new() { Key = name, Operator = "Exists" }] },
            "spread" => spread,
            "affinity" => affine,
            _ => throw new ArgumentException($"unknown work {work}"),
        },
    };

    private static bool IsOwned(string work) => work is "owned" or "apart";

    // Of many ReplicaSets in turn, as their pods come when all roll out at once.
    private static Pod Owned(string work, int number, string name, SchedulerCache cache)
    {
        var turn = number % (Sets * Replicas);
        var app = string.Create(CultureInfo.InvariantCulture,
            $"app-{number / (Sets * Replicas)}-{turn % Sets}");
        var labels = Map.Of(("app", app));
        var set = new ReplicaSet
        {
            Metadata = new() { Name = app, Namespace = "default" },
            Spec = new() { Selector = new() { MatchLabels = labels } },
        };
        cache.SetOther(set.Key, set);
        return PodOf("equal", number, name) with
        {
            Metadata = new()
            {
                Name = name, Namespace = "default", Uid = name, Labels = labels,
                OwnerReferences = [new() { ApiVersion = "apps/v1", Kind = "ReplicaSet",
                    Name = app, Uid = app, Controller = true }],
            },
            Spec = work == "owned" ? plain : plain with
            {
                Affinity = new() { PodAntiAffinity = new()
                {
                    RequiredDuringSchedulingIgnoredDuringExecution =
                    [
                        new() { TopologyKey = "kubernetes.io/hostname",
                            LabelSelector = set.Spec.Selector },
                    ],
                } },
            },
        };
    }

    internal static string[] List(string[] args, string name, string otherwise)
    {
        var at = Array.IndexOf(args, name);
        return (at < 0 ? otherwise : args[at + 1]).Split(',');
    }
}
