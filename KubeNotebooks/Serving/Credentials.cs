using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeSim;

namespace KubeNotebooks;

/// <summary>The certificates of a served cluster: an authority of its own that lives in memory and
/// dies with the server, a certificate for the server, one for the administrator. A client's
/// certificate names a user (its common name) and the user's groups (its organisations).</summary>
internal sealed class Credentials : IDisposable
{
    private readonly X509Certificate2 authority;
    private readonly ConcurrentDictionary<string, UserInfo> known = new();
    private readonly DateTimeOffset from = DateTimeOffset.UtcNow.AddMinutes(-5);
    private readonly DateTimeOffset to = DateTimeOffset.UtcNow.AddYears(1);

    public Credentials(IPAddress listen)
    {
        var request = Request("CN=kubernetes", out var key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true));
        using (key)
        {
            authority = request.CreateSelfSigned(from, to);
        }
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in (string[])["localhost", "kubernetes", "kubernetes.default",
            "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"])
        {
            names.AddDnsName(name);
        }
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback,
            IPAddress.Parse("10.96.0.1"), listen }.Distinct())
        {
            names.AddIpAddress(address);
        }
        Server = Issue("CN=kube-apiserver", "1.3.6.1.5.5.7.3.1", names);
    }

    /// <summary>What the server shows.</summary>
    public X509Certificate2 Server { get; }

    /// <summary>The authority, for those who check the server.</summary>
    public string AuthorityPem => authority.ExportCertificatePem();

    /// <summary>A certificate for somebody, and its key.</summary>
    public (string Certificate, string Key) Client(UserInfo user)
    {
        var groups = user.Groups.Where(g => g != UserInfo.Authenticated).Select(g => $"O={g}, ");
        using var issued = Issue($"{string.Concat(groups)}CN={user.Name}", "1.3.6.1.5.5.7.3.2");
        using var key = issued.GetECDsaPrivateKey()!;
        return (issued.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Whom a certificate names; null when another authority issued it, or its time is
    /// over.</summary>
    public UserInfo? Identify(X509Certificate2 shown)
    {
        var hash = shown.GetCertHashString(HashAlgorithmName.SHA256);
        if (known.TryGetValue(hash, out var user))
        {
            return user;
        }
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (!chain.Build(shown))
        {
            return null;
        }
        var parts = shown.SubjectName.EnumerateRelativeDistinguishedNames()
            .Select(part => (Type: part.GetSingleElementType().Value,
                Value: part.GetSingleElementValue() ?? "")).ToList();
        return known[hash] = UserInfo.Person(
            parts.Find(part => part.Type == "2.5.4.3").Value ?? "",
            [.. parts.Where(part => part.Type == "2.5.4.10").Select(part => part.Value)]);
    }

    public void Dispose()
    {
        authority.Dispose();
        Server.Dispose();
    }

    private X509Certificate2 Issue(
        string subject, string purpose, SubjectAlternativeNameBuilder? names = null)
    {
        var request = Request(subject, out var key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        if (names is not null)
        {
            request.CertificateExtensions.Add(names.Build());
        }
        using (key)
        {
            using var issued = request.Create(
                authority, from, to, RandomNumberGenerator.GetBytes(8));
            return issued.CopyWithPrivateKey(key);
        }
    }

    private static CertificateRequest Request(string subject, out ECDsa key)
    {
        key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
    }
}
