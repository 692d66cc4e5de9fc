using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>A line that a container wrote.</summary>
/// <param name="Time">When (UTC).</param>
/// <param name="Text">Without the line feed.</param>
public readonly record struct LogLine(DateTime Time, string Text);

/// <summary>
/// What the command line of a container prints, and when.
/// <para><c>sh -c "while true; do date; sleep 5; done"</c> prints the time every five seconds.
/// It knows <c>echo</c>, <c>printf</c>, <c>date</c>, <c>hostname</c>, <c>printenv</c>,
/// <c>sleep</c>, variables, sums, and loops without a condition. Pipes and files swallow what
/// they get; at a condition or a program that is not known it falls silent.</para>
/// What it gives is a function of the command, the variables and the two times, so a replay has the
/// same. How long the container runs is told by <see cref="ShellScript"/>.
/// </summary>
internal sealed partial class ShellOutput
{
    // A loop that never waits prints more than anybody reads.
    private const int MostAtOnce = 1000;

    private readonly List<LogLine> lines = [];
    private readonly StringBuilder line = new();
    private readonly Dictionary<string, string> variables;
    private readonly DateTime limit;
    private DateTime now;
    private int sinceWait;
    private bool ended;

    private ShellOutput(
        IReadOnlyDictionary<string, string> environment, DateTime start, DateTime limit)
    {
        variables = new(environment, StringComparer.Ordinal);
        (now, this.limit) = (start, limit);
    }

    /// <summary>True when it is known what a command prints: a script, or one of the programs
    /// that are known.</summary>
    public static bool Knows(Seq<string> command) => !command.IsEmpty && Name(command[0]) is "sh"
        or "bash" or "ash" or "dash" or "echo" or "printf" or "date" or "hostname" or "printenv"
        or "sleep" or "true" or "false";

    /// <summary>What a command has printed from its start up to a time.</summary>
    public static List<LogLine> Of(Seq<string> command,
        IReadOnlyDictionary<string, string> environment, DateTime start, DateTime limit)
    {
        var run = new ShellOutput(environment, start, limit);
        if (command is { Count: > 2 } && Name(command[0]) is "sh" or "bash" or "ash" or "dash"
            && command[1].StartsWith('-') && command[1].EndsWith('c'))
        {
            run.Run(Statements(command[2]));
        }
        else if (!command.IsEmpty)
        {
            run.Simple([.. command.Select(run.Environment)]);
        }
        if (run.line.Length > 0)
        {
            run.Print("\n");
        }
        return run.lines;
    }

    // The statements of a script, the words "do" and the like apart; one that goes into a pipe
    // or comes out of it is left out.
    private static List<string> Statements(string script)
    {
        var found = new List<string>();
        var piped = false;
        foreach (Match match in Statement().Matches(script))
        {
            var text = match.Groups[1].Value.Trim();
            var end = match.Groups[2].Value;
            if (!piped && end != "|" && text.Length > 0 && !text.StartsWith('#'))
            {
                var first = text.Split(' ')[0];
                if (first is "do" or "then" or "else")
                {
                    found.Add(first);
                    text = text[first.Length..].Trim();
                }
                if (text.Length > 0)
                {
                    found.Add(text);
                }
            }
            piped = end == "|";
        }
        return found;
    }

    private void Run(List<string> statements)
    {
        for (var i = 0; i < statements.Count && !ended; i++)
        {
            var text = statements[i];
            switch (text.Split(' ')[0])
            {
                case "while" or "for":
                    var end = EndOf(statements, i);
                    var body = statements[Math.Min(i + 1, end)..end];
                    Loop(text, body is ["do", ..] ? body[1..] : body);
                    i = end;
                    break;
                case "until" or "if" or "case":
                    ended = true;
                    break;
                default:
                    Command(text);
                    break;
            }
        }
    }

    private static int EndOf(List<string> statements, int start)
    {
        var depth = 0;
        for (var i = start; i < statements.Count; i++)
        {
            depth += statements[i].Split(' ')[0] switch
            {
                "while" or "for" or "until" => 1,
                "done" => -1,
                _ => 0,
            };
            if (depth == 0)
            {
                return i;
            }
        }
        return statements.Count;
    }

