using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeNotebooks.Tests;

/// <summary>An HTTP client as a kubeconfig describes it: whom to trust, which certificate to
/// show.</summary>
internal static class KubeconfigClient
{
    /// <param name="kubeconfig">The file.</param>
    /// <param name="certificate">Whether to show its certificate.</param>
    /// <param name="version">The version of HTTP, and no other.</param>
    /// <param name="unpack">What is unpacked on the way.</param>
    /// <param name="shown">Another certificate to show.</param>
    public static HttpClient Open(string kubeconfig, bool certificate = true,
        string version = "2.0", DecompressionMethods unpack = default,
        X509Certificate2? shown = null)
    {
        var tls = Tls(kubeconfig);
        if (certificate)
        {
            tls.ClientCertificates = [shown ?? X509Certificate2.CreateFromPem(
                Pem(kubeconfig, "client-certificate-data"), Pem(kubeconfig, "client-key-data"))];
        }
        return new(new SocketsHttpHandler
        {
            SslOptions = tls, AutomaticDecompression = unpack,
            EnableMultipleHttp2Connections = true,
        })
        {
            BaseAddress = new(Field(kubeconfig, "server")),
            DefaultRequestVersion = Version.Parse(version),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromMinutes(10),
        };
    }

    /// <summary>Trusts the kubeconfig's authority, and no other.</summary>
    public static SslClientAuthenticationOptions Tls(string kubeconfig)
    {
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        trust.CustomTrustStore.Add(X509Certificate2.CreateFromPem(
            Pem(kubeconfig, "certificate-authority-data")));
        return new() { CertificateChainPolicy = trust };
    }

    private static string Field(string kubeconfig, string name) =>
        Regex.Match(File.ReadAllText(kubeconfig), $"{name}: (\\S+)").Groups[1].Value;

    private static string Pem(string kubeconfig, string name) =>
        Encoding.ASCII.GetString(Convert.FromBase64String(Field(kubeconfig, name)));
}
