using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The life of a pod on its node, as a person writes it and sees it.</summary>
public sealed class KubeletLifeTests
{
    private static Cluster With(string spec, int seconds = 20, string name = "p", string meta = "")
    {
        var cluster = new Cluster(nodes: 1);
        Add(cluster, spec, name, meta);
        cluster.Run(TimeSpan.FromSeconds(seconds));
        return cluster;
    }

    private static void Add(Cluster cluster, string spec, string name = "p", string meta = "") =>
        cluster.Apply($"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}{meta}}}\nspec:\n"
            + string.Join('\n', spec.Split('\n').Select(l => "  " + l)));

    private static string[] Events(Cluster cluster, string name = "p") =>
        [.. cluster.List<Event>().Where(e => e.InvolvedObject.Name == name)
            .Select(e => $"{e.Type} {e.Reason}: {e.Message}")];

    private static string Fate(Pod pod) =>
        $"{pod.Status.Phase} {pod.Status.Reason}: {pod.Status.Message}";

    [Test]
    public void A_container_reads_its_names_in_files()
    {
        var cluster = With("""
            hostname: web-0
            subdomain: web
            hostAliases: [{ip: 10.1.2.3, hostnames: [db, db.local]}]
            containers: [{name: c, image: busybox, command: [sleep, "3600"]}]
            """);

        Assert.That(cluster.Kubectl("exec p -- cat /etc/hosts").Out, Is.EqualTo(
            "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"
            + "::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
            + "fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
            + "10.244.1.2\tweb-0.web.default.svc.cluster.local\tweb-0\n\n"
            + "# Entries added by HostAliases.\n10.1.2.3\tdb\tdb.local\n"));
        Assert.That(cluster.Kubectl("exec p -- sh -c 'hostname; cat /etc/hostname'").Out,
            Is.EqualTo("web-0\nweb-0\n"));
        Assert.That(cluster.Kubectl("exec p -- sh -c 'grep search /etc/resolv.conf'").Out,
            Is.EqualTo("search default.svc.cluster.local svc.cluster.local cluster.local\n"));
    }

    [TestCase("localhost", "<h1>Welcome to nginx!</h1>\n")]
    [TestCase("127.0.0.1:80", "<h1>Welcome to nginx!</h1>\n")]
    [TestCase("localhost:81", "Connection refused\n")]
    public void A_container_asks_its_neighbour_by_localhost(string url, string answer)
    {
        var cluster = With("""
            containers:
            - {name: c, image: busybox, command: [sleep, "3600"]}
            - {name: server, image: nginx}
            """);
        var said = cluster.Kubectl($"exec p -c c -- wget -qO- http://{url}");

        Assert.That(said.Out + said.Error, Does.Contain(answer));
    }

    [Test]
    public void Without_a_kubelet_nobody_carries_out_a_command()
    {
        var cluster = With("containers: [{name: c, image: nginx}]");
        cluster.Faults.Crash("kubelet/node-1");

        Assert.That(cluster.Kubectl("exec p -- ls").Error, Is.EqualTo("Error from server: error "
            + "dialing backend: dial tcp 172.18.0.2:10250: connect: connection refused\n"));
    }

    [Test]
    public void A_pod_with_the_nodes_network_reads_the_nodes_names()
    {
        var cluster = With("""
            hostNetwork: true
            containers: [{name: c, image: busybox, command: [sleep, "3600"]}]
            """);

        Assert.That(cluster.Kubectl("exec p -- head -n 2 /etc/hosts").Out, Is.EqualTo(
            "# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n"));
        Assert.That(cluster.Kubectl("exec p -- hostname").Out, Is.EqualTo("node-1\n"));
    }

    [Test]
    public void The_first_container_knows_its_address()
    {
        var cluster = With("""
            containers:
            - name: c
              image: busybox
              command: [sh, -c, 'echo $IP; sleep 3600']
              env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
            """);

        Assert.That(cluster.Kubectl("logs p").Out, Is.EqualTo("10.244.1.2\n"));
    }

