using System.Text.Json.Nodes;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Charts: the numbers, the Plotly figure, the picture.</summary>
public sealed class ChartTests
{
    private static readonly Cluster Rolled = DrawRenderingTests.Rolled();

    private static readonly Func<Figure>[] Figures =
    [
        () => Chart.PodsByPhase(Rolled), () => Chart.Rollout(Rolled, "web"),
        () => Chart.Utilisation(Rolled),
        () => Chart.Over(Rolled, "ready pods", c => c.List<Pod>().Count(p => p.IsReady)),
        () => Chart.Series("Load", "requests/s", ("web", [(Rolled.Now, 1), (Rolled.Now, 2)])),
        () => Chart.PodsByPhase(new(0)), Chart.ProxyLookup, () => Chart.ProxySync(10, 20),
        () => Chart.Usage(Rolled), () => Chart.Usage(Rolled, "app=none", "memory"),
        () => Chart.NodeUsage(Rolled),
    ];

    [Test]
    public void Rules_grow_with_services_as_the_published_times_do_and_virtual_servers_do_not()
    {
        static Dictionary<string, double[]> Rows(Figure figure) =>
            JsonNode.Parse(figure.Json)!["data"]!.AsArray().ToDictionary(t => (string)t!["name"]!,
                t => t!["y"]!.AsArray().Select(y => (double)y!).ToArray());
        var (rows, change) = (Rows(Chart.ProxyLookup()), Rows(Chart.ProxySync(10, 1000)));
        Assert.That(rows["iptables, rules"][2], Is.EqualTo(6).Within(0.1));
        Assert.That(rows["iptables, published"][2], Is.EqualTo(5.6).Within(0.1));
        Assert.That(rows["ipvs, rules"], Is.All.EqualTo(1));
        Assert.That(rows["nftables, published"], Is.All.EqualTo(1));
        Assert.That(change["ipvs"][1], Is.EqualTo(change["ipvs"][0]));
        Assert.That(change["iptables"][1] - change["iptables"][0], Is.EqualTo(990));
    }

    [TestCaseSource(nameof(Figures))]
    public void A_figure_has_the_shape_that_plotly_reads(Func<Figure> make)
    {
        var figure = JsonNode.Parse(make().Json)!;
        Assert.Multiple(() =>
        {
            Assert.That((string?)figure["layout"]!["title"]!["text"], Is.Not.Empty);
            Assert.That((string?)figure["layout"]!["xaxis"]!["title"]!["text"], Is.Not.Empty);
            Assert.That((string?)figure["layout"]!["yaxis"]!["title"]!["text"], Is.Not.Empty);
            foreach (var trace in figure["data"]!.AsArray())
            {
                Assert.That((string?)trace!["type"], Is.EqualTo("scatter").Or.EqualTo("bar"));
                Assert.That((string?)trace["name"], Is.Not.Empty);
                Assert.That(trace["x"]!.AsArray(), Has.Count.EqualTo(
                    trace["y"]!.AsArray().Count));
            }
        });
    }

    [Test]
    public void Pods_by_phase_add_up_to_the_pods()
    {
        var data = JsonNode.Parse(Chart.PodsByPhase(Rolled).Json)!["data"]!.AsArray();
        Assert.That(data.Sum(t => (double)t!["y"]!.AsArray()[^1]!), Is.EqualTo(3));
        Assert.That((string?)data[0]!["name"], Is.EqualTo("Running, ready"));
        Assert.That(data.Select(t => (string?)t!["name"]), Does.Contain("Pending"));
        Assert.That(data.Select(t => (string?)t!["line"]!["color"]), Is.Unique);
    }

    [Test]
    public void A_rollout_keeps_between_its_floor_and_its_ceiling()
    {
        var rows = JsonNode.Parse(Chart.Rollout(Rolled, "web").Json)!["data"]!.AsArray()
            .Select(t => t!["y"]!.AsArray().Select(y => (double)y!).ToArray()).ToArray();
        var (old, now, available, floor, ceiling) =
            (rows[0], rows[1], rows[2], rows[3], rows[4]);
        var complete = Array.FindIndex(available, a => a == 3);
        Assert.Multiple(() =>
        {
            Assert.That((floor[^1], ceiling[^1]), Is.EqualTo((3, 4)), "25 % of 3: 0 and 1");
            Assert.That((old.Max(), old[^1], now[0], now[^1]), Is.EqualTo((3, 0, 0, 3)));
            for (var i = complete; i < old.Length; i++)
            {
                Assert.That(available[i], Is.GreaterThanOrEqualTo(floor[i]));
                Assert.That(old[i] + now[i], Is.LessThanOrEqualTo(ceiling[i]));
            }
        });
        Assert.Throws<ApiException>(() => Chart.Rollout(Rolled, "none"));
    }

    [Test]
    public void An_autoscaler_wants_what_was_measured_within_its_bounds()
    {
        var cluster = new Cluster(2);
        cluster.Kubectl("create deployment web --image=nginx --replicas=2");
        cluster.Metric("depth", "30");
        cluster.Apply("""
            {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec:
             {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3,
              metrics: [{type: External, external: {metric: {name: depth}, target:
               {type: AverageValue, averageValue: 6}}}]}}
            """);
        cluster.Run(TimeSpan.FromSeconds(60));
        var last = JsonNode.Parse(Chart.Autoscaler(cluster, "web").Json)!["data"]!.AsArray()
            .Select(t => (double)t!["y"]!.AsArray()[^1]!);
        Assert.That(last, Is.EqualTo(new[] { 5.0, 3, 3, 1, 3 }), "30 / 6 is 5, at most 3");
        Assert.Throws<ApiException>(() => Chart.Autoscaler(cluster, "none"));
    }

