using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace KubeNotebooks;

/// <summary>C# with its words coloured, as HTML.</summary>
internal static class CSharpMarkup
{
    private static readonly CSharpParseOptions Script = new(LanguageVersion.CSharp14,
        DocumentationMode.None, SourceCodeKind.Script);

    /// <summary>The code as spans of classes <c>k</c> keyword, <c>s</c> string, <c>n</c> number,
    /// <c>c</c> comment, <c>p</c> directive, <c>t</c> type, <c>f</c> function.</summary>
    public static string Html(string code)
    {
        var html = new StringBuilder(code.Length * 2);
        var before = default(SyntaxToken);
        foreach (var token in CSharpSyntaxTree.ParseText(code, Script).GetRoot().DescendantTokens())
        {
            token.LeadingTrivia.ToList().ForEach(t => Trivia(html, t));
            Span(html, Class(token, before), token.Text);
            token.TrailingTrivia.ToList().ForEach(t => Trivia(html, t));
            before = token;
        }
        return html.ToString();
    }

    private static void Trivia(StringBuilder html, SyntaxTrivia trivia) => Span(html,
        trivia.IsDirective ? "p" : trivia.Kind() is SyntaxKind.WhitespaceTrivia
            or SyntaxKind.EndOfLineTrivia or SyntaxKind.SkippedTokensTrivia ? "" : "c",
        trivia.ToFullString());

    private static void Span(StringBuilder html, string kind, string text)
    {
        if (kind.Length == 0 || text.Length == 0)
        {
            html.Append(Markup.Escape(text));
            return;
        }
        html.Append("<span class=").Append(kind).Append('>').Append(Markup.Escape(text))
            .Append("</span>");
    }

    // Which names are types and which are functions is told by how C# is written, not by looking
    // them up: a capital, what stands before and what comes after.
    private static string Class(SyntaxToken token, SyntaxToken before) => token.Kind() switch
    {
        SyntaxKind.NumericLiteralToken => "n",
        SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.InterpolatedStringStartToken or SyntaxKind.InterpolatedStringEndToken
            or SyntaxKind.InterpolatedVerbatimStringStartToken
            or SyntaxKind.InterpolatedSingleLineRawStringStartToken
            or SyntaxKind.InterpolatedMultiLineRawStringStartToken
            or SyntaxKind.InterpolatedRawStringEndToken or SyntaxKind.StringLiteralToken
            or SyntaxKind.SingleLineRawStringLiteralToken
            or SyntaxKind.MultiLineRawStringLiteralToken => "s",
        SyntaxKind.IdentifierToken when token.Text == "var" => "k",
        SyntaxKind.IdentifierToken => Name(token, before),
        _ => token.IsKeyword() || SyntaxFacts.IsContextualKeyword(token.Kind()) ? "k" : "",
    };

    private static string Name(SyntaxToken token, SyntaxToken before)
    {
        var called = token.GetNextToken().IsKind(SyntaxKind.OpenParenToken);
        return called && !before.IsKind(SyntaxKind.NewKeyword) ? "f"
            : char.IsUpper(token.Text[0]) && !before.IsKind(SyntaxKind.DotToken) ? "t" : "";
    }
}
