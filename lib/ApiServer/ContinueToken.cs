using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Where a list goes on: the revision and the last key, as the real server writes them, in
/// JSON in base64. Clients must not read it; people like to.</summary>
/// <example><c>{"v":"meta.k8s.io/v1","rv":17683,"start":"l2\u0000"}</c></example>
/// <remarks>Models staging/src/k8s.io/apiserver/pkg/storage/continue.go.</remarks>
internal static class ContinueToken
{
    /// <summary>The token of a place; without a revision it goes on in the newest state.</summary>
    public static string Write(Revision? at, in ObjectKey last, bool inNamespace)
    {
        var start = inNamespace || last.Namespace.Length == 0
            ? $"{last.Name}\\u0000"
            : $"{last.Namespace}/{last.Name}\\u0000";
        var json = $"{{\"v\":\"meta.k8s.io/v1\",\"rv\":{at?.Value ?? -1},\"start\":\"{start}\"}}";
        return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
    }

    /// <summary>Reads a token; revision 0 stands for the newest, and the answer is null or why the
    /// token is none.</summary>
    public static Status? TryRead(
        string token, in ResourcePath path, out Revision at, out ObjectKey? after)
    {
        (at, after) = (default, null);
        if (!Base64Url.IsValid(token))
        {
            return Bad("illegal base64 data at input byte "
                + Illegal(token).ToString(CultureInfo.InvariantCulture));
        }
        var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token));
        if (text.Length == 0 || text[0] != '{')
        {
            return Bad(text.Length == 0 ? "unexpected end of JSON input"
                : $"invalid character '{text[0]}' looking for beginning of value");
        }
        try
        {
            var node = JsonNode.Parse(text)!;
            var start = ((string?)node["start"] ?? "").TrimEnd('\0');
            at = new(Math.Max((long?)node["rv"] ?? 0, 0));
            var slash = path.Namespace is { Length: > 0 } ? -1 : start.IndexOf('/');
            after = new ObjectKey(path.Kind, slash < 0 ? path.Namespace ?? "" : start[..slash],
                start[(slash + 1)..]);
            return null;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return Bad("unexpected end of JSON input");
        }
    }

    private static Status Bad(string why) =>
        ApiErrors.BadRequest($"invalid continue token: continue key is not valid: {why}").Status;

    private static int Illegal(string token)
    {
        var at = 0;
        while (at < token.Length && (char.IsAsciiLetterOrDigit(token[at])
            || token[at] is '-' or '_'))
        {
            at++;
        }
        return at;
    }
}
