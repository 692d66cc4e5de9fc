using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>The engine as a process that a page or Jupyter talks to.</summary>
public sealed class EngineProcessTests
{
    private readonly BlockingCollection<JsonObject> events = [];
    private string folder = "";
    private EngineProcess engine = null!;
    private int last;

    [OneTimeSetUp]
    public async Task Open()
    {
        folder = Directory.CreateTempSubdirectory("kube-engine-").FullName;
        engine = Start(folder);
        Assert.That((string?)(await engine.Ready)["language"], Is.EqualTo("csharp"));
        _ = Events();
        Execute($"#r \"{typeof(KubeSim.Cluster).Assembly.Location}\"\nusing KubeSim;\n"
            + "var cluster = new Cluster(nodes: 1);");
    }

    [OneTimeTearDown]
    public void Close()
    {
        engine.Dispose();
        events.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void A_cell_is_told_from_its_start_to_its_end()
    {
        var told = Execute("Console.Write(\"a\");\nConsole.Error.Write(\"b\"); 6 * 7");
        Assert.That(Short(told), Is.EqualTo(
            "started|stream stdout a|stream stderr b|result 42|done ok"));
        Assert.That((int)told[^1]["count"]!, Is.EqualTo((int)told[0]["count"]!));
        engine.Send(new()
        {
            ["id"] = ++last, ["op"] = "execute", ["code"] = "none", ["count"] = 100,
        });
        Assert.That((string?)Events(last)[1]["text"], Does.StartWith("Cell 100(1,1): CS0103"));
    }

    [Test]
    public void What_is_shown_has_an_id_by_which_it_is_updated_after_its_cell_too()
    {
        Assert.That(Short(Execute("var one = display(1); one.Update(2);")),
            Does.Match(@"^started\|display (d\d+) 1\|update \1 2\|done ok$"));
        Assert.That(Short(Execute("one.Update(3);")), Does.Match(@"^started\|update d\d+ 3\|done"));
    }

    [Test]
    public void Whatever_a_cell_writes_to_the_handle_of_the_console_no_line_is_broken()
    {
        Assert.That(Short(Execute("Console.OpenStandardOutput().Write(new byte[] { 65, 10 });\n"
            + "using (var p = System.Diagnostics.Process.Start(\"dotnet\", \"--version\")) "
            + "{ p.WaitForExit(); }\nConsole.Write(Console.ReadLine() is null);")),
            Is.EqualTo("started|stream stdout True|done ok"));
    }

    [Test]
    public void An_error_names_its_place()
    {
        var told = Execute("\n  nothing + 1");
        Assert.That(Short(told), Is.EqualTo("started|error CS0103|done error"));
        Assert.That(told[1].ToJsonString(), Does.Contain(
            "\"line\":2,\"column\":3,\"endLine\":2,\"endColumn\":10"));
        Assert.That((string?)Execute("throw new Exception(\"it: broke\");")[1]["message"],
            Is.EqualTo("it: broke"));
        Assert.That(Short(Execute("// exercise: 04-control-loop/1\nKubeNotebooks.Todo.Long()")),
            Does.StartWith("started|stream stderr not attempted").And.EndWith("done stub"));
    }

    [Test]
    public void An_interrupt_ends_what_runs_and_what_waits_and_the_session_goes_on()
    {
        var (loop, next) = (Send("while (true) { }"), Send("1"));
        Assert.That(engine.Ask(Question("complete", "Math.Ab", 7)).Result["items"]![0]!["text"]!
            .ToString(), Is.EqualTo("Abs"), "questions are answered meanwhile");
        Assert.That(engine.Interrupt());
        Assert.That(Short(Events(next)), Is.EqualTo("done aborted"));
        Assert.That(Short(Events(loop)), Does.EndWith("error Interrupted|done interrupted"));
        Assert.That(Short(Execute("while (true) { }", 0.2)), Does.EndWith("done timeout"));
        Assert.That(Short(Execute("2")), Is.EqualTo("started|result 2|done ok"));
    }

    [TestCase("cluster.Appl|", "Apply")]
    [TestCase("cluster.Appl|\nvar x = 1;", "Apply")]
    [TestCase("clus|", "cluster,Cluster")]
    [TestCase("cluster.List<Pod>().Where(p => p.IsRea|)", "IsReady")]
    [TestCase("cluster.List<Pod>().FirstOrDefault()?.Metadata.Na|", "Name,Namespace")]
    [TestCase("new Cluster(no|", "nodes:")]
    [TestCase("new Pod { Meta| }", "Metadata")]
    [TestCase("Math.Ma|", "Max,MaxMagnitude")]
    [TestCase("using System.Tex|", "Text")]
    [TestCase("foreach (var item in new[] { \"a\" }) { item.Subst| }", "Substring")]
    [TestCase("whi|", "while")]
    [TestCase("var text = \"Mat|\";", "")]
    [TestCase("// Mat|", "")]
    [TestCase("1.5|", "")]
    public async Task What_could_stand_at_the_cursor_is_told(string code, string first)
    {
        var answer = await AskAtBar("complete", code);
        var found = answer["items"]!.AsArray().Select(i => (string?)i!["text"]).ToList();
        Assert.That(string.Join(',', found.Take(first.Split(',').Length)), Is.EqualTo(first));
    }

    [TestCase("Math.A|bs(-1)", "int Math.Abs(int value)\n\nReturns the absolute value")]
    [TestCase("cluster.St|ep()", "StepRecord Cluster.Step()\n\n")]
    [TestCase("new Cluster(|)", "Cluster.Cluster(int nodes = 3")]
    [TestCase("new Pod().IsRe|ady", "bool Pod.IsReady\n\n")]
    public async Task What_a_name_means_is_told(string code, string text)
    {
        var answer = await AskAtBar("inspect", code);
        Assert.That((string?)answer["text"], Does.StartWith(text));
    }

    [Test]
    public async Task Code_is_checked_and_marked_up_without_running_it()
    {
        var check = await engine.Ask(Question("check", "cluster.Kill();\nvar b = c;", 0));
        Assert.That(check["items"]!.AsArray().Select(i =>
            $"{i!["severity"]} {i["code"]} {i["line"]}:{i["column"]}"),
            Is.EqualTo(new[] { "error CS1061 1:9", "error CS0103 2:9" }));
        var none = await engine.Ask(Question("check", "#r \"none.dll\"\nvar b = 1; b", 0));
        Assert.That((string?)none["items"]![0]!["message"], Does.Contain("looked for as"));
        var markup = await engine.Ask(Question("markup", "var x = 1; // é", 0));
        Assert.That(string.Join(' ', markup["spans"]!.AsArray().Select(s => s!["kind"])),
            Is.EqualTo("keyword number comment"));
    }

    [TestCase("var x = 1;", "complete", 0)]
    [TestCase("if (true) {", "incomplete", 4)]
    [TestCase("foo(]", "invalid", 0)]
    public async Task Whether_code_is_over_is_told(string code, string status, int indent)
    {
        var answer = await engine.Ask(Question("isComplete", code, 0));
        Assert.That(((string?)answer["status"], ((string)answer["indent"]!).Length),
            Is.EqualTo((status, indent)));
    }

    [Test]
    public async Task A_request_that_makes_no_sense_harms_nothing()
    {
        var answer = await engine.Ask(new() { ["op"] = "dance" });
        Assert.That((string?)answer["message"], Does.StartWith("\"dance\" is no op"));
        answer = await engine.Ask(new() { ["op"] = "complete", ["code"] = "x" });
        Assert.That((string?)answer["message"], Is.EqualTo("no \"cursor\""));
        Assert.That(Short(Execute("1")), Does.EndWith("done ok"));
    }

    [TestCase("Environment.Exit(3);", "exit code 3")]
    [TestCase("int Deep(int n) => Deep(n + 1) + 1; Deep(1)", "Stack overflow")]
    public async Task A_cell_that_ends_the_process_is_told_with_its_reason(string code, string why)
    {
        var ended = new TaskCompletionSource<string>();
        using var own = EngineProcess.Start(folder, _ => { }, ended.SetResult);
        await own.Ready;
        own.Send(new() { ["id"] = 1, ["op"] = "execute", ["code"] = code });
        Assert.That(await ended.Task.WaitAsync(TimeSpan.FromMinutes(1)), Does.Contain(why));
        Assert.That(own.Interrupt(), Is.False);
        Assert.That(() => own.Ask(Question("complete", "x", 1)), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void An_engine_without_a_notebook_says_so()
    {
        using var none = EngineProcess.Start(Path.Combine(folder, "no.ipynb"), _ => { }, _ => { });
        Assert.That(async () => await none.Ready,
            Throws.InstanceOf<IOException>().With.Message.Contain("no.ipynb: no such file"));
    }

    // The bar in the code is the cursor.
    private Task<JsonObject> AskAtBar(string op, string code)
    {
        var cursor = code.IndexOf('|', StringComparison.Ordinal);
        return engine.Ask(Question(op, code.Remove(cursor, 1), cursor));
    }

    private static JsonObject Question(string op, string code, int cursor) =>
        new() { ["op"] = op, ["code"] = code, ["cursor"] = cursor };

    private EngineProcess Start(string path) =>
        EngineProcess.Start(path, events.Add, why => Assert.Fail(why));

    private int Send(string code, double? limit = null)
    {
        engine.Send(new()
        {
            ["id"] = ++last, ["op"] = "execute", ["code"] = code, ["limit"] = limit,
        });
        return last;
    }

    private List<JsonObject> Execute(string code, double? limit = null) =>
        Events(Send(code, limit));

    // The events of a request to its end; the first of all without one.
    private List<JsonObject> Events(int? id = null)
    {
        List<JsonObject> told = [];
        while (events.TryTake(out var said, TimeSpan.FromMinutes(1)))
        {
            if (id is null || (int?)said["id"] == id)
            {
                told.Add(said);
            }
            if (id is null || ((int?)said["id"] == id && (string?)said["event"] == "done"))
            {
                return told;
            }
        }
        throw new TimeoutException(Short(told));
    }

    private static string Short(IEnumerable<JsonObject> told) => string.Join('|', told.Select(e =>
        string.Join(' ', ((string?[])[(string?)e["event"], (string?)e["display"],
            (string?)e["name"], (string?)e["text"], (string?)e["data"]?["text/plain"],
            (string?)e["status"]])
            .Where((s, i) => s is not null && !(i == 3 && (string?)e["event"] == "error")))));
}
