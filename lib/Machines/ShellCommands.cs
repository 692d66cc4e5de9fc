using System.Globalization;

namespace KubeSim;

/// <summary>The commands of a shell: those that it carries out itself, those that it hands to
/// others, and where their streams lead.</summary>
internal sealed partial class ShellRun
{
    private IEnumerable<ShellWait> Command(string[] words, bool isLast, ShellStreams io)
    {
        var name = words[0][(words[0].LastIndexOf('/') + 1)..];
        switch (name)
        {
            case "sleep":
                Code = 0;
                return Wait(words.Skip(1).Select(Duration).Aggregate(
                    TimeSpan.Zero, (sum, each) => sum + each));
            case "wait":
                Code = 0;
                return WaitForOthers();
            case "exec":
                return words.Length > 1 ? Command(words[1..], true, io) : [];
            case "exit" or "return" or "break" or "continue":
                Leave(name, words);
                return [];
            case "trap":
                Trap(words);
                return [];
            case "eval":
                return Parse(string.Join(' ', words.Skip(1)), io) is { } script
                    ? Run(script, io) : [];
            case "set":
                stopsAtFailure |= words.Any(w => w.StartsWith('-') && w.Contains('e'));
                return [];
            case "time" or "nohup" or "command" or "env" when words.Length > 1
                && !words[1].Contains('='):
                return Command(words[1..], isLast, io);
            case "timeout" when words.Length > 2:
                return Timed(Duration(words[1]), words[2..], io);
            case "tail" when words.Contains("-f") || words.Contains("-F"):
                return Follow(words, io);
        }
        if (functions.TryGetValue(words[0], out var body))
        {
            return Call(body, words[1..], io);
        }
        if (IsShell(words[0]) && words.Length > 1)
        {
            return Nested(words, io);
        }
        if ((Asked(words, io) ?? ShellTools.Run(name, words, this, io)) is { } code)
        {
            Code = code;
            return [];
        }
        if (conditions > 0)
        {
            Code = 0;
            return [];
        }
        if (Ends)
        {
            Code = 0;
            return Wait(TimeSpan.FromSeconds(1));
        }
        IsServer = isLast && Beside.Count == 0;
        return [new(DateTime.MaxValue)];
    }

    private int? Asked(string[] words, ShellStreams io)
    {
        if (world.Ask(words) is not { } result)
        {
            return null;
        }
        io.Out(result.Stdout);
        io.Error(result.Stderr);
        return result.ExitCode;
    }

    private IEnumerable<ShellWait> Call(ShellNode body, string[] given, ShellStreams io)
    {
        var before = arguments;
        arguments = given;
        foreach (var wait in Run(body, io))
        {
            yield return wait;
        }
        arguments = before;
        leaving = leaving == Leaving.Return ? Leaving.No : leaving;
    }

    private IEnumerable<ShellWait> Nested(string[] words, ShellStreams io)
    {
        var inner = new ShellRun(world, new(variables, StringComparer.Ordinal));
        if (words.Length == 2 && !words[1].StartsWith('-'))
        {
            words = [words[0], "-c", world.Files.Find(ShellTools.Full(words[1], this))?.Content
                ?? ""];
        }
        foreach (var wait in inner.Start([.. words], io))
        {
            yield return wait;
        }
        Code = inner.Code;
    }

    private IEnumerable<ShellWait> Timed(TimeSpan most, string[] words, ShellStreams io)
    {
        var end = world.Now + most;
        foreach (var wait in Command(words, false, io))
        {
            if (wait.Until > end)
            {
                yield return new(end);
                Code = 143;
                yield break;
            }
            yield return wait;
        }
    }

