using System.Reflection;
using Microsoft.DotNet.Interactive.Formatting;

namespace KubeNotebooks;

/// <summary>How a value shows itself: as HTML and in plain text. A type with a public
/// <c>string ToHtml()</c> shows that (this is how Verso finds it, too); for others there are
/// formatters, registered with Microsoft.DotNet.Interactive.Formatting.</summary>
public static class Shown
{
    /// <summary>Registers the formatters, once a process.</summary>
    public static void Register()
    {
    }

    /// <summary>A value as HTML.</summary>
    public static string Html(object? value) =>
        value?.GetType().GetMethod("ToHtml", BindingFlags.Public | BindingFlags.Instance, [])
            is { } toHtml && toHtml.ReturnType == typeof(string)
            ? (string)toHtml.Invoke(value, null)! : value.ToDisplayString("text/html");

    /// <summary>A value in plain text.</summary>
    public static string Text(object? value) => value as string ?? value?.ToString() ?? "null";
}
