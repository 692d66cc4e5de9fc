using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Many requests: who answers them, how late, and which are lost.</summary>
public sealed class LoadTests
{
    private static TimeSpan Seconds(double s) => TimeSpan.FromSeconds(s);

    private static Cluster Web(string more = "", string limits = "", int replicas = 3)
    {
        var cluster = new Cluster(nodes: 3);
        cluster.Apply($$$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: {{{replicas}}}
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  containers:
                  - name: main
                    image: nginx:1.27
                    {{{more}}}
                    {{{limits}}}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{port: 80}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: client}
            spec: {containers: [{name: main, image: busybox, command: [sleep, "9999"]}]}
            """);
        Assert.That(cluster.Converge().Met, Is.True);
        return cluster;
    }

    [Test]
    public void Requests_are_spread_evenly_over_the_pods_by_the_rules()
    {
        var cluster = Web();
        var load = cluster.Load("client", "http://web", rps: 300, duration: Seconds(20));
        cluster.Run(Seconds(30));
        Assert.That(load.Seconds, Has.Count.EqualTo(20));
        Assert.That(load.Seconds.Sum(s => s.Sent), Is.EqualTo(6000).Within(0.001));
        Assert.That(load.Seconds.Sum(s => s.Answered), Is.EqualTo(6000).Within(0.001));
        Assert.That(load.Served, Has.Count.EqualTo(3));
        Assert.That(load.Served.Values, Is.All.EqualTo(2000).Within(0.001));
    }

    // M/M/1 by hand: 40 a second can be served, 30 come: 3 of 4 wait, 100 ms on average.
    [Test]
    public void A_pod_near_its_limit_is_slow()
    {
        var cluster = Web(limits: "resources: {limits: {cpu: 200m}}", replicas: 1);
        var load = cluster.Load("client", "http://web", rps: 30, duration: Seconds(10));
        cluster.Run(Seconds(10));
        var last = load.Seconds[^1];
        Assert.That(last.P99, Is.EqualTo(5.5 + (100 * Math.Log(75))).Within(1));
        Assert.That(last.P50, Is.EqualTo(5.5 + (100 * Math.Log(1.5))).Within(1));
        Assert.That(load.Seconds.All(s => s.Lost.IsEmpty), Is.True);
    }

    [Test]
    public void A_pod_over_its_limit_falls_behind_until_clients_lose_patience()
    {
        var cluster = Web(limits: "resources: {limits: {cpu: 200m}}", replicas: 1);
        var load = cluster.Load("client", "http://web", rps: 80, duration: Seconds(30));
        cluster.Run(Seconds(30));
        Assert.That(load.Seconds[4].Lost.IsEmpty, Is.True, "so far they wait");
        Assert.That(load.Seconds[4].P50, Is.GreaterThan(3000));
        Assert.That(load.Seconds[29].Lost.Get("timed out"), Is.EqualTo(40).Within(1),
            "80 come, 40 are served");
        Assert.That(load.ToString(), Does.Contain("lost: timed out "));
    }

    [Test]
    public void A_service_without_pods_refuses_all()
    {
        var cluster = Web(replicas: 0);
        var load = cluster.Load("client", "web", rps: 10, duration: Seconds(5));
        var other = cluster.Load("client", "nosuch", rps: 10, duration: Seconds(5));
        cluster.Run(Seconds(5));
        Assert.That(load.Seconds[2].Lost.Get("no endpoints"), Is.EqualTo(10).Within(0.001));
        Assert.That(other.Seconds[2].Lost.Get("name unknown"), Is.EqualTo(10).Within(0.001));
    }

    private static double LostIn(string more, bool keepAlive)
    {
        var cluster = Web(more);
        var load = cluster.Load("client", "http://web", rps: 1000, keepAlive: keepAlive);
        cluster.Run(Seconds(1));
        cluster.Kubectl("set image deployment/web *=nginx:1.28");
        cluster.Run(Seconds(60));
        Assert.That(cluster.List<Pod>().Count(p => p.IsReady && p.Spec.Containers[0].Image
            == "nginx:1.28"), Is.EqualTo(3));
        TestContext.Out.WriteLine(load);
        return load.Seconds.Sum(s => s.Lost.Sum(l => l.Value));
    }

    [Test]
    public void A_rollout_loses_what_comes_between_the_stop_signal_and_the_new_rules()
    {
        var lost = LostIn("", keepAlive: false);
        Assert.That(lost, Is.InRange(20, 2000), "of 60000");
    }

    [Test]
    public void A_pause_before_the_stop_signal_cures_it() => Assert.That(
        LostIn("lifecycle: {preStop: {sleep: {seconds: 5}}}", keepAlive: false),
        Is.EqualTo(0).Within(0.5));

    [Test]
    public void Kept_connections_stay_until_their_pod_ends()
    {
        var cluster = Web();
        var load = cluster.Load("client", "http://web", rps: 100, keepAlive: true);
        cluster.Run(Seconds(10));
        cluster.Kubectl("scale deployment web --replicas=6");
        cluster.Run(Seconds(50));
        Assert.That(load.Served, Has.Count.EqualTo(3), "the new pods get nothing");
        var fresh = cluster.Load("client", "http://web", rps: 100, duration: Seconds(5));
        cluster.Run(Seconds(6));
        Assert.That(fresh.Served, Has.Count.EqualTo(6));
    }

    [Test]
    public void A_machine_that_goes_dark_takes_its_share_until_its_pods_are_taken_out()
    {
        var cluster = Web();
        var load = cluster.Load("client", "http://web", rps: 90, duration: Seconds(120));
        cluster.Run(Seconds(5));
        var node = cluster.List<Pod>().First(p => p.Metadata.Name.StartsWith("web-",
            StringComparison.Ordinal) && p.Spec.NodeName != cluster.Get<Pod>("client")
            .Spec.NodeName).Spec.NodeName!;
        cluster.Faults.Crash(node);
        cluster.Run(Seconds(115));
        Assert.That(load.Seconds[20].Lost.Get("timed out"), Is.EqualTo(30).Within(0.1));
        Assert.That(load.Seconds[110].Lost.IsEmpty, Is.True, $"{load}");
    }

    [Test]
    public void A_load_is_part_of_the_run_and_feeds_the_autoscaler()
    {
        var cluster = Web();
        cluster.Load("client", "http://web", rps: 60);
        Assert.That(cluster.RequestsTo("web"), Is.EqualTo(60));
        cluster.Run(Seconds(10));
        var fork = cluster.Fork();
        Assert.That(fork.Digest, Is.EqualTo(cluster.Digest));
        Assert.That(fork.Loads[0].ToString(), Is.EqualTo(cluster.Loads[0].ToString()));
        Assert.That(cluster.UsageOf(cluster.List<Pod>().First(p => p.Metadata.Labels.Get("app")
            == "web")).Cpu, Is.EqualTo(Quantity.Parse("100m")), "a third of 60 times 5m");
        cluster.Run(Seconds(60));
        Assert.That(cluster.RequestsTo("web"), Is.Zero, "it is over");
        var read = JournalText.Read(cluster.SaveJournal(), "j", KindRegistry.BuiltIn);
        Assert.That(read.Errors, Is.Empty);
        Assert.That(read.Lines[^1].Input!.Describe, Is.EqualTo("load from client to http://web"));
    }

    [Test]
    public void Ten_thousand_requests_a_second_cost_no_more_than_ten()
    {
        var cluster = Web();
        cluster.Load("client", "http://web", rps: 10000, duration: TimeSpan.FromMinutes(10));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        cluster.Run(TimeSpan.FromMinutes(10));
        TestContext.Out.WriteLine($"{watch.Elapsed.TotalMilliseconds / 600} ms a virtual second");
        Assert.That(cluster.Loads[0].Seconds.Sum(s => s.Sent), Is.EqualTo(6e6).Within(1));
        Assert.That(watch.Elapsed, Is.LessThan(Seconds(30)));
    }
}
