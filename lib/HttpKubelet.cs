using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// The API of a kubelet, as the API server passes it on: <c>/api/v1/nodes/node-1/proxy/PATH</c>.
/// <list type="bullet">
/// <item><c>stats/summary</c>: what the node, its pods and their containers use, as JSON;</item>
/// <item><c>metrics/resource</c>: the little that metrics-server reads, as Prometheus has
/// it;</item>
/// <item><c>metrics/cadvisor</c>: what Prometheus itself reads, from the control groups;</item>
/// <item><c>pods</c>, <c>healthz</c>.</item>
/// </list>
/// <para>Worked: a container that may use one CPU and wants two counts in ten seconds 10 in
/// container_cpu_usage_seconds_total, 100 in container_cpu_cfs_periods_total and as many in
/// container_cpu_cfs_throttled_periods_total.</para>
/// Of memory only the working set is known: use and resident set are the same here. What the
/// machine's own programs take is 0, images are not counted among its files, and of its CPU there
/// is no counter, since that of a container ends with it.
/// Models pkg/kubelet/server, pkg/kubelet/metrics/collectors/resource_metrics.go and
/// github.com/google/cadvisor/metrics/prometheus.go.
/// </summary>
internal static class HttpKubelet
{
    // A control group: of a container, or of a pod as a whole.
    private sealed record Sample(PodSandboxConfig Pod, string Container, string Image, string Id,
        string Cgroup, LinuxResources Linux, DateTime Start)
    {
        public CpuTime Cpu { get; init; }

        public double MilliCpu { get; init; }

        public long Memory { get; init; }

        public long Files { get; init; }

        public int Processes { get; init; }

        public ContainerStats? Stats { get; init; }
    }

    private sealed record Metric(string Name, string Help, bool Counts,
        Func<Sample, double?> Of);

    private static readonly Metric[] cadvisor =
    [
        new("container_cpu_cfs_periods_total", "Number of elapsed enforcement period intervals.",
            true, s => s.Linux.CpuQuota > 0 ? s.Cpu.Periods : null),
        new("container_cpu_cfs_throttled_periods_total", "Number of throttled period intervals.",
            true, s => s.Linux.CpuQuota > 0 ? s.Cpu.ThrottledPeriods : null),
        new("container_cpu_cfs_throttled_seconds_total",
            "Total time duration the container has been throttled.", true,
            s => s.Linux.CpuQuota > 0 ? s.Cpu.ThrottledNanoseconds / 1e9 : null),
        new("container_cpu_usage_seconds_total", "Cumulative cpu time consumed in seconds.", true,
            s => s.Cpu.Nanoseconds / 1e9),
        new("container_fs_usage_bytes",
            "Number of bytes that are consumed by the container on this filesystem.", false,
            s => s.Container.Length > 0 ? s.Files : null),
        new("container_last_seen", "Last time a container was seen by the exporter", false,
            s => s.Stats is { } stats ? Unix(stats.At) : null),
        new("container_memory_rss", "Size of RSS in bytes.", false, s => s.Memory),
        new("container_memory_usage_bytes", "Current memory usage in bytes, including all memory "
            + "regardless of when it was accessed", false, s => s.Memory),
        new("container_memory_working_set_bytes", "Current working set in bytes.", false,
            s => s.Memory),
        new("container_processes", "Number of processes running inside the container.", false,
            s => s.Processes),
        new("container_spec_cpu_period", "CPU period of the container.", false, _ => 100_000),
        new("container_spec_cpu_quota", "CPU quota of the container.", false,
            s => s.Linux.CpuQuota > 0 ? s.Linux.CpuQuota : null),
        new("container_spec_cpu_shares", "CPU share of the container.", false,
            s => s.Linux.CpuShares),
        new("container_spec_memory_limit_bytes", "Memory limit for the container.", false,
            s => s.Linux.MemoryLimitInBytes),
        new("container_start_time_seconds",
            "Start time of the container since unix epoch in seconds.", false,
            s => Math.Floor(Unix(s.Start))),
    ];

    private static readonly Metric[] resource =
    [
        new("container_cpu_usage_seconds_total",
            "[STABLE] Cumulative cpu time consumed by the container in core-seconds", true,
            s => s.Container.Length > 0 ? s.Cpu.Nanoseconds / 1e9 : null),
        new("container_memory_working_set_bytes",
            "[STABLE] Current working set of the container in bytes", false,
            s => s.Container.Length > 0 ? s.Memory : null),
        new("container_start_time_seconds",
            "[STABLE] Start time of the container since unix epoch in seconds", false,
            s => s.Container.Length > 0 ? Unix(s.Start) : null),
        new("pod_cpu_usage_seconds_total",
            "[STABLE] Cumulative cpu time consumed by the pod in core-seconds", true,
            s => s.Container.Length == 0 ? s.Cpu.Nanoseconds / 1e9 : null),
        new("pod_memory_working_set_bytes",
            "[STABLE] Current working set of the pod in bytes", false,
            s => s.Container.Length == 0 ? s.Memory : null),
    ];

