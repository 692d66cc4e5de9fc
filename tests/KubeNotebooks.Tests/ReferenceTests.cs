using System.Text.RegularExpressions;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>The reference has everything that a cell can call, and no link of it leads
/// nowhere.</summary>
public sealed partial class ReferenceTests : CommandLineFixture
{
    private static readonly string Page = new ReferencePage().Html();

    private static readonly HashSet<string> Ids = [.. Id().Matches(Page)
        .Select(m => m.Groups[1].Value)];

    [Test]
    public void The_command_writes_the_page()
    {
        var (code, output, error) = Run("reference", "--out", "reference.html");
        Assert.That((code, output, error), Is.EqualTo((0, "", "")));
        Assert.That(File.ReadAllText("reference.html"), Is.EqualTo(Page));
        Assert.That(Page, Does.Not.Contain("src=").And.Not.Contain("<link"), "it is whole");
    }

    [Test]
    public void Every_public_type_is_there()
    {
        var types = new[] { typeof(Cluster), typeof(Draw) }
            .SelectMany(t => t.Assembly.GetExportedTypes())
            .Where(t => !t.FullName!.Contains('<', StringComparison.Ordinal))
            .Select(t => t.FullName!.Split('.')[^1].Split('`')[0].Replace('+', '.')).ToList();
        Assert.That(types, Has.Count.GreaterThan(700));
        Assert.That(types.Where(t => !Ids.Contains(t)), Is.Empty);
    }

    [TestCase("Cluster.Converge")]
    [TestCase("Cluster.new")]
    [TestCase("PodFacts.IsReady")]
    [TestCase("IReconciler.Reconcile")]
    [TestCase("PodNetwork.FlannelVxlan")]
    [TestCase("Chart.Rollout")]
    public void A_member_is_there(string name) => Assert.That(Ids, Does.Contain(name));

    [Test]
    public void No_link_leads_nowhere()
    {
        Assert.That(Link().Matches(Page).Select(m => m.Groups[1].Value).Distinct()
            .Where(a => !Ids.Contains(a)), Is.Empty);
        Assert.That(Id().Count(Page), Is.EqualTo(Ids.Count), "no name is twice");
    }

    [Test]
    public void A_type_says_what_it_is_for()
    {
        var said = Section("IScorePlugin");
        Assert.Multiple(() =>
        {
            Assert.That(said, Does.Contain("<span class=\"k\">interface</span>"));
            Assert.That(said, Does.Contain("lib/Scheduling/"));
            Assert.That(said, Does.Contain("<a href=\"#ImageLocality\">"), "who implements it");
            Assert.That(said, Does.Contain("<a href=\"#CycleState\">CycleState</a> "));
            Assert.That(Section("PodFacts"), Does.Contain("of every <code><a href=\"#Pod\">"));
            Assert.That(Section("Cluster"), Does.Match("<div>[A-Z]"));
            Assert.That(Section("Cluster"), Does.Contain("<li><code>dns</code>: CoreDNS"));
            Assert.That(Section("ServedClusters"), Does.Contain(
                "of every <code><a href=\"#Cluster\">"));
            Assert.That(Section("PodNetwork"), Does.Contain(">lib/ClusterGround.cs<"));
        });
    }

    // A grouping by folders that nobody keeps up to date would show here.
    [Test]
    public void No_type_of_the_library_is_left_over()
    {
        var rest = Page[Page.LastIndexOf("<h2 ", StringComparison.Ordinal)..];
        Assert.That(rest, Does.Contain("id=\"NotebookFile\"")
            .And.Not.Contain("class=\"file\">lib/"));
    }

    private static string Section(string type)
    {
        var start = Page.IndexOf($"<section class=\"type\" id=\"{type}\">",
            StringComparison.Ordinal);
        return Page[start..Page.IndexOf("</section>", start, StringComparison.Ordinal)];
    }

    [GeneratedRegex("(?<=<(?:section|dt|h2|main)[^>]* )id=\"([^\"]+)\"")]
    private static partial Regex Id();

    [GeneratedRegex("href=\"#([^\"]+)\"")]
    private static partial Regex Link();
}
