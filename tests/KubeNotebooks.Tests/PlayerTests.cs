using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>The page of <c>simulate --html</c>.</summary>
public sealed class PlayerTests : CommandLineFixture
{
    private static string Page(params string[] args)
    {
        var (code, _, error) = Run(["simulate", .. args, "--html", "out.html"]);
        Assert.That(code, Is.Zero, error);
        return File.ReadAllText("out.html");
    }

    private static JsonNode Data(string page) => JsonNode.Parse(
        page.Split("id=\"data\">")[1].Split("</script>")[0])!;

    /// <summary>The map of a frame, put together as the script does.</summary>
    private static string Map(string page, int frame)
    {
        var data = Data(page);
        var svg = page[page.IndexOf("<svg xmlns", StringComparison.Ordinal)..];
        svg = svg[..(svg.IndexOf("</svg>", StringComparison.Ordinal) + 6)];
        var map = XElement.Parse(svg);
        foreach (var (id, states) in data["g"]!.AsObject())
        {
            var pairs = states!.AsArray().Select(n => (int)n!).Chunk(2);
            var text = (string)data["s"]![pairs.Last(p => p[0] <= frame)[1]]!;
            var group = map.Descendants().Single(e => (string?)e.Attribute("id") == id);
            group.ReplaceNodes(XElement.Parse(
                $"<g xmlns=\"http://www.w3.org/2000/svg\">{text}</g>").Nodes());
        }
        return map.ToString();
    }

    [Test]
    public void The_page_has_a_frame_for_each_step_and_each_input()
    {
        Write("web.yaml", Web(3));
        Write("more.jsonl", """
            {"at":"settled","delete":{"kind":"ReplicaSet","namespace":"default","name":"web"}}

            """);
        var page = Page("-f", "web.yaml", "--journal", "more.jsonl", "--trace", "t.jsonl");
        var steps = File.ReadAllLines("t.jsonl").Select(l => (long)JsonNode.Parse(l)!["step"]!)
            .Distinct().Count();
        var data = Data(page);
        Assert.Multiple(() =>
        {
            Assert.That(data["c"]!.AsArray(), Has.Count.EqualTo(steps + 3));
            Assert.That(Regex.Count(page, "<li data-c="), Is.EqualTo(steps + 3));
            Assert.That((string)data["c"]![1]!, Does.Contain("you created ReplicaSet web"));
            Assert.That(page, Does.Contain("deleted ReplicaSet web"));
            Assert.That(data["c"]!.AsArray().Select(c => (string)c!),
                Has.Some.Contains("Normal Scheduled: Successfully assigned default/web-"));
        });
    }

    [Test]
    public void Every_map_is_well_formed_and_shows_its_step()
    {
        Write("web.yaml", Web(3));
        var page = Page("-f", "web.yaml");
        var count = Data(page)["c"]!.AsArray().Count;
        var maps = Enumerable.Range(0, count).Select(i => Map(page, i)).ToList();
        var bound = maps.FindIndex(m => m.Contains("default-scheduler bound",
            StringComparison.Ordinal));
        Assert.Multiple(() =>
        {
            Assert.That(maps, Is.Unique);
            Assert.That(maps[0], Does.Contain("The start"));
            Assert.That(maps[1], Does.Contain("you created ReplicaSet web"));
            Assert.That(maps[1], Does.Contain("0/3 ready"), "the record is there at once");
            Assert.That(bound, Is.Positive);
            Assert.That(maps[^1], Does.Contain("3/3 ready"));
        });
    }

    [Test]
    public void The_first_frame_needs_no_script_and_nothing_from_elsewhere()
    {
        Write("web.yaml", Web(2));
        var page = Page("-f", "web.yaml");
        var still = page[..page.IndexOf("<script", StringComparison.Ordinal)];
        Assert.Multiple(() =>
        {
            Assert.That(still, Does.Contain("<svg xmlns").And.Contain(">node-1</text>"));
            Assert.That(still, Does.Contain("<noscript>").And.Contain("created 2 Pods"));
            Assert.That(still, Does.Match("<svg[^>]*><title>Map of a cluster\\. [^<]+</title>"));
            Assert.That(Regex.IsMatch(page.Replace("http://www.w3.org/2000/svg", "",
                StringComparison.Ordinal), "https?:|url\\(|@import|\\bsrc=|<link"), Is.False);
        });
    }

    [Test]
    public void The_same_seed_gives_the_same_page()
    {
        Write("web.yaml", Web(5));
        var (first, again) = (Page("-f", "web.yaml", "--seed", "3"),
            Page("-f", "web.yaml", "--seed", "3"));
        Assert.That(again, Is.EqualTo(first));
        Assert.That(Page("-f", "web.yaml", "--seed", "4"), Is.Not.EqualTo(first));
    }

    [Test]
    public void Looking_changes_nothing()
    {
        Write("web.yaml", Web(3));
        Assert.That(Run("simulate", "-f", "web.yaml", "-o", "json", "--html", "o.html"),
            Is.EqualTo(Run("simulate", "-f", "web.yaml", "-o", "json")));
    }

