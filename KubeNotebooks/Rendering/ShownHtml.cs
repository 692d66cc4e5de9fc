using System.Globalization;
using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Tables, boxes and texts as HTML: what has no picture of its own.</summary>
internal static class ShownHtml
{
    /// <summary>The style sheet of it all. Each output carries it: a cell's output stands
    /// alone.</summary>
    public const string Css = """
        .kn{font:14px/1.45 "Segoe UI",Roboto,Helvetica,Arial,sans-serif;margin:4px 0}
        div.kn,pre.kn{color:#1b2026;background:#fff;border:1px solid #8a94a0;border-radius:6px;
        padding:8px 12px;overflow-x:auto}
        pre.kn,.kn pre{font:12.5px/1.4 ui-monospace,Consolas,"DejaVu Sans Mono",monospace;
        white-space:pre;margin:4px 0}
        div.kn table{border-collapse:collapse}
        .kn th,.kn td{text-align:left!important;vertical-align:top;padding:2px 14px 2px 0;
        border-bottom:1px solid #d5dbe2;overflow-wrap:break-word}
        .kn th{color:#555f6b;white-space:nowrap}
        .kn summary{cursor:pointer;color:#555f6b}
        div.kerr{border-color:#c43c00;border-left-width:6px}
        .kerr b{color:#a83300}
        @media (prefers-color-scheme:dark){
        div.kn,pre.kn{color:#e8ecf1;background:#14181d;border-color:#657180}
        .kn th,.kn summary{color:#a9b4c0}
        .kn th,.kn td{border-color:#39434e}
        div.kerr{border-color:#ff8a4d}
        .kerr b{color:#ff9d66}
        }
        """;

    private const int Most = 500;

    /// <summary>Text as it is.</summary>
    public static string Pre(string text) =>
        $"<style>{Css}</style><pre class=\"kn\">{Markup.Escape(text.TrimEnd('\n'))}</pre>";

    /// <summary>A table with a style sheet.</summary>
    public static string Table(string[] header, IEnumerable<string[]> rows) =>
        $"<style>{Css}</style>{Rows(header, rows)}";

    /// <summary>A table.</summary>
    public static string Rows(string[] header, IEnumerable<string[]> rows)
    {
        var html = new StringBuilder("<div class=\"kn\"><table>");
        if (header.Length > 0)
        {
            Line(html, "th", header);
        }
        var all = rows.ToList();
        all.Take(Most).ToList().ForEach(row => Line(html, "td", row));
        html.Append("</table>");
        return html.Append(all.Count <= Most ? "</div>" : string.Create(
            CultureInfo.InvariantCulture, $"and {all.Count - Most} more</div>")).ToString();
    }

    /// <summary>What went wrong, in one box.</summary>
    public static string Error(string title, IEnumerable<string> lines) => $"<style>{Css}</style>"
        + $"<div class=\"kn kerr\" role=\"alert\"><b>{Markup.Escape(title)}</b>"
        + string.Concat(lines.Select(l => $"<br>{Markup.Escape(l)}")) + "</div>";

    /// <summary>An object as YAML; its status is folded.</summary>
    public static string Yaml(ApiObject o)
    {
        var tree = Json.Encode(o);
        var status = tree["status"];
        tree.Remove("status");
        var folded = status is null ? "" : "<details><summary>status</summary><pre>"
            + $"{Markup.Escape(Json.ToYaml(status))}</pre></details>";
        return $"<style>{Css}</style><div class=\"kn\"><pre>{Markup.Escape(Json.ToYaml(tree))}"
            + $"</pre>{folded}</div>";
    }

    /// <summary>A row for each step: when, who, what.</summary>
    public static string Steps(IEnumerable<StepRecord> steps) => Table(["Step", "Time", "Who",
        "What"], steps.Select(s => (string[])[s.IsIdle ? "idle" : Markup.N(s.Number),
            s.Time.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture),
            s.IsIdle ? "" : Words.Who(s), s.IsIdle ? $"next: {s.IdleUntil}" : Words.Deeds(s)]));

    /// <summary>A row for each place that a packet came by; the packet where it has
    /// changed.</summary>
    public static IEnumerable<string[]> Hops(IEnumerable<Hop> hops)
    {
        var packet = "";
        foreach (var hop in hops)
        {
            var after = hop.After.ToString();
            yield return [hop.Where, hop.Rule, hop.Verdict.ToString(),
                after == packet ? "" : after];
            packet = after;
        }
    }

    /// <summary>The header of a table of hops.</summary>
    public static readonly string[] HopHeader = ["Where", "Rule", "Verdict", "Packet"];

    private static void Line(StringBuilder html, string cell, string[] cells)
    {
        html.Append("<tr>");
        foreach (var text in cells)
        {
            html.Append($"<{cell}>{Markup.Escape(text)}</{cell}>");
        }
        html.Append("</tr>");
    }
}
