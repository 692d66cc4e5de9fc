using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class JsonTests
{
    // Objects as a real API server (1.36) answered with them.
    private static IEnumerable<TestCaseData> RecordedObjects() =>
        Data.Lines("objects.jsonl").Select((line, i) => JsonNode.Parse(line)!.AsObject() is var node
            ? new TestCaseData(node).SetArgDisplayNames($"{i}", $"{node["kind"]}")
            : null!);

    [TestCaseSource(nameof(RecordedObjects))]
    public void Recorded_objects_survive_a_round_trip_as_they_are(JsonObject recorded)
    {
        var kind = KindRegistry.BuiltIn.Find($"{recorded["apiVersion"]}", $"{recorded["kind"]}")!;
        var encoded = Json.Encode(Json.DecodeStrict(recorded, kind));
        Assert.That(Json.Text(encoded), Is.EqualTo(Json.Text(recorded)));
    }

    [TestCaseSource(nameof(RecordedObjects))]
    public void Reading_what_was_written_gives_an_equal_object(JsonObject recorded)
    {
        var kind = KindRegistry.BuiltIn.Find($"{recorded["apiVersion"]}", $"{recorded["kind"]}")!;
        var first = Json.Decode(recorded, kind);
        Assert.That(Json.Decode(JsonNode.Parse(Json.Line(first))!, kind), Is.EqualTo(first));
    }

    [Test]
    public void Yaml_is_written_as_kubectl_prints_it()
    {
        var recorded = Data.Text("deployment-web.yaml");
        var read = Manifest.Read(recorded, "web.yaml", KindRegistry.BuiltIn)[0];
        Assert.That(read.Errors, Is.Empty);
        Assert.That(Json.ToYaml(read.Object!), Is.EqualTo(recorded));
    }

    [TestCase("plain", "a: plain\n")]
    [TestCase("true", "a: \"true\"\n")]
    [TestCase("on", "a: \"on\"\n")]
    [TestCase("8080", "a: \"8080\"\n")]
    [TestCase("1e3", "a: \"1e3\"\n")]
    [TestCase("0x1F", "a: \"0x1F\"\n")]
    [TestCase("1:20", "a: \"1:20\"\n")]
    [TestCase("2025-01-01", "a: \"2025-01-01\"\n")]
    [TestCase("2025-01-01T00:00:00Z", "a: \"2025-01-01T00:00:00Z\"\n")]
    [TestCase("", "a: \"\"\n")]
    [TestCase("~", "a: \"~\"\n")]
    [TestCase("null", "a: \"null\"\n")]
    [TestCase("100m", "a: 100m\n")]
    [TestCase("25%", "a: 25%\n")]
    [TestCase("%25", "a: '%25'\n")]
    [TestCase("a: b", "a: 'a: b'\n")]
    [TestCase("it's", "a: it's\n")]
    [TestCase("'tis", "a: '''tis'\n")]
    [TestCase("[x]", "a: '[x]'\n")]
    [TestCase("x # y", "a: 'x # y'\n")]
    [TestCase("- x", "a: '- x'\n")]
    [TestCase("-x", "a: -x\n")]
    [TestCase(" x", "a: ' x'\n")]
    [TestCase("x:", "a: 'x:'\n")]
    [TestCase("a\tb", "a: \"a\\tb\"\n")]
    [TestCase("one\ntwo\n", "a: |\n  one\n  two\n")]
    [TestCase("one\ntwo", "a: |-\n  one\n  two\n")]
    [TestCase("one\n\n", "a: |+\n  one\n\n")]
    public void Strings_are_quoted_only_where_yaml_needs_it(string value, string yaml)
    {
        Assert.That(Json.ToYaml(new JsonObject { ["a"] = value }), Is.EqualTo(yaml));
        var back = Manifest.Parse("kind: X\n" + yaml, "x")[0].Node["a"];
        Assert.That(back!.GetValue<string>(), Is.EqualTo(value));
    }

    [Test]
    public void Any_text_survives_yaml()
    {
        // Words glued with what makes YAML difficult.
        string[] pieces =
        [
            "word", "a", "", " ", "\n", ": ", ":", " #", "'", "\"", "- ", "-", "\t", "\\", "  ",
            "\n\n", "0", "é", "{", "a rather long run of letters", "\n  ", "|", "&", "?", ",",
            "]", "%", "\a",
        ];
        var dice = new Prng(7);
        for (var round = 0; round < 5000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, dice.Next(12))
                .Select(_ => pieces[dice.Next(pieces.Length)]));
            var yaml = Json.ToYaml(new JsonObject { ["k"] = new JsonArray(text, "end") });
            var back = Manifest.Parse(yaml, "x");
            Assert.That(back.Count == 1 && back[0].Errors.IsEmpty, yaml);
            Assert.That($"{back[0].Node["k"]![0]}", Is.EqualTo(text), yaml);
            Assert.That($"{back[0].Node["k"]![1]}", Is.EqualTo("end"), yaml);
        }
    }

    [Test]
    public void Long_text_is_folded_at_a_blank_after_column_80()
    {
        var text = string.Join(' ', Enumerable.Repeat("twelve-chars", 10));
        var yaml = Json.ToYaml(new JsonObject { ["message"] = text });
        Assert.That(yaml.Split('\n')[0], Has.Length.InRange(80, 93));
        Assert.That(Manifest.Parse(yaml, "x")[0].Node["message"]!.GetValue<string>(),
            Is.EqualTo(text));
    }

    [Test]
    public void Keys_are_ordered_with_numbers_by_value()
    {
        var yaml = Json.ToYaml(new JsonObject { ["a10"] = 1, ["a2"] = 2, ["b"] = 3, ["a.b"] = 4 });
        Assert.That(yaml, Is.EqualTo("a.b: 4\na2: 2\na10: 1\nb: 3\n"));
    }

    [Test]
    public void Json_text_has_sorted_keys_four_spaces_and_escapes_of_go()
    {
        var node = JsonNode.Parse("""{"b":[1,{}],"a":"<&> é \"q\""}""");
        Assert.That(Json.Text(node), Is.EqualTo(
            "{\n    \"a\": \"\\u003c\\u0026\\u003e é \\\"q\\\"\",\n"
            + "    \"b\": [\n        1,\n        {}\n    ]\n}\n"));
    }

    [Test]
    public void The_manifest_of_the_last_apply_is_one_line_as_kubectl_keeps_it()
    {
        var web = Manifest.Read(Data.Text("deployment-web.yaml"), "f", KindRegistry.BuiltIn)[0];
        var kept = web.Object!.Metadata
            .Annotations["kubectl.kubernetes.io/last-applied-configuration"];
        Assert.That(Json.Compact(JsonNode.Parse(kept)) + "\n", Is.EqualTo(kept));
        Assert.That(Json.Decode<Deployment>(JsonNode.Parse(kept)!).Spec!.Replicas, Is.EqualTo(3));
    }

    [Test]
    public void Unset_fields_are_left_out_and_required_ones_written()
    {
        var pod = new Pod
        {
            Metadata = new() { Name = "p" },
            Status = new() { ContainerStatuses = [new() { Name = "c" }] },
        };
        Assert.That(Json.Line(pod), Does.StartWith(
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"}"));
        var status = Json.Encode(pod)["status"]!["containerStatuses"]![0]!;
        Assert.That(Json.Text(status), Is.EqualTo(Json.Text(JsonNode.Parse("""
            {"name":"c","image":"","imageID":"","ready":false,"restartCount":0,
             "state":{},"lastState":{}}
            """))));
    }

    [Test]
    public void Counters_of_a_status_vanish_at_zero_but_pointers_stay()
    {
        var status = new DeploymentStatus
        {
            Replicas = 0,
            ReadyReplicas = 2,
            TerminatingReplicas = 0,
        };
        var web = new Deployment { Metadata = new() { Name = "w" }, Status = status };
        Assert.That(Json.Encode(web)["status"]!.ToJsonString(),
            Is.EqualTo("""{"readyReplicas":2,"terminatingReplicas":0}"""));
    }

    [Test]
    public void Wrong_types_are_refused_in_the_servers_words()
    {
        var node = JsonNode.Parse("""{"apiVersion":"apps/v1","spec":{"replicas":"three"}}""")!;
        var refusal = Assert.Throws<ApiException>(() => Json.Decode(node, Kinds.Deployment))!;
        Assert.That(refusal.Status.Code, Is.EqualTo(400));
        Assert.That(refusal.Message, Is.EqualTo(
            "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot "
                + "unmarshal string into Go struct field DeploymentSpec.spec.replicas of type "
            + "int32"));
    }

    [Test]
    public void Unknown_fields_are_dropped_unless_reading_is_strict()
    {
        var node = JsonNode.Parse("""{"metadata":{"name":"p"},"spec":{"nodeNmae":"n"}}""")!;
        Assert.That(Json.Encode(Json.Decode(node, Kinds.Pod))["spec"]!["nodeNmae"], Is.Null);
        var refusal = Assert.Throws<ApiException>(() => Json.DecodeStrict(node, Kinds.Pod))!;
        Assert.That(refusal.Message, Is.EqualTo(
            "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: "
            + "unknown field \"spec.nodeNmae\""));
    }

    [TestCase("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z")]
    [TestCase("2025-01-01T02:00:00+02:00", "2025-01-01T00:00:00Z")]
    [TestCase("2025-01-01T00:00:00.987654321Z", "2025-01-01T00:00:00Z")]
    public void Times_are_read_with_any_offset_and_written_in_utc(string written, string shown)
    {
        var node = new JsonObject
        {
            ["metadata"] = new JsonObject { ["creationTimestamp"] = written },
        };
        var encoded = Json.Encode(Json.Decode(node, Kinds.Pod));
        Assert.That($"{encoded["metadata"]!["creationTimestamp"]}", Is.EqualTo(shown));
    }

    [Test]
    public void A_status_says_failure_and_why()
    {
        var status = ApiErrors.NotFound(Kinds.Deployment, "web").Status;
        Assert.That(Json.Text(Json.Encode(status)), Is.EqualTo(Json.Text(JsonNode.Parse("""
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","code":404,
             "reason":"NotFound","message":"deployments.apps \"web\" not found",
             "details":{"name":"web","group":"apps","kind":"deployments"}}
            """))));
    }

    [Test]
    public void A_revision_is_a_string_in_json()
    {
        var pod = new Pod { Metadata = new() { Name = "p", ResourceVersion = new(42) } };
        Assert.That(Json.Encode(pod)["metadata"]!.ToJsonString(),
            Is.EqualTo("""{"name":"p","resourceVersion":"42"}"""));
    }
}
