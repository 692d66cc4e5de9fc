using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>In which forms objects go over HTTP, and what is said about those that come
/// in.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HttpContentTests
{
    private const string Configs = "/api/v1/namespaces/api/configmaps";
    private const string Table = "application/json;as=Table;g=meta.k8s.io;v=v1";
    private const string Partial = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

    private const string Partials =
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

    private readonly ApiFixture api = new();

    private HttpAnswer Ask(string method, string url, string? accept = null, string? body = null,
        string? type = null) => api.Server.Serve(
            new(method, url) { Accept = accept, Body = body, ContentType = type });

    private static string Text(HttpAnswer answer) =>
        string.Concat(answer.Bytes().Select(b => Encoding.UTF8.GetString(b.Span)));

    [TestCase(null, "application/json")]
    [TestCase("*/*", "application/json")]
    [TestCase("application/yaml", "application/yaml")]
    [TestCase("application/vnd.kubernetes.protobuf,application/json", "application/json")]
    [TestCase("application/yaml;q=0.5, application/json;q=0.8", "application/json")]
    [TestCase("text/html, application/yaml, */*;q=0.1", "application/yaml")]
    public void The_first_acceptable_form_is_sent(string? accept, string type)
    {
        var answer = Ask("GET", $"{Configs}?limit=1", accept);
        Assert.That((answer.Code, answer.ContentType), Is.EqualTo((200, type)));
        Assert.That(Text(answer), Does.StartWith(type.EndsWith("yaml") ? "apiVersion: v1\n" : "{"));
    }

    [TestCase("GET", "text/html", null, 406, "only the following media types are accepted: "
        + "application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    [TestCase("GET", Partial, null, 406,
        "you requested PartialObjectMetadata, but the requested object is a list "
        + "(*core.ConfigMapList)")]
    [TestCase("POST", null, "text/html", 415, "the body of the request was in an unknown format - "
        + "accepted media types include: application/json, application/yaml, "
        + "application/vnd.kubernetes.protobuf")]
    public void A_form_that_there_is_not_is_refused(
        string method, string? accept, string? type, int code, string message)
    {
        var answer = Ask(method, Configs, accept, "{}", type);
        Assert.That((answer.Code, $"{answer.Body!["message"]}"), Is.EqualTo((code, message)));
    }

    [Test]
    public void Yaml_goes_in_and_comes_out()
    {
        var answer = Ask("POST", Configs, "application/yaml",
            "metadata:\n  name: yam\ndata: {a: \"1\"}\n", "application/yaml");
        Assert.That((answer.Code, Text(answer)), Is.EqualTo((201, Json.ToYaml(
            Json.Encode(api.Get<ConfigMap>(Kinds.ConfigMap, "api", "yam")!)))));
    }

    [Test]
    public void Pretty_is_for_people()
    {
        api.Create(ApiFixture.Config("p"));
        Assert.That(Text(Ask("GET", $"{Configs}/p?pretty=true")),
            Does.StartWith("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"ConfigMap\",\n"));
        Assert.That(Text(Ask("GET", $"{Configs}/p?pretty=0")), Does.StartWith("{\"apiVersion\""));
    }

    [Test]
    public void Metadata_alone_is_sent_on_demand()
    {
        api.Create(ApiFixture.Config("m"));
        var one = Ask("GET", $"{Configs}/m", Partial).Body!.AsObject();
        Assert.That(one.Select(f => f.Key), Is.EqualTo(
            (string[])["kind", "apiVersion", "metadata"]));
        var list = Ask("GET", Configs, Partials).Body!;
        Assert.That(($"{list["kind"]}", Json.Compact(list["items"]![0])),
            Is.EqualTo(("PartialObjectMetadataList", Json.Compact(one))));
        using var watch = Ask("GET", $"{Configs}?watch=1", Partial).Watch;
        Assert.That(watch!.TryNext(out var change), Is.True);
        var answer = Ask("GET", $"{Configs}?watch=1", Partial);
        using var other = answer.Watch;
        Assert.That(Json.Compact(answer.Line!(change)["object"]), Is.EqualTo(Json.Compact(one)));
    }

    [TestCase("", "PartialObjectMetadata")]
    [TestCase("?includeObject=Object", "Deployment")]
    [TestCase("?includeObject=None", "")]
    public void A_row_of_a_table_brings_as_much_of_its_object_as_was_asked(
        string query, string kind)
    {
        api.Create(ApiFixture.Deployment("web"));
        var table = Ask("GET", $"/apis/apps/v1/deployments{query}", Table).Body!;
        Assert.That($"{table["rows"]![0]!["object"]?["kind"]}", Is.EqualTo(kind));
        Assert.That(Json.Compact(table["rows"]![0]!["cells"]), Is.EqualTo(
            """["web","0/1",0,0,"0s","c","nginx:1.29","app=web"]"""));
    }

    [TestCase("replicasets", "apps/v1", "string integer integer integer string")]
    [TestCase("deployments", "apps/v1", "string string string string string")]
    [TestCase("cronjobs", "batch/v1", "string string string boolean integer string string")]
    [TestCase("csidrivers", "storage.k8s.io/v1", "string date")]
    public void Columns_say_what_is_in_them(string plural, string group, string types)
    {
        var columns = Ask("GET", $"/apis/{group}/{plural}", Table).Body!["columnDefinitions"]!;
        Assert.That(string.Join(' ', columns.AsArray().Where(c => (int)c!["priority"]! == 0)
            .Select(c => c!["type"])), Is.EqualTo(types));
        Assert.That($"{columns[0]!["format"]}", Is.EqualTo("name"));
    }

    [Test]
    public void A_watched_table_names_its_columns_once()
    {
        api.Create(ApiFixture.Config("a"));
        api.Create(ApiFixture.Config("b"));
        var answer = Ask("GET", $"{Configs}?watch=1", Table);
        using var watch = answer.Watch!;
        var lines = new List<JsonNode>();
        while (watch.TryNext(out var change))
        {
            lines.Add(answer.Line!(change)["object"]!);
        }
        Assert.That(answer.Form, Is.EqualTo(WatchForm.Table));
        Assert.That(lines.Select(l => l["columnDefinitions"] is not null),
            Is.EqualTo((bool[])[true, false]));
        Assert.That(lines.Select(l => $"{l["rows"]![0]!["cells"]![0]}"),
            Is.EqualTo((string[])["a", "b"]));
    }

    [TestCase(null)]
    [TestCase(Table)]
    [TestCase(Partials)]
    public void A_long_list_goes_out_in_pieces_that_make_the_same_bytes(string? accept)
    {
        for (var i = 0; i < 600; i++)
        {
            api.Create(ApiFixture.Config($"c{i:d3}", ("text", new string('x', 60))));
        }
        var whole = Ask("GET", Configs, accept);
        var (first, second) = (Ask("GET", $"{Configs}?limit=499", accept).Body!, "c499");
        Assert.That((whole.Body, whole.Pieces!.Count() > 1), Is.EqualTo(((JsonNode?)null, true)));
        var parsed = JsonNode.Parse(Text(whole))!.AsObject();
        Assert.That(Text(new HttpAnswer(200, parsed.DeepClone())), Is.EqualTo(Text(whole)));
        var list = accept == Table ? "rows" : "items";
        Assert.That(parsed[list]!.AsArray(), Has.Count.EqualTo(600));
        Assert.That(parsed[list]![498]!.ToJsonString(),
            Is.EqualTo(first[list]![498]!.ToJsonString()));
        Assert.That(parsed[list]![499]!.ToJsonString(), Does.Contain(second));
    }

    [Test]
    public void What_means_nothing_is_warned_of_and_refused_only_to_the_strict()
    {
        const string body = """
            {"metadata": {"name": "w"}, "data": {"a": "1"}, "dat": 1, "data": {"b": "2"}}
            """;
        Assert.That(Ask("POST", $"{Configs}?dryRun=All", null, body).Warnings, Is.EqualTo(
            (string[])["unknown field \"dat\"", "duplicate field \"data\""]));
        Assert.That(Ask("POST", $"{Configs}?dryRun=All&fieldValidation=Ignore", null, body)
            .Warnings.IsEmpty, Is.True);
        Assert.That(Ask("POST", $"{Configs}?fieldValidation=Strict", null, body).Code,
            Is.EqualTo(400));
        api.Create(ApiFixture.Config("w"));
        var patched = Ask("PATCH", $"{Configs}/w?fieldValidation=Strict", null,
            """{"dat":{"x":[1,"b"]},"data":{"a":null}}""",
            "application/strategic-merge-patch+json");
        Assert.That((patched.Code, $"{patched.Body!["message"]}"), Is.EqualTo((422,
            " \"\" is invalid: patch: Invalid value: \"map[dat:map[x:[1 b]] data:map[a:<nil>]]\": "
            + "strict decoding error: unknown field \"dat\"")));
    }

    [TestCase("?gracePeriodSeconds=x", null, 400, "strconv.ParseInt: parsing \"x\": invalid "
        + "syntax")]
    [TestCase("?orphanDependents=true&propagationPolicy=Orphan", null, 422,
        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": "
        + "orphanDependents and deletionPropagation cannot be both set")]
    [TestCase("", "{", 500,
        "couldn't get version/kind; json parse error: unexpected end of JSON input")]
    [TestCase("?propagationPolicy=Orphan", null, 200, "")]
    [TestCase("", """{"orphanDependents":true}""", 200, "")]
    public void How_to_delete_is_said_in_the_body_or_the_url(
        string query, string? body, int code, string message)
    {
        var made = api.Create(ApiFixture.Deployment("gone"));
        var answer = Ask("DELETE", $"/apis/apps/v1/namespaces/api/deployments/gone{query}", null,
            body);
        Assert.That((answer.Code, $"{answer.Body!["message"]}"), Is.EqualTo((code, message)));
        Assert.That(api.Get<Deployment>(made.Kind, "api", "gone")!.Metadata.Finalizers,
            code == 200 ? Does.Contain("orphan") : Is.Empty);
    }

    [Test]
    public void Old_paths_that_watch_still_do()
    {
        api.Create(ApiFixture.Config("a"));
        api.Create(ApiFixture.Config("b"));
        using var watch = Ask("GET", "/api/v1/watch/namespaces/api/configmaps/b").Watch!;
        Assert.That(watch.TryNext(out var change), Is.True);
        Assert.That((change.Key.Name, watch.TryNext(out _)), Is.EqualTo(("b", false)));
        Assert.That(Ask("POST", "/api/v1/watch/namespaces/api/configmaps", null, "{}").Code,
            Is.EqualTo(405));
        Assert.That(Ask("GET", $"{Configs}/b?watch=1").Body, Is.Not.Null, "an object is got");
    }

    [TestCase("?timeoutSeconds=7&watch=true&allowWatchBookmarks=true", 7, true)]
    [TestCase("?watch=true", null, false)]
    public void A_watch_says_how_long_it_lasts(string query, long? seconds, bool bookmarks)
    {
        var answer = Ask("GET", Configs + query);
        using var watch = answer.Watch;
        Assert.That((answer.TimeoutSeconds, answer.Bookmarks), Is.EqualTo((seconds, bookmarks)));
    }
}
