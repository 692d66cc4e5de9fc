using System.Text;

namespace KubeSim;

/// <summary>A command of kubectl.</summary>
/// <param name="Name">Its words: <c>get</c>, <c>rollout status</c>.</param>
/// <param name="Flags">Its flags, as <see cref="CommandFlags"/> reads them.</param>
/// <param name="Run">What it does.</param>
internal sealed record KubectlCommand(string Name, string Flags, Action<Invocation> Run)
{
    /// <summary>Other words for it, each of as many words.</summary>
    public Seq<string> Aliases { get; init; }
}

/// <summary>One run of a command: its flags, its requests, its outputs.</summary>
internal sealed class Invocation
{
    private readonly IKubectlServer server;
    private readonly KubectlTerminal terminal;
    private readonly Lazy<OutputFormat.Printer?> printer;
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();
    private readonly List<string> warned = [];
    private int exitCode;

    public Invocation(IKubectlServer server, KubectlTerminal terminal)
    {
        (this.server, this.terminal) = (server, terminal);
        printer = new(() => OutputFormat.Parse(this));
    }

    public IKubectlServer Server => server;

    public KubectlTerminal Terminal => terminal;

    /// <summary>The text of a file that a flag names; <c>-</c> is the standard input.</summary>
    public string? File(string path) =>
        path == "-" ? terminal.Input ?? "" : terminal.Files?.Invoke(path);

    /// <summary>What <c>-o</c> asks for; null for a line or a table.</summary>
    public OutputFormat.Printer? Output => printer.Value;

    public KindRegistry Kinds => server.Kinds;

    public DateTime Now => server.Now;

    public CommandFlags Flags { get; private set; } = null!;

    /// <summary>The words of the command: <c>kubectl rollout status</c>.</summary>
    public string CommandPath { get; private set; } = "kubectl";

    public List<string> Args => Flags.Args;

    public string Namespace => Flags["namespace"] is { Length: > 0 } ns ? ns : "default";

    public bool AllNamespaces => Flags.On("all-namespaces");

    /// <summary>The labels that choose objects; the selector of <c>expose</c> and <c>create</c>
    /// is part of what they make.</summary>
    public string? Selector => CommandPath.StartsWith("kubectl expose", StringComparison.Ordinal)
        || CommandPath.StartsWith("kubectl create ", StringComparison.Ordinal)
        ? null : Flags["selector"];

    /// <summary>True when <c>--dry-run</c> says to send nothing.</summary>
    public bool DryRunClient => DryRun == "client";

    public bool DryRunServer => DryRun == "server";

    /// <summary>What is added to a line that only tells what would happen.</summary>
    public string DryRunSuffix => DryRun is { } dry ? $" ({dry} dry run)"
        .Replace("(client dry", "(dry", StringComparison.Ordinal) : "";

    private string? DryRun => Flags["dry-run"] switch
    {
        null or "none" => null,
        "client" => "client",
        "server" => "server",
        "unchanged" => throw new KubectlException("--dry-run flag without a value was specified. A "
            + "value must be set: \"none\", \"server\", or \"client\"."),
        var other => throw new KubectlException($"Invalid dry-run value ({other}). "
            + "Must be \"none\", \"server\", or \"client\"."),
    };

    /// <summary>Finds the command and runs it.</summary>
    public void Run(List<string> words)
    {
        if (words is [] or ["help" or "--help" or "-h", ..])
        {
            Print(KubectlCommands.Help());
            return;
        }
        var (command, rest) = KubectlCommands.Find(words);
        CommandPath = $"kubectl {command.Name}";
        Flags = CommandFlags.Parse(CommandPath, command.Flags, rest);
        if (Flags.On("help"))
        {
            Print(KubectlCommands.Help(command));
            return;
        }
        Configured("context", "kubernetes-admin@kubernetes", "context");
        Configured("cluster", "kubernetes", "cluster");
        if (!CommandFlags.Declared(command.Flags).Any(f => f.Name == "user"))
        {
            Configured("user", "kubernetes-admin", "auth info");
        }
        command.Run(this);
        if (Flags.On("warnings-as-errors") && warned.Count > 0)
        {
            Fail($"error: {DescribeText.Number(warned.Count)} "
                + $"warning{(warned.Count > 1 ? "s" : "")} received");
        }
    }

    // There is one cluster, one user and one context of both.
    private void Configured(string flag, string only, string what)
    {
        if (Flags[flag] is { } other && other != only)
        {
            throw new KubectlException($"{what} \"{other}\" does not exist");
        }
    }

    public void Print(string text) => output.Append(text);

    public void Line(string text) => output.Append(text).Append('\n');

    public void ErrorLine(string text) => errors.Append(text).Append('\n');