    private static IEnumerable<TestCaseData> Refused() =>
    [
        new("containers: [{name: c, image: nginx, ports: [{containerPort: 80, hostPort: 80}]}]",
            "", "NodePorts: Pod was rejected: Predicate NodePorts failed: node(s) didn't have free "
            + "ports for the requested pod ports"),
        new("nodeSelector: {disk: ssd}\ncontainers: [{name: c, image: nginx}]", "",
            "NodeAffinity: Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match "
            + "Pod's node affinity/selector"),
        new("os: {name: windows}\ncontainers: [{name: c, image: nginx}]", "",
            "PodOSNotSupported: Pod was rejected: Failed to admit pod as the OS field doesn't "
            + "match node OS"),
        new("containers: [{name: c, image: nginx}]", ", labels: {kubernetes.io/os: windows}",
            "PodOSSelectorNodeLabelDoesNotMatch: Pod was rejected: Failed to admit pod as the "
            + "`kubernetes.io/os` label doesn't match node label"),
        new("containers: [{name: c, image: nginx, resources: {requests: {cpu: 2500m}}}]", "",
            "OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 2500, "
            + "used: 2000, capacity: 4000"),
        new("containers: [{name: c, image: nginx, resources: {requests: {memory: 20Gi}}}]", "",
            "OutOfmemory: Pod was rejected: Node didn't have enough resource: memory, requested: "
            + "21474836480, used: 0, capacity: 17179869184"),
    ];

    [TestCaseSource(nameof(Refused))]
    public void A_pod_that_names_its_node_itself_is_refused_by_the_node(
        string spec, string meta, string fate)
    {
        var cluster = With("""
            nodeName: node-1
            containers:
            - {name: c, image: nginx, ports: [{containerPort: 80, hostPort: 80}],
               resources: {requests: {cpu: "2"}}}
            """, 5, "first");
        Add(cluster, "nodeName: node-1\n" + spec, meta: meta);
        cluster.Run(TimeSpan.FromSeconds(5));
        var pod = cluster.Get<Pod>("p");

        Assert.That(Fate(pod), Is.EqualTo("Failed " + fate));
        Assert.That(Events(cluster), Is.EqualTo(new[]
        {
            "Warning " + fate.Replace("Pod was rejected: ", "", StringComparison.Ordinal),
        }));
        Assert.That(pod.Status.ContainerStatuses, Is.Empty);
    }

    [Test]
    public void A_taint_of_effect_NoExecute_refuses_those_that_come_past_the_scheduler()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Faults.Crash("taint-eviction-controller");
        cluster.Kubectl("taint node node-1 a=b:NoExecute");
        cluster.Run(TimeSpan.FromSeconds(1));
        Add(cluster, "nodeName: node-1\ncontainers: [{name: c, image: nginx}]");
        cluster.Run(TimeSpan.FromSeconds(5));