    /// <summary>What the kubelet of a node answers.</summary>
    /// <exception cref="ApiException">There is no such node, or its kubelet does not
    /// answer.</exception>
    public static HttpAnswer Send(Cluster cluster, string name, string rest)
    {
        var host = name.Split(':') is ["http" or "https" or "", var bare, ..] ? bare
            : name.Split(':')[0];
        var node = cluster.Find<Node>("", host) ?? throw ApiErrors.NotFound(Kinds.Node, host);
        var machine = cluster.Engine.World.Machine(host);
        if (!machine.IsOn || !machine.IsConnected || machine.Heartbeat.SilentSince is not null)
        {
            throw ApiErrors.Of(503, "ServiceUnavailable", "error trying to reach service: dial tcp "
                + $"{node.Address}:10250: "
                + (machine.IsOn && machine.IsConnected ? "connect: connection refused"
                    : "i/o timeout"));
        }
        var pods = cluster.List<Pod>().Where(p => p.Spec.NodeName == host);
        return rest.Split('?')[0].Trim('/') switch
        {
            "healthz" => HttpAnswer.Plain(200, "ok"),
            "pods" => new(200, new JsonObject
            {
                ["kind"] = "PodList", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(),
                ["items"] = new JsonArray([.. pods.Select(p => (JsonNode)Json.Encode(p))]),
            }),
            "stats/summary" => new(200, Summary(cluster, node, machine)) { Pretty = true },
            "metrics/cadvisor" => Text(cluster, machine, cadvisor, full: true),
            "metrics/resource" => Text(cluster, machine, resource, full: false),
            _ => HttpAnswer.Plain(404, "404 page not found\n"),
        };
    }

    private static List<Sample> Samples(SimMachine machine)
    {
        var samples = new List<Sample>();
        foreach (var pod in machine.Runtime.All.GroupBy(c => c.Pod.Metadata.Uid))
        {
            var about = pod.First().Pod;
            var all = machine.Runtime.ListContainerStats(pod.Key)
                .OrderBy(s => s.Name, StringComparer.Ordinal).ToList();
            if (all.Count == 0)
            {
                continue;
            }
            var path = $"/{about.CgroupParent}";
            samples.Add(new(about, "", "", "", path, about.Linux, all.Min(s => s.StartedAt))
            {
                Cpu = new(all.Sum(s => s.Cpu.Nanoseconds), all.Max(s => s.Cpu.Periods),
                    all.Sum(s => s.Cpu.ThrottledPeriods),
                    all.Sum(s => s.Cpu.ThrottledNanoseconds)),
                MilliCpu = all.Sum(s => s.CpuMilli), Memory = all.Sum(s => s.WorkingSetBytes),
                Files = all.Sum(s => s.LayerBytes + s.LogBytes),
                Processes = all.Sum(s => s.Processes) + 1,
            });
            foreach (var stats in all)
            {
                var made = pod.First(c => c.Container.Id == stats.Id).Container;
                samples.Add(new(about, stats.Name, made.Image.Reference, stats.Id,
                    $"{path}/cri-containerd-{stats.Id}.scope", made.Config.Linux, stats.StartedAt)
                {
                    Cpu = stats.Cpu, MilliCpu = stats.CpuMilli, Memory = stats.WorkingSetBytes,
                    Files = stats.LayerBytes, Processes = stats.Processes, Stats = stats,
                });
            }
        }
        return samples;
    }

    private static HttpAnswer Text(Cluster cluster, SimMachine machine, Metric[] metrics, bool full)
    {
        var (text, samples) = (new StringBuilder(), Samples(machine));
        var at = (long)(Unix(cluster.Now) * 1000);
        foreach (var metric in metrics)
        {
            var values = samples.Select(s => (Sample: s, Value: metric.Of(s)))
                .Where(v => v.Value is not null).ToList();
            if (values.Count == 0)
            {
                continue;
            }
            Head(metric.Name, metric.Help, metric.Counts);
            foreach (var (sample, value) in values)
            {
                // What has no time of its own is not marked with one.
                var when = full || !metric.Name.EndsWith("start_time_seconds",
                    StringComparison.Ordinal) ? $" {Number(at)}" : "";
                text.Append(CultureInfo.InvariantCulture,
                    $"{metric.Name}{{{Labels(metric, sample)}}} {Go(value!.Value)}{when}\n");
            }
        }
        if (!full)
        {
            Head("node_memory_working_set_bytes",
                "[STABLE] Current working set of the node in bytes", false);
            var used = samples.Where(s => s.Container.Length == 0).Sum(s => s.Memory);
            text.Append($"node_memory_working_set_bytes {Go(used)} {Number(at)}\n");
            Head("resource_scrape_error", "[STABLE] 1 if there was an error while getting "
                + "container metrics, 0 otherwise", false);
            text.Append("resource_scrape_error 0\n");
        }
        return HttpAnswer.Plain(200, $"{text}") with
        {
            ContentType = "text/plain; version=0.0.4; charset=utf-8",
        };

        void Head(string name, string help, bool counts) => text.Append(
            $"# HELP {name} {help}\n# TYPE {name} {(counts ? "counter" : "gauge")}\n");

        string Labels(Metric metric, Sample s)
        {
            var (ns, pod) = (s.Pod.Metadata.Namespace, s.Pod.Metadata.Name);
            var cpu = metric.Name == "container_cpu_usage_seconds_total" ? "cpu=\"total\"," : "";
            return full ? $"container=\"{s.Container}\",{cpu}id=\"{s.Cgroup}\","
                    + $"image=\"{s.Image}\",name=\"{s.Id}\",namespace=\"{ns}\",pod=\"{pod}\""
                : (s.Container.Length > 0 ? $"container=\"{s.Container}\"," : "")
                    + $"namespace=\"{ns}\",pod=\"{pod}\"";
        }
    }

