using System.Security.Cryptography;
using System.Text;
using KubeSim;
using Microsoft.AspNetCore.Http;

namespace KubeNotebooks;

/// <summary>Who makes a request, as far as the connection and the headers say: a bearer token, else
/// the client's certificate, else nobody. Tokens of service accounts are left to the API
/// server.</summary>
internal readonly record struct Caller(UserInfo User, string? Token, UserInfo? Impersonate)
{
    /// <summary>The caller; null when a certificate is shown that this cluster did not
    /// issue.</summary>
    public static Caller? Of(HttpContext http, Credentials credentials, string? adminToken)
    {
        var headers = http.Request.Headers;
        var other = Impersonated(headers);
        var said = headers.Authorization.ToString();
        if (said.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            var token = said["Bearer ".Length..].Trim();
            return adminToken is not null && CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(adminToken))
                ? new(UserInfo.Admin, null, other) : new(UserInfo.Anonymous, token, other);
        }
        if (http.Connection.ClientCertificate is not { } shown)
        {
            return new(UserInfo.Anonymous, null, other);
        }
        return credentials.Identify(shown) is { } user ? new(user, null, other) : null;
    }

    private static UserInfo? Impersonated(IHeaderDictionary headers)
    {
        if (headers["Impersonate-User"].ToString() is not { Length: > 0 } name)
        {
            return null;
        }
        Seq<string> groups = [.. headers["Impersonate-Group"].OfType<string>()];
        var person = UserInfo.Person(name, groups);
        return person.Account is not var (ns, account)
            ? name == UserInfo.Anonymous.Name ? UserInfo.Anonymous : person
            : groups.IsEmpty ? UserInfo.ServiceAccount(ns, account) : person;
    }
}
