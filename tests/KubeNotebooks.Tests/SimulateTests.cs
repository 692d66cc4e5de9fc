using System.Text.Json.Nodes;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

public sealed class SimulateTests : CommandLineFixture
{
    [Test]
    public void Pods_of_a_manifest_run_in_the_end()
    {
        Write("web.yaml", Web(3));
        var pods = OfKind(Objects("simulate", "-f", "web.yaml"), "Pod");
        Assert.That(pods, Has.Length.EqualTo(3));
        Assert.That(pods.Select(p => (string?)p["status"]!["phase"]), Is.All.EqualTo("Running"));
        Assert.That(pods.Select(p => (string?)p["spec"]!["nodeName"]),
            Is.EquivalentTo(new[] { "node-1", "node-2", "node-3" }));
    }

    [Test]
    public void Objects_are_one_list_by_kind_namespace_and_name()
    {
        Write("web.yaml", Web(3));
        var (_, output, error) = Run("simulate", "-f", "web.yaml", "-o", "json");
        var list = JsonNode.Parse(output)!;
        var keys = list["items"]!.AsArray().Select(o => (string)o!["kind"]!
            + "\0" + (string?)o["metadata"]!["namespace"] + "\0" + Name(o)).ToList();
        Assert.Multiple(() =>
        {
            Assert.That((string?)list["kind"], Is.EqualTo("List"));
            Assert.That((string?)list["apiVersion"], Is.EqualTo("v1"));
            Assert.That(keys, Is.EqualTo(keys.Order(StringComparer.Ordinal)));
            Assert.That(keys, Has.Some.StartsWith("Event"));
            Assert.That(output, Is.EqualTo(Json.Text(list).TrimEnd('\n') + "\n"),
                "as kubectl prints it");
            Assert.That(error, Is.Empty);
        });
    }

    [Test]
    public void The_same_seed_gives_the_same_bytes()
    {
        Write("web.yaml", Web(20));
        string Output(string seed, string format) =>
            Run("simulate", "-f", "web.yaml", "--seed", seed, "-o", format).Output;
        var (first, again, other) = (Output("7", "json"), Output("7", "json"), Output("8", "json"));
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void The_default_is_a_table_a_kind()
    {
        Write("web.yaml", Web(2));
        var (_, output, _) = Run("simulate", "-f", "web.yaml", "--latency", "none");
        Assert.Multiple(() =>
        {
            Assert.That(output, Does.Match(
                @"(?m)^NAMESPACE +NAME +READY +STATUS +RESTARTS +AGE +IP +NODE "));
            Assert.That(output, Does.Match(
                @"(?m)^default +pod/web-\w{5} +1/1 +Running +0 +\d+s +10\.244\.\d\.2 +node-\d "));
            Assert.That(output, Does.Match(@"(?m)^default +replicaset.apps/web +2 +2 +2 +\d+s "));
            Assert.That(output, Does.Match(@"(?m)^node/node-1 +Ready +<none> +\d+s "));
            Assert.That(output, Does.Not.Contain("event"));
        });
    }

    [Test]
    public void Yaml_holds_what_json_holds()
    {
        Write("web.yaml", Web(1));
        var (_, yaml, _) = Run("simulate", "-f", "web.yaml", "-o", "yaml");
        Assert.That(yaml, Does.StartWith("apiVersion: v1\nitems:\n"));
        Assert.That(Manifest.Read(yaml, "out.yaml", KindRegistry.BuiltIn).Select(d =>
            d.Node.ToJsonString()),
            Is.EqualTo(Objects("simulate", "-f", "web.yaml").Select(o => o!.ToJsonString())));
    }

    [Test]
    public void A_folder_is_read_by_name_and_dash_is_the_input()
    {
        Directory.CreateDirectory("all");
        Write("all/2-pod.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: x}, "
            + "spec: {containers: [{name: c, image: i}]}}");
        Write("all/1-space.yml", "{apiVersion: v1, kind: Namespace, metadata: {name: x}}");
        Write("all/readme.txt", "no manifest");
        var (code, output, error) = RunWithInput(Web(1), "simulate", "-f", "all", "-f", "-");
        Assert.That(code, Is.Zero, error);
        Assert.That(output, Does.Contain("pod/p ").And.Contain("replicaset.apps/web "));
    }

    [Test]
    public void A_node_manifest_replaces_the_default_nodes()
    {
        Write("all.yaml", """
            {apiVersion: v1, kind: Node, metadata: {name: big},
             status: {capacity: {cpu: "8", pods: "2"}}}
            ---
            {apiVersion: v1, kind: Node, metadata: {name: down},
             status: {conditions: [{type: Ready, status: "False"}]}}
            ---

            """ + Web(3));
        var objects = Objects("simulate", "-f", "all.yaml", "--nodes", "5", "--for", "30s");
        var nodes = OfKind(objects, "Node");
        var placed = OfKind(objects, "Pod").Select(p => (string?)p["spec"]!["nodeName"]);
        Assert.Multiple(() =>
        {
            Assert.That(nodes.Select(Name), Is.EqualTo(new[] { "big", "down" }));
            Assert.That((string?)nodes[0]["status"]!["allocatable"]!["cpu"], Is.EqualTo("8"));
            Assert.That((string?)nodes[1]["status"]!["capacity"]!["memory"], Is.EqualTo("16Gi"));
            Assert.That(placed, Is.EquivalentTo(new[] { "big", "big", null }));
        });
    }

    [Test]
    public void A_cluster_has_the_add_ons_and_flags_that_it_is_given()
    {
        Write("web.yaml", Web(1));
        var objects = Objects("simulate", "-f", "web.yaml", "--addons", "dns,metrics-server",
            "--set", "kubelet.max-pods=7", "--set", "kube-proxy.masquerade-all=true");
        Assert.That(OfKind(objects, "Deployment").Select(Name),
            Is.EqualTo(new[] { "coredns", "metrics-server" }));
        Assert.That((string?)OfKind(objects, "Node")[0]["status"]!["capacity"]!["pods"],
            Is.EqualTo("7"));
    }

    [TestCase("--addons", "dns,foo",
        "--addons: there is no add-on \"foo\"; there are dns, metrics-server, ingress, "
            + "dashboard, logging")]
    [TestCase("--set", "kubelet.max-pod=7",
        "--set: kubelet: unknown flag \"max-pod\", did you mean \"max-pods\"?")]
    [TestCase("--set", "kubelet.max-pods",
        "--set: \"kubelet.max-pods\" has no value; write COMPONENT.FLAG=VALUE")]
    public void A_bad_add_on_or_flag_is_told(string option, string value, string message)
    {
        Write("web.yaml", Web(1));
        var (code, _, error) = Run("simulate", "-f", "web.yaml", option, value);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error.Split('\n')[0], Is.EqualTo(message));
    }

