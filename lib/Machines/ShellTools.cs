using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>The small tools that every image has, as far as examples use them. One that is not
/// here is a program that nothing is known of.</summary>
internal static partial class ShellTools
{
    private const int MostLines = 100_000;

    // Those that work quietly: nothing of what they do can be seen here.
    private static readonly HashSet<string> Quiet = new(StringComparer.Ordinal)
    {
        "true", ":", "chmod", "chown", "ln", "sync", "apt-get", "apt", "apk", "yum", "pip", "npm",
        "mount", "umount", "sysctl", "ulimit", "umask", "shift", "unset", "local", "readonly",
        "kill", "pkill", "killall", "ip", "iptables", "clear", "stty", "adduser", "useradd", "wget",
        "curl", "nslookup", "dig", "ping", "nc", "openssl", "tar", "gzip", "unzip", "git", "jq",
        "base64", "md5sum", "sha256sum", "ps", "top", "free", "df", "du", "stat", "find", "xargs",
        "awk", "diff", "strace", "logger", "mkfifo", "hostnamectl", "nproc", "uptime", "type",
        "which", "alias", "source", ".", "mysql", "psql", "redis-cli", "rabbitmqctl", "mongo",
        "mongosh", "kubectl", "etcdctl", "rev",
    };

    /// <summary>True for a tool that is known, and ends at once.</summary>
    public static bool Knows(string program)
    {
        var name = program[(program.LastIndexOf('/') + 1)..];
        return Quiet.Contains(name) || name is "echo" or "printf" or "date" or "hostname" or "pwd"
            or "whoami" or "id" or "uname" or "env" or "printenv" or "export" or "seq" or "basename"
            or "dirname" or "test" or "[" or "[[" or "expr" or "let" or "read" or "cd" or "false"
            or "cat" or "touch" or "mkdir" or "rm" or "rmdir" or "unlink" or "cp" or "mv" or "ls"
            or "wc" or "dd" or "fallocate" or "truncate" or "grep" or "sed" or "cut" or "tr"
            or "head" or "sort" or "uniq" or "tee" or "nl" or "tac" or "sleep" or "set" or "trap";
    }

    /// <summary>Runs a tool; null when it is none.</summary>
    public static int? Run(string name, string[] words, ShellRun shell, ShellStreams io)
    {
        var args = words[1..];
        if (Filter(name, args) is { } filter && (io.In is not null || args.Length > 0))
        {
            return Filtered(filter, name, args, shell, io);
        }
        return name switch
        {
            "echo" => Echo(args, io),
            "printf" => Print(io, Formatted(args)),
            "date" => Print(io, Date(args, shell.World.Now) + "\n"),
            "hostname" => Print(io, shell.Variables.GetValueOrDefault(
                args is ["-i", ..] or ["-I", ..] ? "POD_IP" : "HOSTNAME", "") + "\n"),
            "pwd" => Print(io, Full(".", shell) + "\n"),
            "whoami" => Print(io, "root\n"),
            "id" => Print(io, "uid=0(root) gid=0(root) groups=0(root)\n"),
            "uname" => Print(io, "Linux\n"),
            "env" or "printenv" => Environment(args, shell, io),
            "export" => Export(args, shell),
            "seq" => Sequence(args, io),
            "basename" when args.Length > 0 => Print(io, args[0][(args[0].LastIndexOf('/') + 1)..]
                + "\n"),
            "dirname" when args.Length > 0 => Print(io, DirectoryOf(args[0]) + "\n"),
            "test" => ShellTest.Holds(args, shell.World.Files, w => Full(w, shell)) ? 0 : 1,
            "[" or "[[" => ShellTest.Holds(args is [.., "]" or "]]"] ? args[..^1] : args,
                shell.World.Files, w => Full(w, shell)) ? 0 : 1,
            "expr" => Print(io, new ShellSum(string.Join(' ', args), shell.Variables).Value()
                .ToString(CultureInfo.InvariantCulture) + "\n"),
            "let" => new ShellSum(string.Join(' ', args), shell.Variables).Value() == 0 ? 1 : 0,
            "read" => Read(args, shell, io),
            "cd" => Change(args, shell),
            "false" => 1,
            "cat" => 0,
            _ => OnFiles(name, args, shell, io) ?? (Quiet.Contains(name) ? 0 : null),
        };
    }

