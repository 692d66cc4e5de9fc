namespace KubeSim;

/// <summary>What can be said of a script before it runs.</summary>
internal static class ShellForecast
{
    /// <summary>How long a script takes when nothing in it depends on anything: a row of small
    /// tools and sleeps. Null when that cannot be said.</summary>
    public static TimeSpan? Length(ShellNode node)
    {
        var sum = TimeSpan.Zero;
        return Add(node, ref sum) is null ? null : sum;
    }

    /// <summary>True for a loop that goes on whatever happens: <c>while true</c> without a way
    /// out.</summary>
    public static bool IsEndless(ShellNode.Loop loop) => !loop.Until
        && loop.Condition is ShellNode.Simple { Words: [var first, ..] }
        && first.Literal is "true" or ":" or "sleep"
        && !All(loop.Body).OfType<ShellNode.Simple>().Any(s => s.Words.Count > 0
            && s.Words[0].Literal is null or "exit" or "break" or "return" or "exec" or "kill"
                or "eval");

    /// <summary>True for a command line that is known whole: small tools and what holds them
    /// together, and no program that may be a server.</summary>
    public static bool IsOfTools(Seq<string> command)
    {
        if (command.IsEmpty || !ShellRun.IsShell(command[0]))
        {
            return !command.IsEmpty && (ShellTools.Knows(command[0]) || command[0] == "tail");
        }
        return command.Count > 2 && (ShellParser.TryParse(command[2], out _) is not { } script
            || All(script).OfType<ShellNode.Simple>().All(s => s.Words.Count == 0
                || s.Words[0].Literal is not { } name || ShellTools.Knows(name)
                || name is "exit" or "wait" or "tail" or "break" or "continue" or "return"));
    }

    /// <summary>True when a script may write, make or remove files.</summary>
    public static bool TouchesFiles(ShellNode node) => All(node).Any(n => n switch
    {
        ShellNode.Redirected { To: var to } => to.Any(Writes),
        ShellNode.Simple simple => simple.To.Any(Writes) || (simple.Words.Count > 0
            && simple.Words[0].Literal is null or "touch" or "rm" or "cp" or "mv" or "mkdir"
                or "tee" or "dd" or "truncate" or "fallocate" or "rmdir" or "eval" or "sh"
                or "bash"),
        _ => false,
    });

    private static bool Writes(ShellRedirect redirect) => redirect.How is ">" or ">>"
        && redirect.Target.Literal is not ("/dev/null" or "/dev/stdout" or "/dev/stderr");

    // True when the script goes on behind the node, false when it ends there, null when it cannot
    // be said.
    private static bool? Add(ShellNode node, ref TimeSpan sum)
    {
        switch (node)
        {
            case ShellNode.Sequence sequence:
                foreach (var part in sequence.Parts)
                {
                    if (Add(part, ref sum) is not true and var other)
                    {
                        return other;
                    }
                }
                return true;
            case ShellNode.Both { IfOk: true } both:
                return Add(both.First, ref sum) is true ? Add(both.Second, ref sum) : null;
            case ShellNode.Simple { Words: [] }:
                return true;
            case ShellNode.Simple simple:
                return Add(simple, ref sum);
            default:
                return null;
        }
    }

    private static bool? Add(ShellNode.Simple simple, ref TimeSpan sum)
    {
        switch (simple.Words[0].Literal)
        {
            case "sleep" when simple.Words is [_, { Literal: { } span }]:
                sum += ShellRun.Duration(span);
                return sum > TimeSpan.FromDays(3650) ? null : true;
            case "exit":
                return false;
            case { } name when ShellTools.Knows(name) && name is not ("set" or "trap"):
                return true;
            default:
                return null;
        }
    }

    private static IEnumerable<ShellNode> All(ShellNode node)
    {
        ShellNode?[] below = node switch
        {
            ShellNode.Sequence n => [.. n.Parts],
            ShellNode.Both n => [n.First, n.Second],
            ShellNode.Pipe n => [n.From, n.To],
            ShellNode.Not n => [n.Of],
            ShellNode.If n => [n.Condition, n.Then, n.Else],
            ShellNode.Loop n => [n.Condition, n.Body],
            ShellNode.For n => [n.Body],
            ShellNode.Case n => [.. n.Arms.Select(a => a.Body)],
            ShellNode.Group n => [n.Body],
            ShellNode.Background n => [n.Of],
            ShellNode.Redirected n => [n.Of],
            _ => [],
        };
        return below.OfType<ShellNode>().SelectMany(All).Prepend(node);
    }
}
