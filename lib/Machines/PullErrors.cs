using System.Globalization;

namespace KubeSim;

/// <summary>How the runtimes word that an image cannot be had.
/// <para>A text without <c>rpc error</c> is one whose gRPC code is Unknown: the kubelet leaves that
/// head out, since it says nothing.</para></summary>
/// <remarks>Models github.com/containerd/containerd/tree/main/core/remotes/docker,
/// github.com/containers/image/tree/main/docker,
/// github.com/moby/moby/tree/master/daemon/containerd and
/// staging/src/k8s.io/cri-client/pkg/remote_image.go.</remarks>
internal static class PullErrors
{
    /// <summary>Where the machines ask for names.</summary>
    public const string NameServer = "192.0.2.53";

    private const string Denied = "pull access denied, repository does not exist or may require "
        + "authorization: ";

    private const string Limit = "toomanyrequests: You have reached your unauthenticated pull rate "
        + "limit. https://www.docker.com/increase-rate-limit";

    private const string Certificate =
        "tls: failed to verify certificate: x509: certificate signed by unknown authority";

    private const string Head = "resolve:unexpected status from HEAD request to {url}: ";
    private const string Manifest = "reading manifest {tag} in {repository}: ";

    private const string Artifact = "unable to pull image or OCI artifact: pull image err: "
        + "initializing source docker://{tagged}: {why}; artifact err: get manifest: build image "
        + "source: {why}";

    // What is wrong; containerd; CRI-O; Docker. In front of "resolve:" stands the reference.
    private static readonly (RegistryFailure Why, string Containerd, string CriO, string Docker)[]
        texts =
    [
        (RegistryFailure.NoSuchHost, "resolve:failed to do request: Head \"{url}\": {dns}",
            "pinging container registry {host}: Get \"https://{host}/v2/\": {dns}",
            "Get \"https://{host}/v2/\": {dns}"),
        (RegistryFailure.Timeout,
            "resolve:failed to do request: Head \"{url}\": dial tcp {ip}:443: i/o timeout",
            "pinging container registry {host}: Get \"https://{host}/v2/\": dial tcp {ip}:443: "
                + "i/o timeout",
            "Get \"https://{host}/v2/\": net/http: request canceled while waiting for connection "
                + "(Client.Timeout exceeded while awaiting headers)"),
        (RegistryFailure.Refused, "resolve:failed to do request: Head \"{url}\": dial tcp "
                + "{ip}:443: connect: connection refused",
            "pinging container registry {host}: Get \"https://{host}/v2/\": dial tcp {ip}:443: "
                + "connect: connection refused",
            "Get \"https://{host}/v2/\": dial tcp {ip}:443: connect: connection refused"),
        (RegistryFailure.UnknownAuthority,
            "resolve:failed to do request: Head \"{url}\": " + Certificate,
            "pinging container registry {host}: Get \"https://{host}/v2/\": " + Certificate,
            "Get \"https://{host}/v2/\": " + Certificate),
        (RegistryFailure.Unauthorized,
            "resolve:" + Denied + "authorization failed: no basic auth credentials",
            Manifest + "authentication required", "Head \"{url}\": no basic auth credentials"),
        (RegistryFailure.BadCredentials, Head + "401 Unauthorized", Manifest
            + "unauthorized: authentication required",
            "Head \"{url}\": unauthorized: authentication required"),
        (RegistryFailure.Forbidden, Head + "403 Forbidden",
            Manifest + "denied: requested access to the resource is denied",
            "Head \"{url}\": denied: requested access to the resource is denied"),
        (RegistryFailure.TooManyRequests, "failed to copy: httpReadSeeker: failed open: unexpected "
            + "status from GET request to {blob}: 429 Too Many Requests\n" + Limit,
            Manifest + Limit, Limit),
        (RegistryFailure.ServerError, Head + "500 Internal Server Error",
            Manifest + "received unexpected HTTP status: 500 Internal Server Error",
            "Head \"{url}\": received unexpected HTTP status: 500 Internal Server Error"),
        (RegistryFailure.Unavailable, Head + "503 Service Unavailable",
            Manifest + "received unexpected HTTP status: 503 Service Unavailable",
            "Head \"{url}\": received unexpected HTTP status: 503 Service Unavailable"),
        (RegistryFailure.ManifestUnknown, "resolve:{ref}: not found",
            Manifest + "manifest unknown",
            "manifest for {short} not found: manifest unknown: manifest unknown"),
        (RegistryFailure.NoPlatform, "no match for platform in manifest: not found",
            "choosing image instance: no image found in manifest list for architecture "
                + "\"amd64\", variant \"\", OS \"linux\"",
            "no matching manifest for linux/amd64 in the manifest list entries"),
    ];

