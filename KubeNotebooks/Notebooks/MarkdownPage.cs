using System.Text;
using System.Text.RegularExpressions;
using KubeSim;
using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace KubeNotebooks;

/// <summary>A heading of a notebook.</summary>
/// <param name="Level">From 1.</param>
/// <param name="Id">What links to it name.</param>
/// <param name="Text">Its words.</param>
internal sealed record Heading(int Level, string Id, string Text);

/// <summary>The Markdown of a notebook as HTML: tables, task lists, raw HTML as far as Jupyter
/// shows it, links to other notebooks turned to their pages, pictures put into the page.</summary>
/// <param name="folder">Where pictures are.</param>
/// <param name="page">The address of a notebook's page; beside this one when null.</param>
internal sealed partial class MarkdownPage(string folder, Func<string, string>? page = null)
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .UsePipeTables().UseTaskLists().UseAutoLinks().UseEmphasisExtras().UseFootnotes().Build();

    private static readonly Seq<string> Tags = [.. ("a abbr b blockquote br caption cite code col "
        + "colgroup dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img "
        + "ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td "
        + "tfoot th thead tr u ul var wbr").Split(' ')];

    private static readonly Seq<string> Attributes = [.. ("href src alt title id class colspan "
        + "rowspan align width height open start lang").Split(' ')];

    private readonly HashSet<string> ids = new(StringComparer.Ordinal);

    /// <summary>The headings so far.</summary>
    public List<Heading> Headings { get; } = [];

    /// <summary>A few words as HTML, without a paragraph around them.</summary>
    public static string Inline(string words)
    {
        var html = new MarkdownPage(".").Html(new("", CellKind.Markdown, words)).Trim();
        return html.StartsWith("<p>", StringComparison.Ordinal) ? html[3..^4] : html;
    }

    /// <summary>A cell as HTML.</summary>
    public string Html(NotebookCell cell)
    {
        var document = Markdown.Parse(cell.Source, Pipeline);
        foreach (var node in document.Descendants().ToList())
        {
            switch (node)
            {
                case HeadingBlock heading: Name(heading); break;
                case HtmlBlock html: html.Lines = new(Safe(html.Lines.ToString())); break;
                case HtmlInline html: html.Tag = Safe(html.Tag); break;
                case LinkInline link: link.Url = Address(link.Url ?? "", link.IsImage, cell); break;
                case AutolinkInline link when !IsHarmless(link.Url): link.Url = "#"; break;
                case FencedCodeBlock { Info: "csharp" or "cs" or "c#" } code:
                    code.Parent![code.Parent.IndexOf(code)] = new HtmlBlock(null)
                    {
                        Lines = new("<pre class=code>"
                            + CSharpMarkup.Html(code.Lines.ToString()) + "</pre>"),
                    };
                    break;
                default: break;
            }
        }
        return document.ToHtml(Pipeline);
    }

    private void Name(HeadingBlock heading)
    {
        var text = string.Concat(heading.Inline!.Descendants().Select(i => i switch
        {
            LiteralInline literal => literal.Content.ToString(),
            CodeInline code => code.Content,
            _ => "",
        }));
        // As GitHub names them; a name that is taken gets a number.
        var name = NoWord().Replace(text.ToLowerInvariant(), "").Replace(' ', '-');
        var id = name;
        for (var i = 1; !ids.Add(id); i++)
        {
            id = $"{name}-{i}";
        }
        heading.GetAttributes().Id = id;
        Headings.Add(new(heading.Level, id, text));
    }

    private string Address(string url, bool isImage, NotebookCell cell)
    {
        if (isImage && Data(url, cell) is { } data)
        {
            return data;
        }
        if (!IsHarmless(url))
        {
            return "#";
        }
        var parts = url.Split('#', 2);
        if (!Scheme().IsMatch(url) && parts[0].EndsWith(".ipynb", StringComparison.Ordinal))
        {
            parts[0] = page?.Invoke(parts[0]) ?? Path.ChangeExtension(parts[0], ".html");
        }
        return parts.Length == 1 ? parts[0] : Scheme().IsMatch(url) ? url
            : $"{parts[0]}#{parts[1].ToLowerInvariant()}";
    }

    // A picture attached to the cell, or in a file beside the notebook; null when neither.
    private string? Data(string url, NotebookCell cell)
    {
        if (url.StartsWith("attachment:", StringComparison.Ordinal))
        {
            var name = Uri.UnescapeDataString(url["attachment:".Length..]);
            return cell.Attachments?[name]?.AsObject().FirstOrDefault() is { Key: { } type } kind
                ? $"data:{type};base64,{kind.Value}" : null;
        }
        var path = Path.Combine(folder, Uri.UnescapeDataString(url));
        var media = Path.GetExtension(url).ToLowerInvariant() switch
        {
            ".svg" => "image/svg+xml",
            ".png" => "image/png",
            ".jpg" or ".jpeg" => "image/jpeg",
            _ => "",
        };
        return media.Length == 0 || Scheme().IsMatch(url) || !File.Exists(path) ? null
            : $"data:{media};base64,{Convert.ToBase64String(File.ReadAllBytes(path))}";
    }

    private static bool IsHarmless(string url) => !Scheme().IsMatch(url) || Web().IsMatch(url);

    /// <summary>HTML with the tags and attributes that do no harm; all else is shown as
    /// text.</summary>
    internal static string Safe(string html) => Tag().Replace(html, match =>
    {
        var name = match.Groups[2].Value.ToLowerInvariant();
        if (match.Value.StartsWith("<!--", StringComparison.Ordinal))
        {
            return "";
        }
        if (!Tags.Contains(name))
        {
            return Markup.Escape(match.Value);
        }
        var safe = new StringBuilder("<").Append(match.Groups[1].Value).Append(name);
        foreach (Match attribute in Attribute().Matches(match.Groups[3].Value))
        {
            var key = attribute.Groups[1].Value.ToLowerInvariant();
            var value = System.Net.WebUtility.HtmlDecode(
                attribute.Groups[2].Value.Trim('"', '\''));
            if (Attributes.Contains(key) && (key is not ("href" or "src") || IsHarmless(value)))
            {
                safe.Append(' ').Append(key).Append("=\"").Append(Markup.Escape(value)).Append('"');
            }
        }
        return safe.Append('>').ToString();
    });

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoWord();

    [GeneratedRegex(@"^[\s\u0000-\u0020]*[a-zA-Z][\w+.\-\s]*:|^//")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^(https?:|mailto:|data:image/|//)", RegexOptions.IgnoreCase)]
    private static partial Regex Web();

    [GeneratedRegex("""<!--.*?-->|<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:"[^"]*"|'[^']*'|[^'">])*)>|<""",
        RegexOptions.Singleline)]
    private static partial Regex Tag();

    [GeneratedRegex("""([a-zA-Z-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")]
    private static partial Regex Attribute();
}
