using System.Net;
using System.Security.Cryptography.X509Certificates;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

public sealed class ServeTests : ServeFixture
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    [TestCase("1.1")]
    [TestCase("2.0")]
    public async Task Both_versions_of_http_reach_the_cluster(string version)
    {
        Serve();
        var (code, nodes) = await Send(Client(version: version), "GET", "/api/v1/nodes");
        Assert.That((code, nodes["items"]!.AsArray().Count), Is.EqualTo((200, 3)));
    }

    [Test]
    public async Task A_certificate_or_a_token_says_who_asks()
    {
        Serve(with: new() { Token = "let-me-in" });
        var (stranger, admin) = (Client(certificate: false), Client());
        var (nobody, refusal) = await Send(stranger, "GET", "/api/v1/pods");
        var (bearer, _) = await Send(stranger, "GET", "/api/v1/pods", null,
            ("Authorization", "Bearer let-me-in"));
        var (certified, _) = await Send(admin, "GET", "/api/v1/pods");
        Assert.Multiple(() =>
        {
            Assert.That((nobody, bearer, certified), Is.EqualTo((403, 200, 200)));
            Assert.That((string?)refusal["message"], Is.EqualTo("pods is forbidden: User "
                + "\"system:anonymous\" cannot list resource \"pods\" in API group \"\" at the "
                + "cluster scope"));
        });
    }

    [Test]
    public async Task A_certificate_of_another_cluster_is_worth_nothing()
    {
        Serve();
        var mine = Client();
        using var other = new Credentials(IPAddress.Loopback);
        var (certificate, key) = other.Client(UserInfo.Admin);
        using var forged = KubeconfigClient.Open(
            Server.Kubeconfig, shown: X509Certificate2.CreateFromPem(certificate, key));
        Assert.That((await Send(forged, "GET", "/api/v1/nodes")).Code, Is.EqualTo(401));
        Assert.That((await Send(mine, "GET", "/api/v1/nodes")).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task A_paused_cluster_takes_writes_and_waits_for_a_step()
    {
        Serve();
        var client = Client();
        using var watch = await Watch(client, Deployments + "?watch=1&resourceVersion=0");
        var manifest = Json.Encode(Manifest.Read(Web(3), "web.yaml", KindRegistry.BuiltIn)[0]
            .Object!).ToJsonString();
        Assert.That((await Send(client, "POST", Deployments, manifest)).Code, Is.EqualTo(201));
        Assert.That(await watch.Said(), Is.EqualTo("ADDED web"), "at commit, paused too");
        Assert.That((Cluster.StepCount, Cluster.List<ReplicaSet>().Count), Is.EqualTo((0L, 0)));
        var (_, steps) = await Send(client, "POST", "/sim/step?count=2");
        Assert.That(steps["steps"]!.AsArray().Count, Is.EqualTo(2));
        Assert.That(Cluster.List<ReplicaSet>(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_watch_sees_what_a_cell_does()
    {
        Serve();
        using var watch = await Watch(
            Client(), $"{Maps}?watch=1&resourceVersion={Cluster.Revision}");
        Cluster.Create(new ConfigMap { Metadata = new() { Name = "a", Namespace = "default" } });
        Assert.That(await watch.Said(), Is.EqualTo("ADDED a"));
        Cluster.Delete(new ObjectKey(Kinds.ConfigMap, "default", "a"));
        Assert.That(await watch.Said(), Is.EqualTo("DELETED a"));
    }

    [Test]
    public async Task A_rewind_ends_watches_with_410()
    {
        Serve();
        Cluster.Apply(Web(1));
        Cluster.Steps(5);
        using var watch = await Watch(
            Client(), $"{Maps}?watch=1&resourceVersion={Cluster.Revision}");
        Cluster.Rewind(3);
        Assert.That(await watch.Said(), Is.EqualTo("ERROR 410"));
        Assert.That(await watch.Next(), Is.Null, "and then the stream ends");
    }

    [Test]
    public async Task A_cell_that_runs_for_long_keeps_no_client_waiting()
    {
        Serve();
        Cluster.Apply(Web(1).Replace("nginx:1.27", "busybox:exit-1-1", StringComparison.Ordinal));
        var client = Client();
        using var watch = await Watch(client, "/api/v1/pods?watch=1");
        var begun = new TaskCompletionSource();
        var asked = begun.Task.ContinueWith(async _ =>
        {
            var first = await Send(client, "POST", Maps, NewMap("asked"));
            return (first.Code, await watch.Said());
        }, TaskScheduler.Default).Unwrap();
        // A pod that fails again and again: the run has no end of its own.
        var result = await Task.Run(() => Cluster.RunUntil(_ =>
        {
            begun.TrySetResult();
            return asked.IsCompleted;
        }, TimeSpan.FromDays(400)));
        Assert.That(result.Met, "answered while the cell ran");
        var (code, said) = await asked;
        Assert.That(code, Is.EqualTo(201));
        Assert.That(said, Does.StartWith("ADDED web-"));
    }

    [Test]
    public async Task What_was_served_can_be_lived_again()
    {
        Serve("max");
        var client = Client();
        foreach (var i in Enumerable.Range(0, 30))
        {
            await Send(client, "POST", Maps, NewMap($"m-{i}"));
            await Send(client, "POST", Maps, "{\"kind\":");
            if (i % 10 == 0)
            {
                Cluster.Apply(Web(i / 10));
            }
        }
        Server.Dispose();
        Assert.That(Cluster.Fork().Digest, Is.EqualTo(Cluster.Digest));
        Assert.That(Cluster.Journal, Has.Count.EqualTo(33), "what was refused is no input");
    }

    [Test]
    public async Task Time_goes_on_by_itself_and_why_names_the_client()
    {
        Serve("10x");
        var client = Client();
        var manifest = Json.Encode(Manifest.Read(Web(3), "web.yaml", KindRegistry.BuiltIn)[0]
            .Object!).ToJsonString();
        await Send(client, "POST", Deployments, manifest, ("User-Agent", "kubectl/v1.36.2 (x)"));
        for (var i = 0; i < 200 && Cluster.List<Pod>().Count(p => p.IsReady) < 3; i++)
        {
            await Task.Delay(50);
        }
        var pods = Cluster.List<Pod>();
        Assert.That(pods.Count(p => p.IsReady), Is.EqualTo(3));
        Assert.That(Cluster.Why(pods[0]).Links[0].Who, Is.EqualTo("create "
            + "/apis/apps/v1/namespaces/default/deployments by kubernetes-admin with "
            + "kubectl/v1.36.2"));
        var (code, why) = await Send(
            client, "GET", $"/sim/why?kind=Pod&name={pods[0].Metadata.Name}");
        Assert.That(code, Is.EqualTo(200));
        Assert.That((string?)why["links"]![0]!["who"], Does.EndWith("with kubectl/v1.36.2"));
    }

    [Test]
    public async Task A_cluster_is_steered_from_outside_by_its_administrator_alone()
    {
        Serve();
        var client = Client();
        async Task<string> Post(string url)
        {
            var (code, body) = await Send(client, "POST", url);
            return $"{code} {(code == 200 ? body["time"] ?? body["speed"] : body["message"])}";
        }
        var start = Cluster.Now;
        Assert.That(await Post("/sim/run?for=30s"), Does.StartWith("200"));
        Assert.That(Cluster.Now - start, Is.EqualTo(TimeSpan.FromSeconds(30)));
        Assert.That(await Post("/sim/converge"), Does.StartWith("200"));
        Assert.That(await Post("/sim/fault?op=crash&target=node-2"), Does.StartWith("200"));
        await Post("/sim/run?for=2m");
        Assert.That(Cluster.Get<Node>("node-2").IsReady, Is.False);
        Assert.That(await Post("/sim/fault?op=crash&target=node-9"), Does.StartWith("400"));
        Assert.That(await Post("/sim/fault?op=melt&target=node-2"),
            Does.StartWith("400 op: there is no fault \"melt\"; there are crash, "));
        Assert.That(await Post("/sim/run?for=soon"),
            Is.EqualTo("400 for: \"soon\" is no duration; write 250ms, 5s or 1h30m"));
        Assert.That(await Post("/sim/dance"), Does.StartWith("404 there is no POST /sim/dance"));
        await Post("/sim/speed?to=10x");
        Assert.That(Server.Speed, Is.EqualTo("10x"));
        var (code, refusal) = await Send(Client(certificate: false), "GET", "/sim/status");
        Assert.That($"{code} {refusal["message"]}", Is.EqualTo(
            "403 forbidden: User \"system:anonymous\" cannot get path \"/sim/status\""));
    }

    [Test]
    public void A_mistake_of_a_component_stops_the_clock_and_is_told()
    {
        var cluster = new Cluster();
        cluster.AddComponent("broken", () => new Broken());
        Serve("max", cluster);
        Assert.That(() => Server.Failure, Does.Contain("a mistake").After(10_000, 20));
        Assert.That(Server.Speed, Is.EqualTo("paused"));
    }

    [Test]
    public async Task What_is_large_is_packed_for_those_who_ask()
    {
        Serve();
        var value = new string('x', 10_000);
        foreach (var i in Enumerable.Range(0, 20))
        {
            Cluster.Create(new ConfigMap
            {
                Metadata = new() { Name = $"m-{i}", Namespace = "default" },
                Data = Map.Of(("a", value)),
            });
        }
        async Task<(string? Encoding, long? Length)> Get(string url, bool packed)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url) { Version = new(2, 0) };
            request.Headers.AcceptEncoding.ParseAdd(packed ? "gzip" : "identity");
            using var response = await Client().SendAsync(request);
            return (response.Content.Headers.ContentEncoding.SingleOrDefault(),
                (await response.Content.ReadAsByteArrayAsync()).Length);
        }
        var (plain, size) = await Get(Maps, packed: false);
        var (packed, less) = await Get(Maps, packed: true);
        Assert.That((plain, packed, (await Get(Maps + "/m-1", packed: true)).Encoding),
            Is.EqualTo(((string?)null, "gzip", (string?)null)));
        Assert.That(size, Is.GreaterThan(200_000));
        Assert.That(less, Is.LessThan(20_000));
        var (code, list) = await Send(Client(unpack: DecompressionMethods.GZip), "GET", Maps);
        Assert.That((code, list["items"]!.AsArray().Count), Is.EqualTo((200, 21)),
            "and kube-root-ca.crt");
    }

    [Test]
    public void A_kubeconfig_of_somebody_else_stays()
    {
        var path = Path.Combine(Folder, "kubeconfig");
        File.WriteAllText(path, "apiVersion: v1\n");
        Assert.That(() => Serve(), Throws.ArgumentException.With.Message.Contains("--force"));
        Assert.That(File.ReadAllText(path), Is.EqualTo("apiVersion: v1\n"));
        Serve(with: new() { Force = true });
        Assert.That(File.ReadAllText(path), Does.Contain("client-key-data"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.That(File.GetUnixFileMode(path),
                Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
        Server.Dispose();
        Assert.That(File.Exists(path), Is.False, "it opens nothing any more");
    }

    [Test]
    public void A_port_that_is_taken_is_told()
    {
        Serve();
        Assert.That(() => ClusterServer.Start(new(), new()
        {
            Port = Server.Address.Port, Kubeconfig = Path.Combine(Folder, "other"),
        }), Throws.ArgumentException.With.Message.Contains($"port {Server.Address.Port}"));
        Assert.That(() => Speed.Parse("fast"), Throws.ArgumentException);
        Assert.That($"{Server}", Does.Contain($"kubectl --kubeconfig {Server.Kubeconfig} get"));
    }

    private sealed class Broken : IReconciler
    {
        public string Name => "broken";

        public Seq<Watched> Watches => [new(Kinds.Node)];

        public Result Reconcile(ObjectKey key, ReconcileContext api) =>
            throw new InvalidOperationException("a mistake");
    }
}