    [Test]
    public void A_load_is_what_was_answered_and_what_was_lost()
    {
        var cluster = new Cluster(1);
        cluster.Kubectl("create service clusterip web --tcp=80");
        cluster.Converge();
        var load = cluster.Load("node-1", cluster.Get<Service>("web").Spec.ClusterIP!, rps: 7,
            duration: TimeSpan.FromSeconds(3));
        cluster.Run(TimeSpan.FromSeconds(4));
        var data = JsonNode.Parse(Chart.Load(load).Json)!["data"]!.AsArray();
        Assert.That(data.Select(t => ($"{t!["name"]}", t["y"]!.ToJsonString())), Is.EqualTo(new[]
        {
            ("answered", "[0,0,0]"), ("lost: no endpoints", "[7,7,7]"),
        }));
        Assert.That(JsonNode.Parse(Chart.LoadTimes(load).Json)!["data"]!.AsArray(),
            Has.Count.EqualTo(3));
    }

    [Test]
    public void Requests_are_measured_against_what_a_node_can_give()
    {
        var cluster = new Cluster(2);
        cluster.Apply("""
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec:
              nodeName: node-2
              containers:
              - {name: c, image: nginx, resources: {requests: {cpu: "1", memory: 4Gi}}}
            """);
        cluster.Converge();
        var figure = Chart.Utilisation(cluster);
        var data = JsonNode.Parse(figure.Json)!["data"]!.AsArray();
        Assert.Multiple(() =>
        {
            Assert.That(data[0]!["y"]!.ToJsonString(), Is.EqualTo("[0,25]"));
            Assert.That(data[1]!["y"]!.ToJsonString(), Is.EqualTo("[0,25]"));
            Assert.That(figure.ToString(), Does.Contain("node-2 1/4").And.Contain("4Gi/16Gi"));
        });
    }

    [Test]
    public void Usage_is_drawn_as_it_was_although_nobody_wrote_it_down()
    {
        var cluster = new Cluster(2);
        cluster.Apply("""
            apiVersion: v1
            kind: Pod
            metadata: {name: p, labels: {app: p}}
            spec:
              nodeName: node-2
              containers:
              - name: c
                image: nginx
                resources: {requests: {cpu: 200m, memory: 64Mi}, limits: {memory: 256Mi}}
            """);
        cluster.Run(TimeSpan.FromSeconds(30));
        cluster.Metrics("default", "app=p", cpu: "500m", memory: "128Mi");
        cluster.Run(TimeSpan.FromSeconds(30));
        static (string Name, double First, double Last)[] Lines(Figure figure) =>
            [.. JsonNode.Parse(figure.Json)!["data"]!.AsArray().Select(t => ((string)t!["name"]!,
                (double)t["y"]!.AsArray()[0]!, (double)t["y"]!.AsArray()[^1]!))];
        Assert.Multiple(() =>
        {
            Assert.That(Lines(Chart.Usage(cluster, "app=p")), Is.EqualTo(
                new[] { ("p", 0, 0.5), ("request of each", 0.2, 0.2) }));
            Assert.That(Lines(Chart.Usage(cluster, "app=p", "memory")), Is.EqualTo(new[]
            {
                ("p", 0.0, 128.0), ("request of each", 64, 64), ("limit of each", 256, 256),
            }));
            Assert.That(Lines(Chart.NodeUsage(cluster)), Is.EqualTo(
                new[] { ("node-1", 0, 0), ("node-2", 0, 12.5) }), "500m of 4");
            Assert.That(() => Chart.Usage(cluster, resource: "disk"),
                Throws.ArgumentException.With.Message.StartsWith("\"disk\" is neither"));
        });
    }

    [Test]
    public void The_text_and_the_alt_say_the_same_as_the_figure()
    {
        var figure = Chart.Over(Rolled, "ready pods", c => c.List<Pod>().Count(p => p.IsReady));
        Assert.Multiple(() =>
        {
            Assert.That(figure.ToString(), Does.Match("^ready pods .*\n  ready pods  [▁-█]{40}  "
                + @"0 → 3  \(0 to 4\)$"));
            Assert.That(figure.ToPicture().Alt, Is.EqualTo(
                "Chart: ready pods. ready pods: from 0 to 3, between 0 and 4."));
        });
    }

    [Test]
    public void Without_plotly_the_picture_stays()
    {
        var html = Chart.PodsByPhase(Rolled).ToPlotly();
        Assert.That(html, Does.StartWith("<div class=\"kfigure\"><img src=\"data:image/svg+xml"));
        Assert.That(html, Does.Contain("if(!window.Plotly)return").And.Not.Contain("http"));
        var evil = Chart.Series("</script><b>", "x", ("a", [(Rolled.Now, 1)])).ToPlotly();
        Assert.That(evil, Does.Not.Contain("</script><b>"));
    }
}
