using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What a client asks first: which kinds there are, and how the server feels.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HttpDiscoveryTests
{
    private const string Grouped =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

    private readonly ApiFixture api = new();

    private HttpAnswer Get(string url, string? accept = null) =>
        api.Server.Serve(new("GET", url) { Accept = accept });

    [Test]
    public void All_groups_come_in_one_list_for_who_asks_so()
    {
        var answer = Get("/apis", Grouped);
        Assert.That(answer.ContentType, Is.EqualTo(
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"));
        var apps = answer.Body!["items"]!.AsArray()
            .First(g => (string)g!["metadata"]!["name"]! == "apps")!;
        var deployments = apps["versions"]![0]!["resources"]!.AsArray()
            .First(r => (string)r!["resource"]! == "deployments")!;
        // As in the upstream list of 1.36: an empty group and version are those of the list.
        var wanted = JsonNode.Parse("""
            {"resource": "deployments",
             "responseKind": {"group": "", "version": "", "kind": "Deployment"},
             "scope": "Namespaced", "singularResource": "deployment",
             "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update",
                       "watch"],
             "shortNames": ["deploy"], "categories": ["all"],
             "subresources": [
               {"subresource": "scale",
                "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
                "verbs": ["get", "patch", "update"]},
               {"subresource": "status",
                "responseKind": {"group": "", "version": "", "kind": "Deployment"},
                "verbs": ["get", "patch", "update"]}]}
            """);
        Assert.That(Json.Compact(deployments), Is.EqualTo(Json.Compact(wanted)));
        Assert.That($"{apps["versions"]![0]!["freshness"]}", Is.EqualTo("Current"));
    }

    [Test]
    public void What_a_client_has_already_is_not_sent_again()
    {
        var first = Get("/apis", Grouped);
        var again = api.Server.Serve(new("GET", "/apis")
        {
            Accept = Grouped, IfNoneMatch = first.Headers.Get("ETag"),
        });
        Assert.That((again.Code, again.Bytes().Count(), again.ContentType),
            Is.EqualTo((304, 0, first.ContentType)), "a cache takes over the type of the answer");
    }

    [TestCase("/api", "APIVersions")]
    [TestCase("/apis", "APIGroupList")]
    [TestCase("/apis/apps", "APIGroup")]
    [TestCase("/apis/apps/v1", "APIResourceList")]
    [TestCase("/api/v1/", "APIResourceList")]
    public void Each_level_has_a_page(string url, string kind) =>
        Assert.That($"{Get(url).Body!["kind"]}", Is.EqualTo(kind));

    [Test]
    public void A_custom_kind_is_discovered_while_its_definition_stands()
    {
        string Groups() => Json.Compact(Get("/apis", Grouped).Body);
        Assert.That(Groups(), Does.Not.Contain("CronTab"));
        HttpOpenApiTests.Define(api);
        Assert.That(Groups(), Does.Contain("\"kind\":\"CronTab\""));
        Assert.That(Get("/apis/stable.example.com/v1").Code, Is.EqualTo(200));
        api.Server.Serve(new("DELETE", $"{HttpOpenApiTests.Definitions}/crontabs.stable.example.com"
            + "?gracePeriodSeconds=0"));
        api.Server.Serve(new("PATCH", $"{HttpOpenApiTests.Definitions}/crontabs.stable.example.com")
        {
            ContentType = "application/merge-patch+json",
            Body = """{"metadata":{"finalizers":null}}""",
        });
        Assert.That(Groups(), Does.Not.Contain("CronTab"));
        Assert.That(Get("/apis/stable.example.com/v1").Code, Is.EqualTo(404));
    }

    [TestCase("/healthz", "ok")]
    [TestCase("/livez/ping", "ok")]
    [TestCase("/readyz/poststarthook/rbac/bootstrap-roles", "ok")]
    [TestCase("/readyz?verbose&exclude=etcd", "[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n")]
    public void The_server_tells_how_it_feels(string url, string begin)
    {
        var answer = Get(url);
        Assert.That((answer.Code, answer.ContentType), Is.EqualTo(
            (200, "text/plain; charset=utf-8")));
        Assert.That($"{answer.Body}", Does.StartWith(begin));
        Assert.That($"{answer.Body}", Does.EndWith(begin == "ok" ? "ok" : "readyz check passed\n"));
    }

    [Test]
    public void Without_a_quorum_the_server_is_not_well()
    {
        var cluster = new Cluster(etcd: 3);
        foreach (var member in cluster.Etcd.Members.Take(2))
        {
            cluster.Faults.Crash(member.Name);
        }
        var answer = cluster.Serve(new("GET", "/healthz"));
        Assert.That((answer.Code, $"{answer.Body}".Contains("[-]etcd failed: reason withheld\n")),
            Is.EqualTo((500, true)), $"{answer.Body}");
    }

    [Test]
    public void Where_there_is_nothing_the_server_tells_where_there_is()
    {
        var answer = Get("/nothing");
        Assert.That(answer.Code, Is.EqualTo(404));
        Assert.That(answer.Body!["paths"]!.AsArray().Select(p => $"{p}"), Is.SupersetOf(
            (string[])["/api/v1", "/apis/apps/v1", "/livez/etcd", "/openapi/v3", "/version"]));
    }

    [Test]
    public void Who_may_not_read_a_page_is_told_so()
    {
        var cluster = new Cluster(nodes: 1);
        HttpAnswer Ask(string url, UserInfo user) =>
            cluster.Serve(new("GET", url) { User = user });
        Assert.That(Ask("/version", UserInfo.Anonymous).Code, Is.EqualTo(200));
        Assert.That(Ask("/apis", UserInfo.Person("jane")).Code, Is.EqualTo(200));
        var refused = Ask("/apis", UserInfo.Anonymous);
        Assert.That((refused.Code, $"{refused.Body!["message"]}"), Is.EqualTo((403,
            "forbidden: User \"system:anonymous\" cannot get path \"/apis\"")));
    }
}
