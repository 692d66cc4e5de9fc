using System.Net;
using KubeSim;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace KubeNotebooks;

/// <summary>
/// A cluster behind the Kubernetes API over HTTPS, for kubectl and every other client, while cells
/// go on working with it. Only this machine can reach it unless another address is said; a
/// certificate or token says who asks.
/// </summary>
/// <example><code>
/// using var server = cluster.Serve(speed: "10x");
/// server                                           // what to type in a terminal
/// </code></example>
public sealed class ClusterServer : IDisposable
{
    private readonly Pump pump;
    private readonly Credentials credentials;
    private readonly Kubeconfig kubeconfig;
    private readonly HttpDoor door;
    private readonly WebApplication host;
    private bool stopped;

    private ClusterServer(Cluster cluster, ServeOptions options, IPAddress listen)
    {
        var path = Path.GetFullPath(
            options.Kubeconfig ?? Path.Combine(".kubenotebooks", "kubeconfig"));
        KubeNotebooks.Kubeconfig.Check(path, options.Force);
        credentials = new(listen);
        pump = new(cluster, options);
        try
        {
            door = new(cluster, pump, credentials, options);
            host = WebHost.Start(new(listen, options.Port), Limit, https =>
            {
                https.ServerCertificate = credentials.Server;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                // A certificate of somebody else is told so by an answer, not by a broken line.
                https.AllowAnyClientCertificate();
            }, app => app.Run(door.Serve));
            Address = WebHost.AddressOf(host);
            kubeconfig = new(path, options.Force, Address, credentials);
        }
        catch
        {
            (host as IDisposable)?.Dispose();
            pump.Dispose();
            credentials.Dispose();
            throw;
        }
    }

    /// <summary>Where the API is.</summary>
    public Uri Address { get; }

    /// <summary>The file for <c>kubectl --kubeconfig</c>.</summary>
    public string Kubeconfig => kubeconfig.FilePath;

    /// <summary>How virtual time goes on: <c>paused</c>, <c>1x</c>, <c>10x</c>,
    /// <c>max</c>.</summary>
    /// <exception cref="ArgumentException">It is no speed.</exception>
    public string Speed
    {
        get => $"{pump.Speed}";
        set => pump.Speed = KubeNotebooks.Speed.Parse(value);
    }

    /// <summary>What stopped the clock: the message of a component or an invariant that failed;
    /// null when nothing did.</summary>
    public string? Failure => pump.Failure;

    /// <summary>Serves a cluster until it is disposed.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; nothing is served.</exception>
    /// <exception cref="InvalidOperationException">The cluster is served already.</exception>
    public static ClusterServer Start(Cluster cluster, ServeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        options ??= new();
        if (!IPAddress.TryParse(options.Listen, out var listen))
        {
            throw new ArgumentException($"\"{options.Listen}\" is no address to listen on");
        }
        try
        {
            return new(cluster, options, listen);
        }
        catch (Exception e) when (e is BadInputException or IOException)
        {
            throw new ArgumentException(e.Message, e);
        }
    }

    /// <summary>Stops: watches end, the kubeconfig goes, the cluster is the notebook's
    /// alone.</summary>
    public void Dispose()
    {
        if (stopped)
        {
            return;
        }
        stopped = true;
        door.Close();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
        {
            host.StopAsync(patience.Token).GetAwaiter().GetResult();
        }
        ((IDisposable)host).Dispose();
        pump.Dispose();
        kubeconfig.Dispose();
        credentials.Dispose();
        door.Dispose();
    }

    /// <summary>Where it is and what to try, as HTML, for a notebook.</summary>
    public string ToHtml() => ShownHtml.Pre(ToString());

    /// <summary>Where it is and what to try.</summary>
    public override string ToString() => stopped ? "stopped" : $"""
        serving {Address.AbsoluteUri.TrimEnd('/')}, speed {Speed}
        kubectl --kubeconfig {Kubeconfig} get nodes
        kubectl --kubeconfig {Kubeconfig} get pods -A --watch
        kubectl --kubeconfig {Kubeconfig} create --raw '/sim/step?count=10' -f /dev/null
        """;

    private static void Limit(KestrelServerOptions kestrel)
    {
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = HttpDoor.MostBytes;
        limits.MaxRequestLineSize = 64 * 1024;
        limits.MaxRequestHeadersTotalSize = 128 * 1024;
        limits.MaxRequestBufferSize = 256 * 1024;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.MaxConcurrentConnections = 10_000;
        limits.Http2.MaxStreamsPerConnection = 250;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
    }
}

/// <summary>A cluster served from a notebook.</summary>
public static class ServedClusters
{
    extension(Cluster cluster)
    {
        /// <summary>Serves the cluster to kubectl and other clients of this machine, until the
        /// answer is disposed. Cells go on working with it.</summary>
        /// <param name="speed">How virtual time goes on by itself: <c>paused</c>, <c>1x</c>,
        /// <c>10x</c>, <c>max</c>.</param>
        /// <param name="port">The port; 0 takes a free one.</param>
        /// <param name="kubeconfig">Where the kubeconfig is written;
        /// <c>.kubenotebooks/kubeconfig</c> by default.</param>
        /// <exception cref="ArgumentException">An option cannot be used.</exception>
        public ClusterServer Serve(
            string speed = "paused", int port = 0, string? kubeconfig = null) =>
            ClusterServer.Start(cluster, new()
            {
                Speed = speed, Port = port, Kubeconfig = kubeconfig,
            });
    }
}