    [Test]
    public void A_journal_may_be_about_a_kind_that_a_manifest_defines()
    {
        Write("kind.yaml", """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: toys.example.com}
            spec:
              group: example.com
              scope: Cluster
              names: {plural: toys, kind: Toy}
              versions: [{name: v1, served: true, storage: true}]
            ---
            {apiVersion: example.com/v1, kind: Toy, metadata: {name: bear}}
            """);
        Write("j.jsonl", """{"at":"1s","apply":{"apiVersion":"example.com/v1","kind":"Toy","""
            + """ "metadata":{"name":"car"}}}""");
        Assert.That(OfKind(Objects("simulate", "-f", "kind.yaml", "--journal", "j.jsonl"), "Toy")
            .Select(Name), Is.EqualTo(new[] { "bear", "car" }));
    }

    [Test]
    public void The_cluster_starts_when_it_is_told()
    {
        Write("web.yaml", Web(1));
        var nodes = OfKind(Objects("simulate", "-f", "web.yaml", "--start",
            "2031-05-06T07:08:09Z"), "Node");
        Assert.That((string?)nodes[0]["metadata"]!["creationTimestamp"], Is.EqualTo(
            "2031-05-06T07:08:09Z"));
    }

    [Test]
    public void For_runs_so_long_and_no_longer()
    {
        Write("web.yaml", Web(1));
        var (code, output, _) = Run("simulate", "-f", "web.yaml", "--for", "90s");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Match(@"(?m)^node/node-1 .* 90s "));
    }

    [Test]
    public void At_the_limit_it_prints_and_says_what_keeps_it_busy()
    {
        Write("web.yaml", Web(3));
        var (code, output, error) = Run("simulate", "-f", "web.yaml", "--limit", "20ms");
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(3));
            Assert.That(output, Does.Contain("pod/web-"));
            Assert.That(error, Does.StartWith("limit reached at 20ms; still at work:\n"));
            Assert.That(error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
                Has.Length.GreaterThan(1));
        });
    }

    [Test]
    public void A_trace_has_a_line_for_each_change()
    {
        Write("web.yaml", Web(2));
        var plain = Run("simulate", "-f", "web.yaml", "-o", "json");
        var traced = Run("simulate", "-f", "web.yaml", "-o", "json", "--trace", "trace.jsonl");
        var lines = File.ReadAllLines("trace.jsonl").Select(l => JsonNode.Parse(l)!).ToList();
        var writes = lines.Where(l => l["revision"] is not null).ToList();
        var create = writes.First(l => (string?)l["component"] == "replicaset-controller");
        Assert.Multiple(() =>
        {
            Assert.That(traced, Is.EqualTo(plain), "looking changes nothing");
            Assert.That(lines.Select(l => (long)l["step"]!), Is.Ordered.Ascending);
            Assert.That(lines.Select(l => (string)l["time"]!),
                Is.Ordered.And.All.Match(@"^00:00:\d\d\.\d{3}$"));
            Assert.That(writes.Select(l => (long)l["revision"]!), Is.Ordered.Ascending.And.Unique);
            Assert.That(lines.Where(l => l["revision"] is null).Select(l => (string?)l["verb"]),
                Is.All.EqualTo("none"));
            Assert.That((string?)create["verb"], Is.EqualTo("create"));
            Assert.That((string?)create["object"]!["kind"], Is.EqualTo("Pod"));
            Assert.That((long)create["causes"]![0]!["revision"]!,
                Is.LessThan((long)create["revision"]!));
            Assert.That(writes.Select(l => (string?)l["component"]).Distinct(), Is.SupersetOf(
                new[] { "replicaset-controller", "default-scheduler", "kubelet" }));
            Assert.That(lines.Where(l => (string?)l["component"] == "kubelet")
                .Select(l => (string?)l["node"]), Is.All.StartsWith("node-"));
        });
    }
}
