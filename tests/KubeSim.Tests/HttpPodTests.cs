using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>What the API server passes on: to kubelets, to pods, and to the metrics
/// server.</summary>
public sealed class HttpPodTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Services = "/api/v1/namespaces/default/services";
    private const string Metrics = "/apis/metrics.k8s.io/v1beta1";

    private const string Hello = "Hello, world!\nVersion: 1.0.0\nHostname: hello\n";

    private const string Manifest = """
        {apiVersion: v1, kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {containers: [
         {name: main, image: nginx, ports: [{containerPort: 80}],
          command: [sh, -c, "echo one; echo two; sleep 60; echo three; sleep 1000"]}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: two}, spec: {containers: [
         {name: a, image: nginx}, {name: b, image: nosuch}],
         initContainers: [{name: init, image: busybox}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web},
         spec: {selector: {app: web}, ports: [{port: 80}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: hello, labels: {app: hello}},
         spec: {containers: [{name: main, image: "gcr.io/google-samples/hello-app:1.0",
                              ports: [{containerPort: 8080}]}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: hello},
         spec: {selector: {app: hello}, ports: [{port: 80, targetPort: 8080}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: none},
         spec: {selector: {app: none}, ports: [{port: 80}]}}
        """;

    private static readonly Lazy<Cluster> shared = new(New);

    private static Cluster New()
    {
        var cluster = new Cluster(nodes: 2);
        cluster.Apply(Manifest);
        cluster.Run(TimeSpan.FromSeconds(30));
        return cluster;
    }

    private static (int Code, string Text) Ask(string url, string method = "GET")
    {
        var answer = shared.Value.Serve(new(method, url));
        return (answer.Code, $"{(answer.Body as System.Text.Json.Nodes.JsonObject)?["message"]
            ?? answer.Body}");
    }

    [TestCase("web/log", 200, "one\ntwo\n")]
    [TestCase("web/log?tailLines=1", 200, "two\n")]
    [TestCase("web/log?tailLines=0", 200, "")]
    [TestCase("web/log?limitBytes=6", 200, "one\ntw")]
    [TestCase("web/log?container=main&sinceSeconds=1", 200, "")]
    [TestCase("web/log?sinceTime=2025-01-01T00:00:00Z", 200, "one\ntwo\n")]
    [TestCase("web/log?container=x", 400, "container x is not valid for pod web")]
    [TestCase("web/log?previous=true", 400,
        "previous terminated container \"main\" in pod \"web\" not found")]
    [TestCase("web/log?tailLines=-1&limitBytes=0", 422, "PodLogOptions \"web\" is invalid: "
        + "[tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid "
        + "value: 0: must be greater than 0]")]
    [TestCase("web/log?tailLines=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [TestCase("two/log", 400, "a container name must be specified for pod two, choose one of: [a b]"
        + " or one of the init containers: [init]")]
    [TestCase("two/log?container=b", 400, "container \"b\" in pod \"two\" is waiting to start: "
        + "trying and failing to pull image")]
    [TestCase("none/log", 404, "pods \"none\" not found")]
    public void A_log_is_read_from_the_machine(string url, int code, string text) =>
        Assert.That(Ask($"{Pods}/{url}"), Is.EqualTo((code, text)));

    [Test]
    public void A_line_can_say_its_time() => Assert.That(
        Ask($"{Pods}/web/log?timestamps=true").Text,
        Does.Match(@"^2025-01-01T00:00:0\d\.\d{9}Z one\n2025-01-01T00:00:0\d\.\d{9}Z two\n$"));

    [Test]
    public void A_log_is_followed_until_its_container_ends()
    {
        var cluster = New();
        var log = cluster.Serve(new("GET", $"{Pods}/web/log?follow=true&tailLines=1")).Log!;
        Assert.That((log.Take(), log.Take(), log.Ended), Is.EqualTo(("two\n", "", false)));
        cluster.Run(TimeSpan.FromSeconds(60));
        Assert.That((log.Take(), log.Ended), Is.EqualTo(("three\n", false)));
        cluster.Serve(new("DELETE", $"{Pods}/web?gracePeriodSeconds=0"));
        cluster.Run(TimeSpan.FromSeconds(60));
        Assert.That((log.Take(), log.Ended), Is.EqualTo(("", true)));
    }

    [TestCase("services/hello/proxy/", 200, Hello)]
    [TestCase("services/http:hello:80/proxy/a/b?c=d", 200, Hello)]
    [TestCase("services/web:81/proxy/", 503, "no service port 81 found for service \"web\"")]
    [TestCase("services/none/proxy/", 503, "no endpoints available for service \"none\"")]
    [TestCase("services/nope/proxy/", 404, "services \"nope\" not found")]
    [TestCase("services/a:b:c:d/proxy/", 400, "invalid service request \"a:b:c:d\"")]
    [TestCase("pods/hello/proxy/", 200, Hello)]
    [TestCase("pods/hello:8080/proxy/x", 200, Hello)]
    [TestCase("pods/nope/proxy/", 404, "pods \"nope\" not found")]
    public void A_proxy_leads_to_a_pod(string path, int code, string text) =>
        Assert.That(Ask($"/api/v1/namespaces/default/{path}"), Is.EqualTo((code, text)));

    [Test]
    public void A_proxy_without_a_path_leads_to_the_root()
    {
        var answer = shared.Value.Serve(new("GET", $"{Services}/web/proxy"));
        Assert.That((answer.Code, answer.Headers.Get("Location")),
            Is.EqualTo((301, $"{Services}/web/proxy/")));
    }

    [TestCase("exec?command=ls")]
    [TestCase("attach")]
    [TestCase("portforward")]
    public void What_needs_a_stream_both_ways_says_so(string sub)
    {
        var (code, text) = Ask($"{Pods}/web/{sub}", "POST");
        Assert.That((code, text[..text.IndexOf(' ')]), Is.EqualTo((501, sub.Split('?')[0])));
    }

    [Test]
    public void Nobody_reads_a_log_who_may_not()
    {
        var answer = shared.Value.Serve(new("GET", $"{Pods}/web/log")
        {
            User = UserInfo.Person("jane"),
        });
        Assert.That((answer.Code, $"{answer.Body!["message"]}"), Is.EqualTo((403,
            "pods \"web\" is forbidden: User \"jane\" cannot get resource \"pods/log\" in API "
            + "group \"\" in the namespace \"default\"")));
    }

    [Test]
    public void Metrics_are_there_while_the_metrics_server_is()
    {
        var cluster = New();
        string Get(string url)
        {
            var answer = cluster.Serve(new("GET", url));
            return $"{answer.Code} {answer.Body!.ToJsonString()}";
        }
        Assert.That(Get($"{Metrics}/nodes"), Is.EqualTo("404 \"404 page not found\\n\""));
        cluster.AddOn("metrics-server");
        Assert.That(Get($"{Metrics}/nodes"), Is.EqualTo("503 \"service unavailable\\n\""));
        Assert.That(Get("/apis"), Does.Contain("metrics.k8s.io/v1beta1"));
        cluster.Converge();
        cluster.Metrics("default", "app=web", cpu: "250m", memory: "64Mi");
        cluster.Run(TimeSpan.FromSeconds(15));
        Assert.That(Get(Metrics), Does.Contain("\"kind\":\"PodMetrics\""));
        Assert.That(Get($"{Metrics}/namespaces/default/pods/web"), Does.Contain(
            """
            "containers":[{"name":"main","usage":{"cpu":"250m","memory":"64Mi"}}]
            """));
        var node = cluster.Get<Pod>("web").Spec.NodeName;
        Assert.That(Get($"{Metrics}/nodes/{node}"),
            Does.Contain("""
            "usage":{"cpu":"250m","memory":"64Mi"}
            """).And.Contain("NodeMetrics"));
        Assert.That(Get($"{Metrics}/pods?labelSelector=app%3Dnone"), Does.EndWith("\"items\":[]}"));
        Assert.That(Get($"{Metrics}/namespaces/default/pods/x"), Does.StartWith("404 ").And
            .Contain("podmetrics.metrics.k8s.io \\u0022default/x\\u0022 not found"));
    }
}
