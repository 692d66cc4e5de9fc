using System.Text;

namespace KubeSim;

/// <summary>Until when a shell does nothing.</summary>
/// <param name="Until">The virtual time (UTC); <see cref="DateTime.MaxValue"/> for ever.</param>
/// <param name="Interruptible">True when a signal ends the waiting.</param>
internal readonly record struct ShellWait(DateTime Until, bool Interruptible = false);

/// <summary>What a shell has around it.</summary>
internal interface IShellWorld
{
    /// <summary>The virtual time (UTC).</summary>
    DateTime Now { get; }

    /// <summary>What it sees of files.</summary>
    ContainerFiles Files { get; }

    /// <summary>True when its tools are BusyBox's, which word their complaints otherwise.</summary>
    bool IsBusyBox { get; }

    /// <summary>Answers a program that asks the network; null when nobody does.</summary>
    ExecResult? Ask(IReadOnlyList<string> words);
}

/// <summary>Where a command reads and writes.</summary>
/// <param name="In">What is left of the input; null when there is none.</param>
/// <param name="Out">Takes what it prints.</param>
/// <param name="Error">Takes what it complains of.</param>
internal sealed record ShellStreams(ShellText? In, Action<string> Out, Action<string> Error);

/// <summary>A text that is read line by line.</summary>
internal sealed class ShellText(string text)
{
    private int at;

    public string Rest()
    {
        var rest = text[at..];
        at = text.Length;
        return rest;
    }

    public string? Line()
    {
        if (at >= text.Length)
        {
            return null;
        }
        var feed = text.IndexOf('\n', at);
        var line = text[at..(feed < 0 ? text.Length : feed)];
        at = feed < 0 ? text.Length : feed + 1;
        return line;
    }
}

/// <summary>
/// A shell that runs a script in virtual time: it goes on until it waits, says until when, and is
/// then asked to go on. What it does in between takes no time.
/// <para><c>until [ -f /shared/ready ]; do sleep 1; done; echo go</c> looks once a second, and
/// prints in the second after another container made the file.</para>
/// <para>Of programs it knows the small tools of every image (<see cref="ShellTools"/>). One that
/// it does not know runs until it is killed; in a condition it succeeds.</para>
/// </summary>
/// <remarks>Source: POSIX.1-2017, Shell Command Language.</remarks>
internal sealed partial class ShellRun(IShellWorld world, Dictionary<string, string> variables)
{
    // A loop that never waits would never let the time go on.
    private const int MostWithoutWait = 1000;

    private enum Leaving
    {
        No,
        Break,
        Continue,
        Return,
        Exit,
    }

    private readonly Dictionary<string, ShellNode> functions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> traps = new(StringComparer.Ordinal);
    private readonly Queue<string> signals = new();
    private string[] arguments = [];
    private Leaving leaving;
    private int levels;
    // How the last $(…) of this command ended: X=$(false) fails.
    private int ofOutput;

    private int conditions;
    private int sinceWait;
    private ShellNode? last;
    private bool stopsAtFailure;

    /// <summary>How the last command ended.</summary>
    public int Code { get; private set; }

    /// <summary>True while a program runs that is not known: it takes signals itself.</summary>
    public bool IsServer { get; private set; }

    /// <summary>True while it goes round in a loop that nothing in it ends.</summary>
    public bool IsEndless { get; private set; }

    /// <summary>True: a program that is not known ends after a second, as those of init containers
    /// do, instead of running on.</summary>
    public bool Ends { get; init; }

    /// <summary>The commands that run beside the script, to be carried on by who runs it.</summary>
    public List<IEnumerator<ShellWait>> Beside { get; } = [];

    public IShellWorld World => world;

    public Dictionary<string, string> Variables => variables;

    /// <summary>Runs a command line: a shell with a script, or a program by itself.</summary>
    public IEnumerable<ShellWait> Start(Seq<string> command, ShellStreams io)
    {
        var words = command.ToArray();
        if (words.Length == 0)
        {
            yield break;
        }
        ShellNode node;
        var dollar = Array.FindIndex(words, 1, w => w.StartsWith('-') && w.EndsWith('c'));
        if (IsShell(words[0]) && dollar > 0 && words.Length > dollar + 1)
        {
            stopsAtFailure = words[dollar].Contains('e', StringComparison.Ordinal);
            arguments = words[(dollar + 2)..];
            if (Parse(words[dollar + 1], io) is not { } script)
            {
                Code = 2;
                yield break;
            }
            node = script;
            last = Last(node);
        }
        else
        {
            // No shell: words are as they are, but for the kubelet's own $(NAME).
            node = new ShellNode.Simple([], [.. words.Select(w => new ShellWord(
                [new(ShellPart.Text, w, true)]))], []);
            last = Last(node);
        }
        foreach (var wait in Run(node, io))
        {
            yield return wait;
        }
    }

