using System.Globalization;
using System.Runtime.InteropServices;
using KubeSim;

namespace Benchmarks;

/// <summary>
/// How fast the scheduler decides: <c>schedule [--nodes 100,5000] [--placed 0,50000,150000]
/// [--pods 20000] [--work equal,unlike,spread,affinity,owned,apart] [--whole]</c>. A figure is the
/// cycle alone: filter, score, choose, assume. The work <c>owned</c> is ReplicaSets of 30, which
/// are spread by default, and <c>apart</c> such with anti-affinity; the pods placed are the
/// same. With <c>--whole</c> the same pods also go the whole way, from the
/// queue to the binding in the API server, and what is not the cycle is the engine and the API.
/// <para>What counts is the time that this thread had on a processor. The clusters take turns at a
/// slice of the pods, so that a busy machine slows all of them alike, and the median of the slices
/// is told; the last figure compares it with the smallest cluster's.</para>
/// </summary>
internal static class ScheduleFigures
{
    private const int Zones = 10;
    private const int Sets = 100;
    private const int Replicas = 30;
    private const int FirstPlaced = 3_000_000;
    private const int Slices = 20;
    private const int ThreadClock = 3;

    public static int Run(string[] args)
    {
        var pods = Scale.Number(args, "--pods", 20_000);
        var sizes = List(args, "--nodes", "100,5000").Select(int.Parse).ToList();
        Console.WriteLine("work        nodes   placed     pods/s   us/pod    ratio"
            + (args.Contains("--whole") ? "   whole us/pod" : ""));
        foreach (var work in List(args, "--work", "equal,unlike,spread,affinity,owned,apart"))
        {
            foreach (var placed in List(args, "--placed", "0,50000,150000").Select(int.Parse))
            {
                List<Bench> benches = [.. sizes.Select(n => new Bench(work, n, placed))];
                GC.Collect();
                for (var slice = 0; slice < 2 * Slices; slice++)
                {
                    // The first half warms up code, memory and what equal pods share.
                    benches.ForEach(b => b.Decide(pods / Slices, counts: slice >= Slices));
                }
                foreach (var bench in benches)
                {
                    Console.Write(string.Create(CultureInfo.InvariantCulture,
                        $"{work,-10}{bench.Nodes,7}{placed,9}{1e6 / bench.Median,11:0}"
                        + $"{bench.Median,9:0.0}{bench.Median / benches[0].Median,9:0.0}"));
                    Console.WriteLine(args.Contains("--whole") && placed == 0 && !IsOwned(work)
                        ? string.Create(CultureInfo.InvariantCulture,
                            $"{Whole(work, bench.Nodes, pods) / pods,15:0.0}") : "");
                }
            }
        }
        return 0;
    }

    // A cluster of so many nodes and placed pods, and its scheduler.
    private sealed class Bench
    {
        private readonly SchedulerCache cache = new();
        private readonly SchedulingCycle cycle;
        private readonly Prng random = new(1);
        private readonly List<double> times = [];
        private readonly string work;
        private int made;

        public Bench(string work, int nodes, int placed)
        {
            (this.work, Nodes) = (work, nodes);
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
            cycle = new(new(SchedulingFramework.DefaultProfile()), cache);
        }

        public int Nodes { get; }

        public double Median => times.Order().ElementAt(times.Count / 2);

        public void Decide(int pods, bool counts)
        {
            Pod[] queue = [.. Enumerable.Range(made, pods)
                .Select(i => IsOwned(work) ? Owned(work, i, $"new-{i}", cache)
                    : PodOf(work, i, $"new-{i}"))];
            made += pods;
            var begin = ThreadTime();
            foreach (var pod in queue)
            {
                var state = new CycleState(pod, cache.ShapeOf(pod))
                {
                    Cache = cache, Random = random,
                };
                var node = cycle.Decide(state, random)
                    ?? throw new InvalidOperationException(cycle.Diagnosis.Message);
                cache.Assume(pod, node.Name);
            }
            if (counts)
            {
                times.Add((ThreadTime() - begin) / pods);
            }
        }
    }

    // Microseconds that this thread was on a processor; where that cannot be asked, those of the
    // whole process.
    private static double ThreadTime()
    {
        var time = new long[2];
        return OperatingSystem.IsLinux() && clock_gettime(ThreadClock, time) == 0
            ? time[0] * 1e6 + time[1] / 1e3
            : Environment.CpuUsage.UserTime.TotalMicroseconds;
    }

    [DllImport("libc")]
    private static extern int clock_gettime(int clock, [Out] long[] secondsAndNanoseconds);

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
