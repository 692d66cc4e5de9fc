using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Containers and their logs as somebody logged in to a machine sees them.</summary>
public sealed class NodeToolTests
{
    private const string Docker = "kubelet.container-runtime-endpoint=/var/run/cri-dockerd.sock";

    private static Cluster WithScript(string script, params string[] settings)
    {
        var cluster = RegistryTests.NewCluster(1, settings);
        Assert.That(cluster.Kubectl($"run a --image=busybox:1 -- sh -c '{script}'").Error,
            Is.Empty);
        Assert.That(cluster.RunUntil(c => c.Get<Pod>("a").IsReady, TimeSpan.FromMinutes(1)).Met);
        return cluster;
    }

    private static string FolderOf(Cluster cluster) =>
        $"/var/log/pods/default_a_{cluster.Get<Pod>("a").Metadata.Uid}/a";

    [Test]
    public void A_log_is_a_file_of_the_machine()
    {
        var cluster = WithScript("echo one; echo two; sleep 1000");
        var folder = FolderOf(cluster);
        Assert.That(cluster.Shell("node-1", "ls /var/log/pods"), Is.EqualTo(folder.Split('/')[4]));
        Assert.That(cluster.Shell("node-1", $"ls {folder}"), Is.EqualTo("0.log"));
        Assert.That(cluster.Shell("node-1", $"cat {folder}/0.log"),
            Does.Match("^2\\S+Z stdout F one\n2\\S+Z stdout F two\n$"));
        Assert.That(cluster.Shell("node-1", $"tail -n 1 {folder}/0.log"),
            Does.EndWith("stdout F two"));
        cluster = WithScript("echo one; sleep 1000", Docker);
        var line = JsonNode.Parse(cluster.Shell("node-1", $"cat {FolderOf(cluster)}/0.log"))!;
        Assert.That(((string?)line["log"], (string?)line["stream"]), Is.EqualTo(
            ("one\n", "stdout")));
    }

    [Test]
    public void A_restart_begins_another_file_and_the_one_before_is_kept()
    {
        var cluster = WithScript("echo up; sleep 5; exit 1");
        Assert.That(cluster.RunUntil(
            c => c.Get<Pod>("a").StatusOf("a")!.RestartCount == 3, TimeSpan.FromMinutes(5)).Met);
        Assert.That(cluster.Shell("node-1", $"ls {FolderOf(cluster)}"),
            Is.EqualTo("2.log\n3.log"));
    }

    [Test]
    public void A_large_log_is_turned_over_and_kubectl_shows_what_came_after()
    {
        // 61 bytes a line with its head, ten lines a second: 610 of the 2,000 in ten seconds.
        var cluster = WithScript("while true; do echo 1234567890123456789; sleep 1; done",
            "kubelet.container-log-max-size=2000", "kubelet.container-log-max-files=3");
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.That(cluster.Shell("node-1", $"ls {FolderOf(cluster)}"), Is.EqualTo("0.log"));
        Assert.That(cluster.Kubectl("logs a").Out.Split('\n'), Has.Length.InRange(29, 33));
        cluster.Run(TimeSpan.FromSeconds(190));
        var files = cluster.Shell("node-1", $"ls {FolderOf(cluster)}").Split('\n');
        Assert.That(files, Has.Length.EqualTo(3));
        Assert.That(files[0], Is.EqualTo("0.log"));
        Assert.That(files[1], Does.Match("^0\\.log\\.\\d{8}-\\d{5}0\\.gz$"));
        Assert.That(files[2], Does.Match("^0\\.log\\.\\d{8}-\\d{5}0$"));
        Assert.That(cluster.Kubectl("logs a").Out.Split('\n'), Has.Length.LessThan(45));
        Assert.That(cluster.Kubectl("logs a --tail=200").Out, Is.EqualTo(
            cluster.Kubectl("logs a").Out), "the lines before the turn are not shown");
    }

