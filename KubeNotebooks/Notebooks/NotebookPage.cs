using System.Globalization;
using System.Text;

namespace KubeNotebooks;

/// <summary>A notebook that ran, as one HTML page: no script, nothing fetched, readable on paper,
/// on a narrow screen and in the dark.</summary>
/// <param name="ran">The notebook.</param>
public sealed class NotebookPage(RanNotebook ran)
{
    private readonly StringBuilder html = new();

    /// <summary>The page.</summary>
    public string Html()
    {
        var markdown = new MarkdownPage(ran.File.Folder);
        var cells = ran.File.Cells.Select(c => Cell(c, markdown)).ToList();
        html.Append($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>{Markup.Escape(ran.File.Title)}</title>
            <style>
            {NotebookStyle.Css}
            </style>
            </head>
            <body>

            """.ReplaceLineEndings("\n"));
        Contents(markdown.Headings);
        html.Append("<main>\n");
        if (ran.Failure is { } failure)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p class=failed role=alert><a "
                + $"href=\"#in-{failure.Number}\">Cell {failure.Number}</a> failed"
                + $"{(failure.Result.Line > 0 ? $" in line {failure.Result.Line}" : "")}.</p>\n");
        }
        cells.ForEach(c => html.Append(c));
        html.Append("</main>\n<footer>Run by KubeNotebooks ").Append(
            typeof(NotebookPage).Assembly.GetName().Version!.ToString(3))
            .Append("</footer>\n</body>\n</html>\n");
        return html.ToString();
    }

    // The first heading is the title of the page; what is below the third level is too small.
    private void Contents(List<Heading> headings)
    {
        var listed = headings.Where(h => h.Level is 2 or 3).ToList();
        if (listed.Count < 2)
        {
            return;
        }
        html.Append("<nav aria-label=\"Contents\"><details open><summary>Contents</summary><ul>\n");
        listed.ForEach(h => html.Append(CultureInfo.InvariantCulture,
            $"<li class=h{h.Level}><a href=\"#{h.Id}\">{Markup.Escape(h.Text)}</a></li>\n"));
        html.Append("</ul></details></nav>\n");
    }

    private string Cell(NotebookCell cell, MarkdownPage markdown) => cell.Kind switch
    {
        CellKind.Markdown =>
            $"<section class=text id=\"cell-{cell.Id}\">\n{markdown.Html(cell)}</section>\n",
        CellKind.Raw => $"<pre id=\"cell-{cell.Id}\">{Markup.Escape(cell.Source)}</pre>\n",
        _ => Code(cell, ran.Of(cell)),
    };

    private static string Code(NotebookCell cell, RanCell? run)
    {
        var text = new StringBuilder("<section class=\"cell");
        var exercise = cell.Tags.Contains("exercise");
        text.Append(exercise ? " exercise" : "").Append(run is { Failed: true } ? " bad" : "")
            .Append("\" id=\"cell-").Append(cell.Id).Append("\">\n");
        var kind = exercise ? " · exercise" : "";
        text.Append(run is null ? $"<p class=mark>not run{kind}</p>\n"
            : string.Create(CultureInfo.InvariantCulture,
                $"<p class=mark id=\"in-{run.Number}\"><a href=\"#in-{run.Number}\">[{run.Number}]"
                + $"</a> {run.Took.TotalSeconds:0.0} s{kind}</p>\n"));
        text.Append("<pre class=code>").Append(CSharpMarkup.Html(cell.Source)).Append("</pre>\n");
        if (run is { Outputs.Count: > 0 })
        {
            text.Append(CultureInfo.InvariantCulture, $"<div class=out id=\"out-{run.Number}\">\n");
            run.Outputs.ToList().ForEach(o => Output(text, o));
            text.Append("</div>\n");
        }
        return text.Append("</section>\n").ToString();
    }

    private static void Output(StringBuilder text, CellOutput output)
    {
        if (output.Html.Length > 0)
        {
            text.Append("<div class=shown>").Append(output.Html).Append("</div>\n");
            return;
        }
        var (kind, label) = output.Kind switch
        {
            OutputKind.Error => (" class=error", "<b>Error</b> "),
            OutputKind.Stderr => (" class=stderr", ""),
            _ => ("", ""),
        };
        text.Append("<pre").Append(kind).Append('>').Append(label)
            .Append(Markup.Escape(output.Text)).Append("</pre>\n");
    }
}
