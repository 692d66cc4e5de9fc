using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Logs that outlive their pods: what a collector brings to a store, and when.</summary>
public sealed class LogStoreTests
{
    private const string Talker = """
        apiVersion: v1
        kind: Pod
        metadata: {name: talker, labels: {app: talk, app.kubernetes.io/part-of: shop}}
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: busybox
            command: [sh, -c, "for i in 1 2 3 4 5 6; do echo line $i; sleep 10; done; sleep 600"]
        """;

    private const string All = "{app=\"talk\"}";

    // A cluster whose collectors and store run, and a pod that prints every ten seconds.
    private static Cluster Logging(bool talking = true)
    {
        var cluster = new Cluster(2, seed: 5);
        cluster.AddOn("logging");
        cluster.Run(TimeSpan.FromMinutes(2));
        if (talking)
        {
            cluster.Apply(Talker);
        }
        return cluster;
    }

    private static string[] Texts(Cluster cluster, string query = All) =>
        [.. cluster.Logs.Query(query).Lines.Select(l => l.Text)];

    [Test]
    public void The_store_has_the_lines_of_a_pod_that_is_gone_where_kubectl_has_none()
    {
        var cluster = Logging();
        cluster.Run(TimeSpan.FromSeconds(45));
        var printed = cluster.Kubectl("logs talker").Out.Split('\n')[..^1];
        cluster.Kubectl("delete pod talker --now");
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.Multiple(() =>
        {
            Assert.That(printed, Has.Length.GreaterThan(3));
            Assert.That(cluster.Kubectl("logs talker").Error, Does.Contain("not found"));
            Assert.That(Texts(cluster)[..printed.Length], Is.EqualTo(printed));
        });
    }

    [Test]
    public void A_line_arrives_a_flush_after_it_is_read_and_a_file_is_found_at_a_refresh()
    {
        var cluster = Logging();
        cluster.RunUntil(c => c.Get<Pod>("talker").Status.Phase == "Running");
        var at = cluster.Now;
        for (var i = 0; Texts(cluster).Length == 0 && i < 120; i++)
        {
            cluster.Run(TimeSpan.FromSeconds(0.1));
        }
        var first = cluster.Now - at;
        var read = cluster.Logs.Query(All).Lines.Count;
        // From now on only the flush is waited for.
        var printed = cluster.Logs.Query(All).Lines[0].Time + TimeSpan.FromSeconds(30);
        cluster.Run(printed - cluster.Now);
        var early = cluster.Logs.Query(All).Lines.Count;
        cluster.Run(TimeSpan.FromSeconds(1.1));
        Assert.Multiple(() =>
        {
            Assert.That(first, Is.LessThan(TimeSpan.FromSeconds(11.2)));
            Assert.That(read, Is.InRange(1, 2));
            Assert.That(early, Is.EqualTo(3));
            Assert.That(Texts(cluster), Is.EqualTo(
                (string[])["line 1", "line 2", "line 3", "line 4"]));
        });
    }

    [Test]
    public void A_pod_that_goes_before_its_file_was_found_leaves_nothing()
    {
        var cluster = Logging(talking: false);
        var config = cluster.Get<ConfigMap>("logging", "fluent-bit");
        cluster.Kubectl("patch configmap fluent-bit -n logging --type merge -p "
            + System.Text.Json.JsonSerializer.Serialize(new
            {
                data = new Dictionary<string, string>
                {
                    ["fluent-bit.conf"] = config.Data["fluent-bit.conf"].Replace(
                        "Refresh_Interval 10", "Refresh_Interval 60", StringComparison.Ordinal),
                },
            }).Insert(0, "'") + "'");
        cluster.Kubectl("rollout restart daemonset fluent-bit -n logging");
        cluster.Kubectl("rollout status daemonset fluent-bit -n logging");
        // One pod after another, each for some seconds: of five at most one meets the look.
        for (var i = 0; i < 5; i++)
        {
            cluster.Apply(Talker.Replace("talker", $"talker-{i}", StringComparison.Ordinal));
            cluster.Run(TimeSpan.FromSeconds(9));
            cluster.Kubectl($"delete pod talker-{i} --now");
        }
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.That(cluster.Logs.Query(All).Lines.Select(l => l.Labels["pod"]).Distinct().Count(),
            Is.LessThan(2));
    }