    /// <summary>A path in full.</summary>
    public static string Full(string path, ShellRun shell)
    {
        var whole = path.StartsWith('/') ? path
            : shell.Variables.GetValueOrDefault("PWD", "/") + "/" + path;
        var parts = new List<string>();
        foreach (var part in whole.Split('/'))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(parts.Count - 1, 0), Math.Min(parts.Count, 1));
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }
        return "/" + string.Join('/', parts);
    }

    /// <summary>Takes what is written to a file, which is there from now on; null when it cannot be
    /// written.</summary>
    public static Action<string>? Writer(string target, bool append, ShellRun shell)
    {
        var (world, path) = (shell.World, Full(target, shell));
        var before = append ? world.Files.Find(path)?.Content ?? "" : "";
        return !world.Files.Write(path, new(before, before.Length, world.Now)) ? null : text =>
        {
            var content = world.Files.Find(path)?.Content + text;
            world.Files.Write(path, new(content, content.Length, world.Now));
        };
    }

    /// <summary>A command that takes the lines of a pipe as they come; null for one that waits for
    /// them all.</summary>
    public static LineFilter? Stream(string[] words, ShellRun shell, ShellStreams io)
    {
        if (words is ["tee", .. var targets])
        {
            var sinks = targets.Where(t => !t.StartsWith('-')).Select(t => Writer(t,
                targets.Contains("-a"), shell)).Append(io.Out).ToArray();
            return new(text => Array.ForEach(sinks, sink => sink?.Invoke(text)), null);
        }
        if (words is ["cat"])
        {
            return new(io.Out, null);
        }
        return words.Length > 0 && words[0] is "grep" or "sed" or "cut" or "awk"
            && Filter(words[0], words[1..]) is { } filter && Rest(words[0], words[1..]).Length == 0
            ? new(io.Out, filter) : null;
    }

    private static int Echo(string[] args, ShellStreams io)
    {
        var at = 0;
        var (feed, escapes) = ("\n", false);
        for (; at < args.Length && args[at] is "-n" or "-e" or "-ne" or "-en"; at++)
        {
            feed = args[at].Contains('n', StringComparison.Ordinal) ? "" : feed;
            escapes |= args[at].Contains('e', StringComparison.Ordinal);
        }
        var text = string.Join(' ', args[at..]);
        return Print(io, (escapes ? Escapes(text) : text) + feed);
    }

    private static int Print(ShellStreams io, string text)
    {
        io.Out(text);
        return 0;
    }

    private static string Escapes(string text) => text
        .Replace("\\n", "\n", StringComparison.Ordinal)
        .Replace("\\t", "\t", StringComparison.Ordinal);

    private static string Formatted(string[] args)
    {
        var at = 1;
        return args.Length == 0 ? "" : Escapes(Place().Replace(args[0], match =>
            match.Value == "%%" ? "%" : at < args.Length ? args[at++] : ""));
    }

    /// <summary>What <c>date</c> prints, without its line feed.</summary>
    private static string Date(string[] args, DateTime now)
    {
        if (Array.Find(args, a => a.StartsWith('+')) is not { } format)
        {
            return now.ToString("ddd MMM ", CultureInfo.InvariantCulture)
                + now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2)
                + now.ToString(" HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture);
        }
        return DatePart().Replace(format[1..], match => match.Value[1] switch
        {
            's' => new DateTimeOffset(now).ToUnixTimeSeconds()
                .ToString(CultureInfo.InvariantCulture),
            'F' => now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            'T' => now.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
            'N' => now.ToString("fffffff00", CultureInfo.InvariantCulture),
            'Y' => now.ToString("yyyy", CultureInfo.InvariantCulture),
            'm' => now.ToString("MM", CultureInfo.InvariantCulture),
            'd' => now.ToString("dd", CultureInfo.InvariantCulture),
            'H' => now.ToString("HH", CultureInfo.InvariantCulture),
            'M' => now.ToString("mm", CultureInfo.InvariantCulture),
            'S' => now.ToString("ss", CultureInfo.InvariantCulture),
            'Z' => "UTC",
            _ => match.Value,
        });
    }

    private static int Environment(string[] names, ShellRun shell, ShellStreams io)
    {
        var missing = 0;
        foreach (var name in names.Where(n => !n.Contains('=')))
        {
            missing |= shell.Variables.ContainsKey(name) ? 0 : 1;
            io.Out(shell.Variables.TryGetValue(name, out var value) ? value + "\n" : "");
        }
        foreach (var each in shell.Variables.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            io.Out(names.Length > 0 ? "" : $"{each.Key}={each.Value}\n");
        }
        return missing;
    }

    private static int Export(string[] args, ShellRun shell)
    {
        foreach (var arg in args)
        {
            var sign = arg.IndexOf('=', StringComparison.Ordinal);
            if (sign > 0)
            {
                shell.Variables[arg[..sign]] = arg[(sign + 1)..];
            }
        }
        return 0;
    }

    private static int Sequence(string[] args, ShellStreams io)
    {
        var numbers = args.Select(a => long.TryParse(a, CultureInfo.InvariantCulture, out var n)
            ? n : 0).ToArray();
        var (from, step, to) = numbers switch
        {
            [var last] => (1L, 1L, last),
            [var first, var last] => (first, 1L, last),
            [var first, var by, var last] when by != 0 => (first, by, last),
            _ => (1L, 1L, 0L),
        };
        var count = 0;
        for (var n = from; (step > 0 ? n <= to : n >= to) && count++ < MostLines; n += step)
        {
            io.Out(n.ToString(CultureInfo.InvariantCulture) + "\n");
        }
        return 0;
    }

    private static string DirectoryOf(string path)
    {
        var slash = path.TrimEnd('/').LastIndexOf('/');
        return slash < 0 ? "." : slash == 0 ? "/" : path[..slash];
    }

    private static int Read(string[] args, ShellRun shell, ShellStreams io)
    {
        var line = io.In?.Line();
        var names = args.Where(a => !a.StartsWith('-')).ToArray();
        var parts = (line ?? "").Split(' ', Math.Max(names.Length, 1),
            StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < names.Length; i++)
        {
            shell.Variables[names[i]] = parts.ElementAtOrDefault(i) ?? "";
        }
        return line is null ? 1 : 0;
    }

    private static int Change(string[] args, ShellRun shell)
    {
        shell.Variables["PWD"] = Full(args.ElementAtOrDefault(0) ?? "/", shell);
        return 0;
    }

    [GeneratedRegex("%%|%[-0-9.]*[sdif]")]
    private static partial Regex Place();

    [GeneratedRegex("%[a-zA-Z]")]
    private static partial Regex DatePart();
}

