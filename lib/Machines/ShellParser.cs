using System.Text;

namespace KubeSim;

/// <summary>Reads shell scripts: the grammar of POSIX without here-documents in words, and
/// <c>[[ ]]</c> as if it were <c>[ ]</c>.</summary>
/// <remarks>Source: POSIX.1-2017, Shell Command Language, section 2.10.</remarks>
internal sealed class ShellParser
{
    private static readonly string[] Reserved =
        ["if", "then", "elif", "else", "fi", "while", "until", "do", "done", "for", "case", "esac",
            "{", "}", "!", "function"];

    private readonly string text;

    // The lines of here-documents: the script goes on behind them.
    private readonly List<(int From, int To)> cut = [];
    private int at;

    private ShellParser(string text) => this.text = text;

    /// <summary>The script.</summary>
    /// <exception cref="FormatException">It is none; the message is the shell's own.</exception>
    public static ShellNode Parse(string script)
    {
        var parser = new ShellParser(script.ReplaceLineEndings("\n"));
        var node = parser.List();
        return parser.at >= parser.text.Length ? node : throw parser.Unexpected();
    }

    /// <summary>The script, or null and why it is none.</summary>
    public static ShellNode? TryParse(string script, out string? error)
    {
        try
        {
            error = null;
            return Parse(script);
        }
        catch (FormatException wrong)
        {
            error = wrong.Message;
            return null;
        }
    }

    private char Now => at < text.Length ? text[at] : '\0';

    private bool Is(string what) => string.CompareOrdinal(text, at, what, 0, what.Length) == 0;

    private FormatException Unexpected()
    {
        var word = at >= text.Length ? "end of file"
            : Now == '\n' ? "newline" : $"\"{Keyword() ?? Now.ToString()}\"";
        return new($"syntax error: unexpected {word}");
    }

    // A list of commands up to a word that ends one, a parenthesis or the end.
    private ShellNode List()
    {
        var parts = new List<ShellNode>();
        while (true)
        {
            SkipBreaks();
            if (at >= text.Length || Now == ')' || Is(";;")
                || Keyword() is "then" or "elif" or "else" or "fi" or "do" or "done" or "esac"
                    or "}")
            {
                return parts.Count == 1 ? parts[0] : new ShellNode.Sequence(parts);
            }
            var part = AndOr();
            SkipBlanks();
            if (Now == '&' && !Is("&&"))
            {
                at++;
                part = new ShellNode.Background(part);
            }
            parts.Add(part);
            SkipBlanks();
            if (Now == ';' && !Is(";;"))
            {
                at++;
            }
            else if (at < text.Length && Now is not ('\n' or ')' or ';')
                && part is not ShellNode.Background)
            {
                throw Unexpected();
            }
        }
    }

    private ShellNode AndOr()
    {
        var node = Pipeline();
        for (SkipBlanks(); Is("&&") || Is("||"); SkipBlanks())
        {
            var ifOk = Now == '&';
            at += 2;
            SkipBreaks();
            node = new ShellNode.Both(node, Pipeline(), ifOk);
        }
        return node;
    }

    private ShellNode Pipeline()
    {
        var not = Take("!");
        var node = Command();
        for (SkipBlanks(); Now == '|' && !Is("||"); SkipBlanks())
        {
            at++;
            SkipBreaks();
            node = new ShellNode.Pipe(node, Command());
        }
        return not ? new ShellNode.Not(node) : node;
    }

    private ShellNode Command()
    {
        SkipBlanks();
        var node = Compound();
        if (node is null)
        {
            return Simple();
        }
        var to = new List<ShellRedirect>();
        while (Redirect() is { } redirect)
        {
            to.Add(redirect);
        }
        return to.Count == 0 ? node : new ShellNode.Redirected(node, to);
    }

    private ShellNode? Compound()
    {
        if (Now == '(')
        {
            at++;
            var body = List();
            Expect(")");
            return new ShellNode.Group(body);
        }
        switch (Keyword())
        {
            case "if":
                at += 2;
                return If();
            case "while" or "until":
                var until = Take("until");
                _ = until || Take("while");
                var condition = List();
                return new ShellNode.Loop(condition, Do(), until);
            case "for":
                at += 3;
                return For();
            case "case":
                at += 4;
                return Case();
            case "{":
                at++;
                var list = List();
                Expect("}");
                return list;
            default:
                return Function();
        }
    }

    private ShellNode.If If()
    {
        var condition = List();
        Expect("then");
        var then = List();
        if (Take("elif"))
        {
            return new(condition, then, If());
        }
        var otherwise = Take("else") ? List() : null;
        Expect("fi");
        return new(condition, then, otherwise);
    }

    private ShellNode Do()
    {
        SkipBreaks();
        Expect("do");
        var body = List();
        Expect("done");
        return body;
    }

