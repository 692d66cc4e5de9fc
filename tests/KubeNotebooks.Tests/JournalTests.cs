using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

public sealed class JournalTests : CommandLineFixture
{
    private const string Pod =
        """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":"""
        + """{"containers":[{"name":"c","image":"i"}]}}""";

    [Test]
    public void A_patch_happens_once_the_cluster_has_settled()
    {
        var objects = Play("""{"at":"settled","patch":{"kind":"ReplicaSet","namespace":"default","""
            + """ "name":"web","type":"application/merge-patch+json","""
            + """ "body":{"spec":{"replicas":5}}}}""");
        Assert.That(OfKind(objects, "Pod"), Has.Length.EqualTo(5));
        Assert.That((int)OfKind(objects, "ReplicaSet")[0]["status"]!["readyReplicas"]!,
            Is.EqualTo(5));
    }

    [Test]
    public void A_line_happens_at_its_time()
    {
        var objects = Play("""{"at":"1m30s","create":""" + Pod + "}");
        var pod = OfKind(objects, "Pod").Single(p => Name(p) == "p");
        Assert.That((string?)pod["metadata"]!["creationTimestamp"], Is.EqualTo(
            "2025-01-01T00:01:30Z"));
        Assert.That((string?)pod["status"]!["phase"], Is.EqualTo("Running"));
    }

    [Test]
    public void Apply_creates_and_then_changes()
    {
        var more = Pod.Replace("\"name\":\"p\"", "\"name\":\"p\",\"labels\":{\"a\":\"b\"}",
            StringComparison.Ordinal);
        var objects = Play("""{"at":"1s","apply":""" + Pod + "}",
            """{"at":"2s","apply":""" + more + "}");
        var pod = OfKind(objects, "Pod").Single(p => Name(p) == "p");
        Assert.That((string?)pod["metadata"]!["labels"]!["a"], Is.EqualTo("b"));
    }

