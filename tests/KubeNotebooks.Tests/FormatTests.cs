using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Notebooks on the command line: run to pages, and brought into form.</summary>
public sealed class FormatTests : CommandLineFixture
{
    [Test]
    public void A_run_writes_a_page_and_an_executed_notebook()
    {
        Save("01-a.ipynb", ("markdown", "# Why *so*?\n\n## One\n[next](02-b.ipynb#Two) <script>x"),
            ("code", "Console.Write(\"a\"); Console.WriteLine('<'); 6 * 7"),
            ("code", "var s = Show(1);\ns.Update(2);\nusing static KubeNotebooks.Lesson;"),
            ("code", "var s = display(1);\ns.Update(2);"),
            ("code raises-exception", "throw new Exception(\"wanted\");"),
            ("code exercise", "var todo = KubeNotebooks.Todo.Long();"),
            ("code", "using static KubeNotebooks.Lesson; Directory.GetFiles(\".\").Length"));
        var (code, output, error) = Run("run", "01-a.ipynb", "--out", "out", "--allow-errors");
        var book = JsonNode.Parse(File.ReadAllText("out/01-a.ipynb"))!["cells"]!.AsArray();
        string Outputs(int cell) => book[cell]!["outputs"]!.ToJsonString();
        Assert.Multiple(() =>
        {
            Assert.That((code, output), Is.EqualTo((1, "01-a: failed in cell 2, line 3: "
                + "Cell 2(3,1): CS1529: A using clause must precede all other elements defined in "
                + "the namespace except extern alias declarations\n")));
            Assert.That(error, Does.Match(@"(?m)^01-a: cell 1, \d+\.\d s$").And.Match(
                @"(?m)^01-a: cell 2, .*: failed\nCell 2\(3,1\)"));
            Assert.That(Outputs(1), Does.Contain("\"text\":[\"a\\u003C\\n\"]")
                .And.Contain("\"execution_count\":1").And.Contain("\"text/plain\":[\"42\"]"));
            Assert.That(Outputs(3), Does.Contain("[\"2\"]").And.Not.Contain("[\"1\"]"),
                "a value shown anew replaces the old one");
            Assert.That(Outputs(4), Does.Contain("\"evalue\":\"wanted\""));
            Assert.That(Outputs(5), Does.Contain("not attempted").And.Not.Contain("\"error\""));
            Assert.That(Outputs(6), Does.Contain("[\"1\"]"), "paths start at the notebook");
        });
        var page = File.ReadAllText("out/01-a.html");
        Assert.Multiple(() =>
        {
            Assert.That(page, Does.StartWith("<!DOCTYPE html>\n<html lang=\"en\">"));
            Assert.That(page, Does.Contain("<title>Why *so*?</title>"));
            Assert.That(page, Does.Contain("<a href=\"02-b.html#two\">next</a> &lt;script"));
            Assert.That(page, Does.Contain("<a href=\"#in-2\">Cell 2</a> failed in line 3."));
            Assert.That(page, Does.Contain("<span class=k>using</span>"));
            Assert.That(page, Does.Contain("<pre class=error><b>Error</b> System.Exception"));
            Assert.That(page, Does.Not.Contain("<script").And.Not.Contain("src=\"http"));
            Assert.That(page, Does.Not.Contain("\r"));
        });
    }

    [Test]
    public void After_a_failure_nothing_runs_and_a_limit_ends_a_cell()
    {
        Save("a.ipynb", ("code", "while (true) { }"), ("code", "1"));
        Save("b.ipynb", ("code", "1"));
        var (code, output, _) = Run("run", ".", "--timeout", "200ms", "--out", "out");
        Assert.That((code, output), Is.EqualTo((1,
            "a: failed in cell 1: Cell 1 was stopped: it took longer than 0.2 s\nb: ok\n")));
        Assert.That(File.ReadAllText("out/a.html"), Does.Contain("not run"));
    }

    [Test]
    public void What_cannot_be_run_is_told_before_anything_runs()
    {
        Save("a.ipynb", ("code", "1"));
        Write("bad.ipynb", "{");
        var (code, output, error) = Run("run", "a.ipynb", "none.ipynb", "bad.ipynb");
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Does.Match(
            @"^none.ipynb: no such file\nbad.ipynb:1:2: not JSON: .+\n$"));
        Assert.That(Run("run", "a.ipynb", "--out", ".").Error,
            Does.StartWith("--out: a.ipynb would overwrite the notebook itself: "));
    }

    [Test]
    public void Format_mends_what_check_names()
    {
        Save("a.ipynb", ("code", "1"));
        var path = Path.GetFullPath("a.ipynb");
        Assert.That(Run("format", ".", "--check"), Is.EqualTo((1, path + "\n", "")));
        Assert.That(Run("format", "a.ipynb"), Is.EqualTo((0, path + "\n", "")));
        Assert.That(Run("format", ".", "--check"), Is.EqualTo((0, "", "")));
    }

    [Test]
    public void The_notebooks_of_the_course_are_in_canonical_form() => Assert.That(
        Directory.EnumerateFiles(Path.Combine(Root, "notebooks"), "*.ipynb")
            .Where(f => File.ReadAllText(f) != NotebookFile.Read(f).ToText()), Is.Empty,
        "mend with: dotnet run --project KubeNotebooks -- format notebooks");

    [TestCase("<b onclick=\"x()\" title='a'>y</b>", "<b title=\"a\">y</b>")]
    [TestCase("<a href=\"java&#115;cript:x()\">y</a>", "<a>y</a>")]
    [TestCase("<img/src='x.png'/onerror=x()>", "<img src=\"x.png\">")]
    [TestCase("a < b <!-- no --> <style>p{}</style>",
        "a &lt; b  &lt;style&gt;p{}&lt;/style&gt;")]
    public void Raw_html_keeps_what_does_no_harm(string html, string safe) =>
        Assert.That(MarkdownPage.Safe(html), Is.EqualTo(safe));

    [Test]
    public void Every_letter_of_the_code_is_on_the_page()
    {
        const string Code = "#r \"x.dll\"\n// a < b\nvar x = $\"{1} é\";\n"
            + "new Foo<int>().Bar(0x1, '\"');\n}}";
        var html = CSharpMarkup.Html(Code);
        Assert.That(System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Replace(
            html, "<[^>]*>", "")), Is.EqualTo(Code));
        Assert.That(html, Does.Contain("<span class=t>Foo</span>&lt;<span class=k>int</span>")
            .And.Contain("<span class=f>Bar</span>(<span class=n>0x1</span>")
            .And.Contain("<span class=p>#r").And.Contain("<span class=c>// a &lt; b</span>"));
    }

    private static void Save(string path, params (string Kind, string Source)[] cells) =>
        Write(path, new JsonObject
        {
            ["nbformat"] = 4,
            ["cells"] = new JsonArray([.. cells.Select(c => new JsonObject
            {
                ["cell_type"] = c.Kind.Split(' ')[0],
                ["metadata"] = new JsonObject
                {
                    ["tags"] = new JsonArray([.. c.Kind.Split(' ').Skip(1)
                        .Select(t => JsonValue.Create(t))]),
                },
                ["source"] = c.Source,
            })]),
        }.ToJsonString());
}
