using System.Text;
using System.Text.RegularExpressions;

namespace KubeSim.Tests;

/// <summary>A C# file as the house rules see it: its code without comments and texts, the members
/// of its types, the types that it declares. A hand scanner: it knows brackets, not the
/// grammar.</summary>
internal sealed partial class SourceText
{
    private readonly string text;
    private readonly StringBuilder code;
    private int at;

    public SourceText(string path, string text)
    {
        Path = path;
        Lines = text.Split('\n');
        this.text = text;
        code = new(new string(' ', text.Length));
        CopyCode(untilHoleEnds: false);
        Code = code.ToString();
        ReadMembers();
    }

    /// <summary>A member of a type: its text without comments, and its first line, from
    /// 1.</summary>
    public sealed record Member(string Code, int FirstLine, int LastLine, bool InEnum)
    {
        public int LineCount => LastLine - FirstLine + 1;

        /// <summary>True for what has a body: a method, a property; false for a field.</summary>
        public bool HasBody => Opening(Code) is '{' or '>';

        public bool IsField => Opening(Code) is '=' or ';';
    }

    /// <summary>The path from the root of the repository, with slashes.</summary>
    public string Path { get; }

    public string[] Lines { get; }

    /// <summary>The text with comments and the insides of strings blanked; lines stay.</summary>
    public string Code { get; }

    public List<Member> Members { get; } = [];

    /// <summary>The types that the file declares outside any other.</summary>
    public List<string> Types { get; } = [];

    /// <summary>The types that it declares inside others; they hide those of the same
    /// name.</summary>
    public List<string> NestedTypes { get; } = [];

    /// <summary>Where an enum's braces open and close.</summary>
    public List<(int From, int To)> Enums { get; } = [];

    public int LineOf(int position) => Code.AsSpan(0, position).Count('\n') + 1;

    // What comes first outside of brackets: { a body, > an arrow, = an initial value, ; nothing.
    private static char Opening(string member)
    {
        var depth = 0;
        for (var i = 0; i < member.Length; i++)
        {
            depth += member[i] is '(' or '[' ? 1 : member[i] is ')' or ']' ? -1 : 0;
            if (depth == 0 && member[i] is '{' or ';')
            {
                return member[i];
            }
            if (depth == 0 && member[i] == '=')
            {
                return i + 1 < member.Length && member[i + 1] == '>' ? '>' : '=';
            }
        }
        return ';';
    }

    // At type level a member ends with a semicolon, or with a closing brace that nothing goes on
    // from.
    private void ReadMembers()
    {
        var types = new Stack<int>();
        var (start, depth, braces) = (0, 0, 0);
        for (var i = 0; i < Code.Length; i++)
        {
            var c = Code[i];
            depth += c is '(' or '[' ? 1 : c is ')' or ']' ? -1 : 0;
            if (c == '{' && depth == 0 && braces == 0 && TypeHeader().Match(Code[start..i]) is
                { Success: true } header)
            {
                Declare(header, i, types.Count);
                types.Push(i);
                start = i + 1;
            }
            else if (c == '{')
            {
                braces++;
            }
            else if (c == '}' && braces > 0)
            {
                braces--;
                if (braces == 0 && depth == 0 && !GoesOn(i + 1))
                {
                    AddMember(start, i + 1, types);
                    start = i + 1;
                }
            }
            else if (c == '}' && types.Count > 0)
            {
                AddMember(start, i, types);
                CloseType(types.Pop(), i);
                start = i + 1;
            }
            else if (c == ';' && depth == 0 && braces == 0)
            {
                DeclareWithoutBody(Code[start..i], types.Count);
                AddMember(start, i + 1, types);
                start = i + 1;
            }
        }
    }

    private bool GoesOn(int position)
    {
        var rest = Code.AsSpan(position).TrimStart();
        return rest.Length > 0 && (";,.)=?!".Contains(rest[0]) || rest.StartsWith("switch ")
            || rest.StartsWith("with ") || rest.StartsWith("is ") || rest.StartsWith("+ "));
    }

