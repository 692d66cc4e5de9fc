using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary><c>kubectl logs</c> of what ran on the simulated machines.</summary>
public sealed class LogsTests
{
    private static readonly DateTime start = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static readonly Dictionary<string, string> environment = new(StringComparer.Ordinal)
    {
        ["HOSTNAME"] = "web-0", ["WHO"] = "you",
    };

    [TestCase("echo hello", ExpectedResult = "0 hello")]
    [TestCase("echo one; sleep 5 && echo \"two;  2\"; sleep 90; echo three",
        ExpectedResult = "0 one|5 two;  2")]
    [TestCase("while true; do date; sleep 30; done", ExpectedResult =
        "0 Fri Jan  2 03:04:05 UTC 2026|30 Fri Jan  2 03:04:35 UTC 2026|"
        + "60 Fri Jan  2 03:05:05 UTC 2026")]
    [TestCase("i=0; while true; do echo \"$i: $(date +%T)\"; i=$((i+1)); sleep 40; done",
        ExpectedResult = "0 0: 03:04:05|40 1: 03:04:45")]
    [TestCase("while sleep 25; do echo $(hostname) ${WHO}; done",
        ExpectedResult = "25 web-0 you|50 web-0 you")]
    [TestCase("for n in a b; do for k in $(seq 2); do echo $n$k; done; done",
        ExpectedResult = "0 a1|0 a2|0 b1|0 b2")]
    [TestCase("echo a > /tmp/x; echo b >&2; echo c | grep c; echo -n d; printf '%s!\\n' e",
        ExpectedResult = "0 b|0 c|0 de!")]
    [TestCase("echo '$WHO' && until nslookup db; do echo waiting; sleep 2; done; echo end",
        ExpectedResult = "0 $WHO|0 end")]
    [TestCase("echo up; /app/server; echo down", ExpectedResult = "0 up")]
    [TestCase("while true; do sleep 1; done", ExpectedResult = "")]
    public string A_script_prints(string script) => Printed(["/bin/sh", "-c", script]);

    [Test]
    public void A_command_without_a_shell_prints() =>
        Assert.That(Printed(["echo", "hi", "$WHO"]), Is.EqualTo("0 hi $WHO"));

    private static string Printed(Seq<string> command)
    {
        var process = new ContainerProcess(command,
            new(new(new(), "/root", default), new(environment), true), start, ends: false);
        var all = new PodProcesses();
        all.Add(process);
        all.Advance(start.AddSeconds(60));
        return string.Join('|', process.Lines
            .Select(l => $"{(l.Time - start).TotalSeconds:0} {l.Text}"));
    }

    [Test]
    public void A_restarted_container_has_the_log_before()
    {
        var cluster = new Cluster(nodes: 1);
        Assert.That(cluster.Kubectl("run a --image=busybox -- sh -c 'echo up; sleep 20; exit 3'")
            .ExitCode, Is.Zero);
        Assert.That(cluster.Kubectl("logs a").ToString(), Is.Empty, "not scheduled");
        Assert.That(cluster.RunUntil(c => c.Get<Pod>("a").IsReady, TimeSpan.FromMinutes(1)).Met);
        Assert.That(cluster.Kubectl("logs a").ToString(), Is.EqualTo("up\n"));
        Assert.That(cluster.Kubectl("logs a -p").Error, Is.EqualTo("Error from server "
            + "(BadRequest): previous terminated container \"a\" in pod \"a\" not found\n"));
        Assert.That(cluster.Kubectl("logs a -c b").Error,
            Is.EqualTo("error: container b is not valid for pod a out of: a\n"));
        Assert.That(cluster.RunUntil(
            c => c.Get<Pod>("a").StatusOf("a")!.RestartCount == 1, TimeSpan.FromMinutes(2)).Met);
        var stamped = cluster.Kubectl("logs a -p --timestamps").Out;
        Assert.That(stamped, Does.Match("^2\\d{3}-..-..T..:..:..\\.\\d{9}Z up\n$"));
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(cluster.Kubectl("logs a --since=1s").ToString(), Is.Empty);
        Assert.That(cluster.Kubectl("logs a --tail=0").ToString(), Is.Empty);
        Assert.That(cluster.Fork().Kubectl("logs a -p --timestamps").Out, Is.EqualTo(stamped));
    }

    [Test]
    public void A_container_that_waits_has_no_log()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl("run a --image=nosuch");
        string Why(string reason)
        {
            Assert.That(cluster.RunUntil(c => c.Get<Pod>("a").StatusOf("a")?.State.Waiting?.Reason
                == reason, TimeSpan.FromMinutes(1)).Met);
            return cluster.Kubectl("logs a").Error.Split("waiting to start: ")[1];
        }

        Assert.That(Why("ContainerCreating"), Is.EqualTo("ContainerCreating\n"));
        Assert.That(Why("ErrImagePull"), Is.EqualTo("image can't be pulled\n"));
        Assert.That(Why("ImagePullBackOff"), Is.EqualTo("trying and failing to pull image\n"));
    }

    [Test]
    public void A_known_image_prints_its_start()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Kubectl("create deployment web --image=nginx:1.27 --replicas=2");
        cluster.Kubectl("rollout status deploy/web");
        var logs = cluster.Kubectl("logs deploy/web --tail=1");
        Assert.That(logs.Error, Does.Match("^Found 2 pods, using pod/web-.*\n$"));
        Assert.That(logs.Out, Does.EndWith(" [notice] 1#1: start worker processes\n"));
    }

    [Test]
    public void Logs_are_followed_until_the_container_ends()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl("run a --image=busybox --restart=Never -- sh -c "
            + "'echo one; sleep 5; echo two; sleep 5; echo three'");
        Assert.That(cluster.RunUntil(c => c.Get<Pod>("a").IsReady, TimeSpan.FromMinutes(1)).Met);
        Assert.That(cluster.Kubectl("logs -f a --prefix").ToString(), Is.EqualTo(
            "[pod/a/a] one\n[pod/a/a] two\n[pod/a/a] three\n"));
    }

    [Test]
    public void A_young_workload_is_waited_for()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl("create deployment web --image=nginx:1.27");
        Assert.That(cluster.Kubectl("logs deploy/web").ToString(), Is.Empty, "no node yet");
        Assert.That(cluster.Kubectl("logs ds/web").Error, Is.EqualTo("error: error from server "
            + "(NotFound): daemonsets.apps \"web\" not found in namespace \"default\"\n"));
    }
}
