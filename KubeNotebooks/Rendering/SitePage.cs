namespace KubeNotebooks;

/// <summary>What every page of the course begins with: its head, and the bar at its top.</summary>
internal static class SitePage
{
    /// <summary>From the first line to the end of the bar; the caller ends the body.</summary>
    /// <param name="title">The title, as text.</param>
    /// <param name="head">What the page loads, as elements of its head.</param>
    /// <param name="kind">The class of its body.</param>
    /// <param name="home">What stands first in the bar.</param>
    /// <param name="links">More of the bar, each on a line of its own.</param>
    public static string Open(
        string title, string head, string kind, string home, string links = "") => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{Markup.Escape(title)}</title>
        {head}
        </head>
        <body class="{kind}">
        <a class="skip" href="#main">Skip to the text</a>
        <header id="bar">
        {home}
        <span id="tools"></span>
        {links}<button id="theme" type="button">Dark</button>
        </header>

        """.ReplaceLineEndings("\n");
}
