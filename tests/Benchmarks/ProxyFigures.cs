using System.Diagnostics;
using System.Globalization;
using KubeSim;

namespace Benchmarks;

/// <summary>
/// What each mode of kube-proxy costs against the number of Services: rules that a packet passes,
/// entries written in full and for one change, and the time of a first write, of a change and of a
/// send here. <c>proxy [--endpoints 2] [--sends 2000] [--mode ipvs]
/// [--services 1000]</c>.
/// </summary>
internal static class ProxyFigures
{
    public static int Run(string[] args)
    {
        var endpoints = Scale.Number(args, "--endpoints", 2);
        var sends = Scale.Number(args, "--sends", 2000);
        Console.WriteLine("mode       services  passed   in full  for change  write ms  change ms"
            + "  send µs");
        var only = Scale.Number(args, "--services", 0);
        foreach (var mode in Enum.GetValues<ProxyMode>()
            .Where(m => !args.Contains("--mode") || args.Contains(NameOf(m))))
        {
            foreach (var services in only > 0 ? [only] : (int[])[10, 1000, 10_000])
            {
                var cost = ProxyCost.Of(mode, services, endpoints);
                var (write, change, send) = Times(mode, services, endpoints, sends);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{NameOf(mode),-10} {services,8} {cost.RulesPassed,7:F0}")
                    + string.Create(CultureInfo.InvariantCulture,
                        $" {cost.WrittenInFull,9} {cost.WrittenForChange,11} {write,9:F1}")
                    + string.Create(CultureInfo.InvariantCulture, $" {change,10:F1} {send,8:F1}"));
            }
        }
        return 0;
    }

    // Three nodes with a pod on each, and nothing but kube-proxy at work.
    private static (double Write, double Change, double Send) Times(
        ProxyMode mode, int services, int endpoints, int sends)
    {
        var cluster = new Cluster(new SimulationOptions
        {
            History = History.Window(1000), World = Bootstrap.World,
            Components = [new("kube-proxy", node => new KubeProxy(node)) { PerNode = true }],
            Settings = Settings.Default.With("kube-proxy.proxy-mode", NameOf(mode)),
            Objects =
            [
                .. Bootstrap.Objects(0), .. Enumerable.Range(1, 3).Select(NewNode),
                .. Enumerable.Range(0, services).Select(ProxyCost.NewService),
                .. Enumerable.Range(0, services).Select(i => ProxyCost.NewSlice(i, endpoints)),
            ],
        });
        for (var i = 0; i <= endpoints; i++)
        {
            var ip = ProxyCost.NewSlice(0, endpoints + 1).Endpoints[i];
            cluster.UpdateStatus(cluster.Create(NewPod(i, ip.NodeName!)) with
            {
                Status = new() { Phase = "Running", PodIP = ip.Addresses[0] },
            });
        }
        var write = Time(() =>
        {
            cluster.Converge();
            cluster.IptablesSave("node-1");
        });
        var change = Time(() =>
        {
            cluster.Update(ProxyCost.NewSlice(services / 2, endpoints + 1) with
            {
                Metadata = cluster.Get<EndpointSlice>($"{ProxyCost.NewService(services / 2)
                    .Metadata.Name}-abcde").Metadata,
            });
            cluster.Converge();
        });
        var to = Enumerable.Range(0, sends).Select(i =>
            ProxyCost.NewService(i % services).Spec.ClusterIP + ":80").ToList();
        to.ForEach(t => cluster.Send("pod-0", t));
        return (write.TotalMilliseconds, change.TotalMilliseconds,
            Time(() => to.ForEach(t => cluster.Send("pod-0", t))).TotalMicroseconds / sends);
    }

    private static Node NewNode(int i)
    {
        var node = Bootstrap.NewNode($"node-{i}");
        return node with
        {
            Spec = node.Spec with { PodCIDR = $"10.244.{i}.0/24" },
            Status = node.Status with
            {
                Addresses = [new() { Type = "InternalIP", Address = $"192.168.0.{10 + i}" }],
            },
        };
    }

    private static Pod NewPod(int i, string node) => new()
    {
        Metadata = new() { Name = $"pod-{i}", Namespace = "default" },
        Spec = new() { NodeName = node, Containers = [new() { Name = "a", Image = "a" }] },
    };

    private static string NameOf(ProxyMode mode) => mode.ToString().ToLowerInvariant();

    private static TimeSpan Time(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed;
    }
}
