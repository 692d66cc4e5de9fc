using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The documents by which kubectl checks manifests and explains fields.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HttpOpenApiTests
{
    public const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Proto = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    private const string Apps = "/openapi/v3/apis/apps/v1";

    private static readonly string[] methods = ["get", "put", "post", "delete", "patch"];

    private readonly ApiFixture api = new();

    /// <summary>Defines CronTab, and says that it is established.</summary>
    internal static void Define(ApiFixture api)
    {
        api.Server.Serve(new("POST", Definitions)
        {
            Body = """
                {"metadata": {"name": "crontabs.stable.example.com"},
                 "spec": {"group": "stable.example.com", "scope": "Namespaced",
                  "names": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab"},
                  "versions": [{"name": "v1", "served": true, "storage": true,
                   "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {
                     "replicas": {"type": "integer", "nullable": true}}}}}}}]}}
                """,
        });
        var answer = api.Server.Serve(new("PATCH", $"{Definitions}/crontabs.stable.example.com"
            + "/status")
        {
            ContentType = "application/merge-patch+json",
            Body = """{"status":{"conditions":[{"type":"Established","status":"True"}]}}""",
        });
        Assert.That(answer.Code, Is.EqualTo(200), $"{answer.Body}");
    }

    private JsonNode Document(string url)
    {
        var answer = api.Server.Serve(new("GET", url));
        Assert.That(answer.Code, Is.EqualTo(200), $"{answer.Body}");
        return JsonNode.Parse(Bytes(answer))!;
    }

    private static byte[] Bytes(HttpAnswer answer) =>
        [.. answer.Bytes().SelectMany(b => b.ToArray())];

    [TestCase("io.k8s.api.apps.v1.Deployment")]
    [TestCase("io.k8s.api.core.v1.PodTemplateSpec")]
    [TestCase("io.k8s.api.core.v1.TopologySelectorTerm")]
    [TestCase("io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler")]
    [TestCase("io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler")]
    [TestCase("io.k8s.api.rbac.v1.Subject")]
    [TestCase("io.k8s.api.flowcontrol.v1.Subject")]
    [TestCase("io.k8s.api.storage.v1.TokenRequest")]
    [TestCase("io.k8s.api.discovery.v1.EndpointSliceList")]
    [TestCase("io.k8s.apimachinery.pkg.api.resource.Quantity")]
    [TestCase("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")]
    [TestCase("io.k8s.apimachinery.pkg.util.intstr.IntOrString")]
    [TestCase("io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService")]
    [TestCase("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")]
    public void Types_are_named_by_their_packages(string name) =>
        Assert.That(Document("/openapi/v2")["definitions"]![name], Is.Not.Null);

    // As api/openapi-spec has them.
    [TestCase("io.k8s.api.core.v1.ServiceSpec", "ports", """
        {"items": {"$ref": "#/definitions/io.k8s.api.core.v1.ServicePort"}, "type": "array",
         "x-kubernetes-list-map-keys": ["port", "protocol"], "x-kubernetes-list-type": "map",
         "x-kubernetes-patch-merge-key": "port", "x-kubernetes-patch-strategy": "merge"}
        """)]
    [TestCase("io.k8s.api.apps.v1.DeploymentSpec", "strategy", """
        {"$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentStrategy",
         "x-kubernetes-patch-strategy": "retainKeys"}
        """)]
    [TestCase("io.k8s.api.core.v1.Container", "args", """
        {"items": {"type": "string"}, "type": "array", "x-kubernetes-list-type": "atomic"}
        """)]
    [TestCase("io.k8s.api.core.v1.ResourceRequirements", "limits", """
        {"additionalProperties":
         {"$ref": "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity"}, "type": "object"}
        """)]
    [TestCase("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "finalizers", """
        {"items": {"type": "string"}, "type": "array", "x-kubernetes-list-type": "set",
         "x-kubernetes-patch-strategy": "merge"}
        """)]
    public void Fields_say_how_they_merge(string type, string field, string wanted)
    {
        var said = (JsonObject)Document("/openapi/v2")["definitions"]![type]!["properties"]![
            field]!;
        Assert.That($"{said["description"]}", Does.EndWith("."), "a sentence of kubectl explain");
        said.Remove("description");
        Assert.That(Json.Compact(said), Is.EqualTo(Json.Compact(JsonNode.Parse(wanted))));
    }

    [Test]
    public void A_kind_says_its_group_version_and_kind_and_what_it_requires()
    {
        var types = Document("/openapi/v2")["definitions"]!;
        Assert.That(Json.Compact(types["io.k8s.api.apps.v1.Deployment"]![
                "x-kubernetes-group-version-kind"]),
            Is.EqualTo("""[{"group":"apps","kind":"Deployment","version":"v1"}]"""));
        Assert.That(Json.Compact(types["io.k8s.api.apps.v1.DeploymentSpec"]!["required"]),
            Is.EqualTo("""["selector","template"]"""));
    }

    [TestCase("/openapi/v2", "definitions")]
    [TestCase(Apps, "components")]
    [TestCase("/openapi/v3/api/v1", "components")]
    public void Every_reference_leads_to_a_definition_and_every_operation_is_named_once(
        string url, string part)
    {
        var document = Document(url);
        var defined = (part == "components" ? document[part]!["schemas"]! : document[part]!)
            .AsObject().Select(d => d.Key).ToHashSet();
        var text = document.ToJsonString();
        var led = System.Text.RegularExpressions.Regex.Matches(text, "\"\\$ref\":\"#/([^\"]+)\"")
            .Select(m => m.Groups[1].Value[(m.Groups[1].Value.LastIndexOf('/') + 1)..]).Distinct();
        Assert.That(led.Where(name => !defined.Contains(name)), Is.Empty);
        var ids = document["paths"]!.AsObject().SelectMany(p => methods.Select(m =>
            (string?)p.Value![m]?["operationId"])).OfType<string>().ToList();
        Assert.That(ids, Is.Unique);
        Assert.That(ids, Has.Count.GreaterThan(50));
    }

    [Test]
    public void A_patch_tells_that_it_takes_dry_runs_and_validation()
    {
        var patch = Document(Apps)["paths"]![
            "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!["patch"]!;
        Assert.That($"{patch["operationId"]} {patch["x-kubernetes-action"]}",
            Is.EqualTo("patchAppsV1NamespacedDeployment patch"));
        Assert.That(patch["parameters"]!.AsArray().Select(p => $"{p!["name"]}"), Is.EquivalentTo(
            (string[])["dryRun", "fieldManager", "fieldValidation", "force"]));
    }

    [Test]
    public void The_index_of_version_3_leads_to_documents_that_need_no_second_look()
    {
        var url = $"{Document("/openapi/v3")["paths"]!["apis/apps/v1"]!["serverRelativeURL"]}";
        var answer = api.Server.Serve(new("GET", url));
        Assert.That(url, Does.StartWith($"{Apps}?hash="));
        Assert.That(answer.Headers.Get("ETag"), Is.EqualTo($"\"{url[(url.IndexOf('=') + 1)..]}\""));
        var old = api.Server.Serve(new("GET", $"{Apps}?hash=0"));
        Assert.That((old.Code, old.Headers.Get("Location")), Is.EqualTo((301, url)));
        Assert.That(api.Server.Serve(new("GET", url)
        {
            IfNoneMatch = answer.Headers.Get("ETag"),
        }).Code, Is.EqualTo(304));
    }

    [Test]
    public void A_custom_kind_is_described_as_its_definition_says()
    {
        var before = Document("/openapi/v2").ToJsonString();
        Define(api);
        const string name = "com.example.stable.v1.CronTab";
        var two = Document("/openapi/v2")["definitions"]![name]!["properties"]!;
        var three = Document("/openapi/v3/apis/stable.example.com/v1")["components"]!["schemas"]![
            name]!["properties"]!;
        Assert.That(before, Does.Not.Contain(name));
        Assert.That(Json.Compact(two["spec"]!["properties"]!["replicas"]),
            Is.EqualTo("""{"type":"integer"}"""), "version 2 cannot say nullable");
        Assert.That(Json.Compact(three["spec"]!["properties"]!["replicas"]),
            Is.EqualTo("""{"nullable":true,"type":"integer"}"""));
        Assert.That($"{two["metadata"]!["$ref"]}", Does.EndWith(".ObjectMeta"));
    }

    // A reader that knows nothing of the writer: names by number, for the way to a few values.
    [TestCase("1", "2.0")]
    [TestCase("2.1", "Kubernetes")]
    [TestCase("9.1[io.k8s.api.core.v1.Pod].2.22.1", "object")]
    [TestCase("9.1[io.k8s.api.core.v1.PodSpec].2.25.1[containers].2.23.1.1",
        "#/definitions/io.k8s.api.core.v1.Container")]
    [TestCase("9.1[io.k8s.api.core.v1.PodSpec].2.25.1[containers].2.31"
        + "[x-kubernetes-patch-merge-key].2.2", "\"name\"")]
    [TestCase("9.1[io.k8s.api.core.v1.Container].2.19", "name")]
    [TestCase("8.2[/api/v1/namespaces/{namespace}/pods/{name}].2.8.5",
        "patchCoreV1NamespacedPod")]
    [TestCase("8.2[/api/v1/namespaces/{namespace}/pods/{name}].2.8.8.1.2.3.4", "dryRun")]
    [TestCase("8.2[/api/v1/namespaces/{namespace}/pods/{name}].2.9.1.2.4.4", "name")]
    [TestCase("8.2[/api/v1/namespaces/{namespace}/pods/{name}].2.2.9.1[200].2.1.2.1.1",
        "#/definitions/io.k8s.api.core.v1.Pod")]
    public void Old_clients_get_the_same_as_protocol_buffers(string path, string wanted)
    {
        var answer = api.Server.Serve(new("GET", "/openapi/v2") { Accept = Proto });
        Assert.That(answer.ContentType,
            Is.EqualTo("application/com.github.proto-openapi.spec.v2.v1.0+protobuf"));
        IEnumerable<byte[]> found = [Bytes(answer)];
        foreach (System.Text.RegularExpressions.Match step in
            System.Text.RegularExpressions.Regex.Matches(path, @"(\d+)(?:\[([^]]+)\])?"))
        {
            found = found.SelectMany(m => Fields(m, int.Parse(step.Groups[1].Value)));
            if (step.Groups[2].Value is { Length: > 0 } name)
            {
                found = found.Where(m => Encoding.UTF8.GetString(Fields(m, 1)[0]) == name);
            }
        }
        Assert.That(found.Select(Encoding.UTF8.GetString), Has.Some.EqualTo(wanted));
    }

    private static List<byte[]> Fields(byte[] message, int number)
    {
        var (at, found) = (0, new List<byte[]>());
        ulong Varint()
        {
            ulong value = 0;
            for (var shift = 0; ; shift += 7)
            {
                value |= (message[at] & 127ul) << shift;
                if (message[at++] < 128)
                {
                    return value;
                }
            }
        }
        while (at < message.Length)
        {
            var tag = Varint();
            var length = (tag & 7) switch { 2 => (int)Varint(), 1 => 8, _ => 0 };
            if ((tag & 7) == 0)
            {
                Varint();
            }
            if (tag >> 3 == (ulong)number && (tag & 7) == 2)
            {
                found.Add(message[at..(at + length)]);
            }
            at += length;
        }
        Assert.That(at, Is.EqualTo(message.Length));
        return found;
    }
}
