using System.Diagnostics;
using System.Text;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>What clients send along with a request, over a real connection.</summary>
public sealed class ServeWireTests : ServeFixture
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    // What kubectl 1.33 sends for `create configmap cm --from-literal=a=1`.
    private const string Recorded =
        "azhzAAoPCgJ2MRIJQ29uZmlnTWFwEiMKGQoCY20SABoHZGVmYXVsdCIAKgAyADgAQgASBgoBYRIBMRoAIgA=";

    [TestCase("1.1")]
    [TestCase("2.0")]
    public async Task Protocol_buffers_go_in_as_they_are(string version)
    {
        Serve();
        using var content = new ByteArrayContent(Convert.FromBase64String(Recorded));
        content.Headers.ContentType = new("application/vnd.kubernetes.protobuf");
        using var response = await Client(version: version).PostAsync(Maps, content);
        Assert.That((int)response.StatusCode, Is.EqualTo(201));
        Assert.That(Cluster.Get<ConfigMap>("cm").Data["a"], Is.EqualTo("1"));
    }

    [Test]
    public async Task A_service_account_shows_the_token_that_it_was_given()
    {
        Serve();
        var (_, given) = await Send(Client(), "POST",
            "/api/v1/namespaces/default/serviceaccounts/default/token",
            """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}""");
        var stranger = Client(certificate: false);
        var (code, who) = await Send(stranger, "POST",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            """{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""",
            ("Authorization", $"Bearer {given["status"]!["token"]}"));
        Assert.That((code, $"{who["status"]?["userInfo"]?["username"]}"),
            Is.EqualTo((201, "system:serviceaccount:default:default")));
        var (refused, _) = await Send(stranger, "GET", Maps, null,
            ("Authorization", $"Bearer {given["status"]!["token"]}x"));
        Assert.That(refused, Is.EqualTo(401));
    }

    [Test]
    public async Task The_administrator_may_act_as_somebody_else()
    {
        Serve();
        var (code, refusal) = await Send(Client(), "GET", Maps, null,
            ("Impersonate-User", "jane"), ("Impersonate-Group", "dev"));
        Assert.That((code, $"{refusal["message"]}"), Is.EqualTo((403, "configmaps is forbidden: "
            + "User \"jane\" cannot list resource \"configmaps\" in API group \"\" in the "
            + "namespace \"default\"")));
        var (allowed, _) = await Send(Client(), "GET", Maps, null,
            ("Impersonate-User", "jane"), ("Impersonate-Group", "system:masters"));
        Assert.That(allowed, Is.EqualTo(200));
    }

    [Test]
    public async Task A_watch_is_told_how_far_it_is_and_ends_when_it_said()
    {
        Serve();
        var took = Stopwatch.StartNew();
        using var watch = await Watch(Client(),
            $"{Maps}?watch=1&allowWatchBookmarks=true&timeoutSeconds=4&resourceVersion="
                + Cluster.Revision);
        await Task.Delay(1200);
        Cluster.Run(TimeSpan.FromMinutes(2));
        var mark = await watch.Next();
        Assert.That($"{mark!["type"]} {mark["object"]!["kind"]}",
            Is.EqualTo("BOOKMARK ConfigMap"));
        Assert.That(long.Parse($"{mark["object"]!["metadata"]!["resourceVersion"]}"),
            Is.GreaterThan(0));
        while (await watch.Next() is { } more)
        {
            Assert.That($"{more["type"]}", Is.EqualTo("BOOKMARK"));
        }
        Assert.That(took.Elapsed.TotalSeconds, Is.InRange(3.5, 30));
    }

    [Test]
    public async Task Who_sends_slowly_is_waited_for_and_keeps_nobody_waiting()
    {
        Serve();
        var client = Client();
        using var slow = new StreamContent(new Dripping(Encoding.UTF8.GetBytes(NewMap("slow"))));
        slow.Headers.ContentType = new("application/json");
        var sent = client.PostAsync(Maps, slow);
        for (var i = 0; i < 5; i++)
        {
            Assert.That((await Send(Client(), "GET", Maps)).Code, Is.EqualTo(200));
        }
        Assert.That(sent.IsCompleted, Is.False);
        using var response = await sent;
        Assert.That((int)response.StatusCode, Is.EqualTo(201));
    }

    // Eight bytes, then a rest.
    private sealed class Dripping(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(400, cancellationToken);
            return Read(buffer.Span[..Math.Min(8, buffer.Length)]);
        }
    }
}
