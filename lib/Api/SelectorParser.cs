namespace KubeSim;

/// <summary>Reads the text of a label selector: cut into words and signs, then requirement by
/// requirement. The errors are those of the real parser, word for word.</summary>
internal sealed class SelectorParser
{
    // The sentence of the real parser, which forgets the unary operators.
    private const string BinaryOperators = "in, notin, =, ==, !=, gt, lt";

    private readonly List<(Token Kind, string Text)> tokens = [];
    private int at;

    internal SelectorParser(string text) => Scan(text);

    private enum Token
    {
        End,
        Close,
        Comma,
        Not,
        DoubleEquals,
        Equals,
        Greater,
        Word,
        In,
        Less,
        NotEquals,
        NotIn,
        Open,
    }

    /// <summary>The requirements as written; returns what is wrong, or null.</summary>
    internal string? Parse(out List<SelectorRequirement> requirements)
    {
        requirements = [];
        while (true)
        {
            var (kind, text) = Peek();
            if (kind == Token.End)
            {
                return null;
            }
            if (kind is not (Token.Word or Token.Not))
            {
                return $"found '{text}', expected: !, identifier, or 'end of string'";
            }
            if (ParseRequirement(out var requirement) is { } problem)
            {
                return "unable to parse requirement: " + problem;
            }
            requirements.Add(requirement);
            (kind, text) = Take();
            if (kind == Token.End)
            {
                return null;
            }
            if (kind != Token.Comma)
            {
                return $"found '{text}', expected: ',' or 'end of string'";
            }
            (kind, text) = Peek();
            if (kind is not (Token.Word or Token.Not))
            {
                return $"found '{text}', expected: identifier after ','";
            }
        }
    }

    private string? ParseRequirement(out SelectorRequirement requirement)
    {
        requirement = default;
        var (kind, key) = Take();
        var absent = kind == Token.Not;
        if (absent)
        {
            (kind, key) = Take();
        }
        if (kind != Token.Word)
        {
            return $"found '{key}', expected: identifier";
        }
        if (Names.LabelKey(key) is { IsEmpty: false } problems)
        {
            return $"<nil>: Invalid value: \"{key}\": {string.Join("; ", problems)}";
        }
        Seq<string> values = default;
        var how = absent ? SelectorOperator.DoesNotExist : SelectorOperator.Exists;
        if (!absent && Peek().Kind is not (Token.End or Token.Comma))
        {
            var (sign, text) = Take(asOperator: true);
            if (OperatorOf(sign) is not { } binary)
            {
                return $"found '{text}', expected: {BinaryOperators}";
            }
            how = binary;
            var problem = how is SelectorOperator.In or SelectorOperator.NotIn
                ? ParseSet(out values)
                : ParseValue(out values);
            if (problem is not null)
            {
                return problem;
            }
        }
        requirement = new(key, how, values);
        return requirement.Problem();
    }

    private string? ParseValue(out Seq<string> values)
    {
        values = [""];
        var (kind, text) = Peek();
        if (kind is Token.End or Token.Comma)
        {
            return null;
        }
        at++;
        values = [text];
        return kind == Token.Word ? null : $"found '{text}', expected: identifier";
    }

    // "(a,b)", "()", "(,a)": an empty place between commas stands for the empty value.
    private string? ParseSet(out Seq<string> values)
    {
        values = [""];
        var (kind, text) = Take();
        if (kind != Token.Open)
        {
            return $"found '{text}' expected: '('";
        }
        (kind, text) = Peek();
        if (kind == Token.Close)
        {
            at++;
            return null;
        }
        if (kind is not (Token.Word or Token.Comma))
        {
            return $"found '{text}', expected: ',', ')' or identifier";
        }
        var set = new SortedSet<string>(StringComparer.Ordinal);
        if (ParseItems(set) is { } problem)
        {
            return problem;
        }
        at++;
        values = set.ToSeq();
        return null;
    }

    private string? ParseItems(SortedSet<string> set)
    {
        while (true)
        {
            var (kind, text) = Take();
            var (next, nextText) = Peek();
            switch (kind)
            {
                case Token.Word:
                    set.Add(text);
                    if (next == Token.Close)
                    {
                        return null;
                    }
                    if (next != Token.Comma)
                    {
                        return $"found '{nextText}', expected: ',' or ')'";
                    }
                    break;
                case Token.Comma:
                    if (set.Count == 0 || next is Token.Close or Token.Comma)
                    {
                        set.Add("");
                    }
                    if (next == Token.Close)
                    {
                        return null;
                    }
                    break;
                default:
                    return $"found '{text}', expected: ',', or identifier";
            }
        }
    }

    private static SelectorOperator? OperatorOf(Token token) => token switch
    {
        Token.In => SelectorOperator.In,
        Token.NotIn => SelectorOperator.NotIn,
        Token.Equals => SelectorOperator.Equals,
        Token.DoubleEquals => SelectorOperator.DoubleEquals,
        Token.NotEquals => SelectorOperator.NotEquals,
        Token.Greater => SelectorOperator.GreaterThan,
        Token.Less => SelectorOperator.LessThan,
        _ => null,
    };

    private (Token Kind, string Text) Peek(bool asOperator = false)
    {
        // The last token is the end, and nothing reads beyond it.
        var token = tokens[Math.Min(at, tokens.Count - 1)];
        // "in" and "notin" are words wherever no operator is due: "x in (in)".
        var isWord = !asOperator && token.Kind is (Token.In or Token.NotIn);
        return isWord ? (Token.Word, token.Text) : token;
    }

    private (Token Kind, string Text) Take(bool asOperator = false)
    {
        var token = Peek(asOperator);
        at++;
        return token;
    }

    private void Scan(string text)
    {
        var i = 0;
        while (i < text.Length)
        {
            var start = i;
            if (IsSpace(text[i]))
            {
                i++;
            }
            else if (IsSign(text[i]))
            {
                tokens.Add(ScanSign(text, ref i));
            }
            else
            {
                while (i < text.Length && !IsSpace(text[i]) && !IsSign(text[i]))
                {
                    i++;
                }
                var word = text[start..i];
                var kind = word switch
                {
                    "in" => Token.In,
                    "notin" => Token.NotIn,
                    _ => Token.Word,
                };
                tokens.Add((kind, word));
            }
        }
        tokens.Add((Token.End, ""));
    }

    // The longest sign counts: "==" before "=".
    private static (Token Kind, string Text) ScanSign(string text, ref int i)
    {
        var two = i + 1 < text.Length ? text.Substring(i, 2) : "";
        if (two is "==" or "!=")
        {
            i += 2;
            return (two == "==" ? Token.DoubleEquals : Token.NotEquals, two);
        }
        var one = text[i++];
        return (one switch
        {
            ')' => Token.Close,
            ',' => Token.Comma,
            '!' => Token.Not,
            '=' => Token.Equals,
            '>' => Token.Greater,
            '<' => Token.Less,
            _ => Token.Open,
        }, one.ToString());
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private static bool IsSign(char c) => c is '=' or '!' or '(' or ')' or ',' or '>' or '<';
}
