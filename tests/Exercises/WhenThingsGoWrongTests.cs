using System.Globalization;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Exercises;

// The exercises of 11-when-things-go-wrong: a probe for a slow program, two containers in
// their order, an end that nobody notices, and a diagnosis.

/// <summary>Probes for a program that starts slowly and may hang.</summary>
[Exercise("11-when-things-go-wrong/1", "Start in peace")]
[Hint(1, "How long may the program take until its first answer, and how long may it be silent "
    + "later? The liveness probe has one number for both.")]
[Hint(2, "A startupProbe asks first. As long as it has not passed, no other probe is asked, and "
    + "the Pod is not ready.")]
[Hint(3, "Beside the liveness probe: startupProbe: {exec: {command: [cat, /tmp/up]}, "
    + "periodSeconds: 5, failureThreshold: 60}. That is 300 seconds to start in.")]
public sealed class StartInPeaceTests : AppliedTests
{
    [Test, Task("It starts without a restart when its warm-up takes 50 s")]
    public void A_starts() => Started(50);

    [Test, Task("It starts without a restart on a busy morning, with a warm-up of 150 s")]
    public void B_starts_on_a_busy_morning() => Started(150);

    [Test, Points(2), Task("When it hangs, it is restarted")]
    public void C_hangs()
    {
        var cluster = Started(50);
        Scenario("The program is up. Then one of the two hangs: its file /tmp/up is gone. 90 "
            + "seconds pass.");
        var pod = cluster.List<Pod>()[0];
        cluster.Exec(pod.Metadata.Name, "rm", "/tmp/up");
        if (!cluster.RunUntil(_ => Restarts(cluster) > 0, TimeSpan.FromSeconds(90)).Met)
        {
            Fail("90 seconds after the program has stopped answering it is still the same "
                + "container. Nobody else will restart it: it has not ended.", "a restart",
                Draw.Timeline(cluster));
        }
    }

    [Test, Task("Nobody gets requests before it is up")]
    public void D_is_not_ready_before()
    {
        var cluster = Applied(50);
        cluster.Run(TimeSpan.FromSeconds(40));
        if (cluster.List<Pod>().Any(p => p.IsReady))
        {
            Fail("After 40 seconds of a warm-up of 50 a Pod is ready: a Service sends requests to "
                + "a program that is not up.", "none ready", Draw.Timeline(cluster));
        }
    }

    private Cluster Started(int warmup)
    {
        var cluster = Applied(warmup);
        cluster.RunUntil(c => Restarts(c) > 0, TimeSpan.FromSeconds(warmup + 60));
        if (Restarts(cluster) > 0 || cluster.List<Pod>().Count(p => p.IsReady) != 2)
        {
            Fail($"{Restarts(cluster)} restarts, {cluster.List<Pod>().Count(p => p.IsReady)} of 2 "
                + $"Pods ready, with a warm-up of {warmup} s. A program that was killed while it "
                + "started begins anew, and will be killed again.", "2 ready, no restart",
                Draw.Timeline(cluster));
        }
        return cluster;
    }

    private Cluster Applied(int warmup)
    {
        Scenario($"Your Deployment is applied. The program takes {warmup} s to warm up.");
        var cluster = new Cluster(nodes: 3);
        cluster.Kubectl(string.Create(CultureInfo.InvariantCulture,
            $"create configmap shop --from-literal=WARMUP={warmup}"));
        Applied<Deployment>(cluster, "shop");
        Pinned.Same(cluster.Get<Deployment>("shop").Spec.Template.Spec, "app",
            "sleep $WARMUP; touch /tmp/up; sleep infinity");
        cluster.Run(TimeSpan.FromSeconds(1));
        return cluster;
    }

    private static int Restarts(Cluster cluster) =>
        cluster.List<Pod>().Sum(p => p.StatusOf("app")?.RestartCount ?? 0);
}

/// <summary>Two containers of a Pod, the second of which needs what the first one makes.</summary>
[Exercise("11-when-things-go-wrong/2", "First the token, then the app")]
[Hint(1, "Main containers are started one after the other, and none is waited for. Init containers "
    + "come before them.")]
[Hint(2, "An init container must end before the next one starts. One with restartPolicy: Always, a "
    + "sidecar, must only have started: and it runs on beside the others.")]
[Hint(3, "A sidecar with a startupProbe has started when the probe has passed: {exec: {command: "
    + "[cat, /shared/token]}, periodSeconds: 1, failureThreshold: 120}.")]
public sealed class FirstTheTokenTests : AppliedTests
{
    [Test, Points(2), Task("The Pod becomes ready, and app is never started twice")]
    public void A_no_restart() => Started(8);

    [Test, Task("The same when the vault takes 80 s")]
    public void B_no_restart_when_it_is_slow() => Started(80);

