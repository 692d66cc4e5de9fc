using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace KubeNotebooks;

/// <summary>Finds the cells of exercises: one of their first comment lines says
/// <c>// exercise: NOTEBOOK/N</c>.</summary>
internal static partial class ExerciseCell
{
    /// <summary>The exercise of a cell, or null.</summary>
    public static string? IdOf(string source) => Mark().Match(source) is { Success: true } mark
        ? mark.Groups["id"].Value : null;

    /// <summary>True when two cells differ in comments and spaces alone.</summary>
    public static bool SameCode(string one, string? other) => other is not null
        && Tokens(one).SequenceEqual(Tokens(other), StringComparer.Ordinal);

    /// <summary>The code of a cell, without comments and spaces.</summary>
    public static IEnumerable<string> Tokens(string source) => SyntaxFactory
        .ParseTokens(source, options: new(kind: SourceCodeKind.Script)).Select(t => t.Text);

    [GeneratedRegex(@"\A(?:\s*//[^\n]*\n)*?\s*//\s*exercise:\s*(?<id>[\w.-]+/[\w.-]+)")]
    private static partial Regex Mark();
}
