using System.Text;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Many watches at once.</summary>
public sealed class ServeLoadTests : ServeFixture
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    [TestCase(10, 100)]
    [TestCase(1000, 10_000, Category = "Long", Explicit = true, Reason = "minutes")]
    public async Task Nothing_is_lost_and_nothing_out_of_order(int watches, int pods)
    {
        Serve(with: new() { SlowReader = TimeSpan.FromMinutes(5) });
        Cluster.RunUntil(c => c.Find<ServiceAccount>("default", "default") is not null);
        var client = Client();
        var url = $"{Pods}?watch=1&resourceVersion={Cluster.Revision}";
        var streams = await Task.WhenAll(Enumerable.Range(0, watches).Select(async _ =>
            await (await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead))
                .EnsureSuccessStatusCode().Content.ReadAsStreamAsync()));
        var reading = Task.WhenAll(streams.Select(stream => Task.Run(() => Read(stream, pods))));
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            for (var i = 0; (i = Interlocked.Increment(ref next)) <= pods;)
            {
                var (code, _) = await Send(client, "POST", Pods, NewPod($"p-{i}"));
                Assert.That(code, Is.EqualTo(201));
            }
        }));
        var seen = await reading;
        var stored = Cluster.List<Pod>().Select(p => p.Metadata.ResourceVersion.Value).Order();
        Assert.That(seen[0], Is.EqualTo(stored));
        Assert.That(seen, Is.All.EqualTo(seen[0]), "every watch the same, in order");
    }

    // The revisions of so many lines. An object says its own among the first of its fields.
    private static async Task<List<long>> Read(Stream stream, int lines)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, false, 1 << 16);
        var revisions = new List<long>(lines);
        while (revisions.Count < lines && await reader.ReadLineAsync() is { } line)
        {
            const string Field = "\"resourceVersion\":\"";
            var at = line.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
            revisions.Add(long.Parse(line.AsSpan(at, line.IndexOf('"', at) - at)));
        }
        return revisions;
    }

    private static string NewPod(string name) => $$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},"spec":
        {"containers":[{"name":"main","image":"nginx:1.27"}]}}
        """;
}
