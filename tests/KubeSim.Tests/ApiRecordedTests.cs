using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
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

    [TestCase("resourceVersion=1&resourceVersionMatch=Exact", null,
        "The resourceVersion for the provided list is too old.")]
    [TestCase("continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Miwic3RhcnQiOiJsMlx1MDAwMCJ9",
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoibDJcdTAwMDAifQ",
        "The provided continue parameter is too old to display a consistent list result. You can "
        + "start a new list without the continue parameter, or use the continue token in this "
        + "response to retrieve the remainder of the results. Continuing with the provided token "
        + "results in an inconsistent list - objects that were created, modified, or deleted "
        + "between the time the first chunk was returned and now may show up in the list.")]
    public void A_list_of_a_compacted_past_is_refused_as_recorded(
        string query, string? token, string message)
    {
        var old = new ApiFixture();
        old.Create(ApiFixture.Config("l1"));
        old.Create(ApiFixture.Config("l2"));
        old.Store.Compact(old.Store.Head);
        var answer = old.Server.Serve(
            new("GET", $"/api/v1/namespaces/api/configmaps?{query}&limit=2"));
        var wanted = new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1",
            ["metadata"] = token is null ? new JsonObject() : new() { ["continue"] = token },
            ["status"] = "Failure", ["message"] = message, ["reason"] = "Expired", ["code"] = 410,
        };
        Assert.That((answer.Code, Sorted(answer.Body)), Is.EqualTo((410, Sorted(wanted))));
    }

    private string? Replay(JsonNode request, JsonNode response)
    {
        var body = request["body"];
        var path = Here((string)request["path"]!);
        var answer = api.Server.Serve(new((string)request["method"]!, path)
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
            ? (Events(lines), Events(answer))
            : (Plain(Shown(response["body"])), Plain(Shown(answer.Body)));
        return wanted == actual ? null : $"\n  {wanted}\n  {actual}";
    }

    // Of lists the first three, which is what was recorded. Of what is stored: metadata that nobody
    // draws, spec and data. Of a refusal: all.
    private string Shown(JsonNode? body) => body switch
    {
        JsonValue text => text.ToString(),
        JsonObject { } o when $"{o["kind"]}" == "Status" =>
            $"{o["reason"]} {o["message"]} {o["status"]} {o["code"]} "
            + string.Join("; ", (o["details"]?["causes"]?.AsArray() ?? [])
                .Select(c => $"{c!["reason"]} {c["field"]} {c["message"]}"))
            + $" {o["details"]?["name"]} {o["details"]?["group"]} {o["details"]?["kind"]} "
            + $"{o["details"]?["retryAfterSeconds"]}",
        JsonObject { } o when $"{o["kind"]}" == "Table" => string.Join('|',
            o["columnDefinitions"]!.AsArray().Select(c => $"{c!["name"]} {c["priority"]}")),
        JsonObject { } o when o["items"] is JsonArray items =>
            $"{o["kind"]} "
            + string.Join(' ', items.Select(i => $"{i!["metadata"]!["name"]}").Take(3)),
        JsonObject { } o when o["names"] is JsonArray told =>
            $"{o["kind"]} {string.Join(' ', told.Take(3))}",
        JsonObject { } o when o["metadata"] is { } meta =>
            $"{o["kind"]} {meta["name"]} {meta["generation"]} {meta["labels"]?.ToJsonString()} "
            + $"{meta["deletionTimestamp"] is not null} {meta["deletionGracePeriodSeconds"]} "
            + $"{meta["finalizers"]?.ToJsonString()} {WithToken(o["spec"])} "
            + $"{Sorted(o["data"])}",
        _ => Sorted(body),
    };

    // The volume of the account's token, without the end of its name and a file of the build that
    // was recorded.
    private static string WithToken(JsonNode? node)
    {
        node = node?.DeepClone();
        foreach (var volume in node?["volumes"] as JsonArray ?? [])
        {
            if (volume!["projected"]?["sources"] is JsonArray sources
                && sources.FirstOrDefault(s => $"{s!["configMap"]?["name"]}"
                    == "openshift-service-ca.crt") is { } mark)
            {
                sources.Remove(mark);
            }
        }
        return Regex.Replace(Sorted(node), "kube-api-access-.....", "kube-api-access");
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
        text = Regex.Replace(Here(text), @"10\.96\.\d+\.\d+", "{ip}");
        return Regex.Replace(text, @"current: \d+", "current");
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

    // What happened before a recorded case, by Data/api-recorded.txt. Three words are no method:
    // NAMES is what the recording calls version and UID of the object that came last, HEAD what it
    // calls the revision now, COMPACT forgets all but the last one.
    private void Prepare(string name)
    {
        JsonNode? last = null;
        var lines = Data.Lines("api-recorded.txt").SkipWhile(line => line != $"== {name}").Skip(1)
            .TakeWhile(line => !line.StartsWith("==", StringComparison.Ordinal));
        foreach (var line in lines)
        {
            var words = line.Split(' ', 3);
            switch (words[0])
            {
                case "NAMES":
                    names[words[1]] = $"{last.At("metadata", "resourceVersion")}";
                    names[words[2]] = $"{last.At("metadata", "uid")}";
                    break;
                case "HEAD":
                    names[words[1]] = $"{api.Store.Head}";
                    break;
                case "COMPACT":
                    api.Store.Compact(new(api.Store.Head.Value - 1));
                    break;
                default:
                    last = Do(words[0], words[1], words.ElementAtOrDefault(2));
                    break;
            }
        }
    }

    private JsonNode? Do(string method, string path, string? body)
    {
        var answer = api.Server.Serve(new(method, path)
        {
            Body = body,
            ContentType = method != "PATCH" ? null : path.Contains("/pods/")
                ? "application/strategic-merge-patch+json" : "application/merge-patch+json",
        });
        Assert.That(answer.Code, Is.LessThan(300), $"{method} {path}: {answer.Body}");
        return answer.Body;
    }
}
