using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using KubeSim;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace KubeNotebooks;

/// <summary>
/// A request as it comes over the wire, made a call of the API server, and the answer made bytes.
/// What is asked is not looked at here: paths, verbs and words are the API server's.
/// <para>Every client is bounded: a body has 3 MiB, a request a minute, a watch a thousand unread
/// lines; so many requests are under way, so many watches open, and the next one is told 429 and
/// when to come back. An answer above 128 KiB is packed for those who can unpack it.</para>
/// Models staging/src/k8s.io/apiserver/pkg/server/filters and .../endpoints/handlers/watch.go.
/// </summary>
internal sealed class HttpDoor(
    Cluster cluster, Pump pump, Credentials credentials, ServeOptions options) : IDisposable
{
    public const int MostBytes = 3 * 1024 * 1024;
    private const int PackFrom = 128 * 1024;

    private readonly Steering steering = new(cluster, pump);
    private readonly CancellationTokenSource closing = new();
    private int underWay;

    /// <summary>Ends the watches: the server stops.</summary>
    public void Close() => closing.Cancel();

    public void Dispose() => closing.Dispose();

    /// <summary>Answers one request.</summary>
    public async Task Serve(HttpContext http)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            await Answer(http);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client is gone, or reads too slowly; there is nobody to tell.
            http.Abort();
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            await Send(http,
                Refused(500, "InternalError", $"Internal error occurred: {e.Message}"));
        }
        Log(http, Stopwatch.GetElapsedTime(began));
    }

    private async Task Answer(HttpContext http)
    {
        http.Response.Headers["Audit-Id"] = Guid.NewGuid().ToString();
        if (Caller.Of(http, credentials, options.Token) is not { } caller)
        {
            await Send(http, Refused(401, "Unauthorized", "Unauthorized"));
            return;
        }
        http.Items["user"] = caller.Token is null ? caller.User.Name : "(token)";
        if (Interlocked.Increment(ref underWay) > options.MostRequests)
        {
            Interlocked.Decrement(ref underWay);
            await Send(http, Busy);
            return;
        }
        Feed? feed = null;
        HttpAnswer answer;
        try
        {
            var call = await Read(http, caller);
            (answer, feed) = await Ask(http, call);
            if (feed is null)
            {
                await Send(http, answer);
            }
        }
        finally
        {
            Interlocked.Decrement(ref underWay);
        }
        if (feed is not null)
        {
            await Follow(http, answer, feed);
        }
    }

    private async Task<(HttpAnswer Answer, Feed? Feed)> Ask(HttpContext http, HttpCall call)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        patience.CancelAfter(options.Patience);
        try
        {
            return Steering.Takes(http.Request.Path)
                ? (await steering.Serve(http.Request, call, http.RequestAborted), null)
                : await pump.Ask(() => Serve(call), patience.Token, late =>
                {
                    if (late.Feed is not null)
                    {
                        pump.Feeds.Remove(late.Feed);
                    }
                });
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            return (Refused(504, "Timeout",
                "Timeout: request did not complete within the allotted timeout"), null);
        }
    }

    // On the owner's thread: a watch is open from the moment it is asked for.
    private (HttpAnswer Answer, Feed? Feed) Serve(HttpCall call)
    {
        var answer = cluster.Serve(call);
        if (answer is { Watch: null, Log: null })
        {
            return (answer, null);
        }
        if (pump.Feeds.IsFull)
        {
            answer.Watch?.Dispose();
            return (Busy, null);
        }
        // Objects of one API version read alike: /api/v1, /apis/apps/v1.
        var path = call.Url.Split('?')[0].Split('/');
        var version = string.Join('/', path.Take(path is [_, "api", ..] ? 3 : 4));
        var feed = new Feed(answer, version, cluster.Now);
        pump.Feeds.Add(feed);
        return (answer, feed);
    }

    private static async Task<HttpCall> Read(HttpContext http, Caller caller)
    {
        var request = http.Request;
        var url = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        return new(request.Method, url)
        {
            Body = await ReadBody(request, http.RequestAborted),
            ContentType = request.ContentType,
            Accept = request.Headers.Accept.ToString(),
            IfNoneMatch = request.Headers.IfNoneMatch is [{ Length: > 0 } known] ? known : null,
            User = caller.User,
            Token = caller.Token,
            Impersonate = caller.Impersonate,
            Client = request.Headers.UserAgent.ToString().Split(' ')[0] is { Length: > 0 } agent
                ? agent : null,
        };
    }

    // What is too long is read no further; the API server says so in its own words.
    private static async Task<string?> ReadBody(HttpRequest request, CancellationToken gone)
    {
        try
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, gone);
            return body.Length == 0 ? null
                : Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == 413)
        {
            return new(' ', MostBytes + 1);
        }
    }

    private static async Task Send(HttpContext http, HttpAnswer answer)
    {
        Head(http, answer);
        var packs = http.Request.Headers.AcceptEncoding.ToString()
            .Contains("gzip", StringComparison.OrdinalIgnoreCase);
        using var pieces = answer.Bytes().GetEnumerator();
        var first = new List<ReadOnlyMemory<byte>>();
        long size = 0;
        var more = true;
        while (size <= PackFrom && (more = pieces.MoveNext()))
        {
            first.Add(pieces.Current);
            size += pieces.Current.Length;
        }
        var packed = packs && size > PackFrom;
        if (!more && !packed)
        {
            http.Response.ContentLength = size;
        }
        if (packed)
        {
            http.Response.Headers.ContentEncoding = "gzip";
            http.Response.Headers.Vary = "Accept-Encoding";
        }
        var plain = http.Response.Body;
        await using var body = packed
            ? new GZipStream(plain, CompressionLevel.Fastest, leaveOpen: true) : null;
        foreach (var piece in first)
        {
            await (body ?? plain).WriteAsync(piece, http.RequestAborted);
        }
        while (more && (more = pieces.MoveNext()))
        {
            await (body ?? plain).WriteAsync(pieces.Current, http.RequestAborted);
        }
    }

    private async Task Follow(HttpContext http, HttpAnswer answer, Feed feed)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(
            http.RequestAborted, feed.Dropped);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            gone.Token, closing.Token);
        // The real server ends a watch of no stated length after thirty to sixty minutes.
        end.CancelAfter(TimeSpan.FromSeconds(
            answer.TimeoutSeconds ?? 1800 + Random.Shared.Next(1800)));
        try
        {
            Head(http, answer);
            await http.Response.Body.FlushAsync(end.Token);
            while (await feed.Lines.WaitToReadAsync(end.Token))
            {
                while (feed.Lines.TryRead(out var line))
                {
                    await http.Response.Body.WriteAsync(line.Value, gone.Token);
                }
                await http.Response.Body.FlushAsync(gone.Token);
            }
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            // Its time is over: a clean end, after which the client watches on from where it was.
        }
        finally
        {
            _ = pump.Ask(() => pump.Feeds.Remove(feed), CancellationToken.None);
        }
    }

    private static void Head(HttpContext http, HttpAnswer answer)
    {
        var headers = http.Response.Headers;
        http.Response.StatusCode = answer.Code;
        http.Response.ContentType = answer.ContentType;
        headers.CacheControl = "no-cache, private";
        foreach (var (name, value) in answer.Headers)
        {
            headers[name] = value;
        }
        foreach (var warning in answer.Warnings)
        {
            headers.Append("Warning",
                $"299 - \"{warning.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"");
        }
        if (answer.Body is JsonObject { Count: > 0 } body && answer.Code >= 400
            && body["details"] is JsonObject details
            && details["retryAfterSeconds"] is JsonValue seconds)
        {
            headers.RetryAfter = seconds.ToString();
        }
    }

    public static HttpAnswer Refused(int code, string reason, string message,
        int? retryAfter = null)
    {
        var details = retryAfter is null ? null : new StatusDetails
        {
            RetryAfterSeconds = retryAfter,
        };
        return new(code, Json.Encode(ApiErrors.Of(code, reason, message, details).Status));
    }

    private static HttpAnswer Busy => Refused(429, "TooManyRequests",
        "Too many requests, please try again later.", 1);

    private void Log(HttpContext http, TimeSpan took)
    {
        if (options.AccessLog is { } log)
        {
            var request = http.Request;
            var user = http.Items["user"] ?? "-";
            lock (log)
            {
                log.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ} {request.Protocol} {user} "
                    + $"{request.Method} {http.Features.Get<IHttpRequestFeature>()!.RawTarget} "
                    + $"{http.Response.StatusCode} {took.TotalMilliseconds:0.0}ms "
                    + $"{request.Headers.UserAgent}"));
                log.Flush();
            }
        }
    }
}
