using System.Globalization;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>What comes to a server in a container: a request of HTTP.</summary>
/// <param name="Path">With its slash.</param>
/// <param name="Host">The header Host.</param>
/// <param name="Headers">The other headers.</param>
/// <param name="Client">Whose connection it came by, as the container sees it.</param>
internal sealed record HttpAsk(string Path, string Host, Map<string> Headers, string Client)
{
    public string Pod { get; init; } = "";

    public string Ip { get; init; } = "";

    public int Port { get; init; }

    public DateTime Now { get; init; }
}

/// <summary>
/// On which ports a container's program listens, and what it answers.
/// <list type="bullet">
/// <item>A known image listens where its program does, whatever <c>containerPort</c> says: nginx
/// on 80, and a Service with <c>targetPort: 8080</c> in front of it is refused. Flags such as
/// <c>--port=9000</c> move it, and with a file mounted into its configuration it listens where the
/// pod says.</item>
/// <item>A shell script listens nowhere, unless it starts <c>nc -l</c> or the like.</item>
/// <item>A program that nothing is known of listens on the ports that the pod declares.</item>
/// </list>
/// What images such as whoami answer names their pod, as in life; nginx's page does not.
/// </summary>
internal static partial class ContainerServer
{
    private delegate string Page(HttpAsk ask);

    // Repository, ports of its program ("/udp" behind those), what it answers on any path.
    private static readonly (string Repository, string Ports, Page? Page)[] known =
    [
        ("library/nginx", "80", a => Root(a, "<h1>Welcome to nginx!</h1>\n")),
        ("nginxinc/nginx-unprivileged", "8080", a => Root(a, "<h1>Welcome to nginx!</h1>\n")),
        ("nginxdemos/hello", "80", a => $"Server address: {a.Ip}:{Number(a.Port)}\n"
            + $"Server name: {a.Pod}\nURI: {a.Path}\n"),
        ("library/httpd", "80",
            a => Root(a, "<html><body><h1>It works!</h1></body></html>\n")),
        ("hashicorp/http-echo", "5678", null),
        ("traefik/whoami", "80", a => $"Hostname: {a.Pod}\nIP: 127.0.0.1\nIP: {a.Ip}\n"
            + $"RemoteAddr: {a.Client}\n{Echo(a)}"),
        ("google-samples/hello-app", "8080",
            a => $"Hello, world!\nVersion: 1.0.0\nHostname: {a.Pod}\n"),
        ("kicbase/echo-server", "8080", a => $"Request served by {a.Pod}\n\n{Echo(a)}"),
        ("jmalloc/echo-server", "8080", a => $"Request served by {a.Pod}\n\n{Echo(a)}"),
        ("echoserver", "8080", a => $"\n\nHostname: {a.Pod}\n\nRequest Information:\n"
            + $"\tclient_address={a.Client.Split(':')[0]}\n\treal path={a.Path}\n"),
        ("e2e-test-images/echoserver", "8080", a => $"\n\nHostname: {a.Pod}\n\n"
            + $"Request Information:\n\tclient_address={a.Client.Split(':')[0]}\n"
            + $"\treal path={a.Path}\n"),
        ("serve_hostname", "9376", a => a.Pod),
        ("hpa-example", "80", _ => "OK!"),
        ("library/redis", "6379", null), ("library/memcached", "11211", null),
        ("library/mysql", "3306", null), ("library/postgres", "5432", null),
        ("library/mongo", "27017", null), ("library/registry", "5000", null),
        ("coredns/coredns", "53 53/udp 8080 8181 9153", null),
        ("metrics-server/metrics-server", "10250", null),
        ("ingress-nginx/controller", "80 443 10254", null),
        ("kubernetesui/dashboard", "8443",
            a => Root(a, "<!doctype html>\n<title>Kubernetes Dashboard</title>\n")),
        ("kubernetesui/metrics-scraper", "8000", null),
        ("fluent/fluent-bit", "2020", null), ("grafana/loki", "3100 7946 9095", null),
    ];

