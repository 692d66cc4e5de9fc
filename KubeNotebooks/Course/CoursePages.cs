using System.Globalization;
using System.Text;

namespace KubeNotebooks;

/// <summary>The pages of the course as they come over the wire; a notebook's cells are drawn by its
/// script.</summary>
internal static class CoursePages
{
    /// <summary>All notebooks, with how far the learner is.</summary>
    public static string Index(IEnumerable<CourseBook> books)
    {
        var list = new StringBuilder();
        var (points, most) = (0, 0);
        foreach (var book in books.Where(b => b.Name != "index"))
        {
            var (html, got, of) = Entry(book);
            list.Append(html);
            (points, most) = (points + got, most + of);
        }
        return Page("KubeNotebooks", "index", $"""
            <main id="main" class="front">
            <h1>KubeNotebooks</h1>
            <p class="lead">A Kubernetes cluster that you can hold still: predict, take a step,
            look, explain, then write the component yourself and have it graded.</p>
            {(most == 0 ? "" : Meter(points, most, $"{points} of {most} points"))}
            <ol class="books">
            {list}</ol>
            <p class="soft">What you write is kept beside the notebooks, in
            <code>.kubenotebooks/my</code>; the notebooks themselves stay as they are.</p>
            </main>
            """);
    }

    /// <summary>The page of a notebook.</summary>
    public static string Notebook(string name, string? previous, string? next)
    {
        static string Link(string? to, string rel, string text) => to is null ? ""
            : $"<a rel=\"{rel}\" href=\"/n/{Markup.Escape(to)}\">{text}</a>";
        return Page(name, "notebook", $"""
            <nav id="toc" aria-label="Contents"><details open><summary>Contents</summary><ol></ol>
            </details></nav>
            <main id="main" tabindex="-1" aria-busy="true">
            <p id="loading" class="soft">Loading…</p>
            <div id="notices"></div>
            <div id="cells"></div>
            <p class="ends">{Link(previous, "prev", "← the one before")}
            <a href="/">all notebooks</a> {Link(next, "next", "the next one →")}</p>
            </main>
            """);
    }

    /// <summary>What went wrong, as a page.</summary>
    public static string Problem(string title, string text) => Page(title, "",
        $"<main id=\"main\" class=\"front\"><h1>{Markup.Escape(title)}</h1><p>"
            + $"{Markup.Escape(text)}</p></main>");

    /// <summary>An output in a frame: it tells its height to the page around it, and takes no
    /// part in anything else.</summary>
    public static string Output(string html) => $$"""
        <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>output</title>
        <style>:root{color-scheme:light dark}body{margin:0;font:15px/1.5 sans-serif}
        img{max-width:100%}</style></head><body>{{html}}
        <script>new ResizeObserver(function(){parent.postMessage({height:
        Math.ceil(document.documentElement.getBoundingClientRect().height)},"*")})
        .observe(document.documentElement)</script></body></html>
        """;

    private static (string Html, int Points, int Most) Entry(CourseBook book)
    {
        NotebookFile file;
        try
        {
            file = book.Read().File;
        }
        catch (NotebookException e)
        {
            return ($"<li><a href=\"/n/{book.Name}\">{Markup.Escape(book.Name)}</a>"
                + $"<p class=\"bad\">{Markup.Escape(e.Message)}</p></li>\n", 0, 0);
        }
        var rows = CourseJson.Rows(file.Folder, file.Name);
        var (points, most) = (rows.Sum(r => r.Points), rows.Sum(r => r.MaxPoints));
        var minutes = CourseJson.Minutes(file);
        return ($"""
            <li><a href="/n/{book.Name}">{Markup.Escape(file.Title)}</a>
            <p>{MarkdownPage.Inline(CourseJson.Question(file))}</p>
            <p class="soft">{(minutes.Length > 0 ? $"{minutes} minutes" : "")}</p>
            {(most == 0 ? "" : Meter(points, most, $"{points} of {most} points"))}</li>

            """, points, most);
    }

    private static string Meter(int points, int most, string words) => string.Create(
        CultureInfo.InvariantCulture, $"<p class=\"meter\"><progress max=\"{most}\" "
            + $"value=\"{points}\" aria-hidden=\"true\"></progress> {words}</p>");

    private static string Page(string title, string script, string body) => SitePage.Open(title,
        $"""
        <link rel="icon" href="/web/icon.svg">
        <link rel="stylesheet" href="/web/course.css">
        <script src="/web/theme.js"></script>
        {(script == "notebook" ? "<script type=\"module\" src=\"/web/notebook.js\"></script>" : "")}
        """, script, "<a class=\"home\" href=\"/\">KubeNotebooks</a>",
        "<a href=\"/reference\">Reference</a>\n") + $"""
        {body}
        <noscript><p>The course needs the scripts of its own pages.</p></noscript>
        <div id="live" class="sr" role="status" aria-live="polite"></div>
        </body>
        </html>

        """.ReplaceLineEndings("\n");
}
