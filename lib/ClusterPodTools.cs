namespace KubeSim;

/// <summary>Programs in a container that ask the network: <c>kubectl exec client -- curl web</c>.
/// Of their flags only those count that change what is asked.</summary>
public sealed partial class Cluster
{
    private static readonly Seq<string> flagsWithValue =
        ["-H", "--header", "-m", "--max-time", "--connect-timeout", "-o", "-O", "-T", "-X", "-w"];

    // What it printed; null for a program that is none of these.
    private ExecResult? NetworkTool(Pod pod, Seq<string> command)
    {
        var from = $"{pod.Metadata.Namespace}/{pod.Metadata.Name}";
        var (words, headers) = (new List<string>(), new List<(string, string)>());
        for (var i = 1; i < command.Count; i++)
        {
            var takesNext = flagsWithValue.AsSpan().Contains(command[i]) && i + 1 < command.Count;
            if (takesNext && command[i] is "-H" or "--header"
                && command[i + 1].Split(':', 2) is [var name, var value])
            {
                headers.Add((name, value.Trim()));
            }
            else if (!takesNext && command[i][0] is not ('-' or '+'))
            {
                words.Add(command[i]);
            }
            i += takesNext ? 1 : 0;
        }
        if (words.Count == 0)
        {
            return null;
        }
        var type = words.Count > 1 ? words[1].ToUpperInvariant() : "A";
        return command[0][(command[0].LastIndexOf('/') + 1)..] switch
        {
            "nslookup" => Looked(Nslookup(from, words[0])),
            "dig" => Looked(Dig(from, words[0], type)),
            "curl" => Curl(Request(from, words[0], [.. headers]), command.Contains("-i")),
            "wget" => Wget(Request(from, words[0], [.. headers]), words[0]),
            _ => null,
        };
    }

    private static ExecResult Looked(string text) => new(text, "",
        text.Contains("** server can't find", StringComparison.Ordinal)
        || text.Contains("no servers could be reached", StringComparison.Ordinal) ? 1 : 0);

    // The number in brackets is the exit code.
    private static ExecResult Curl(HttpReply reply, bool withHead) => reply.Error is { } error
        ? new("", $"curl: {error}\n", int.Parse(error.AsSpan(1, error.IndexOf(')') - 1),
            System.Globalization.CultureInfo.InvariantCulture))
        : new(withHead ? $"{reply with { ServedBy = null }}" : reply.Body, "", 0);

    private static ExecResult Wget(HttpReply reply, string url)
    {
        var host = SendTarget.Parse(WithScheme(url)).Host;
        // Hops before the first of TCP asked for the name.
        var address = reply.Traces[0].Hops.FirstOrDefault(h => h.Before.Protocol == "tcp")?
            .Before.Destination ?? host;
        return reply switch
        {
            { IsSuccess: true } => new(reply.Body, "", 0),
            { Status: > 0 } => new("", "wget: server returned error: "
                + $"{reply.ToString().Split('\n')[0]}\n", 1),
            _ => new("", reply.Traces[0].Outcome switch
            {
                SendOutcome.NameUnknown => $"wget: bad address '{host}'\n",
                SendOutcome.Refused =>
                    $"wget: can't connect to remote host ({address}): Connection refused\n",
                SendOutcome.NoRoute =>
                    $"wget: can't connect to remote host ({address}): No route to host\n",
                _ => "wget: download timed out\n",
            }, 1),
        };
    }
}
