using System.Net;

namespace KubeSim;

/// <summary>What scripts in containers learn of the network. Other than a command that a person
/// types, a script is part of the run: what it is told follows from the objects alone, and no
/// packet is sent.</summary>
public sealed partial class Cluster
{
    internal ExecResult? AnswerScript(PodSandboxMetadata pod, IReadOnlyList<string> words)
    {
        var tool = words[0][(words[0].LastIndexOf('/') + 1)..];
        if (tool is not ("nslookup" or "dig" or "host" or "getent" or "ping" or "nc" or "curl"
            or "wget") || words.Skip(1).FirstOrDefault(IsTarget) is not { } target)
        {
            return null;
        }
        var asksConnection = tool is "nc" or "curl" or "wget" or "ping";
        var host = target[(target.IndexOf("//", StringComparison.Ordinal) is >= 0 and var at
            ? at + 2 : 0)..].Split('/', ':')[0];
        var address = IPAddress.TryParse(host, out _) ? host
            : host == "localhost" ? "127.0.0.1"
            : (asksConnection ? Alias(pod.Namespace, pod.Name, host) : null)
                ?? AddressFor(pod.Namespace, host);
        if (address is null)
        {
            return new("", tool == "curl" ? $"curl: (6) Could not resolve host: {host}\n"
                : tool is "wget" or "nc" or "ping" ? $"{tool}: bad address '{host}'\n"
                : $"** server can't find {host}: NXDOMAIN\n", tool == "curl" ? 6 : 1);
        }
        return !asksConnection ? new("", "", 0)
            : (IsOwn(address) ? ServesItself(pod, words) : Serves(address))
                ? new(tool == "curl" ? Shown(words) : "",
                tool == "wget" && words.Any(w => w is "-S" or "--server-response")
                    ? "  HTTP/1.1 200 OK\n" : "", 0)
            : new("", tool == "curl" ? $"curl: (7) Failed to connect to {host}\n"
                : $"{tool}: can't connect to remote host ({address}): Connection refused\n",
                tool == "curl" ? 7 : 1);
    }

    // Of an answer scripts ask for little but its status.
    private static string Shown(IReadOnlyList<string> words) =>
        words.Any(w => w.Contains("%{http_code}", StringComparison.Ordinal)) ? "200"
        : words.Any(w => w is "-I" or "--head" or "-i") ? "HTTP/1.1 200 OK\n" : "";

    private static bool IsTarget(string word) => word.Length > 0 && word[0] is not ('-' or '+')
        && !int.TryParse(word, out _) && word != "hosts";

    // By the search path of a pod.
    private string? AddressFor(string ns, string host)
    {
        var names = Names();
        string[] all = host.EndsWith('.') ? [host.TrimEnd('.')]
            : [$"{host}.{ns}.svc.{names.Domain}", $"{host}.svc.{names.Domain}",
                $"{host}.{names.Domain}", host];
        return all.SelectMany(n => names.Answer(n, "A").Addresses).FirstOrDefault();
    }

    private static bool IsOwn(string address) =>
        address.StartsWith("127.", StringComparison.Ordinal);

    // The containers of a pod share one network: a neighbour's port is there as soon as it runs.
    private bool ServesItself(PodSandboxMetadata pod, IReadOnlyList<string> words)
    {
        var target = words.Skip(1).First(IsTarget);
        // http://HOST:PORT/PATH, or HOST PORT as for nc.
        var port = words.SkipWhile(w => w != target).Skip(1)
            .Prepend(target.Split('/').First(p => p.Length > 0 && p is not ("http:" or "https:"))
                .Split(':')[^1])
            .Select(w => int.TryParse(w, out var n) ? n : 0).FirstOrDefault(n => n > 0, 80);
        return Find<Pod>(pod.Namespace, pod.Name) is { } own
            && ViewOf(own).Listens("tcp", port);
    }

    // Behind a cluster IP somebody is ready, or a pod has the address and runs.
    private bool Serves(string address) =>
        List<Service>().FirstOrDefault(s => s.Spec.ClusterIP == address) is { } service
            ? SlicesOf(service).SelectMany(s => s.Endpoints)
                .Any(e => e.Conditions.Ready ?? true)
            : !List<Pod>().Any(p => p.Status.PodIP == address && p.Status.Phase != "Running");
}