    private void Loop(string head, List<string> body)
    {
        var words = Words(head);
        if (words is ["for", var name, "in", .. var values])
        {
            foreach (var value in values)
            {
                variables[name] = value;
                Run(body);
            }
            return;
        }
        if (words is not ["while", "true" or ":" or "sleep", ..])
        {
            ended = true;
        }
        while (!ended)
        {
            Command(head["while".Length..].Trim());
            Run(body);
            ended |= now > limit || ++sinceWait > MostAtOnce;
        }
    }

    private void Command(string text)
    {
        var assigned = Assignment().Match(text);
        if (assigned.Success)
        {
            variables[assigned.Groups[1].Value] = string.Join(' ', Words(assigned.Groups[2].Value));
            return;
        }
        var to = Redirection().Match(text);
        var before = lines.Count;
        Simple(Words(to.Success ? text.Remove(to.Index, to.Length) : text));
        if (to.Success && to.Groups[1].Value is not ("&1" or "&2" or "/dev/stdout" or "/dev/stderr"
            or "/proc/1/fd/1" or "/proc/1/fd/2"))
        {
            lines.RemoveRange(before, lines.Count - before);
            line.Clear();
        }
    }

    private void Simple(List<string> words)
    {
        if (words.Count == 0)
        {
            return;
        }
        switch (Name(words[0]))
        {
            case "echo":
                Echo(words);
                break;
            case "printf" when words.Count > 1:
                var at = 2;
                Print(Escapes(Place().Replace(
                    words[1], _ => at < words.Count ? words[at++] : "")));
                break;
            case "date" or "hostname":
                Print(Substitute(string.Join(' ', words)) + "\n");
                break;
            case "printenv":
                foreach (var name in words.Skip(1).Where(variables.ContainsKey))
                {
                    Print(variables[name] + "\n");
                }
                break;
            case "sleep":
                now += ShellScript.Duration(words.ElementAtOrDefault(1) ?? "0");
                sinceWait = 0;
                ended |= now > limit;
                break;
            case var name:
                ended |= name is "exit" or "tail" || !ShellScript.EndsAtOnce(name);
                break;
        }
    }

    private void Echo(List<string> words)
    {
        var at = 1;
        var (feed, escapes) = ("\n", false);
        for (; at < words.Count && words[at] is "-n" or "-e" or "-ne" or "-en"; at++)
        {
            feed = words[at].Contains('n', StringComparison.Ordinal) ? "" : feed;
            escapes |= words[at].Contains('e', StringComparison.Ordinal);
        }
        var text = string.Join(' ', words.Skip(at));
        Print((escapes ? Escapes(text) : text) + feed);
    }

    private void Print(string text)
    {
        var parts = text.Split('\n');
        for (var i = 0; i + 1 < parts.Length; i++)
        {
            lines.Add(new(now, line.Append(parts[i]).ToString()));
            line.Clear();
        }
        line.Append(parts[^1]);
    }

    private static string Escapes(string text) => text
        .Replace("\\n", "\n", StringComparison.Ordinal)
        .Replace("\\t", "\t", StringComparison.Ordinal);

    // Quotes keep blanks together; single ones keep the dollar as well.
    private List<string> Words(string text)
    {
        var words = new List<string>();
        foreach (Match match in Word().Matches(text))
        {
            var word = new StringBuilder();
            var isQuoted = false;
            foreach (Match part in Part().Matches(match.Value))
            {
                var isSingle = part.Value[0] == '\'';
                isQuoted |= isSingle || part.Value[0] == '"';
                word.Append(isSingle ? part.Value.Trim('\'') : Expand(part.Value.Trim('"')));
            }
            if (isQuoted)
            {
                words.Add(word.ToString());
            }
            else
            {
                words.AddRange(word.ToString().Split([' ', '\n'],
                    StringSplitOptions.RemoveEmptyEntries));
            }
        }
        return words;
    }

