using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApiVerbTests
{
    private const string Configs = "/api/v1/namespaces/api/configmaps";
    private const string Pods = "/api/v1/namespaces/api/pods";

    private readonly ApiFixture api = new();

    private static IEnumerable<TestCaseData> Rules() => Data.Lines("api-rules.tsv")
        .Select((line, i) => new TestCaseData(line.Split('\t')).SetArgDisplayNames(
            $"{i + 1} {line.Split('/', '\t')[^2].Split(' ')[0]}"));

    [TestCaseSource(nameof(Rules))]
    public void A_kind_refuses_what_its_rules_say(string path, string body, string message)
    {
        var answer = api.Post(path, body);
        Assert.That((answer.Code, answer.Status?.Message), Is.EqualTo((422, message)));
    }

    [TestCase("*/20 8-10 * * mon", "")]
    [TestCase("@every 90m", "")]
    [TestCase("@noon", "unrecognized descriptor: @noon")]
    [TestCase("1-2-3 * * * *", "too many hyphens: 1-2-3")]
    [TestCase("1/2/3 * * * *", "too many slashes: 1/2/3")]
    [TestCase("*/0 * * * *", "step of range should be a positive number: */0")]
    [TestCase("0 0 0 * *", "beginning of range (0) below minimum (1): 0")]
    [TestCase("0 9-5 * * *", "beginning of range (9) beyond end of range (5): 9-5")]
    [TestCase("x * * * *",
        "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax")]
    public void A_schedule_is_read_as_the_real_parser_reads_it(string text, string problem)
    {
        var fits = CronFields.TryParse(text, out var fields, out var told);
        Assert.That(fits, Is.EqualTo(problem.Length == 0));
        Assert.That(told, Is.EqualTo(problem));
        Assert.That(problem.Length == 0 && fields.Every is null ? fields.Hours : 0x700,
            Is.EqualTo(0x700));
    }

    [TestCase("GET", "?resourceVersionMatch=Exact", 422, "ListOptions.meta.k8s.io \"\" is invalid: "
        + "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
        + "resourceVersion is provided")]
    [TestCase("GET", "?watch=1&sendInitialEvents=true", 422, "ListOptions.meta.k8s.io \"\" is "
        + "invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
        + "resourceVersionMatch to NotOlderThan")]
    [TestCase("GET", "?limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [TestCase("GET", "?continue=abc&resourceVersion=1", 400,
        "specifying resource version is not allowed when using continue")]
    [TestCase("HEAD", "", 405, "the server does not allow this method on the requested resource")]
    [TestCase("POST", "?fieldValidation=Maybe", 422, "CreateOptions.meta.k8s.io \"\" is invalid: "
        + "fieldValidation: Unsupported value: \"Maybe\": supported values: \"\", \"Ignore\", "
        + "\"Strict\", \"Warn\"")]
    public void Options_that_do_not_go_together_are_refused(
        string method, string query, int code, string message)
    {
        var answer = api.Server.Serve(new(method, Configs + query) { Body = "{}" });
        Assert.That((answer.Code, $"{answer.Body!["message"]}"), Is.EqualTo((code, message)));
    }

    [Test]
    public void What_no_handler_takes_is_refused_before_it_is_read()
    {
        var call = new HttpCall("POST", Configs) { Body = "{}" };
        int Code(HttpCall one) => api.Server.Serve(one).Code;
        Assert.That((Code(call with { Accept = "text/html" }),
            Code(call with { ContentType = "text/plain" }),
            Code(call with { Body = new string(' ', 3 * 1024 * 1024 + 1) }),
            Code(call with { Accept = "text/html, */*" })), Is.EqualTo((406, 415, 413, 422)));
    }

    [Test]
    public void An_eviction_takes_from_the_budget_until_nothing_is_left()
    {
        foreach (var name in (string[])["a", "b"])
        {
            var pod = ApiFixture.Pod(name, "node-1");
            pod = api.Create(pod with
            {
                Metadata = pod.Metadata with { Labels = Map.Of(("app", "x")) },
            });
            api.Update(pod with
            {
                Status = pod.Status with
                {
                    Phase = "Running", Conditions = [new() { Type = "Ready", Status = "True" }],
                },
            }, "status").EnsureSuccess();
        }
        var budget = api.Create(new PodDisruptionBudget
        {
            Metadata = new() { Name = "keep", Namespace = "api" },
            Spec = new()
            {
                MinAvailable = 1, Selector = new() { MatchLabels = Map.Of(("app", "x")) },
            },
        });
        Assert.That(Evict("a").Status!.Details!.Causes[0].Message, Is.EqualTo(
            "The disruption budget keep is still being processed by the server."));
        api.Update(budget with
        {
            Status = new()
            {
                ObservedGeneration = 1, CurrentHealthy = 2, DesiredHealthy = 1,
                DisruptionsAllowed = 1,
            },
        }, "status").EnsureSuccess();
        var (first, second) = (Evict("a"), Evict("b"));
        var left = api.Get<PodDisruptionBudget>(Kinds.PodDisruptionBudget, "api", "keep")!.Status;
        var gone = api.Get<Pod>(Kinds.Pod, "api", "a")!;
        Assert.Multiple(() =>
        {
            Assert.That((first.Code, second.Code), Is.EqualTo((201, 429)));
            Assert.That(left.DisruptionsAllowed, Is.Zero);
            Assert.That(left.DisruptedPods.Keys, Is.EqualTo(new[] { "a" }));
            Assert.That(gone.Metadata.DeletionTimestamp, Is.Not.Null);
            Assert.That(gone.Status.Conditions.Single(c => c.Type == "DisruptionTarget").Reason,
                Is.EqualTo("EvictionByEvictionAPI"));
            Assert.That(second.Status!.Details!.Causes[0].Message, Is.EqualTo(
                "The disruption budget keep needs 1 healthy pods and has 2 currently"));
        });
    }

    [Test]
    public void A_watch_that_asks_for_the_start_is_told_where_it_ends()
    {
        api.Create(ApiFixture.Config("a"));
        using var watch = api.Ask(Verb.Watch, Configs, query: new()
        {
            SendInitialEvents = true,
            AllowWatchBookmarks = true,
            ResourceVersionMatch = "NotOlderThan",
        }).EnsureSuccess().Watch!;
        var told = new List<string>();
        while (watch.TryNext(out var change))
        {
            var meta = change.Object.Metadata;
            told.Add($"{change.Type} {meta.Name}{meta.ResourceVersion == api.Store.Head} "
                + meta.Annotations.Get("k8s.io/initial-events-end"));
        }
        Assert.That(told, Is.EqualTo(new[] { "ADDED aTrue ", "BOOKMARK True true" }));
    }

    [Test]
    public void A_pod_is_resized_through_its_own_door_only()
    {
        var pod = (Pod)api.Post(Pods, """
            {"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x",
            "resources":{"requests":{"cpu":"1"}}}]}}
            """).EnsureSuccess().Object!;
        JsonNode bigger = JsonNode.Parse("""
            [{"op":"replace","path":"/spec/containers/0/resources/requests/cpu","value":"2"}]
            """)!;
        var patch = new Payload.Patch(PatchKind.Json, bigger);
        var (plain, door) = (api.Ask(Verb.Patch, $"{Pods}/p", patch),
            api.Ask(Verb.Patch, $"{Pods}/p/resize", patch));
        var image = api.Merge($"{Pods}/p/resize", """{"spec":{"nodeName":"n"}}""");
        Assert.That((plain.Code, door.Code, door.Object!.Metadata.Generation,
            image.Status!.Details!.Causes[0].Message), Is.EqualTo((422, 200,
            pod.Metadata.Generation + 1, "Forbidden: only cpu and memory resources are mutable")));
    }

    [Test]
    public void A_definition_makes_a_kind_that_its_schema_shapes()
    {
        var answer = Serve("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
            {"metadata":{"name":"tanks.farm.io"},"spec":{"group":"farm.io","scope":"Namespaced",
            "names":{"plural":"tanks","kind":"Tank"},"versions":[{"name":"v1","served":true,
            "storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":
            {"type":"object","properties":{
            "spec":{"type":"object","required":["size"],"properties":{
            "size":{"type":"integer","minimum":1},"color":{"type":"string","default":"red",
            "enum":["red","blue"]}}}}}}}]}}
            """);
        const string definition =
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tanks.farm.io";
        var early = Serve("GET", "/apis/farm.io/v1/namespaces/api/tanks", null);
        answer["status"] = JsonNode.Parse(
            """{"conditions":[{"type":"Established","status":"True"}]}""");
        Serve("PUT", $"{definition}/status", answer.ToJsonString());
        const string tanks = "/apis/farm.io/v1/namespaces/api/tanks";
        var made = Serve("POST", tanks,
            """{"metadata":{"name":"a"},"spec":{"size":2,"odd":1},"status":{"x":1}}""");
        var bad = Serve("POST", tanks,
            """{"metadata":{"name":"b"},"spec":{"size":0,"color":"pink"}}""");
        var typed = Serve("POST", tanks, """{"metadata":{"name":"b"},"spec":{"size":"x"}}""");
        var missing = Serve("POST", tanks, """{"metadata":{"name":"b"},"spec":{}}""");
        var listed = Serve("GET", "/apis/farm.io/v1", null);
        var marked = Serve("DELETE", definition, null);
        var late = Serve("POST", tanks, """{"metadata":{"name":"c"},"spec":{"size":2}}""");
        marked["metadata"]!["finalizers"] = new JsonArray();
        Serve("PUT", definition, marked.ToJsonString());
        Assert.Multiple(() =>
        {
            Assert.That($"{early}", Does.StartWith("404"), "not before it is Established");
            Assert.That(made["spec"]?.ToJsonString() ?? made.ToJsonString(),
                Is.EqualTo("""{"size":2,"color":"red"}"""));
            Assert.That(made["status"], Is.Null);
            Assert.That($"{bad["message"]}", Is.EqualTo("Tank.farm.io \"b\" is invalid: "
                + "[spec.size: Invalid value: 0: spec.size in body should be greater than or equal "
                + "to 1, spec.color: Unsupported value: \"pink\": supported values: \"red\", "
                + "\"blue\"]"));
            Assert.That($"{typed["message"]}", Is.EqualTo("Tank.farm.io \"b\" is invalid: "
                + "spec.size: Invalid value: \"string\": spec.size in body must be of type "
                + "integer: \"string\""));
            Assert.That($"{missing["message"]}",
                Is.EqualTo("Tank.farm.io \"b\" is invalid: spec.size: Required value"));
            Assert.That($"{listed.At("resources")?[0]?["kind"]}", Is.EqualTo("Tank"));
            Assert.That($"{late["message"]}", Does.StartWith("create not allowed"));
            Assert.That(api.Server.Serve(new("GET", tanks)).Code, Is.EqualTo(404));
        });
    }

    private JsonNode Serve(string method, string path, string? body) =>
        api.Server.Serve(new(method, path) { Body = body }).Body!;

    private ApiResponse Evict(string pod) => api.Ask(Verb.Create, $"{Pods}/{pod}/eviction",
        new Payload.Json(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = pod },
        }));
}
