using System.Globalization;

namespace KubeSim;

/// <summary>
/// What can be told from a command line about how long it runs and how it ends.
/// <para><c>sh -c "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"</c> makes a file
/// at once, removes it after 30 s and ends with 0 after 630 s. A loop without an end and a
/// program that nothing is known of run until they are killed; small tools end at once.</para>
/// This is no shell: it knows the words that examples are made of, and no conditions.
/// </summary>
internal sealed class ShellScript
{
    private static readonly string[] Shells = ["sh", "bash", "ash", "dash"];

    private static readonly HashSet<string> Tools = new(StringComparer.Ordinal)
    {
        "echo", "printf", "date", "env", "printenv", "ls", "cat", "mkdir", "cp", "mv", "chmod",
        "chown", "ln", "wget", "curl", "test", "[", "[[", "true", ":", "set", "cd", "export",
        "hostname", "id", "uname", "grep", "sed", "awk", "cut", "head", "wc", "rev", "sort", "tr",
        "nslookup", "dig", "sysctl", "kill", "read", "pwd", "whoami", "df", "mount",
    };

    private readonly List<(TimeSpan, string, bool)> files = [];
    private TimeSpan now;
    private int code;

    /// <summary>The behaviour of a command; null when it starts a program that is not
    /// known.</summary>
    public static ProcessBehaviour? Read(Seq<string> command)
    {
        if (command.IsEmpty)
        {
            return null;
        }
        var name = NameOf(command[0]);
        if (Shells.Contains(name) && command.Count > 2 && command[1].StartsWith('-')
            && command[1].Contains('c', StringComparison.Ordinal))
        {
            return new ShellScript().Script(command[2]);
        }
        return name switch
        {
            "perl" => ProcessBehaviour.Ends(TimeSpan.FromSeconds(5), 0),
            "nginx" when command.Contains("-T") || command.Contains("-t") =>
                ProcessBehaviour.Ends(TimeSpan.Zero, 0),
            _ => new ShellScript().Statement(command.AsSpan()) ? null : new ShellScript()
                .One(command),
        };
    }

    // A statement of its own, which is known to end or to sleep.
    private ProcessBehaviour One(Seq<string> command)
    {
        Statement(command.AsSpan());
        return Behaviour(now);
    }

    private ProcessBehaviour? Script(string text)
    {
        foreach (var loop in (string[])["while true", "while :", "while sleep", "for (("])
        {
            var at = text.IndexOf(loop, StringComparison.Ordinal);
            if (at >= 0)
            {
                Run(text[..at]);
                return Behaviour(null);
            }
        }
        return text.Contains("until ", StringComparison.Ordinal)
            || text.Contains("while ", StringComparison.Ordinal) ? Behaviour(null)
            : Run(text) ? null : Behaviour(now);
    }

    // True when it comes to a program that is not known.
    private bool Run(string text)
    {
        var separators = (string[])[";", "&&", "||", "\n"];
        foreach (var part in text.Split(separators, StringSplitOptions.TrimEntries))
        {
            var words = part.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0].StartsWith('#'))
            {
                continue;
            }
            if (words[0] == "exit")
            {
                code = words.Length > 1 && int.TryParse(words[1], out var given) ? given : code;
                return false;
            }
            if (Statement(words))
            {
                return true;
            }
        }
        return false;
    }

    private bool Statement(ReadOnlySpan<string> words)
    {
        code = 0;
        switch (NameOf(words[0]))
        {
            case "sleep":
                now += words.Length > 1 ? Duration(words[1]) : TimeSpan.Zero;
                return false;
            case "touch":
                Mark(words, true);
                return false;
            case "rm":
                Mark(words, false);
                return false;
            case "false":
                code = 1;
                return false;
            case "tail":
                return words.Contains("-f") || words.Contains("-F");
            case var name:
                return !Tools.Contains(name) && !words[0].Contains('=', StringComparison.Ordinal);
        }
    }

    private void Mark(ReadOnlySpan<string> words, bool there)
    {
        foreach (var word in words[1..])
        {
            if (word.StartsWith('/'))
            {
                files.Add((now, word, there));
            }
        }
    }

    private ProcessBehaviour Behaviour(TimeSpan? end) => ProcessBehaviour.Deaf with
    {
        EndsAfter = end >= TimeSpan.FromDays(3650) ? null : end, ExitCode = code,
        Files = [.. files],
    };

    private static string NameOf(string program) => program[(program.LastIndexOf('/') + 1)..];

    /// <summary>True for a small tool, which ends at once.</summary>
    internal static bool EndsAtOnce(string name) =>
        Tools.Contains(name) || name is "touch" or "rm" or "false";

    /// <summary>How long <c>sleep</c> sleeps.</summary>
    internal static TimeSpan Duration(string text)
    {
        if (text is "infinity" or "inf")
        {
            return TimeSpan.FromDays(36500);
        }
        var unit = text.Length > 0 ? text[^1] : 's';
        var seconds = unit switch { 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 1 };
        return double.TryParse(text.TrimEnd('s', 'm', 'h', 'd'), CultureInfo.InvariantCulture,
            out var count) ? TimeSpan.FromSeconds(count * seconds) : TimeSpan.FromSeconds(5);
    }
}
