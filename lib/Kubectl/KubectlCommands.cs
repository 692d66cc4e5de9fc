namespace KubeSim;

/// <summary>All commands, and how a command line finds its own.</summary>
internal static class KubectlCommands
{
    private static readonly Seq<KubectlCommand> all =
    [
        GetCommand.Command, DescribeCommand.Command, ApplyCommand.Command, CreateCommand.Command,
        DeleteCommand.Command, ScaleCommand.Command, LabelCommand.Label, LabelCommand.Annotate,
        PatchCommand.Command, SetImageCommand.Command, RolloutStatusCommand.Command,
        RolloutHistoryCommand.Command, RolloutUndoCommand.Command, RolloutCommands.Restart,
        RolloutCommands.Pause, RolloutCommands.Resume, ExplainCommand.Command,
        ApiResourcesCommand.Command, VersionCommands.Version, VersionCommands.ClusterInfo,
        RunCommand.Command, ExposeCommand.Command, NodeCommands.Cordon,
        NodeCommands.Uncordon, NodeCommands.Taint, WaitCommand.Command, LogsCommand.Command,
        AuthCommand.CanI, AuthCommand.WhoAmI,
    ];

    /// <summary>The command that the words begin with, and the words after its name.</summary>
    public static (KubectlCommand Command, List<string> Words) Find(List<string> words)
    {
        // Flags may stand before the command: kubectl -n shop get pods.
        var flags = new List<string>();
        var at = 0;
        for (; at < words.Count && words[at].StartsWith('-'); at++)
        {
            flags.Add(words[at]);
            if (words[at] is "-n" or "--namespace" or "--context" or "-v" or "-s" or "--server"
                or "--kubeconfig" or "--as" or "--as-group" or "--token" or "--user"
                && at + 1 < words.Count)
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
            var name = command.Name.Split(' ');
            if (words.Skip(at).Take(name.Length).SequenceEqual(name))
            {
                return (command, [.. flags, .. words.Skip(at + name.Length)]);
            }
        }
        throw Unknown(words[at], words.ElementAtOrDefault(at + 1));
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
