using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The whole recording of the real API server, request by request against one server, as
/// HTTP: codes, reasons, messages, causes and stored objects. What the recording had put there
/// between two cases is put there here too.</summary>
public sealed class ApiRecordedTests
{
    // The cases that come out differently, each with its reason.
    private static readonly Dictionary<string, string> differ = new()
    {
        ["immutable: pod spec.nodeName"] =
            "the message goes on with a difference of Go structures",
        ["server-side apply: force"] = "nobody keeps managed fields",
        ["discovery /apis"] = "there is no resource.k8s.io",
    };

    private readonly ApiFixture api = new();
    private readonly Dictionary<string, string> names = [];

    [Test]
    public void The_recording_is_answered_as_the_real_server_answered_it()
    {
        var folder = SchedulerGoldenTests.SharedFolder("golden");
        if (folder is null)
        {
            Assert.Ignore("the recording is not here");
        }
        var cases = JsonNode.Parse(File.ReadAllText($"{folder}/api/cases.json"))!.AsArray();
        var (same, wrong) = (0, new List<string>());
        foreach (var recorded in cases.Where(c => c!["request"] is not null))
        {
            var name = (string)recorded!["name"]!;
            Prepare(name);
            var problem = Replay(recorded["request"]!, recorded["response"]!);
            same += problem is null ? 1 : 0;
            if ((problem is null) == differ.ContainsKey(name))
            {
                wrong.Add($"{name}: {problem ?? "is the same after all"}");
            }
        }
        TestContext.Out.WriteLine($"{same} cases are the same, {differ.Count} differ");
        Assert.That(wrong, Is.Empty, string.Join('\n', wrong));
    }

    private string? Replay(JsonNode request, JsonNode response)
    {
        var body = request["body"];
        var answer = api.Server.Serve(new((string)request["method"]!, Here((string)request["path"]!))
        {
            ContentType = (string?)request["contentType"],
            Body = body is null ? null : Here(body is JsonValue text
                && text.TryGetValue(out string? raw) ? raw : body.ToJsonString()),
            Accept = Kind(response["body"]) == "Table"
                ? "application/json;as=Table;v=v1;g=meta.k8s.io" : null,
        });
        using var watch = answer.Watch;
        var code = (int)response["code"]!;
        if (answer.Code != code)
        {
            return $"{answer.Code} rather than {code}: {answer.Body}";
        }
        Learn(response["body"], answer.Body);
        var (wanted, actual) = response["lines"] is JsonArray lines
            ? (Events(lines), Events(answer)) : (Shown(response["body"]), Shown(answer.Body));
        return wanted == actual ? null : $"\n  {wanted}\n  {actual}";
    }

    // Of lists the first three, which is what was recorded. Of what is stored: metadata that nobody draws, spec and data. Of a refusal: all.
    private string Shown(JsonNode? body) => body switch
    {
        JsonValue text => text.ToString(),
        JsonObject { } o when $"{o["kind"]}" == "Status" =>
            $"{o["reason"]} {Plain($"{o["message"]}")} {o["status"]} {o["code"]} "
            + string.Join("; ", (o["details"]?["causes"]?.AsArray() ?? [])
                .Select(c => $"{c!["reason"]} {c["field"]} {Plain($"{c["message"]}")}"))
            + $" {o["details"]?["name"]} {o["details"]?["group"]} {o["details"]?["kind"]} "
            + $"{o["details"]?["retryAfterSeconds"]}",
        JsonObject { } o when $"{o["kind"]}" == "Table" => string.Join('|',
            o["columnDefinitions"]!.AsArray().Select(c => $"{c!["name"]} {c["priority"]}")),
        JsonObject { } o when o["items"] is JsonArray items =>
            $"{o["kind"]} {string.Join(' ', items.Select(i => $"{i!["metadata"]!["name"]}").Take(3))}",
        JsonObject { } o when o["names"] is JsonArray told =>
            $"{o["kind"]} {string.Join(' ', told.Take(3))}",
        JsonObject { } o when o["metadata"] is { } meta =>
            $"{o["kind"]} {meta["name"]} {meta["generation"]} {meta["labels"]?.ToJsonString()} "
            + $"{meta["deletionTimestamp"] is not null} {meta["deletionGracePeriodSeconds"]} "
            + $"{meta["finalizers"]?.ToJsonString()} {Plain(Sorted(WithoutToken(o["spec"])))} "
            + $"{Sorted(o["data"])}",
        _ => Sorted(body),
    };