    [Test]
    public void What_pods_use_is_saved_and_what_cannot_be_read_is_told()
    {
        Write("web.yaml", Web(1));
        Write("good.jsonl", """
            {"at":"1s","metrics":{"namespace":"default","selector":"app=web","cpu":"250m"}}
            """);
        Run("simulate", "-f", "web.yaml", "--journal", "good.jsonl", "--save-journal", "s.jsonl");
        Assert.That(File.ReadAllText("s.jsonl"), Does.Contain("\"cpu\":\"250m\""));
        Write("bad.jsonl", """
            {"at":"1s","metrics":{"selector":"app=web","cpu":"much"}}
            {"at":"1s","metrics":{"selector":"app=web"}}
            {"at":"1s","metrics":{"selector":"=","cpu":1}}
            {"at":"1s","metrics":{"memory":"-1Mi"}}
            """);
        var (code, _, error) = Run("simulate", "--journal", "bad.jsonl");
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error.Split('\n').Select(l => l.Split(": ").ElementAtOrDefault(1)).Take(4),
            Is.EqualTo(new[] { "metrics.cpu", "metrics", "metrics.selector", "metrics.memory" }),
            error);
    }

    [Test]
    public void A_deleted_object_is_gone()
    {
        var objects = Play("""{"at":"1s","create":""" + Pod + "}",
            """{"at":"9s","delete":{"kind":"Pod","name":"p","options":"""
            + """{"gracePeriodSeconds":0}}}""");
        Assert.That(OfKind(objects, "Pod").Select(Name), Has.No.Member("p"));
    }

    [Test]
    public void A_crashed_controller_does_nothing_until_it_is_restored()
    {
        const string Crash =
            """{"at":"settled","fault":{"op":"crash","target":"replicaset-controller"}}""";
        const string Scale =
            """{"at":"20s","patch":{"kind":"rs","name":"web","body":{"spec":{"replicas":4}}}}""";
        const string Restore =
            """{"at":"40s","fault":{"op":"restore","target":"replicaset-controller"}}""";
        Assert.That(OfKind(Play(Crash, Scale), "Pod"), Has.Length.EqualTo(2));
        Assert.That(OfKind(Play(Crash, Scale, Restore), "Pod"), Has.Length.EqualTo(4));
    }

    [Test]
    public void A_refused_line_is_told_and_the_run_goes_on()
    {
        Write("web.yaml", Web(2));
        Write("j.jsonl", """
            {"at":"1s","delete":{"kind":"Pod","name":"nope"}}

            {"at":"2s","fault":{"op":"crash","target":"node-9"}}
            {"at":"3s","patch":{"kind":"ReplicaSet","name":"web","body":{"spec":{"replicas":-2}}}}
            {"at":"4s","patch":{"kind":"ReplicaSet","name":"web","body":{"spec":{"replicas":3}}}}
            """);
        var (code, output, error) = Run("simulate", "-f", "web.yaml", "--journal", "j.jsonl", "-o",
            "json");
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(OfKind(JsonNode.Parse(output)!["items"]!.AsArray(), "Pod"),
                Has.Length.EqualTo(3));
            Assert.That(lines, Has.Length.EqualTo(3));
            Assert.That(lines[0], Is.EqualTo("j.jsonl:1:1: pods \"nope\" not found"));
            Assert.That(lines[1], Does.StartWith("j.jsonl:3:1: fault.target: ").And.Contain(
                "node-9"));
            Assert.That(lines[2], Does.StartWith(
                "j.jsonl:4:1: spec.replicas: ReplicaSet.apps \"web\" is invalid: spec.replicas: "));
        });
    }

    [TestCase("nonsense", "")]
    [TestCase("[1]", "")]
    [TestCase("""{"at":"soon","delete":{"kind":"Pod","name":"p"}}""", "at")]
    [TestCase("""{"delete":{"kind":"Pod","name":"p"}}""", "at")]
    [TestCase("""{"at":"5s"}""", "operation")]
    [TestCase("""{"at":"5s","delete":{"kind":"Pod"}}""", "name")]
    [TestCase("""{"at":"5s","delete":{"kind":"Pood","name":"p"}}""", "Pood")]
    [TestCase("""{"at":"5s","patch":{"kind":"Pod","name":"p"}}""", "body")]
    [TestCase("""{"at":"5s","patch":{"kind":"Pod","name":"p","type":"text/plain","body":{}}}""",
        "text/plain")]
    [TestCase("""{"at":"5s","fault":{"op":"burn","target":"node-1"}}""", "burn")]
    [TestCase("""{"at":"5s","create":{"apiVersion":"v1","kind":"Pod","spce":{}}}""", "spce")]
    [TestCase("""{"at":"5s","probe":{"selector":"a in"}}""", "probe.selector")]
    [TestCase("""{"at":"5s","metrics":{"namespace":"x","cpu":"lots"}}""", "metrics.cpu")]
    public void A_bad_line_is_told_and_nothing_runs(string line, string told)
    {
        Write("web.yaml", Web(2));
        Write("j.jsonl", """{"at":"1s","delete":{"kind":"Pod","name":"p"}}""" + "\n" + line + "\n");
        var (code, output, error) = Run("simulate", "-f", "web.yaml", "--journal", "j.jsonl");
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.StartWith("j.jsonl:2:").And.Contain(told));
            Assert.That(error.TrimEnd('\n'), Does.Not.Contain("\n"), "one clear line");
        });
    }

    [Test]
    public void A_line_after_the_end_is_told()
    {
        Write("web.yaml", Web(1));
        Write("j.jsonl", """{"at":"2m","create":""" + Pod + "}\n");
        var (code, output, error) = Run("simulate", "-f", "web.yaml", "--journal", "j.jsonl",
            "--for", "60s");
        Assert.That(code, Is.Zero);
        Assert.That(error, Is.EqualTo(
            "j.jsonl:1: not reached, nor what follows: the run ends at 1m0s\n"));
        Assert.That(output, Does.Not.Contain("pod/p "));
    }

    [Test]
    public void A_saved_journal_plays_to_the_same_end()
    {
        Write("web.yaml", Web(3));
        Write("j.jsonl", """
            {"at":"settled","fault":{"op":"crash","target":"kubelet/node-2"}}
            {"at":"settled","patch":{"kind":"rs","name":"web","body":{"spec":{"replicas":7}}}}
            {"at":"9s","fault":{"op":"restore","target":"kubelet/node-2"}}
            """);
        var first = Run("simulate", "-f", "web.yaml", "--journal", "j.jsonl", "--save-journal",
            "s.jsonl",
            "--trace", "first.jsonl", "-o", "json");
        var second = Run("simulate", "--journal", "s.jsonl", "--trace", "second.jsonl", "-o",
            "json");
        Assert.Multiple(() =>
        {
            Assert.That(first.Code, Is.Zero, first.Error);
            Assert.That(File.ReadAllLines("s.jsonl"), Has.Length.EqualTo(4));
            Assert.That(second, Is.EqualTo(first));
            Assert.That(File.ReadAllText("second.jsonl"), Is.EqualTo(File.ReadAllText(
                "first.jsonl")));
        });
    }

    private static JsonArray Play(params string[] lines)
    {
        Write("web.yaml", Web(2));
        Write("j.jsonl", string.Join('\n', lines));
        return Objects("simulate", "-f", "web.yaml", "--journal", "j.jsonl");
    }
}
