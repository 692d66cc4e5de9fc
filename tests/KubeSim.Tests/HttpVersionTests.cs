using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>One object in the several versions of its API.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HttpVersionTests
{
    private const string Old = "/apis/autoscaling/v1/namespaces/api/horizontalpodautoscalers";
    private const string New = "/apis/autoscaling/v2/namespaces/api/horizontalpodautoscalers";

    private readonly ApiFixture api = new();

    [SetUp]
    public void Create()
    {
        var answer = Send("POST", Old, """
            {"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},
            "spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},
            "maxReplicas":9,"targetCPUUtilizationPercentage":60}}
            """);
        Assert.That((answer.Code, Percentage(answer.Body!)), Is.EqualTo((201, "60")));
        Assert.That(answer.Warnings, Is.Empty);
    }

    private HttpAnswer Send(string method, string url, string? body = null, string? type = null) =>
        api.Server.Serve(new(method, url) { Body = body, ContentType = type });

    private JsonNode Get(string collection) => Send("GET", $"{collection}/h").Body!;

    private static string Percentage(JsonNode hpa) =>
        $"{hpa["spec"]!["targetCPUUtilizationPercentage"]}";

    private string Share() =>
        $"{Get(New)["spec"]!["metrics"]?[0]!["resource"]!["target"]!["averageUtilization"]}";

    [Test]
    public void The_old_version_shows_a_number_where_the_new_one_shows_metrics()
    {
        var (old, now) = (Get(Old), Get(New));
        Assert.That($"{old["apiVersion"]} {now["apiVersion"]}",
            Is.EqualTo("autoscaling/v1 autoscaling/v2"));
        Assert.That((Percentage(old), Share()), Is.EqualTo(("60", "60")));
        Assert.That((old["spec"]!["metrics"], now["spec"]!["targetCPUUtilizationPercentage"]),
            Is.EqualTo(((JsonNode?)null, (JsonNode?)null)));
        var list = Send("GET", Old).Body!;
        Assert.That($"{list["apiVersion"]} {Percentage(list["items"]![0]!)}",
            Is.EqualTo("autoscaling/v1 60"));
    }

    [TestCase("merge", """{"spec":{"targetCPUUtilizationPercentage":70}}""", "70")]
    [TestCase("strategic-merge", """{"spec":{"targetCPUUtilizationPercentage":70}}""", "70")]
    [TestCase("json",
        """[{"op":"replace","path":"/spec/targetCPUUtilizationPercentage","value":70}]""", "70")]
    [TestCase("merge", """{"spec":{"maxReplicas":5}}""", "60")]
    [TestCase("merge", """{"spec":{"targetCPUUtilizationPercentage":null}}""", "80")]
    public void It_is_patched_in_the_form_that_it_is_read_in(
        string type, string patch, string share)
    {
        var answer = Send("PATCH", $"{Old}/h", patch, $"application/{type}-patch+json");
        Assert.That((answer.Code, Percentage(answer.Body!)), Is.EqualTo((200, share)));
        Assert.That(Share(), Is.EqualTo(share));
        Assert.That(answer.Warnings, Is.Empty);
    }

    [Test]
    public void What_the_old_version_has_no_field_for_lies_in_annotations()
    {
        Send("PATCH", $"{New}/h", """
            {"spec":{"behavior":{"scaleDown":{"stabilizationWindowSeconds":7}}}}
            """, "application/merge-patch+json");
        Send("PATCH", $"{New}/h/status", """
            {"status":{"desiredReplicas":2,"conditions":[{"type":"AbleToScale","status":"True"}],
            "currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":
            {"averageUtilization":55,"averageValue":"1m"}}}]}}
            """, "application/merge-patch+json");
        var old = Get(Old);
        const string Prefix = "autoscaling.alpha.kubernetes.io/";
        var notes = old["metadata"]!["annotations"]!;
        Assert.That($"{notes[Prefix + "behavior"]}",
            Does.Contain("\"stabilizationWindowSeconds\":7"));
        Assert.That($"{notes[Prefix + "conditions"]}", Does.Contain("\"AbleToScale\""));
        Assert.That((old["spec"]!["behavior"], old["status"]!["conditions"]),
            Is.EqualTo(((JsonNode?)null, (JsonNode?)null)));
        Assert.That($"{old["status"]!["currentCPUUtilizationPercentage"]}", Is.EqualTo("55"));

        old["spec"]!["maxReplicas"] = 4;
        Assert.That(Send("PUT", $"{Old}/h", old.ToJsonString()).Code, Is.EqualTo(200));
        var now = Get(New);
        Assert.That($"{now["spec"]!["maxReplicas"]} "
            + $"{now["spec"]!["behavior"]!["scaleDown"]!["stabilizationWindowSeconds"]}",
            Is.EqualTo("4 7"));
        Assert.That(now["metadata"]!["annotations"], Is.Null);
    }

    [Test]
    public void A_watch_speaks_the_version_of_its_path()
    {
        var watch = Send("GET", $"{Old}?watch=1&resourceVersion=0");
        Assert.That(watch.Watch!.TryNext(out var change));
        var line = watch.Line!(change);
        Assert.That($"{line["type"]} {line["object"]!["apiVersion"]} "
            + Percentage(line["object"]!), Is.EqualTo("ADDED autoscaling/v1 60"));
        Assert.That(Send("GET", $"{New}?watch=1").Line, Is.Null);
    }

    [Test]
    public void Where_versions_differ_in_nothing_only_the_name_is_another()
    {
        const string Schemas = "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas";
        var answer = Send("POST", Schemas, """
            {"metadata":{"name":"f"},"spec":{"priorityLevelConfiguration":{"name":"exempt"}}}
            """);
        Assert.That((answer.Code, $"{answer.Body!["apiVersion"]}"),
            Is.EqualTo((201, "flowcontrol.apiserver.k8s.io/v1beta3")));
        Assert.That($"{Send("GET", Schemas.Replace("v1beta3", "v1")).Body!["apiVersion"]}",
            Is.EqualTo("flowcontrol.apiserver.k8s.io/v1"));
    }
}
