using System.Globalization;
using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>A step on a card: who worked on what and when, because of what, what it saw, what it
/// wrote field by field, and what came of it.</summary>
public sealed class StepCard
{
    private const int MostWrites = 12;
    private const int MostFields = 12;
    private const int MostLines = 6;
    private const int MostText = 160;
    private const int Short = 40;

    private readonly Frame frame;
    private readonly RunLog? log;
    private readonly bool brief;
    private readonly DateTime start;

    internal StepCard(Frame frame, DateTime start, RunLog? log = null, bool brief = false)
    {
        (this.frame, this.start, this.log, this.brief) = (frame, start, log, brief);
    }

    /// <summary>The card of a step.</summary>
    public static StepCard Of(StepRecord step) =>
        new(new() { Time = step.Time, Revision = default, Step = step }, step.Time.Date);

    /// <summary>The style sheet that the HTML of cards needs.</summary>
    internal const string Css = """
        .kcard{font:14px/1.45 "Segoe UI",Roboto,Helvetica,Arial,sans-serif;color:#1b2026;
        background:#fff;border:1px solid #8a94a0;border-radius:8px;padding:10px 14px;
        overflow-wrap:anywhere}
        .kcard h3{font-size:16px;margin:0 0 4px}
        .kcard h3 span{font-weight:400;color:#555f6b}
        .kcard h4{font-size:13px;margin:10px 0 2px;color:#555f6b}
        .kcard ul,.kcard p{margin:0;padding:0}
        .kcard li{margin:0 0 2px 18px}
        .kcard table{border-collapse:collapse;margin:2px 0 6px;width:100%}
        .kcard td{font:12.5px/1.35 ui-monospace,Consolas,"DejaVu Sans Mono",monospace;
        padding:2px 8px 2px 0;vertical-align:top;text-align:left;border-top:1px solid #d5dbe2}
        .kcard ins{text-decoration:none;font-weight:700}
        .kcard del{color:#555f6b}
        .kcard .e{color:#a83300;font-weight:600}
        .kcard .m{color:#555f6b}
        @media (prefers-color-scheme:dark){
        .kcard{color:#e8ecf1;background:#14181d;border-color:#657180}
        .kcard h3 span,.kcard h4,.kcard del,.kcard .m{color:#a9b4c0}
        .kcard td{border-color:#39434e}
        .kcard .e{color:#ff9d66}
        }
        """;

    /// <summary>The card as HTML.</summary>
    public string ToHtml() => $"<style>{Css}</style>{Body()}";

