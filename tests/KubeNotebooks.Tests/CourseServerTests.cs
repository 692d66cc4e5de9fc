using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Who may see the course, and what becomes of what a learner writes.</summary>
public sealed class CourseServerTests : CourseFixture
{
    private const string Two =
        """[{"id": "c1", "kind": "code", "source": "1"}, {"id": "n", "kind": "code"}]""";

    [SetUp]
    public void WriteNotebooks()
    {
        Write("one", "# One\n\n**What is it?**\n\nTime: 5 minutes.", "1 + 1");
        Write("two", "# Two", "2");
        Serve();
    }

    [TestCase("/")]
    [TestCase("/n/one")]
    [TestCase("/api/one")]
    [TestCase("/web/course.css")]
    [TestCase("/?token=0123456789abcdef0123456789abcdef0123456789abcdef")]
    public async Task Without_the_token_nothing_is_shown(string path)
    {
        using var answer = await Client.GetAsync(new Uri(new(Origin), path));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await answer.Content.ReadAsStringAsync(), Does.Contain("holds a token"));
    }

    [Test]
    public async Task The_token_becomes_a_cookie_that_scripts_and_other_sites_have_no_use_for()
    {
        using var stranger = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var answer = await stranger.GetAsync(Address);
        Assert.That(answer.Headers.Location!.OriginalString, Is.EqualTo("/"), "the token goes");
        Assert.That(answer.Headers.GetValues("Set-Cookie").Single(),
            Does.Contain("samesite=strict").And.Contain("httponly"));
    }

    [TestCase("evil.example", ExpectedResult = HttpStatusCode.Forbidden)]
    [TestCase("127.0.0.1.evil.example", ExpectedResult = HttpStatusCode.Forbidden)]
    [TestCase("localhost", ExpectedResult = HttpStatusCode.OK)]
    public async Task<HttpStatusCode> A_foreign_name_for_this_machine_is_refused(string host)
    {
        await Client.GetStringAsync(Address);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Origin}/");
        request.Headers.Host = $"{host}:{Address.Port}";
        request.Headers.Add("Cookie", Cookies.GetCookieHeader(new(Origin)));
        return (await Client.SendAsync(request)).StatusCode;
    }

    [TestCase("http://evil.example")]
    [TestCase("null")]
    [TestCase("")]
    public async Task Another_sites_page_can_neither_write_nor_listen(string origin)
    {
        Client.DefaultRequestHeaders.Remove("Origin");
        Client.DefaultRequestHeaders.Add("Origin", origin);
        var (code, _) = await Post("/api/one/save", "{}");
        Assert.That(code, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(() => Live("one", origin), Throws.InstanceOf<WebSocketException>());
    }

    [Test]
    public async Task Every_answer_says_that_nothing_may_come_from_elsewhere()
    {
        await Client.GetStringAsync(Address);
        using var answer = await Client.GetAsync(new Uri(new(Origin), "/n/one"));
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.That(policy, Does.StartWith("default-src 'none'; script-src 'self';")
            .And.Contain("connect-src 'self'").And.Not.Contain("http").And.Not.Contain("*"));
    }

    [Test]
    public async Task The_first_page_lists_the_notebooks_with_question_and_time()
    {
        var page = await Client.GetStringAsync(Address);
        Assert.That(page, Does.Contain("<a href=\"/n/one\">One</a>")
            .And.Contain("<p>What is it?</p>").And.Contain("5 minutes"));
    }

    [TestCase("/n/none")]
    [TestCase("/n/..%2fsecret")]
    [TestCase("/api/..%2f..%2fetc%2fpasswd")]
    [TestCase("/web/..%2fProgram.cs")]
    [TestCase("/output/one/c2/0")]
    [TestCase("/live/one")]
    public async Task What_is_not_in_the_folder_is_not_there(string path)
    {
        await Client.GetStringAsync(Address);
        using var answer = await Client.GetAsync(new Uri(new(Origin), path));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task What_a_learner_writes_is_kept_in_a_copy_and_never_over_the_original()
    {
        var original = await File.ReadAllTextAsync(PathOf("one"));
        var before = await Get("/api/one");
        var (code, saved) = await Save((string)before["version"]!);
        var after = await Get("/api/one");
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(HttpStatusCode.OK));
            Assert.That((string?)saved!["version"], Is.EqualTo((string?)after["version"]));
            Assert.That((bool)after["isMine"]!);
            Assert.That(after["cells"]!.AsArray().Select(c => (string?)c!["source"]),
                Is.EqualTo(new[] { "1", "" }));
            Assert.That(File.ReadAllText(PathOf("one")), Is.EqualTo(original));
            Assert.That(NotebookFile.Read(Mine("one")).Cells, Has.Count.EqualTo(2));
        });
    }

    [Test]
    public async Task Of_two_windows_that_write_at_once_the_second_is_told()
    {
        var version = (string)(await Get("/api/one"))["version"]!;
        await Save(version);
        var (code, answer) = await Save(version,
            """[{"id": "c1", "kind": "markdown", "source": "late"}]""");
        Assert.That(code, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That((await Get("/api/one"))["cells"]!.AsArray(), Has.Count.EqualTo(2));
        (code, _) = await Save((string)answer!["version"]!, """[]""");
        Assert.That(code, Is.EqualTo(HttpStatusCode.OK), "who knows of the other may write");
    }

    [TestCase("", 422)]
    [TestCase("{", 422)]
    [TestCase("[1]", 422)]
    [TestCase("""{"cells": 5}""", 422)]
    [TestCase("""{"cells": [5]}""", 422)]
    [TestCase("""{"cells": [{"kind": "code"}]}""", 422)]
    [TestCase("""{"cells": [{"id": "a b", "kind": "code"}]}""", 422)]
    [TestCase("""{"cells": [{"id": "a", "kind": "prose"}]}""", 422)]
    [TestCase("""{"cells": [{"id": "a", "kind": "code"}, {"id": "a", "kind": "code"}]}""", 422)]
    [TestCase("""{"version": 7, "cells": []}""", 422)]
    public async Task What_makes_no_notebook_is_refused_and_changes_nothing(string body, int code)
    {
        var answer = await Post("/api/one/save", body);
        Assert.That((int)answer.Code, Is.EqualTo(code));
        Assert.That((string?)answer.Answer!["problem"], Is.Not.Empty);
        Assert.That(File.Exists(Mine("one")), Is.False);
    }

    [Test]
    public async Task What_is_too_long_is_refused()
    {
        Client.DefaultRequestHeaders.ExpectContinue = true;
        var (code, _) = await Post("/api/one/save", new string(' ', 17 << 20));
        Assert.That(code, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
    }

    [Test]
    public async Task Starting_over_keeps_what_was_there()
    {
        await Save((string)(await Get("/api/one"))["version"]!);
        var (_, answer) = await Post("/api/one/over", "{}");
        var after = await Get("/api/one");
        Assert.Multiple(() =>
        {
            Assert.That((bool)after["isMine"]!, Is.False);
            Assert.That((string?)answer!["backup"],
                Is.EqualTo(".kubenotebooks/my/one.backup-1.ipynb"));
            Assert.That(File.ReadAllText(Path.Combine(Folder, (string)answer!["backup"]!)),
                Does.Contain("\"1\""));
        });
    }

    [Test]
    public async Task A_course_that_was_updated_is_told_until_the_learner_says_which_to_have()
    {
        await Save((string)(await Get("/api/one"))["version"]!);
        Assert.That((bool)(await Get("/api/one"))["isBehind"]!, Is.False);
        Write("one", "# One, second edition");
        Assert.That((bool)(await Get("/api/one"))["isBehind"]!);
        await Post("/api/one/keep", "{}");
        Assert.That((bool)(await Get("/api/one"))["isBehind"]!, Is.False);
        Write("one", "# One, third edition");
        Assert.That((bool)(await Get("/api/one"))["isBehind"]!);
    }

    [Test]
    public async Task A_copy_that_cannot_be_read_is_told_and_can_be_put_aside()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Mine("one"))!);
        await File.WriteAllTextAsync(Mine("one"), "{");
        Assert.That(await Client.GetStringAsync(Address), Does.Contain("not JSON")
            .And.Contain("/n/two"), "the other notebooks are listed all the same");
        using var answer = await Client.GetAsync(new Uri(new(Origin), "/api/one"));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.UnprocessableEntity));
        await Post("/api/one/over", "{}");
        Assert.That((await Get("/api/one"))["cells"]!.AsArray(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Nonsense_on_the_line_ends_nothing()
    {
        var socket = await Live("one");
        foreach (var text in (string[])["""{"op": 5}""", """{"op": "run", "cells": [7, {}]}""",
            """{"op": "complete"}""", """[]""", """{"op": "markup", "code": "new a."}"""])
        {
            await Say(socket, JsonNode.Parse(text)!);
        }
        await Hear(socket, m => (string?)m["state"] == "idle");
        await Say(socket, JsonNode.Parse("""{"op": "markup", "tag": 3, "code": "var x"}""")!);
        var answer = await Hear(socket, m => (int?)m["tag"] == 3);
        Assert.That(answer["spans"]!.ToJsonString(), Is.EqualTo("""[[0,3,"k"]]"""));
    }

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int A_folder_without_notebooks_has_no_course(bool has)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, "other")).FullName;
        if (has)
        {
            File.Copy(PathOf("one"), Path.Combine(folder, "one.ipynb"));
        }
        try
        {
            CourseServer.Start(folder).Dispose();
            return 1;
        }
        catch (NotebookException)
        {
            return 0;
        }
    }

    private Task<(HttpStatusCode Code, JsonNode? Answer)> Save(
        string version, string cells = Two) =>
        Post("/api/one/save", $$"""{"version": "{{version}}", "cells": {{cells}}}""");
}
