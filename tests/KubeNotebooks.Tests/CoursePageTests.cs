using System.Text.Json.Nodes;
using Microsoft.Playwright;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>The course as a learner has it, in a real browser: Chromium of this machine, or the one
/// that KUBENOTEBOOKS_CHROMIUM names. Whatever a page does, it asks nobody but its server, and
/// complains of nothing.</summary>
public sealed class CoursePageTests : CourseFixture
{
    private readonly List<string> strays = [];
    private IPlaywright? playwright;
    private IBrowser browser = null!;
    private IBrowserContext context = null!;

    [OneTimeSetUp]
    public async Task OpenBrowser()
    {
        var chromium = Environment.GetEnvironmentVariable("KUBENOTEBOOKS_CHROMIUM")
            ?? Array.Find(["/usr/bin/chromium", "/usr/bin/chromium-browser",
                "/usr/bin/google-chrome"], File.Exists);
        if (chromium is null)
        {
            Assert.Ignore("there is no Chromium here; KUBENOTEBOOKS_CHROMIUM names one");
        }
        Assertions.SetDefaultExpectTimeout(20_000);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium, Args = ["--no-sandbox", "--disable-gpu", "--disable-quic"],
        });
    }

    [OneTimeTearDown]
    public async Task CloseBrowser()
    {
        if (playwright is not null)
        {
            await browser.DisposeAsync();
            playwright.Dispose();
        }
    }

    [TearDown]
    public async Task NothingStrayed()
    {
        if (context is not null)
        {
            await context.DisposeAsync();
        }
        var found = strays.ToList();
        strays.Clear();
        Assert.That(found, Is.Empty);
    }

    private static IEnumerable<TestCaseData> Notebooks() =>
        Directory.GetFiles(Path.Combine(CommandLineFixture.Root, "notebooks"), "*.ipynb")
            .Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)
            .Select((name, i) => i == 0 ? new TestCaseData(name)
                : new TestCaseData(name).SetCategory("Long").Explicit("minutes"));

    [TestCaseSource(nameof(Notebooks))]
    public async Task A_notebook_runs_whole_and_shows_what_run_shows(string name)
    {
        TakeFromCourse(name);
        var file = NotebookFile.Read(PathOf(name));
        var page = await Open();
        if (name == "index")
        {
            await page.GotoAsync($"{Origin}/n/index");
        }
        else
        {
            await page.GetByRole(AriaRole.Link, new() { Name = file.Title }).ClickAsync();
        }
        await page.GetByRole(AriaRole.Button, new() { Name = "Run all" }).ClickAsync();
        var picture = page.Locator(".shown img").First;
        await picture.WaitForAsync();
        Assert.That(await picture.EvaluateAsync<int>("i => i.decode().then(() => i.width)"),
            Is.GreaterThan(600));
        var shown = new List<string>();
        for (var waited = 0; shown.Count == 0 && waited < 1200; waited++)
        {
            await Task.Delay(100);
            shown = JsonNode.Parse(await page.EvaluateAsync<string>("""
                JSON.stringify(notebook.cells.some(c => c.state.state === "running"
                  || c.state.state === "queued") ? []
                  : notebook.cells.flatMap(c => c.outputs.map(o => [c.id, o.text
                    ?? o.data["text/plain"], o.data?.["text/html"] ?? ""].join("\n"))))
                """))!.AsArray().Select(t => (string)t!).ToList();
        }
        foreach (var kept in Directory.GetFiles(Folder, "progress.json",
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
        {
            File.Delete(kept);
        }
        using var runner = new NotebookRunner(file);
        Assert.That(shown, Is.EqualTo(runner.Run().Cells.SelectMany(c => c.Outputs.Select(
            o => string.Join("\n", c.Cell.Id, o.Text, o.Html)))));
    }

    [Test]
    public async Task The_reference_finds_a_name()
    {
        Write("one", "# One");
        var page = await Open("one");
        await page.GetByRole(AriaRole.Link, new() { Name = "Reference" }).ClickAsync();
        // The page is long: its script comes after its text.
        await page.Locator("#Cluster").WaitForAsync();
        await page.WaitForLoadStateAsync(LoadState.Load);
        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(page.GetByRole(AriaRole.Searchbox)).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("converge");
        await Expect(page, "#found li", "Cluster.Converge");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("[id='Cluster.Converge']")).ToBeInViewportAsync();
        var size = await page.EvaluateAsync<int[]>("""
            [document.documentElement.scrollWidth, innerWidth,
             Math.round(document.querySelector("dd > div").getBoundingClientRect().right)]
            """);
        Assert.That(size, Is.All.LessThanOrEqualTo(size[1]), "nothing is cut off");
        if (Environment.GetEnvironmentVariable("KUBENOTEBOOKS_SHOT") is { } file)
        {
            await page.ScreenshotAsync(new() { Path = file });
        }
    }

    [Test]
    public async Task What_is_written_is_still_there_after_a_reload_and_so_is_what_it_showed()
    {
        Write("one", "# One", "var a = 20;\na");
        var page = await Open("one");
        await page.Locator("#cell-c2 textarea").ClickAsync();
        await page.Keyboard.PressAsync("Control+End");
        await page.Keyboard.TypeAsync(" + 22");
        await page.Keyboard.PressAsync("Control+Enter");
        await Expect(page, "#cell-c2 .out", "42");
        await Expect(page, ".saved", "saved");
        await page.ReloadAsync();
        await Expect(page, "#cell-c2 .out", "42");
        var text = await Text(page, "c2");
        Assert.Multiple(() =>
        {
            Assert.That(text, Is.EqualTo("var a = 20;\na + 22"));
            Assert.That(File.ReadAllText(PathOf("one")), Does.Not.Contain("22"));
            Assert.That(File.ReadAllText(Mine("one")), Does.Contain("a + 22"));
        });
    }

    [Test]
    public async Task A_mistake_is_underlined_at_its_place_while_it_is_written_and_when_it_ran()
    {
        Write("one", "var a = 1;", "");
        var page = await Open("one");
        await Ready(page);
        await page.Locator("#cell-c2 textarea").ClickAsync();
        await page.Keyboard.TypeAsync("int b = \"text\";");
        await Expect(page, "#cell-c2 .wavy", "\"text\"");
        await Expect(page, "#cell-c2 .problems", "Line 1: CS0029: Cannot implicitly convert type");
        await page.Keyboard.PressAsync("Control+a");
        await page.Keyboard.TypeAsync("Math.Abs(1) +\nmissing");
        await page.Keyboard.PressAsync("Control+Enter");
        await Expect(page, "#cell-c2 .out", "CS0103");
        await Expect(page, "#cell-c2 .wavy", "missing");
        await page.Locator("#cell-c2 .problems button").First.PressAsync("Enter");
        Assert.That(await page.EvaluateAsync<string>("getSelection().toString()"),
            Is.EqualTo("missing"), "the keyboard gets there");
    }

    [Test]
    public async Task An_endless_loop_is_interrupted_and_a_session_starts_anew_by_keys_alone()
    {
        Write("one", "var kept = 7;", "while (true) { }", "kept", "Environment.Exit(3);");
        var page = await Open("one");
        page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await page.Locator("#cell-c1").FocusAsync();
        await page.Keyboard.PressAsync("Shift+Enter");
        await page.Keyboard.PressAsync("Shift+Enter");
        await page.Locator(".kernel.busy").WaitForAsync();
        await page.Locator("#cell-c2.running").WaitForAsync();
        await page.Keyboard.PressAsync("i");
        await page.Keyboard.PressAsync("i");
        await Expect(page, "#cell-c2 .out", "it was interrupted");
        await page.Keyboard.PressAsync("Control+Enter");
        await Expect(page, "#cell-c3 .out", "7");
        await page.Keyboard.PressAsync("0");
        await page.Keyboard.PressAsync("0");
        await page.Locator("#cell-c1.gone").WaitForAsync();
        await page.Keyboard.PressAsync("Control+Enter");
        await Expect(page, "#cell-c3 .out", "The name 'kept' does not exist");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Control+Enter");
        await Expect(page, ".notice", "exit code 3");
        await page.Locator("#cell-c1 .run").ClickAsync();
        await page.Locator("#cell-c1.ok:not(.gone)").WaitForAsync();
    }

    [Test]
    public async Task The_keyboard_alone_suffices()
    {
        Write("one", "# One", "var text = \"a\";", "");
        var page = await Open("one");
        await Ready(page);
        var keys = page.Keyboard;
        await page.Locator("#cell-c2").FocusAsync();
        await keys.PressAsync("Shift+Enter");
        await page.Locator("#cell-c2.ok").WaitForAsync();
        await keys.PressAsync("Enter");
        await keys.TypeAsync("text.ToUpp");
        await Expect(page, ".completions [aria-selected=true]", "ToUpper");
        await keys.PressAsync("Tab");
        await keys.TypeAsync("()");
        await keys.PressAsync("Control+Enter");
        await Expect(page, "#cell-c3 .out", "A");
        Assert.That(await Text(page, "c3"), Is.EqualTo("text.ToUpper()"));
        // A cell above, made text, written, shown; then gone, and back.
        await keys.PressAsync("a");
        await keys.PressAsync("m");
        await keys.PressAsync("Enter");
        await keys.TypeAsync("## Mine\n\nSome *words*.");
        await keys.PressAsync("Control+Enter");
        await Expect(page, ".text h2", "Mine");
        await Expect(page, "#toc", "Mine");
        await keys.PressAsync("d");
        await keys.PressAsync("d");
        Assert.That(await page.Locator(".cell").CountAsync(), Is.EqualTo(3));
        await keys.PressAsync("z");
        Assert.That(await page.Locator(".cell").CountAsync(), Is.EqualTo(4));
        await keys.PressAsync("Shift+?");
        await Expect(page, "dialog[open]", "Shift+Enter");
        await keys.PressAsync("Escape");
        await keys.PressAsync("Control+s");
        await Expect(page, ".saved", "saved");
    }

    [Test]
    public async Task Two_windows_show_the_same_and_neither_overwrites_the_other()
    {
        Write("one", "# One", "1 + 1");
        var first = await Open("one");
        var second = await context.NewPageAsync();
        await second.GotoAsync($"{Origin}/n/one");
        await first.Locator("#cell-c2 .run").ClickAsync();
        await Expect(second, "#cell-c2 .out", "2");
        await Type(first, "1 + 3");
        await Assertions.Expect(second.Locator("#cell-c2 textarea")).ToHaveValueAsync("1 + 3");
        // Somebody else saves while this window has not yet.
        await Type(second, "5");
        await Post("/api/one/save", new JsonObject
        {
            ["version"] = (string?)(await Get("/api/one"))["version"],
            ["cells"] = JsonNode.Parse("""[{"id": "c2", "kind": "code", "source": "6"}]"""),
        }.ToJsonString());
        await Expect(second, ".notice", "Another window changed this notebook meanwhile");
        Assert.That(File.ReadAllText(Mine("one")), Does.Contain("\"6\""));
        await second.GetByRole(AriaRole.Button, new() { Name = "Keep the text of this window" })
            .ClickAsync();
        await Assertions.Expect(first.Locator("#cell-c2 textarea")).ToHaveValueAsync("5");
        Assert.That(File.ReadAllText(Mine("one")), Does.Contain("\"5\""));
        strays.RemoveAll(s => s.Contains("409 (Conflict)", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_script_in_an_output_runs_in_a_frame_that_reaches_nothing()
    {
        TakeFromCourse("index");
        Write("one", NotebookFile.Read(PathOf("index")).Cells.First(c => c.Kind == CellKind.Code)
            .Source, """
            class Sly { public string ToHtml() => "<p>plain</p><script>let w = 'no'; "
                + "try { w = top.document.title } catch { } "
                + "document.querySelector('p').textContent = 'ran, and reached: ' + w"
                + "</script>"; }
            new Sly()
            """, """
            class Sly2 { public string ToHtml() => "<p>plain</p><img src=x onerror='document."
                + "title=1'>"; }
            new Sly2()
            """);
        var page = await Open("one");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run all" }).ClickAsync();
        var frame = page.FrameLocator("#cell-c2 iframe");
        await Assertions.Expect(frame.Locator("p")).ToHaveTextAsync("ran, and reached: no");
        await Expect(page, "#cell-c3 .shown", "plain");
        Assert.That(await page.TitleAsync(), Is.Not.EqualTo("1"));
        Assert.That(strays.RemoveAll(s => s.Contains("violates the following Content Security",
            StringComparison.Ordinal)), Is.Not.Zero, "the browser says what it did not do");
        strays.RemoveAll(s => s.Contains("404 (Not Found)", StringComparison.Ordinal));
    }

    private async Task<IPage> Open(string? name = null)
    {
        Serve();
        context = await browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = 1300, Height = 900 },
        });
        context.SetDefaultTimeout(20_000);
        context.Request += (_, request) => Stray(!request.Url.StartsWith(Origin,
            StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal),
            request.Url);
        context.Console += (_, said) => Stray(said.Type == "error", said.Text);
        context.WebError += (_, error) => Stray(true, error.Error);
        var page = await context.NewPageAsync();
        await page.GotoAsync(Address.AbsoluteUri);
        if (name is not null)
        {
            await page.GotoAsync($"{Origin}/n/{name}");
        }
        return page;
    }

    private void Stray(bool isOne, string what)
    {
        if (isOne)
        {
            strays.Add(what);
        }
    }

    private static Task Ready(IPage page) => page.Locator(".kernel.idle").WaitForAsync();

    private static Task Expect(IPage page, string place, string text) =>
        Assertions.Expect(page.Locator(place).First).ToContainTextAsync(text);

    private static async Task Type(IPage page, string text)
    {
        await page.Locator("#cell-c2 textarea").ClickAsync();
        await page.Keyboard.PressAsync("Control+a");
        await page.Keyboard.TypeAsync(text);
    }

    private static Task<string> Text(IPage page, string cell) =>
        page.Locator($"#cell-{cell} textarea").InputValueAsync();
}