    private IEnumerable<ShellWait> Follow(string[] words, ShellStreams io)
    {
        var path = words.Skip(1).FirstOrDefault(w => !w.StartsWith('-')) is { } file
            ? ShellTools.Full(file, this) : "/dev/null";
        var read = 0;
        while (true)
        {
            var content = world.Files.Find(path)?.Content ?? "";
            if (content.Length > read)
            {
                io.Out(content[read..]);
            }
            read = content.Length;
            yield return path == "/dev/null" ? new(DateTime.MaxValue)
                : new(world.Now + TimeSpan.FromSeconds(1));
        }
    }

    private IEnumerable<ShellWait> Wait(TimeSpan span)
    {
        sinceWait = 0;
        yield return new(span > TimeSpan.FromDays(36000) ? DateTime.MaxValue : world.Now + span);
    }

    private IEnumerable<ShellWait> WaitForOthers()
    {
        sinceWait = 0;
        while (Beside.Count > 0 && signals.Count == 0)
        {
            yield return new(DateTime.MaxValue, Interruptible: true);
        }
        Code = signals.Count > 0 ? 143 : 0;
    }

    private void Leave(string how, string[] words)
    {
        var given = words.Length > 1 && int.TryParse(words[1], NumberStyles.None,
            CultureInfo.InvariantCulture, out var number) ? number : (int?)null;
        leaving = how switch
        {
            "exit" => Leaving.Exit,
            "return" => Leaving.Return,
            "break" => Leaving.Break,
            _ => Leaving.Continue,
        };
        levels = given ?? 1;
        Code = how is "exit" or "return" ? (given ?? Code) & 255 : 0;
    }

    // Whether a loop ends here: by a break, or by what goes further out.
    private bool Leaves()
    {
        if (leaving is not (Leaving.Break or Leaving.Continue))
        {
            return leaving != Leaving.No;
        }
        var ends = leaving == Leaving.Break || levels > 1;
        leaving = --levels > 0 ? leaving : Leaving.No;
        return ends;
    }

    private void Trap(string[] words)
    {
        foreach (var signal in words.Skip(2))
        {
            var name = signal switch
            {
                "15" => "TERM", "2" => "INT", "0" => "EXIT",
                _ => signal.StartsWith("SIG", StringComparison.Ordinal) ? signal[3..] : signal,
            };
            traps[name] = words[1];
        }
        Code = 0;
    }

    // Streams of a command; null when a file cannot be opened, which is said.
    private ShellStreams? Open(IReadOnlyList<ShellRedirect> to, ShellStreams io)
    {
        foreach (var redirect in to)
        {
            var target = One(redirect.Target, io);
            switch (redirect.How)
            {
                case "<<":
                    io = io with { In = new(target) };
                    continue;
                case "<":
                    var file = world.Files.Find(ShellTools.Full(target, this));
                    if (file is null && target != "/dev/null")
                    {
                        io.Error($"sh: can't open {target}: no such file\n");
                        Code = 1;
                        return null;
                    }
                    io = io with { In = new(file?.Content ?? "") };
                    continue;
            }
            Action<string>? sink = target switch
            {
                "1" when redirect.How == "&" => io.Out,
                "2" when redirect.How == "&" => io.Error,
                "/dev/stdout" or "/proc/1/fd/1" or "/proc/self/fd/1" => io.Out,
                "/dev/stderr" or "/proc/1/fd/2" or "/proc/self/fd/2" => io.Error,
                "/dev/null" or "/dev/termination-log" when target == "/dev/null" => _ => { },
                _ => ShellTools.Writer(target, redirect.How == ">>", this),
            };
            if (sink is null)
            {
                io.Error($"sh: can't create {target}: Read-only file system\n");
                Code = 1;
                return null;
            }
            io = redirect.Stream switch
            {
                1 => io with { Out = sink },
                2 => io with { Error = sink },
                _ => io with { Out = sink, Error = sink },
            };
        }
        return io;
    }

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
            out var count) ? TimeSpan.FromSeconds(Math.Min(count * seconds, 3e9))
            : TimeSpan.FromSeconds(5);
    }
}