    private static JsonObject Summary(Cluster cluster, Node node, SimMachine machine)
    {
        var samples = Samples(machine);
        var now = $"{(Time)cluster.Now}";
        var pods = samples.FindAll(s => s.Container.Length == 0);
        var room = node.Status.Capacity.Get("ephemeral-storage").Value;
        var (disk, memory) = (pods.Sum(s => s.Files), pods.Sum(s => s.Memory));
        return new()
        {
            ["node"] = new JsonObject
            {
                ["nodeName"] = node.Metadata.Name,
                ["startTime"] = $"{node.Metadata.CreationTimestamp}",
                ["cpu"] = new JsonObject
                {
                    ["time"] = now,
                    ["usageNanoCores"] = (long)(pods.Sum(s => s.MilliCpu) * 1e6),
                },
                ["memory"] = Memory(memory,
                    node.Status.Capacity.Get("memory").Value - memory, now),
                ["fs"] = Fs(disk, null),
            },
            ["pods"] = new JsonArray([.. pods.Select(pod =>
                (JsonNode)new JsonObject
                {
                    ["podRef"] = new JsonObject
                    {
                        ["name"] = pod.Pod.Metadata.Name,
                        ["namespace"] = pod.Pod.Metadata.Namespace,
                        ["uid"] = pod.Pod.Metadata.Uid,
                    },
                    ["startTime"] = $"{(Time)pod.Start}",
                    ["containers"] = new JsonArray([.. samples.Where(s => s.Container.Length > 0
                        && s.Pod.Metadata.Uid == pod.Pod.Metadata.Uid).Select(c =>
                            (JsonNode)Container(c))]),
                    ["cpu"] = Cpu(pod, now), ["memory"] = Memory(pod.Memory, Left(pod), now),
                    ["ephemeral-storage"] = Fs(pod.Files, null),
                    ["process_stats"] = new JsonObject { ["process_count"] = pod.Processes },
                })]),
        };

        JsonObject Container(Sample c) => new()
        {
            ["name"] = c.Container, ["startTime"] = $"{(Time)c.Start}", ["cpu"] = Cpu(c, now),
            ["memory"] = Memory(c.Memory, Left(c), now),
            ["rootfs"] = Fs(c.Stats!.LayerBytes, c.Stats.LayerInodes),
            ["logs"] = Fs(c.Stats.LogBytes, null),
        };

        JsonObject Fs(long used, long? inodes)
        {
            var json = new JsonObject
            {
                ["time"] = now, ["availableBytes"] = Math.Max(0, room - disk),
                ["capacityBytes"] = room, ["usedBytes"] = used,
            };
            if (inodes is { } count)
            {
                json["inodesUsed"] = count;
            }
            return json;
        }
    }

    private static JsonObject Cpu(Sample s, string now) => new()
    {
        ["time"] = now, ["usageNanoCores"] = (long)(s.MilliCpu * 1e6),
        ["usageCoreNanoSeconds"] = s.Cpu.Nanoseconds,
    };

    private static JsonObject Memory(long used, long? left, string now)
    {
        var json = new JsonObject { ["time"] = now };
        if (left is { } available)
        {
            json["availableBytes"] = available;
        }
        (json["usageBytes"], json["workingSetBytes"], json["rssBytes"]) = (used, used, used);
        return json;
    }

    private static long? Left(Sample s) =>
        s.Linux.MemoryLimitInBytes > 0 ? s.Linux.MemoryLimitInBytes - s.Memory : null;

    private static double Unix(DateTime at) => (at - DateTime.UnixEpoch).TotalSeconds;

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    // As Go words a float: its shortest digits, from a million on with an exponent.
    private static string Go(double value)
    {
        if (value is > -1e6 and < 1e6)
        {
            return value.ToString("R", CultureInfo.InvariantCulture);
        }
        var power = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        var digits = ((decimal)value / (decimal)Math.Pow(10, power))
            .ToString("0.################", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{digits}e+{power:00}");
    }
}
