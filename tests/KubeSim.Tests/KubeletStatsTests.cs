using System.Globalization;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What a kubelet tells of what its containers use, and what of it arrives
/// where.</summary>
public sealed class KubeletStatsTests
{
    private const string Proxy = "/api/v1/nodes/node-1/proxy";

    // One container that wants two CPUs and may use one, and a second in the same pod.
    private const string Busy = """
        apiVersion: v1
        kind: Pod
        metadata: {name: busy, labels: {app: busy}}
        spec:
          nodeName: node-1
          containers:
          - name: main
            image: nginx:1.27
            resources: {requests: {memory: 64Mi}, limits: {cpu: "1", memory: 128Mi}}
          - name: hog
            image: vish/stress
            args: [-cpus, "2"]
            resources: {limits: {cpu: "1"}}
        """;

    private static Cluster Running(bool measured = false)
    {
        var cluster = new Cluster(1, seed: 4);
        if (measured)
        {
            cluster.AddOn("metrics-server");
        }
        cluster.Apply(Busy);
        cluster.Metrics("default", "app=busy", cpu: "250m", memory: "100Mi");
        cluster.Run(TimeSpan.FromMinutes(3));
        return cluster;
    }

    private static double Of(Cluster cluster, string path, string metric, string container)
    {
        var text = $"{cluster.Serve(new("GET", $"{Proxy}/metrics/{path}")).Body}";
        var line = text.Split('\n').Single(l => l.StartsWith(metric + "{",
            StringComparison.Ordinal) && l.Contains($"container=\"{container}\"",
            StringComparison.Ordinal) && l.Contains("pod=\"busy\"", StringComparison.Ordinal));
        return double.Parse(line[(line.IndexOf('}') + 2)..].Split(' ')[0],
            CultureInfo.InvariantCulture);
    }

    [Test]
    public void A_container_that_wants_twice_its_limit_is_throttled_in_every_period()
    {
        var cluster = Running();
        double Hog(string metric) => Of(cluster, "cadvisor", metric, "hog");
        var (cpu, periods) = (Hog("container_cpu_usage_seconds_total"),
            Hog("container_cpu_cfs_periods_total"));
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.Multiple(() =>
        {
            Assert.That(Hog("container_cpu_usage_seconds_total") - cpu, Is.EqualTo(10).Within(0.1));
            Assert.That(Hog("container_cpu_cfs_periods_total") - periods,
                Is.EqualTo(100).Within(1));
            Assert.That(Hog("container_cpu_cfs_throttled_periods_total"),
                Is.EqualTo(Hog("container_cpu_cfs_periods_total")));
            Assert.That(Of(cluster, "cadvisor", "container_cpu_cfs_throttled_periods_total",
                "main"), Is.Zero);
        });
    }

    [Test]
    public void The_two_lists_of_metrics_are_worded_as_the_real_ones()
    {
        var cluster = Running();
        var resource = $"{cluster.Serve(new("GET", $"{Proxy}/metrics/resource")).Body}".Split('\n');
        var cadvisor = $"{cluster.Serve(new("GET", $"{Proxy}/metrics/cadvisor")).Body}".Split('\n');
        Assert.Multiple(() =>
        {
            Assert.That(resource[..2], Is.EqualTo((string[])["# HELP "
                + "container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the "
                + "container in core-seconds",
                "# TYPE container_cpu_usage_seconds_total counter"]));
            Assert.That(resource, Has.One.Match("^container_memory_working_set_bytes\\{"
                + "container=\"main\",namespace=\"default\",pod=\"busy\"\\} "
                + "1\\.048576e\\+08 1735689780000$"));
            Assert.That(resource, Has.One.Match(
                "^pod_memory_working_set_bytes\\{namespace=\"default\",pod=\"busy\"\\} "));
            Assert.That(cadvisor, Has.One.Match("^container_cpu_usage_seconds_total\\{"
                + "container=\"main\",cpu=\"total\",id=\"/kubepods\\.slice/"
                + "kubepods-burstable\\.slice/kubepods-burstable-pod[0-9a-f_]{36}\\.slice/"
                + "cri-containerd-[0-9a-f]{64}\\.scope\""
                + ",image=\"docker\\.io/library/nginx:1\\.27\",name=\"[0-9a-f]{64}\",namespace="
                + "\"default\",pod=\"busy\"\\} [0-9.]+ 1735689780000$"));
            Assert.That(resource, Has.One.EqualTo("resource_scrape_error 0"));
        });
    }