    /// <summary>Follows what changes after a list.</summary>
    public void FollowList(ApiRequest list, Revision from, Action<WatchEvent> seen)
    {
        using var watch = Send(new(Verb.Watch, list.Path)
        {
            Query = list.Query with { ResourceVersion = $"{from}" },
        }).EnsureSuccess().Watch!;
        Follow(() =>
        {
            while (watch.TryNext(out var change))
            {
                seen(change);
            }
        });
    }

    /// <summary>Lets one thing after the other happen, and looks after each, until the terminal or
    /// <c>--request-timeout</c> ends it or nothing more is to come.</summary>
    public void Follow(Action look, Func<bool>? done = null)
    {
        var end = Now + (Flags["request-timeout"] is { } text
            && GoDuration.TryParse(text, out var span) && span > TimeSpan.Zero
            ? span : TimeSpan.FromMinutes(10));
        for (var left = terminal.Steps ?? int.MaxValue;
            left > 0 && Now < end && done?.Invoke() != true && server.Step(); left--)
        {
            look();
        }
    }

    /// <summary>Tells what was done to an object, or prints it as <c>-o</c> asks.</summary>
    public void Tell(ApiObject o, string done)
    {
        if (Output is { } print)
        {
            print(this, [o], true);
            return;
        }
        Line($"{ShownName.Of(o)} {done}{DryRunSuffix}");
    }

    /// <summary>Notes an error; the command goes on.</summary>
    public void Fail(Status status) => Fail(ServerErrors.Text(status));

    public void Fail(string message)
    {
        ErrorLine(message.TrimEnd('\n'));
        exitCode = 1;
    }

    /// <summary>True when an error was noted.</summary>
    public bool Failed => exitCode != 0;

    /// <summary>Ends the command with an exit code and no word.</summary>
    public void Exit(int code) => exitCode = code;

    /// <summary>An error in the use of the command, with the way to its help.</summary>
    public KubectlException UsageError(string message) =>
        new($"{message}\nSee '{CommandPath} -h' for help and examples");

    /// <summary>Sends a request; warnings of the server go to standard error, each once.</summary>
    public ApiResponse Send(ApiRequest request)
    {
        var answer = server.Send(Flags["as"] is { Length: > 0 } other
            ? request with { Impersonate = new(other, Flags.All("as-group").ToSeq()) } : request);
        foreach (var warning in answer.Warnings)
        {
            if (!warned.Contains(warning))
            {
                warned.Add(warning);
                ErrorLine($"Warning: {warning}");
            }
        }
        return answer;
    }

    public ApiObject? Find(Kind kind, string ns, string name) =>
        Send(new(Verb.Get, new(kind, kind.Namespaced ? ns : "", name))).Object;

    /// <summary>The object; a refusal ends the command.</summary>
    public ApiObject Get(Kind kind, string ns, string name) =>
        Find(kind, ns, name) ?? throw ApiErrors.NotFound(kind, name);

    /// <summary>An object as it is now, for those who wait; null when it is gone.</summary>
    public ApiObject? Again(ObjectKey key) =>
        server.Send(new(Verb.Get, ResourcePath.Of(key))).Object;

    public IReadOnlyList<T> List<T>(string ns, string? labels = null, string? fields = null)
        where T : ApiObject =>
        [.. Send(new(Verb.List, new(KubeSim.Kinds.Of<T>(), ns, ""))
        {
            Query = new() { LabelSelector = labels, FieldSelector = fields },
        }).EnsureSuccess().Items!.Cast<T>()];

    /// <summary>The options of a write: dry run, and strict about unknown fields.</summary>
    public Query WriteQuery(bool strict = false) => new()
    {
        DryRun = DryRunServer ? "All" : null,
        FieldValidation = strict && Flags["validate"] is not ("false" or "ignore")
            ? "Strict" : null,
        FieldManager = Flags["field-manager"] ?? Manager,
    };

    // Under this name the server notes what a command wrote.
    private string Manager => CommandPath.Split(' ') is not [_, var word, ..] ? "kubectl"
        : word is "apply" ? "kubectl-client-side-apply"
        : word is "annotate" or "autoscale" or "create" or "edit" or "expose" or "label" or "patch"
            or "replace" or "rollout" or "run" or "set" or "taint" ? $"kubectl-{word}" : "kubectl";

    public KubectlResult Result() => new(exitCode, output.ToString(), errors.ToString());
}

/// <summary>An object as messages write it: <c>pod/web</c>, <c>deployment.apps/web</c>.</summary>
internal static class ShownName
{
    public static string Of(Kind kind, string name) => $"{Of(kind)}/{name}";

    public static string Of(ApiObject o) => Of(o.Kind, o.Metadata.Name);

    public static string Of(Kind kind) =>
        kind.Group.Length == 0 ? kind.Singular : $"{kind.Singular}.{kind.Group}";
}
