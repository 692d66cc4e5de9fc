using System.Text.RegularExpressions;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Registries as somebody makes them, and what kubelets make of it.</summary>
public sealed partial class RegistryTests
{
    private const string Own = "registry.example.com";
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    internal static Cluster NewCluster(int nodes, params string[] settings)
    {
        var all = Settings.Default;
        foreach (var setting in settings)
        {
            all = all.With(setting.Split('=')[0], setting.Split('=')[1]);
        }
        return new(new()
        {
            Components = Bootstrap.Components(), Objects = Bootstrap.Objects(nodes), Settings = all,
        });
    }

    internal static void Start(Cluster cluster, string name, string image, string policy = "",
        string node = "node-1", string secret = "")
    {
        var pull = policy.Length == 0 ? "" : $", imagePullPolicy: {policy}";
        cluster.Apply($"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{nodeName: "
            + $"{node}, containers: [{{name: c, image: \"{image}\"{pull}}}]"
            + (secret.Length == 0 ? "" : $", imagePullSecrets: [{{name: {secret}}}]") + "}}");
    }

    internal static void Runs(Cluster cluster, params string[] pods) => Assert.That(
        cluster.RunUntil(c => pods.All(p => c.Get<Pod>(p).IsReady), TimeSpan.FromMinutes(3)).Met,
        () => string.Join('\n', cluster.List<Event>().Select(e => e.Message)));

    internal static List<string> Told(Cluster cluster, string pod, string reason) =>
        [.. cluster.List<Event>().Where(e => e.InvolvedObject.Name == pod && e.Reason == reason)
            .Select(e => e.Message!)];

    private static (string? Reason, string? Message) WaitOf(Cluster cluster, string pod) =>
        cluster.Get<Pod>(pod).StatusOf("c")?.State.Waiting is { } w ? (w.Reason, w.Message)
            : default;

    private static void Login(Cluster cluster, string name, string user, string password) =>
        Assert.That(cluster.Kubectl($"create secret docker-registry {name} --docker-server={Own} "
            + $"--docker-username={user} --docker-password={password}").ExitCode, Is.Zero);

    [TestCaseSource(nameof(Texts))]
    public void A_failed_pull_is_told_in_the_words_of_the_runtime(
        string socket, RegistryFailure failure, string image, string message)
    {
        var cluster = NewCluster(1, "kubelet.container-runtime-endpoint=" + socket);
        cluster.Registry(ImageReference.Parse(image).Registry).Fail(failure);
        Start(cluster, "a", image);
        Assert.That(cluster.RunUntil(c => WaitOf(c, "a").Reason == "ErrImagePull", Minute).Met);
        Assert.That(Address().Replace(WaitOf(cluster, "a").Message!, "198.51.100.7"),
            Is.EqualTo(message));
        Assert.That(Told(cluster, "a", "Failed")[0],
            Does.StartWith($"Failed to pull image \"{image}\": {message[..20]}"));
        Assert.That(cluster.Get<Node>("node-1").Status.NodeInfo.ContainerRuntimeVersion,
            Does.StartWith(socket.Contains("crio") ? "cri-o://1" : socket.Contains("docker")
                ? "docker://29" : "containerd://2"));
    }

    private static IEnumerable<object[]> Texts() => TestData.Of("pull-errors.tsv", "texts")
        .Select(row => new object[]
        {
            row[0], Enum.Parse<RegistryFailure>((string)row[1]), row[2], row[3],
        });

    [GeneratedRegex(@"198\.51\.100\.\d+")]
    private static partial Regex Address();

    [TestCaseSource(typeof(TestData), nameof(TestData.Of), ["pull-errors.tsv", "name"])]
    public void A_name_that_is_none_is_told_before_anybody_is_asked(string image, string problem)
    {
        Assert.That(ImageReference.Problem(image) ?? "", Is.EqualTo(problem));
        if (problem.Length > 0)
        {
            var cluster = NewCluster(1);
            Start(cluster, "a", image);
            Assert.That(cluster.RunUntil(c => WaitOf(c, "a").Reason == "InvalidImageName", Minute)
                .Met);
            Assert.That(Told(cluster, "a", "InspectFailed"), Is.EqualTo(new[]
            {
                $"Failed to apply default image tag \"{image}\": couldn't parse image name "
                    + $"\"{image}\": {problem}",
            }));
        }
    }

    [Test]
    public void Who_fails_to_pull_waits_longer_each_time_and_gets_it_when_all_is_well()
    {
        var cluster = NewCluster(1);
        var registry = cluster.Registry(Own);
        registry.Fail(RegistryFailure.ServerError);
        Start(cluster, "a", $"{Own}/shop:1");
        var begun = cluster.Now;
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.That(WaitOf(cluster, "a"), Is.EqualTo(((string?)"ImagePullBackOff", (string?)
            $"Back-off pulling image \"{Own}/shop:1\": ErrImagePull: failed to pull and unpack "
            + $"image \"{Own}/shop:1\": failed to resolve reference \"{Own}/shop:1\": unexpected "
            + $"status from HEAD request to https://{Own}/v2/shop/manifests/1: 500 Internal "
            + "Server Error")));
        var pulls = cluster.List<Event>().Single(e => e.Reason == "Pulling");
        Assert.That(pulls.Count, Is.EqualTo(4), "after about 0, 10, 30 and 70 seconds");
        Assert.That(cluster.Kubectl("describe pod a").Out, Does.Contain("ImagePullBackOff"));
        registry.Recover();
        Runs(cluster, "a");
        Assert.That(cluster.Now - begun, Is.GreaterThan(TimeSpan.FromSeconds(145)));
    }

