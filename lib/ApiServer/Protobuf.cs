using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Objects as protocol buffers, the form in which clients written in Go send what they have a type
/// for: <c>kubectl create deployment</c> does, since 1.32.
/// <para>A body begins with the bytes <c>k8s\0</c>. Behind them lies an envelope (apiVersion and
/// kind; the object's bytes), and in it the object: fields one after the other, each a number and a
/// value, with no names. <c>replicas: 3</c> of a Deployment is the two bytes 08 03 in the message
/// of its spec: field 1, a number; 3.</para>
/// <para>Names and types are those of the <see cref="Schema"/>; the numbers lie in
/// <c>protobuf.txt</c>, one type a line, made by <c>make-protobuf.py</c>. Fields stand there in the
/// order of their numbers, each one more than the one before unless it says so (<c>17=name</c>).
/// <c>( … )</c> is a message that Go embeds, so that JSON shows its fields one floor higher: the
/// sources of a Volume. <c>?</c> marks a scalar behind a pointer, <c>!</c> a message behind none.
/// Go sends every field that has no pointer, and nobody set those that are zero or empty: they are
/// dropped, as Go drops them in JSON.</para>
/// Models staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf.
/// </summary>
internal static class Protobuf
{
    /// <summary>The media type.</summary>
    public const string Media = "application/vnd.kubernetes.protobuf";

    private const int ShownBytes = 30;

    private static readonly ProtobufMessage options = ProtobufMessage.Of("DeleteOptions")!;

    /// <summary>What every body begins with.</summary>
    public static ReadOnlySpan<byte> Prefix => "k8s\0"u8;

    /// <summary>Reads a body; the answer is null, or the refusal.</summary>
    /// <param name="body">The bytes.</param>
    /// <param name="path">What the request is about.</param>
    /// <param name="deletes">True for how to delete rather than for an object.</param>
    /// <param name="tree">The object as JSON has it.</param>
    public static Status? Read(
        ReadOnlySpan<byte> body, in ResourcePath path, bool deletes, out JsonObject tree)
    {
        var (_, _, wanted) = Discovery.TypeOf(path.Kind, path.Subresource);
        var (version, kind) = ("", "");
        tree = [];
        try
        {
            var raw = Envelope(body, out version, out kind);
            (version, kind) = (version.Length > 0 ? version : path.Kind.ApiVersion,
                kind.Length > 0 ? kind : wanted);
            tree["apiVersion"] = version;
            tree["kind"] = kind;
            var message = kind == "DeleteOptions" ? options : MessageOf(version, kind)
                ?? throw new FormatException($"no kind \"{kind}\" is registered for version "
                    + $"\"{version}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"");
            ProtobufReader.Fields(raw, message, tree, 0);
            return null;
        }
        catch (FormatException e) when (deletes)
        {
            return new() { Code = 500, Message = e.Message };
        }
        catch (FormatException e)
        {
            var bare = version[(version.IndexOf('/', StringComparison.Ordinal) + 1)..];
            return ApiErrors.BadRequest(kind.Length > 0
                ? $"{kind} in version \"{bare}\" cannot be handled as a {wanted}: {e.Message}"
                : $"the object provided is unrecognized (must be of type {wanted}): {e.Message} "
                    + $"({Shown(body)})").Status;
        }
    }

    /// <summary>The message of a kind; null for one that has no protocol buffers.</summary>
    public static ProtobufMessage? MessageOf(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return KindRegistry.BuiltIn.SchemaType(slash < 0 ? "" : apiVersion[..slash],
            apiVersion[(slash + 1)..], kind) is { } type ? ProtobufMessage.Of(type.Name) : null;
    }

    private static ReadOnlySpan<byte> Envelope(
        ReadOnlySpan<byte> body, out string version, out string kind)
    {
        (version, kind) = ("", "");
        if (!body.StartsWith(Prefix))
        {
            throw new FormatException(body.IsEmpty ? "empty data" : "provided data does not appear "
                + "to be a protobuf message, expected prefix [107 56 115 0]");
        }
        if (body.Length == Prefix.Length)
        {
            throw new FormatException("empty body");
        }
        var unknown = body[Prefix.Length..];
        var type = ProtobufReader.Find(unknown, 1).Bytes;
        var raw = ProtobufReader.Find(unknown, 2).Bytes;
        version = Encoding.UTF8.GetString(ProtobufReader.Find(type, 1).Bytes);
        kind = Encoding.UTF8.GetString(ProtobufReader.Find(type, 2).Bytes);
        return raw;
    }

    private static string Shown(ReadOnlySpan<byte> body) => body.IsEmpty ? "<empty>"
        : Convert.ToHexStringLower(body[..Math.Min(body.Length, ShownBytes)])
            + (body.Length > ShownBytes ? " ..." : "");
}

/// <summary>The fields of a type by their numbers.</summary>
/// <param name="Name">The type; empty for a message that Go embeds.</param>
internal sealed record ProtobufMessage(string Name)
{
    private static readonly Lazy<Dictionary<string, ProtobufMessage>> all = new(() =>
        Schema.ReadResource("protobuf.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(Parse).ToDictionary(m => m.Name, StringComparer.Ordinal));

    /// <summary>The fields, in the order of their numbers.</summary>
    public SortedDictionary<int, ProtobufField> Fields { get; } = [];

    /// <summary>The message of a type of the schema; null when it has none.</summary>
    public static ProtobufMessage? Of(string type) => all.Value.GetValueOrDefault(type);

    private static ProtobufMessage Parse(string line)
    {
        var words = line.Split(' ');
        var type = Schema.BuiltIn.Find(words[0])!;
        var whole = new ProtobufMessage(words[0]);
        var (message, number) = (whole, 0);
        var outer = new Stack<(ProtobufMessage, int)>();
        foreach (var word in words.AsSpan(1))
        {
            if (word == ")")
            {
                (message, number) = outer.Pop();
                continue;
            }
            var text = word.TrimStart("0123456789".ToCharArray());
            var digits = word[..^text.Length];
            number = digits.Length == 0 ? number + 1
                : int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
            if (text == "(")
            {
                var inner = new ProtobufMessage("");
                message.Fields.Add(number, new(null, inner, false));
                outer.Push((message, number));
                (message, number) = (inner, 0);
                continue;
            }
            var mark = text[^1];
            var field = type.Field(text.TrimStart('=').TrimEnd('?', '!'))!;
            message.Fields.Add(number, new(field, null, mark == '!' || (mark != '?'
                && field.TypeName is "bool" or "int32" or "int64" or "float" or "string"
                    or "bytes")));
        }
        return whole;
    }
}

/// <summary>A field of a message.</summary>
/// <param name="Schema">Its name and type; null for a message that Go embeds.</param>
/// <param name="Embedded">That message.</param>
/// <param name="ByValue">True when Go has no pointer there, so that zero is nothing.</param>
internal sealed record ProtobufField(SchemaField? Schema, ProtobufMessage? Embedded, bool ByValue);
