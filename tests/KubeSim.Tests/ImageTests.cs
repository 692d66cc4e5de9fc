using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The images of a machine: who may use them, how they come, how they go.</summary>
public sealed class ImageTests
{
    private const string Own = "registry.example.com";

    private static void Login(Cluster cluster, string name, string server, string password) =>
        Assert.That(cluster.Kubectl($"create secret docker-registry {name} --docker-server="
            + $"{server} --docker-username=jane --docker-password={password}").ExitCode, Is.Zero);

    private static bool Fails(Cluster cluster, string pod, string why) => cluster.RunUntil(
        c => c.Get<Pod>(pod).StatusOf("c")?.State.Waiting?.Message?.Contains(why,
            StringComparison.Ordinal) == true, TimeSpan.FromMinutes(1)).Met;

    private static Cluster Private(params string[] settings)
    {
        var cluster = RegistryTests.NewCluster(1, settings);
        cluster.Registry(Own).Require("jane", "secret");
        Login(cluster, "right", Own, "secret");
        return cluster;
    }

    [TestCaseSource(typeof(TestData), nameof(TestData.Of),
        new object[] { "pull-errors.tsv", "match" })]
    public void A_key_of_auths_fits_hosts_and_paths(string key, string image, string fits)
    {
        var config = "{\"auths\":{\"" + key + "\":{\"auth\":\"amFuZTpzZWM6cmV0\"}}}";
        var secret = new Secret
        {
            Type = "kubernetes.io/dockerconfigjson",
            Data = Map.Of((".dockerconfigjson",
                Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(config)))),
        };
        var found = PullSecrets.For(ImageReference.Parse(image), [secret]);
        Assert.That(found.Select(f => f.Auth), Is.EqualTo(fits == "True"
            ? new[] { new RegistryAuth("jane", "sec:ret") } : []));
    }

    [Test]
    public void A_private_image_needs_a_secret_of_the_pod_or_of_its_account()
    {
        var cluster = Private();
        RegistryTests.Start(cluster, "nobody", $"{Own}/shop:1");
        Assert.That(Fails(cluster, "nobody", "no basic auth credentials"));
        Login(cluster, "wrong", Own, "other");
        RegistryTests.Start(cluster, "wrong", $"{Own}/shop:1", secret: "wrong");
        Assert.That(Fails(cluster, "wrong", "/v2/shop/manifests/1: 401 Unauthorized"));
        RegistryTests.Start(cluster, "lost", $"{Own}/shop:1", secret: "gone");
        Assert.That(Fails(cluster, "lost", "no basic auth credentials"));
        Assert.That(RegistryTests.Told(cluster, "lost", "FailedToRetrieveImagePullSecret"),
            Is.EqualTo(new[] { "Unable to retrieve some image pull secrets (gone); attempting to "
                + "pull the image may not succeed." }));
        RegistryTests.Start(cluster, "right", $"{Own}/shop:1", secret: "right");
        RegistryTests.Runs(cluster, "right");
        Assert.That(cluster.Kubectl("patch serviceaccount default -p "
            + "'{\"imagePullSecrets\":[{\"name\":\"right\"}]}'").ExitCode, Is.Zero);
        RegistryTests.Start(cluster, "account", $"{Own}/shop:2");
        RegistryTests.Runs(cluster, "account");
    }

    [TestCase("NeverVerifyPreloadedImages", false)]
    [TestCase("NeverVerify", true)]
    public void Another_pod_may_use_what_a_secret_brought_if_it_has_one_too(
        string policy, bool may)
    {
        var cluster = Private($"kubelet.imagePullCredentialsVerificationPolicy={policy}");
        RegistryTests.Start(cluster, "first", $"{Own}/shop:1", secret: "right");
        RegistryTests.Runs(cluster, "first");
        RegistryTests.Start(cluster, "same", $"{Own}/shop:1", secret: "right");
        Login(cluster, "equal", Own, "secret");
        RegistryTests.Start(cluster, "equal", $"{Own}/shop:1", secret: "equal");
        RegistryTests.Runs(cluster, "same", "equal");
        Assert.That(RegistryTests.Told(cluster, "equal", "Pulled")[0],
            Does.Contain("already present on machine"), "the registry was not asked");
        RegistryTests.Start(cluster, "thief", $"{Own}/shop:1");
        RegistryTests.Start(cluster, "never", $"{Own}/shop:1", "Never");
        if (may)
        {
            RegistryTests.Runs(cluster, "thief", "never");
            return;
        }
        Assert.That(Fails(cluster, "thief", "no basic auth credentials"));
        Assert.That(Fails(cluster, "never", "is not present with pull policy of Never"));
    }

    [Test]
    public void Pulls_at_a_time_share_the_wire_and_pulls_one_by_one_wait()
    {
        static (string A, string B) Times(params string[] settings)
        {
            var cluster = RegistryTests.NewCluster(1, settings);
            var registry = cluster.Registry(Own);
            registry.Push("a:1", new() { Layers = Map.Of(("a", 400.0)) });
            registry.Push("b:1", new() { Layers = Map.Of(("b", 400.0)) });
            RegistryTests.Start(cluster, "a", $"{Own}/a:1");
            RegistryTests.Start(cluster, "b", $"{Own}/b:1");
            RegistryTests.Runs(cluster, "a", "b");
            return (RegistryTests.Told(cluster, "a", "Pulled")[0].Split(" in ")[1],
                RegistryTests.Told(cluster, "b", "Pulled")[0].Split(" in ")[1]);
        }

        var (a, b) = Times();
        Assert.That(new[] { a, b }, Has.One.Match(@"^4\.\d+s \(4\.\d+s including").And.One
            .Match(@"^4\.\d+s \(8\.\d+s including"), "the second waits for the first");
        (a, b) = Times("kubelet.serialize-image-pulls=false");
        Assert.That(new[] { a, b }, Has.All.Match(@"^8\.\d+s \(8\.\d+s including"));
        (a, b) = Times("kubelet.serialize-image-pulls=false", "kubelet.maxParallelImagePulls=1");
        Assert.That(new[] { a, b }, Has.One.Match(@"^4\.\d+s \(8\.\d+s including"));
    }

    [Test]
    public void Of_many_pulls_at_a_time_those_beyond_the_burst_fail_and_come_later()
    {
        var cluster = RegistryTests.NewCluster(1, "kubelet.serialize-image-pulls=false");
        var pods = Enumerable.Range(1, 30).Select(i => $"p{i}").ToArray();
        foreach (var pod in pods)
        {
            RegistryTests.Start(cluster, pod, $"{Own}/{pod}:1");
        }
        RegistryTests.Runs(cluster, pods);
        Assert.That(cluster.List<Event>().Where(e => e.Message!.StartsWith("Failed to pull",
            StringComparison.Ordinal)).Select(e => e.Message!.Split("\": ")[1]).Distinct(),
            Is.EqualTo(new[] { "pull QPS exceeded" }));
    }

    [Test]
    public void Machines_share_what_a_registry_gives()
    {
        var cluster = RegistryTests.NewCluster(4);
        cluster.Registry(Own).Limit(20);
        cluster.Registry(Own).Push("a:1", new() { Layers = Map.Of(("a", 100.0)) });
        for (var i = 1; i <= 4; i++)
        {
            RegistryTests.Start(cluster, $"p{i}", $"{Own}/a:1", node: $"node-{i}");
        }
        RegistryTests.Runs(cluster, "p1", "p2", "p3", "p4");
        for (var i = 1; i <= 4; i++)
        {
            Assert.That(RegistryTests.Told(cluster, $"p{i}", "Pulled")[0],
                Does.Match(@" in (19|20)\.\d+s "), "400 MB at 20 MB/s");
        }
    }

    [Test]
    public void A_machine_that_loses_its_power_has_no_halves_of_images()
    {
        var cluster = RegistryTests.NewCluster(1, "kubelet.serialize-image-pulls=false");
        cluster.Registry(Own).Push("a:1", new() { Layers = Map.Of(("a", 2000.0)) });
        RegistryTests.Start(cluster, "a", $"{Own}/a:1");
        cluster.Run(TimeSpan.FromSeconds(10));
        cluster.Faults.Crash("node-1");
        cluster.Run(TimeSpan.FromSeconds(5));
        cluster.Faults.Restore("node-1");
        cluster.Run(TimeSpan.FromSeconds(5));
        Assert.That(cluster.Shell("node-1", "crictl images"), Does.Not.Contain(Own));
        RegistryTests.Runs(cluster, "a");
        Assert.That(RegistryTests.Told(cluster, "a", "Pulled")[^1], Does.Contain(" in 20."));
    }

    [Test]
    public void Layers_that_are_there_are_not_fetched_again()
    {
        var cluster = RegistryTests.NewCluster(1);
        var registry = cluster.Registry(Own);
        registry.Push("base:1", new() { Layers = Map.Of(("debian", 200.0)) });
        registry.Push("shop:1", new() { From = $"{Own}/base:1", Layers = Map.Of(("shop", 1.0)) });
        RegistryTests.Start(cluster, "a", $"{Own}/base:1");
        RegistryTests.Runs(cluster, "a");
        RegistryTests.Start(cluster, "b", $"{Own}/shop:1");
        RegistryTests.Runs(cluster, "b");
        Assert.That(RegistryTests.Told(cluster, "b", "Pulled")[0],
            Does.Match(@" in \d+ms .* Image size: 201000000 bytes\.$"));
    }

    [Test]
    public void An_image_listens_where_its_program_does()
    {
        var cluster = RegistryTests.NewCluster(1);
        cluster.Registry(Own).Push("shop:1", new() { Ports = [9000] });
        RegistryTests.Start(cluster, "a", $"{Own}/shop:1");
        RegistryTests.Start(cluster, "client", "busybox:1");
        Assert.That(cluster.RunUntil(c => c.Get<Pod>("a").IsReady, TimeSpan.FromMinutes(1)).Met);
        var ip = cluster.Get<Pod>("a").Status.PodIP;
        Assert.That(cluster.Send("node-1", $"http://{ip}:9000").Outcome,
            Is.EqualTo(SendOutcome.Answered));
        Assert.That(cluster.Send("node-1", $"http://{ip}:80").Outcome,
            Is.EqualTo(SendOutcome.Refused));
    }

    // A node with a disk of 1 GB, and images of 300 MB in the registry.
    private static Cluster Small(params string[] settings)
    {
        var cluster = RegistryTests.NewCluster(1, settings);
        var host = cluster.Get<Node>("node-1");
        cluster.Kubectl("patch node node-1 --subresource=status -p "
            + "'{\"status\":{\"capacity\":{\"ephemeral-storage\":\"1G\"}}}'");
        Assert.That(cluster.Get<Node>("node-1").Status.Capacity.ContainsKey("ephemeral-storage"));
        foreach (var name in (string[])["a", "b", "c"])
        {
            cluster.Registry(Own).Push($"{name}:1", new() { Layers = Map.Of((name, 300.0)) });
        }
        return cluster;
    }

    private static string[] Listed(Cluster cluster) => [.. cluster.Shell("node-1", "crictl images")
        .Split('\n').Skip(1).Where(l => l.StartsWith(Own, StringComparison.Ordinal))
        .Select(l => l[(Own.Length + 1)..].Split(' ')[0])];

    [Test]
    public void A_full_disk_loses_the_images_that_nobody_used_for_longest()
    {
        var cluster = Small();
        foreach (var name in (string[])["b", "a", "c"])
        {
            RegistryTests.Start(cluster, name, $"{Own}/{name}:1");
            RegistryTests.Runs(cluster, name);
            if (name != "c")
            {
                cluster.Kubectl($"delete pod {name}");
                cluster.Converge();
            }
        }
        Assert.That(Listed(cluster), Is.EqualTo(new[] { "a", "b", "c" }), "900 MB of 1 GB");
        cluster.Run(TimeSpan.FromMinutes(11));
        Assert.That(Listed(cluster), Is.EqualTo(new[] { "a", "c" }), "b was used before a");
        Assert.That(cluster.List<Event>().Where(e => e.InvolvedObject.Kind == "Node"), Is.Empty);
    }

    [Test]
    public void Images_in_use_stay_and_the_node_tells_that_its_disk_is_full()
    {
        var cluster = Small();
        foreach (var name in (string[])["a", "b", "c"])
        {
            RegistryTests.Start(cluster, name, $"{Own}/{name}:1");
        }
        RegistryTests.Runs(cluster, "a", "b", "c");
        cluster.Run(TimeSpan.FromMinutes(16));
        Assert.That(Listed(cluster), Has.Length.EqualTo(3));
        var message = "Failed to garbage collect required amount of images. Attempted to free "
            + "100000000 bytes, but only found 0 bytes eligible to free.";
        foreach (var (reason, count) in (List<(string, int)>)
            [("FreeDiskSpaceFailed", 3), ("ImageGCFailed", 2)])
        {
            var told = cluster.List<Event>().Single(e => e.Reason == reason);
            Assert.That((told.Message![..70], told.Count), Is.EqualTo((message[..70], count)));
        }
    }

    [Test]
    public void With_a_greatest_age_unused_images_go_from_an_empty_disk_too()
    {
        var cluster = RegistryTests.NewCluster(1, "kubelet.imageMaximumGCAge=1h");
        cluster.Registry(Own).Push("a:1");
        RegistryTests.Start(cluster, "a", $"{Own}/a:1");
        RegistryTests.Runs(cluster, "a");
        cluster.Run(TimeSpan.FromHours(2));
        Assert.That(Listed(cluster), Has.Length.EqualTo(1));
        cluster.Kubectl("delete pod a");
        cluster.Run(TimeSpan.FromMinutes(55));
        Assert.That(Listed(cluster), Has.Length.EqualTo(1));
        cluster.Run(TimeSpan.FromMinutes(12));
        Assert.That(Listed(cluster), Is.Empty);
    }

    [Test]
    public void A_node_tells_its_fifty_largest_images()
    {
        var cluster = RegistryTests.NewCluster(1);
        for (var i = 1; i <= 52; i++)
        {
            cluster.Registry(Own).Push($"a{i}:1", new()
            {
                Layers = Map.Of(($"a{i}", (double)i)), EndsAfter = 1,
            });
            RegistryTests.Start(cluster, $"p{i}", $"{Own}/a{i}:1");
        }
        cluster.Run(TimeSpan.FromMinutes(3));
        var images = cluster.Get<Node>("node-1").Status.Images;
        Assert.That(images, Has.Count.EqualTo(50));
        Assert.That(images[0].SizeBytes, Is.EqualTo(52_000_000));
        Assert.That(images[0].Names[0], Does.StartWith($"{Own}/a52@sha256:"));
        Assert.That(images[0].Names[1], Is.EqualTo($"{Own}/a52:1"));
        Assert.That(images[49].SizeBytes, Is.EqualTo(3_000_000));
    }
}