    /// <summary>The card in plain text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(Title).Append("  ").Append(Words.Elapsed(frame.Time - start)).Append('\n');
        text.Append(MapScene.HeadlineOf(frame));
        foreach (var (name, lines) in Sections())
        {
            text.Append('\n').Append("  ").Append(name).Append(':');
            foreach (var line in lines)
            {
                text.Append("\n    ").Append(line.Text);
                foreach (var field in line.Fields)
                {
                    text.Append("\n      ").Append(field);
                }
                text.Append(line.MoreFields == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
                    $"\n      and {line.MoreFields} more fields"));
            }
        }
        return text.ToString();
    }

    /// <summary>The HTML without the style sheet.</summary>
    internal string Body()
    {
        var html = new StringBuilder("<article class=\"kcard\"><h3>");
        html.Append(Markup.Escape(Title)).Append(" <span>")
            .Append(Words.Elapsed(frame.Time - start)).Append("</span></h3><p>")
            .Append(Markup.Escape(MapScene.HeadlineOf(frame))).Append("</p>");
        foreach (var (name, lines) in Sections())
        {
            html.Append("<h4>").Append(name).Append("</h4><ul>");
            lines.ForEach(line => Append(html, line));
            html.Append("</ul>");
        }
        return html.Append("</article>").ToString();
    }

    private string Title => frame.Step is { } step
        ? step.IsIdle ? "Idle"
            : string.Create(CultureInfo.InvariantCulture, $"Step {step.Number}")
        : frame.Inputs.IsEmpty ? "The start" : "Input";

    private IEnumerable<(string Name, List<Line> Lines)> Sections() => frame.Step is { } step
        ? StepSections(step).Where(s => s.Lines.Count > 0)
        : frame.Inputs.IsEmpty ? []
            : [("A person did", Most(frame.Inputs.Select(i => new Line(i)), MostWrites))];

    private IEnumerable<(string Name, List<Line> Lines)> StepSections(StepRecord step)
    {
        yield return ("Because of", Most(step.Causes.Select(c =>
            new Line(log?.Because(c, step) ?? RunLog.Plain(c, step))), MostLines));
        if (!brief)
        {
            var known = step.Causes.Where(c => c.Type == CauseType.Revision)
                .Select(c => c.Number).ToHashSet();
            yield return (known.Count > 0 ? "Also saw since its last step"
                : "Saw since its last step", Most(step.Saw.Where(e => !known.Contains(e.At.Value))
                    .Select(e => new Line($"revision {e.At}: {Words.Saw(e)}")), MostLines));
            yield return ("Works on", [new(Words.Name(step.Key))]);
        }
        yield return ("Did", Most(step.Did.Select(d => new Line(d)), MostWrites));
        yield return ("Wrote", Most(step.Changes.Select(Write), brief ? 3 : MostWrites));
        var events = log?.EventsOf(frame) ?? [];
        yield return ("Reported", Most(events.Select(e => new Line(
            $"{e.Type} {e.Reason}: {Markup.Brief(e.Message ?? "", 2 * MostText)}")), MostLines));
        if (step.Error is { } error)
        {
            var told = step.Changes.Any(c => c.Refused?.Message == error);
            yield return ("Failed", [new(told ? "it will try again" : $"{error}; it will try again")
            {
                IsError = true,
            }]);
        }
    }

    private Line Write(Change change)
    {
        var at = Words.IsWrite(change) ? $" (revision {change.Revision})" : "";
        var said = change.Refused?.Message is { } message ? $": {message}" : "";
        var fields = brief ? [] : change.Fields;
        return new(Words.Did(change) + said + at)
        {
            IsError = change.Refused is not null,
            Fields = [.. fields.Take(MostFields)],
            MoreFields = Math.Max(0, fields.Count - MostFields),
        };
    }

    private static List<Line> Most(IEnumerable<Line> lines, int most)
    {
        var all = lines.ToList();
        if (all.Count > most)
        {
            var more = string.Create(CultureInfo.InvariantCulture, $"and {all.Count - most} more");
            all.RemoveRange(most, all.Count - most);
            all.Add(new(more));
        }
        return all;
    }

    private static void Append(StringBuilder html, Line line)
    {
        html.Append(line.IsError ? "<li class=\"e\">" : "<li>").Append(Markup.Escape(line.Text));
        if (line.Fields.Count > 0)
        {
            html.Append("<table>");
            foreach (var field in line.Fields)
            {
                html.Append("<tr><td>").Append(Markup.Escape(field.Path)).Append(":<br/>")
                    .Append(field.Before is null ? "<span class=\"m\">unset</span>"
                        : $"<del>{Cell(field.Before)}</del>")
                    .Append(" → ").Append(field.After is null ? "<span class=\"m\">unset</span>"
                        : field.After.Length > Short ? Cell(field.After)
                        : $"<ins>{Cell(field.After)}</ins>")
                    .Append("</td></tr>");
            }
            html.Append("</table>");
        }
        if (line.MoreFields > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"and {line.MoreFields} more fields");
        }
        html.Append("</li>");
    }

    private static string Cell(string value) => Markup.Escape(Markup.Brief(value, MostText));

    private sealed record Line(string Text)
    {
        public bool IsError { get; init; }

        public List<FieldChange> Fields { get; init; } = [];

        public int MoreFields { get; init; }
    }
}