    /// <summary>Tells it of a signal: a trap takes it when the command at hand has ended. False
    /// when nobody takes it.</summary>
    public bool Signal(string name)
    {
        if (!traps.ContainsKey(name))
        {
            return false;
        }
        signals.Enqueue(name);
        return true;
    }

    internal static bool IsShell(string program) =>
        program[(program.LastIndexOf('/') + 1)..] is "sh" or "bash" or "ash" or "dash";

    private static ShellNode? Parse(string script, ShellStreams io)
    {
        var node = ShellParser.TryParse(script, out var error);
        if (error is not null)
        {
            io.Error($"sh: {error}\n");
        }
        return node;
    }

    // The place of the last command of a script: the shell becomes the program that it starts
    // there.
    private static ShellNode Last(ShellNode node) => node switch
    {
        ShellNode.Sequence { Parts: [.., var part] } => Last(part),
        ShellNode.Both { IfOk: true } both => Last(both.Second),
        _ => node,
    };

    private IEnumerable<ShellWait> Run(ShellNode node, ShellStreams io)
    {
        switch (node)
        {
            case ShellNode.Simple simple:
                return Simple(simple, io);
            case ShellNode.Sequence sequence:
                return All(sequence.Parts, io);
            case ShellNode.Both both:
                return Both(both, io);
            case ShellNode.Pipe pipe:
                return Pipe(pipe, io);
            case ShellNode.Not not:
                return Not(not, io);
            case ShellNode.If choice:
                return If(choice, io);
            case ShellNode.Loop loop:
                return Loop(loop, io);
            case ShellNode.For each:
                return For(each, io);
            case ShellNode.Case choice:
                return Case(choice, io);
            case ShellNode.Redirected redirected:
                return Redirected(redirected, io);
            case ShellNode.Background background:
                Beside.Add(Run(background.Of, io with { In = null }).GetEnumerator());
                Code = 0;
                return [];
            case ShellNode.Group { Function: { } name } group:
                functions[name] = group.Body;
                return [];
            case ShellNode.Group group:
                return Subshell(group.Body, io);
            default:
                return [];
        }
    }

    private IEnumerable<ShellWait> All(IReadOnlyList<ShellNode> parts, ShellStreams io)
    {
        foreach (var part in parts)
        {
            foreach (var wait in Run(part, io))
            {
                yield return wait;
            }
            if (leaving != Leaving.No)
            {
                yield break;
            }
        }
    }

    private IEnumerable<ShellWait> Condition(ShellNode node, ShellStreams io)
    {
        conditions++;
        try
        {
            foreach (var wait in Run(node, io))
            {
                yield return wait;
            }
        }
        finally
        {
            conditions--;
        }
    }

    private IEnumerable<ShellWait> Both(ShellNode.Both both, ShellStreams io)
    {
        foreach (var wait in both.IfOk && conditions == 0 && !stopsAtFailure
            ? Run(both.First, io) : Condition(both.First, io))
        {
            yield return wait;
        }
        if (leaving == Leaving.No && (Code == 0) == both.IfOk)
        {
            foreach (var wait in Run(both.Second, io))
            {
                yield return wait;
            }
        }
    }

    private IEnumerable<ShellWait> Not(ShellNode.Not not, ShellStreams io)
    {
        foreach (var wait in Condition(not.Of, io))
        {
            yield return wait;
        }
        Code = Code == 0 ? 1 : 0;
    }

    private IEnumerable<ShellWait> If(ShellNode.If choice, ShellStreams io)
    {
        foreach (var wait in Condition(choice.Condition, io))
        {
            yield return wait;
        }
        var then = Code == 0 ? choice.Then : choice.Else;
        Code = 0;
        if (then is not null && leaving == Leaving.No)
        {
            foreach (var wait in Run(then, io))
            {
                yield return wait;
            }
        }
    }

