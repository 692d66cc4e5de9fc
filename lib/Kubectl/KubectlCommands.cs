namespace KubeSim;

/// <summary>All commands, and how a command line finds its own.</summary>
internal static class KubectlCommands
{
    /// <summary>All commands.</summary>
    public static Seq<KubectlCommand> All => all;

    private static readonly Seq<KubectlCommand> all =
    [
        GetCommand.Command, DescribeCommand.Command, ApplyCommand.Command, DiffCommand.Command,
        .. CreateGenerators.Commands, CreateCommand.Command, EditCommand.Edit, EditCommand.Replace,
        DeleteCommand.Command, ScaleCommand.Command, LabelCommand.Label, LabelCommand.Annotate,
        PatchCommand.Command, SetCommands.Image, SetCommands.Env,
        SetCommands.Resources, RolloutStatusCommand.Command,
        RolloutHistoryCommand.Command, RolloutUndoCommand.Command, RolloutCommands.Restart,
        RolloutCommands.Pause, RolloutCommands.Resume, ExplainCommand.Command,
        ApiResourcesCommand.Command, VersionCommands.Version, VersionCommands.ClusterInfo,
        RunCommand.Command, ExposeCommand.Command, NodeCommands.Cordon,
        NodeCommands.Uncordon, NodeCommands.Taint, WaitCommand.Command, LogsCommand.Command,
        AuthCommand.CanI, AuthCommand.WhoAmI, DrainCommand.Command, AutoscaleCommand.Command,
        EventsCommand.Command, ExecCommand.Command, DebugCommand.Command, TopCommand.Pods,
        TopCommand.Nodes,
        VersionCommands.ApiVersions, .. ConfigCommands.All,
    ];

    /// <summary>The command that the words begin with, and the words after its name.</summary>
    public static (KubectlCommand Command, List<string> Words) Find(List<string> words)
    {
        // Flags may stand before the command: kubectl -n shop get pods.
        var global = CommandFlags.Declared(CommandFlags.Global).ToList();
        var flags = new List<string>();
        var at = 0;
        for (; at < words.Count && words[at].StartsWith('-'); at++)
        {
            flags.Add(words[at]);
            if (at + 1 < words.Count && global.Exists(f => f.Bare is null
                && (words[at] == $"--{f.Name}" || words[at] == $"-{f.Short}")))
            {
                flags.Add(words[++at]);
            }
        }
        if (at == words.Count)
        {
            throw new KubectlException("no command was given\nSee 'kubectl --help' for usage.");
        }
        foreach (var command in all)
        {
            foreach (var name in command.Aliases.Prepend(command.Name).Select(n => n.Split(' ')))
            {
                if (words.Skip(at).Take(name.Length).SequenceEqual(name))
                {
                    return (command, [.. flags, .. words.Skip(at + name.Length)]);
                }
            }
        }
        throw Unknown(words[at], words.ElementAtOrDefault(at + 1));
    }

    /// <summary>What there is to say of all commands, or of the flags of one.</summary>
    public static string Help(KubectlCommand? of = null)
    {
        if (of is null)
        {
            return "kubectl controls the Kubernetes cluster manager.\n\nCommands:\n"
                + string.Concat(all.Select(c => $"  {c.Name}\n").Distinct()
                    .Order(StringComparer.Ordinal))
                + "\nUse \"kubectl <command> --help\" for the flags of a command.\n";
        }
        string Of(bool refused) => string.Concat(CommandFlags.Declared(of.Flags)
            .Where(f => f.Refused == refused).OrderBy(f => f.Name, StringComparer.Ordinal)
            .Select(f => $"    {(f.Short.Length > 0 ? $"-{f.Short}, " : "    ")}--{f.Name}\n"));
        return $"Usage:\n  kubectl {of.Name} [flags]\n\nFlags:\n{Of(false)}"
            + (Of(true) is { Length: > 0 } other ? $"\nNot supported here:\n{other}" : "");
    }

    private static KubectlException Unknown(string word, string? next)
    {
        var groups = all.Where(c => c.Name.Contains(' ')).Select(c => c.Name.Split(' ')[0]);
        if (groups.Contains(word))
        {
            return next is null || next.StartsWith('-')
                ? new($"Required subcommand not specified.\nSee 'kubectl {word} -h' for help and "
                    + "examples")
                : new($"unknown command \"{word} {next}\"\nSee 'kubectl {word} -h' for help and "
                    + "examples");
        }
        var near = all.Select(c => c.Name.Split(' ')[0]).Distinct()
            .Where(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase)
                || Distance(name, word) <= 2).Order(StringComparer.Ordinal).ToList();
        var hint = near.Count == 0 ? ""
            : $"\n\nDid you mean this?\n{string.Concat(near.Select(n => $"\t{n}\n"))}";
        return new($"unknown command \"{word}\" for \"kubectl\"{hint}");
    }

    /// <summary>The least number of letters to change, add or take away.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var same = char.ToLowerInvariant(left[i - 1])
                    == char.ToLowerInvariant(right[j - 1]);
                var best = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (same ? 0 : 1));
                (diagonal, row[j]) = (row[j], best);
            }
        }
        return row[^1];
    }
}
