using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>A cluster served on a free port, and clients that read its kubeconfig.</summary>
public abstract class ServeFixture
{
    private readonly List<IDisposable> open = [];

    protected string Folder { get; private set; } = "";

    protected Cluster Cluster { get; private set; } = null!;

    protected ClusterServer Server { get; private set; } = null!;

    protected static string Web(int replicas) => $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: nginx, image: "nginx:1.27"}]}

        """;

    [SetUp]
    public void MakeFolder() =>
        Folder = Directory.CreateTempSubdirectory("kube-notebooks-").FullName;

    [TearDown]
    public void StopServer()
    {
        Server?.Dispose();
        open.ForEach(o => o.Dispose());
        open.Clear();
        Directory.Delete(Folder, recursive: true);
    }

    protected void Serve(
        string speed = "paused", Cluster? cluster = null, ServeOptions? with = null)
    {
        Cluster = cluster ?? new(seed: 7);
        Server = ClusterServer.Start(Cluster, (with ?? new()) with
        {
            Speed = speed, Kubeconfig = Path.Combine(Folder, "kubeconfig"),
        });
    }

    /// <summary>A client that trusts what the kubeconfig trusts.</summary>
    protected HttpClient Client(
        bool certificate = true, string version = "2.0", DecompressionMethods unpack = default)
    {
        var client = KubeconfigClient.Open(Server.Kubeconfig, certificate, version, unpack);
        open.Add(client);
        return client;
    }

    protected static async Task<(int Code, JsonNode Body)> Send(
        HttpClient client, string method, string url, string? body = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), url)
        {
            Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy,
        };
        request.Headers.Add("Accept", "application/json");
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, method == "PATCH"
                ? "application/strategic-merge-patch+json" : "application/json");
        }
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)! : text);
    }

    protected static string NewMap(string name) => $$$"""
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"}}
        """;

    /// <summary>A watch, to be read line by line.</summary>
    protected static async Task<LineReader> Watch(HttpClient client, string url)
    {
        var response = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead);
        Assert.That((int)response.StatusCode, Is.EqualTo(200));
        return new(response, await response.Content.ReadAsStreamAsync());
    }

    protected sealed class LineReader(HttpResponseMessage response, Stream stream) : IDisposable
    {
        private readonly StreamReader reader = new(stream);

        /// <summary>The next line; null at the end.</summary>
        public async Task<JsonNode?> Next()
        {
            var line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
            return line is null ? null : JsonNode.Parse(line);
        }

        /// <summary>The next line in short: <c>ADDED web</c>.</summary>
        public async Task<string?> Said() => await Next() is not { } line ? null
            : $"{line["type"]} {line["object"]!["metadata"]?["name"] ?? line["object"]!["code"]}";

        public void Dispose()
        {
            reader.Dispose();
            response.Dispose();
        }
    }
}
