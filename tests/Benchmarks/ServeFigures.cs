using System.Diagnostics;
using System.Globalization;
using System.Text;
using KubeNotebooks;
using KubeNotebooks.Tests;
using KubeSim;

namespace Benchmarks;

/// <summary>
/// What the API costs over HTTPS, client and server in one process: creations and reads by some
/// clients at once, each waiting for its answer, and the list of a large cluster with what it needs
/// in memory while it streams.
/// <c>serve [--requests 5000] [--clients 16] [--pods 150000]</c>.
/// </summary>
internal static class ServeFigures
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    public static int Run(string[] args)
    {
        var requests = Scale.Number(args, "--requests", 5000);
        var clients = Scale.Number(args, "--clients", 16);
        var pods = Scale.Number(args, "--pods", 150_000);
        var folder = Directory.CreateTempSubdirectory("kube-notebooks-");
        try
        {
            var cluster = new Cluster(history: History.Window(1000));
            using var server = ClusterServer.Start(cluster, new()
            {
                Kubeconfig = Path.Combine(folder.FullName, "kubeconfig"),
            });
            using var http = KubeconfigClient.Open(server.Kubeconfig);
            cluster.RunUntil(c => c.Find<ServiceAccount>("default", "default") is not null);
            Measure("warm-up", 500, clients, i => Create(http, $"w-{i}"));
            Measure("create pod", requests, clients, i => Create(http, $"p-{i}"));
            Measure("get pod", requests, clients, i => Get(http, $"{Pods}/p-{i}"));
            Measure("list 100 pods", requests / 5, clients, _ => Get(http, $"{Pods}?limit=100"));
            for (var i = 0; i < pods; i++)
            {
                cluster.Create(new Pod
                {
                    Metadata = new() { Name = $"many-{i}", Namespace = "default" },
                    Spec = new() { Containers = [new() { Name = "main", Image = "nginx:1.27" }] },
                });
            }
            MeasureList(http, "/api/v1/pods");
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Measure(
        string what, int count, int clients, Func<int, Task<HttpResponseMessage>> send)
    {
        var took = new double[count];
        var next = -1;
        var all = Stopwatch.StartNew();
        Task.WaitAll([.. Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; (i = Interlocked.Increment(ref next)) < count;)
            {
                var one = Stopwatch.StartNew();
                using var response = await send(i);
                response.EnsureSuccessStatusCode();
                took[i] = one.Elapsed.TotalMilliseconds;
            }
        }))]);
        var seconds = all.Elapsed.TotalSeconds;
        Array.Sort(took);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: {count / seconds:0} a second, p50 {took[count / 2]:0.00} ms, "
            + $"p99 {took[count * 99 / 100]:0.00} ms"));
    }

    private static void MeasureList(HttpClient http, string url)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (most, bytes, watch) = (0L, 0L, Stopwatch.StartNew());
        using var response = http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead).Result;
        var first = watch.Elapsed;
        using var stream = response.EnsureSuccessStatusCode().Content.ReadAsStream();
        var buffer = new byte[1 << 20];
        var sampled = 0L;
        for (int n; (n = stream.Read(buffer)) > 0;)
        {
            bytes += n;
            if (bytes - sampled > 50_000_000)
            {
                // What is alive, not what waits to be collected.
                (most, sampled) = (Math.Max(most, GC.GetTotalMemory(true)), bytes);
            }
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"list of all pods: {bytes >> 20} MiB in {watch.Elapsed.TotalSeconds:0.0} s, first "
            + $"byte after {first.TotalSeconds:0.00} s, at most "
            + $"{(most - before) / 1048576.0:0.0} MiB more alive on the way"));
    }

    private static Task<HttpResponseMessage> Get(HttpClient http, string url) => http.GetAsync(url);

    private static Task<HttpResponseMessage> Create(HttpClient http, string name) =>
        http.PostAsync(Pods, new StringContent($$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},
            "spec":{"containers":[{"name":"main","image":"nginx:1.27"}]}}
            """, Encoding.UTF8, "application/json"));
}
