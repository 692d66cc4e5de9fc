using System.Globalization;

namespace KubeSim;

/// <summary>What came of an HTTP request: an answer, or what its client complains of.</summary>
public sealed record HttpReply
{
    /// <summary>The address that was asked for.</summary>
    public required string Url { get; init; }

    /// <summary>Such as 200; 0 when no answer came.</summary>
    public int Status { get; init; }

    /// <summary>The headers of the answer.</summary>
    public Map<string> Headers { get; init; }

    /// <summary>The text of the answer.</summary>
    public string Body { get; init; } = "";

    /// <summary>The pod whose program answered, the last one of a chain; null when none
    /// did.</summary>
    public ObjectKey? ServedBy { get; init; }

    /// <summary>Why no answer came, as curl words it; null when one did.</summary>
    public string? Error { get; init; }

    /// <summary>The connections that it took, first the client's own; a proxy opens another.
    /// </summary>
    public Seq<PacketTrace> Traces { get; init; }

    /// <summary>True for an answer from 200 to 399.</summary>
    public bool IsSuccess => Status is >= 200 and < 400;

    /// <summary>The answer as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>As <c>curl -i</c> prints it, and who answered.</summary>
    public override string ToString() => Error is not null ? $"curl: {Error}"
        : string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} {Reason}\n")
            + string.Concat(Headers.Select(h => $"{h.Key}: {h.Value}\n"))
            + $"\n{Body.TrimEnd('\n')}\n"
            + (ServedBy is { } pod ? $"(from {pod.Namespace}/{pod.Name})" : "");

    // In nginx's words, which differ from the RFC's in two places.
    private string Reason => Status switch
    {
        200 => "OK",
        308 => "Permanent Redirect",
        401 => "Unauthorized",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        _ => "",
    };
}

/// <summary>A connection that is kept for many requests. The rules chose its pod when it was
/// opened: all its requests go there, however many pods there are by now, until that pod's program
/// ends and closes it.</summary>
public sealed class Connection
{
    private readonly Cluster cluster;

    internal Connection(Cluster cluster, PacketTrace trace)
    {
        this.cluster = cluster;
        (Trace, IsOpen) = (trace, trace.Outcome == SendOutcome.Answered);
    }

    /// <summary>How it was opened, or why not.</summary>
    public PacketTrace Trace { get; }

    /// <summary>False when it could not be opened, or is closed.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The pod at its other end; null for none.</summary>
    public ObjectKey? Receiver => Trace.Receiver;

    internal string Host { get; init; } = "";

    internal Cluster.Served? Server { get; init; }

    internal Packet? Arrived { get; init; }

    /// <summary>Sends a request by it and takes the answer.</summary>
    /// <param name="path">With its slash, such as <c>/healthz</c>.</param>
    /// <param name="headers">Headers of the request; Host may be among them.</param>
    public HttpReply Request(string path = "/", params (string Name, string Value)[] headers)
    {
        var reply = cluster.Answer(this, path, headers);
        IsOpen &= reply.Error is null && reply.Headers.Get("Connection") != "close";
        return reply;
    }

    /// <summary>Closes it from the client's side.</summary>
    public void Close() => IsOpen = false;
}
