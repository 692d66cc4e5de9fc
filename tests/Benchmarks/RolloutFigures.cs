using System.Diagnostics;
using System.Globalization;
using KubeSim;

namespace Benchmarks;

/// <summary>
/// Many Deployments get a new image at once, and the cluster runs until all have rolled out: what a
/// pod costs must not grow with their number. The sizes take turns, so that a busy machine is busy
/// for all of them; a figure is the least of the rounds, of processor time unless it says wall.
/// <c>rollout [--deployments 100,300,1000] [--nodes 1000] [--per 30] [--rounds 2]</c>.
/// </summary>
internal static class RolloutFigures
{
    public static int Run(string[] args)
    {
        var sizes = ScheduleFigures.List(args, "--deployments", "100,300,1000").Select(s =>
            int.Parse(s, CultureInfo.InvariantCulture)).ToArray();
        var (nodes, per) = (Scale.Number(args, "--nodes", 1000), Scale.Number(args, "--per", 30));
        Measure(nodes, sizes[0], per);
        Console.WriteLine("deployments     pods   wall s    cpu s   us/pod    steps   peak MiB");
        var least = new Dictionary<int, (double Wall, double Cpu)>();
        for (var round = Scale.Number(args, "--rounds", 2); round > 0; round--)
        {
            foreach (var size in sizes)
            {
                var (wall, cpu, steps) = Measure(nodes, size, per);
                var so = least.GetValueOrDefault(size, (Wall: wall, Cpu: cpu));
                least[size] = so = (Math.Min(so.Wall, wall), Math.Min(so.Cpu, cpu));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{size,11}{size * per,9}{so.Wall,9:0.0}{so.Cpu,9:0.0}"
                    + $"{so.Cpu * 1e6 / size / per,9:0.0}{steps,9}{Scale.PeakBytes() >> 20,11}"));
            }
        }
        return 0;
    }

    private static (double Wall, double Cpu, long Steps) Measure(int nodes, int size, int per)
    {
        var cluster = new Cluster(nodes, history: History.Window(1000));
        for (var i = 0; i < size; i++)
        {
            cluster.Create(Scale.DeploymentOf(Scale.NewSet(i, per)));
        }
        cluster.Converge(TimeSpan.FromDays(1));
        GC.Collect();
        var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var steps = cluster.StepCount;
        for (var i = 0; i < size; i++)
        {
            cluster.Patch<Deployment>("default", $"web-{i}", """
                {"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:1.28"}]}}}}
                """);
        }
        var done = cluster.Converge(TimeSpan.FromDays(1)).Met && cluster.List<Pod>().All(p =>
            p.IsReady && p.Spec.Containers[0].Image == "nginx:1.28");
        return !done ? throw new InvalidOperationException("it has not rolled out")
            : (watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds,
                cluster.StepCount - steps);
    }
}
