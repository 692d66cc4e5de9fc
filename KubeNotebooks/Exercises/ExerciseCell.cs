using System.Text.RegularExpressions;

namespace KubeNotebooks;

/// <summary>Finds the cells of exercises: one of their first comment lines says
/// <c>// exercise: NOTEBOOK/N</c>.</summary>
internal static partial class ExerciseCell
{
    /// <summary>The exercise of a cell, or null.</summary>
    public static string? IdOf(string source) => Mark().Match(source) is { Success: true } mark
        ? mark.Groups["id"].Value : null;

    [GeneratedRegex(@"\A(?:\s*//[^\n]*\n)*?\s*//\s*exercise:\s*(?<id>[\w.-]+/[\w.-]+)")]
    private static partial Regex Mark();
}
