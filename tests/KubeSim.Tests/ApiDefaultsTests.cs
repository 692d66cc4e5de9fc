using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class ApiDefaultsTests
{
    private static IEnumerable<TestCaseData> Rows(string file) => File
        .ReadLines(System.IO.Path.Combine(TestContext.CurrentContext.TestDirectory, "Data", file))
        .Where(line => line[0] != '#')
        .Select((line, i) => new TestCaseData(line.Split('\t')).SetArgDisplayNames($"{i + 1} "
            + $"{line.Split('\t')[0]}"));

    private static IEnumerable<TestCaseData> Fields() => Rows("api-pod-defaults.tsv");

    private static IEnumerable<TestCaseData> Created() => Rows("api-creates.tsv");

    private static IEnumerable<TestCaseData> Objects() => Rows("api-defaults.tsv");

    [TestCaseSource(nameof(Fields))]
    public void A_field_of_a_pod_that_nobody_set_is_filled_in(string path, string value)
    {
        var sent = Parent(path);
        var pod = (Pod)Json.Decode(sent, Kinds.Pod);
        var filled = pod with { Spec = PodDefaults.Pod(pod.Spec) };
        JsonNode? found = Json.Encode(filled);
        foreach (var step in path.Replace("[0]", ".0").Split('.'))
        {
            found = step == "0" ? found?[0] : found?[step];
        }
        Assert.That(found?.ToJsonString(), Is.EqualTo(value));
        Assert.That(PodDefaults.Pod(filled.Spec), Is.EqualTo(filled.Spec), "once is enough");
    }

    [TestCaseSource(nameof(Objects))]
    public void An_object_is_completed_as_upstream_completes_it(string kind, string sent,
        string expected)
    {
        var api = new ApiFixture();
        var known = KindRegistry.BuiltIn.All.First(k => k.Name == kind);
        var body = JsonNode.Parse(sent)!.AsObject();
        var meta = body["metadata"]?.DeepClone().AsObject() ?? [];
        meta["name"] = "x";
        body["metadata"] = meta;
        var path = new ResourcePath(known, known.Namespaced ? "api" : "", "");
        var answer = api.Server.Handle(new(Verb.Create, path) { Body = new Payload.Json(body) });
        AssertHolds(JsonNode.Parse(expected), Json.Encode(answer.EnsureSuccess().Object!), kind);
    }

    [TestCaseSource(nameof(Created))]
    public void A_new_object_is_stored_as_the_real_server_stores_it(
        string path, string sent, string expected)
    {
        var value = new ApiFixture().Post(path, sent).EnsureSuccess().Object!;
        var actual = Json.Encode(value);
        foreach (var field in (string[])["uid", "resourceVersion", "creationTimestamp"])
        {
            actual["metadata"]!.AsObject().Remove(field);
        }
        expected = expected.Replace("{uid}", value.Metadata.Uid)
            .Replace("{ip}", (value as Service)?.Spec.ClusterIP)
            .Replace("kube-api-access-xxxxx", (value as Pod)?.Spec.Volumes[^1].Name);
        Assert.That(Json.Text(actual), Is.EqualTo(Json.Text(JsonNode.Parse(expected))));
    }

    // Every expected field must be there; null means that it must not.
    private static void AssertHolds(JsonNode? expected, JsonNode? actual, string path)
    {
        switch (expected)
        {
            case JsonObject fields:
                foreach (var (name, value) in fields)
                {
                    AssertHolds(value, actual?[name], $"{path}.{name}");
                }
                break;
            case JsonArray items:
                for (var i = 0; i < items.Count; i++)
                {
                    AssertHolds(items[i], actual?[i], $"{path}[{i}]");
                }
                break;
            default:
                Assert.That(JsonNode.DeepEquals(expected, actual), Is.True,
                    $"{path}: {actual?.ToJsonString()}, not {expected?.ToJsonString()}");
                break;
        }
    }

    // All of upstream's fields, by their Go paths; what embeds them is not in the JSON.
    [Test]
    public void All_of_upstreams_defaulted_fields_are_ours()
    {
        var ours = Rows("api-pod-defaults.tsv").Select(r => $"{r.Arguments[0]} {r.Arguments[1]}")
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.That(TestData.Table("defaults_pod_fields").Select(c =>
        {
            var path = $"{c["input"]!["field"]}"[1..].Replace(".VolumeSource", "")
                .Replace(".EphemeralContainerCommon", "").Replace(".ProbeHandler", "")
                .Replace("RBDPool", "pool").Replace("RadosUser", "user");
            return $"{path} {c["expected"]!["default"]}";
        }), Is.SubsetOf(ours).IgnoreCase);
    }

    // A pod in which everything on the way to a field is there, and empty.
    private static JsonObject Parent(string path)
    {
        var steps = path.Split('.');
        JsonObject? inner = null;
        for (var i = steps.Length - 2; i >= 0; i--)
        {
            var name = steps[i].Replace("[0]", "");
            inner ??= [];
            inner = new() { [name] = steps[i] == name ? inner : new JsonArray(inner) };
        }
        return inner!;
    }
}