    private ShellNode.For For()
    {
        SkipBlanks();
        var name = Name();
        var values = new List<ShellWord>();
        SkipBreaks();
        if (Take("in"))
        {
            while (Word() is { } word)
            {
                values.Add(word);
            }
        }
        SkipBlanks();
        at += Now == ';' ? 1 : 0;
        return new(name, values, Do());
    }

    private ShellNode.Case Case()
    {
        var of = Word() ?? throw Unexpected();
        SkipBreaks();
        Expect("in");
        var arms = new List<(IReadOnlyList<ShellWord>, ShellNode)>();
        for (SkipBreaks(); !Take("esac"); SkipBreaks())
        {
            at += Now == '(' ? 1 : 0;
            var patterns = new List<ShellWord>();
            do
            {
                patterns.Add(Word() ?? throw Unexpected());
                SkipBlanks();
            }
            while (Now == '|' && at++ >= 0);
            Expect(")");
            arms.Add((patterns, List()));
            at += Is(";;") ? 2 : 0;
        }
        return new(of, arms);
    }

    private ShellNode.Group? Function()
    {
        var start = at;
        _ = Take("function");
        var name = Name();
        SkipBlanks();
        if (name.Length == 0 || !Is("()"))
        {
            at = start;
            return null;
        }
        at += 2;
        SkipBreaks();
        return new(Compound() ?? throw Unexpected(), name);
    }

    private ShellNode.Simple Simple()
    {
        var assigned = new List<(string, ShellWord)>();
        var words = new List<ShellWord>();
        var to = new List<ShellRedirect>();
        while (true)
        {
            if (Redirect() is { } redirect)
            {
                to.Add(redirect);
                continue;
            }
            var start = at;
            SkipBlanks();
            if (words.Count == 0 && Name() is { Length: > 0 } name && Now == '=')
            {
                at++;
                assigned.Add((name, At() ? new([]) : Word() ?? new([])));
                continue;
            }
            at = start;
            if (Word() is not { } word)
            {
                return assigned.Count + words.Count + to.Count > 0 ? new(assigned, words, to)
                    : throw Unexpected();
            }
            words.Add(word);
        }

        // Nothing behind the equals sign.
        bool At() => at >= text.Length || Now is ' ' or '\t' or '\n' or ';' or '&' or '|' or ')';
    }

    private ShellRedirect? Redirect()
    {
        SkipBlanks();
        var start = at;
        var stream = 1;
        if (Is("&>"))
        {
            (stream, at) = (3, at + 1);
        }
        else if (char.IsAsciiDigit(Now) && at + 1 < text.Length && text[at + 1] is '>' or '<')
        {
            stream = Now - '0';
            at++;
        }
        if (Now is not ('>' or '<'))
        {
            at = start;
            return null;
        }
        var how = Is(">>") ? ">>" : Is("<<") ? "<<" : Now.ToString();
        at += how.Length;
        if (how == "<<")
        {
            return new(0, how, Document());
        }
        if (Now == '&')
        {
            at++;
            how = "&";
        }
        stream = how == "<" ? 0 : stream;
        return new(stream, how, Word() ?? throw Unexpected());
    }

    // The lines up to the word: taken out of the script, so that the line goes on behind the word.
    private ShellWord Document()
    {
        var dash = Now == '-';
        at += dash ? 1 : 0;
        SkipBlanks();
        var quoted = Now is '\'' or '"';
        var end = Word()?.Literal ?? throw Unexpected();
        var line = text.IndexOf('\n', at);
        var content = new StringBuilder();
        var from = line < 0 ? text.Length : line + 1;
        while (from < text.Length)
        {
            var feed = text.IndexOf('\n', from);
            var one = text[from..(feed < 0 ? text.Length : feed)];
            from = feed < 0 ? text.Length : feed + 1;
            one = dash ? one.TrimStart('\t') : one;
            if (one == end)
            {
                break;
            }
            content.Append(one).Append('\n');
        }
        var inner = quoted ? new([new(ShellPart.Text, content.ToString(), true)])
            : new ShellWord(new ShellParser(content.ToString()).Quoted('\0'));
        cut.Add((line < 0 ? text.Length : line + 1, from));
        return inner;
    }

    private ShellWord? Word()
    {
        SkipBlanks();
        var parts = new List<ShellPart>();
        var plain = new StringBuilder();
        void Flush()
        {
            if (plain.Length > 0)
            {
                parts.Add(new(ShellPart.Text, plain.ToString(), false));
                plain.Clear();
            }
        }
        while (at < text.Length && Now is not (' ' or '\t' or '\n' or ';' or '&' or '|' or '<'
            or '>' or '(' or ')'))
        {
            switch (Now)
            {
                case '\\' when at + 1 < text.Length:
                    Flush();
                    parts.Add(new(ShellPart.Text, text[at + 1] == '\n' ? "" : $"{text[at + 1]}",
                        true));
                    at += 2;
                    break;
                case '\'':
                    Flush();
                    var end = text.IndexOf('\'', at + 1);
                    if (end < 0)
                    {
                        throw new FormatException("syntax error: unterminated quoted string");
                    }
                    parts.Add(new(ShellPart.Text, text[(at + 1)..end], true));
                    at = end + 1;
                    break;
                case '"':
                    Flush();
                    at++;
                    parts.AddRange(Quoted('"'));
                    at++;
                    break;
                case '$' or '`' when Expansion(false) is { } part:
                    Flush();
                    parts.Add(part);
                    break;
                default:
                    plain.Append(text[at++]);
                    break;
            }
        }
        Flush();
        return parts.Count == 0 ? null : new(parts);
    }

