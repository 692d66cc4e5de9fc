using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>One term of a field selector: the field has the value, or has not.</summary>
public readonly record struct FieldTerm(string Field, bool IsEqual, string Value)
{
    /// <summary>True when the field's value meets the term; a field that is not there is
    /// empty.</summary>
    public bool Matches(string? actual) => (actual ?? "") == Value == IsEqual;

    /// <summary>As field selectors are written: <c>spec.nodeName=node-1</c>.</summary>
    public override string ToString() =>
        $"{Field}{(IsEqual ? "=" : "!=")}{FieldSelector.Escape(Value)}";
}

/// <summary>A selection of objects by a few of their fields:
/// <c>spec.nodeName=node-1,status.phase!=Failed</c>. All terms must hold.</summary>
/// <remarks>In a value, a backslash stands before a comma, an equals sign and a backslash. Which
/// fields a kind can be selected by is for the API server to say.
/// Models staging/src/k8s.io/apimachinery/pkg/fields/selector.go.</remarks>
public sealed class FieldSelector
{
    private FieldSelector(Seq<FieldTerm> terms) => Terms = terms;

    /// <summary>Selects everything.</summary>
    public static FieldSelector Everything { get; } = new([]);

    /// <summary>What must hold.</summary>
    public Seq<FieldTerm> Terms { get; }

    /// <summary>True when it selects everything.</summary>
    public bool IsEmpty => Terms.IsEmpty;

    /// <summary>The selector that a text writes; the empty text selects everything.</summary>
    /// <exception cref="ApiException">400: the text is none; the message is the API
    /// server's.</exception>
    public static FieldSelector Parse(string text) =>
        TryParse(text, out var selector, out var problem)
            ? selector
            : throw ApiErrors.BadRequest(problem!);

    /// <summary>The selector that a text writes, or the API server's words for why it is
    /// none.</summary>
    public static bool TryParse(string text, out FieldSelector selector, out string? problem)
    {
        (selector, problem) = (Everything, null);
        var terms = new List<FieldTerm>();
        foreach (var part in SplitTerms(text).Order(StringComparer.Ordinal))
        {
            if (part.Length == 0)
            {
                continue;
            }
            if (!SplitTerm(part, out var field, out var sign, out var escaped))
            {
                problem = $"invalid selector: '{text}'; can't understand '{part}'";
                return false;
            }
            if (!TryUnescape(escaped, out var value, out problem))
            {
                return false;
            }
            terms.Add(new(field, sign != "!=", value));
        }
        selector = new(terms.ToSeq());
        return true;
    }

    /// <summary>True when the fields, asked for by name, meet all terms.</summary>
    public bool Matches(Func<string, string?> field)
    {
        foreach (var term in Terms.AsSpan())
        {
            if (!term.Matches(field(term.Field)))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The one value that a field must have, for an index; false when it may have
    /// others.</summary>
    public bool TryGetExact(string field, out string value)
    {
        foreach (var term in Terms.AsSpan())
        {
            if (term.IsEqual && term.Field == field)
            {
                value = term.Value;
                return true;
            }
        }
        value = "";
        return false;
    }

    /// <summary>The canonical text: terms in order, joined by commas.</summary>
    public override string ToString() => string.Join(",", Terms);

    /// <summary>A value with a backslash before what has a meaning in selectors.</summary>
    internal static string Escape(string value) => value
        .Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace(",", @"\,", StringComparison.Ordinal)
        .Replace("=", @"\=", StringComparison.Ordinal);

    /// <summary>The terms between the commas that no backslash escapes; escapes stay.</summary>
    internal static Seq<string> SplitTerms(string text)
    {
        if (text.Length == 0)
        {
            return default;
        }
        var terms = new List<string>();
        var (start, escaped) = (0, false);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == ',' && !escaped)
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
            escaped = text[i] == '\\' && !escaped;
        }
        terms.Add(text[start..]);
        return terms.ToSeq();
    }

    /// <summary>Cuts a term at its first sign: <c>!=</c>, <c>==</c> or <c>=</c>.</summary>
    internal static bool SplitTerm(
        string term, out string field, out string sign, out string value)
    {
        var at = term.IndexOf('=', StringComparison.Ordinal);
        if (at < 0)
        {
            (field, sign, value) = ("", "", "");
            return false;
        }
        var start = at > 0 && term[at - 1] == '!' ? at - 1 : at;
        var end = start == at && at + 1 < term.Length && term[at + 1] == '=' ? at + 2 : at + 1;
        (field, sign, value) = (term[..start], term[start..end], term[end..]);
        return true;
    }

    private static bool TryUnescape(string escaped, out string value, out string? problem)
    {
        (value, problem) = (escaped, null);
        if (escaped.AsSpan().IndexOfAny('\\', ',', '=') < 0)
        {
            return true;
        }
        var text = new StringBuilder();
        for (var i = 0; i < escaped.Length; i++)
        {
            var c = escaped[i];
            if (c is ',' or '=')
            {
                // The real message shows the character by its number.
                problem = string.Create(CultureInfo.InvariantCulture,
                    $"invalid field selector: unescaped character in value: {(int)c}");
                return false;
            }
            if (c == '\\' && (++i == escaped.Length || escaped[i] is not ('\\' or ',' or '=')))
            {
                problem = "invalid field selector: invalid escape sequence: "
                    + escaped[(i - 1)..Math.Min(i + 1, escaped.Length)];
                return false;
            }
            text.Append(escaped[i]);
        }
        value = text.ToString();
        return true;
    }
}