    private void Declare(Match header, int brace, int depth)
    {
        if (header.Groups["kind"].Value != "namespace")
        {
            (depth == 0 ? Types : NestedTypes).Add(header.Groups["name"].Value);
        }
        if (header.Groups["kind"].Value == "enum")
        {
            Enums.Add((brace, -1));
        }
    }

    private void DeclareWithoutBody(string declaration, int depth)
    {
        if (TypeHeader().Match(declaration) is { Success: true } header)
        {
            Declare(header, 0, depth);
        }
    }

    private void CloseType(int brace, int position)
    {
        var i = Enums.FindIndex(e => e.From == brace);
        if (i >= 0)
        {
            Enums[i] = (brace, position);
        }
    }

    private void AddMember(int from, int to, Stack<int> types)
    {
        while (from < to && char.IsWhiteSpace(Code[from]))
        {
            from++;
        }
        if (from < to && types.Count > 0)
        {
            var inEnum = Enums.Exists(e => e.From == types.Peek());
            Members.Add(new(Code[from..to], LineOf(from), LineOf(to - 1), inEnum));
        }
    }

    // Copies code up to the end, or of a hole in an interpolated text up to its closing brace.
    private void CopyCode(bool untilHoleEnds)
    {
        var depth = 0;
        while (at < text.Length)
        {
            var c = text[at];
            if (untilHoleEnds && c == '}' && depth == 0)
            {
                return;
            }
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (Starts("//") || (c == '#' && IsFirstInLine()))
            {
                BlankUntil("\n", after: false);
            }
            else if (Starts("/*"))
            {
                BlankUntil("*/", after: true);
            }
            else if (c == '\'')
            {
                SkipCharacter();
            }
            else if (TextStart().Match(text, at) is { Success: true } start)
            {
                SkipText(start.Value);
            }
            else
            {
                code[at++] = c;
            }
        }
    }

    private bool IsFirstInLine()
    {
        var line = at == 0 ? -1 : text.LastIndexOf('\n', at - 1);
        return string.IsNullOrWhiteSpace(text[(line + 1)..at]);
    }

    private bool Starts(string what) => string.CompareOrdinal(text, at, what, 0, what.Length) == 0;

    private void BlankUntil(string end, bool after)
    {
        var to = text.IndexOf(end, at, StringComparison.Ordinal);
        to = to < 0 ? text.Length : to + (after ? end.Length : 0);
        BlankTo(to);
    }

    private void BlankTo(int to)
    {
        for (; at < to; at++)
        {
            code[at] = text[at] == '\n' ? '\n' : ' ';
        }
    }

    private void SkipCharacter()
    {
        var end = text.IndexOf('\'', at + (text[at + 1] == '\\' ? 3 : 1));
        BlankTo(end < 0 ? text.Length : end + 1);
    }

    private void SkipText(string start)
    {
        var dollars = start.Count(c => c == '$');
        var quotes = start.Count(c => c == '"');
        var verbatim = start.Contains('@');
        var raw = quotes >= 3 && !verbatim;
        // Only a raw text starts with several quotes; elsewhere they belong to what follows.
        BlankTo(at + start.Length - (raw ? 0 : quotes - 1));
        var (end, hole) = (raw ? new string('"', quotes) : "\"", new string('{', Math.Max(1,
            dollars)));
        while (at < text.Length && !(Starts(end) && !(verbatim && Starts("\"\""))))
        {
            if (dollars > 0 && Starts(hole) && (raw || !Starts("{{")))
            {
                BlankTo(at + hole.Length);
                CopyCode(untilHoleEnds: true);
                BlankTo(Math.Min(text.Length, at + hole.Length));
                continue;
            }
            var two = (!raw && !verbatim && text[at] == '\\') || (verbatim && Starts("\"\""))
                || (!raw && dollars > 0 && Starts("{{"));
            BlankTo(Math.Min(text.Length, at + (two ? 2 : 1)));
        }
        BlankTo(Math.Min(text.Length, at + end.Length));
    }

    [GeneratedRegex("""\G(\$+@?|@\$?)?"+""")]
    private static partial Regex TextStart();

    [GeneratedRegex("""
        (?<![:,]\s*)\b(?<kind>namespace|class|record\s+struct|record|struct|interface|enum
            |delegate\s+\S+)
        \s+(?<name>\w+)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex TypeHeader();
}
