using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>What <see cref="Draw"/> draws.</summary>
public sealed class DrawRenderingTests
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: "nginx:1.27"}]}
        """;

    private const string Crasher = """
        apiVersion: v1
        kind: Pod
        metadata: {name: crasher}
        spec: {containers: [{name: c, image: "app:exit-1-3"}]}
        """;

    private const string Bare = """
        apiVersion: v1
        kind: Pod
        metadata: {name: bare}
        spec: {containers: [{name: c, image: "nginx:1.27", resources: {requests: {cpu: 9m}}}]}
        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>A cluster that has rolled out its Deployment a second time.</summary>
    internal static Cluster Rolled()
    {
        var cluster = new Cluster(3, seed: 7);
        cluster.Apply(Web);
        cluster.Converge();
        cluster.Apply(Web.Replace("1.27", "1.28", StringComparison.Ordinal));
        cluster.Converge();
        return cluster;
    }

    private static IEnumerable<Picture> Pictures()
    {
        var cluster = new Cluster(3, seed: 7);
        cluster.Apply(Web);
        yield return Draw.Steps(cluster, 12);
        var rolled = Rolled();
        yield return Draw.Why(rolled, rolled.List<Pod>()[0]);
        yield return Draw.Why(rolled, rolled.Get<Deployment>("web"));
        yield return Draw.Request(rolled.Api.Explain(rolled.List<Pod>()[0]));
        yield return Draw.Request(rolled.Api.Explain("delete deployment web --as jane"));
        yield return Draw.Schedule(rolled, rolled.List<Pod>()[0]);
        yield return Draw.Schedule(rolled, Bare.Replace("9m", "9", StringComparison.Ordinal));
        yield return Draw.Schedule(new Cluster(90), Bare);
        yield return Draw.Compare(rolled.Scheduler.Compare(
            new(), new() { PercentageOfNodesToScore = 50 }, c => c.Apply(Bare)));
        yield return Draw.Timeline(rolled);
        yield return Draw.Timeline(rolled, selector: "app=none");
        yield return Draw.Steps(rolled, 0);
        yield return Draw.Map(rolled).ToPicture();
        yield return Draw.Keys(rolled, "/registry/replicasets/");
        yield return Draw.Keys(rolled, "/registry/");
        yield return Draw.Keys(new Cluster(0), "/none/");
        yield return Draw.Trace(rolled, rolled.Send("node-1", "web:80"));
        yield return Tunnel();
        var raft = Raft();
        yield return Draw.Raft(raft);
        raft.Compact(1);
        raft.Crash(2);
        yield return Draw.Raft(raft);
        rolled.Apply(Closed);
        yield return Draw.Policies(rolled);
        yield return Draw.Policies(new Cluster(1));
        yield return Draw.Dashboard(rolled);
        yield return Draw.Dashboard(new Cluster(500));
        yield return Draw.Dashboard(new Cluster(0));
        yield return Chart.PodsByPhase(rolled).ToPicture();
        yield return Chart.Rollout(rolled, "web").ToPicture();
        yield return Chart.Utilisation(rolled).ToPicture();
        yield return Chart.Over(rolled, "pods", c => c.List<Pod>().Count).ToPicture();
    }

    [Test]
    public void Every_picture_is_well_formed_small_dark_too_and_says_what_one_sees() =>
        Assert.Multiple(() =>
        {
            foreach (var picture in Pictures())
            {
                var svg = XDocument.Parse(picture.Svg).Root!;
                Assert.That(svg.Element(Svg + "title")!.Value, Is.EqualTo(picture.Alt));
                Assert.That(picture.Alt, Has.Length.InRange(10, 1400));
                Assert.That(picture.Text, Is.Not.Empty);
                Assert.That(picture.Svg, Does.Contain("prefers-color-scheme:dark"));
                Assert.That(picture.ToHtml(), Has.Length.LessThan(60_000));
                Assert.That((string?)svg.Attribute("width"), Is.EqualTo("600"));
            }
        });

    [Test]
    public void No_label_covers_another() => Assert.Multiple(() =>
    {
        foreach (var picture in Pictures())
        {
            var labels = Labels(XDocument.Parse(picture.Svg).Root!).ToList();
            foreach (var (a, i) in labels.Select((l, i) => (l, i)))
            {
                var over = labels.Skip(i + 1).FirstOrDefault(b => Math.Abs(a.Y - b.Y) < 10
                    && a.Left < b.Right - 1 && b.Left < a.Right - 1);
                Assert.That(over.Text, Is.Null, $"{a.Text} covers {over.Text}: {picture.Alt}");
            }
        }
    });

    private static IEnumerable<(string Text, double Left, double Right, double Y)> Labels(
        XElement svg)
    {
        foreach (var e in svg.Descendants(Svg + "text").Where(e => e.Value.Trim().Length > 0))
        {
            var (x, y) = (Number(e, "x"), Number(e, "y"));
            foreach (var group in e.Ancestors(Svg + "g"))
            {
                var move = Regex.Match((string?)group.Attribute("transform") ?? "",
                    @"translate\(([\d.]+) ([\d.]+)\)");
                x += move.Success ? double.Parse(move.Groups[1].Value, null) : 0;
                y += move.Success ? double.Parse(move.Groups[2].Value, null) : 0;
            }
            // The estimate is the most that any font takes.
            var width = (double?)e.Attribute("textLength") ?? Markup.Width(e.Value, 12) * 0.85;
            var left = (string?)e.Attribute("text-anchor") switch
            {
                "end" => x - width,
                "middle" => x - (width / 2),
                _ => x,
            };
            yield return (e.Value, left, left + width, y);
        }
    }

    private static double Number(XElement e, string name) =>
        double.Parse((string)e.Attribute(name)!, CultureInfo.InvariantCulture);

    // m1 leads; what it has proposed is on its way to m2, and the network to m3 is cut.
    private static RaftGroup Raft()
    {
        var group = new RaftGroup(3);
        group.Elect(1);
        group.DeliverAll();
        group.Partition(1, 2);
        group.Propose(1, "x=1");
        return group;
    }

    private const string Closed = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: closed}
        spec: {podSelector: {matchLabels: {app: web}}}
        """;

    [Test]
    public void A_way_that_policies_shut_is_crossed_out()
    {
        var cluster = new Cluster(nodes: 1);
        cluster.Kubectl("run web --image=nginx --labels=app=web");
        cluster.Kubectl("run other --image=nginx");
        cluster.Apply(Closed);
        var picture = Draw.Policies(cluster);
        Assert.Multiple(() =>
        {
            Assert.That(picture.Text, Is.EqualTo("80/TCP             1  2\n 1 default/other   .  X"
                + "\n 2 default/web     .  .\nOf 4 ways 1 are shut."));
            Assert.That(picture.Svg.Split("class=\"x\"").Length - 1, Is.EqualTo(1));
        });
    }

    [Test]
    public void Keys_are_drawn_as_far_back_as_etcd_remembers()
    {
        var cluster = new Cluster(nodes: 0);
        var first = cluster.Etcd.Put("/k/a", "1").ModRevision;
        cluster.Etcd.Put("/k/b", "2");
        cluster.Etcd.Put("/k/c", "-");
        cluster.Etcd.Put("/k/a", "3");
        cluster.Etcd.Delete("/k/b");
        var whole = Draw.Keys(cluster, "/k/");
        cluster.Etcd.Compact(first + 3);
        var compacted = Draw.Keys(cluster, "/k/");
        Assert.Multiple(() =>
        {
            Assert.That(compacted.Text, Does.StartWith($"key   <={first + 3}  {first + 4}\n"
                + "/k/a  3     -\n/k/b  2     x\n/k/c  -     -\nAll before revision"));
            Assert.That(whole.Svg.Split("class=\"nd off\"").Length - 1, Is.EqualTo(2), "the past");
            Assert.That(compacted.Svg.Split("class=\"nd off\"").Length - 1, Is.EqualTo(1));
            Assert.That(compacted.Svg.Split("class=\"x\"").Length - 1, Is.EqualTo(1), "deleted");
        });
    }

    [Test]
    public void A_raft_group_shows_what_is_committed_and_what_is_on_its_way()
    {
        var group = Raft();
        var picture = Draw.Raft(group);
        Assert.Multiple(() =>
        {
            Assert.That(picture.Svg, Does.Contain("m1 leads term 1")
                .And.Contain("reaches nobody"));
            Assert.That(picture.Svg.Split("class=\"kp kp1\"").Length - 1, Is.EqualTo(3),
                "the leader's first entry, on three disks");
            Assert.That(picture.Svg.Split("class=\"ch gs\"").Length - 1, Is.EqualTo(1), "x=1");
            Assert.That(picture.Text, Does.Contain("on their way:\n  ").And.Contain("m1→m2"));
            Assert.That(Shown.Html(group), Is.EqualTo(picture.ToHtml()));
            Assert.That(Shown.Text(group), Is.EqualTo(picture.Text));
        });
        group.Crash(1);
        Assert.That(Draw.Raft(group).Svg, Does.Contain("nobody leads").And.Contain(">down<")
            .And.Contain("1:x=1"), "what is on its disk stays");
    }

    [Test]
    public void Steps_are_taken_and_each_has_its_small_map()
    {
        var cluster = new Cluster(3, seed: 7);
        cluster.Apply(Web);
        var picture = Draw.Steps(cluster, 10);
        var (svg, bound) = (XDocument.Parse(picture.Svg), new Cluster(3, seed: 7));
        bound.Apply(Web);
        Assert.Multiple(() =>
        {
            Assert.That(cluster.StepCount, Is.EqualTo(10));
            Assert.That(svg.Root!.Elements(Svg + "g").Count(), Is.EqualTo(10));
            Assert.That(picture.Alt, Does.Contain("Step 10, "));
            Assert.That(picture.Text, Does.Match(
                @"default-scheduler bound Pod web-\S+ to node-\d\n  ◇ web-\S+ on node-\d: "));
            Assert.That(Draw.Steps(bound, bound.Steps(10)).Svg, Is.EqualTo(picture.Svg),
                "steps that were taken before are drawn the same");
        });
    }

    [Test]
    public void A_small_map_outlines_who_acted_and_what_changed()
    {
        var cluster = new Cluster(3, seed: 7);
        cluster.Apply(Web);
        StepRecord step;
        do
        {
            step = cluster.Step();
        }
        while (step.Component != "default-scheduler");
        var map = XDocument.Parse(Draw.Steps(cluster, [step]).Svg).Root!;
        string[] Of(string style) => [.. map.Descendants().Where(e =>
            (string?)e.Attribute("class") == style).Select(e => e.Name.LocalName)];
        Assert.That(Of("k"), Is.EqualTo(new[] { "rect", "rect" }), "the scheduler and the pod");
        Assert.That(Of("ar"), Has.Length.EqualTo(2), "to the API server, and on to the node");
    }

    [Test]
    public void Why_leads_from_the_person_to_the_kubelet()
    {
        var cluster = Rolled();
        var pod = cluster.List<Pod>()[0];
        var chain = cluster.Why(pod);
        var picture = Draw.Why(chain);
        var svg = XDocument.Parse(picture.Svg);
        Assert.Multiple(() =>
        {
            Assert.That(picture.Alt, Does.Match("you patch Deployment web.*deployment-controller "
                + ".*replicaset-controller .*default-scheduler bound Pod .*kubelet on node-"));
            Assert.That(svg.Descendants(Svg + "path").Count(p =>
                (string?)p.Attribute("class") == "ah"),
                Is.EqualTo(chain.Links.Sum(l => l.From.Count)), "an arrow for each cause");
            Assert.That(chain.Links.Skip(1).All(l => !l.From.IsEmpty));
        });
    }

    [Test]
    public void A_refused_request_goes_past_the_stages_that_never_see_it()
    {
        var cluster = new Cluster(1);
        const string create = "create deployment shop --image=nginx";
        var good = Draw.Request(cluster.Api.Explain(create));
        var bad = Draw.Request(cluster.Api.Explain($"{create} --as jane"));
        static int Missed(Picture picture) => XDocument.Parse(picture.Svg)
            .Descendants(Svg + "text").Count(t => t.Value == "not reached");
        Assert.Multiple(() =>
        {
            Assert.That((Missed(good), Missed(bad)), Is.EqualTo((0, 5)), "all after it");
            Assert.That(good.Alt, Does.EndWith("The answer: 201 Created."));
            Assert.That(bad.Alt, Does.Contain("authorisation, RBAC: ").And
                .EndWith("The answer: 403 Forbidden."));
        });
    }

    [Test]
    public void A_timeline_marks_restarts_and_ends()
    {
        var cluster = new Cluster(1);
        cluster.Apply(Crasher);
        cluster.Run(TimeSpan.FromSeconds(60));
        cluster.Delete(cluster.Get<Pod>("crasher"));
        cluster.Run(TimeSpan.FromSeconds(60));
        var picture = Draw.Timeline(cluster);
        Assert.Multiple(() =>
        {
            Assert.That(picture.Text, Does.Match(@"^crasher: Pending from [\d.]+ s, "
                + @"ContainerCreating from .*Running, ready from .* gone at .*restart 1 at .*"
                + @"CrashLoopBackOff at "));
            Assert.That(picture.Svg, Does.Contain(">↻<").And.Contain("class=\"wy\""));
        });
    }

    [Test]
    public void A_diff_shows_where_branches_part_and_what_differs()
    {
        var (one, other) = (Rolled(), Rolled());
        Assert.That(Draw.Diff(one, other).ToString(), Is.EqualTo("Both lived the same."));
        other.Faults.Crash("replicaset-controller");
        foreach (var cluster in (Cluster[])[one, other])
        {
            cluster.Delete(cluster.List<Pod>()[0]);
            cluster.Converge();
        }
        var diff = Draw.Diff(one, other);
        Assert.Multiple(() =>
        {
            Assert.That(diff.ToString(), Does.Match(@"^The branches part at step \d+\.\n"
                + @"First:  replicaset-controller created Pod .*\nSecond: "));
            Assert.That(diff.ToString(), Does.Match(@"(?m)^  Pod web-\S+: is there \| —$"));
            Assert.That(diff.ToHtml(), Does.Contain("replicaset-controller created Pod")
                .And.Contain("<th>Second</th>"));
        });
    }

    [Test]
    public void Players_of_one_page_share_nothing()
    {
        var cluster = new Cluster(2);
        cluster.Apply(Web);
        cluster.Converge();
        var (steps, digest) = (cluster.StepCount, cluster.Digest);
        var html = Draw.Player(cluster).ToHtml();
        var outside = html.Split(" srcdoc='")[0];
        Assert.Multiple(() =>
        {
            Assert.That(outside, Does.Match("<img src=\"data:image/svg\\+xml;base64,[^\"]+\" "
                + "alt=\"The first frame "), "it shows without script");
            Assert.That(outside, Does.Not.Contain(" id=").And.Not.Contain("<script"));
            Assert.That(html, Does.Match("(?s)srcdoc='[^']+'></iframe></details>$"));
            Assert.That(Regex.Count(html, "<li data-c="), Is.EqualTo(steps + 2));
            Assert.That((cluster.StepCount, cluster.Digest), Is.EqualTo((steps, digest)));
        });
    }

    [Test]
    public void A_trace_has_a_column_for_each_machine_and_a_band_for_the_tunnel()
    {
        var picture = Tunnel();
        Assert.That(picture.Svg, Does.Contain(">node-1<").And.Contain(">node-2<")
            .And.Contain("class=\"tun\""));
        Assert.That(picture.Alt, Does.Contain("default/b answers"));
        Assert.That(picture.Text, Does.Contain("out of the tunnel"));
    }

    private static Picture Tunnel()
    {
        var cluster = new Cluster(nodes: 2, network: PodNetwork.FlannelVxlan);
        cluster.Apply("""
            apiVersion: v1
            kind: Pod
            metadata: {name: a}
            spec: {nodeName: node-1, containers: [{name: c, image: nginx}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: b}
            spec: {nodeName: node-2, containers: [{name: c, image: nginx}]}
            """);
        cluster.Converge();
        return Draw.Trace(cluster, cluster.Send("a", cluster.Get<Pod>("b").Status.PodIP!));
    }
}
