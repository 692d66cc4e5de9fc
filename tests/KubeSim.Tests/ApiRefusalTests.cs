using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

// The recorded refusals of the real API server, word for word. The one message that is cut is that
// of a changed pod: the real one goes on with a difference of Go structures.
public sealed class ApiRefusalTests
{
    private static IEnumerable<TestCaseData> Recorded() => File
        .ReadLines(System.IO.Path.Combine(TestContext.CurrentContext.TestDirectory, "Data",
            "api-refusals.tsv"))
        .Where(line => line[0] != '#')
        .Select((line, i) =>
            new TestCaseData(line).SetArgDisplayNames($"{i + 1} {line.Split('\t')[1]}"));

    [TestCaseSource(nameof(Recorded))]
    public void A_refusal_is_worded_as_the_real_one(string line)
    {
        var fixture = Prepared();
        var cells = line.Replace("{uid}", fixture.Uid).Replace("{stale}", fixture.Stale)
            .Replace("{head}", $"{fixture.Api.Store.Head}").Split('\t');
        var (code, reason, causes) = (int.Parse(cells[3]), cells[4], int.Parse(cells[5]));
        var head = fixture.Api.Store.Head;
        var answer = Ask(fixture.Api, cells[0], cells[1], cells[2], cells[7]);
        Assert.Multiple(() =>
        {
            Assert.That(answer.Status?.Message, Is.EqualTo(cells[6]));
            Assert.That(answer.Code, Is.EqualTo(code));
            Assert.That(answer.Status?.Reason ?? "", Is.EqualTo(reason));
            Assert.That(answer.Status?.Details?.Causes.Count ?? 0, Is.EqualTo(causes));
            Assert.That(fixture.Api.Store.Head, Is.EqualTo(head), "a refusal writes nothing");
        });
    }

    private static ApiResponse Ask(ApiFixture api, string method, string url, string media,
        string body)
    {
        var parts = url.Split('?');
        if (ResourcePath.TryParse(parts[0], KindRegistry.BuiltIn, out var path) is { } nowhere)
        {
            return nowhere;
        }
        var node = body.Length == 0 || (body[0] == '{' && body[^1] != '}')
            ? null
            : JsonNode.Parse(body);
        var verb = method switch
        {
            "POST" => Verb.Create,
            "PUT" => Verb.Update,
            "PATCH" => Verb.Patch,
            "DELETE" => Verb.Delete,
            _ => path.Name.Length > 0 ? Verb.Get : Verb.List,
        };
        return api.Server.Handle(new(verb, path)
        {
            Query = ReadQuery(parts.Length > 1 ? parts[1] : ""),
            Delete = verb != Verb.Delete ? null : new()
            {
                Uid = (string?)node?["preconditions"]?["uid"],
                PropagationPolicy = (string?)node?["propagationPolicy"],
            },
            Body = media switch
            {
                "json-patch" => new Payload.Patch(PatchKind.Json, node!),
                "merge-patch" => new Payload.Patch(PatchKind.Merge, node!),
                "strategic-merge-patch" => new Payload.Patch(PatchKind.StrategicMerge, node!),
                _ => node is null ? new Payload.Text(body) : new Payload.Json(node),
            },
        });
    }

    private static Query ReadQuery(string text)
    {
        var query = Query.None;
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var value = Uri.UnescapeDataString(pair[(pair.IndexOf('=') + 1)..]);
            query = pair[..pair.IndexOf('=')] switch
            {
                "dryRun" => query with { DryRun = value },
                "fieldSelector" => query with { FieldSelector = value },
                "continue" => query with { Continue = value },
                "limit" => query with { Limit = long.Parse(value) },
                "resourceVersion" => query with { ResourceVersion = value },
                var other => throw new ArgumentException(other),
            };
        }
        return query;
    }

    // What the recording had stored when it made its requests.
    private static (ApiFixture Api, string Uid, string Stale) Prepared()
    {
        var api = new ApiFixture();
        api.Create(ApiFixture.Deployment("web"));
        api.Create(ApiFixture.Deployment("pt"));
        api.Create(ApiFixture.Pod("pod1", "does-not-exist"));
        api.Create(ApiFixture.Config("frozen") with { Immutable = true });
        var first = api.Create(ApiFixture.Config("c-unknown"));
        api.Update(first with { Data = Map.Of(("z", "9")) }).EnsureSuccess();
        api.Post("/apis/apps/v1/namespaces/api/statefulsets", """
            {"metadata":{"name":"ss0"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},
            "template":{"metadata":{"labels":{"a":"b"}},
            "spec":{"containers":[{"name":"c","image":"x"}]}}}}
            """).EnsureSuccess();
        api.Post("/api/v1/namespaces/api/services", """
            {"metadata":{"name":"np1"},
            "spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}
            """).EnsureSuccess();
        var held = ApiFixture.Config("fin");
        var meta = held.Metadata with { Finalizers = ["example.com/hold"] };
        api.Create(held with { Metadata = meta });
        api.Ask(Verb.Delete, "/api/v1/namespaces/api/configmaps/fin").EnsureSuccess();
        api.Create(new Namespace { Metadata = new() { Name = "api-lr" } });
        api.Ask(Verb.Delete, "/api/v1/namespaces/api-lr").EnsureSuccess();
        return (api, first.Metadata.Uid, $"{first.Metadata.ResourceVersion}");
    }
}
