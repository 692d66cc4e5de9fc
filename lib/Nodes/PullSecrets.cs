using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>A user of a registry, and the Secret that says so.</summary>
internal sealed record PullCredential(RegistryAuth Auth, string Secret);

/// <summary>
/// Which of a pod's secrets open a registry. A key of <c>auths</c> is a host, with a port or not,
/// and may go on with the beginning of a path; in a host <c>*</c> stands for one part of the name
/// or a piece of one: <c>*.example.com</c> is <c>a.example.com</c>, and neither
/// <c>example.com</c> nor <c>a.b.example.com</c>. More than one may fit, and all are tried, the
/// longest first in the order of the alphabet; <c>https://index.docker.io/v1/</c> is Docker Hub.
/// </summary>
/// <remarks>Models pkg/credentialprovider/keyring.go and config.go.</remarks>
internal static class PullSecrets
{
    /// <summary>The users for an image, in the order in which they are tried.</summary>
    /// <param name="image">Its name in full.</param>
    /// <param name="secrets">The pod's secrets.</param>
    public static List<PullCredential> For(ImageReference image, IEnumerable<Secret> secrets)
    {
        var all = secrets.SelectMany(EntriesOf).ToList();
        var target = $"{image.Registry}/{image.Repository}";
        var found = all.Where(e => Matches(e.Key, target)).OrderByDescending(e => e.Key,
            StringComparer.Ordinal).Select(e => e.User).ToList();
        return found.Count > 0 || image.Registry != "docker.io" ? found
            : [.. all.Where(e => e.Key == "index.docker.io").Select(e => e.User)];
    }

    private static IEnumerable<(string Key, PullCredential User)> EntriesOf(Secret secret)
    {
        var (isNew, field) = secret.Type switch
        {
            "kubernetes.io/dockerconfigjson" => (true, ".dockerconfigjson"),
            "kubernetes.io/dockercfg" => (false, ".dockercfg"),
            _ => (false, ""),
        };
        var read = Read(secret.Data.Get(field));
        var about = $"{secret.Metadata.Namespace}/{secret.Metadata.Name}/{secret.Metadata.Uid}";
        foreach (var (host, entry) in (isNew ? read?["auths"] as JsonObject : read) ?? [])
        {
            if (AuthOf(entry as JsonObject) is { } auth)
            {
                yield return (KeyOf(host), new(auth, about));
            }
        }
    }

    private static JsonObject? Read(string? base64)
    {
        try
        {
            return base64 is null ? null : JsonNode.Parse(
                Convert.FromBase64String(base64)) as JsonObject;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            // Who cannot be read opens nothing, and the pull goes on without.
            return null;
        }
    }

    private static RegistryAuth? AuthOf(JsonObject? entry)
    {
        if ((string?)entry?["auth"] is { Length: > 0 } both)
        {
            var bytes = new byte[both.Length];
            var text = Convert.TryFromBase64String(both, bytes, out var count)
                ? Encoding.UTF8.GetString(bytes, 0, count) : "";
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            return colon < 0 ? null : new(text[..colon], text[(colon + 1)..]);
        }
        return entry is null ? null
            : new((string?)entry["username"] ?? "", (string?)entry["password"] ?? "");
    }

    // https://index.docker.io/v1/ as index.docker.io, host/v2/team as host/team.
    private static string KeyOf(string host)
    {
        var at = host.IndexOf("://", StringComparison.Ordinal);
        var key = at < 0 ? host : host[(at + 3)..];
        foreach (var version in (string[])["/v1/", "/v2/"])
        {
            var slash = key.IndexOf('/', StringComparison.Ordinal);
            if (slash >= 0 && key[slash..].StartsWith(version, StringComparison.Ordinal))
            {
                key = key[..slash] + key[(slash + 3)..];
            }
        }
        return key.IndexOf('/', StringComparison.Ordinal) == key.Length - 1
            ? key.TrimEnd('/') : key;
    }

    private static bool Matches(string key, string target)
    {
        var (keyHost, keyPath) = Split(key);
        var (host, path) = Split(target);
        var (globs, parts) = (keyHost.Split('.', ':'), host.Split('.', ':'));
        return path.StartsWith(keyPath, StringComparison.Ordinal)
            && keyHost.Contains(':') == host.Contains(':') && globs.Length == parts.Length
            && globs.Zip(parts).All(p => System.IO.Enumeration.FileSystemName
                .MatchesSimpleExpression(p.First, p.Second, ignoreCase: false));
    }

    private static (string Host, string Path) Split(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (text, "") : (text[..slash], text[slash..]);
    }
}
