using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What scripts in containers do to files, and find in them.</summary>
public sealed class ContainerFilesTests
{
    private static Cluster With(string yaml)
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Apply(yaml);
        return cluster;
    }

    private const string Racing = """
        apiVersion: v1
        kind: Pod
        metadata: {name: race}
        spec:
          volumes: [{name: shared, emptyDir: {}}]
          containers:
          - name: slow
            image: busybox
            command: [sh, -c, "sleep 20; echo hello > /shared/ready; sleep infinity"]
            volumeMounts: [{name: shared, mountPath: /shared}]
          - name: waits
            image: busybox
            command: [sh, -c, "until [ -f /seen/ready ]; do sleep 1; done; cat /seen/ready; exit 3"]
            volumeMounts: [{name: shared, mountPath: /seen}]
          restartPolicy: Never
        """;

    [Test]
    public void A_container_waits_for_a_file_that_another_one_makes()
    {
        var cluster = With(Racing);
        cluster.Run(TimeSpan.FromSeconds(19));
        Assert.That(cluster.Get<Pod>("race").StatusOf("waits")!.State!.Running, Is.Not.Null);
        cluster.Run(TimeSpan.FromSeconds(8));
        var ended = cluster.Get<Pod>("race").StatusOf("waits")!.State!.Terminated!;
        var began = cluster.Get<Pod>("race").StatusOf("slow")!.State!.Running!.StartedAt;
        Assert.Multiple(() =>
        {
            Assert.That(ended.ExitCode, Is.EqualTo(3));
            Assert.That((ended.FinishedAt!.Value - began!.Value).TotalSeconds,
                Is.InRange(20, 22));
            Assert.That(cluster.Kubectl("logs race -c waits").Out, Is.EqualTo("hello\n"));
        });
    }

    [Test]
    public void What_exec_writes_is_there_for_a_probe_and_after_a_rewind()
    {
        var cluster = With("""
            apiVersion: v1
            kind: Pod
            metadata: {name: gate}
            spec:
              containers:
              - name: main
                image: busybox
                command: [sleep, infinity]
                readinessProbe: {exec: {command: [test, -f, /tmp/open]}, periodSeconds: 2}
            """);
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(cluster.Get<Pod>("gate").IsReady, Is.False);
        var result = cluster.Kubectl("exec gate -- sh -c 'echo yes > /tmp/open; cat /tmp/open'");
        Assert.That(result.Out, Is.EqualTo("yes\n"));
        cluster.Run(TimeSpan.FromSeconds(3));
        Assert.That(cluster.Get<Pod>("gate").IsReady, "the probe found the file");
        var fork = cluster.Fork();
        Assert.That(fork.Exec("gate", "cat", "/tmp/open")!.Stdout, Is.EqualTo("yes\n"));
        var missing = cluster.Kubectl("exec gate -- cat /tmp/none");
        Assert.That((missing.ExitCode, missing.Error), Is.EqualTo((1, "cat: can't open "
            + "'/tmp/none': No such file or directory\ncommand terminated with exit code 1\n")));
    }

    private const string Colours = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: colours}
        data: {tone: blue, size: "3"}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: shows, labels: {app: shows}}
        spec:
          volumes:
          - {name: map, configMap: {name: colours}}
          - name: me
            downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}
          containers:
          - name: main
            image: busybox
            command: [sh, -c, "echo $TONE $(MY_NAME); exec sleep infinity"]
            env:
            - {name: TONE, valueFrom: {configMapKeyRef: {name: colours, key: tone}}}
            - {name: MY_NAME, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
            volumeMounts:
            - {name: map, mountPath: /etc/colours}
            - {name: map, mountPath: /etc/tone, subPath: tone}
            - {name: me, mountPath: /me}
        """;

    [Test]
    public void A_changed_ConfigMap_reaches_its_volume_late_and_nothing_else()
    {
        var cluster = With(Colours);
        cluster.RunUntil(c => c.Get<Pod>("shows").IsReady);
        string Read(string path) => cluster.Exec("shows", "cat", path)!.Stdout;
        Assert.That(cluster.Kubectl("logs shows").Out, Is.EqualTo("blue shows\n"));
        Assert.That(Read("/etc/tone") + Read("/me/name"), Is.EqualTo("blueshows"));
        cluster.Kubectl("patch configmap colours -p '{\"data\":{\"tone\":\"red\"}}'");
        var edited = cluster.Now;
        Assert.That(Read("/etc/colours/tone"), Is.EqualTo("blue"), "not at once");
        cluster.RunUntil(_ => false, TimeSpan.FromSeconds(91));
        Assert.Multiple(() =>
        {
            Assert.That(Read("/etc/colours/tone"), Is.EqualTo("red"));
            Assert.That(Read("/etc/tone"), Is.EqualTo("blue"), "subPath");
            Assert.That(cluster.Exec("shows", "printenv", "TONE")!.Stdout, Is.EqualTo("blue\n"),
                "a variable");
            Assert.That(cluster.Exec("shows", "ls", "/etc/colours")!.Stdout,
                Is.EqualTo("size\ntone\n"));
            Assert.That(cluster.Exec("shows", "touch", "/etc/colours/new")!.Stderr,
                Does.Contain("Read-only file system"));
            Assert.That(cluster.Now - edited, Is.LessThan(TimeSpan.FromSeconds(92)));
        });
    }

    [TestCase("trap 'echo bye; exit 0' TERM; while true; do sleep 1; done", 2, "bye\n")]
    [TestCase("while true; do sleep 1; done", 31, "")]
    [TestCase("trap 'echo bye; exit 0' TERM; sleep 600 & wait", 2, "bye\n")]
    public void A_script_ends_at_SIGTERM_only_if_it_says_so(
        string script, int atMost, string printed)
    {
        var cluster = With($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: a}
            spec:
              containers:
              - {name: main, image: busybox, command: [sh, -c, "{{script}}"]}
            """);
        cluster.RunUntil(c => c.Get<Pod>("a").IsReady);
        var before = cluster.Now;
        cluster.Kubectl("delete pod a --wait=false");
        cluster.RunUntil(c => c.Get<Pod>("a").StatusOf("main")!.State!.Terminated is not null
            || c.Find<Pod>("default", "a") is null, TimeSpan.FromMinutes(1));
        Assert.That((cluster.Now - before).TotalSeconds, Is.InRange(atMost - 2, atMost + 2));
        Assert.That(cluster.Kubectl("logs a").Out, Is.EqualTo(printed));
    }

    [Test]
    public void An_init_container_waits_until_a_Service_answers()
    {
        var cluster = With("""
            apiVersion: v1
            kind: Pod
            metadata: {name: waits}
            spec:
              initContainers:
              - name: check
                image: busybox
                command: [sh, -c, "until wget -qO- http://db; do sleep 2; done"]
              containers: [{name: main, image: nginx}]
            """);
        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.That(cluster.Get<Pod>("waits").Status.Phase, Is.EqualTo("Pending"));
        Assert.That(cluster.Kubectl("logs waits -c check").Out,
            Does.StartWith("wget: bad address 'db'\n"));
        cluster.Kubectl("create deployment db --image=nginx");
        cluster.Kubectl("expose deployment db --port=80");
        cluster.Run(TimeSpan.FromSeconds(15));
        Assert.That(cluster.Get<Pod>("waits").IsReady);
    }

    [Test]
    public void Containers_of_a_pod_reach_each_other_by_localhost()
    {
        var cluster = With("""
            apiVersion: v1
            kind: Pod
            metadata: {name: pair}
            spec:
              containers:
              - {name: server, image: nginx}
              - name: asks
                image: busybox
                command: [sh, -c, "sleep 5; wget -qO- http://localhost/ && nc -z localhost 80
                  && echo there; nc -z 127.0.0.1 81 || sleep infinity"]
            """);
        cluster.Run(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Kubectl("logs pair -c asks").Out, Is.EqualTo(
            "there\nnc: can't connect to remote host (127.0.0.1): Connection refused\n"));
    }

    [Test]
    public void A_probe_finds_what_somebody_did_by_exec()
    {
        var cluster = With("""
            apiVersion: v1
            kind: Pod
            metadata: {name: a}
            spec:
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "touch /tmp/up; sleep infinity"]
                livenessProbe: {exec: {command: [cat, /tmp/up]}, periodSeconds: 5}
            """);
        cluster.Run(TimeSpan.FromSeconds(20));
        cluster.Exec("a", "rm", "/tmp/up");
        // 15 s of probes, 30 s of grace.
        cluster.Run(TimeSpan.FromSeconds(48));
        Assert.That(cluster.Get<Pod>("a").StatusOf("main")!.RestartCount, Is.EqualTo(1));
    }

    [Test]
    public void A_restart_empties_the_container_and_leaves_its_volumes()
    {
        var cluster = With("""
            apiVersion: v1
            kind: Pod
            metadata: {name: a}
            spec:
              volumes: [{name: data, emptyDir: {}}]
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "ls /tmp /data; touch /tmp/own /data/kept; sleep 5; exit 1"]
                volumeMounts: [{name: data, mountPath: /data}]
            """);
        cluster.RunUntil(c => c.Get<Pod>("a").StatusOf("main") is { RestartCount: 1 },
            TimeSpan.FromMinutes(2));
        cluster.Run(TimeSpan.FromSeconds(2));
        Assert.That(cluster.Kubectl("logs a").Out, Is.EqualTo("kept\n"));
    }

    [TestCase("set -e; false; echo no", "")]
    [TestCase("if grep -q x /etc/none 2>/dev/null; then echo a; else echo b; fi", "b\n")]
    [TestCase("for i in 1 2 3; do [ $i -eq 2 ] && continue; echo $i; done", "1\n3\n")]
    [TestCase("printf 'b\\na\\n' | sort | head -n 1", "a\n")]
    [TestCase("x=a.tar.gz; echo ${x%%.*} ${x##*.} ${#x} ${y:-none}", "a gz 8 none\n")]
    [TestCase("f() { echo \"<$1>\"; return 4; }; f 'a b'; echo $?", "<a b>\n4\n")]
    [TestCase("case web-0 in db-*) echo db;; web-*) echo web;; esac", "web\n")]
    [TestCase("cat <<EOF > /tmp/f\nline $((2*3))\nEOF\nwc -l < /tmp/f; cat /tmp/f", "1\nline 6\n")]
    [TestCase("(cd /tmp; x=1; touch y); echo [$x]; ls /tmp/y", "[]\n/tmp/y\n")]
    [TestCase("i=3; while [ $i -gt 0 ]; do echo $i; i=$((i-1)); done | tr '\\n' ' '", "3 2 1 ")]
    [TestCase("[[ abc =~ ^a ]] && ! false && echo ok || echo no", "ok\n")]
    [TestCase("printf 'a:1\\nb:2\\n' | awk -F: '/^b/{print $2, $1}'", "2 b\n")]
    [TestCase("x=$(cat /etc/none 2>/dev/null) || echo $?; x=$(echo a) && echo $x", "1\na\n")]
    [TestCase("echo hi; fi", "sh: syntax error: unexpected \"fi\"\n")]
    public void A_shell_does_what_shells_do(string script, string printed)
    {
        var files = new SimFiles();
        var place = new ShellPlace(new(files, "/root", default),
            new(StringComparer.Ordinal), true);
        var (result, _) = new ShellExec(place, DateTime.UnixEpoch)
            .Run(["sh", "-c", script], TimeSpan.FromMinutes(1));
        Assert.That(result!.Stdout + result.Stderr, Is.EqualTo(printed));
    }
}