        Assert.That(Fate(cluster.Get<Pod>("p")), Is.EqualTo("Failed TaintToleration: Pod was "
            + "rejected: Predicate TaintToleration failed: node(s) had taints that the pod didn't "
            + "tolerate"));
    }

    [Test]
    public void A_critical_pod_takes_the_place_of_as_few_as_will_do()
    {
        static string Of(string cpu, string more = "") => $"nodeName: node-1\n{more}containers: "
            + $"[{{name: c, image: nginx, resources: {{requests: {{cpu: \"{cpu}\"}}}}}}]";
        var cluster = new Cluster(nodes: 1);
        foreach (var (name, cpu) in new[] { ("a", "1"), ("b", "1"), ("c", "2") })
        {
            Add(cluster, Of(cpu), name);
        }
        cluster.Run(TimeSpan.FromSeconds(10));
        Add(cluster, Of("2", "priorityClassName: system-node-critical\n"), "vital");
        Assert.That(cluster.RunUntil(c => c.Get<Pod>("vital").IsReady).Met);
        var gone = cluster.Get<Pod>("c");

        Assert.That(Fate(gone), Is.EqualTo(
            "Failed Preempting: Preempted in order to admit critical pod"));
        Assert.That(gone.Condition("DisruptionTarget")?.Message, Is.EqualTo(
            "Pod was preempted by Kubelet to accommodate a critical pod."));
        Assert.That(Events(cluster, "c"), Does.Contain(
            "Warning Preempting: Preempted in order to admit critical pod"));
        Assert.That(cluster.Get<Pod>("a").IsReady && cluster.Get<Pod>("b").IsReady);

        Add(cluster, Of("3", "priorityClassName: system-node-critical\n"), "more");
        cluster.RunUntil(c => c.Get<Pod>("more").IsFinished);
        Assert.That(Fate(cluster.Get<Pod>("more")), Is.EqualTo("Failed UnexpectedAdmissionError: "
            + "Pod was rejected: Unexpected error while attempting to recover from admission "
            + "failure: preemption: error finding a set of pods to preempt: no set of running "
            + "pods found to reclaim resources: [(res: cpu, q: 1000), ]"));
    }

    [Test]
    public void A_pod_that_is_active_for_too_long_is_ended()
    {
        var cluster = With("""
            activeDeadlineSeconds: 30
            containers: [{name: c, image: nginx}]
            """, 29);
        Assert.That(cluster.Get<Pod>("p").IsReady);
        cluster.Run(TimeSpan.FromSeconds(10));

        Assert.That(Fate(cluster.Get<Pod>("p")), Is.EqualTo("Failed DeadlineExceeded: Pod was "
            + "active on the node longer than the specified deadline"));
        Assert.That(Events(cluster), Does.Contain("Normal DeadlineExceeded: Pod was active on the "
            + "node longer than the specified deadline"));
    }

    [Test]
    public void A_postStart_hook_runs_before_the_container_counts_as_running()
    {
        var cluster = With("""
            containers:
            - name: c
              image: busybox
              command: [sh, -c, 'sleep 3600']
              lifecycle: {postStart: {exec: {command: [sh, -c, 'sleep 5; echo hi > /tmp/hook']}}}
            """, 5);
        Assert.That(cluster.Get<Pod>("p").Status.Phase, Is.EqualTo("Pending"));
        cluster.Run(TimeSpan.FromSeconds(10));

        Assert.That(cluster.Get<Pod>("p").IsReady);
        Assert.That(cluster.Kubectl("exec p -- cat /tmp/hook").Out, Is.EqualTo("hi\n"));
    }

    [Test]
    public void A_postStart_hook_that_fails_kills_its_container()
    {
        var cluster = With("""
            terminationGracePeriodSeconds: 2
            containers:
            - name: c
              image: busybox
              command: [sh, -c, 'sleep 3600']
              lifecycle: {postStart: {exec: {command: [sh, -c, 'echo oh >&2; exit 3']}}}
            """, 6);
        var pod = cluster.Get<Pod>("p");
        var waiting = pod.Status.ContainerStatuses[0];

        Assert.That($"{waiting.State.Waiting?.Reason} {waiting.State.Waiting?.Message}",
            Is.EqualTo("PostStartHookError Exec lifecycle hook ([sh -c echo oh >&2; exit 3]) for "
            + $"Container \"c\" in Pod \"p_default({pod.Metadata.Uid})\" failed - error: command "
            + "'sh -c echo oh >&2; exit 3' exited with 3: oh\n, message: \"oh\\n\""));
        Assert.That(waiting.LastState.Terminated?.ExitCode, Is.EqualTo(137));
        Assert.That(Events(cluster), Is.SupersetOf(new[]
        {
            "Warning FailedPostStartHook: PostStartHook failed",
            "Normal Killing: FailedPostStartHook",
        }));
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.That(cluster.Get<Pod>("p").Restarts, Is.GreaterThan(1));
    }

    [Test]
    public void A_preStop_hook_that_fails_is_told_and_stops_nothing()
    {
        var cluster = With("""
            containers:
            - name: c
              image: nginx
              lifecycle: {preStop: {httpGet: {port: 8080, path: /bye}}}
            """);
        cluster.Delete(cluster.Get<Pod>("p"));
        cluster.Run(TimeSpan.FromSeconds(5));

        Assert.That(cluster.List<Pod>(), Is.Empty);
        Assert.That(Events(cluster), Does.Contain("Warning FailedPreStopHook: PreStopHook failed"));
    }

    [Test]
    public void A_server_that_its_hook_tells_to_quit_is_gone_before_the_signal()
    {
        var cluster = With("""
            containers:
            - name: c
              image: nginx
              lifecycle:
                preStop:
                  exec:
                    command: [sh, -c, nginx -s quit; while killall -0 nginx; do sleep 1; done]
            """);
        cluster.Delete(cluster.Get<Pod>("p"));
        cluster.Run(TimeSpan.FromSeconds(3));

        Assert.That(cluster.List<Pod>(), Is.Empty);
        Assert.That(Events(cluster), Has.None.Contain("FailedPreStopHook"));
    }

    [Test]
    public void A_delay_that_has_grown_is_ten_seconds_again_after_ten_quiet_minutes()
    {
        var cluster = With("""
            containers: [{name: c, image: busybox:exit-1-2}]
            """, 400);
        string? Told() => cluster.Get<Pod>("p").Status.ContainerStatuses[0].State.Waiting?.Message;
        Assert.That(cluster.RunUntil(_ => Told()?.StartsWith("back-off 5m0s") == true).Met);

        var quiet = With("""
            containers: [{name: c, image: busybox:exit-1-660}]
            """, 4000);
        Assert.That(quiet.Get<Pod>("p").Restarts, Is.EqualTo(5).Within(1));
        Assert.That(Events(quiet), Has.None.Contain("BackOff"));
    }

    [Test]
    public void Names_of_hostAliases_are_not_asked_of_DNS()
    {
        var cluster = With("containers: [{name: c, image: nginx}]", 10, "web");
        var ip = cluster.Get<Pod>("web").Status.PodIP;
        Add(cluster, $"""
            hostAliases: [{"{"}ip: {ip}, hostnames: [shop.example]{"}"}]
            containers: [{"{"}name: c, image: busybox, command: [sleep, "3600"]{"}"}]
            """);
        cluster.Run(TimeSpan.FromSeconds(10));

        Assert.That(cluster.Kubectl("exec p -- curl http://shop.example/").Out,
            Does.Contain("Welcome to nginx!"));
    }

    [TestCase("httpGet: {port: 8080}", "Get \"http://10.244.1.2:8080/\": dial tcp "
        + "10.244.1.2:8080: connect: connection refused")]
    [TestCase("tcpSocket: {port: 81}", "dial tcp 10.244.1.2:81: connect: connection refused")]
    [TestCase("grpc: {port: 9}", "timeout: failed to connect service \"10.244.1.2:9\" within 1s: "
        + "context deadline exceeded")]
    [TestCase("httpGet: {port: 80, path: /healthz}", "HTTP probe failed with statuscode: 404")]
    [TestCase("exec: {command: [sh, -c, 'echo no; exit 1']}", "no")]
    [TestCase("exec: {command: [sleep, '2']}",
        "command timed out: \"sleep 2\" timed out after 1s")]
    public void A_probe_asks_what_the_program_really_answers(string probe, string output)
    {
        var cluster = With($$"""
            containers: [{name: c, image: nginx, readinessProbe: { {{probe}} } }]
            """, 40);

        Assert.That(cluster.Get<Pod>("p").IsReady, Is.False);
        Assert.That(Events(cluster),
            Does.Contain($"Warning Unhealthy: Readiness probe failed: {output}"));
    }

    [Test]
    public void A_probe_of_a_port_without_that_name_says_nothing()
    {
        var cluster = With("""
            containers: [{name: c, image: nginx, livenessProbe: {httpGet: {port: web}}}]
            """, 60);

        Assert.That(cluster.Get<Pod>("p") is { IsReady: true, Restarts: 0 });
        Assert.That(Events(cluster), Does.Contain("Warning Unhealthy: Liveness probe errored and "
            + "resulted in unknown state: strconv.Atoi: parsing \"web\": invalid syntax"));
    }

    [Test]
    public void An_unknown_program_passes_its_probes()
    {
        var cluster = With("""
            containers: [{name: c, image: example.com/mine, readinessProbe: {httpGet: {port: 1}}}]
            """, 30);

        Assert.That(cluster.Get<Pod>("p").IsReady);
    }

    [Test]
    public void A_readiness_gate_opens_when_somebody_writes_its_condition()
    {
        var cluster = With("""
            readinessGates: [{conditionType: example.com/open}]
            containers: [{name: c, image: nginx}]
            """);
        Assert.That(cluster.Get<Pod>("p").Condition("Ready")?.Message, Is.EqualTo("corresponding "
            + "condition of pod readiness gate \"example.com/open\" does not exist."));
        cluster.Kubectl("patch pod p --subresource=status -p "
            + """'{"status":{"conditions":[{"type":"example.com/open","status":"True"}]}}'""");
        cluster.Run(TimeSpan.FromSeconds(5));

        Assert.That(cluster.Get<Pod>("p").IsReady);
    }

    [TestCase("echo why > /dev/termination-log; exit 3", "", "why\n")]
    [TestCase("echo first; echo last; exit 3", "FallbackToLogsOnError", "first\nlast\n")]
    [TestCase("echo first; exit 0", "FallbackToLogsOnError", null)]
    [TestCase("echo first; exit 3", "", null)]
    public void A_container_leaves_a_message(string script, string policy, string? message)
    {
        var cluster = With($"""
            restartPolicy: Never
            containers:
            - name: c
              image: busybox
              command: [sh, -c, '{script}']
              terminationMessagePolicy: {(policy.Length > 0 ? policy : "File")}
            """);

        Assert.That(cluster.Get<Pod>("p").Status.ContainerStatuses[0].State.Terminated?.Message,
            Is.EqualTo(message));
    }

    [Test]
    public void A_rule_of_a_container_starts_it_again_in_a_pod_that_never_does()
    {
        var cluster = With("""
            restartPolicy: Never
            containers:
            - name: c
              image: busybox
              command: [sh, -c, "sleep 2; [ -e /d/x ] && exit 0; touch /d/x; exit 42"]
              restartPolicy: Never
              restartPolicyRules:
              - {action: Restart, exitCodes: {operator: In, values: [42]}}
              volumeMounts: [{name: d, mountPath: /d}]
            volumes: [{name: d, emptyDir: {}}]
            """, 40);
        var pod = cluster.Get<Pod>("p");

        Assert.That((pod.Status.Phase, pod.Restarts), Is.EqualTo(("Succeeded", 1)));
    }

    private const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          terminationGracePeriodSeconds: 5
          containers: [{name: c, image: busybox, command: [sleep, "3600"]}]
        """;

    private const string Path = "/etc/kubernetes/manifests/web.yaml";

    private static Cluster WithStatic()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.WriteFile("node-1", Path, Manifest);
        cluster.Run(TimeSpan.FromSeconds(10));
        return cluster;
    }

    [Test]
    public void A_file_of_a_node_is_a_pod_that_the_API_only_mirrors()
    {
        var cluster = WithStatic();
        var mirror = cluster.Get<Pod>("web-node-1");
        var notes = mirror.Metadata.Annotations;

        Assert.That(mirror.IsReady);
        Assert.That(mirror.Metadata.OwnerReferences.Single() is
            { Kind: "Node", Name: "node-1", Controller: true });
        Assert.That(notes.Get("kubernetes.io/config.source"), Is.EqualTo("file"));
        Assert.That(notes.Get("kubernetes.io/config.hash"), Does.Match("^[0-9a-f]{32}$"));
        Assert.That(notes.Get("kubernetes.io/config.mirror"),
            Is.EqualTo(notes.Get("kubernetes.io/config.hash")));
        Assert.That(mirror.Spec.ServiceAccountName, Is.Null);
        Assert.That(Events(cluster, "web-node-1"), Does.Contain("Normal Started: Container started")
            .And.None.Contain("Scheduled"));
        Assert.That(cluster.Kubectl("describe pod web-node-1").Out, Does.Contain(
            "Controlled By:  Node/node-1").And.Contain("Container started"));
    }

    [Test]
    public void Whoever_deletes_a_mirror_finds_it_again_and_its_containers_never_noticed()
    {
        var cluster = WithStatic();
        var before = cluster.Get<Pod>("web-node-1");
        cluster.Kubectl("delete pod web-node-1 --wait=false");
        cluster.Run(TimeSpan.FromSeconds(1));
        var after = cluster.Get<Pod>("web-node-1");

        Assert.That(after.Metadata.Uid, Is.Not.EqualTo(before.Metadata.Uid));
        Assert.That(after.Status, Is.EqualTo(before.Status));
        cluster.Faults.Crash("kubelet/node-1");
        cluster.Run(TimeSpan.FromSeconds(20));
        cluster.Faults.Restore("kubelet/node-1");
        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.That(cluster.Get<Pod>("web-node-1").Status, Is.EqualTo(before.Status));
    }

    [Test]
    public void Only_its_file_changes_a_static_pod()
    {
        var cluster = WithStatic();
        var before = cluster.Get<Pod>("web-node-1");
        cluster.WriteFile("node-1", Path,
            Manifest.Replace("busybox", "nginx").Replace(", command: [sleep, \"3600\"]", ""));
        cluster.Run(TimeSpan.FromSeconds(3));
        Assert.That(cluster.Get<Pod>("web-node-1"), Is.EqualTo(before), "it ends with its grace");
        cluster.Run(TimeSpan.FromSeconds(10));
        var after = cluster.Get<Pod>("web-node-1");
        Assert.That(after.IsReady && after.Spec.Containers[0].Image == "nginx");
        Assert.That(after.Metadata.Uid, Is.Not.EqualTo(before.Metadata.Uid));

        var copy = cluster.Fork();
        Assert.That(cluster.Shell("node-1", "ls /etc/kubernetes/manifests"),
            Is.EqualTo("web.yaml"));
        Assert.That(cluster.Shell("node-1", $"rm {Path}"), Is.Empty);
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(cluster.List<Pod>(), Is.Empty);
        Assert.That(copy.Get<Pod>("web-node-1").IsReady);
        Assert.That(cluster.SaveJournal(), Does.Contain("\"file\":{\"node\":\"node-1\""));
    }

    [Test]
    public void A_static_pod_may_not_refer_to_what_lives_in_the_API()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.WriteFile("node-1", Path, Manifest + "\n  volumes: [{name: v, configMap: "
            + "{name: settings}}]");
        cluster.Run(TimeSpan.FromSeconds(10));

        Assert.That(cluster.List<Pod>(), Is.Empty);
    }

    [Test]
    public void A_container_for_debugging_joins_a_running_pod()
    {
        var cluster = With("""
            containers: [{name: c, image: nginx}]
            """);
        var before = cluster.Get<Pod>("p").Status.ContainerStatuses;
        var said = cluster.Kubectl(
            "debug p --image=busybox -c look --target=c -- sh -c 'hostname'");
        cluster.Run(TimeSpan.FromSeconds(10));
        var pod = cluster.Get<Pod>("p");

        Assert.That(said.Error, Does.StartWith("Targeting container \"c\"."));
        Assert.That(pod.Status.EphemeralContainerStatuses.Single().State.Terminated?.Reason,
            Is.EqualTo("Completed"));
        Assert.That(pod.IsReady);
        Assert.That(pod.Status.ContainerStatuses, Is.EqualTo(before));
        Assert.That(cluster.Kubectl("logs p -c look").Out, Is.EqualTo("p\n"));
        Assert.That(cluster.Kubectl("describe pod p").Out, Does.Contain(
            "Ephemeral Containers:\n  look:").And.Contain("spec.ephemeralContainers{look}: "));

        cluster.Kubectl("debug p --image=busybox -i -c shell");
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Kubectl("exec p -c shell -- hostname").Out, Is.EqualTo("p\n"));
    }
}