    [Test]
    public void A_machine_that_dies_takes_along_what_was_not_sent_and_one_that_returns_sends_it()
    {
        var cluster = Logging();
        cluster.Run(TimeSpan.FromSeconds(25));
        var node = cluster.Get<Pod>("talker").Spec.NodeName!;
        Assert.That(cluster.Get<Pod>("logging", "loki-0").Spec.NodeName, Is.Not.EqualTo(node),
            "the store must live on");
        // The network goes first: what is printed from now on waits on the machine's disk.
        cluster.Faults.Partition(node);
        var before = Texts(cluster).Length;
        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.That(Texts(cluster), Has.Length.EqualTo(before));
        cluster.Faults.Crash(node);
        cluster.Run(TimeSpan.FromSeconds(10));
        var dead = cluster.Fork();
        dead.Run(TimeSpan.FromMinutes(10));
        cluster.Faults.Restore(node);
        cluster.Run(TimeSpan.FromMinutes(1));
        Assert.Multiple(() =>
        {
            Assert.That(Texts(dead), Has.Length.EqualTo(before));
            Assert.That(Texts(cluster), Has.Length.InRange(before + 1, before + 3));
        });
    }

    [Test]
    public void Without_a_volume_the_store_forgets_with_its_pod()
    {
        var cluster = Logging();
        cluster.Run(TimeSpan.FromSeconds(30));
        var before = Texts(cluster).Length;
        cluster.Kubectl("delete pod loki-0 -n logging --now");
        cluster.RunUntil(c => c.Find<Pod>("logging", "loki-0") is null);
        cluster.RunUntil(c => c.Find<Pod>("logging", "loki-0") is { Status.Phase: "Running" });
        Assert.Multiple(() =>
        {
            Assert.That(before, Is.Positive);
            Assert.That(Texts(cluster), Has.Length.LessThan(before));
        });
    }

    [Test]
    public void Streams_are_chosen_by_labels_and_lines_by_what_they_hold()
    {
        var cluster = Logging();
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.Multiple(() =>
        {
            Assert.That(Texts(cluster, "{app_kubernetes_io_part_of=\"shop\"} |= \"line 3\""),
                Is.EqualTo((string[])["line 3"]));
            Assert.That(Texts(cluster, "{namespace=\"default\",pod=~\"talk.*\"} |~ `[2-4]$` "
                + "!= \"line 3\""), Is.EqualTo((string[])["line 2", "line 4"]));
            Assert.That(Texts(cluster, "{container=\"main\", app!~\"t.*\"}"), Is.Empty);
            Assert.That(Texts(cluster, "{app=~\"tal\"}"), Is.Empty, "all of a value");
            Assert.That(cluster.Logs.Query(All, limit: 2).Lines.Select(l => l.Text),
                Is.EqualTo((string[])["line 5", "line 6"]));
            Assert.That($"{cluster.Logs.Query(All, limit: 1)}",
                Does.Match(@"^\d\d:\d\d:\d\d\.\d{3} talker/main line 6$"));
        });
    }

    [TestCase("app", "col 1: syntax error: unexpected a, expecting {")]
    [TestCase("{app=web}", "col 6: syntax error: unexpected w, expecting STRING")]
    [TestCase("{app=\"web\"} | json", "col 13: syntax error: unexpected |")]
    [TestCase("{app=\"web", "literal not terminated")]
    [TestCase("{app=~\".*\"}", "at least one regexp or equality matcher")]
    [TestCase("{app=~\"(\"}", "invalid regexp")]
    public void What_cannot_be_read_is_told_with_its_place(string query, string says) =>
        Assert.That(() => new Cluster(1).Logs.Query(query),
            Throws.ArgumentException.With.Message.Contains(says));

    [Test]
    public void Without_a_store_nobody_answers() => Assert.That(
        () => new Cluster(1).Logs.Query(All), Throws.InvalidOperationException.With.Message
            .Contains("cluster.AddOn(\"logging\")"));

    [Test]
    public void Collecting_takes_no_steps()
    {
        var cluster = Logging(talking: false);
        cluster.Converge();
        var steps = cluster.StepCount;
        cluster.Run(TimeSpan.FromMinutes(30));
        Assert.That(cluster.StepCount - steps, Is.LessThan(3));
        Assert.That(cluster.Fork().Digest, Is.EqualTo(cluster.Digest));
    }
}