    // $(NAME) outside of shells: the kubelet's own way to write a variable.
    private string Environment(string word) => Variable().Replace(word,
        match => variables.GetValueOrDefault(match.Groups[1].Value, match.Value));

    private string Expand(string text) => Expansion().Replace(text, match =>
        match.Groups["sum"] is { Success: true } sum ? Sum(sum.Value)
        : match.Groups["run"] is { Success: true } run ? Substitute(run.Value.Trim())
        : variables.GetValueOrDefault(match.Groups["name"].Value,
            match.Groups["otherwise"].Value));

    private string Substitute(string command) => command.Split(' ') switch
    {
        ["date"] => now.ToString(
            "ddd MMM ", CultureInfo.InvariantCulture) + now.Day.ToString(
            CultureInfo.InvariantCulture).PadLeft(2) + now.ToString(
            " HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture),
        ["date", ..] => Date(command),
        ["hostname"] => variables.GetValueOrDefault("HOSTNAME", ""),
        ["seq", .. var ends] when ends.Select(Number).ToArray() is [.., var last] all =>
            string.Join(' ', Enumerable.Range(all.Length > 1 ? all[0] : 1,
                Math.Clamp(last - (all.Length > 1 ? all[0] : 1) + 1, 0, MostAtOnce))),
        [var name] => variables.GetValueOrDefault(name, ""),
        _ => "",
    };

    private string Date(string command)
    {
        var plus = command.IndexOf('+');
        return plus < 0 ? Substitute("date") : DatePart().Replace(
            command[(plus + 1)..].Trim('"', '\''), match => match.Value[1] switch
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

    private string Sum(string text)
    {
        var match = Term().Match(text);
        var first = Value(match.Groups[1].Value);
        var second = Value(match.Groups[3].Value);
        return (match.Groups[2].Value switch
        {
            "+" => first + second,
            "-" => first - second,
            "*" => first * second,
            "/" when second != 0 => first / second,
            "%" when second != 0 => first % second,
            _ => first,
        }).ToString(CultureInfo.InvariantCulture);
    }

    private int Value(string term) => Number(variables.GetValueOrDefault(term, term));

    private static int Number(string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Name(string program) => program[(program.LastIndexOf('/') + 1)..];

    [GeneratedRegex("""((?:"(?:\\.|[^"])*"|'[^']*'|\$\(\(.*?\)\)|\$\([^)]*\)|`[^`]*`|>&|\\.|"""
        + """[^;&|\n"'])*)(;|&&|\|\||\||&|\n|$)""")]
    private static partial Regex Statement();

    [GeneratedRegex("""(?:"(?:\\.|[^"])*"|'[^']*'|\$\(\(.*?\)\)|\$\([^)]*\)|`[^`]*`|\S)+""")]
    private static partial Regex Word();

    [GeneratedRegex("""
        "(?:\\.|[^"])*"|'[^']*'|(?:\$\(\(.*?\)\)|\$\([^)]*\)|`[^`]*`|[^"'])+
        """)]
    private static partial Regex Part();

    [GeneratedRegex(@"\$\(\((?<sum>.*?)\)\)|\$\((?<run>[^)]*)\)|`(?<run>[^`]*)`|"
        + @"\$\{(?<name>\w+)(?::?-(?<otherwise>[^}]*))?\}|\$(?<name>\w+)")]
    private static partial Regex Expansion();

    [GeneratedRegex(@"^(?:export )?([A-Za-z_]\w*)=(\S*(?:\(.*\))?|"".*""|'.*')$")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\s*[12]?>>?\s*(&[12]|[^\s""';]+)")]
    private static partial Regex Redirection();

    [GeneratedRegex(@"^\s*\$?(\w+)\s*(?:([-+*/%])\s*\$?(\w+))?")]
    private static partial Regex Term();

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Variable();

    [GeneratedRegex("%[sd]")]
    private static partial Regex Place();

    [GeneratedRegex("%[a-zA-Z]")]
    private static partial Regex DatePart();
}
