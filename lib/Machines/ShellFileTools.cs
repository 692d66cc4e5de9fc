using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>The tools that read and write files, and those that let lines through.</summary>
internal static partial class ShellTools
{
    private static int? OnFiles(string name, string[] args, ShellRun shell, ShellStreams io)
    {
        var paths = args.Where(a => !a.StartsWith('-')).ToArray();
        var files = shell.World.Files;
        switch (name)
        {
            case "touch":
                return Each(paths, shell, io, "touch", p => files.Write(p,
                    (files.Find(p) ?? new("", 0, default)) with { Changed = shell.World.Now }));
            case "mkdir":
                return Each(paths, shell, io, "mkdir: can't create directory", p => files.Exists(p)
                    || files.Write(p, new("", 0, shell.World.Now, IsDirectory: true)));
            case "rm" or "rmdir" or "unlink":
                var force = args.Any(a => a.StartsWith('-') && a.Contains('f'));
                return Each(paths, shell, io, "rm: can't remove", p => files.Remove(p) || force);
            case "cp" or "mv" when paths.Length > 1:
                return Copy(paths, name == "mv", shell, io);
            case "ls":
                return List(args, paths, shell, io);
            case "wc" when io.In is { } input && paths.Length == 0:
                return Count(args, input.Rest(), io);
            case "wc":
                return Count(args, files.Find(Full(paths.LastOrDefault() ?? "", shell))?.Content
                    ?? "", io);
            case "dd" or "fallocate" or "truncate":
                return Make(name, args, shell);
            default:
                return null;
        }
    }

    private static int Each(string[] paths, ShellRun shell, ShellStreams io, string what,
        Func<string, bool> act)
    {
        var code = 0;
        foreach (var path in paths)
        {
            var full = Full(path, shell);
            if (!act(full))
            {
                code = 1;
                io.Error($"{what} '{path}': " + (shell.World.Files.Place(full).ReadOnly
                    ? "Read-only file system\n" : "No such file or directory\n"));
            }
        }
        return code;
    }

    private static int Copy(string[] paths, bool move, ShellRun shell, ShellStreams io)
    {
        var (files, to, code) = (shell.World.Files, Full(paths[^1], shell), 0);
        foreach (var path in paths[..^1])
        {
            var from = Full(path, shell);
            var all = files.Find(from) is { IsDirectory: false } ? [from]
                : files.Below(from).ToArray();
            if (all.Length == 0)
            {
                io.Error($"{(move ? "mv: can't rename" : "cp: can't stat")} '{path}': "
                    + "No such file or directory\n");
                code = 1;
            }
            var into = files.IsDirectory(to) || paths[^1].EndsWith('/') || all is not [var only]
                || only != from;
            foreach (var file in all)
            {
                var target = !into ? to
                    : to.TrimEnd('/') + "/" + (file == from ? from[(from.LastIndexOf('/') + 1)..]
                        : file[(from.TrimEnd('/').Length + 1)..]);
                if (!files.Write(target, files.Find(file)! with { Changed = shell.World.Now }))
                {
                    io.Error($"cp: can't create '{target}': Read-only file system\n");
                    code = 1;
                }
                else if (move)
                {
                    files.Remove(file);
                }
            }
        }
        return code;
    }

    private static int List(string[] args, string[] paths, ShellRun shell, ShellStreams io)
    {
        var (files, code) = (shell.World.Files, 0);
        var isLong = args.Any(a => a.StartsWith('-') && a.Contains('l'));
        foreach (var path in paths.Length > 0 ? paths : ["."])
        {
            var full = Full(path, shell);
            if (!files.Exists(full))
            {
                io.Error($"ls: {path}: No such file or directory\n");
                code = 1;
                continue;
            }
            foreach (var name in files.Find(full) is { IsDirectory: false } ? [path]
                : files.Names(full).ToArray())
            {
                var entry = files.Find(name == path ? full : $"{full.TrimEnd('/')}/{name}");
                io.Out(!isLong ? $"{name}\n" : string.Create(CultureInfo.InvariantCulture,
                    $"{(entry is { IsDirectory: false } ? "-rw-r--r--" : "drwxr-xr-x")}    1 root "
                    + $"    root     {entry?.Size ?? 4096,9} "
                    + $"{entry?.Changed ?? default:MMM dd HH:mm} {name}\n"));
            }
        }
        return code;
    }

    private static int Count(string[] args, string text, ShellStreams io)
    {
        var count = args.Contains("-c") ? text.Length
            : args.Contains("-w") ? text.Split((char[])[' ', '\n', '\t'],
                StringSplitOptions.RemoveEmptyEntries).Length
            : text.Count(c => c == '\n');
        return Print(io, count.ToString(CultureInfo.InvariantCulture) + "\n");
    }