    [Test]
    public void Foreign_text_cannot_become_markup()
    {
        const string Evil = "</script><script>alert(1)</script><!--";
        Write("evil.yaml", """
            apiVersion: v1
            kind: Pod
            metadata: {name: p, annotations: {a: "</script><script>alert(1)</script><!--"}}
            spec: {containers: [{name: c, image: "</script><script>alert(1)</script><!--"}]}
            """);
        Write("more.jsonl", "{\"at\":\"5s\",\"patch\":{\"kind\":\"Pod\","
            + "\"namespace\":\"default\",\"name\":\"p\",\"type\":\"application/merge-patch+json\","
            + "\"body\":{\"metadata\":{\"annotations\":{\"b\":\"" + Evil + "\"}}}}}\n");
        // Such an image is none, and its kubelet asks for it for ever.
        var name = "a<b>&amp.yaml";
        File.Move("evil.yaml", name);
        var page = Page("-f", name, "--journal", "more.jsonl", "--for", "20s");
        Assert.Multiple(() =>
        {
            Assert.That(page, Does.Not.Contain("<script>alert").And.Not.Contain("<!--"));
            Assert.That(page, Does.Contain("a&lt;b&gt;&amp;amp.yaml"));
            Assert.That(Regex.Count(page, "<script"), Is.EqualTo(2));
            Assert.That(Regex.Count(page, "</script"), Is.EqualTo(2));
        });
    }

    [Test]
    public void A_cluster_without_nodes_has_a_page()
    {
        Write("web.yaml", Web(2));
        var page = Page("-f", "web.yaml", "--nodes", "0", "--for", "10s");
        Assert.That(Map(page, Data(page)["c"]!.AsArray().Count - 1),
            Does.Contain("There are no nodes").And.Contain("Pods without a node: 2"));
    }

    [Test]
    public void A_long_run_keeps_every_card_and_says_that_maps_are_fewer()
    {
        Write("web.yaml", Web(400));
        var page = Page("-f", "web.yaml", "--nodes", "12");
        var data = Data(page);
        var cards = data["c"]!.AsArray().Count;
        Assert.Multiple(() =>
        {
            Assert.That(cards, Is.GreaterThan(Player.MostMaps));
            Assert.That(data["m"]!.AsArray(), Has.Count.EqualTo(2 * Player.MostMaps));
            Assert.That(page, Does.Match(
                @"Every step here has its card; 400 of [\d,]+ have a map"));
            Assert.That(page, Has.Length.LessThan(6_000_000));
        });
    }

    [Test]
    public void A_fault_is_shown()
    {
        Write("web.yaml", Web(1));
        Write("fault.jsonl", """
            {"at":"settled","fault":{"op":"crash","target":"replicaset-controller"}}

            """);
        var page = Page("-f", "web.yaml", "--journal", "fault.jsonl");
        Assert.That(Map(page, Data(page)["c"]!.AsArray().Count - 1),
            Does.Contain("✗ replicaset-controller"));
    }

    [Test]
    public void A_pod_that_cannot_start_says_why_and_an_event_is_no_idle_look()
    {
        Write("bad.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}, "
            + "spec: {containers: [{name: c, image: nosuch}]}}");
        var page = Page("-f", "bad.yaml", "--for", "60s");
        Assert.That(page, Does.Contain(">ErrImagePull<"));
        Assert.That(page, Does.Match("reported [A-Za-z, ]+ about Pod p</span>"));
    }

    [Test]
    public void Bad_input_leaves_no_file()
    {
        Write("bad.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {}\n");
        var (code, _, error) = Run("simulate", "-f", "bad.yaml", "--html", "out.html");
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(File.Exists("out.html"), Is.False);
        Write("out.html", "mine");
        Run("simulate", "-f", "bad.yaml", "--html", "out.html");
        Assert.That(File.ReadAllText("out.html"), Is.EqualTo("mine"), "as it was");
        Write("web.yaml", Web(1));
        Assert.That(Run("simulate", "-f", "web.yaml", "--html", "no/such/out.html").Error,
            Does.StartWith("no/such/out.html: cannot be written"));
    }

    [Test]
    public void A_longer_old_page_leaves_no_rest()
    {
        Write("web.yaml", Web(1));
        var page = Page("-f", "web.yaml");
        Write("out.html", new string('x', page.Length + 1000));
        Assert.That(Page("-f", "web.yaml"), Is.EqualTo(page));
    }

    [Test]
    public void At_the_limit_the_page_shows_what_was()
    {
        Write("web.yaml", Web(3));
        Assert.That(Run("simulate", "-f", "web.yaml", "--limit", "20ms", "--html", "o.html").Code,
            Is.EqualTo(3));
        Assert.That(File.ReadAllText("o.html"), Does.Contain("created 3 Pods"));
    }
}
