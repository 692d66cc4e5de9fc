using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>What is wrong with an input is told in a line that says where; nothing runs.</summary>
public sealed class BadInputTests : CommandLineFixture
{
    [TestCase("spec:\n  containers: [\n  - name: c\n", "bad.yaml:3:")]
    [TestCase("kind: Pod\nmetadata:\n  name: a: b\n", "bad.yaml:3:")]
    [TestCase("a: 1\nb: 2\n\tc: 3\n", "bad.yaml:3:1:")]
    public void Broken_yaml_is_told_with_its_line(string text, string start) =>
        Refuses("bad.yaml", text, start);

    [Test]
    public void An_unknown_field_is_told_with_the_nearest_known_one() => Refuses("bad.yaml",
        Web(3).Replace("\nspec:\n  replicas", "\nspec:\n  replcias", StringComparison.Ordinal),
        "bad.yaml:6:3: spec.replcias: unknown field \"spec.replcias\", did you mean \"replicas\"?");

    [Test]
    public void A_value_of_the_wrong_type_is_told_at_its_field() => Refuses("bad.yaml",
        Web(3).Replace("replicas: 3", "replicas: three", StringComparison.Ordinal),
        "bad.yaml:6:13: spec.replicas: ");

    [Test]
    public void An_unknown_kind_is_told_with_the_nearest_known_one() => Refuses("bad.yaml",
        Web(3).Replace("kind: ReplicaSet", "kind: ReplcaSet", StringComparison.Ordinal),
        "bad.yaml:2:1: kind: no matches for kind \"ReplcaSet\" in version \"apps/v1\", "
        + "did you mean \"ReplicaSet\"?");

    [Test]
    public void A_refusal_of_the_api_server_is_told_word_for_word() => Refuses("bad.yaml", Web(-1),
        "bad.yaml:6:3: spec.replicas: ReplicaSet.apps \"web\" is invalid: spec.replicas: "
        + "Invalid value: -1: must be greater than or equal to 0");

    [Test]
    public void A_namespace_that_no_manifest_brings_is_made_and_told()
    {
        Write("web.yaml", Web(1).Replace("  name: web", "  name: web\n  namespace: nowhere",
            StringComparison.Ordinal));
        var (code, output, error) = Run("simulate", "-f", "web.yaml");
        Assert.That(code, Is.Zero);
        Assert.That(error, Is.EqualTo("namespace/nowhere is in no manifest: created\n"));
        Assert.That(output, Does.Contain("namespace/nowhere"));
    }

    [Test]
    public void A_namespace_that_comes_after_its_objects_is_too_late() => Refuses("bad.yaml",
        Web(1).Replace("  name: web", "  name: web\n  namespace: late",
            StringComparison.Ordinal)
            + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: late}}\n",
        "bad.yaml:1:1: namespaces \"late\" not found");

    [Test]
    public void A_bad_node_is_refused_like_any_object() => Refuses("bad.yaml",
        "{apiVersion: v1, kind: Node, metadata: {name: No_Name}}", "bad.yaml:1:",
        "Node \"No_Name\" is invalid: metadata.name: Invalid value: \"No_Name\"");

    [Test]
    public void A_file_without_objects_is_told() =>
        Refuses("empty.yaml", "# nothing yet\n", "empty.yaml: no objects in it");

    [Test]
    public void A_missing_file_is_told()
    {
        var (code, output, error) = Run("simulate", "-f", "missing.yaml");
        Assert.That((code, output, error), Is.EqualTo((2, "", "missing.yaml: no such file\n")));
    }

    [Test]
    public void A_trace_that_cannot_be_written_is_told_before_the_run()
    {
        Write("web.yaml", Web(1));
        var (code, output, error) = Run("simulate", "-f", "web.yaml", "--trace",
            "no/such/folder.jsonl");
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Does.StartWith("no/such/folder.jsonl: cannot be written: "));
    }

    [Test]
    public void All_that_is_wrong_is_told_at_once()
    {
        Write("a.yaml", Web(-1) + "---\nkind: Pod\n");
        Write("b.yaml", Web(1).Replace("replicas", "replcas", StringComparison.Ordinal));
        var (code, output, error) = Run("simulate", "-f", "a.yaml", "-f", "b.yaml");
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Split(": ")[0]), Is.EqualTo(new[] { "a.yaml:6:3", "a.yaml:16:1",
                "b.yaml:6:3" }));
    }

    private static void Refuses(string file, string text, string start, string with = "")
    {
        Write(file, text);
        var (code, output, error) = Run("simulate", "-f", file);
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.StartWith(start).And.Contain(with));
            Assert.That(error.TrimEnd('\n'), Does.Not.Contain("\n"), "one clear line");
        });
    }
}