    [Test]
    public void Crictl_lists_what_the_kubelet_sees()
    {
        var cluster = WithScript("echo one; sleep 1000");
        cluster.Run(TimeSpan.FromSeconds(300));
        var id = cluster.Get<Pod>("a").StatusOf("a")!.ContainerID!.Split('/')[^1];
        var lines = cluster.Shell("node-1", "crictl ps").Split('\n');
        Assert.That(lines[0], Does.Match("^CONTAINER +IMAGE +CREATED +STATE +NAME +ATTEMPT +"
            + "POD ID +POD +NAMESPACE$"));
        Assert.That(lines[1], Does.Match($"^{id[..13]} +[0-9a-f]{{13}} +5 minutes ago +Running +a "
            + "+0 +[0-9a-f]{13} +a +default$"));
        Assert.That(cluster.Shell("node-1", "crictl pods").Split('\n')[1],
            Does.Match("^[0-9a-f]{13} +5 minutes ago +Ready +a +default +0 +\\(default\\)$"));
        var images = cluster.Shell("node-1", "crictl images").Split('\n');
        Assert.That(images[1], Does.Match("^registry.k8s.io/pause +3.10.1 +[0-9a-f]{13} +320kB$"));
        Assert.That(images[2],
            Does.Match("^docker.io/library/busybox +1 +[0-9a-f]{13} +2.2MB$"));
        Assert.That(cluster.Shell("node-1", $"crictl logs {id[..6]}"), Is.EqualTo("one"));
        var seen = JsonNode.Parse(cluster.Shell("node-1", $"crictl inspect {id}"))!;
        Assert.That((string?)seen["status"]!["logPath"],
            Is.EqualTo($"{FolderOf(cluster)}/0.log"));
        Assert.That((string?)seen["info"]!["runtimeSpec"]!["linux"]!["cgroupsPath"],
            Does.Match($"^kubepods-besteffort-pod[0-9a-f_]{{36}}\\.slice:cri-containerd:{id}$"));
    }

    [Test]
    public void Docker_shows_the_containers_of_pods_beside_its_own()
    {
        var cluster = WithScript("sleep 1000", Docker);
        var id = cluster.Get<Pod>("a").StatusOf("a")!.ContainerID!;
        Assert.That(id, Does.StartWith("docker://"));
        Assert.That(cluster.Shell("node-1", "docker run -d --name mine redis:7"),
            Does.Match("^[0-9a-f]{64}$"));
        cluster.Run(TimeSpan.FromMinutes(10));
        var lines = cluster.Shell("node-1", "docker ps").Split('\n');
        var uid = cluster.Get<Pod>("a").Metadata.Uid;
        Assert.That(lines, Has.Length.EqualTo(4));
        Assert.That(lines, Has.One.EndsWith($"k8s_a_a_default_{uid}_0").And.One
            .EndsWith($"k8s_POD_a_default_{uid}_0").And.One.Match("redis:7 .* mine$"));
        Assert.That(cluster.Shell("node-1", "crictl ps").Split('\n'), Has.Length.EqualTo(2));
        Assert.That(cluster.Shell("node-1", "docker rm mine"), Is.EqualTo("mine"));
        Assert.That(cluster.Shell("node-1", "docker ps").Split('\n'), Has.Length.EqualTo(3));
        Assert.That(cluster.Fork().Shell("node-1", "docker ps -a"),
            Is.EqualTo(cluster.Shell("node-1", "docker ps -a")));
    }

    [Test]
    public void Containerd_keeps_what_nerdctl_runs_apart_from_pods()
    {
        var cluster = WithScript("sleep 1000");
        cluster.Shell("node-1", "nerdctl run -d --name mine redis:7");
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.That(cluster.Shell("node-1", "nerdctl ps").Split('\n'), Has.Length.EqualTo(2));
        Assert.That(cluster.Shell("node-1", "crictl images"), Does.Not.Contain("redis"));
        Assert.That(cluster.Shell("node-1", "docker ps"),
            Is.EqualTo("bash: docker: command not found"));
        Assert.That(cluster.Kubectl("get pods -A").Out, Does.Not.Contain("mine"));
    }
}