/// <summary>What is on the reading side of a pipe.</summary>
/// <param name="sink">Takes text.</param>
/// <param name="filter">Turns a line into what is left of it; null for text as it is.</param>
internal sealed class LineFilter(Action<string> sink, Func<string, string?>? filter)
{
    private readonly StringBuilder line = new();
    private bool any;

    public void Take(string text)
    {
        if (filter is null)
        {
            sink(text);
            return;
        }
        line.Append(text);
        for (var all = line.ToString(); all.IndexOf('\n', StringComparison.Ordinal) is >= 0
            and var feed; all = line.ToString())
        {
            line.Remove(0, feed + 1);
            Pass(all[..feed]);
        }
    }

    /// <summary>The end of the input; the exit code.</summary>
    public int End()
    {
        if (line.Length > 0)
        {
            Pass(line.ToString());
        }
        return filter is null || any ? 0 : 1;
    }

    private void Pass(string text)
    {
        if (filter!(text) is { } left)
        {
            any = true;
            sink(left + "\n");
        }
    }
}

/// <summary><c>test</c> and <c>[</c>.</summary>
internal static class ShellTest
{
    public static bool Holds(string[] words, ContainerFiles files, Func<string, string> full)
    {
        foreach (var (sign, isOr) in new[] { ("-o", true), ("||", true), ("-a", false),
            ("&&", false) })
        {
            var at = Array.IndexOf(words, sign, Math.Min(1, words.Length));
            if (at > 0 && at < words.Length - 1)
            {
                var left = Holds(words[..at], files, full);
                return isOr ? left || Holds(words[(at + 1)..], files, full)
                    : left && Holds(words[(at + 1)..], files, full);
            }
        }
        return words switch
        {
            ["!", .. var rest] => !Holds(rest, files, full),
            ["-f", var file] => files.Find(full(file)) is { IsDirectory: false },
            ["-e" or "-r" or "-w" or "-x", var file] => files.Exists(full(file)),
            ["-d", var file] => files.IsDirectory(full(file)),
            ["-s", var file] => files.Find(full(file)) is { Size: > 0 },
            ["-z", var text] => text.Length == 0,
            ["-n", var text] => text.Length > 0,
            [var text] => text.Length > 0,
            [var a, "=" or "==", var b] => a == b || ShellPattern.Matches(b, a),
            [var a, "!=", var b] => a != b,
            [var a, "=~", var b] => Regex.IsMatch(a, b, RegexOptions.CultureInvariant),
            [var a, var sign, var b] => Compare(Number(a), sign, Number(b)),
            _ => false,
        };
    }

    private static bool Compare(long a, string sign, long b) => sign switch
    {
        "-eq" => a == b, "-ne" => a != b, "-lt" => a < b, "-le" => a <= b, "-gt" => a > b,
        "-ge" => a >= b, _ => false,
    };

    private static long Number(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign
        | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
        CultureInfo.InvariantCulture, out var number) ? number : 0;
}