    private List<ShellPart> Quoted(char end)
    {
        var parts = new List<ShellPart>();
        var plain = new StringBuilder();
        while (at < text.Length && (end == '\0' || Now != end))
        {
            if (Now == '\\' && at + 1 < text.Length && text[at + 1] is '"' or '\\' or '$' or '`')
            {
                plain.Append(text[at + 1]);
                at += 2;
            }
            else if (Now is '$' or '`' && Expansion(true) is { } part)
            {
                parts.Add(new(ShellPart.Text, plain.ToString(), true));
                plain.Clear();
                parts.Add(part);
            }
            else
            {
                plain.Append(text[at++]);
            }
        }
        if (end != '\0' && at >= text.Length)
        {
            throw new FormatException("syntax error: unterminated quoted string");
        }
        parts.Add(new(ShellPart.Text, plain.ToString(), true));
        return parts;
    }

    // What a dollar or a backquote stands for; null for one that stands for itself.
    private ShellPart? Expansion(bool quoted)
    {
        if (Now == '`')
        {
            var end = text.IndexOf('`', at + 1);
            var inner = text[(at + 1)..(end < 0 ? text.Length : end)];
            at = end < 0 ? text.Length : end + 1;
            return new(ShellPart.Output, "", quoted, Parse(inner));
        }
        if (Is("$(("))
        {
            var end = Closing(at + 1);
            var sum = text[(at + 3)..(end - 1)];
            at = end + 1;
            return new(ShellPart.Sum, sum, quoted);
        }
        if (Is("$("))
        {
            at += 2;
            var body = List();
            Expect(")");
            return new(ShellPart.Output, "", quoted, body);
        }
        if (Is("${"))
        {
            var end = text.IndexOf('}', at);
            end = end < 0 ? throw new FormatException("syntax error: bad substitution") : end;
            var content = text[(at + 2)..end];
            at = end + 1;
            return new(ShellPart.Variable, content, quoted);
        }
        var start = at++;
        if (Now is '?' or '$' or '#' or '@' or '*' or '!' || char.IsAsciiDigit(Now))
        {
            return new(ShellPart.Variable, text[at++].ToString(), quoted);
        }
        var name = Name();
        if (name.Length > 0)
        {
            return new(ShellPart.Variable, name, quoted);
        }
        at = start;
        return null;
    }

    // The last of the parentheses that close what opens at a place.
    private int Closing(int from)
    {
        var depth = 0;
        for (var i = from; i < text.Length; i++)
        {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }
        throw new FormatException("syntax error: missing '))'");
    }

    private string Name()
    {
        var start = at;
        while (char.IsAsciiLetter(Now) || Now == '_' || (at > start && char.IsAsciiDigit(Now)))
        {
            at++;
        }
        return text[start..at];
    }

    // The reserved word that stands here; null for none.
    private string? Keyword()
    {
        foreach (var word in Reserved)
        {
            var end = at + word.Length;
            if (Is(word) && (end >= text.Length
                || text[end] is ' ' or '\t' or '\n' or ';' or '&' or '|' or '(' or ')'
                || (word == "}" && text[end] is '>')))
            {
                return word;
            }
        }
        return null;
    }

    private bool Take(string word)
    {
        SkipBlanks();
        if (word == "in" ? !Is("in") : Keyword() != word)
        {
            return false;
        }
        at += word.Length;
        return true;
    }

    private void Expect(string word)
    {
        SkipBreaks();
        if (!Is(word))
        {
            throw Unexpected();
        }
        at += word.Length;
    }

    private void SkipBlanks()
    {
        while (at < text.Length && (Now is ' ' or '\t' || Is("\\\n")
            || (Now == '#' && (at == 0 || text[at - 1] is ' ' or '\t' or '\n' or ';' or '('))))
        {
            var feed = text.IndexOf('\n', at);
            at = Now == '#' ? feed < 0 ? text.Length : feed : at + (Now == '\\' ? 2 : 1);
        }
    }

    private void SkipBreaks()
    {
        SkipBlanks();
        while (Now is '\n' || (Now == ';' && !Is(";;")))
        {
            at++;
            foreach (var (from, to) in cut)
            {
                at = at == from ? to : at;
            }
            SkipBlanks();
        }
    }
}
