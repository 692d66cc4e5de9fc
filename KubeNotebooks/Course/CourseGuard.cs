using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace KubeNotebooks;

/// <summary>
/// Who may come in. Cells are code that runs with the learner's rights, so the door is for the
/// learner's browser alone: it listens on loopback; the address that is printed holds a token,
/// which becomes a cookie that scripts cannot read and other sites cannot send; the Host must be
/// this machine's (a foreign name that resolves to it is refused); and what changes anything must
/// come from a page of this server, as its Origin tells.
/// </summary>
internal sealed class CourseGuard(int port)
{
    private readonly byte[] token = Encoding.ASCII.GetBytes(
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)));

    /// <summary>Where the learner begins.</summary>
    public Uri Address => new($"http://127.0.0.1:{port}/?token={Encoding.ASCII.GetString(token)}");

    private string Cookie => $"kubenotebooks-{port}";

    /// <summary>Refuses a request, or lets it in.</summary>
    /// <returns>Why it is refused; null when it may come in.</returns>
    public string? Refuse(HttpRequest request)
    {
        var host = request.Headers.Host.ToString();
        if (host != $"127.0.0.1:{port}" && host != $"localhost:{port}")
        {
            return $"This is http://127.0.0.1:{port}, not \"{host}\".";
        }
        if (request.Headers["Sec-Fetch-Site"] == "cross-site" && !Knows(request.Query["token"]))
        {
            return "Another site asks.";
        }
        var writes = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method);
        if ((writes || request.HttpContext.WebSockets.IsWebSocketRequest)
            && request.Headers.Origin != $"http://{host}")
        {
            return "Only a page of this server may do that.";
        }
        return Knows(request.Cookies[Cookie]) || IsArrival(request) ? null
            : "Open the address that was printed when the course began: it holds a token.";
    }

    /// <summary>The first visit, with the token in the address.</summary>
    public bool IsArrival(HttpRequest request) => request.Path == "/"
        && HttpMethods.IsGet(request.Method) && Knows(request.Query["token"]);

    /// <summary>Turns the token of the address into a cookie.</summary>
    public void Admit(HttpResponse response)
    {
        response.Cookies.Append(Cookie, Encoding.ASCII.GetString(token), new()
        {
            HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true,
        });
        response.Redirect("/");
    }

    /// <summary>What a browser is told of every answer.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="isOutput">What a cell made: its scripts run, in a world of their own that
    /// reaches nothing.</param>
    public static void Fence(HttpResponse response, bool isOutput)
    {
        var headers = response.Headers;
        headers.ContentSecurityPolicy = isOutput
            ? "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                + "img-src data:; font-src data:; form-action 'none'; frame-ancestors 'self'; "
                + "sandbox allow-scripts"
            : "default-src 'none'; script-src 'self'; style-src 'self'; "
                + "style-src-attr 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
                + "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    private bool Knows(string? said) => said is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said), token);
}