    /// <summary>Whether a port is open.</summary>
    public static bool Listens(ContainerConfig config, string protocol, int port)
    {
        var wanted = Number(port) + (protocol == "udp" ? "/udp" : "");
        return protocol is "tcp" or "udp" && Ports(config) is { } ports
            ? ports.Split(' ').Contains(wanted)
            : config.Ports.Any(p => p.Port == port && (p.Protocol ?? "TCP").Equals(protocol,
                StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>True when it is known that nobody takes connections to a port: what is unknown may
    /// listen anywhere.</summary>
    public static bool Refuses(ContainerConfig config, int port) =>
        Ports(config) is { } ports && !ports.Split(' ').Contains(Number(port));

    /// <summary>The status that a path of a known server answers with; 200 where its files are
    /// somebody's own.</summary>
    public static int StatusOf(ContainerConfig config, string path) =>
        Find(config.Image).Page is null || Ports(config) is null || config.Mounts.Any(m =>
            m.MountPath.StartsWith("/usr/", StringComparison.Ordinal)) ? 200
            : Answer(config, new(path, "", default, "") { Pod = config.Name }).Status;

    /// <summary>The answer to a request: its status and body.</summary>
    public static (int Status, string Body) Answer(ContainerConfig config, HttpAsk ask)
    {
        var body = Find(config.Image).Page is { } page ? page(ask)
            : TextFlag().Match(string.Join(' ', config.Args)) is { Success: true } text
                ? text.Groups[1].Value + "\n"
            : IsAgnhost(config) && ask.Path.StartsWith("/clientip", StringComparison.Ordinal)
                ? ask.Client
            : IsAgnhost(config) && ask.Path == "/" ? string.Create(CultureInfo.InvariantCulture,
                $"NOW: {ask.Now:yyyy-MM-dd HH:mm:ss.fff} +0000 UTC\n")
            : IsAgnhost(config) ? ask.Pod : $"{ask.Pod}\n";
        return body.Length > 0 ? (200, body) : (404, "<h1>404 Not Found</h1>\n");
    }

    // The ports of its program; null when nothing is known of it.
    private static string? Ports(ContainerConfig config)
    {
        Seq<string> words = [.. config.Command, .. config.Args];
        var line = string.Join(' ', words);
        if (ListenWords().Match(line) is { Success: true } listens)
        {
            return listens.Groups[1].Value + listens.Groups[2].Value + listens.Groups[3].Value;
        }
        if (!config.Command.IsEmpty && ShellForecast.IsOfTools(words))
        {
            return "";
        }
        if (IsAgnhost(config))
        {
            var ports = (config.Args.IsEmpty ? "" : config.Args[0]) switch
            {
                "netexec" => "8080 8081/udp",
                "serve-hostname" => "9376",
                "test-webserver" => "80",
                "liveness" => "8080",
                _ => "",
            };
            return Moved(ports, line);
        }
        var found = Find(config.Image).Ports;
        // With a configuration of somebody's own it listens where that says.
        return found is null || (!config.Ports.IsEmpty && config.Mounts.Any(m =>
            m.MountPath.StartsWith("/etc/nginx", StringComparison.Ordinal)
            || m.MountPath.StartsWith("/usr/local/apache2/conf", StringComparison.Ordinal)))
            ? null : Moved(found, line);
    }

    private static string Moved(string ports, string line)
    {
        if (PortFlag().Match(line) is not { Success: true } flag)
        {
            return ports;
        }
        var rest = ports.IndexOf(' ', StringComparison.Ordinal);
        return flag.Groups[1].Value + (rest < 0 ? "" : ports[rest..]);
    }

    private static (string? Ports, Page? Page) Find(string image)
    {
        var repository = ImageReference.Parse(image).Repository;
        foreach (var (name, ports, page) in known)
        {
            if (name == repository)
            {
                return (ports, page);
            }
        }
        return default;
    }

    private static bool IsAgnhost(ContainerConfig config) => ImageReference.Parse(config.Image)
        .Repository.EndsWith("/agnhost", StringComparison.Ordinal);

    // A server of files: only its first page is there.
    private static string Root(HttpAsk ask, string page) =>
        ask.Path.Split('?')[0] is "/" or "/index.html" ? page : "";

    private static string Echo(HttpAsk ask) => $"GET {ask.Path} HTTP/1.1\nHost: {ask.Host}\n"
        + string.Concat(ask.Headers.Select(h => $"{h.Key}: {h.Value}\n"));

    private static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"--?(?:listen|port|http-port|secure-port|bind)[= ]:?(\d{1,5})\b")]
    private static partial Regex PortFlag();

    [GeneratedRegex(@"-text[= ]""?([^""]*?)""?(?: -|$)")]
    private static partial Regex TextFlag();

    [GeneratedRegex(@"\bnc\b[^;|]*? -?l\w*(?: -p)? (\d{1,5})|http\.server (\d{1,5})"
        + @"|\bhttpd\b[^;|]*? -p (\d{1,5})")]
    private static partial Regex ListenWords();
}