    [Test, Points(2), Task("The agent runs on beside app")]
    public void C_the_agent_stays()
    {
        var cluster = Started(8);
        cluster.Run(TimeSpan.FromMinutes(2));
        var pod = cluster.Get<Pod>("bank");
        if (pod.StatusOf("agent")?.State.Running is null)
        {
            Fail("Two minutes later the agent does not run. Tokens expire: it shall go on beside "
                + "app and fetch the next one.", "agent running", Draw.Timeline(cluster));
        }
    }

    private Cluster Started(int delay)
    {
        Scenario($"Your Pod bank is applied. The vault needs {delay} s to answer the agent.");
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl(string.Create(CultureInfo.InvariantCulture,
            $"create configmap vault --from-literal=DELAY={delay}"));
        Applied<Pod>(cluster, "bank");
        var spec = cluster.Get<Pod>("bank").Spec;
        Pinned.Same(spec, "app", "cat /shared/token || exit 1; sleep infinity");
        Pinned.Same(spec, "agent", "sleep $DELAY; echo s3cret > /shared/token; sleep infinity");
        cluster.Run(TimeSpan.FromSeconds(delay + 20));
        var pod = cluster.Get<Pod>("bank");
        if (pod.StatusOf("app")?.RestartCount > 0)
        {
            Fail($"app was started again {pod.StatusOf("app")!.RestartCount} times: it came before "
                + "the token. " + (pod.Spec.InitContainers.IsEmpty
                    ? "Both are main containers: the kubelet starts them in the order of the "
                        + "manifest, and waits for none."
                    : "That the agent has started is not yet the same as done: who can tell the "
                        + "kubelet that the token is there?"), "no restart",
                Draw.Timeline(cluster));
        }
        if (!pod.IsReady)
        {
            var agent = pod.Spec.InitContainers.FirstOrDefault(c => c.Name == "agent");
            Fail($"{delay + 20} s later the Pod is not ready. " + (agent?.RestartPolicy == "Always"
                ? $"Has the agent been given enough time? The vault took {delay} s."
                : "An init container must end before the next one may start, and the agent runs "
                    + "for ever."), "bank 2/2", Draw.Timeline(cluster));
        }
        return cluster;
    }
}

/// <summary>Memory for a program that shares its node with others.</summary>
[Exercise("11-when-things-go-wrong/3", "The right one dies")]
[Hint(1, "A node has 16Gi. What the scheduler keeps free for a Pod is its request; what the kernel "
    + "lets it have is its limit.")]
[Hint(2, "Who has a request and a limit, and both are the same, is Guaranteed: its node kills it "
    + "last. BestEffort goes first, however little it takes.")]
[Hint(3, "5Gi is what it needs, and 7Gi is what is left beside a neighbour of 9Gi: resources: "
    + "{limits: {memory: 6Gi}}. A limit alone is a request, too.")]
public sealed class RightOneDiesTests : AppliedTests
{
    private const string Leaks = "14Gi";

    [Test, Task("It runs beside a neighbour that requests 9Gi, on a node of 16Gi")]
    public void A_there_is_room_for_both()
    {
        var cluster = Both(neighbour: "8Gi");
        var bank = Pod(cluster, "bank");
        if (!bank.IsScheduled)
        {
            Fail("There is no node for it: " + cluster.Kubectl("get events --field-selector "
                + "reason=FailedScheduling -o custom-columns=M:.message --no-headers").Out,
                "scheduled", Draw.Timeline(cluster));
        }
        if (bank.Restarts > 0)
        {
            Fail("bank was OOMKilled by "
                + $"its own limit of {bank.Spec.Containers[0].Resources.Limits["memory"]}: "
                + "it needs 5Gi to work.", "no restart", Draw.Timeline(cluster));
        }
    }

    [Test, Points(2), Task("A neighbour leaks: bank is not killed")]
    public void B_survives_its_neighbour()
    {
        var cluster = Both(neighbour: Leaks);
        if (Pod(cluster, "bank") is { Restarts: > 0 } bank)
        {
            Fail("The neighbour took what was left of the node, and the kernel killed bank, which "
                + $"had its 5Gi as always. bank is {bank.Status.QosClass}: its oom_score_adj puts "
                + "it before one that has requested most of what it takes.", "no restart",
                Draw.Timeline(cluster));
        }
    }

