using System.Globalization;
using System.Text.RegularExpressions;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>What the dashboard shows, and by whose rule.</summary>
public sealed partial class DashboardTests
{
    private const string Two = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: NAME}
        spec:
          replicas: 2
          selector: {matchLabels: {app: NAME}}
          template:
            metadata: {labels: {app: NAME}}
            spec:
              containers:
              - name: c
                image: IMAGE
                resources: {requests: {cpu: "1", memory: 1Gi}, limits: {cpu: "2", memory: 2Gi}}
        """;

    private static Cluster Of(params (string Name, string Image)[] deployments)
    {
        var cluster = new Cluster(2, seed: 3);
        foreach (var (name, image) in deployments)
        {
            cluster.Apply(Two.Replace("NAME", name, StringComparison.Ordinal)
                .Replace("IMAGE", image, StringComparison.Ordinal));
        }
        cluster.Run(TimeSpan.FromMinutes(1));
        return cluster;
    }

    // The cells of a line that begins with a word.
    private static string[] Line(Picture picture, string start) => Gaps().Split(
        picture.Text.Split('\n').First(l => l.StartsWith(start, StringComparison.Ordinal)));

    [Test]
    public void A_pending_pod_with_a_warning_counts_as_failed_until_its_events_are_gone()
    {
        var cluster = Of(("well", "nginx:1.27"), ("ill", "nosuch/image"));
        var shown = Draw.Dashboard(cluster);
        Assert.Multiple(() =>
        {
            Assert.That(Line(shown, "Deployments")[1], Is.EqualTo("1 Running, 1 Failed"));
            Assert.That(Line(shown, "Pods")[1], Is.EqualTo("2 Running, 2 Failed"));
            Assert.That(Line(shown, "Warning")[1..3], Is.EqualTo((string[])["Failed",
                $"Pod {cluster.List<Pod>().Where(p => p.Metadata.Name[0] == 'i')
                    .Select(p => p.Metadata.Name).Last()}"]).Or.EqualTo((string[])["Failed",
                $"Pod {cluster.List<Pod>().Where(p => p.Metadata.Name[0] == 'i')
                    .Select(p => p.Metadata.Name).First()}"]));
        });
    }

    [Test]
    public void Pods_in_trouble_come_first()
    {
        var shown = Draw.Dashboard(Of(("a-well", "nginx:1.27"), ("z-ill", "app:exit-1-3")));
        var rows = shown.Text[shown.Text.IndexOf("POD ", StringComparison.Ordinal)..].Split('\n');
        Assert.Multiple(() =>
        {
            Assert.That(rows[1], Does.StartWith("z-ill"));
            Assert.That(rows[2], Does.StartWith("z-ill"));
            Assert.That(rows[3], Does.StartWith("a-well"));
            Assert.That(int.Parse(Gaps().Split(rows[1])[3], CultureInfo.InvariantCulture),
                Is.Positive);
        });
    }

    [Test]
    public void What_is_used_is_shown_when_the_metrics_server_has_measured_it()
    {
        var cluster = Of(("web", "nginx:1.27"));
        cluster.Metrics("default", "app=web", cpu: "400m", memory: "512Mi");
        var before = Draw.Dashboard(cluster);
        cluster.AddOn("metrics-server");
        cluster.Run(TimeSpan.FromMinutes(2));
        var after = Draw.Dashboard(cluster);
        Assert.Multiple(() =>
        {
            // Each node has one pod of the two: 1 of 4 CPUs requested, 2 allowed.
            Assert.That(Line(before, "node-1")[2], Is.EqualTo("25% · 50%"));
            Assert.That(Line(after, "web-")[4..], Is.EqualTo((string[])["400m", "512Mi"]));
            Assert.That(Line(after, "node-1")[2] + Line(after, "node-2")[2],
                Does.Contain("· 10%"));
        });
    }

    [Test]
    public void Of_many_nodes_the_one_that_is_not_well_is_the_first_row()
    {
        var cluster = new Cluster(200, history: History.Window(100));
        cluster.Faults.Crash("node-77");
        cluster.Run(TimeSpan.FromMinutes(1));
        var shown = Draw.Dashboard(cluster);
        Assert.Multiple(() =>
        {
            Assert.That(shown.Text.Split('\n').SkipWhile(l => !l.StartsWith("NODE ",
                StringComparison.Ordinal)).ElementAt(1), Does.Match("^node-77 +NotReady"));
            Assert.That(shown.Text, Does.Contain("and 192 more"));
        });
    }

    [Test]
    public void The_dashboard_of_old_is_an_add_on_that_answers_over_https()
    {
        var cluster = new Cluster(2);
        cluster.AddOn("dashboard");
        cluster.Converge();
        const string Service = "/api/v1/namespaces/kubernetes-dashboard/services/";
        Assert.Multiple(() =>
        {
            Assert.That(cluster.Get<Deployment>("kubernetes-dashboard", "kubernetes-dashboard")
                .Status.AvailableReplicas, Is.EqualTo(1));
            Assert.That($"{cluster.Serve(new("GET",
                $"{Service}https:kubernetes-dashboard:/proxy/")).Body}",
                Does.Contain("<title>Kubernetes Dashboard</title>"));
            // It may read metrics and its own secrets, and nothing else: what people see they see
            // by the token that they log in with.
            Assert.That(cluster.Kubectl("auth can-i list pods --as "
                + "system:serviceaccount:kubernetes-dashboard:kubernetes-dashboard").Out,
                Does.StartWith("no"));
        });
    }

    [GeneratedRegex(" {2,}")]
    private static partial Regex Gaps();
}