    // A file of a size: what fills a disk.
    private static int Make(string name, string[] args, ShellRun shell)
    {
        string? After(string sign) => Array.Find(args, a =>
            a.StartsWith(sign, StringComparison.Ordinal))?[sign.Length..];
        string? Next(string flag) => Array.IndexOf(args, flag) is >= 0 and var at
            && at + 1 < args.Length ? args[at + 1] : null;
        var (path, size) = name == "dd"
            ? (After("of="), Bytes(After("bs=") ?? "512") * Bytes(After("count=") ?? "1"))
            : (args.LastOrDefault(a => !a.StartsWith('-')),
                Bytes(Next(name == "dd" ? "" : name == "fallocate" ? "-l" : "-s") ?? "0"));
        return path is null ? 0 : shell.World.Files.Write(Full(path, shell),
            new("", size, shell.World.Now)) ? 0 : 1;
    }

    private static long Bytes(string text)
    {
        var digits = text.TrimEnd('B', 'i');
        var unit = digits.Length > 0 ? char.ToUpperInvariant(digits[^1]) : '0';
        var shift = unit switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0 };
        return long.TryParse(shift == 0 ? digits : digits[..^1], NumberStyles.None,
            CultureInfo.InvariantCulture, out var number) ? number << shift : 0;
    }

    // What is left of a line; null when the tool is no filter.
    private static Func<string, string?>? Filter(string name, string[] args)
    {
        switch (name)
        {
            case "grep" when args.FirstOrDefault(a => !a.StartsWith('-')) is { } pattern:
                var without = Has(args, 'v');
                var fixedText = Has(args, 'F');
                var regex = new Regex(fixedText ? Regex.Escape(pattern) : pattern,
                    RegexOptions.CultureInvariant | (Has(args, 'i') ? RegexOptions.IgnoreCase
                    : RegexOptions.None));
                return line => regex.IsMatch(line) != without ? line : null;
            case "sed" when args.FirstOrDefault(a => !a.StartsWith('-')) is ['s', _, ..] script
                && script.Split(script[1]) is [_, var from, var to, var flags]:
                var replace = new Regex(from, RegexOptions.CultureInvariant);
                to = to.Replace("\\1", "$1", StringComparison.Ordinal)
                    .Replace("&", "$0", StringComparison.Ordinal);
                return line => replace.Replace(line, to, flags.Contains('g') ? -1 : 1);
            case "cut" when args.FirstOrDefault(a => a.StartsWith("-f", Ordinal)) is { } f:
                var delimiter = args.FirstOrDefault(a => a.StartsWith("-d", Ordinal)) is { } d
                    ? d.Length > 2 ? d[2] : args[Array.IndexOf(args, d) + 1][0] : '\t';
                var field = int.TryParse(f.Length > 2 ? f[2..] : args[Array.IndexOf(args, f) + 1],
                    out var n) ? n : 1;
                return line => line.Split(delimiter).ElementAtOrDefault(field - 1) ?? "";
            case "awk" when args.FirstOrDefault(a => a.Contains('{')) is { } program
                && AwkPrint().Match(program) is { Success: true } awk:
                return line => Printed(line, awk, args);
            case "cat" when args.All(a => !a.StartsWith('-') || a == "-"):
            case "head" or "tail" or "tr" or "sort" or "uniq" or "tee" or "nl" or "tac":
                return line => line;
            default:
                return null;
        }
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static bool Has(string[] args, char flag) =>
        args.Any(a => a.StartsWith('-') && !a.StartsWith("--", Ordinal) && a.Contains(flag));

    // The files that a filter reads, behind its flags, their values and its pattern.
    private static string[] Rest(string name, string[] args)
    {
        var skip = name is "grep" or "sed" or "awk" ? 1 : name == "tr" ? 2 : 0;
        var paths = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i].StartsWith('-') && args[i].Length > 1)
            {
                i += args[i] is "-n" or "-d" or "-f" or "-c" or "-k" && name is not ("sed" or "cat")
                    ? 1 : 0;
            }
            else
            {
                paths.Add(args[i]);
            }
        }
        return [.. paths.Skip(skip)];
    }

    private static int? Filtered(Func<string, string?> filter, string name, string[] args,
        ShellRun shell, ShellStreams io)
    {
        var text = new StringBuilder();
        var (paths, code) = (Rest(name, args), 0);
        if (name == "tee")
        {
            var all = io.In?.Rest() ?? "";
            Array.ForEach(paths, p => Writer(p, args.Contains("-a"), shell)?.Invoke(all));
            return Print(io, all);
        }
        if (paths.Length == 0 && io.In is null)
        {
            return 0;
        }
        foreach (var path in paths.Length > 0 ? paths : ["-"])
        {
            var content = path == "-" ? io.In?.Rest()
                : shell.World.Files.Find(Full(path, shell)) is { IsDirectory: false } file
                    ? file.Content : path.StartsWith("/dev/", Ordinal) ? "" : null;
            if (content is null)
            {
                io.Error(name == "cat" && shell.World.IsBusyBox
                    ? $"cat: can't open '{path}': No such file or directory\n"
                    : $"{name}: {path}: No such file or directory\n");
                code = name == "grep" ? 2 : 1;
                continue;
            }
            text.Append(content);
        }
        if (name == "cat")
        {
            io.Out(text.ToString());
            return code;
        }
        if (name == "tr")
        {
            return Print(io, Translated(text.ToString(), args));
        }
        var lines = Lines(text.ToString(), name, args).Select(filter).OfType<string>().ToArray();
        if (name == "grep" && Has(args, 'c'))
        {
            io.Out(lines.Length.ToString(CultureInfo.InvariantCulture) + "\n");
        }
        else if (name != "grep" || !Has(args, 'q'))
        {
            io.Out(string.Concat(lines.Select(l => l + "\n")));
        }
        return code != 0 ? code : name == "grep" && lines.Length == 0 ? 1 : 0;
    }

    // /PATTERN/{print $2, $1}: the fields of the lines with a pattern.
    private static string? Printed(string line, Match awk, string[] args)
    {
        if (!Regex.IsMatch(line, awk.Groups[1].Value, RegexOptions.CultureInvariant))
        {
            return null;
        }
        var by = Array.Find(args, a => a.StartsWith("-F", Ordinal));
        var fields = by is null ? line.Split((char[])[' ', '\t'],
            StringSplitOptions.RemoveEmptyEntries) : line.Split(by.Length > 2 ? by[2..]
                : args[Array.IndexOf(args, by) + 1]);
        return string.Join(' ', awk.Groups[2].Value.Split(',', StringSplitOptions.TrimEntries)
            .Select(item => item is ['"', .., '"'] ? item.Trim('"') : item is "" or "$0" ? line
                : item == "$NF" ? fields.LastOrDefault() ?? ""
                : int.TryParse(item.TrimStart('$'), NumberStyles.None,
                    CultureInfo.InvariantCulture, out var n)
                    ? fields.ElementAtOrDefault(n - 1) ?? "" : ""));
    }

    [GeneratedRegex(@"^\s*(?:/(.*)/)?\s*\{\s*print\s*(.*?)\s*;?\s*\}\s*$")]
    private static partial Regex AwkPrint();

    private static string Translated(string text, string[] args)
    {
        var sets = args.Where(a => a != "-d").Select(Escapes).Select(set => Range().Replace(set,
            m => string.Concat(Enumerable.Range(m.Value[0],
                Math.Max(m.Value[2] - m.Value[0], 0) + 1).Select(c => (char)c)))).ToArray();
        var to = args.Contains("-d") ? null : sets.ElementAtOrDefault(1) ?? "";
        return sets.Length == 0 ? text : string.Concat(text.Select(c =>
            sets[0].IndexOf(c) is not (>= 0 and var at) ? $"{c}"
            : to is null or "" ? "" : $"{to[Math.Min(at, to.Length - 1)]}"));
    }

    [GeneratedRegex("[a-zA-Z0-9]-[a-zA-Z0-9]")]
    private static partial Regex Range();

    private static IEnumerable<string> Lines(string text, string name, string[] args)
    {
        var lines = text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');
        var n = args.Select((a, i) => a == "-n" && i + 1 < args.Length ? args[i + 1]
            : a is ['-', >= '0' and <= '9', ..] ? a[1..]
            : a is ['-', 'n', >= '0' and <= '9', ..] ? a[2..] : null)
            .FirstOrDefault(a => a is not null);
        var count = int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? given : 10;
        return name switch
        {
            "head" => lines.Take(count),
            "tail" => lines.TakeLast(count),
            "sort" => Has(args, 'r') ? lines.OrderDescending(StringComparer.Ordinal)
                : lines.Order(StringComparer.Ordinal),
            "uniq" => lines.Where((l, i) => i == 0 || l != lines[i - 1]),
            "tac" => lines.Reverse(),
            _ => lines,
        };
    }
}