    // The volume of the service account's token: no pod has one here.
    private static JsonNode? WithoutToken(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            var kept = new JsonObject();
            foreach (var (key, value) in map)
            {
                if (!(key is "volumes" or "volumeMounts" && value!.ToJsonString().Contains("kube-api")))
                {
                    kept[key] = WithoutToken(value);
                }
            }
            return kept;
        }
        return node is JsonArray list
            ? new JsonArray([.. list.Select(WithoutToken)]) : node?.DeepClone();
    }

    private static string Kind(JsonNode? body) => $"{(body as JsonObject)?["kind"]}";

    private string Events(JsonArray lines) => string.Join("; ", lines.Select(Event));

    private static string Event(JsonNode? line) =>
        $"{line!["type"]} {line["object"]?["metadata"]?["name"]} "
        + Cut($"{line["object"]?["message"] ?? line["message"]}");

    private static string Cut(string message) =>
        message.Contains('(') ? message[..message.IndexOf('(')] : message;

    private string Events(HttpAnswer answer)
    {
        var told = new JsonArray();
        while (answer.Watch?.TryNext(out var change) == true)
        {
            told.Add(ApiServer.WatchLine(change));
        }
        return answer.Watch is null ? Event(answer.Body) : Events(told);
    }

    private static string Sorted(JsonNode? node) => node is null ? "" : Json.Compact(node);

    // What was drawn in the recording is drawn otherwise here.
    private string Plain(string text)
    {
        text = System.Text.RegularExpressions.Regex.Replace(Here(text), @"10\.96\.\d+\.\d+", "{ip}");
        return System.Text.RegularExpressions.Regex.Replace(text, @"current: \d+", "current");
    }

    private string Here(string text)
    {
        foreach (var (theirs, ours) in names)
        {
            text = text.Replace(theirs, ours);
        }
        return text;
    }

    private void Learn(JsonNode? theirs, JsonNode? ours)
    {
        foreach (var field in (string[])["uid", "resourceVersion"])
        {
            if ((string?)theirs.At("metadata", field) is { Length: > 3 } drawn
                && (string?)ours.At("metadata", field) is { Length: > 0 } here)
            {
                names.TryAdd(drawn, here);
            }
        }
    }

    // What happened before a recorded case, as the recording's own objects show it: lines of method,
    // path and body. An own word is what the sentence after it takes the place of.
    private void Prepare(string name)
    {
        const string configs = "/api/v1/namespaces/api/configmaps";
        const string deployments = "/apis/apps/v1/namespaces/api/deployments";
        const string pods = "/api/v1/namespaces/api/pods";
        switch (name)
        {
            case "duplicate create":
                api.Create(ApiFixture.Deployment("web"));
                break;
            case "nodePort already allocated":
                Do("POST", "/api/v1/namespaces/api/services", """
                    {"metadata":{"name":"np1"},
                    "spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}
                    """);
                break;
            case "immutable: metadata.uid":
                var first = api.Create(ApiFixture.Config("c-unknown")).Metadata;
                (names["17723"], names["89c5e476-b3a4-4285-b715-1775e3925901"]) =
                    ($"{first.ResourceVersion}", first.Uid);
                break;
            case "PUT with stale resourceVersion (409)":
                Do("PUT", $"{configs}/c-unknown", Config("c-unknown", "", "\"z\":\"9\""));
                break;
            case "strategic merge: containers merged by name":
                Do("POST", deployments, """
                    {"metadata":{"name":"pt"},"spec":{"replicas":0,
                    "selector":{"matchLabels":{"app":"pt"}},
                    "template":{"metadata":{"labels":{"app":"pt"}},"spec":{"containers":
                    [{"name":"a","image":"x:1","env":[{"name":"E","value":"1"}]},
                    {"name":"b","image":"y:1"}]}}}}
                    """);
                break;
            case "merge patch: null deletes a key":
                Do("PATCH", $"{deployments}/pt", """
                    {"metadata":{"labels":{"k":"v"}},
                    "spec":{"template":{"spec":{"containers":[{"name":"z","image":"z:1"}]}}}}
                    """);
                break;
            case "server-side apply: force":
                Do("POST", configs, Config("ssa"));
                break;
            case "spec write ignores status":
                Do("PATCH", $"{deployments}/pt", """{"metadata":{"labels":{"t":"1"}}}""");
                break;
            case "label selector in":
                string[] labels = ["\"tier\":\"a\",\"env\":\"prod\"",
                    "\"tier\":\"b\",\"env\":\"prod\"", "\"tier\":\"b\"", "\"tier\":\"c\""];
                for (var i = 0; i < labels.Length; i++)
                {
                    Do("POST", configs, Config($"l{i + 1}", $"\"g\":\"sel\",{labels[i]}"));
                }
                break;
            case "delete deployment: Background" or "delete deployment: Foreground"
                or "delete deployment: Orphan":
                Own($"own-{name.Split(' ')[^1].ToLowerInvariant()}");
                break;
            case "delete pod: force":
                Do("PATCH", $"{pods}/pod1",
                    """{"spec":{"containers":[{"name":"c","image":"nginx:2"}]}}""");
                break;
            case "delete pod: not bound goes at once":
                Do("POST", pods, Pod("unbound").Replace("100m", "0").Replace(
                    "\"spec\":{", "\"spec\":{\"schedulerName\":\"none\","));
                break;
            case "bind pod":
                Do("POST", pods, Pod("tobind"));
                break;
            case "evict a pod guarded by a PDB (429)":
                Budget(pods);
                break;
            case "quota: pod without requests":
                Quota();
                break;
            case "quota: cpu exceeded with use":
                Do("POST", "/api/v1/namespaces/api-quota/pods", Pod("used",
                    """,{"name":"d","image":"x","resources":{"requests":{"cpu":"200m"}}}"""));
                break;
            case "create limitrange":
                Space("api-lr");
                break;
            case { } watch when watch.StartsWith("watch with label selector w=1"):
                names["17993"] = $"{api.Store.Head}";
                Do("POST", configs, Config("w1", "\"w\":\"1\""));
                Do("PATCH", $"{configs}/w1", """{"data":{"b":"2"}}""");
                Do("PATCH", $"{configs}/w1", """{"metadata":{"labels":{"w":"2"}}}""");
                Do("DELETE", $"{configs}/w1", null);
                break;
            case { } compacted when compacted.StartsWith("watch from compacted"):
                api.Store.Compact(new(api.Store.Head.Value - 1));
                break;
        }
    }

    private void Do(string method, string path, string? body)
    {
        var answer = api.Server.Serve(new(method, path)
        {
            Body = body,
            ContentType = method == "PATCH" ? "application/merge-patch+json" : null,
        });
        Assert.That(answer.Code, Is.LessThan(300), $"{method} {path}: {answer.Body}");
    }

    private void Space(string name)
    {
        api.Create(new Namespace { Metadata = new() { Name = name } });
        api.Create(new ServiceAccount { Metadata = new() { Name = "default", Namespace = name } });
    }

    private void Own(string name)
    {
        var own = ApiFixture.Deployment(name);
        var template = own.Spec.Template;
        own = api.Create(own with
        {
            Metadata = own.Metadata with
            {
                Annotations = Map.Of(("deployment.kubernetes.io/revision", "1")),
            },
            Spec = own.Spec with
            {
                Template = template with
                {
                    Spec = template.Spec with
                    {
                        Containers = [new() { Name = "c", Image = "nginx" }],
                        NodeName = "node-1",
                        TerminationGracePeriodSeconds = 1,
                    },
                },
            },
        });
    }

    private void Budget(string pods)
    {
        var pod = (Pod)api.Post(pods, Pod("ev1").Replace("{}", "{\"app\":\"ev\"}"))
            .EnsureSuccess().Object!;
        api.Update(pod with
        {
            Status = pod.Status with
            {
                Phase = "Running", Conditions = [new() { Type = "Ready", Status = "True" }],
            },
        }, "status").EnsureSuccess();
        var budget = api.Create(new PodDisruptionBudget
        {
            Metadata = new() { Name = "pdb", Namespace = "api" },
            Spec = new()
            {
                MinAvailable = 1, Selector = new() { MatchLabels = Map.Of(("app", "ev")) },
            },
        });
        api.Update(budget with
        {
            Status = new() { ObservedGeneration = 1, CurrentHealthy = 1, DesiredHealthy = 1 },
        }, "status").EnsureSuccess();
    }

    private void Quota()
    {
        Space("api-quota");
        var quota = api.Create(new ResourceQuota
        {
            Metadata = new() { Name = "q", Namespace = "api-quota" },
            Spec = new() { Hard = Map.Of(("requests.cpu", Quantity.Parse("1"))) },
        });
        api.Update(quota with
        {
            Status = new()
            {
                Hard = quota.Spec.Hard, Used = Map.Of(("requests.cpu", Quantity.Parse("0"))),
            },
        }, "status").EnsureSuccess();
    }

    private static string Config(string name, string labels = "", string data = "\"a\":\"1\"") =>
        $"{{\"metadata\":{{\"name\":\"{name}\",\"labels\":{{{labels}}}}},\"data\":{{{data}}}}}";

    private static string Pod(string name, string more = "") => """
        {"metadata":{"name":"NAME","labels":{}},"spec":{"containers":[{"name":"c","image":"nginx",
        "resources":{"requests":{"cpu":"100m"}}}MORE]}}
        """.Replace("NAME", name).Replace("MORE", more);
}
