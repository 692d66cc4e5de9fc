using System.Text;
using System.Xml.Linq;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Maps and cards, as a notebook shows them.</summary>
public sealed class RenderingTests
{
    private const string Web = """
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: {name: web}
        spec:
          replicas: 4
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: "nginx:1.27"}]}
        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(40)]
    public void Every_map_is_well_formed_and_says_what_one_sees(int nodes)
    {
        var cluster = new Cluster(nodes);
        cluster.Apply(Web);
        for (var i = 0; i < 30; i++)
        {
            var step = cluster.Step();
            var picture = ClusterMap.Of(cluster, step).ToPicture();
            var svg = XDocument.Parse(picture.Svg).Root!;
            Assert.Multiple(() =>
            {
                Assert.That(svg.Name, Is.EqualTo(Svg + "svg"));
                Assert.That(svg.Element(Svg + "title")!.Value, Is.EqualTo(picture.Alt));
                Assert.That(picture.Alt, Does.Contain(nodes == 0 ? "no nodes" : $"{nodes} node"));
                Assert.That(picture.Alt, Has.Length.LessThan(1500));
                Assert.That(picture.ToHtml(), Does.Match("^<img src=\"data:image/svg\\+xml;base64,"
                    + "[A-Za-z0-9+/=]+\" alt=\"[^\"<>]+\" style=\"[^\"]*\">$"));
            });
        }
    }

    [Test]
    public void The_image_holds_the_svg()
    {
        var picture = ClusterMap.Of(new Cluster(2)).ToPicture();
        var data = picture.ToHtml().Split("base64,")[1].Split('"')[0];
        Assert.That(Encoding.UTF8.GetString(Convert.FromBase64String(data)),
            Is.EqualTo(picture.Svg));
    }

    [Test]
    public void What_the_step_changed_is_outlined_and_led_to_by_an_arrow()
    {
        var cluster = new Cluster(3);
        cluster.Apply(Web);
        StepRecord bind;
        do
        {
            bind = cluster.Step();
        }
        while (bind.Component != "default-scheduler");
        var pod = bind.Key.Name;
        var map = ClusterMap.Of(cluster, bind);
        var svg = XDocument.Parse(map.ToPicture().Svg);
        var node = cluster.Get<Pod>(pod).Spec.NodeName!;
        var group = svg.Descendants(Svg + "g").First(g => (string?)g.Attribute("id")
            == $"kn{int.Parse(node[5..], null) - 1}");
        Assert.Multiple(() =>
        {
            Assert.That(Outlines(group), Is.EqualTo(1), "the pod");
            Assert.That(Outlines(svg.Root!), Is.EqualTo(3), "the pod, the scheduler, the legend");
            Assert.That(svg.Descendants(Svg + "path").Count(p =>
                (string?)p.Attribute("class") == "ah"), Is.EqualTo(2), "to the API server and on");
            Assert.That(map.ToString(), Does.Match($@"(?m)^  ◇ {pod}  ContainerCreating  ◄$"));
            Assert.That(map.ToString(),
                Does.Contain($"default-scheduler bound Pod {pod} to {node}"));
        });
    }

    private static int Outlines(XElement e) =>
        e.Descendants(Svg + "rect").Count(r => (string?)r.Attribute("class") == "k");

    [Test]
    public void A_pod_that_goes_is_shown_once_more()
    {
        var cluster = new Cluster(1);
        cluster.Apply(Web);
        cluster.Converge();
        cluster.Delete(cluster.List<Pod>()[0]);
        StepRecord step;
        do
        {
            step = cluster.Step();
        }
        while (!step.Changes.Any(c => c is { After: null, Before: Pod }));
        var gone = step.Changes.First(c => c.After is null).Key.Name;
        var text = ClusterMap.Of(cluster, step).ToString();
        Assert.That(text, Does.Match($@"(?m)^  \S {gone}  .*◄ gone$"));
        Assert.That(ClusterMap.Of(cluster).ToString(), Does.Not.Contain(gone));
    }

    [Test]
    public void Each_state_has_a_shape_of_its_own()
    {
        var shapes = PodLooks.All.Select(look =>
        {
            var canvas = new Canvas();
            PodLooks.Shape(canvas, look);
            return canvas.ToString().Replace($"kp{(int)look}", "", StringComparison.Ordinal);
        }).ToList();
        Assert.That(shapes, Is.Unique);
        Assert.That(PodLooks.All.Select(PodLooks.Sign), Is.Unique);
    }

    [TestCase("Pending", null, false, PodLook.Pending)]
    [TestCase("Pending", "n", false, PodLook.Creating)]
    [TestCase("Running", "n", false, PodLook.NotReady)]
    [TestCase("Running", "n", true, PodLook.Ready)]
    [TestCase("Succeeded", "n", false, PodLook.Succeeded)]
    [TestCase("Failed", "n", false, PodLook.Failed)]
    public void The_state_decides_the_look(string phase, string? node, bool ready, object look)
    {
        var pod = new Pod
        {
            Metadata = new() { Name = "p" },
            Spec = new() { NodeName = node },
            Status = new()
            {
                Phase = phase,
                Conditions = ready ? [new() { Type = "Ready", Status = "True" }] : [],
            },
        };
        Assert.That(PodLooks.Of(pod), Is.EqualTo(look));
        var ending = pod with
        {
            Metadata = new() { Name = "p", DeletionTimestamp = new Time(1) },
        };
        Assert.That(PodLooks.Of(ending), Is.EqualTo(phase is "Succeeded" or "Failed" ? look
            : PodLook.Terminating));
    }

    [Test]
    public void A_card_says_who_when_why_and_each_field()
    {
        var cluster = new Cluster(1);
        cluster.Apply(Web);
        var cards = cluster.Steps(12);
        var bind = cards.First(s => s.Component == "default-scheduler");
        var text = StepCard.Of(bind).ToString();
        Assert.Multiple(() =>
        {
            Assert.That(text, Does.Match(
                @"^Step \d+  \d\d:\d\d:\d\d\.\d{3}\ndefault-scheduler bound Pod web-\w{5} "
                + @"to node-1\n"));
            Assert.That(text, Does.Match(
                @"  Because of:\n    revision \d+: Pod web-\w{5} created"));
            Assert.That(text, Does.Contain("      spec.nodeName: unset → node-1"));
            Assert.That(XElement.Parse(StepCard.Of(bind).ToHtml().Split("</style>")[1]).Value,
                Does.Contain("spec.nodeName:unset → node-1"));
        });
    }

    [Test]
    public void A_refused_write_is_shown_on_map_and_card()
    {
        var step = new StepRecord
        {
            Number = 7, Component = "default-scheduler", Time = new(2025, 1, 1),
            Key = new(Kinds.Pod, "default", "p"), Error = "no",
            Changes = [new()
            {
                Verb = Verb.Update, Key = new(Kinds.Pod, "default", "p"),
                Refused = new() { Code = 409, Reason = "Conflict", Message = "no <way>" },
            }],
        };
        var map = ClusterMap.Of(new Cluster(1), step).ToPicture();
        Assert.Multiple(() =>
        {
            Assert.That(map.Svg, Does.Contain("refused: 409 Conflict").And.Contain("class=\"x\""));
            Assert.That(map.Alt, Does.Contain("refused a write: 409 Conflict"));
            Assert.That(StepCard.Of(step).ToString(),
                Does.Contain("tried to update Pod p: refused, 409 Conflict: no <way>"));
            Assert.That(StepCard.Of(step).ToHtml(), Does.Contain("no &lt;way&gt;"));
        });
    }

    [TestCase("<script>alert(\"1\")</script>&'",
        "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;")]
    [TestCase("😀 ü", "😀 ü")]
    public void What_is_foreign_is_made_safe(string text, string safe)
    {
        Assert.That(Markup.Escape(text), Is.EqualTo(safe));
        Assert.That(XElement.Parse($"<a b=\"{safe}\">{safe}</a>").Value,
            Is.EqualTo((string?)XElement.Parse($"<a b=\"{safe}\"/>").Attribute("b")));
    }

    [Test]
    public void What_xml_cannot_hold_is_replaced() => Assert.That(
        Markup.Escape($"a\0b\u001b{(char)0xD800}c{(char)0xDC00}"),
        Is.EqualTo("a\uFFFDb\uFFFD\uFFFDc\uFFFD"));

    [Test]
    public void Long_names_keep_both_ends()
    {
        var cut = Markup.Fit("frontend-with-a-long-name-7cdd69cbf7-x2x9k", 120, 12);
        Assert.That(cut, Does.StartWith("fron").And.Contain("…").And.EndWith("-x2x9k"));
        Assert.That(Markup.Width(cut, 12), Is.LessThanOrEqualTo(120));
        Assert.That(Markup.Fit("web", 120, 12), Is.EqualTo("web"));
    }

    [Test]
    public void A_pod_keeps_its_place_while_others_go()
    {
        var cluster = new Cluster(1);
        cluster.Apply(Web);
        cluster.Converge();
        var before = cluster.Revision;
        var pods = cluster.List<Pod>();
        cluster.Delete(pods[0], new() { GracePeriodSeconds = 0 });
        cluster.RemoveComponent("replicaset-controller");
        MapScene Scene(Revision r) => MapScene.Of(cluster.At(r),
            new() { Time = cluster.Now, Revision = r }, cluster.Now, ["a"], ["kubelet"]);
        MapScene[] scenes = [Scene(before), Scene(cluster.Revision)];
        var layout = new MapLayout(scenes);
        var places = scenes.Select(s => s.Pods.Where(p => p.Key != pods[0].Key)
            .Select(layout.SlotOf).ToArray()).ToArray();
        Assert.That(places[0], Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(places[1], Is.EqualTo(places[0]));
    }

    [Test]
    public void Two_thousand_nodes_make_no_bigger_map_than_twenty()
    {
        long Size(int nodes)
        {
            var cluster = new Cluster(nodes, components: []);
            return ClusterMap.Of(cluster).ToPicture().Svg.Length;
        }
        Assert.That(Size(2000), Is.LessThan(1.1 * Size(20)).And.LessThan(60_000));
    }
}
