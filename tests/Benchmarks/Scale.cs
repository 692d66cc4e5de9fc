using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using KubeSim;

namespace Benchmarks;

/// <summary>
/// The upper end of what the simulator is for: by default 5,000 nodes and 150,000 pods, Kubernetes'
/// own limits. Deployments are created through the API, the cluster runs until it has converged,
/// and every pod must then be Running. With <c>--stubs</c> three stand-ins of a page each take the
/// place of the real components: what is left is the price of the store, the API server and the
/// engine.
/// With <c>--quiet MINUTES</c> every container has three probes, and the cluster then runs on for
/// so long while nothing happens but probes and heartbeats.
/// <c>scale [--nodes 5000] [--pods 150000] [--per 30] [--quiet 60] [--stubs] [--json]</c>.
/// </summary>
internal static class Scale
{
    private static readonly PodSpec Spec = new()
    {
        Containers =
        [
            new()
            {
                Name = "web", Image = "nginx:1.27",
                Resources = new()
                {
                    Requests = Map.Of(("cpu", Quantity.Parse("100m")),
                        ("memory", Quantity.Parse("64Mi"))),
                },
            },
        ],
    };

    public static int Run(string[] args)
    {
        var nodes = Number(args, "--nodes", 5000);
        var pods = Number(args, "--pods", 150_000);
        var per = Number(args, "--per", 30);
        var watch = Stopwatch.StartNew();
        var stubs = args.Contains("--stubs");
        var quiet = Number(args, "--quiet", 0);
        var cluster = new Cluster(nodes, history: History.Window(1000),
            components: stubs ? Stubs : null);
        var (built, start) = (watch.Elapsed, cluster.Now);
        for (var i = 0; i * per < pods; i++)
        {
            var set = NewSet(i, Math.Min(per, pods - i * per));
            cluster.Create<ApiObject>(stubs ? set : DeploymentOf(set, quiet > 0));
        }
        var created = watch.Elapsed;
        var result = cluster.Converge(TimeSpan.FromDays(1));
        var total = watch.Elapsed;
        var settled = cluster.Revision;
        cluster.Run(TimeSpan.FromMinutes(quiet));
        var rested = watch.Elapsed;
        var running = cluster.List<Pod>().Count(p => p.Status.Phase == "Running");
        Print(args.Contains("--json"),
            ("components", stubs ? "stubs" : "real"), ("nodes", nodes), ("pods", pods),
            ("running", running), ("converged", result.Met),
            ("seconds", Math.Round(total.TotalSeconds, 3)),
            ("secondsNodes", Math.Round(built.TotalSeconds, 3)),
            ("secondsCreate", Math.Round((created - built).TotalSeconds, 3)),
            ("microsecondsPerPod", Math.Round((total - built).TotalMicroseconds / pods, 2)),
            ("quietMinutes", quiet),
            ("quietSeconds", Math.Round((rested - total).TotalSeconds, 3)),
            ("quietRevisions", cluster.Revision.Value - settled.Value),
            ("peakMiB", PeakBytes() >> 20), ("heapMiB", GC.GetTotalMemory(true) >> 20),
            ("steps", cluster.StepCount), ("revisions", cluster.Revision.Value),
            ("virtualSeconds", Math.Round((result.Time - start).TotalSeconds, 1)),
            ("digest", cluster.Digest.ToString("x16", CultureInfo.InvariantCulture)));
        foreach (var busy in result.Busy)
        {
            Console.Error.WriteLine(busy);
        }
        return result.Met && running == pods ? 0 : 1;
    }

    internal static Seq<ComponentSpec> Stubs =>
    [
        new("replicaset-controller", _ => new StubReplicaSets()),
        new("default-scheduler", _ => new StubPlacer()),
        new("kubelet", node => new StubNodeAgent(node)) { PerNode = true },
    ];

    private static Probe Probe { get; } = new() { HttpGet = new() { Path = "/", Port = 80 } };

    private static PodSpec Probed { get; } = Spec with
    {
        Containers =
        [
            Spec.Containers[0] with
            {
                StartupProbe = Probe, ReadinessProbe = Probe, LivenessProbe = Probe,
            },
        ],
    };

    internal static Deployment DeploymentOf(ReplicaSet set, bool probed = false) => new()
    {
        Metadata = set.Metadata,
        Spec = new()
        {
            Replicas = set.Spec.Replicas, Selector = set.Spec.Selector,
            Template = probed ? set.Spec.Template with { Spec = Probed } : set.Spec.Template,
        },
    };

    internal static ReplicaSet NewSet(int number, int replicas)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"web-{number}");
        var labels = Map.Of(("app", name));
        return new()
        {
            Metadata = new() { Name = name, Namespace = "default", Labels = labels },
            Spec = new()
            {
                Replicas = replicas,
                Selector = new() { MatchLabels = labels },
                Template = new() { Metadata = new() { Labels = labels }, Spec = Spec },
            },
        };
    }

    internal static int Number(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at < 0 ? otherwise : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
    }

    // The kernel's high-water mark where there is one: the process class may see only samples.
    internal static long PeakBytes()
    {
        if (File.Exists("/proc/self/status"))
        {
            var line = File.ReadLines("/proc/self/status")
                .First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return long.Parse(line[6..^2].Trim(), CultureInfo.InvariantCulture) * 1024;
        }
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private static void Print(bool json, params (string Name, object Value)[] results)
    {
        if (json)
        {
            var map = results.ToDictionary(r => r.Name, r => r.Value);
            Console.WriteLine(JsonSerializer.Serialize(map));
            return;
        }
        foreach (var (name, value) in results)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-20} {value}"));
        }
    }
}
