using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Who makes a request.</summary>
/// <param name="Name">The user, such as <c>system:kube-scheduler</c>.</param>
/// <param name="Groups">The groups that the user is in.</param>
public sealed record UserInfo(string Name, Seq<string> Groups = default)
{
    /// <summary>Everybody who said who they are.</summary>
    public const string Authenticated = "system:authenticated";

    /// <summary>The group that is asked no questions.</summary>
    public const string Masters = "system:masters";

    private const string AccountPrefix = "system:serviceaccount:";

    /// <summary>The administrator, who may do everything.</summary>
    public static UserInfo Admin { get; } = new("kubernetes-admin", [Masters, Authenticated]);

    /// <summary>Who says nothing of themselves.</summary>
    public static UserInfo Anonymous { get; } =
        new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>A person with a certificate.</summary>
    public static UserInfo Person(string name, Seq<string> groups = default) =>
        new(name, groups.AsSpan().Contains(Authenticated) ? groups : groups.Add(Authenticated));

    /// <summary>A service account, under whose name pods and controllers ask.</summary>
    public static UserInfo ServiceAccount(string ns, string name) => new(
        $"{AccountPrefix}{ns}:{name}",
        ["system:serviceaccounts", $"system:serviceaccounts:{ns}", Authenticated]);

    /// <summary>The namespace and name of a service account; null for other users.</summary>
    public (string Namespace, string Name)? Account =>
        Name.StartsWith(AccountPrefix, StringComparison.Ordinal)
        && Name[AccountPrefix.Length..].Split(':') is [var ns, var name] ? (ns, name) : null;

    /// <summary>The node that a kubelet speaks for; null for other users.</summary>
    public string? Node => Name.StartsWith("system:node:", StringComparison.Ordinal)
        && Groups.AsSpan().Contains("system:nodes") ? Name["system:node:".Length..] : null;
}

/// <summary>
/// Finds out who asks. A client is named by its certificate (<see cref="ApiRequest.User"/>) or by a
/// bearer token. A token of a service account is signed by the server and names the account: it
/// needs no look-up to be read, yet it dies with its account, whose UID it holds, and by itself
/// when its time is over.
/// <para>Worked example: the token of the account <c>robot</c> in <c>ci</c> makes its bearer
/// <c>system:serviceaccount:ci:robot</c>, a member of system:serviceaccounts,
/// system:serviceaccounts:ci and system:authenticated. With <c>robot</c> deleted the answer is
/// 401.</para>
/// The signature here is a digest with a secret of the cluster, no RSA.
/// Models pkg/serviceaccount/jwt.go and staging/src/k8s.io/apiserver/pkg/endpoints/filters.
/// </summary>
internal sealed class Authenticator(EtcdStore store, ulong secret, Func<DateTime> now)
{
    internal const string Issuer = "https://kubernetes.default.svc.cluster.local";
    private const long Shortest = 600;

    public static Status Unauthorized { get; } =
        ApiErrors.Of(401, "Unauthorized", "Unauthorized").Status;

    /// <summary>Who asks, before any impersonation; null when the token is worth nothing.</summary>
    public UserInfo? Identify(ApiRequest request) =>
        request.Token is { } token ? Bearer(token) : request.User;

    /// <summary>A new token for an account; the answer is a TokenRequest with its status.</summary>
    public ApiResponse Issue(ApiRequest request)
    {
        if (request.Verb != Verb.Create)
        {
            return Refusals.MethodNotAllowed;
        }
        if (store.Get(request.Path.Key) is not ServiceAccount account)
        {
            return ApiErrors.NotFound(Kinds.ServiceAccount, request.Path.Name);
        }
        var body = request.Body switch
        {
            Payload.Typed typed => Json.Encode(typed.Object),
            Payload.Json json => json.Node as JsonObject,
            _ => null,
        };
        var seconds = (long?)body?["spec"]?["expirationSeconds"] ?? 3600;
        if (seconds < Shortest)
        {
            var errors = new FieldErrors();
            errors.Invalid("spec.expirationSeconds", seconds,
                "may not specify a duration less than 10 minutes");
            return errors.ToStatus(Kinds.TokenRequest, request.Path.Name);
        }
        var end = now() + TimeSpan.FromSeconds(seconds);
        var answer = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = account.Metadata.Name, ["namespace"] = account.Metadata.Namespace,
            },
            ["spec"] = new JsonObject
            {
                ["audiences"] = new JsonArray(Issuer), ["expirationSeconds"] = seconds,
            },
            ["status"] = new JsonObject
            {
                ["expirationTimestamp"] = ((Time)end).ToString(), ["token"] = Write(account, end),
            },
        };
        return new(201) { Object = Json.Decode(answer, Kinds.TokenRequest) };
    }

    private string Write(ServiceAccount account, DateTime end)
    {
        var meta = account.Metadata;
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray(Issuer),
            ["exp"] = new DateTimeOffset(end).ToUnixTimeSeconds(),
            ["iss"] = Issuer,
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = meta.Namespace,
                ["serviceaccount"] = new JsonObject { ["name"] = meta.Name, ["uid"] = meta.Uid },
            },
            ["sub"] = $"system:serviceaccount:{meta.Namespace}:{meta.Name}",
        };
        var text = $"{Encode("{\"alg\":\"RS256\"}")}.{Encode(claims.ToJsonString(Json.Options))}";
        return $"{text}.{Sign(text)}";
    }

    private UserInfo? Bearer(string token)
    {
        var end = token.LastIndexOf('.');
        if (end < 0 || token[(end + 1)..] != Sign(token[..end]))
        {
            return null;
        }
        var claims = JsonNode.Parse(Decode(token[..end].Split('.')[1]))!;
        var bound = claims["kubernetes.io"]!;
        var (ns, name) = ((string)bound["namespace"]!, (string)bound["serviceaccount"]!["name"]!);
        var account = store.Get(new ObjectKey(Kinds.ServiceAccount, ns, name));
        var expires = DateTimeOffset.FromUnixTimeSeconds((long)claims["exp"]!).UtcDateTime;
        return account is null || expires <= now()
            || account.Metadata.Uid != (string)bound["serviceaccount"]!["uid"]!
            ? null : UserInfo.ServiceAccount(ns, name);
    }

    private string Sign(string text) =>
        Digest.Mix(Digest.Mix(Digest.Start, secret), text).ToString("x16",
            CultureInfo.InvariantCulture);

    private static string Encode(string text) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-')
            .Replace('/', '_');

    private static string Decode(string text)
    {
        var padded = text.Replace('-', '+').Replace('_', '/');
        padded += new string('=', (4 - (padded.Length % 4)) % 4);
        return Encoding.UTF8.GetString(Convert.FromBase64String(padded));
    }
}
