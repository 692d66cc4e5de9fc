using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using KubeSim;
using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Clients that mean no good, or break: they are answered or dropped, and the cluster is
/// what it would have been without them.</summary>
public sealed class ServeHostileTests : ServeFixture
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Test]
    public async Task Hostile_clients_leave_the_cluster_as_it_was()
    {
        Serve();
        var twin = new Cluster(seed: 7);
        var client = Client();
        Cluster.Apply(Web(3));
        twin.Apply(Web(3));
        Task[] hostile =
        [
            .. Enumerable.Range(0, 5).Select(i => Noise(i, encrypted: i % 2 == 0)),
            Half("GET /api/v1/pods HTTP/1.1\r\nHo"),
            Half($"POST {Maps} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{\"kind\":"),
            Half("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\u0001garbage"),
            .. Enumerable.Range(0, 5).Select(_ => KilledWatch()),
            Half($"GET {Maps} HTTP/1.1\r\nHost: x\r\n{new string('a', 200_000)}: b\r\n\r\n"),
        ];
        await Task.WhenAll(hostile);
        foreach (var (method, url, body, type) in (IEnumerable<(string, string, string, string)>)
            [("POST", Maps, "{", "application/json"),
            ("POST", Maps, new string('[', 100_000), "application/json"),
            ("POST", Maps, NewMap("a"), "text/plain"),
            ("POST", Maps, NewMap("a"), "application/vnd.kubernetes.protobuf"),
            ("PATCH", Maps + "/kube-root-ca.crt", "{}", "application/xml"),
            ("POST", Maps, "\0\u0001\uffff", "application/json"),
            ("PUT", Maps + "/..%2f..%2fetc%2fpasswd", NewMap("a"), "application/json"),
            ("BREW", Maps, "", "application/json"),
            ("GET", "/%00/%ff", "", ""), ("GET", "/api//v1///pods?limit=-1&watch=%zz", "", ""),
            ("POST", "/sim/step?count=99999999999", "", ""),
            ("POST", "/sim/", "", ""), ("GET", "/sim/why?kind=%00", "", "")])
        {
            Assert.That(await Code(client, method, url, body, type),
                Is.InRange(400, 499), $"{method} {url} {type}");
        }
        Assert.That((await Send(client, "GET", "/api/v1/nodes")).Code, Is.EqualTo(200));
        Cluster.Converge();
        twin.Converge();
        Assert.That(Cluster.Digest, Is.EqualTo(twin.Digest));
        Assert.That(() => OpenWatches(client), Is.Zero.After(10_000, 100));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_body_of_100_MB_is_refused_in_the_real_words(bool lengthTold)
    {
        Serve();
        using var content = new StreamContent(new Zeros(100_000_000));
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentLength = lengthTold ? 100_000_000 : null;
        using var request = new HttpRequestMessage(HttpMethod.Post, Maps)
        {
            Content = content, Version = new(2, 0),
        };
        using var response = await Client().SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.That((int)response.StatusCode, Is.EqualTo(413));
        Assert.That(answer, Does.Contain("Request entity too large: limit is 3145728"));
    }

    [Test]
    public async Task A_reader_that_does_not_read_is_dropped_and_the_others_miss_nothing()
    {
        Serve(with: new()
        {
            SlowReader = TimeSpan.FromMilliseconds(500), Token = "let-me-in",
        });
        var client = Client();
        var url = $"{Maps}?watch=1&resourceVersion={Cluster.Revision}";
        using var good = await Watch(client, url);
        using var stuck = await Raw(encrypted: true);
        await stuck.WriteAsync(Encoding.ASCII.GetBytes($"GET {url} HTTP/1.1\r\nHost: x\r\n"
            + "Authorization: Bearer let-me-in\r\n\r\n"));
        Assert.That(() => OpenWatches(client), Is.EqualTo(2).After(10_000, 50));
        var value = new string('x', 20_000);
        var reading = Task.Run(async () =>
        {
            for (var i = 0; i < 3000; i++)
            {
                Assert.That(await good.Said(), Is.EqualTo($"ADDED m-{i}"));
            }
        });
        for (var i = 0; i < 3000; i++)
        {
            Cluster.Create(new ConfigMap
            {
                Metadata = new() { Name = $"m-{i}", Namespace = "default" },
                Data = Map.Of(("a", value)),
            });
        }
        await reading;
        Assert.That(() => OpenWatches(client), Is.EqualTo(1).After(20_000, 100));
    }

    [Test]
    public async Task Too_many_at_once_are_told_when_to_come_back()
    {
        Serve(with: new() { MostWatches = 2 });
        var client = Client();
        using var one = await Watch(client, Maps + "?watch=1");
        using var two = await Watch(client, Maps + "?watch=1");
        using var three = await client.GetAsync(Maps + "?watch=1");
        Assert.That((int)three.StatusCode, Is.EqualTo(429));
        Assert.That(three.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
        one.Dispose();
        Assert.That(() => OpenWatches(client), Is.EqualTo(1).After(10_000, 50));
        using var again = await Watch(client, Maps + "?watch=1");
    }

    [Test]
    public async Task A_request_that_nobody_gets_to_is_told_504()
    {
        Serve(with: new() { Patience = TimeSpan.FromMilliseconds(300) });
        var client = Client();
        // Whoever looks with Still keeps the cluster from everybody else.
        var answer = Cluster.Still(_ => Send(client, "POST", Maps, NewMap("late")).Result);
        Assert.That((answer.Code, (string?)answer.Body["reason"]), Is.EqualTo((504, "Timeout")));
        await Send(client, "GET", Maps);
        Assert.That(Cluster.Find<ConfigMap>("default", "late"), Is.Null, "what was given up");
    }

    private static int OpenWatches(HttpClient client) =>
        (int)Send(client, "GET", "/sim/status").Result.Body["watches"]!;

    private static async Task<int> Code(
        HttpClient client, string method, string url, string body, string type)
    {
        using var request = new HttpRequestMessage(new(method), url)
        {
            Version = client.DefaultRequestVersion,
        };
        if (type.Length > 0)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new(type);
        }
        try
        {
            using var response = await client.SendAsync(request);
            return (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 400; // Dropped: as good as an answer.
        }
    }

    private async Task<Stream> Raw(bool encrypted)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Server.Address.Host, Server.Address.Port);
        var plain = new NetworkStream(socket, ownsSocket: true);
        if (!encrypted)
        {
            return plain;
        }
        var tls = new SslStream(plain);
        var options = KubeconfigClient.Tls(Server.Kubeconfig);
        options.TargetHost = "localhost";
        await tls.AuthenticateAsClientAsync(options);
        return tls;
    }

    private async Task Noise(int seed, bool encrypted)
    {
        var bytes = new byte[50_000];
        new Random(seed).NextBytes(bytes);
        try
        {
            using var stream = await Raw(encrypted);
            await stream.WriteAsync(bytes);
            await stream.ReadAtLeastAsync(new byte[1000], 1, throwOnEndOfStream: false);
        }
        catch (IOException)
        {
            // Dropped: as good as an answer.
        }
    }

    private async Task Half(string text)
    {
        try
        {
            using var stream = await Raw(encrypted: true);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(text));
            await Task.Delay(100);
        }
        catch (IOException)
        {
            // Dropped before all was said.
        }
    }

    private async Task KilledWatch()
    {
        using var stream = await Raw(encrypted: true);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /api/v1/nodes?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n"));
        await stream.ReadAtLeastAsync(new byte[100], 1, throwOnEndOfStream: false);
    }

    private sealed class Zeros(long left) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var n = (int)Math.Min(left, count);
            buffer.AsSpan(offset, n).Fill((byte)' ');
            left -= n;
            return n;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) =>
            throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) =>
            throw new NotSupportedException();
    }
}
