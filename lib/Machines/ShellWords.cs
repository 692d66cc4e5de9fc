using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>How a shell turns words into arguments: variables, the output of commands, sums, files
/// that match a pattern, and then the parting at blanks.</summary>
internal sealed partial class ShellRun
{
    // The whole word as one text.
    private string One(ShellWord word, ShellStreams io) =>
        string.Concat(word.Parts.Select(p => Text(p, io)));

    private IEnumerable<string> Fields(ShellWord word, ShellStreams io)
    {
        if (word.Parts is [{ Kind: ShellPart.Variable, Content: "@", Quoted: true }])
        {
            return arguments;
        }
        var fields = new List<string>();
        var field = new StringBuilder();
        var (any, pattern) = (false, false);
        foreach (var part in word.Parts)
        {
            var text = Text(part, io);
            if (part.Quoted || part.Kind == ShellPart.Text)
            {
                field.Append(text);
                any |= part.Quoted || text.Length > 0;
                pattern |= !part.Quoted && text.AsSpan().ContainsAny('*', '?');
                continue;
            }
            var pieces = text.Split((char[])[' ', '\t', '\n']);
            for (var i = 0; i < pieces.Length; i++)
            {
                if (i > 0 && (any || field.Length > 0))
                {
                    fields.Add(field.ToString());
                    field.Clear();
                    any = false;
                }
                field.Append(pieces[i]);
            }
        }
        if (any || field.Length > 0)
        {
            fields.Add(field.ToString());
        }
        return pattern ? fields.SelectMany(Files) : fields;
    }

    // The files that a pattern means; itself when there are none.
    private IEnumerable<string> Files(string pattern)
    {
        var slash = pattern.LastIndexOf('/');
        var directory = slash < 0 ? ShellTools.Full(".", this)
            : ShellTools.Full(pattern[..Math.Max(slash, 1)], this);
        var found = world.Files.Names(directory)
            .Where(n => ShellPattern.Matches(pattern[(slash + 1)..], n))
            .Select(n => pattern[..(slash + 1)] + n).ToArray();
        return found.Length > 0 ? found : [pattern];
    }

    private string Text(ShellPart part, ShellStreams io) => part.Kind switch
    {
        ShellPart.Variable => Variable(part.Content, io),
        ShellPart.Sum => new ShellSum(Replace(part.Content, io), variables).Value()
            .ToString(CultureInfo.InvariantCulture),
        ShellPart.Output => Output(part.Command!, io),
        _ => part.Content,
    };

    private string Replace(string sum, ShellStreams io) => sum.Contains('$')
        ? One(InQuotes(sum), io) : sum;

    // A text as if it stood between double quotes.
    private static ShellWord InQuotes(string text) =>
        ((ShellNode.Simple)ShellParser.Parse($": \"{text}\"")).Words[1];

    // A command within a word takes no time: what would wait is left there.
    private string Output(ShellNode command, ShellStreams io)
    {
        var text = new StringBuilder();
        foreach (var wait in Subshell(command, io with { Out = t => text.Append(t) }))
        {
            _ = wait;
            break;
        }
        ofOutput = Code;
        return text.ToString().TrimEnd('\n');
    }

    private string Variable(string content, ShellStreams io)
    {
        var length = 0;
        while (length < content.Length
            && (char.IsAsciiLetterOrDigit(content[length]) || content[length] == '_'))
        {
            length++;
        }
        length = length == 0 && content.Length > 0 ? 1 : length;
        var (name, rest) = (content[..length], content[length..]);
        if (name == "#" && rest.Length > 0)
        {
            return Value(rest).Length.ToString(CultureInfo.InvariantCulture);
        }
        var value = Value(name);
        string Other(int skip) => One(InQuotes(rest[skip..]), io);
        switch (rest)
        {
            case "":
                return value;
            case [':', '-', ..]:
                return value.Length > 0 ? value : Other(2);
            case ['-', ..]:
                return variables.ContainsKey(name) ? value : Other(1);
            case [':', '=', ..]:
                return value.Length > 0 ? value : variables[name] = Other(2);
            case [':', '+', ..]:
                return value.Length > 0 ? Other(2) : "";
            case ['#', '#', ..]:
                return ShellPattern.Cut(value, Other(2), front: true, most: true);
            case ['#', ..]:
                return ShellPattern.Cut(value, Other(1), front: true, most: false);
            case ['%', '%', ..]:
                return ShellPattern.Cut(value, Other(2), front: false, most: true);
            case ['%', ..]:
                return ShellPattern.Cut(value, Other(1), front: false, most: false);
            default:
                return value;
        }
    }

