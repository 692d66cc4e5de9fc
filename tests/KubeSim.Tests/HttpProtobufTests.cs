using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Bodies and answers in protocol buffers.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HttpProtobufTests
{
    private const string Media = "application/vnd.kubernetes.protobuf";
    private const string Configs = "/api/v1/namespaces/api/configmaps";

    private readonly ApiFixture api = new();

    private static IEnumerable<TestCaseData> Recorded() => Data.Lines("protobuf-bodies.tsv")
        .Select(line => line.Split('\t'))
        .Select(row => new TestCaseData(row[0], row[1], row[2])
            .SetArgDisplayNames(row[0].Split('/')[^1]));

    private static IEnumerable<string> Types() => KindRegistry.BuiltIn.All.SelectMany(
        kind => kind.Versions.Select(v => KindRegistry.BuiltIn.SchemaType(kind, v)!.Name))
        .Concat(["DeleteOptions", "Eviction", "Scale", "Status", "authentication.TokenRequest"])
        .Distinct();

    private HttpAnswer Ask(string method, string url, ReadOnlyMemory<byte> body = default,
        string? accept = null, string? type = Media) => api.Server.Serve(
            new(method, url) { Bytes = body, ContentType = type, Accept = accept });

    private HttpAnswer Send(string method, string url, string json) =>
        Ask(method, url, ProtobufWriter.Write(JsonNode.Parse(json)!.AsObject()));

    private static JsonObject Read(ReadOnlySpan<byte> body, string path, bool deletes = false)
    {
        Assert.That(Protobuf.Read(body, ApiFixture.Path(path), deletes, out var tree), Is.Null);
        return tree;
    }

    // Without what Go writes although nobody set it.
    private static JsonNode? Plain(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            return new JsonObject(map.Select(p => KeyValuePair.Create(p.Key, Plain(p.Value)))
                .Where(p => p.Value is not (null or JsonObject { Count: 0 })));
        }
        return node is JsonArray list ? new JsonArray([.. list.Select(Plain)]) : node?.DeepClone();
    }

    private static void AssertSame(JsonNode? actual, JsonNode? expected)
    {
        var equal = JsonNode.DeepEquals(actual, expected);
        Assert.That(equal, $"{Json.Text(actual)}\nis not\n{Json.Text(expected)}");
    }

    [TestCaseSource(nameof(Recorded))]
    public void What_the_real_kubectl_sends_is_what_it_prints(
        string path, string body, string json) => AssertSame(
            Plain(Read(Convert.FromBase64String(body), path)), Plain(JsonNode.Parse(json)));

    [TestCaseSource(nameof(Recorded))]
    public void What_the_real_kubectl_sends_is_obeyed(string path, string body, string json)
    {
        if (path.EndsWith("/token"))
        {
            var meta = new ObjectMeta { Name = "a", Namespace = "default" };
            api.Create(new ServiceAccount { Metadata = meta });
        }
        var answer = Ask("POST", path, Convert.FromBase64String(body));
        Assert.That(answer.Code, Is.EqualTo(201), Json.Text(answer.Body));
        Assert.That($"{answer.Body!["kind"]}", Is.EqualTo($"{JsonNode.Parse(json)!["kind"]}"));
        Assert.That(answer.Warnings, Is.Empty);
    }

    [TestCaseSource(nameof(Types))]
    public void Every_field_of_every_kind_survives_the_way_there_and_back(string type)
    {
        var full = Full(Schema.BuiltIn.Find(type)!, []);
        var bytes = ProtobufWriter.Message(ProtobufMessage.Of(type)!, full);
        var back = new JsonObject();
        ProtobufReader.Fields(bytes.Span, ProtobufMessage.Of(type)!, back, 0);
        AssertSame(back, full);
    }

    [Test]
    public void Only_what_a_kubelet_writes_in_1_34_and_later_has_no_number()
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<string>();
        foreach (var type in Types())
        {
            Look(type);
        }
        Assert.That(missing, Is.EqualTo((string[])
        [
            "PodResourceClaim.source", "PodStatus.allocatedResources",
            "PodStatus.extendedResourceClaimStatus", "PodStatus.resources",
        ]));

        void Look(string name)
        {
            if (Schema.BuiltIn.Find(name) is not { } type || !seen.Add(name))
            {
                return;
            }
            var numbered = Names(ProtobufMessage.Of(name)!).ToHashSet();
            foreach (var field in type.Fields)
            {
                if (!numbered.Contains(field.Name) && field.Name is not ("apiVersion" or "kind"))
                {
                    missing.Add($"{name}.{field.Name}");
                }
                else
                {
                    Look(field.TypeName);
                }
            }
        }
    }

    [Test]
    public void Zero_behind_a_pointer_is_a_value_and_elsewhere_is_nothing()
    {
        var sent = ProtobufWriter.Write(JsonNode.Parse("""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"z","uid":""},
            "spec":{"replicas":0,"minReadySeconds":0,"paused":false,"strategy":{},"template":{
            "spec":{"hostNetwork":false,"automountServiceAccountToken":false,"runtimeClassName":"",
            "nodeName":"","volumes":[{"name":"v","emptyDir":{}}],"containers":[]}}}}
            """)!.AsObject());
        AssertSame(Read(sent.Span, "/apis/apps/v1/namespaces/api/deployments"), JsonNode.Parse("""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"z"},
            "spec":{"replicas":0,"strategy":{},"template":{"spec":
            {"automountServiceAccountToken":false,"runtimeClassName":"",
            "volumes":[{"name":"v","emptyDir":{}}]}}}}
            """));
    }

    [TestCase("", "the object provided is unrecognized (must be of type ConfigMap): empty data "
        + "(<empty>)")]
    [TestCase("6b387300", "the object provided is unrecognized (must be of type ConfigMap): empty "
        + "body (6b387300)")]
    [TestCase("7b7d", "the object provided is unrecognized (must be of type ConfigMap): provided "
        + "data does not appear to be a protobuf message, expected prefix [107 56 115 0] (7b7d)")]
    [TestCase("6b3873000aff", "the object provided is unrecognized (must be of type ConfigMap): "
        + "unexpected EOF (6b3873000aff)")]
    [TestCase("6b387300ffffffffffffffffffffff", "the object provided is unrecognized (must be of "
        + "type ConfigMap): proto: integer overflow (6b387300ffffffffffffffffffffff)")]
    [TestCase("6b387300" + "1202" + "0a05", "ConfigMap in version \"v1\" cannot be handled as a "
        + "ConfigMap: unexpected EOF")]
    [TestCase("6b387300" + "1202" + "0801", "ConfigMap in version \"v1\" cannot be handled as a "
        + "ConfigMap: proto: wrong wireType = 0 for field Metadata")]
    [TestCase("6b387300" + "1202" + "0000", "ConfigMap in version \"v1\" cannot be handled as a "
        + "ConfigMap: proto: ConfigMap: illegal tag 0 (wire type 0)")]
    [TestCase("6b387300" + "0a09" + "0a0276311203466f6f" + "1200", "Foo in version \"v1\" cannot "
        + "be handled as a ConfigMap: no kind \"Foo\" is registered for version \"v1\" in scheme "
        + "\"pkg/api/legacyscheme/scheme.go:30\"")]
    [TestCase("6b387300" + "0a09" + "0a02763112" + "03506f64" + "1200", "Pod in version \"v1\" "
        + "cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown "
        + "conversion")]
    public void Bytes_that_are_no_object_are_refused(string hex, string message)
    {
        var answer = Ask("POST", Configs, Convert.FromHexString(hex));
        Assert.That((answer.Code, $"{answer.Body!["message"]}"), Is.EqualTo((400, message)));
    }

    [Test]
    public void A_body_that_is_cut_off_or_changed_anywhere_is_read_or_refused()
    {
        var whole = Convert.FromBase64String(Data.Lines("protobuf-bodies.tsv").First()
            .Split('\t')[1]);
        var path = ApiFixture.Path("/apis/apps/v1/namespaces/default/deployments");
        for (var at = 0; at < whole.Length; at++)
        {
            var length = at;
            Assert.DoesNotThrow(() => Protobuf.Read(whole.AsSpan(0, length), path, false, out _));
            foreach (var change in (byte[])[1, 2, 4, 8, 128, 255])
            {
                var changed = (byte[])[.. whole];
                changed[at] ^= change;
                Assert.DoesNotThrow(() => Protobuf.Read(changed, path, false, out _));
            }
        }
    }

    [Test]
    public void Depth_has_a_limit()
    {
        var schema = new JsonObject();
        for (var i = 0; i < 300; i++)
        {
            schema = new() { ["not"] = schema };
        }
        var bytes = ProtobufWriter.Message(ProtobufMessage.Of("JSONSchemaProps")!, schema);
        Assert.That(() => ProtobufReader.Fields(
            bytes.Span, ProtobufMessage.Of("JSONSchemaProps")!, [], 0),
            Throws.TypeOf<FormatException>().With.Message.EqualTo("exceeded max depth"));
    }

    [Test]
    public void Numbers_may_come_packed_and_what_nobody_knows_is_passed_over()
    {
        // supplementalGroups is field 4; 4000 is nobody's.
        var tree = new JsonObject();
        ProtobufReader.Fields(Convert.FromHexString("2203" + "01ac02" + "2007" + "80fa0101"),
            ProtobufMessage.Of("PodSecurityContext")!, tree, 0);
        Assert.That(Json.Compact(tree), Is.EqualTo("{\"supplementalGroups\":[1,300,7]}"));
    }

    [Test]
    public void Objects_are_written_scaled_evicted_and_deleted()
    {
        Assert.That(Send("POST", "/apis/apps/v1/namespaces/api/deployments", """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{
            "replicas":3,"selector":{"matchLabels":{"a":"b"}},"template":{
            "metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}
            """).Code, Is.EqualTo(201));
        const string Scale = "/apis/apps/v1/namespaces/api/deployments/d/scale";
        var scaled = Send("PUT", Scale, """
            {"apiVersion":"autoscaling/v1","kind":"Scale",
            "metadata":{"name":"d","namespace":"api"},"spec":{"replicas":5}}
            """);
        Assert.That((scaled.Code, $"{scaled.Body!["spec"]}"),
            Is.EqualTo((200, "{\n  \"replicas\": 5\n}")));
        api.Create(ApiFixture.Pod("p"));
        const string Pods = "/api/v1/namespaces/api/pods";
        Assert.That(Send("POST", $"{Pods}/p/binding", """
            {"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},
            "target":{"kind":"Node","name":"n"}}
            """).Code, Is.EqualTo(201));
        Assert.That(Send("POST", $"{Pods}/p/eviction", """
            {"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p","namespace":"api"},
            "deleteOptions":{"gracePeriodSeconds":7}}
            """).Code, Is.EqualTo(201));
        Assert.That(api.Get<Pod>(Kinds.Pod, "api", "p")!.Metadata.DeletionGracePeriodSeconds,
            Is.EqualTo(7));
        Assert.That(Send("DELETE", $"{Pods}/p", """
            {"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}
            """).Code, Is.EqualTo(200));
        Assert.That(api.Get<Pod>(Kinds.Pod, "api", "p"), Is.Null);
        var odd = Ask("DELETE", $"{Pods}/p", "nonsense"u8.ToArray());
        Assert.That((odd.Code, $"{odd.Body!["message"]}"), Is.EqualTo((500, "provided data does "
            + "not appear to be a protobuf message, expected prefix [107 56 115 0]")));
        Assert.That(Ask("DELETE", "/apis/apps/v1/namespaces/api/deployments/d").Code,
            Is.EqualTo(200));
    }

    [Test]
    public void A_patch_has_no_protocol_buffers()
    {
        api.Create(ApiFixture.Config("m"));
        Assert.That(Ask("PATCH", $"{Configs}/m", "k8s\0"u8.ToArray()).Code, Is.EqualTo(415));
    }

    [Test]
    public void Nor_has_a_custom_kind()
    {
        var cluster = new Cluster();
        cluster.Apply("""
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: toys.x.org}
            spec:
              group: x.org
              scope: Namespaced
              names: {plural: toys, kind: Toy}
              versions:
              - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
            """);
        cluster.Converge();
        const string Toys = "/apis/x.org/v1/namespaces/default/toys";
        var sent = cluster.Serve(new("POST", Toys)
        {
            Bytes = "k8s\0"u8.ToArray(), ContentType = Media,
        });
        var asked = cluster.Serve(new("GET", Toys) { Accept = Media });
        Assert.That((sent.Code, $"{sent.Body!["message"]}"), Is.EqualTo((415, "the body of the "
            + "request was in an unknown format - accepted media types include: application/json, "
            + "application/yaml")));
        Assert.That((asked.Code, $"{asked.Body!["message"]}"), Is.EqualTo((406,
            "only the following media types are accepted: application/json, application/yaml")));
    }

    [Test]
    public void Who_takes_nothing_else_is_answered_in_protocol_buffers()
    {
        api.Create(ApiFixture.Config("one"));
        var answer = Ask("GET", $"{Configs}/one", accept: Media, type: null);
        Assert.That((answer.Code, answer.ContentType), Is.EqualTo((200, Media)));
        AssertSame(Read(answer.Bytes().Single().Span, $"{Configs}/one"),
            Json.Encode(api.Get<ConfigMap>(Kinds.ConfigMap, "api", "one")!));
        var list = Ask("GET", Configs, accept: Media, type: null).Bytes().Single().Span[4..];
        Assert.That(Encoding.UTF8.GetString(ProtobufReader.Find(
            ProtobufReader.Find(list, 1).Bytes, 2).Bytes), Is.EqualTo("ConfigMapList"));
        var item = new JsonObject();
        ProtobufReader.Fields(ProtobufReader.Find(ProtobufReader.Find(list, 2).Bytes, 2).Bytes,
            ProtobufMessage.Of("ConfigMap")!, item, 0);
        Assert.That($"{item["metadata"]!["name"]}", Is.EqualTo("one"));
        Assert.That(Ask("GET", $"{Configs}/none", accept: Media, type: null).Bytes().Single()
            .Span.StartsWith(Protobuf.Prefix));
    }

    [Test]
    public void A_watch_is_not_sent_in_protocol_buffers() => Assert.That(
        Ask("GET", $"{Configs}?watch=1", accept: Media, type: null).Code, Is.EqualTo(406));

    private static IEnumerable<string> Names(ProtobufMessage message) =>
        message.Fields.Values.SelectMany(f => f.Embedded is { } inner ? Names(inner)
            : [f.Schema!.Name]);

    // An object with a value in every field, each type once on every way down.
    private static JsonObject Full(SchemaType type, Stack<string> above)
    {
        above.Push(type.Name);
        var tree = new JsonObject();
        foreach (var name in Names(ProtobufMessage.Of(type.Name)!))
        {
            var field = type.Field(name)!;
            if (!above.Contains(field.TypeName) && above.Count < 9
                && One(field, above) is { } value)
            {
                JsonNode many = field.IsList ? new JsonArray(value, value.DeepClone()) : value;
                tree[name] = field.IsMap ? new JsonObject { ["k"] = many, ["l.x/y"] =
                    many.DeepClone() } : many;
            }
        }
        above.Pop();
        return tree;
    }

    private static JsonNode? One(SchemaField field, Stack<string> above) => field.TypeName switch
    {
        "string" => $"a {field.Name} ✓",
        "int32" => -7L,
        "int64" => 5_000_000_000L,
        "bool" => true,
        "float" => 1.5,
        "bytes" => "AP8=",
        "Quantity" => "1500m",
        "IntOrString" => field.Name.Length % 2 == 0 ? 8080L : "http",
        "Time" => "2025-01-02T03:04:05Z",
        "MicroTime" => "2025-01-02T03:04:05.000250Z",
        "Duration" => "1m30s",
        "any" => JsonNode.Parse("""{"a":[1,"b",null]}"""),
        var name => Full(Schema.BuiltIn.Find(name)!, above),
    };
}
