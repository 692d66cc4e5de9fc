using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What containers use, and what the kernel does about it.</summary>
public sealed class ResourceUsageTests
{
    private const long Mi = 1 << 20;

    private static Cluster With(string name, string image, string[] args, string resources = "{}",
        int nodes = 1, Settings? settings = null)
    {
        var cluster = new Cluster(new SimulationOptions
        {
            Objects = Bootstrap.Objects(nodes), Components = Bootstrap.Components(),
            Latency = Latency.Typical, History = History.All,
            Settings = settings ?? Settings.Default,
        });
        Add(cluster, name, image, args, resources);
        return cluster;
    }

    private static void Add(Cluster cluster, string name, string image, string[] args,
        string resources = "{}", string more = "")
    {
        var words = string.Join(", ", args.Select(a => $"\"{a}\""));
        cluster.Apply($$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: {{name}}, labels: { app: {{name}} } }
            spec:
              containers:
              - name: main
                image: {{image}}
                args: [{{words}}]
                resources: {{resources}}
              {{more}}
            """);
    }

    private static string[] Vm(string bytes) =>
        ["--vm", "1", "--vm-bytes", bytes, "--vm-hang", "1"];

    private static ContainerStats StatsOf(Cluster cluster, string pod) =>
        cluster.StatsOf(cluster.Get<Pod>("default", pod))[0];

    private static ContainerStatus StatusOf(Cluster cluster, string pod) =>
        cluster.Get<Pod>("default", pod).Status.ContainerStatuses[0];

    [Test]
    public void A_container_that_takes_more_memory_than_its_limit_is_killed_again_and_again()
    {
        // memory-request-limit-2.yaml of the documentation.
        var cluster = With("memory-demo-2", "polinux/stress", Vm("250M"),
            "{ requests: { memory: 50Mi }, limits: { memory: 100Mi } }");
        cluster.Run(TimeSpan.FromSeconds(40));
        var status = StatusOf(cluster, "memory-demo-2");
        var last = status.LastState.Terminated ?? status.State.Terminated;
        Assert.That(last!.Reason, Is.EqualTo("OOMKilled"));
        Assert.That(last.ExitCode, Is.EqualTo(137));
        Assert.That(status.RestartCount, Is.GreaterThanOrEqualTo(2));
        Assert.That(cluster.Kubectl("describe pod memory-demo-2").Out,
            Does.Contain("Reason:       OOMKilled").And.Contain("Exit Code:    137"));
        Assert.That(cluster.Kubectl("get pod memory-demo-2").Out,
            Does.Contain("CrashLoopBackOff").Or.Contain("OOMKilled"));
    }

    [Test]
    public void A_program_whose_arguments_tell_its_memory_uses_it()
    {
        var cluster = With("memory-demo", "polinux/stress", Vm("150M"),
            "{ requests: { memory: 100Mi }, limits: { memory: 200Mi } }");
        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.That(StatsOf(cluster, "memory-demo").WorkingSetBytes, Is.EqualTo(150 * Mi));
        Assert.That(StatusOf(cluster, "memory-demo").RestartCount, Is.Zero);
    }

    [Test]
    public void The_metrics_server_learns_what_programs_use_of_themselves()
    {
        var cluster = With("memory-demo", "polinux/stress", Vm("150M"));
        cluster.AddOn("metrics-server");
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.That(cluster.Kubectl("top pod memory-demo").Out, Does.Contain("150Mi"));
    }

    [Test]
    public void Who_wants_two_CPUs_and_may_have_one_is_throttled_in_every_period()
    {
        // cpu-request-limit.yaml of the documentation.
        var cluster = With("cpu-demo", "vish/stress", ["-cpus", "2"],
            "{ requests: { cpu: 500m }, limits: { cpu: 1 } }");
        cluster.Run(TimeSpan.FromSeconds(60));
        var stats = StatsOf(cluster, "cpu-demo");
        Assert.That((stats.WantedCpuMilli, stats.CpuMilli), Is.EqualTo((2000.0, 1000.0)));
        var age = stats.At - stats.StartedAt;
        Assert.That(stats.Cpu.Nanoseconds, Is.EqualTo(age.TotalNanoseconds).Within(1e6));
        Assert.That(stats.Cpu.ThrottledPeriods, Is.EqualTo(stats.Cpu.Periods).And.EqualTo(
            age.Ticks / CpuTime.Period.Ticks));
        Assert.That(stats.Cpu.ThrottledNanoseconds,
            Is.EqualTo(stats.Cpu.Periods * 100_000_000), "two threads, 50 ms each");
    }

    [Test]
    public void Memory_that_grows_in_steps_exceeds_the_limit_when_its_step_says()
    {
        var use = new MemoryUse(950 * Mi, 100 * Mi, default, TimeSpan.FromSeconds(1));
        Assert.That(use.At(TimeSpan.FromSeconds(5)), Is.EqualTo(600 * Mi));
        Assert.That(use.Exceeds(700 * Mi), Is.EqualTo(TimeSpan.FromSeconds(7)));
        Assert.That(use.At(use.Exceeds(700 * Mi)!.Value), Is.GreaterThan(700 * Mi));
        Assert.That(use.Exceeds(950 * Mi), Is.Null);
        Assert.That(use.Next(TimeSpan.FromSeconds(8.5)), Is.EqualTo(TimeSpan.FromSeconds(9)));
        Assert.That(use.Next(TimeSpan.FromSeconds(9)), Is.Null);
    }

    [Test]
    public void Memory_that_somebody_says_counts_against_the_limit()
    {
        var cluster = With("web", "nginx", [], "{ limits: { memory: 100Mi } }");
        cluster.Metrics("default", "app=web", memory: "80Mi");
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(StatsOf(cluster, "web").WorkingSetBytes, Is.EqualTo(80 * Mi));
        cluster.Metrics("default", "app=web", memory: "120Mi");
        cluster.Run(TimeSpan.FromSeconds(3));
        var status = StatusOf(cluster, "web");
        Assert.That((status.LastState.Terminated ?? status.State.Terminated)!.Reason,
            Is.EqualTo("OOMKilled"));
        cluster.Metrics("default", "app=web", memory: "80Mi");
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.That(StatusOf(cluster, "web").State.Running, Is.Not.Null);
    }

    [Test]
    public void CPU_time_is_counted_up_when_the_rate_changes()
    {
        var cluster = With("web", "nginx", [], "{ limits: { cpu: 500m } }");
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(StatsOf(cluster, "web").Cpu.Nanoseconds, Is.Zero);
        cluster.Metrics("default", "app=web", cpu: "200m");
        cluster.Run(TimeSpan.FromSeconds(10));
        cluster.Metrics("default", "app=web", cpu: "0");
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(StatsOf(cluster, "web").Cpu.Nanoseconds, Is.EqualTo(2e9).Within(1e6));
    }

    [Test]
    public void A_machine_without_memory_kills_who_has_the_highest_badness()
    {
        var cluster = With("besteffort", "polinux/stress", Vm("4G"));
        Add(cluster, "burstable", "polinux/stress", Vm("6G"), "{ requests: { memory: 1Gi } }");
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(StatusOf(cluster, "besteffort").RestartCount, Is.Zero, "10Gi of 16Gi");
        // 250 + 1000 against 375 + 938 and 437 - 997: the burstable one goes.
        Add(cluster, "guaranteed", "polinux/stress", Vm("7G"),
            "{ limits: { cpu: 1, memory: 8Gi } }");
        cluster.Run(TimeSpan.FromSeconds(15));
        Assert.That(StatusOf(cluster, "burstable").LastState.Terminated?.Reason,
            Is.EqualTo("OOMKilled"));
        Assert.That(StatusOf(cluster, "guaranteed").RestartCount, Is.Zero);
        Assert.That(cluster.List<Event>().Where(e => e.Reason == "SystemOOM")
            .Select(e => (e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Message![..45])).First(),
            Is.EqualTo(("Node", "node-1", "System OOM encountered, victim process: stress"[..45])));
    }

    [Test]
    public void A_node_tells_of_a_kill_when_it_happens_though_it_has_earlier_appointments()
    {
        string[] grows = ["-mem-total", "20Gi", "-mem-alloc-size", "256Mi",
            "-mem-alloc-sleep", "1s"];
        var cluster = With("leak", "vish/stress", grows);
        cluster.RunUntil(c => c.List<Pod>().Any(p => p.Restarts > 0));
        cluster.Run(TimeSpan.FromSeconds(1));
        var killed = StatusOf(cluster, "leak").LastState.Terminated!.FinishedAt;
        Assert.That(cluster.List<Event>().Where(e => e.Reason == "SystemOOM")
            .Select(e => e.FirstTimestamp), Is.EqualTo(new[] { killed }));
    }

    [Test]
    public void CPUs_that_do_not_suffice_are_divided_by_weight()
    {
        var cluster = With("guaranteed", "vish/stress", ["-cpus", "2"],
            "{ limits: { cpu: 2, memory: 1Gi } }");
        Add(cluster, "burstable", "vish/stress", ["-cpus", "4"], "{ requests: { cpu: 500m } }");
        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.That(StatsOf(cluster, "burstable").CpuMilli, Is.EqualTo(2000), "what is left of 4");
        Add(cluster, "besteffort", "vish/stress", ["-cpus", "4"]);
        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.That(StatsOf(cluster, "guaranteed").CpuMilli, Is.EqualTo(2000));
        Assert.That(StatsOf(cluster, "burstable").CpuMilli, Is.EqualTo(2000 * 59 / 60.0).Within(1));
        Assert.That(StatsOf(cluster, "besteffort").CpuMilli, Is.EqualTo(2000 / 60.0).Within(1));
    }

    [Test]
    public void Nobody_gets_more_CPU_than_it_wants_and_nothing_is_left_over()
    {
        var given = CpuDivision.Of(4000, [(500, 100), (9000, 100), (9000, 300)]);
        Assert.That(given, Is.EqualTo(new[] { 500.0, 875.0, 2625.0 }));
    }

    [TestCase("initContainers: [{ name: first, image: polinux/stress, restartPolicy: Always, "
        + "args: [--vm, '1', --vm-bytes, 250M], resources: { limits: { memory: 100Mi } } }]")]
    [TestCase("initContainers: [{ name: first, image: polinux/stress, "
        + "args: [--vm, '1', --vm-bytes, 250M], resources: { limits: { memory: 100Mi } } }]")]
    public void Init_containers_and_sidecars_are_killed_as_others_are(string inits)
    {
        var cluster = new Cluster(nodes: 1);
        Add(cluster, "web", "nginx", [], more: inits);
        cluster.Run(TimeSpan.FromSeconds(20));
        var status = cluster.Get<Pod>("default", "web").Status.InitContainerStatuses[0];
        Assert.That((status.LastState.Terminated ?? status.State.Terminated)!.Reason,
            Is.EqualTo("OOMKilled"));
    }

    [Test]
    public void Who_looks_for_the_last_line_of_nothing_has_soon_taken_all_memory()
    {
        var cluster = With("tail", "busybox", ["tail", "/dev/zero"], "{ limits: { memory: 1Gi } }");
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(StatusOf(cluster, "tail").LastState.Terminated!.Reason,
            Is.EqualTo("OOMKilled"));
    }

    [Test]
    public void A_replay_uses_as_much()
    {
        var cluster = With("cpu-demo", "vish/stress", ["-cpus", "1"]);
        cluster.Run(TimeSpan.FromSeconds(20));
        cluster.Metrics("default", "app=cpu-demo", memory: "64Mi");
        cluster.Run(TimeSpan.FromSeconds(20));
        var (before, fork) = (StatsOf(cluster, "cpu-demo"), cluster.Fork());
        Assert.That(StatsOf(fork, "cpu-demo"), Is.EqualTo(before));
    }

    [TestCase(2, 1)]
    [TestCase(102, 17)]
    [TestCase(1024, 100)]
    [TestCase(262144, 10000)]
    public void Shares_of_a_CPU_are_a_weight(long shares, int weight) =>
        Assert.That(CgroupFiles.Weight(shares), Is.EqualTo(weight));

    [Test]
    public void Control_groups_stand_in_files_of_the_machine_and_of_the_container()
    {
        var cluster = With("web", "nginx", [], "{ requests: { cpu: 250m, memory: 64Mi }, "
            + "limits: { cpu: 500m, memory: 128Mi } }");
        cluster.Converge();
        var uid = cluster.Get<Pod>("default", "web").Metadata.Uid.Replace('-', '_');
        var slice = "/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice";
        var pod = $"{slice}/kubepods-burstable-pod{uid}.slice";
        string Node(string path) => cluster.Shell("node-1", $"cat {path}");
        Assert.That(Node($"{pod}/cpu.max"), Is.EqualTo("50000 100000"));
        Assert.That(Node($"{pod}/memory.max"), Is.EqualTo("134217728"));
        Assert.That(Node($"{slice}/cpu.weight"), Is.EqualTo("35"));
        Assert.That(Node("/sys/fs/cgroup/kubepods.slice/memory.max"), Is.EqualTo("17179869184"));
        Assert.That(cluster.Shell("node-1", $"ls {pod}").Split('\n'),
            Has.Some.StartsWith("cri-containerd-"));
        Assert.That(cluster.Exec("web", "cat", "/sys/fs/cgroup/cpu.max")!.Stdout,
            Is.EqualTo("50000 100000\n"));
        Assert.That(cluster.Exec("web", "cat", "/sys/fs/cgroup/memory.oom.group")!.Stdout,
            Is.EqualTo("1\n"));
    }
}
