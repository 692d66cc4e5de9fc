using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The kubelet on its machine, from the binding of a pod to its end.</summary>
public sealed partial class KubeletTests
{
    private static readonly DateTime Start = new SimulationOptions().Start;

    private World world = null!;

    private Cluster NewCluster(int nodes = 1, Latency? latency = null, ulong seed = 0) =>
        new(new SimulationOptions
        {
            Seed = seed, Latency = latency ?? Latency.Typical, Objects = Bootstrap.Objects(nodes),
            Components = [.. Bootstrap.Components().Where(c => c.Name == "kubelet")],
            World = host => world = new(host, new ImageCatalogue()),
        });

    private static Pod NewPod(string name, string image, params string[] command) => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = new()
        {
            NodeName = "node-1",
            Containers = [new() { Name = "c", Image = image, Command = [.. command] }],
        },
    };

    private static Pod With(Pod pod, Func<Container, Container> change) => pod with
    {
        Spec = pod.Spec with { Containers = [change(pod.Spec.Containers[0])] },
    };

    private static KubeSim.Probe Cat(string file, int period = 10, int failures = 3) => new()
    {
        Exec = new() { Command = ["cat", file] }, PeriodSeconds = period,
        FailureThreshold = failures,
    };

    [TestCase("pod_crashloop", 200)]
    [TestCase("pod_delete", 30)]
    [TestCase("pod_image", 60)]
    [TestCase("pod_init", 45)]
    [TestCase("pod_probes", 75)]
    [TestCase("job_pod_deleted", 25)]
    public void It_reports_what_the_real_one_reported(string scenario, int seconds)
    {
        var cluster = NewCluster(nodes: 3);
        if (scenario == "pod_probes")
        {
            world.Machine("node-1").Runtime.PullImage("nginx:v1");
            cluster.Run(TimeSpan.FromSeconds(2));
        }
        foreach (var row in TestData.Of("kubelet.tsv", "pod").Where(r => (string)r[0] == scenario))
        {
            var pod = Json.Decode<Pod>(JsonNode.Parse((string)row[1])!);
            cluster.Create(pod with { Metadata = pod.Metadata with { Namespace = "default" } });
            cluster.Run(TimeSpan.FromSeconds(1.3));
        }
        foreach (var (at, what) in Course(scenario, cluster))
        {
            cluster.Run(TimeSpan.FromSeconds(at) - (cluster.Now - Start));
            what();
        }
        cluster.Run(TimeSpan.FromSeconds(seconds));

        var reported = cluster.List<Event>().Select(e => string.Join('\t', e.InvolvedObject.Name,
            e.Type, e.Reason, Open(e.Message ?? ""))).ToHashSet();
        var recorded = TestData.Of("kubelet.tsv", "event").Where(r => (string)r[0] == scenario)
            .Select(r => string.Join('\t', r[1..]));
        Assert.That(recorded.Where(r => !reported.Contains(r)), Is.Empty,
            string.Join('\n', reported));
    }

    // What the recorder did beside creating the pods.
    private IEnumerable<(double At, Action What)> Course(string scenario, Cluster cluster)
    {
        void Flag(string name, string file, bool there)
        {
            var pod = cluster.Get<Pod>(name);
            world.PodFiles.Set(
                pod.Metadata.Uid, $"/flags/{file}-w-pod-probes", there, cluster.Now);
            world.Host.Wake("kubelet", pod.Spec.NodeName!, pod.Key, default, Pace.Progress);
        }
        switch (scenario)
        {
            case "pod_delete":
                yield return (5.25, () => cluster.Patch<Pod>("default", "fin",
                    """{"metadata":{"finalizers":["example.com/x"]}}"""));
                yield return (5.3, () =>
                {
                    cluster.Delete(cluster.Get<Pod>("fast"));
                    cluster.Delete(cluster.Get<Pod>("slow"));
                    cluster.Delete(cluster.Get<Pod>("slow-force"),
                        new() { GracePeriodSeconds = 0 });
                    cluster.Delete(cluster.Get<Pod>("fin"));
                });
                break;
            case "job_pod_deleted":
                yield return (3.2, () => cluster.Delete(cluster.Get<Pod>("j-8hjrm")));
                break;
            case "pod_probes":
                yield return (0, () => Flag("live", "lv", true));
                yield return (0, () => Flag("startup", "lv", true));
                yield return (10.6, () => Flag("startup", "su", true));
                yield return (10.6, () => Flag("ready3", "rd", true));
                yield return (25.2, () => Flag("live", "lv", false));
                yield return (25.2, () => Flag("startup", "lv", false));
                break;
        }
    }

    [Test]
    public void A_pod_is_Pending_then_Running_and_Ready_with_an_address_of_its_node()
    {
        var cluster = NewCluster();
        cluster.Create(NewPod("web", "nginx:1.27"));
        cluster.Step();
        var pending = cluster.Get<Pod>("web").Status;
        cluster.Converge();
        var status = cluster.Get<Pod>("web").Status;
        var container = status.ContainerStatuses[0];

        Assert.Multiple(() =>
        {
            Assert.That(pending.ContainerStatuses[0].State.Waiting!.Reason,
                Is.EqualTo("ContainerCreating"));
            Assert.That(status.Phase, Is.EqualTo("Running"));
            Assert.That(status.PodIP, Is.EqualTo("10.244.1.2"));
            Assert.That(status.HostIP, Is.EqualTo("172.18.0.2"));
            Assert.That(container.Image, Is.EqualTo("docker.io/library/nginx:1.27"));
            Assert.That(container.ContainerID, Does.Match("^containerd://[0-9a-f]{64}$"));
            Assert.That(status.Conditions.Select(c => $"{c.Type}={c.Status}"), Is.EqualTo(new[]
            {
                "PodReadyToStartContainers=True", "Initialized=True", "Ready=True",
                "ContainersReady=True", "PodScheduled=True",
            }));
        });
    }

    [Test]
    public void A_container_that_ignores_the_stop_signal_is_killed_after_its_grace()
    {
        var cluster = NewCluster();
        cluster.Create(NewPod("deaf", "busybox", "sleep", "3600"));
        cluster.Run(TimeSpan.FromSeconds(10));
        cluster.Delete(cluster.Get<Pod>("deaf"));
        var asked = cluster.Now;

        cluster.Run(TimeSpan.FromSeconds(29));
        Assert.That(cluster.Get<Pod>("deaf").Status.Phase, Is.EqualTo("Running"));
        var ended = cluster.RunUntil(c => c.Get<Pod>("deaf").IsFinished);
        var end = cluster.Get<Pod>("deaf").Status.ContainerStatuses[0].State.Terminated!;
        Assert.That(end.ExitCode, Is.EqualTo(137));
        Assert.That((ended.Time - asked).TotalSeconds, Is.EqualTo(30).Within(0.5));
        cluster.RunUntil(c => c.Find<Pod>("default", "deaf") is null);
        Assert.That((cluster.Now - asked).TotalSeconds, Is.EqualTo(31).Within(1));
    }

    [Test]
    public void A_file_that_goes_fails_the_liveness_probe_and_the_container_starts_again()
    {
        var cluster = NewCluster();
        cluster.Create(With(NewPod("live", "registry.k8s.io/busybox", "/bin/sh", "-c",
            "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"), c => c with
            {
                LivenessProbe = Cat("/tmp/healthy", 5) with { InitialDelaySeconds = 5 },
            }));
        cluster.RunUntil(c => c.Get<Pod>("live").Restarts == 1, TimeSpan.FromMinutes(3));

        // Gone at 30 s, three failures until 45 s, 30 s of grace: the shell ignores SIGTERM.
        Assert.That((cluster.Now - Start).TotalSeconds,
            Is.EqualTo(76).Within(7));
        Assert.That(cluster.List<Event>().Select(e => e.Message), Does.Contain("Liveness probe "
            + "failed: cat: can't open '/tmp/healthy': No such file or directory"));
    }

    [Test]
    public void What_a_probe_said_of_a_container_is_not_held_against_the_next_one()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Apply("""
            apiVersion: v1
            kind: Pod
            metadata: {name: slow}
            spec:
              terminationGracePeriodSeconds: 10
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "sleep infinity"]
                livenessProbe: {exec: {command: [cat, /tmp/never]}, periodSeconds: 10}
            """);
        cluster.Run(TimeSpan.FromMinutes(2));
        var failures = cluster.List<Event>().Where(e => e.Reason == "Unhealthy").Sum(e => e.Count);
        var restarts = cluster.Get<Pod>("slow").StatusOf("main")!.RestartCount;
        Assert.That(restarts, Is.InRange(2, 3));
        Assert.That(failures, Is.InRange(3 * restarts, 3 * restarts + 3), "each three times");
    }

    [Test]
    public void A_probe_that_passes_costs_no_work()
    {
        var cluster = NewCluster();
        cluster.Create(With(NewPod("web", "nginx"), c => c with
        {
            LivenessProbe = new() { HttpGet = new() { Port = 80 }, PeriodSeconds = 1 },
            ReadinessProbe = new() { TcpSocket = new() { Port = 80 }, PeriodSeconds = 1 },
        }));
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("web").IsReady);
        // By then the node has told its images.
        cluster.Run(TimeSpan.FromMinutes(1));
        var steps = cluster.StepCount;
        cluster.Run(TimeSpan.FromHours(1));

        Assert.That(cluster.StepCount, Is.EqualTo(steps));
    }

    [Test]
    public void Waiting_pods_pass_their_probe_oldest_first_when_the_journal_says_so()
    {
        var cluster = NewCluster();
        foreach (var name in (string[])["b", "a", "c"])
        {
            cluster.Create(With(NewPod(name, "nginx"), c => c with
            {
                ReadinessProbe = Cat("/flags/ready"),
            }));
        }
        cluster.Converge();
        Assert.That(cluster.List<Pod>().Count(p => p.IsReady), Is.Zero);
        var line = JournalText.Read("""{"at":"settled","probe":{"count":2}}""", "j",
            KindRegistry.BuiltIn).Lines[0];
        cluster.Play(line);
        cluster.Run(TimeSpan.FromMilliseconds(150));
        Assert.That(cluster.List<Pod>().Single(p => p.IsReady).Metadata.Name, Is.EqualTo("a"));
        cluster.Converge();

        Assert.That(cluster.List<Pod>().Where(p => p.IsReady).Select(p => p.Metadata.Name),
            Is.EqualTo(new[] { "a", "b" }));
        Assert.That(cluster.SaveJournal(), Does.Contain("\"probe\":{"));
        cluster.Probe("default", "", pass: false);
        cluster.Converge();
        Assert.That(cluster.RunUntil(c => !c.List<Pod>().Any(p => p.IsReady)).Met);
    }

    [Test]
    public void A_kubelet_that_crashes_finds_its_containers_running()
    {
        var cluster = NewCluster();
        cluster.Create(NewPod("web", "nginx"));
        cluster.Converge();
        var before = cluster.Get<Pod>("web");
        cluster.Faults.Crash("kubelet/node-1");
        cluster.Run(TimeSpan.FromMinutes(1));
        cluster.Faults.Restore("kubelet/node-1");
        cluster.Converge();

        Assert.That(cluster.Get<Pod>("web"), Is.EqualTo(before));
    }

    [Test]
    public void A_machine_that_lost_its_power_starts_its_pods_again()
    {
        var cluster = NewCluster();
        cluster.Create(NewPod("web", "nginx"));
        cluster.Converge();
        world.Machine("node-1").Kernel<List<string>>().Add("a rule");
        var boot = world.Machine("node-1").BootId;
        cluster.Faults.Crash("node-1");
        cluster.Run(TimeSpan.FromMinutes(1));
        cluster.Faults.Restore("node-1");
        cluster.Converge();
        var container = cluster.Get<Pod>("web").Status.ContainerStatuses[0];

        Assert.Multiple(() =>
        {
            Assert.That(container.RestartCount, Is.EqualTo(1));
            Assert.That(container.LastState.Terminated!.ExitCode, Is.EqualTo(255));
            Assert.That(cluster.List<Event>().Select(e => e.Reason),
                Does.Contain("SandboxChanged"));
            Assert.That(world.Machine("node-1").Kernel<List<string>>(), Is.Empty);
            Assert.That(world.Machine("node-1").BootId, Is.Not.EqualTo(boot));
        });
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void A_kubelet_that_dies_after_any_write_brings_the_pod_on_all_the_same(int write)
    {
        var cluster = NewCluster(seed: (ulong)write);
        cluster.Converge();
        cluster.Faults.CrashAfterWrite("kubelet/node-1", write);
        cluster.Create(NewPod("web", "nginx"));
        cluster.Run(TimeSpan.FromSeconds(20));
        if (cluster.Find<Pod>("default", "web") is { } pod)
        {
            cluster.Delete(pod);
        }
        cluster.Run(TimeSpan.FromSeconds(20));
        cluster.Faults.Restore("kubelet/node-1");
        cluster.Converge();

        Assert.That(cluster.List<Pod>(), Is.Empty);
        Assert.That(world.Machine("node-1").Runtime.ListPods(), Is.Empty);
    }

    [Test]
    public void Heartbeats_stand_still_from_the_last_renewal_before_a_fault()
    {
        var cluster = NewCluster();
        cluster.Run(TimeSpan.FromSeconds(100));
        var heartbeat = world.Machine("node-1").Heartbeat;
        var last = heartbeat.LastRenewal(cluster.Now);
        Assert.That((cluster.Now - last).TotalSeconds, Is.InRange(0, 10));
        cluster.Faults.Partition("node-1");
        cluster.Run(TimeSpan.FromSeconds(100));
        Assert.That(heartbeat.LastRenewal(cluster.Now), Is.EqualTo(last));
        cluster.Faults.Restore("node-1");
        cluster.Run(TimeSpan.FromSeconds(60));

        Assert.That((cluster.Now - heartbeat.LastRenewal(cluster.Now)).TotalSeconds,
            Is.InRange(0, 10));
    }

    [Test]
    public void A_pod_that_does_not_fit_its_node_is_refused_for_good()
    {
        var cluster = NewCluster();
        cluster.Create(With(NewPod("big", "nginx"), c => c with
        {
            Resources = new() { Requests = Map.Of(("cpu", Quantity.Parse("5"))) },
        }));
        cluster.Converge();
        var status = cluster.Get<Pod>("big").Status;

        Assert.That($"{status.Phase} {status.Reason}: {status.Message}", Is.EqualTo(
            "Failed OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, "
            + "requested: 5000, used: 0, capacity: 4000"));
    }

    [Test]
    public void A_missing_ConfigMap_keeps_a_container_waiting_until_it_is_there()
    {
        var cluster = NewCluster();
        cluster.Create(With(NewPod("env", "nginx"), c => c with
        {
            EnvFrom = [new() { ConfigMapRef = new() { Name = "settings" } }],
        }));
        cluster.Run(TimeSpan.FromSeconds(5));
        var waiting = cluster.Get<Pod>("env").Status.ContainerStatuses[0].State.Waiting!;
        Assert.That($"{waiting.Reason}: {waiting.Message}", Is.EqualTo(
            "CreateContainerConfigError: configmap \"settings\" not found"));
        cluster.Create(Given.ConfigMap("settings"));

        Assert.That(cluster.RunUntil(c => c.Get<Pod>("env").IsReady).Met);
    }

    [Test]
    public void A_volume_whose_ConfigMap_is_missing_keeps_the_pod_from_starting()
    {
        var cluster = NewCluster();
        var pod = NewPod("vol", "nginx");
        cluster.Create(pod with
        {
            Spec = pod.Spec with
            {
                Volumes = [new() { Name = "cfg", ConfigMap = new() { Name = "settings" } }],
            },
        });
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(cluster.List<Event>().Select(e => e.Message), Is.EqualTo(new[]
        {
            "MountVolume.SetUp failed for volume \"cfg\" : configmap \"settings\" not found",
        }));
        cluster.Create(Given.ConfigMap("settings"));

        Assert.That(cluster.RunUntil(c => c.Get<Pod>("vol").IsReady).Met);
    }

    [Test]
    public void Sidecars_start_before_the_main_containers_and_stop_after_them()
    {
        var cluster = NewCluster();
        var pod = NewPod("job", "busybox:exit-0-5");
        cluster.Create(pod with
        {
            Spec = pod.Spec with
            {
                RestartPolicy = "Never",
                InitContainers =
                [
                    new() { Name = "log", Image = "nginx", RestartPolicy = "Always" },
                    new() { Name = "once", Image = "tool" },
                ],
            },
        });
        cluster.RunUntil(c => c.Get<Pod>("job").IsFinished);
        var status = cluster.Get<Pod>("job").Status;
        var log = status.InitContainerStatuses[0].State.Terminated!;
        var once = status.InitContainerStatuses[1].State.Terminated!;
        var main = status.ContainerStatuses[0].State.Terminated!;

        Assert.That(status.Phase, Is.EqualTo("Succeeded"));
        Assert.That(log.StartedAt, Is.LessThan(once.StartedAt!.Value));
        Assert.That(once.FinishedAt, Is.LessThanOrEqualTo(main.StartedAt!.Value));
        Assert.That(log.FinishedAt, Is.GreaterThanOrEqualTo(main.FinishedAt!.Value));
    }

    [Test]
    public void A_pod_that_comes_back_from_a_snapshot_is_ended_started_anew_and_can_be_deleted()
    {
        var cluster = NewCluster();
        cluster.Create(NewPod("web", "busybox", "sleep", "3600"));
        Assert.That(cluster.RunUntil(c => c.Get<Pod>("web").IsReady).Met);
        var backup = cluster.Etcd.Snapshot();
        var first = cluster.Get<Pod>("web").Status.ContainerStatuses[0].ContainerID;
        cluster.Etcd.Delete("/registry/pods/", prefix: true);
        cluster.Run(TimeSpan.FromSeconds(0.5));
        cluster.Etcd.Restore(backup);
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Get<Pod>("web").IsReady);
        Assert.That(cluster.Get<Pod>("web").Status.ContainerStatuses[0].ContainerID,
            Is.Not.EqualTo(first));

        cluster.Delete(cluster.Get<Pod>("web"));
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.List<Pod>(), Is.Empty);
    }

    [Test]
    public void Pods_that_a_snapshot_brings_back_at_once_leave_nothing_that_ends_for_ever()
    {
        var cluster = new Cluster(nodes: 3, seed: 5);
        foreach (var name in new[] { "a", "b", "c" })
        {
            cluster.Kubectl($"create deployment {name} --image=nginx:1.27");
            cluster.Converge();
        }
        var backup = cluster.Etcd.Snapshot();
        cluster.Etcd.Delete("/registry/", prefix: true);
        cluster.Etcd.Restore(backup);
        cluster.Run(TimeSpan.FromMinutes(10));
        Assert.That(cluster.List<Pod>().Select(p => (p.IsTerminating, p.IsReady)),
            Is.EqualTo(new[] { (false, true), (false, true), (false, true) }));
    }

    private static string Open(string message)
    {
        message = Uid().Replace(message, "{uid}");
        return PullTimes().Replace(message,
            "in {t} ({t} including waiting). Image size: {n} bytes");
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f-]{27}")]
    private static partial Regex Uid();

    [GeneratedRegex(@"in [\d.ms]+ \([\d.ms]+ including waiting\)\. Image size: \d+ bytes")]
    private static partial Regex PullTimes();
}
