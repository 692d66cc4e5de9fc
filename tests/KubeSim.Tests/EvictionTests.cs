using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A kubelet whose machine runs out of something.</summary>
public sealed class EvictionTests
{
    private const string MemoryAt200 = "kubelet.eviction-hard=memory.available<200Mi";

    private static Node Machine
    {
        get
        {
            var size = Map.Of<Quantity>(("cpu", "2"), ("memory", "1Gi"), ("pods", "110"),
                ("ephemeral-storage", "10Gi"));
            var node = Bootstrap.NewNode("node-1");
            return node with
            {
                Status = node.Status with { Capacity = size, Allocatable = size },
            };
        }
    }

    private static Cluster Small(params string[] flags) => Cluster.Over(Simulated(flags));

    private static Simulation Simulated(params string[] flags)
    {
        var settings = flags.Select(f => f.Split('=', 2))
            .Aggregate(Settings.Default, (all, f) => all.With(f[0], f[1]));
        return new Simulation(Bootstrap.Complete(new SimulationOptions
        {
            Objects = [.. Bootstrap.Objects(0), Machine],
            Components = Bootstrap.Components(), Latency = Latency.Typical,
            History = History.All, Settings = settings,
        }));
    }

    private static void Add(Cluster cluster, string name, string resources = "{}",
        string more = "", string image = "nginx", string command = "[]") =>
        cluster.Apply($$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: {{name}}, labels: { app: {{name}} } }
            spec:
              containers:
              - { name: main, image: {{image}}, command: {{command}}, resources: {{resources}} }
              {{more}}
            """);

    private static void Uses(Cluster cluster, string pod, string memory) =>
        cluster.Metrics("default", $"app={pod}", memory: memory);

    private static Pod PodOf(Cluster cluster, string name) => cluster.Get<Pod>("default", name);

    private static string[] Reasons(Cluster cluster, string kind) => [.. cluster.List<Event>()
        .Where(e => e.InvolvedObject.Kind == kind).Select(e => e.Reason!)];

    private static string? Condition(Cluster cluster, string type) =>
        cluster.Get<Node>("", "node-1").Status.Conditions.Of(type)?.Reason;

    [Test]
    public void Below_a_hard_threshold_the_pod_goes_that_uses_most_above_its_request()
    {
        var cluster = Small(MemoryAt200);
        Add(cluster, "a", "{ requests: { memory: 500Mi } }");
        Add(cluster, "b");
        cluster.Converge();
        Uses(cluster, "a", "300Mi");
        Uses(cluster, "b", "600Mi");
        cluster.Run(TimeSpan.FromSeconds(20));
        var gone = PodOf(cluster, "b");
        Assert.That((gone.Status.Phase, gone.Status.Reason), Is.EqualTo(("Failed", "Evicted")));
        Assert.That(gone.Status.Message, Is.EqualTo("The node was low on resource: memory. "
            + "Threshold quantity: 200Mi, available: 124Mi. Container main was using 600Mi, "
            + "request is 0, has larger consumption of memory. "));
        var condition = gone.Condition("DisruptionTarget")!;
        Assert.That((condition.Status, condition.Reason, condition.Message), Is.EqualTo(
            ("True", "TerminationByKubelet", gone.Status.Message)));
        Assert.That(PodOf(cluster, "a").Status.Phase, Is.EqualTo("Running"));
        Assert.That(Reasons(cluster, "Pod"), Has.Member("Evicted").And.Member("Killing"));
        Assert.That(Reasons(cluster, "Node"),
            Has.Member("EvictionThresholdMet").And.Member("NodeHasInsufficientMemory"));
        Assert.That(cluster.Kubectl("describe pod b").Out, Does.Contain("Evicted\n")
            .And.Contain("DisruptionTarget"));
    }

    [Test]
    public void Memory_pressure_is_told_as_condition_and_taint_and_lasts_five_minutes_longer()
    {
        var cluster = Small(MemoryAt200);
        Add(cluster, "b");
        cluster.Converge();
        Uses(cluster, "b", "900Mi");
        cluster.Run(TimeSpan.FromSeconds(25));
        Assert.That(Condition(cluster, "MemoryPressure"),
            Is.EqualTo("KubeletHasInsufficientMemory"));
        Assert.That(cluster.Get<Node>("", "node-1").Spec.Taints.Select(t => t.Key),
            Has.Member("node.kubernetes.io/memory-pressure"));
        Uses(cluster, "b", "0");
        cluster.Run(TimeSpan.FromMinutes(4));
        Assert.That(Condition(cluster, "MemoryPressure"),
            Is.EqualTo("KubeletHasInsufficientMemory"));
        cluster.Run(TimeSpan.FromMinutes(1.5));
        Assert.That(Condition(cluster, "MemoryPressure"), Is.EqualTo("KubeletHasSufficientMemory"));
        Assert.That(cluster.Get<Node>("", "node-1").Spec.Taints, Is.Empty);
    }

    [Test]
    public void A_soft_threshold_waits_for_its_grace_and_gives_the_pod_its_time()
    {
        var cluster = Small("kubelet.eviction-soft=memory.available<300Mi",
            "kubelet.eviction-soft-grace-period=memory.available=1m",
            "kubelet.eviction-max-pod-grace-period=20");
        Add(cluster, "b");
        cluster.Converge();
        Uses(cluster, "b", "800Mi");
        cluster.Run(TimeSpan.FromSeconds(50));
        Assert.That(Condition(cluster, "MemoryPressure"),
            Is.EqualTo("KubeletHasInsufficientMemory"), "told at once");
        Assert.That(PodOf(cluster, "b").Status.Phase, Is.EqualTo("Running"));
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(PodOf(cluster, "b").Status.Reason, Is.EqualTo("Evicted"));
    }

    [Test]
    public void Pressure_that_passes_within_the_grace_evicts_nobody()
    {
        var cluster = Small("kubelet.eviction-soft=memory.available<300Mi",
            "kubelet.eviction-soft-grace-period=memory.available=1m");
        Add(cluster, "b");
        cluster.Converge();
        Uses(cluster, "b", "800Mi");
        cluster.Run(TimeSpan.FromSeconds(40));
        Uses(cluster, "b", "100Mi");
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.That(PodOf(cluster, "b").Status.Phase, Is.EqualTo("Running"));
    }

    [Test]
    public void One_pod_goes_at_a_time_until_enough_is_reclaimed()
    {
        var cluster = Small(MemoryAt200, "kubelet.eviction-minimum-reclaim=memory.available=300Mi");
        foreach (var name in (string[])["a", "b", "c"])
        {
            Add(cluster, name);
        }
        cluster.Converge();
        Uses(cluster, "a", "350Mi");
        Uses(cluster, "b", "300Mi");
        Uses(cluster, "c", "250Mi");
        cluster.Run(TimeSpan.FromMinutes(1));
        // 124Mi; without a 474Mi, which is more than 200Mi, but less than 500Mi.
        Assert.That(cluster.List<Pod>().Where(p => p.Status.Reason == "Evicted")
            .Select(p => p.Metadata.Name), Is.EquivalentTo(new[] { "a", "b" }));
    }

    [Test]
    public void Priority_comes_before_the_amount_and_critical_pods_stay()
    {
        var cluster = Small(MemoryAt200);
        cluster.Apply("""
            apiVersion: scheduling.k8s.io/v1
            kind: PriorityClass
            metadata: { name: high }
            value: 1000
            """);
        Add(cluster, "critical", more: "priorityClassName: system-node-critical");
        Add(cluster, "high", more: "priorityClassName: high");
        Add(cluster, "low");
        cluster.Converge();
        Uses(cluster, "critical", "500Mi");
        Uses(cluster, "high", "250Mi");
        Uses(cluster, "low", "150Mi");
        cluster.Run(TimeSpan.FromSeconds(40));
        Assert.That(cluster.List<Pod>().Where(p => p.Status.Reason == "Evicted")
            .Select(p => p.Metadata.Name), Is.EqualTo(new[] { "low" }));
    }

    [Test]
    public void Under_memory_pressure_a_best_effort_pod_is_refused_and_others_are_not()
    {
        var cluster = Small(MemoryAt200);
        Add(cluster, "critical", more: "priorityClassName: system-node-critical");
        cluster.Converge();
        Uses(cluster, "critical", "900Mi");
        cluster.Run(TimeSpan.FromSeconds(30));
        // The taint keeps the scheduler away, but not whoever names the node.
        Add(cluster, "besteffort", more: "nodeName: node-1");
        Add(cluster, "burstable", "{ requests: { memory: 10Mi } }", "nodeName: node-1");
        cluster.Run(TimeSpan.FromSeconds(3));
        var refused = PodOf(cluster, "besteffort").Status;
        Assert.That((refused.Phase, refused.Reason, refused.Message), Is.EqualTo(("Failed",
            "Evicted", "Pod was rejected: The node had condition: [MemoryPressure]. ")));
        Assert.That(PodOf(cluster, "burstable").Status.Phase, Is.Not.EqualTo("Failed"));
    }

    [Test]
    public void Allocatable_is_what_is_left_behind_reservations_and_threshold()
    {
        var cluster = Small(MemoryAt200, "kubelet.kube-reserved=cpu=100m,memory=100Mi",
            "kubelet.system-reserved=memory=50Mi");
        var status = cluster.Get<Node>("", "node-1").Status;
        Assert.That(status.Allocatable["memory"], Is.EqualTo(Quantity.Parse("674Mi")));
        Assert.That(status.Allocatable["cpu"], Is.EqualTo(Quantity.Parse("1900m")));
        Assert.That(status.Capacity["memory"], Is.EqualTo(Quantity.Parse("1Gi")));
    }

    [Test]
    public void A_full_disk_costs_the_pod_that_filled_it()
    {
        var cluster = Small("kubelet.eviction-hard=nodefs.available<10%");
        Add(cluster, "idle");
        Add(cluster, "writer", image: "busybox",
            command: """["sh", "-c", "sleep 20; fallocate -l 9300M /big; sleep 3600"]""");
        cluster.Run(TimeSpan.FromSeconds(60));
        var gone = PodOf(cluster, "writer").Status;
        Assert.That((gone.Phase, gone.Reason), Is.EqualTo(("Failed", "Evicted")));
        Assert.That(gone.Message, Does.StartWith("The node was low on resource: "
            // The share is a float: 10 % of 10Gi are 16 bytes more than a Gi.
            + "ephemeral-storage. Threshold quantity: 1073741840, available: 8").And.Contain(
            "Ki. Container main was using 9300Mi, request is 0, has larger consumption of "
            + "ephemeral-storage. "));
        Assert.That(Condition(cluster, "DiskPressure"), Is.EqualTo("KubeletHasDiskPressure"));
        Assert.That(PodOf(cluster, "idle").Status.Phase, Is.EqualTo("Running"));
    }

    [TestCase("{}", "volumes: [{ name: scratch, emptyDir: { sizeLimit: 1Mi } }]",
        "Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Mi\". ")]
    [TestCase("{ limits: { ephemeral-storage: 2Mi } }",
        "volumes: [{ name: scratch, emptyDir: {} }]",
        "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ")]
    public void Who_writes_more_than_its_limit_for_the_disk_is_evicted(
        string resources, string volumes, string message)
    {
        var cluster = Small();
        cluster.Apply($$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: writer }
            spec:
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "sleep 12; fallocate -l 5M /scratch/x; sleep 3600"]
                resources: {{resources}}
                volumeMounts: [{ name: scratch, mountPath: /scratch }]
              {{volumes}}
            """);
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(PodOf(cluster, "writer").Status.Phase, Is.EqualTo("Running"));
        cluster.Run(TimeSpan.FromSeconds(30));
        var status = PodOf(cluster, "writer").Status;
        Assert.That((status.Phase, status.Reason, status.Message),
            Is.EqualTo(("Failed", "Evicted", message)));
        Assert.That(PodOf(cluster, "writer").Condition("DisruptionTarget"), Is.Null);
    }

    [Test]
    public void A_soft_threshold_without_a_grace_period_is_refused() => Assert.That(
        () => Small("kubelet.eviction-soft=memory.available<300Mi"),
        Throws.ArgumentException.With.Message.EqualTo("grace period must be specified for the "
            + "soft eviction threshold memory.available"));

    [Test]
    public void A_kubelet_that_starts_anew_takes_back_a_pressure_that_has_passed()
    {
        var cluster = Small(MemoryAt200);
        Add(cluster, "b");
        cluster.Converge();
        Uses(cluster, "b", "900Mi");
        cluster.Run(TimeSpan.FromSeconds(25));
        Uses(cluster, "b", "0");
        cluster.Faults.Crash("kubelet/node-1");
        cluster.Run(TimeSpan.FromSeconds(10));
        cluster.Faults.Restore("kubelet/node-1");
        // Its first report of what is new comes with the second renewal of its Lease.
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(Condition(cluster, "MemoryPressure"), Is.EqualTo("KubeletHasSufficientMemory"));
        Assert.That(PodOf(cluster, "b").Status.Reason, Is.EqualTo("Evicted"));
    }

    [Test]
    public void A_ReplicaSet_replaces_an_evicted_pod_elsewhere_or_later()
    {
        var cluster = Small(MemoryAt200);
        cluster.Kubectl("create deployment web --image=nginx");
        cluster.Converge();
        cluster.Metrics("default", "app=web", memory: "900Mi");
        cluster.Run(TimeSpan.FromSeconds(30));
        cluster.Metrics("default", "app=web", memory: "10Mi");
        // Until the taint is there, the scheduler sends others after it, and they are refused.
        Assert.That(cluster.List<Pod>().Select(p => p.Status.Phase).Where(p => p != "Failed"),
            Is.EqualTo(new[] { "Pending" }), "the taint keeps the last one waiting");
        cluster.Run(TimeSpan.FromMinutes(6));
        Assert.That(cluster.List<Pod>().Count(p => p.IsReady), Is.EqualTo(1));
    }

    [Test]
    public void A_quiet_hour_costs_nothing_where_thresholds_are_set()
    {
        long Work(params string[] flags)
        {
            var simulation = Simulated(flags);
            var cluster = Cluster.Over(simulation);
            Add(cluster, "a");
            cluster.Converge();
            cluster.Run(TimeSpan.FromMinutes(2));
            var before = simulation.Items;
            cluster.Run(TimeSpan.FromHours(1));
            return simulation.Items - before;
        }
        Assert.That(Work(MemoryAt200), Is.EqualTo(Work()));
    }
}