    private IEnumerable<ShellWait> Loop(ShellNode.Loop loop, ShellStreams io)
    {
        IsEndless |= !stopsAtFailure && ShellForecast.IsEndless(loop);
        while (true)
        {
            foreach (var wait in Condition(loop.Condition, io))
            {
                yield return wait;
            }
            if (leaving != Leaving.No || (Code == 0) == loop.Until)
            {
                Code = leaving == Leaving.No ? 0 : Code;
                yield break;
            }
            foreach (var wait in Run(loop.Body, io))
            {
                yield return wait;
            }
            if (Leaves())
            {
                yield break;
            }
            if (++sinceWait > MostWithoutWait)
            {
                foreach (var wait in Wait(TimeSpan.FromSeconds(1)))
                {
                    yield return wait;
                }
            }
        }
    }

    private IEnumerable<ShellWait> For(ShellNode.For each, ShellStreams io)
    {
        foreach (var value in each.Values.SelectMany(w => Fields(w, io)).ToArray())
        {
            variables[each.Name] = value;
            foreach (var wait in Run(each.Body, io))
            {
                yield return wait;
            }
            if (Leaves())
            {
                yield break;
            }
        }
    }

    private IEnumerable<ShellWait> Case(ShellNode.Case choice, ShellStreams io)
    {
        var of = One(choice.Of, io);
        Code = 0;
        foreach (var (patterns, body) in choice.Arms)
        {
            if (patterns.Any(p => ShellPattern.Matches(One(p, io), of)))
            {
                return Run(body, io);
            }
        }
        return [];
    }

    // What a subshell changes of variables is gone with it.
    private IEnumerable<ShellWait> Subshell(ShellNode body, ShellStreams io)
    {
        var before = new Dictionary<string, string>(variables, StringComparer.Ordinal);
        foreach (var wait in Run(body, io))
        {
            yield return wait;
        }
        leaving = leaving == Leaving.Exit ? Leaving.No : leaving;
        variables.Clear();
        foreach (var (name, value) in before)
        {
            variables[name] = value;
        }
    }

    private IEnumerable<ShellWait> Pipe(ShellNode.Pipe pipe, ShellStreams io)
    {
        // Lines go through the second command as they come where it takes them one by one.
        if (pipe.To is ShellNode.Simple { To: [] } to && ShellTools.Stream(
            [.. to.Words.SelectMany(w => Fields(w, io))], this, io) is { } through)
        {
            foreach (var wait in Condition(pipe.From, io with { Out = through.Take }))
            {
                yield return wait;
            }
            Code = through.End();
            yield break;
        }
        var text = new StringBuilder();
        foreach (var wait in Condition(pipe.From, io with { Out = t => text.Append(t) }))
        {
            yield return wait;
        }
        foreach (var wait in Run(pipe.To, io with { In = new(text.ToString()) }))
        {
            yield return wait;
        }
    }

    private IEnumerable<ShellWait> Redirected(ShellNode.Redirected node, ShellStreams io)
    {
        if (Open(node.To, io) is not { } streams)
        {
            yield break;
        }
        foreach (var wait in Run(node.Of, streams))
        {
            yield return wait;
        }
    }

    private IEnumerable<ShellWait> Simple(ShellNode.Simple simple, ShellStreams io)
    {
        var isLast = ReferenceEquals(simple, last);
        ofOutput = 0;
        foreach (var (name, value) in simple.Assigned)
        {
            variables[name] = One(value, io);
        }
        if (Open(simple.To, io) is not { } streams)
        {
            yield break;
        }
        var words = simple.Words.SelectMany(w => Fields(w, streams)).ToArray();
        Code = words.Length == 0 ? ofOutput : Code;
        foreach (var wait in words.Length == 0 ? [] : Command(words, isLast, streams))
        {
            yield return wait;
        }
        foreach (var wait in Traps(io))
        {
            yield return wait;
        }
        if (Code != 0 && stopsAtFailure && conditions == 0)
        {
            leaving = Leaving.Exit;
        }
    }

    // What was trapped while a command ran.
    private IEnumerable<ShellWait> Traps(ShellStreams io)
    {
        while (signals.TryDequeue(out var signal) && leaving == Leaving.No)
        {
            var code = Code;
            if (Parse(traps[signal], io) is { } script)
            {
                foreach (var wait in Run(script, io))
                {
                    yield return wait;
                }
            }
            Code = leaving == Leaving.Exit ? Code : code;
        }
    }
}
