using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class ManifestTests
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - name: nginx
                image: nginx:1.25
                ports:
                - containerPort: 80
                resources: {requests: {cpu: 1, memory: 64Mi}}

        """;

    private static Seq<ManifestDocument> Read(string text) =>
        Manifest.Read(text, "f.yaml", KindRegistry.BuiltIn);

    private static string[] Errors(string text) =>
        [.. Read(text).SelectMany(document => document.Errors).Select(error => $"{error}")];

    [Test]
    public void A_manifest_becomes_a_typed_object()
    {
        var web = (Deployment)Read(Web)[0].Object!;
        Assert.That(web.Spec!.Replicas, Is.EqualTo(3));
        var container = web.Spec.Template.Spec!.Containers[0];
        Assert.That((container.Name, container.Ports[0].Port), Is.EqualTo(("nginx", 80)));
        Assert.That($"{container.Resources.Requests["cpu"]}", Is.EqualTo("1"));
    }

    [Test]
    public void Documents_come_in_order_and_empty_ones_are_skipped()
    {
        var documents = Read("# head\n---\n" + Web + "---\n# nothing\n--- # more\n\n---\n"
            + "{\"apiVersion\":\"v1\",\n\t\"kind\":\"Namespace\","
            + "\"metadata\":{\"name\":\"n\"}}\n---\n");
        Assert.That(documents.Select(d => $"{d.Line} {d.Object!.Key}"),
            Is.EqualTo((string[])["3 deployments.apps web", "24 namespaces n"]));
    }

    [Test]
    public void Json_is_yaml_escapes_and_all()
    {
        var read = Read("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
            + "\"metadata\":{\"name\":\"c\"},"
            + "\"data\":{\"a\":\"\\u00e9 \\ud83d\\ude00 \\/ \\\"x\\\"\"}}");
        Assert.That(((ConfigMap)read[0].Object!).Data["a"], Is.EqualTo("é \ud83d\ude00 / \"x\""));
    }

    [Test]
    public void A_list_counts_as_its_items_with_their_places()
    {
        var documents = Read("""
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: Namespace
              metadata: {name: a}
            - apiVersion: v1
              kind: Namespace
              metadata: {name: b}
            """);
        Assert.That(documents.Select(d => $"{d.Line}:{d.Column} {d.Object!.Metadata.Name}"),
            Is.EqualTo((string[])["4:3 a", "7:3 b"]));
    }

    [TestCase("apiVersion: v1\nkind: Pod\n  metadata: {\n",
        "f.yaml:3:11: error converting YAML to JSON: yaml: line 3: "
        + "mapping values are not allowed in this context")]
    [TestCase("apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n",
        "f.yaml:4:1: error converting YAML to JSON: yaml: line 4: "
        + "found character that cannot start any token")]
    [TestCase("kind: Pod\n", "f.yaml:1:1: apiVersion not set")]
    [TestCase("apiVersion: v1\n", "f.yaml:1:1: kind not set")]
    [TestCase("apiVersion: v1\nkind: Pood\n",
        "f.yaml:2:1: kind: no matches for kind \"Pood\" in version \"v1\", did you mean \"Pod\"?")]
    [TestCase("apiVersion: v1\nkind: Deployment\n", "f.yaml:2:1: kind: no matches for kind "
        + "\"Deployment\" in version \"v1\", did you mean \"Deployment\" in version \"apps/v1\"?")]
    [TestCase("apiVersion: x.io/v1\nkind: Gadget\n",
        "f.yaml:2:1: kind: no matches for kind \"Gadget\" in version \"x.io/v1\"")]
    [TestCase("just words\n",
        "f.yaml:1:1: a manifest must be a map with apiVersion, kind and metadata")]
    public void What_is_no_object_is_told_with_its_place(string text, string error) =>
        Assert.That(Errors(text), Is.EqualTo((string[])[error]));

    [TestCase("  replicas: 3", "  replcias: 3", "6:3: spec.replcias: unknown field "
        + "\"spec.replcias\", did you mean \"replicas\"?")]
    [TestCase("image: nginx", "imag: nginx", "13:9: spec.template.spec.containers[0].imag: unknown "
        + "field \"spec.template.spec.containers[0].imag\", did you mean \"image\"?")]
    [TestCase("  name: web", "  name: web\n  name: web2",
        "5:3: metadata.name: duplicate field \"metadata.name\"")]
    [TestCase("replicas: 3", "replicas: three", "6:13: spec.replicas: @json: cannot unmarshal "
        + "string into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [TestCase("replicas: 3", "replicas: 1.5", "6:13: spec.replicas: @json: cannot unmarshal "
        + "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [TestCase("{app: web}}\n  template", "{app: yes}}\n  template",
        "7:33: spec.selector.matchLabels.app: @json: cannot unmarshal bool into Go struct field "
        + "LabelSelector.spec.selector.matchLabels of type string")]
    [TestCase("image: nginx:1.25", "env: [{name: A, value: 5}]",
        "13:32: spec.template.spec.containers[0].env[0].value: @json: cannot unmarshal number "
        + "into Go struct field EnvVar.spec.template.spec.containers.env.value of type string")]
    [TestCase("image: nginx:1.25", "args: serve", "13:15: spec.template.spec.containers[0].args: "
        + "@json: cannot unmarshal string into Go struct field "
        + "Container.spec.template.spec.containers.args of type []string")]
    [TestCase("cpu: 1,", "cpu: 1x,",
        "16:37: spec.template.spec.containers[0].resources.requests.cpu: "
        + "@quantities must match the regular expression "
        + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [TestCase("  name: web", "  creationTimestamp: soon", "4:22: metadata.creationTimestamp: "
        + "@parsing time \"soon\" as \"2006-01-02T15:04:05Z07:00\": "
        + "cannot parse \"soon\" as \"2006\"")]
    public void A_field_error_is_told_in_the_servers_words(string good, string bad, string error) =>
        Assert.That(Errors(Web.Replace(good, bad)), Is.EqualTo((string[])["f.yaml:" + error.Replace(
            "@", "Deployment in version \"v1\" cannot be handled as a Deployment: ")]));

    [Test]
    public void All_errors_of_all_documents_are_told_and_the_good_ones_read()
    {
        var documents = Read(Web.Replace("image:", "imag:").Replace("replicas: 3", "replicas: x")
            + "---\nkind: Pod\n  bad: {\n---\n" + Web);
        Assert.That(documents.Select(d => d.Errors.Count), Is.EqualTo((int[])[2, 1, 0]));
        Assert.That(documents[1].Errors[0].Line, Is.EqualTo(19));
        Assert.That(documents[2].Object, Is.Not.Null);
        Assert.That(documents[0].Object, Is.Null);
    }

    [TestCase("yes", "true")]
    [TestCase("\"yes\"", "\"yes\"")]
    [TestCase("off", "false")]
    [TestCase("y", "true")]
    [TestCase("0755", "493")]
    [TestCase("0o17", "15")]
    [TestCase("0x1F", "31")]
    [TestCase("0b101", "5")]
    [TestCase("1_000", "1000")]
    [TestCase("-12", "-12")]
    [TestCase("08", "8")]
    [TestCase("1.50", "1.5")]
    [TestCase("1e3", "1000")]
    [TestCase(".5", "0.5")]
    [TestCase("1.2.3", "\"1.2.3\"")]
    [TestCase("100m", "\"100m\"")]
    [TestCase("12:30", "\"12:30\"")]
    [TestCase("2025-01-01", "\"2025-01-01\"")]
    [TestCase("9223372036854775808", "9223372036854775808")]
    [TestCase("~", "null")]
    [TestCase("", "null")]
    [TestCase("Null", "null")]
    [TestCase("nuLL", "\"nuLL\"")]
    [TestCase("!!str 5", "\"5\"")]
    [TestCase("!!binary aGk=", "\"hi\"")]
    [TestCase("|\n  a\n  b", "\"a\\nb\\n\"")]
    [TestCase(">-\n  a\n  b", "\"a b\"")]
    public void Plain_words_are_read_as_yaml_1_1(string word, string json)
    {
        var node = Manifest.Parse($"kind: X\na: {word}\n", "x")[0].Node["a"];
        Assert.That(node?.ToJsonString() ?? "null", Is.EqualTo(json));
    }

    [Test]
    public void Keys_are_strings_whatever_they_look_like() =>
        Assert.That(Manifest.Parse("kind: X\n1: a\non: b\n", "x")[0].Node.ToJsonString(),
            Is.EqualTo("""{"kind":"X","1":"a","true":"b"}"""));

    [Test]
    public void Anchors_and_merges_are_resolved_and_own_keys_win() =>
        Assert.That(Manifest.Parse("""
            base: &b {x: 1, z: [a]}
            one: *b
            two: {<<: *b, x: 2}
            """, "x")[0].Node.ToJsonString(), Is.EqualTo(
            """{"base":{"x":1,"z":["a"]},"one":{"x":1,"z":["a"]},"two":{"x":2,"z":["a"]}}"""));

    [Test]
    public void Nulls_are_unset()
    {
        var pod = (Pod)Read("""
            apiVersion: v1
            kind: Pod
            metadata: {name: p, labels: , annotations: {a: }}
            spec: {nodeName: ~, containers: [{name: c, image: x, args: [a, ~]}]}
            """)[0].Object!;
        Assert.That(pod.Metadata.Labels.IsUnset);
        Assert.That(pod.Metadata.Annotations["a"], Is.Empty);
        Assert.That(pod.Spec!.NodeName, Is.Null.Or.Empty);
        Assert.That(pod.Spec.Containers[0].Args, Is.EqualTo((Seq<string>)["a", ""]));
    }

    [TestCase("spec.template.spec.containers[0].image", 13, 9)]
    [TestCase("spec.template.spec.containers[0].resources.requests[memory]", 16, 40)]
    [TestCase("spec.template.spec.containers[0].livenessProbe.exec", 12, 9)]
    [TestCase("metadata.labels", 3, 1)]
    [TestCase("", 1, 1)]
    public void The_path_of_a_refusal_leads_to_its_line(string path, int line, int column) =>
        Assert.That(Read(Web)[0].Find(path), Is.EqualTo((line, column)));

    [Test]
    public void A_refusal_by_the_server_is_told_at_its_first_cause()
    {
        var status = new Status
        {
            Code = 422,
            Message = "Deployment.apps \"web\" is invalid",
            Details = new() { Causes = [new() { Field = "spec.replicas" }] },
        };
        Assert.That($"{Read(Web)[0].Refused(status)}",
            Is.EqualTo("f.yaml:6:3: spec.replicas: Deployment.apps \"web\" is invalid"));
    }

    [Test]
    public void Fields_without_a_property_are_kept_and_told()
    {
        var web = Read(Web.Replace("        image:",
            "        securityContext: {procMount: Default}\n        image:"))[0];
        var paths = Json.KeptPaths(web.Object!);
        Assert.That(paths, Is.EqualTo(
            (Seq<string>)["spec.template.spec.containers[0].securityContext.procMount"]));
        var back = Read(Json.ToYaml(web.Object!))[0];
        Assert.That(back.Object, Is.EqualTo(web.Object));
    }

    [Test]
    public void A_custom_object_is_kept_whole_and_only_its_metadata_checked()
    {
        var kinds = KindRegistry.BuiltIn.With(new()
        {
            Group = "example.com",
            Version = "v1",
            Name = "Widget",
            Plural = "widgets",
            Singular = "widget",
            Namespaced = true,
        });
        const string text = """
            apiVersion: example.com/v1
            kind: Widget
            metadata: {name: w, labels: {a: b}}
            spec: {any: [1, {x: ~}], "on": yes}
            """;
        var widget = Manifest.Read(text, "f", kinds)[0].Object!;
        Assert.That(widget.Key.ToString(), Is.EqualTo("widgets.example.com w"));
        Assert.That(Json.Line(widget), Is.EqualTo(
            """{"apiVersion":"example.com/v1","kind":"Widget","metadata":"""
            + """{"name":"w","labels":{"a":"b"}},"spec":{"any":[1,{"x":null}],"on":true}}"""));
        var bad = Manifest.Read(text.Replace("labels", "lables"), "f", kinds)[0];
        Assert.That(bad.Errors[0].Message,
            Is.EqualTo("unknown field \"metadata.lables\", did you mean \"labels\"?"));
    }

    [Test]
    public void An_autoscaler_of_version_1_is_read_as_version_2()
    {
        var scaler = Read("""
            apiVersion: autoscaling/v1
            kind: HorizontalPodAutoscaler
            metadata: {name: web}
            spec:
              maxReplicas: 5
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
              targetCPUUtilizationPercentage: 50
            """)[0];
        Assert.That(scaler.Errors, Is.Empty);
        var node = Json.Encode(scaler.Object!);
        Assert.That($"{node["apiVersion"]}", Is.EqualTo("autoscaling/v2"));
        var target = node["spec"]!["metrics"]![0]!["resource"]!["target"]!;
        Assert.That((int)target["averageUtilization"]!, Is.EqualTo(50));
    }

    [Test]
    public void Documents_can_wait_for_the_kinds_that_earlier_ones_define()
    {
        var document = Manifest.Parse("apiVersion: example.com/v1\nkind: Widget\n", "f")[0];
        Assert.That(document.Resolve(KindRegistry.BuiltIn).Errors, Has.Count.EqualTo(1));
        var kinds = KindRegistry.BuiltIn.With(new()
        {
            Group = "example.com",
            Version = "v1",
            Name = "Widget",
            Plural = "widgets",
            Singular = "widget",
            Namespaced = true,
        });
        Assert.That(document.Resolve(kinds).Object, Is.TypeOf<Unstructured>());
    }

    // Where the collection of real manifests lies beside the checkout, each of them is read, and
    // what is read is written and read again.
    [Test]
    public void Real_manifests_survive_a_round_trip()
    {
        foreach (var (file, text) in RealManifests().Append(("web.yaml", Web)))
        {
            foreach (var document in Manifest.Read(text, file, KindRegistry.BuiltIn))
            {
                if (document.Object is { } read)
                {
                    var yaml = Json.ToYaml(read);
                    var back = Manifest.Read(yaml, file, KindRegistry.BuiltIn)[0];
                    Assert.That(back.Errors, Is.Empty, file);
                    Assert.That(back.Object, Is.EqualTo(read), file);
                    Assert.That(Json.ToYaml(back.Object!), Is.EqualTo(yaml), file);
                }
                else
                {
                    Assert.That(document.Errors, Is.Not.Empty, file);
                }
            }
        }
    }

    private static IEnumerable<(string File, string Text)> RealManifests()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "KubeNotebooks.slnx")))
        {
            root = root.Parent;
        }
        var folder = Path.Combine(root?.Parent?.FullName ?? "/", "shared", "manifests");
        return !Directory.Exists(folder) ? []
            : Directory.EnumerateFiles(folder, "*.y*ml", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal).Select(file => (file, File.ReadAllText(file)));
    }
}
