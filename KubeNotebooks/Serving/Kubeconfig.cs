using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>The file that lets <c>kubectl --kubeconfig FILE</c> in. It holds a key, so only its
/// owner may read it; the first line says that it is ours to write over and, in the end, to take
/// away. A file of somebody else stays as it is unless that is said in so many words.</summary>
internal sealed class Kubeconfig : IDisposable
{
    private const string Mark = "# Written by KubeNotebooks serve; it goes when the server stops.";

    private readonly string text;

    /// <exception cref="BadInputException">There is another file, or it cannot be
    /// written.</exception>
    public Kubeconfig(string path, bool force, Uri server, Credentials credentials)
    {
        FilePath = path;
        var (certificate, key) = credentials.Client(UserInfo.Admin);
        text = $"""
            {Mark}
            apiVersion: v1
            kind: Config
            clusters:
            - name: kubenotebooks
              cluster:
                server: {server.AbsoluteUri.TrimEnd('/')}
                certificate-authority-data: {Base64(credentials.AuthorityPem)}
            users:
            - name: kubernetes-admin
              user:
                client-certificate-data: {Base64(certificate)}
                client-key-data: {Base64(key)}
            contexts:
            - name: kubernetes-admin@kubenotebooks
              context: {"{"}cluster: kubenotebooks, user: kubernetes-admin{"}"}
            current-context: kubernetes-admin@kubenotebooks

            """;
        Check(path, force);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Delete(path);
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            using var file = new StreamWriter(path, options);
            file.Write(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: cannot be written: {e.Message}");
        }
    }

    public string FilePath { get; }

    /// <summary>Refuses a path where a file lies that is not from here.</summary>
    /// <exception cref="BadInputException">There is one.</exception>
    public static void Check(string path, bool force)
    {
        if (!force && File.Exists(path)
            && !CommandFiles.ReadText(path).StartsWith(Mark, StringComparison.Ordinal))
        {
            throw new BadInputException($"{path}: there is a kubeconfig that is not from here; "
                + "name another with --kubeconfig, or write over it with --force");
        }
    }

    public void Dispose()
    {
        try
        {
            if (File.Exists(FilePath) && File.ReadAllText(FilePath) == text)
            {
                File.Delete(FilePath);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It opens no door any more.
        }
    }

    private static string Base64(string pem) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
