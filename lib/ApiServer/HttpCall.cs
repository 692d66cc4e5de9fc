using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>A request as an HTTP client makes it.</summary>
/// <param name="Method">The method, such as <c>GET</c>.</param>
/// <param name="Url">The path and, after a question mark, the options.</param>
public sealed record HttpCall(string Method, string Url)
{
    /// <summary>What is sent along, as text; null for nothing.</summary>
    public string? Body { get; init; }

    /// <summary>The media type of the body; null for JSON.</summary>
    public string? ContentType { get; init; }

    /// <summary>What the client accepts; with <c>as=Table</c> it gets lists laid out.</summary>
    public string? Accept { get; init; }

    /// <summary>Who asks.</summary>
    public UserInfo User { get; init; } = UserInfo.Admin;

    /// <summary>A bearer token that the API server has given out; null for a client that the
    /// connection itself names.</summary>
    public string? Token { get; init; }

    /// <summary>The program that asks, as its header <c>User-Agent</c> begins:
    /// <c>kubectl/v1.36.2</c>; null when it does not say.</summary>
    public string? Client { get; init; }

    /// <summary>The one to act as, from the headers <c>Impersonate-User</c> and
    /// <c>Impersonate-Group</c>; null for oneself.</summary>
    public UserInfo? Impersonate { get; init; }

    /// <summary>The header <c>If-None-Match</c>: the <c>ETag</c> of what the client has
    /// already.</summary>
    public string? IfNoneMatch { get; init; }
}

/// <summary>What an HTTP client is answered.</summary>
/// <param name="Code">The status code.</param>
/// <param name="Body">The body; null for a watch, a log or bytes.</param>
/// <param name="Watch">The watch whose changes follow, a line each.</param>
public sealed record HttpAnswer(int Code, JsonNode? Body, Watch? Watch = null)
{
    private static readonly JsonSerializerOptions plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions indented = new(plain) { WriteIndented = true };

    /// <summary>The media type of the body.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>True for JSON that people read: indented by two blanks.</summary>
    public bool Pretty { get; init; }

    /// <summary>Further headers, such as <c>ETag</c>, <c>Location</c> or
    /// <c>Retry-After</c>.</summary>
    public Map<string> Headers { get; init; }

    /// <summary>What the server wants the client to know although it obeyed: a header
    /// <c>Warning: 299 - "…"</c> each.</summary>
    public Seq<string> Warnings { get; init; }

    /// <summary>A body that is no JSON tree, piece by piece, made when it is asked for: what a
    /// large list does not need to be held for as a whole. It reads nothing of the cluster that may
    /// change. Null for other answers.</summary>
    public IEnumerable<ReadOnlyMemory<byte>>? Pieces { get; init; }

    /// <summary>A log that grows; null for other answers.</summary>
    public LogTail? Log { get; init; }

    /// <summary>How the changes of a watch are worded.</summary>
    public WatchForm Form { get; init; }

    /// <summary>Words a change in that form, in the order of the changes: the first line of a
    /// table names its columns. Null for <see cref="WatchForm.Whole"/>, whose lines are those of
    /// <see cref="ApiServer.WatchLine(in WatchEvent)"/> for every watcher.</summary>
    public Func<WatchEvent, JsonObject>? Line { get; init; }

    /// <summary>After how many seconds of wall time a watch ends; null: when the server
    /// likes.</summary>
    public long? TimeoutSeconds { get; init; }

    /// <summary>True when the client is told now and then how far its watch has read.</summary>
    public bool Bookmarks { get; init; }

    /// <summary>An answer in plain text.</summary>
    public static HttpAnswer Plain(int code, string text) =>
        new(code, JsonValue.Create(text)) { ContentType = "text/plain; charset=utf-8" };

    // A refusal, or that it was done. What no API code has seen is answered in plain text; a plain
    // success has no code.
    internal static HttpAnswer Of(Status status)
    {
        var body = Json.Encode(status);
        if (status.Code == 200)
        {
            body.Remove("code");
        }
        if (status.Reason is "")
        {
            body.Remove("reason");
        }
        if (status.Details is null && status.Code == 404)
        {
            return Plain(404, status.Message + "\n");
        }
        var answer = new HttpAnswer(status.Code, body);
        return status.Details?.RetryAfterSeconds is { } wait ? answer with
        {
            Headers = Map.Of(("Retry-After", FormattableString.Invariant($"{wait}"))),
        } : answer;
    }

    /// <summary>The body as bytes, piece by piece; nothing for a watch or a log. Any thread may ask
    /// for it.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Bytes() => Pieces ?? Body switch
    {
        null => [],
        JsonValue text when text.TryGetValue<string>(out var plainText) =>
            [Encoding.UTF8.GetBytes(plainText)],
        _ when ContentType == "application/yaml" => [Encoding.UTF8.GetBytes(Json.ToYaml(Body))],
        _ when Pretty => [Encoding.UTF8.GetBytes(Body.ToJsonString(indented))],
        _ => [Utf8(Body)],
    };

    /// <summary>JSON as the API server sends it: one line that ends.</summary>
    public static ReadOnlyMemory<byte> Utf8(JsonNode node)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, new() { Encoder = plain.Encoder }))
        {
            node.WriteTo(writer, plain);
        }
        bytes.Write("\n"u8);
        return bytes.WrittenMemory;
    }
}

/// <summary>How a client wants objects: whole, as rows of a table, or their metadata
/// alone.</summary>
public enum WatchForm
{
    /// <summary>Whole.</summary>
    Whole,

    /// <summary>Rows of a <c>Table</c>.</summary>
    Table,

    /// <summary><c>PartialObjectMetadata</c>.</summary>
    Metadata,
}

/// <summary>The log of a container as it grows, to pull from between steps.</summary>
public abstract class LogTail
{
    /// <summary>True when nothing will follow what was taken.</summary>
    public abstract bool Ended { get; }

    /// <summary>The next lines, each with its line end; empty when there are none by
    /// now.</summary>
    public abstract string Take();
}
