using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>
/// A query for stored log lines, in the part of LogQL that finds lines: which streams, and what
/// their lines hold.
/// <para>Worked: <c>{namespace="shop", app=~"web|api"} |= "error" !~ "timeout \\d+s"</c> takes the
/// streams of that namespace whose label app is web or api, and of their lines those with the word
/// error in which no timeout in seconds is told. A pattern of a label must match all of its value,
/// one of a line any part. One label at least must be asked for in a way that its absence does not
/// meet.</para>
/// Models github.com/grafana/loki/pkg/logql/syntax.
/// </summary>
internal sealed class LogQuery
{
    private const RegexOptions Options = RegexOptions.NonBacktracking
        | RegexOptions.CultureInvariant;

    private readonly List<(string Label, Func<string, bool> Holds)> selector = [];
    private readonly List<Func<string, bool>> filters = [];
    private readonly string text;
    private int at;

    private LogQuery(string text) => this.text = text;

    /// <exception cref="ArgumentException">It cannot be read; the message says where.</exception>
    public static LogQuery Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var query = new LogQuery(text);
        query.ReadSelector();
        while (query.Peek() != '\0')
        {
            query.filters.Add(query.Test(["|=", "!=", "|~", "!~"], whole: false));
        }
        return query;
    }

    /// <summary>Whether a stream is meant.</summary>
    public bool Selects(Map<string> labels) =>
        selector.TrueForAll(s => s.Holds(labels.Get(s.Label) ?? ""));

    /// <summary>Whether a line is.</summary>
    public bool Keeps(string line) => filters.TrueForAll(holds => holds(line));

    private void ReadSelector()
    {
        Take("{");
        var sure = false;
        while (Peek() != '}')
        {
            var label = Word();
            var test = Test(["=~", "!~", "!=", "="], whole: true);
            selector.Add((label, test));
            sure |= !test("");
            if (Peek() == ',')
            {
                at++;
            }
            else if (Peek() != '}')
            {
                throw Unexpected("expecting , or }");
            }
        }
        at++;
        if (!sure)
        {
            throw new ArgumentException("parse error : queries require at least one regexp or "
                + "equality matcher that does not have an empty-compatible value. For instance, "
                + "app=~\".*\" does not meet this requirement, but app=~\".+\" will");
        }
    }

    private Func<string, bool> Test(string[] signs, bool whole)
    {
        Peek();
        var sign = Array.Find(signs, s => string.CompareOrdinal(text, at, s, 0, s.Length) == 0)
            ?? throw Unexpected($"expecting one of {string.Join(' ', signs)}");
        at += sign.Length;
        var value = Quoted();
        var not = sign[0] == '!';
        if (sign[1..] != "~")
        {
            return whole ? of => of.Equals(value, StringComparison.Ordinal) != not
                : of => of.Contains(value, StringComparison.Ordinal) != not;
        }
        try
        {
            var pattern = new Regex(whole ? $"^(?:{value})$" : value, Options);
            return of => pattern.IsMatch(of) != not;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ArgumentException($"parse error : invalid regexp: {value}", e);
        }
    }

    private char Peek()
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
        return at < text.Length ? text[at] : '\0';
    }

    private void Take(string sign)
    {
        if (Peek() != sign[0])
        {
            throw Unexpected($"expecting {sign}");
        }
        at++;
    }

    private string Word()
    {
        Peek();
        var from = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
        {
            at++;
        }
        return at > from ? text[from..at] : throw Unexpected("expecting a label");
    }

    // In "…" a backslash takes the next character's meaning away, or gives it one; not in `…`.
    private string Quoted()
    {
        var quote = Peek();
        if (quote is not ('"' or '`'))
        {
            throw Unexpected("expecting STRING");
        }
        var value = new StringBuilder();
        for (at++; at < text.Length && text[at] != quote; at++)
        {
            var c = text[at];
            if (c == '\\' && quote == '"' && at + 1 < text.Length)
            {
                c = text[++at] switch { 'n' => '\n', 't' => '\t', var next => next };
            }
            value.Append(c);
        }
        if (at >= text.Length)
        {
            throw Unexpected("literal not terminated");
        }
        at++;
        return value.ToString();
    }

    private ArgumentException Unexpected(string expected) => new(string.Create(
        CultureInfo.InvariantCulture, $"parse error at line 1, col {at + 1}: syntax error: "
        + $"unexpected {(at < text.Length ? text[at].ToString() : "$end")}, {expected}"));
}
