using System.Globalization;

namespace KubeSim;

/// <summary>Requests of HTTP, over connections, over packets.</summary>
public sealed partial class Cluster
{
    /// <summary>Sends an HTTP request on a connection of its own, as <c>curl URL</c> does, and
    /// takes the answer. What pods answer follows from their images (whoami and its like name
    /// themselves); an ingress controller asks a pod behind it. As
    /// <see cref="Send(string, string, int)"/>, it is no part of the run.</summary>
    /// <param name="from">A pod, a node, or <c>outside</c>.</param>
    /// <param name="url">Such as <c>http://web/path</c>; http:// may be left out.</param>
    /// <param name="headers">Headers of the request; Host among them stands for another
    /// site.</param>
    /// <example><c>cluster.Request("outside", "http://203.0.113.10/", ("Host", "shop.test"))</c>
    /// </example>
    /// <exception cref="ArgumentException">There is no such sender, or the address cannot be
    /// read.</exception>
    public HttpReply Request(
        string from, string url, params (string Name, string Value)[] headers)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        using var own = Own();
        var full = WithScheme(url);
        var slash = full.IndexOf('/', full.IndexOf("://", StringComparison.Ordinal) + 3);
        return Connect(from, full).Request(slash < 0 ? "/" : full[slash..], headers) with
        {
            Url = full,
        };
    }

    /// <summary>Opens a connection that is kept for many requests.</summary>
    /// <inheritdoc cref="Request(string, string, ValueTuple{string, string}[])"/>
    /// <param name="from">A pod, a node, or <c>outside</c>.</param>
    /// <param name="to">Such as <c>http://web</c> or <c>web:8080</c>.</param>
    public Connection Connect(string from, string to)
    {
        ArgumentException.ThrowIfNullOrEmpty(to);
        using var own = Own();
        return Connect(SenderOf(from), WithScheme(to));
    }

    private Connection Connect(Sender sender, string url)
    {
        var target = SendTarget.Parse(url);
        var trace = Send(sender, target, url);
        var arrived = trace.Hops.LastOrDefault(h => h.Verdict == Verdict.Deliver)?.After;
        return new(this, trace)
        {
            Host = target.Port == 80 ? target.Host : $"{target}", Arrived = arrived,
            Server = trace.Receiver is { } pod && arrived is not null
                ? ServerOf(pod, arrived) : null,
        };
    }

    private static string WithScheme(string url) =>
        url.Contains("://", StringComparison.Ordinal) ? url : $"http://{url}";

    /// <summary>What answers at the other end of a connection.</summary>
    /// <param name="Pod">The pod.</param>
    /// <param name="Node">Its machine.</param>
    /// <param name="Id">The container; empty when no runtime knows it.</param>
    /// <param name="Config">What the container was made from.</param>
    internal sealed record Served(ObjectKey Pod, string Node, string Id, ContainerConfig Config);

    internal HttpReply Answer(
        Connection by, string path, ReadOnlySpan<(string Name, string Value)> headers)
    {
        using var own = Own();
        var host = by.Host;
        var others = new Map<string>();
        foreach (var (name, value) in headers)
        {
            (host, others) = name.Equals("Host", StringComparison.OrdinalIgnoreCase)
                ? (value, others) : (host, others.Set(name, value));
        }
        var reply = new HttpReply
        {
            Url = $"http://{host}{path}", Traces = [by.Trace], ServedBy = by.Receiver,
        };
        if (!by.IsOpen)
        {
            return reply with { Error = Complaint(by), ServedBy = null };
        }
        if (by.Server is not { } server)
        {
            return reply with { Status = StatusOfNode(by.Arrived!) };
        }
        if (Broken(server) is { } broken)
        {
            return reply with { Error = broken, ServedBy = null };
        }
        var end = by.Arrived!;
        var ask = new HttpAsk(path, host, others,
            string.Create(CultureInfo.InvariantCulture, $"{end.Source}:{end.SourcePort}"))
        {
            Pod = server.Pod.Name, Ip = end.Destination, Port = end.DestinationPort, Now = Now,
        };
        if (IsIngressController(server.Config))
        {
            return Proxied(ask, server, reply);
        }
        var runtime = simulation.World.Machine(server.Node).Runtime;
        var (status, body) = runtime.IsSick(server.Id) ? (500, "")
            : ContainerServer.Answer(server.Config, ask);
        // A server that was told to stop says goodbye with its last answer.
        var isLast = server.Id.Length > 0 && !runtime.TakesConnections(server.Id);
        return reply with
        {
            Status = status, Body = body,
            Headers = isLast ? reply.Headers.Set("Connection", "close") : reply.Headers,
        };
    }

    // Why a connection that was opened carries nothing more; null when it does.
    private string? Broken(Served server)
    {
        var machine = simulation.World.Machine(server.Node);
        var runs = server.Id.Length == 0
            ? Find<Pod>(server.Pod.Namespace, server.Pod.Name) is { } pod && ViewOf(pod).Runs
            : machine.Runtime.IsRunning(server.Id);
        return !machine.IsOn || !machine.IsConnected ? "(28) Operation timed out"
            : runs ? null : "(56) Recv failure: Connection reset by peer";
    }

    private static string Complaint(Connection by)
    {
        var target = SendTarget.Parse(by.Trace.To);
        return by.Trace.Outcome switch
        {
            SendOutcome.Answered => "(56) Recv failure: Connection reset by peer",
            SendOutcome.NameUnknown => $"(6) Could not resolve host: {target.Host}",
            SendOutcome.TimedOut => $"(28) Failed to connect to {target.Host} port "
                + FormattableString.Invariant($"{target.Port}: Connection timed out"),
            _ => $"(7) Failed to connect to {target.Host} port "
                + FormattableString.Invariant($"{target.Port} after 0 ms: ")
                + "Could not connect to server",
        };
    }

    // The kubelet asks for a certificate; a health-check port tells of the node's endpoints.
    private int StatusOfNode(Packet end) => List<Node>()
        .Where(n => AddressOf(n) == end.Destination)
        .Select(n => HealthOf(n.Metadata.Name).EndpointsOf(end.DestinationPort))
        .FirstOrDefault() is { } endpoints ? endpoints > 0 ? 200 : 503 : 401;

    private Served? ServerOf(ObjectKey pod, Packet arrived)
    {
        bool Listens(ContainerConfig c) =>
            ContainerServer.Listens(c, arrived.Protocol, arrived.DestinationPort);
        var found = Find<Pod>(pod.Namespace, pod.Name);
        foreach (var node in found?.Spec.NodeName is { } name ? [name]
            : List<Node>().Select(n => n.Metadata.Name).ToArray())
        {
            var runtime = simulation.World.Machine(node).Runtime;
            foreach (var about in runtime.ListPods()
                .Where(p => p.Namespace == pod.Namespace && p.Name == pod.Name))
            {
                if (Servers(runtime, about.Uid).FirstOrDefault(c => Listens(c.Config)) is { } c)
                {
                    return new(pod, node, c.Id, c.Config);
                }
            }
        }
        var told = found?.Spec.Containers.Select(ConfigOf).FirstOrDefault(Listens);
        return told is null ? null : new(pod, found!.Spec.NodeName ?? "", "", told);
    }
}