    [Test, Points(2), Task("bank leaks: it dies alone, and before its node is short of memory")]
    public void C_dies_alone()
    {
        var cluster = Both(neighbour: "8Gi", own: Leaks);
        if (cluster.List<Event>().Any(e => e.Reason == "SystemOOM"))
        {
            Fail("A bad version of bank grew until the whole node had no memory left (event "
                + "SystemOOM): who dies then is the kernel's choice. A limit ends it before.",
                "OOMKilled by its limit", Draw.Timeline(cluster));
        }
        if (Pod(cluster, "cruncher").Restarts > 0)
        {
            Fail("bank leaked, and its neighbour was killed.", "cruncher alive",
                Draw.Timeline(cluster));
        }
    }

    private Cluster Both(string neighbour, string own = "5Gi")
    {
        Scenario("A node of 16Gi; a neighbour cruncher with a request of 9Gi, which grows to "
            + $"{neighbour}; your Deployment bank, which grows to {own}. Two minutes pass.");
        var cluster = new Cluster(nodes: 1);
        string Args(string total) =>
            $$"""["-mem-total","{{total}}","-mem-alloc-size","256Mi","-mem-alloc-sleep","1s"]""";
        cluster.Apply($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: cruncher, labels: {app: cruncher} }
            spec:
              containers:
              - {name: app, image: vish/stress:v1, resources: {requests: {memory: 9Gi} },
                 args: {{Args(neighbour)}} }
            """);
        Applied<Deployment>(cluster, "bank");
        cluster.Patch<Deployment>("default", "bank", """
            {"spec":{"template":{"spec":{"containers":[{"name":"app","args":
            """ + Args(own) + "}]}}}}");
        cluster.Run(TimeSpan.FromMinutes(2));
        return cluster;
    }

    private static Pod Pod(Cluster cluster, string app) =>
        cluster.List<Pod>().First(p => p.Metadata.Labels["app"] == app);
}

/// <summary>An update that loses no request and cuts off no program at work.</summary>
[Exercise("11-when-things-go-wrong/4", "An end that nobody notices")]
[Hint(1, "Two clocks begin when a Pod is deleted: the nodes forget its address within a second or "
    + "so, and its container is told to stop. Which one should wait for the other?")]
[Hint(2, "preStop runs before SIGTERM, and its time counts within terminationGracePeriodSeconds.")]
[Hint(3, "5 s of preStop and 8 s for the program are 13 s: let the grace be 20.")]
public sealed class UnnoticedEndTests : AppliedTests
{
    [Test, Points(2), Task("An update under load loses no request")]
    public void A_loses_nothing()
    {
        var (_, load) = Updated();
        var lost = load.Seconds.SelectMany(s => s.Lost).GroupBy(l => l.Key)
            .Select(g => $"{g.Key} {g.Sum(l => l.Value):0}").ToList();
        if (load.Seconds.Sum(s => s.Lost.Sum(l => l.Value)) > 0.5)
        {
            Fail($"Requests were lost: {string.Join(", ", lost)}. A Pod that was told to stop "
                + "takes no more connections, and the nodes had not heard of it yet.", "none lost",
                Chart.Load(load));
        }
    }

    [Test, Task("No program is killed at its work")]
    public void B_kills_nobody()
    {
        var (cluster, _) = Updated();
        var killed = cluster.Past(Kinds.Pod).Select(p => p.Event.New).OfType<Pod>()
            .FirstOrDefault(p => p.StatusOf("app")?.State.Terminated?.ExitCode == 137);
        if (killed is not null)
        {
            Fail($"The program in {killed.Metadata.Name} ended with exit code 137: it was killed "
                + "before it had finished what it had begun. It takes 8 s for that, and preStop "
                + "takes its time from the same grace.", "exit code 0", Draw.Timeline(cluster));
        }
    }

    [Test, Task("The update ends within two minutes")]
    public void C_ends_in_time()
    {
        var (cluster, _) = Updated(120);
        if (cluster.List<Pod>().Count(p => p.ControllerOwner is not null) is > 3 and var pods)
        {
            Fail($"After two minutes there are {pods} Pods: who updates or drains a node has to "
                + "wait for the end of the old ones.", "3 Pods", Draw.Timeline(cluster));
        }
    }

    private (Cluster Cluster, LoadRun Load) Updated(int seconds = 50)
    {
        Scenario("Your Deployment of 3, and 100 requests a second from Pod client to Service shop. "
            + $"After 5 s kubectl set env deployment/shop V=2; {seconds} s pass.");
        var cluster = Shop(3);
        if (cluster.List<Pod>().Any(p => p.Spec.Containers[0].Image != "shop:slowstop-8"))
        {
            Fail("The program is shop:slowstop-8; it is not yours to change.");
        }
        cluster.Kubectl("create service clusterip shop --tcp=80");
        cluster.Kubectl("run client --image=busybox:1.36 -- sleep 3600");
        Converge(cluster);
        var load = cluster.Load("client", "http://shop", 100, TimeSpan.FromSeconds(55));
        cluster.Run(TimeSpan.FromSeconds(5));
        cluster.Kubectl("set env deployment/shop V=2");
        cluster.Run(TimeSpan.FromSeconds(seconds));
        return (cluster, load);
    }
}

/// <summary>Why does nobody answer?</summary>
[Exercise("11-when-things-go-wrong/5", "On call", Optional = true)]
[Hint(1, "Walk the way of a start: a node? an image? a program that runs, and how did it end the "
    + "last time? Then the way of a request: an endpoint? the right port?")]
[Hint(2, "p.StatusOf(\"app\") has State and LastState, each with Waiting, Running or Terminated "
    + "(Reason, ExitCode). Between two crashes a container runs: look at LastState.")]
[Hint(3, "137 is a kill. Of the kernel for memory: Reason is OOMKilled. Of the kubelet, after a "
    + "liveness probe: Error.")]
public sealed class OnCallTests : ExerciseFixture<Func<Cluster, string>>
{
    private static readonly (string Fault, string Container, int Port, string App)[] faults =
    [
        ("image", "image: \"shop:nosuch\"", 80, "shop"),
        ("crash", "image: \"shop:exit-1-8\"", 80, "shop"),
        ("memory", "image: polinux/stress, args: [--vm, \"1\", --vm-bytes, 250M], "
            + "resources: {limits: {memory: 100Mi}}", 80, "shop"),
        ("probe", "image: \"busybox:1.36\", command: [sh, -c, \"sleep 90; touch /tmp/up; sleep "
            + "infinity\"], livenessProbe: {exec: {command: [cat, /tmp/up]}}", 80, "shop"),
        ("schedule", "image: \"nginx:1.27\", resources: {requests: {cpu: \"12\"}}", 80, "shop"),
        ("selector", "image: \"nginx:1.27\"", 80, "shpo"),
        ("port", "image: \"nginx:1.27\", ports: [{containerPort: 8080}]", 8080, "shop"),
    ];

    [Test, Task("It does not start: image, schedule")]
    public void A_does_not_start() => Ask("image", "schedule");

    [Test, Points(2), Task("It starts and ends: crash, memory")]
    public void B_ends() => Ask("crash", "memory");

    [Test, Points(2), Task("It is killed: memory or probe?")]
    public void C_is_killed() => Ask("probe", "memory");

    [Test, Points(2), Task("It runs, and nobody reaches it: selector, port")]
    public void D_is_not_reached() => Ask("selector", "port");

    private void Ask(params string[] right)
    {
        foreach (var (fault, container, port, app) in faults.Where(f => right.Contains(f.Fault)))
        {
            // At two moments: while it waits for its next start, and while it runs.
            foreach (var running in (bool[])[false, true])
            {
                var cluster = Broken(container, port, app);
                cluster.RunUntil(c => c.List<Pod>().Any(p => p.StatusOf("app") is { } s
                    && s.RestartCount > 2 && s.State.Running is not null == running),
                    TimeSpan.FromMinutes(4));
                var told = New()(cluster);
                if (told != fault)
                {
                    Fail($"You say {told}, and it is {fault}. {Clue(cluster, fault)}", fault,
                        Draw.Timeline(cluster));
                }
            }
        }
    }

    private static string Clue(Cluster cluster, string fault) => fault switch
    {
        "crash" or "memory" or "probe" => "kubectl get pods says "
            + cluster.Kubectl("get pods --no-headers").Out.Split('\n')[0]
            + ": ask how its container ended the last time, and by whose hand.",
        "port" => "Its endpoints are ready, and refuse: no program listens on the targetPort.",
        _ => "kubectl describe pod says so.",
    };

    private Cluster Broken(string container, int port, string app)
    {
        Scenario("A Deployment shop of one replica, container app, and a Service shop. Some "
            + "minutes pass.");
        var cluster = new Cluster(nodes: 2);
        cluster.Apply($$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: shop}
            spec:
              selector: {matchLabels: {app: shop} }
              template:
                metadata: {labels: {app: shop} }
                spec: {containers: [{name: app, {{container}} }]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: shop}
            spec:
              selector: {app: {{app}} }
              ports: [{port: 80, targetPort: {{port}} }]
            """);
        return cluster;
    }
}

/// <summary>Programs that an exercise leaves as they are.</summary>
internal static class Pinned
{
    /// <summary>Fails unless a container of a Pod runs this script.</summary>
    public static void Same(PodSpec spec, string container, string script)
    {
        var found = spec.InitContainers.Concat(spec.Containers)
            .FirstOrDefault(c => c.Name == container);
        if (found?.Command is not [.., var runs] || runs != script)
        {
            Assert.Fail(found is null ? $"There is no container named {container}."
                : $"The program of {container} is not yours to change. It was: {script}");
        }
    }
}