    private string Value(string name) => name switch
    {
        "?" => Code.ToString(CultureInfo.InvariantCulture),
        "$" => "1",
        "#" => arguments.Length.ToString(CultureInfo.InvariantCulture),
        "@" or "*" => string.Join(' ', arguments),
        "0" => "sh",
        [>= '1' and <= '9'] => arguments.ElementAtOrDefault(name[0] - '1') ?? "",
        _ => variables.GetValueOrDefault(name, ""),
    };
}

/// <summary>The patterns of shells: <c>*</c>, <c>?</c> and <c>[a-z]</c>.</summary>
internal static class ShellPattern
{
    public static bool Matches(string pattern, string text) =>
        System.Text.RegularExpressions.Regex.IsMatch(text, Regex(pattern),
            System.Text.RegularExpressions.RegexOptions.CultureInvariant);

    /// <summary>A text without what matches at one of its ends: the most of it, or the
    /// least.</summary>
    public static string Cut(string text, string pattern, bool front, bool most)
    {
        var lengths = Enumerable.Range(0, text.Length + 1);
        foreach (var n in most ? lengths.Reverse() : lengths)
        {
            if (Matches(pattern, front ? text[..n] : text[^n..]))
            {
                return front ? text[n..] : text[..^n];
            }
        }
        return text;
    }

    private static string Regex(string pattern) => "^" + System.Text.RegularExpressions.Regex
        .Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal)
        .Replace("\\?", ".", StringComparison.Ordinal)
        .Replace("\\[", "[", StringComparison.Ordinal) + "$";
}

/// <summary>The value of a sum as in <c>$((…))</c>: whole numbers, variables with or without their
/// dollar, the signs of C.</summary>
internal sealed class ShellSum(string text, Dictionary<string, string> variables)
{
    private static readonly string[][] Levels =
        [["||"], ["&&"], ["==", "!="], ["<=", ">=", "<", ">"], ["+", "-"], ["*", "/", "%"]];

    private int at;

    public long Value()
    {
        Skip();
        var start = at;
        var name = Name();
        Skip();
        foreach (var sign in (string[])["+=", "-=", "=", "++", "--"])
        {
            if (name.Length > 0 && Is(sign) && !Is("=="))
            {
                at += sign.Length;
                var old = Number(name);
                var value = sign switch
                {
                    "+=" => old + Value(), "-=" => old - Value(), "=" => Value(),
                    "++" => old + 1, _ => old - 1,
                };
                variables[name] = value.ToString(CultureInfo.InvariantCulture);
                return sign is "++" or "--" ? old : value;
            }
        }
        at = start;
        return Level(0);
    }

    private long Level(int level)
    {
        if (level == Levels.Length)
        {
            return Term();
        }
        var value = Level(level + 1);
        while (true)
        {
            Skip();
            if (Array.Find(Levels[level], Is) is not { } sign)
            {
                return value;
            }
            at += sign.Length;
            var right = Level(level + 1);
            value = sign switch
            {
                "+" => value + right, "-" => value - right, "*" => value * right,
                "/" => right == 0 ? 0 : value / right, "%" => right == 0 ? 0 : value % right,
                "==" => value == right ? 1 : 0, "!=" => value != right ? 1 : 0,
                "<" => value < right ? 1 : 0, ">" => value > right ? 1 : 0,
                "<=" => value <= right ? 1 : 0, ">=" => value >= right ? 1 : 0,
                "&&" => value != 0 && right != 0 ? 1 : 0,
                _ => value != 0 || right != 0 ? 1 : 0,
            };
        }
    }

    private long Term()
    {
        Skip();
        if (Is("("))
        {
            at++;
            var value = Level(0);
            Skip();
            at += Is(")") ? 1 : 0;
            return value;
        }
        if (Is("-") || Is("!"))
        {
            var minus = text[at++] == '-';
            var value = Term();
            return minus ? -value : value == 0 ? 1 : 0;
        }
        at += Is("$") ? 1 : 0;
        if (Name() is { Length: > 0 } name)
        {
            return Number(name);
        }
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }
        return long.TryParse(text.AsSpan(start, at - start), CultureInfo.InvariantCulture,
            out var number) ? number : 0;
    }

    private long Number(string name) => long.TryParse(variables.GetValueOrDefault(name, "0"),
        CultureInfo.InvariantCulture, out var number) ? number : 0;

    private string Name()
    {
        var start = at;
        while (at < text.Length && (char.IsAsciiLetter(text[at]) || text[at] == '_'
            || (at > start && char.IsAsciiDigit(text[at]))))
        {
            at++;
        }
        return text[start..at];
    }

    private bool Is(string sign) => string.CompareOrdinal(text, at, sign, 0, sign.Length) == 0;

    private void Skip()
    {
        while (at < text.Length && text[at] is ' ' or '\t' or '\n')
        {
            at++;
        }
    }
}
