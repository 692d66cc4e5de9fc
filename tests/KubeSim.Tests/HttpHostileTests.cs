using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Whatever comes to the door, it is answered: by a Status, in plain text, or by the list
/// of what there is.</summary>
public sealed class HttpHostileTests
{
    private static readonly string[] words =
    [
        "", "/", "//", "api", "apis", "v1", "v9", "apps", "namespaces", "default", "pods", "a",
        "..", ".", "%2e%2e", "%", "%zz", "%00", "%2f", "proxy", "log", "status", "scale", "watch",
        "exec", "services", "nodes", "http:a:80", "::::", "openapi", "v2", "v3", "healthz",
        "metrics.k8s.io", "v1beta1", "\u00e9", "%ff", " ", "deployments", "99999999999999999999",
    ];

    private static readonly string[] queries =
    [
        "", "?", "?&&&=", "?limit=99999999999999999999", "?limit=-1", "?limit=1&limit=x", "?%=%",
        "?watch", "?watch=1&watch=0", "?labelSelector=%zz", "?labelSelector=((", "?a;b=c",
        "?fieldSelector=%00", "?resourceVersion=-1", "?timeoutSeconds=1e9", "?continue=%ff%ff",
        "?tailLines=99999999999999999999", "?sinceTime=x&follow=1", "?hash=x", "?exclude=",
        "?gracePeriodSeconds=-9223372036854775808", "?dryRun=All&dryRun=x", "?pretty=%00",
        "?sinceSeconds=9223372036854775807", "?tailLines=9223372036854775807&limitBytes=1",
    ];

    private static readonly string?[] bodies =
    [
        null, "", "{", "[]", "null", "\0", "{\"a\":1,\"a\":2}", "\ud800", "- a: &x [*x]",
        "{\"kind\":1}", new string('[', 5000), "a: b: c", "{\"metadata\":{\"name\":\"a\"}}",
    ];

    private static readonly string?[] types =
        [null, "application/json", "application/yaml", "application/apply-patch+yaml", ";;", "x",
            "application/merge-patch+json", "application/json-patch+json;charset=utf-8"];

    private static readonly string?[] accepts =
        [null, "*/*;q=x", ",,;=", "application/json;as=Table;g=meta.k8s.io;v=v1",
            "application/json;as=APIGroupDiscoveryList;g=apidiscovery.k8s.io;v=v2"];

    [TestCase(3_000)]
    public void Every_call_has_an_answer(int calls)
    {
        var cluster = new Cluster(nodes: 1);
        cluster.AddOn("metrics-server");
        cluster.Converge();
        var random = new Prng(1);
        T One<T>(T[] of) => of[random.Next(of.Length)];
        for (var i = 0; i < calls; i++)
        {
            var start = One(["/", "/api/v1/", "/apis/apps/v1/", "/api/v1/namespaces/default/",
                "/apis/metrics.k8s.io/v1beta1/", "/api/v1/namespaces/default/pods/a/"]);
            var path = start + string.Join('/', Enumerable.Range(0, random.Next(5))
                .Select(_ => One(words)));
            var call = new HttpCall(One(["GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD",
                "\u00fc"]), path + One(queries))
            {
                Body = One(bodies), ContentType = One(types), Accept = One(accepts),
                Token = random.Next(50) == 0 ? One(["", ".", "a.b.c", "\u00e9"]) : null,
            };
            var answer = cluster.Serve(call);
            using var watch = answer.Watch;
            var text = string.Concat(answer.Bytes().Select(b =>
                System.Text.Encoding.UTF8.GetString(b.Span)));
            var said = answer.Body is JsonObject body && answer.Code >= 400
                ? body["paths"] is JsonArray || ($"{body["kind"]}" == "Status"
                    && (int?)body["code"] == answer.Code)
                : answer.Code < 400 || answer.ContentType.StartsWith("text/plain",
                    StringComparison.Ordinal);
            Assert.That(said, Is.True, $"{call}\n{answer.Code} {text}");
        }
    }
}
