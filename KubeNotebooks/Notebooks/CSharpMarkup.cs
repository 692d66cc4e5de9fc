using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace KubeNotebooks;

/// <summary>C# with its words coloured, as HTML.</summary>
internal static class CSharpMarkup
{
    /// <summary>The dialect of cells.</summary>
    public static readonly CSharpParseOptions Script = new(LanguageVersion.CSharp14,
        DocumentationMode.None, SourceCodeKind.Script);

    /// <summary>The code as spans whose class is the first letter of their kind.</summary>
    public static string Html(string code)
    {
        var html = new StringBuilder(code.Length * 2);
        var at = 0;
        foreach (var (start, length, kind) in Spans(code))
        {
            html.Append(Markup.Escape(code[at..start])).Append("<span class=").Append(kind[0])
                .Append('>').Append(Markup.Escape(code.Substring(start, length)))
                .Append("</span>");
            at = start + length;
        }
        return html.Append(Markup.Escape(code[at..])).ToString();
    }

    /// <summary>The words of a kind, in order: keyword, string, number, comment, preprocessor,
    /// type, function.</summary>
    public static IEnumerable<(int Start, int Length, string Kind)> Spans(string code)
    {
        var before = default(SyntaxToken);
        foreach (var token in CSharpSyntaxTree.ParseText(code, Script).GetRoot().DescendantTokens())
        {
            (TextSpan Span, string Kind)[] parts =
            [
                .. token.LeadingTrivia.Select(t => (t.FullSpan, Kind(t))),
                (token.Span, Kind(token, before)),
                .. token.TrailingTrivia.Select(t => (t.FullSpan, Kind(t))),
            ];
            foreach (var (span, kind) in parts.Where(p => p.Kind.Length > 0 && !p.Span.IsEmpty))
            {
                yield return (span.Start, span.Length, kind);
            }
            before = token;
        }
    }

    private static string Kind(SyntaxTrivia trivia) => trivia.IsDirective ? "preprocessor"
        : trivia.Kind() is SyntaxKind.WhitespaceTrivia or SyntaxKind.EndOfLineTrivia
            or SyntaxKind.SkippedTokensTrivia ? "" : "comment";

    // Which names are types and which are functions is told by how C# is written, not by looking
    // them up: a capital, what stands before and what comes after.
    private static string Kind(SyntaxToken token, SyntaxToken before) => token.Kind() switch
    {
        SyntaxKind.NumericLiteralToken => "number",
        SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.InterpolatedStringStartToken or SyntaxKind.InterpolatedStringEndToken
            or SyntaxKind.InterpolatedVerbatimStringStartToken
            or SyntaxKind.InterpolatedSingleLineRawStringStartToken
            or SyntaxKind.InterpolatedMultiLineRawStringStartToken
            or SyntaxKind.InterpolatedRawStringEndToken or SyntaxKind.StringLiteralToken
            or SyntaxKind.SingleLineRawStringLiteralToken
            or SyntaxKind.MultiLineRawStringLiteralToken => "string",
        // Where a name is still to be written, there is a token without letters.
        SyntaxKind.IdentifierToken when token.IsMissing => "",
        SyntaxKind.IdentifierToken when token.Text == "var" => "keyword",
        SyntaxKind.IdentifierToken => Name(token, before),
        _ => token.IsKeyword() || SyntaxFacts.IsContextualKeyword(token.Kind())
            ? "keyword" : "",
    };

    private static string Name(SyntaxToken token, SyntaxToken before)
    {
        var called = token.GetNextToken().IsKind(SyntaxKind.OpenParenToken);
        return called && !before.IsKind(SyntaxKind.NewKeyword) ? "function"
            : char.IsUpper(token.Text[0]) && !before.IsKind(SyntaxKind.DotToken)
            ? "type" : "";
    }
}