    [Test]
    public void The_summary_has_what_the_node_its_pods_and_their_containers_use()
    {
        var cluster = Running();
        var summary = cluster.Serve(new("GET", $"{Proxy}/stats/summary")).Body!;
        var pod = summary["pods"]!.AsArray().Single(p =>
            (string)p!["podRef"]!["name"]! == "busy")!;
        var main = pod["containers"]!.AsArray().Single(c => (string)c!["name"]! == "main")!;
        Assert.Multiple(() =>
        {
            Assert.That((string)summary["node"]!["nodeName"]!, Is.EqualTo("node-1"));
            Assert.That((long)main["cpu"]!["usageNanoCores"]!, Is.EqualTo(250_000_000));
            Assert.That((long)main["memory"]!["workingSetBytes"]!, Is.EqualTo(100 << 20));
            Assert.That((long)main["memory"]!["availableBytes"]!, Is.EqualTo(28 << 20));
            Assert.That((long)pod["cpu"]!["usageNanoCores"]!, Is.EqualTo(1_250_000_000));
            Assert.That((long)main["cpu"]!["usageCoreNanoSeconds"]!,
                Is.EqualTo(44e9).Within(2e9), "250m for nearly three minutes");
        });
    }

    [TestCase("healthz", 200, "ok")]
    [TestCase("nothing", 404, "404 page not found\n")]
    public void Other_paths_of_a_kubelet(string path, int code, string text)
    {
        var answer = new Cluster(1).Serve(new("GET", $"{Proxy}/{path}"));
        Assert.That((answer.Code, $"{answer.Body}"), Is.EqualTo((code, text)));
    }

    [Test]
    public void A_kubelet_that_is_down_refuses_and_a_machine_that_is_off_is_silent()
    {
        var cluster = new Cluster(2);
        cluster.Faults.Crash("kubelet/node-1");
        cluster.Faults.Crash("node-2");
        string Ask(string node) => (string)cluster.Serve(new("GET",
            $"/api/v1/nodes/{node}/proxy/healthz")).Body!["message"]!;
        Assert.Multiple(() =>
        {
            Assert.That(Ask("node-1"), Does.EndWith(":10250: connect: connection refused"));
            Assert.That(Ask("node-2"), Does.EndWith(":10250: i/o timeout"));
            Assert.That(Ask("node-9"), Is.EqualTo("nodes \"node-9\" not found"));
        });
    }

    [Test]
    public void Only_those_who_may_proxy_to_nodes_read_them() => Assert.That(
        new Cluster(1).Serve(new("GET", $"{Proxy}/stats/summary")
        {
            User = new("jane", ["system:authenticated"]),
        }).Code, Is.EqualTo(403));

    [Test]
    public void Top_tells_each_container_what_its_own_programs_take()
    {
        var cluster = Running(measured: true);
        Assert.Multiple(() =>
        {
            Assert.That(cluster.Kubectl("top pod busy --containers").Out, Is.EqualTo(
                "POD    NAME   CPU(cores)   MEMORY(bytes)   \n"
                + "busy   hog    1000m        0Mi             \n"
                + "busy   main   250m         100Mi           \n"));
            Assert.That(cluster.Kubectl("top pod busy").Out, Does.Contain("1250m        100Mi"));
        });
    }

    [Test]
    public void Numbers_that_nobody_wrote_down_are_taken_by_living_the_run_again()
    {
        var cluster = new Cluster(1, seed: 4);
        cluster.Apply(Busy);
        cluster.Run(TimeSpan.FromMinutes(1));
        cluster.Metrics("default", "app=busy", cpu: "200m");
        cluster.Run(TimeSpan.FromMinutes(1));
        cluster.Metrics("default", "app=busy", cpu: "700m");
        cluster.Run(TimeSpan.FromMinutes(1));
        var digest = cluster.Digest;
        var taken = cluster.Sample(c => c.Find<Pod>("default", "busy") is { } pod
            ? (int?)c.StatsOf(pod).FirstOrDefault(s => s.Name == "main")?.CpuMilli : null,
            TimeSpan.FromSeconds(30));
        Assert.Multiple(() =>
        {
            Assert.That(taken.Select(t => t.Value), Is.EqualTo(
                (int?[])[null, 0, 200, 200, 700, 700, 700]));
            Assert.That(taken[^1].Time, Is.EqualTo(cluster.Now));
            Assert.That(cluster.Digest, Is.EqualTo(digest));
            Assert.That(cluster.Sample(c => c.Now, TimeSpan.FromSeconds(30),
                last: TimeSpan.FromMinutes(1)).Select(t => cluster.Now - t.Value), Is.EqualTo(
                (TimeSpan[])[TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(30), TimeSpan.Zero]));
        });
    }
}