    /// <summary>What a runtime says.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="why">What is wrong.</param>
    /// <param name="image">The image as the pod names it.</param>
    /// <param name="name">The same in full.</param>
    public static string Text(
        RuntimeKind kind, RegistryFailure why, string image, ImageReference name)
    {
        var row = texts.First(t => t.Why == why);
        return kind switch
        {
            RuntimeKind.CriO => Of(Artifact.Replace("{why}", Hub(name, why) switch
            {
                RegistryFailure.Unauthorized =>
                    Manifest + "requested access to the resource is denied",
                _ => row.CriO,
            }, StringComparison.Ordinal), image, name),
            RuntimeKind.Docker => Of("Error response from daemon: " + Hub(name, why) switch
            {
                RegistryFailure.Unauthorized => "pull access denied for {path}, repository does "
                    + "not exist or may require 'docker login': denied: requested access to the "
                    + "resource is denied",
                RegistryFailure.BadCredentials =>
                    "Head \"{url}\": unauthorized: incorrect username or password",
                _ => row.Docker,
            }, image, name),
            _ => Of((why is RegistryFailure.ManifestUnknown or RegistryFailure.NoPlatform
                ? "rpc error: code = NotFound desc = " : "")
                + "failed to pull and unpack image \"{ref}\": " + (Hub(name, why) switch
                {
                    RegistryFailure.Unauthorized => "resolve:" + Denied
                        + "server message: insufficient_scope: authorization failed",
                    RegistryFailure.BadCredentials => "resolve:failed to authorize: failed to "
                        + "fetch oauth token: unexpected status from GET request to "
                        + "https://auth.docker.io/token?scope=repository%3A{scope}%3Apull&service="
                        + "registry.docker.io: 401 Unauthorized",
                    _ => row.Containerd,
                }).Replace("resolve:", "failed to resolve reference \"{ref}\": ",
                    StringComparison.Ordinal), image, name),
        };
    }

    // Docker Hub has its own words about who may pull.
    private static RegistryFailure? Hub(ImageReference name, RegistryFailure why) =>
        name.Registry == "docker.io" ? why : null;

    private static string Of(string text, string image, ImageReference name)
    {
        var host = name.Registry == "docker.io" ? "registry-1.docker.io" : name.Registry;
        var tag = name.Digest ?? name.Tag ?? "latest";
        var path = name.Registry == "docker.io"
            ? name.Repository.Replace("library/", "", StringComparison.Ordinal)
            : $"{name.Registry}/{name.Repository}";
        var ip = Digest.Mix(Digest.Start, host) % 254 + 1;
        (string Mark, string Value)[] marks =
        [
            ("{dns}", $"dial tcp: lookup {host.Split(':')[0]} on {NameServer}:53: no such host"),
            ("{url}", $"https://{host}/v2/{name.Repository}/manifests/{tag}"),
            ("{blob}", $"https://{host}/v2/{name.Repository}/manifests/"
                + ImageCatalogue.DigestOf($"{name}")),
            ("{repository}", $"{name.Registry}/{name.Repository}"), ("{tag}", tag),
            ("{scope}", name.Repository.Replace("/", "%2F", StringComparison.Ordinal)),
            ("{ref}", $"{name}"), ("{path}", path), ("{short}", $"{path}:{tag}"),
            ("{tagged}", image.Contains(tag, StringComparison.Ordinal) ? image : $"{image}:{tag}"),
            ("{host}", host),
            ("{ip}", string.Create(CultureInfo.InvariantCulture, $"198.51.100.{ip}")),
        ];
        foreach (var (mark, value) in marks)
        {
            text = text.Replace(mark, value, StringComparison.Ordinal);
        }
        return text;
    }
}
