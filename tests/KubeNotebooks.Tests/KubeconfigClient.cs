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
    public static HttpClient Open(string kubeconfig, bool certificate = true,
        string version = "2.0", DecompressionMethods unpack = default)
    {
        var text = File.ReadAllText(kubeconfig);
        string Field(string name) => Regex.Match(text, $"{name}: (\\S+)").Groups[1].Value;
        string Pem(string name) => Encoding.ASCII.GetString(Convert.FromBase64String(Field(name)));
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        trust.CustomTrustStore.Add(X509Certificate2.CreateFromPem(
            Pem("certificate-authority-data")));
        var tls = new SslClientAuthenticationOptions { CertificateChainPolicy = trust };
        if (certificate)
        {
            tls.ClientCertificates = [X509Certificate2.CreateFromPem(
                Pem("client-certificate-data"), Pem("client-key-data"))];
        }
        return new(new SocketsHttpHandler
        {
            SslOptions = tls, AutomaticDecompression = unpack,
            EnableMultipleHttp2Connections = true,
        })
        {
            BaseAddress = new(Field("server")), DefaultRequestVersion = Version.Parse(version),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromMinutes(10),
        };
    }
}