    [Test]
    public void A_registry_that_does_not_answer_holds_up_all_who_pull_one_by_one()
    {
        var cluster = NewCluster(1);
        cluster.Registry(Own).Fail(RegistryFailure.Timeout);
        Start(cluster, "a", $"{Own}/shop:1");
        cluster.Run(TimeSpan.FromSeconds(2));
        Start(cluster, "b", "nginx:1.27");
        Runs(cluster, "b");
        Assert.That(Told(cluster, "b", "Pulled")[0], Does.Match(
            @"in 1\.\d+s \((29|3\d)(\.\d+)?s including waiting\)\. Image size: 72300000 bytes\.$"));
    }

    [Test]
    public void A_registry_of_ones_own_has_what_was_pushed_there_and_nothing_else()
    {
        var cluster = NewCluster(1);
        var registry = cluster.Registry(Own);
        registry.Push("team/shop:1", new() { EndsAfter = 5, ExitCode = 3 });
        Start(cluster, "a", $"{Own}/team/shop:1");
        Start(cluster, "b", $"{Own}/team/shop:2");
        Assert.That(cluster.RunUntil(c => c.Get<Pod>("a").StatusOf("c") is { RestartCount: 1 }
            && WaitOf(c, "b").Message is { } m && m.EndsWith(": not found"), Minute).Met);
        Assert.That(cluster.Get<Pod>("a").StatusOf("c")!.LastState.Terminated!.ExitCode,
            Is.EqualTo(3));
        registry.Delete("team/shop:1");
        Start(cluster, "c", $"{Own}/team/shop:1", "Always");
        Assert.That(cluster.RunUntil(c => WaitOf(c, "c").Reason == "ErrImagePull", Minute).Met);
        Assert.That(() => registry.Push("Team/shop"), Throws.ArgumentException.With.Message
            .Contains("must be lowercase"));
    }

    [Test]
    public void A_moved_tag_is_seen_by_those_who_always_ask()
    {
        var cluster = NewCluster(1);
        var registry = cluster.Registry(Own);
        string IdOf(string pod) => cluster.Get<Pod>(pod).StatusOf("c")!.ImageID!;
        registry.Push("shop:1");
        Start(cluster, "old", $"{Own}/shop:1");
        Runs(cluster, "old");
        registry.Push("shop:1", new() { Version = "rebuilt" });
        Start(cluster, "kept", $"{Own}/shop:1");
        Runs(cluster, "kept");
        Assert.That(IdOf("kept"), Is.EqualTo(IdOf("old")));
        Assert.That(Told(cluster, "kept", "Pulled"), Is.EqualTo(new[]
        {
            $"Container image \"{Own}/shop:1\" already present on machine and can be accessed by "
                + "the pod",
        }));
        Start(cluster, "asked", $"{Own}/shop:1", "Always");
        Runs(cluster, "asked");
        Assert.That(IdOf("asked"), Is.Not.EqualTo(IdOf("old")));
        Start(cluster, "again", $"{Own}/shop:1", "Always");
        Runs(cluster, "again");
        Assert.That(IdOf("again"), Is.EqualTo(IdOf("asked")));
        Assert.That(Told(cluster, "again", "Pulled")[0],
            Does.Match(@"in \d{3}ms \(\d{3}ms including waiting\)"), "nothing was moved");
    }

    [Test]
    public void Machines_share_what_Docker_Hub_allows_to_those_without_a_name()
    {
        var cluster = NewCluster(3);
        cluster.Registry("docker.io").RateLimit(2);
        Start(cluster, "a", "redis", node: "node-1");
        Start(cluster, "b", "redis", node: "node-2");
        Runs(cluster, "a", "b");
        Start(cluster, "c", "redis", node: "node-3");
        Assert.That(cluster.RunUntil(c => WaitOf(c, "c").Reason == "ErrImagePull", Minute).Met);
        Assert.That(WaitOf(cluster, "c").Message, Does.Match("^failed to pull and unpack image "
            + "\"docker.io/library/redis:latest\": failed to copy: httpReadSeeker: failed open: "
            + "unexpected status from GET request to https://registry-1.docker.io/v2/library/redis/"
            + "manifests/sha256:[0-9a-f]{64}: 429 Too Many Requests\ntoomanyrequests: You have "
            + "reached your unauthenticated pull rate limit."));
        cluster.Run(TimeSpan.FromMinutes(370));
        Runs(cluster, "c");
    }

    [Test]
    public void What_was_said_of_registries_is_saved_and_replayed()
    {
        var cluster = NewCluster(1);
        var registry = cluster.Registry(Own);
        registry.Push("shop:1", new() { Layers = Map.Of(("base", 10.0)), Ports = [8080] });
        registry.Require("jane", "secret", "shop");
        registry.Limit(2.5);
        registry.Delay(TimeSpan.FromSeconds(0.5));
        registry.Fail(RegistryFailure.Forbidden, "other");
        Login(cluster, "pull", "jane", "secret");
        Start(cluster, "a", $"{Own}/shop:1", secret: "pull");
        Runs(cluster, "a");
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
        var text = cluster.SaveJournal();
        Assert.That(text, Does.Contain("\"registry\":{\"host\":\"registry.example.com\","));
        Assert.That(JournalText.Read("{\"at\":\"0s\",\"registry\":{\"host\":\"a.b\","
            + "\"fails\":\"Timeout\"}}", "j", KindRegistry.BuiltIn).Errors, Has.Count.EqualTo(1));
        var read = JournalText.Read(text, "j", KindRegistry.BuiltIn);
        Assert.That(read.Errors, Is.Empty);
        Assert.That(read.Lines.Select(l => l.Input).OfType<RegistryInput>(), Is.EqualTo(
            cluster.Journal.Select(e => e.Input).OfType<RegistryInput>()));
    }
}
