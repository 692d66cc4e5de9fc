namespace KubeSim;

// kubectl is a client of the API server like any other: it reads, writes and prints, and knows
// nothing of the cluster that a request would not tell. A command is a file of this folder; what it
// prints, on which of the two outputs, and with which exit code, is what the real one prints.
//
// One thing differs: the cluster may stand still. Commands that wait for others (wait, rollout
// status, delete --wait, drain, get -w) let virtual time pass while they wait, and no other command
// does. So "delete" does not wait unless it is asked to.
//
// Models staging/src/k8s.io/kubectl/pkg/cmd.

/// <summary>What kubectl needs of the cluster that it talks to.</summary>
public interface IKubectlServer
{
    /// <summary>The kinds that the server serves.</summary>
    KindRegistry Kinds { get; }

    /// <summary>The time that ages count up to (UTC).</summary>
    DateTime Now { get; }

    /// <summary>The output of containers; null while nothing runs them.</summary>
    IContainerLogs? Logs { get; }

    /// <summary>Sends a request.</summary>
    ApiResponse Send(ApiRequest request);

    /// <summary>Lets virtual time pass until something holds; false when the limit was reached
    /// first, or nothing more is to come.</summary>
    bool WaitUntil(Func<bool> holds, TimeSpan limit);

    /// <summary>Lets the next thing happen; false when only periodic work is left.</summary>
    bool Step();
}

/// <summary>What a person at the terminal gives a command besides its words.</summary>
public sealed record KubectlTerminal
{
    /// <summary>The standard input, for <c>-f -</c>.</summary>
    public string? Input { get; init; }

    /// <summary>The files that can be read, such as the <c>web.yaml</c> of <c>-f web.yaml</c>: the
    /// text of a path; null for one that is not there.</summary>
    public Func<string, string?>? Files { get; init; }

    /// <summary>What <c>edit</c> does with the text that it opens.</summary>
    public Func<string, string>? Editor { get; init; }

    /// <summary>After how many steps <c>-w</c> is interrupted; null for when the cluster
    /// rests.</summary>
    public int? Steps { get; init; }
}

/// <summary>Where the output of containers is kept: on their machines.</summary>
public interface IContainerLogs
{
    /// <summary>True when the kubelet of a pod's node answers.</summary>
    bool Reaches(Pod pod);

    /// <summary>What a container wrote; null when its machine has removed it.</summary>
    /// <param name="pod">The pod, bound to a node.</param>
    /// <param name="container">The name of the container.</param>
    /// <param name="containerId">Which run of it: <c>containerd://…</c>.</param>
    IReadOnlyList<LogLine>? Read(Pod pod, string container, string containerId);

    /// <summary>How many of a container's lines stand in older files, which nobody is
    /// shown.</summary>
    int TurnedOver(Pod pod, string containerId) => 0;

    /// <summary>Runs a command in a container; null when it is none that is known
    /// here.</summary>
    ExecResult? Exec(Pod pod, string container, string containerId, Seq<string> command);
}

/// <summary>What a command came to.</summary>
/// <param name="ExitCode">0, or 1 for an error.</param>
/// <param name="Out">The standard output.</param>
/// <param name="Error">The standard error.</param>
public sealed record KubectlResult(int ExitCode, string Out, string Error)
{
    /// <summary>Both outputs, as a terminal shows them, as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>Both outputs, as a terminal shows them.</summary>
    public override string ToString() => Out + Error;
}

/// <summary>The command-line client of a cluster, as values: a command in, its output
/// out.</summary>
public sealed class Kubectl(IKubectlServer server)
{
    /// <summary>Runs a command.</summary>
    /// <param name="commandLine">What follows <c>kubectl</c>: <c>get pods -o wide</c>; with or
    /// without that first word. Quotes work as in a shell.</param>
    /// <param name="input">The standard input, for <c>-f -</c>.</param>
    public KubectlResult Run(string commandLine, string? input = null) =>
        Run(commandLine, new KubectlTerminal { Input = input });

    /// <summary>Runs a command at a terminal that can do more than read.</summary>
    public KubectlResult Run(string commandLine, KubectlTerminal terminal)
    {
        List<string> words;
        try
        {
            words = ShellWords.Split(commandLine);
        }
        catch (KubectlException e)
        {
            return new(1, "", $"error: {e.Message}\n");
        }
        return Run([.. words.Skip(words is ["kubectl", ..] ? 1 : 0)], terminal);
    }

    /// <summary>Runs a command whose words are already apart.</summary>
    public KubectlResult Run(Seq<string> words, KubectlTerminal? terminal = null)
    {
        var call = new Invocation(server, terminal ?? new());
        try
        {
            call.Run([.. words]);
        }
        catch (KubectlException e)
        {
            call.Fail($"error: {e.Message}");
        }
        catch (ApiException e)
        {
            call.Fail(e.Status);
        }
        return call.Result();
    }
}

/// <summary>An error of kubectl itself; it prints <c>error: MESSAGE</c>.</summary>
internal sealed class KubectlException(string message) : Exception(message);

/// <summary>The words in which kubectl tells a refusal of the server.</summary>
internal static class ServerErrors
{
    public static string Text(Status status)
    {
        if (status.Reason == "Invalid" && status.Details is { } details)
        {
            var named = details.Kind is { Length: > 0 } || details.Name is { Length: > 0 };
            var text = named
                ? $"The {details.Kind} \"{details.Name}\" is invalid" : "The request is invalid";
            var causes = details.Causes.Select(c => $"{c.Field}: {c.Message}").ToList();
            return causes.Count switch
            {
                0 => named || status.Message is not { Length: > 0 } why ? text : $"{text}: {why}",
                1 => $"{text}: {causes[0]}",
                _ => $"{text}: \n{string.Join("\n", causes.Select(c => $"* {c}"))}",
            };
        }
        return status.Reason is { Length: > 0 } reason
            ? $"Error from server ({reason}): {status.Message}"
            : $"Error from server: {status.Message}";
    }

    /// <summary>The refusal with what kubectl was about to do before it.</summary>
    public static Status When(this Status status, string doing) =>
        status with { Message = $"error when {doing}: {status.Message}" };
}
