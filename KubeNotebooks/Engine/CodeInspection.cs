using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace KubeNotebooks;

/// <summary>A mistake in code that was not run.</summary>
internal sealed record CodeMistake(bool IsError, string Code, string Message, CellPlace Place);

/// <summary>What can be said of code without running it: what a name means, what is wrong, whether
/// it is over.</summary>
internal static partial class CodeInspection
{
    private const int Indent = 4;

    /// <summary>The signature and the summary of what stands at an offset, or of the method whose
    /// arguments stand there; null when nothing does.</summary>
    public static string? At(ScriptSession session, string code, int cursor)
    {
        var compilation = session.Look(code);
        var tree = compilation.SyntaxTrees.Last();
        var root = tree.GetRoot();
        var model = compilation.GetSemanticModel(tree);
        var token = root.FindToken(Math.Min(cursor, Math.Max(0, code.Length - 1)));
        token = token.Span.Contains(cursor) && token.IsKind(SyntaxKind.IdentifierToken)
            ? token : CodeCompletion.LeftOf(root, cursor);
        var node = token.IsKind(SyntaxKind.IdentifierToken) || token.Parent is PredefinedTypeSyntax
            ? token.Parent : null;
        var found = node is null ? [] : Meant(model, node);
        for (node ??= token.Parent; found.Count == 0 && node is not null; node = node.Parent)
        {
            found = node is ArgumentListSyntax { Parent: { } call } ? Meant(model, call) : [];
        }
        return found.Count == 0 ? null : string.Join('\n', found.Take(5).Select(Signature))
            + (CodeDocs.Summary(compilation, found[0]) is { } text ? $"\n\n{text}" : "");
    }

    /// <summary>What is wrong with the code as the next cell.</summary>
    public static IEnumerable<CodeMistake> Check(ScriptSession session, string code)
    {
        using var references = new CellReferences(session.Folder, loads: false);
        return [.. session.Look(code).GetDiagnostics()
            .Where(d => d.Severity >= DiagnosticSeverity.Warning)
            .Select(d => new CodeMistake(d.Severity == DiagnosticSeverity.Error, d.Id,
                CellErrors.Message(d, references),
                CellErrors.PlaceOf(d, ScriptSession.Looked)))
            .Where(m => m.Place.Line > 0).OrderBy(m => m.Place.Line)
            .ThenBy(m => m.Place.Column)];
    }

    /// <summary><c>complete</c>, <c>incomplete</c> or <c>invalid</c>, and how far the next line
    /// goes in.</summary>
    public static (string Status, int Indent) Completeness(string code)
    {
        var tree = CSharpSyntaxTree.ParseText(code, CSharpMarkup.Script);
        if (SyntaxFactory.IsCompleteSubmission(tree))
        {
            return (tree.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error)
                ? "invalid" : "complete", 0);
        }
        var last = code.TrimEnd().Split('\n')[^1];
        return ("incomplete", last.Length - last.TrimStart().Length
            + (last.EndsWith('{') || last.EndsWith('(') || last.EndsWith('[') ? Indent : 0));
    }

    /// <summary>What a piece of code may mean; several where it is not decided.</summary>
    public static IReadOnlyList<ISymbol> Meant(SemanticModel model, SyntaxNode node)
    {
        if (model.GetDeclaredSymbol(node) is { } declared)
        {
            return [declared];
        }
        var info = model.GetSymbolInfo(node);
        return info.Symbol is { } one ? [one] : info.CandidateSymbols.Length > 0
            ? info.CandidateSymbols : model.GetMemberGroup(node);
    }

    /// <summary>A symbol as it is declared; an extension as a member of what it
    /// extends.</summary>
    public static string Signature(ISymbol symbol) => Extension().Replace(
        symbol.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat), "$1");

    [GeneratedRegex(@"\w+\.extension(?:<[^(]*>)?\((\S+)[^)]*\)")]
    private static partial Regex Extension();
}
