using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;

namespace KubeNotebooks;

/// <summary>How a row of numbers is drawn.</summary>
internal enum TraceForm
{
    /// <summary>From point to point.</summary>
    Line,

    /// <summary>A value holds until the next one.</summary>
    Steps,

    /// <summary>As <see cref="Steps"/>, filled, on top of the ones before.</summary>
    Area,

    /// <summary>A bound: dashed steps.</summary>
    Bound,

    /// <summary>A bar for each name.</summary>
    Bar,
}

/// <summary>A row of numbers. X is time in seconds, or a name for each bar.</summary>
internal sealed record Trace(string Name, TraceForm Form, string Colour)
{
    public IReadOnlyList<double> X { get; init; } = [];

    public IReadOnlyList<string> Names { get; init; } = [];

    public required IReadOnlyList<double> Y { get; init; }

    /// <summary>What stands at each bar.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];
}

/// <summary>A chart. It is a Plotly figure underneath: <see cref="Json"/> is what Plotly, in any
/// language, draws; the static picture is drawn from the same numbers.</summary>
public sealed class Figure
{
    private static readonly string[] Dashes = ["solid", "dash", "dot", "dashdot"];
    private static readonly string[] Hatches = ["", "/", "x", "."];

    internal Figure(string title, string x, string y, IReadOnlyList<Trace> traces) =>
        (Title, XTitle, YTitle, Traces) = (title, x, y, traces);

    /// <summary>What the chart is about.</summary>
    public string Title { get; }

    internal string XTitle { get; }

    internal string YTitle { get; }

    internal IReadOnlyList<Trace> Traces { get; }

    /// <summary>The value axis reaches at least up to here.</summary>
    internal double YMost { get; init; }

    /// <summary>The figure as Plotly reads it: <c>data</c> and <c>layout</c>.</summary>
    public string Json => new JsonObject
    {
        ["data"] = new JsonArray([.. Traces.Select((t, i) => (JsonNode)Data(t, i))]),
        ["layout"] = new JsonObject
        {
            ["title"] = Titled(Title),
            ["xaxis"] = new JsonObject { ["title"] = Titled(XTitle) },
            ["yaxis"] = new JsonObject
            {
                ["title"] = Titled(YTitle),
                [YMost > 0 ? "range" : "rangemode"] =
                    YMost > 0 ? new JsonArray(0, YMost) : "tozero",
            },
            ["barmode"] = "group",
            ["legend"] = new JsonObject { ["orientation"] = "h", ["y"] = -0.25 },
        },
    }.ToJsonString(new() { Encoder = JavaScriptEncoder.Default });

    /// <summary>The chart as a picture.</summary>
    public Picture ToPicture()
    {
        var alt = Markup.Brief($"Chart: {Title}. "
            + string.Join(". ", Traces.Select(Told)) + ".", 1400);
        return new(FigureSvg.Of(this, alt), alt, ToString());
    }

    /// <summary>The chart as a still picture, which shows everywhere.</summary>
    public string ToHtml() => ToPicture().ToHtml();

    /// <summary>The chart as HTML that plotly.js, where the page has it, makes interactive;
    /// elsewhere it is the still picture.</summary>
    public string ToPlotly() => $"""
        <div class="kfigure">{ToHtml()}<script type="application/json">{Json}</script></div>
        <script>(function()
        """ + """
        {if(!window.Plotly)return;
        document.querySelectorAll(".kfigure:not([data-drawn])").forEach(function(e){
        var f=JSON.parse(e.querySelector("script").textContent);
        e.dataset.drawn=1;e.innerHTML="";Plotly.newPlot(e,f.data,f.layout,{responsive:true})})})();
        </script>
        """;

    /// <summary>The chart in plain text: a line of small bars for each row of numbers.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Title);
        text.Append(CultureInfo.InvariantCulture, $" ({YTitle})");
        var width = Traces.Select(t => t.Name.Length).DefaultIfEmpty().Max();
        foreach (var trace in Traces)
        {
            text.Append("\n  ").Append(trace.Name.PadRight(width)).Append("  ");
            text.Append(trace.Form == TraceForm.Bar
                ? string.Join("  ", trace.Names.Select((n, i) => $"{n} {LabelOf(trace, i)}"))
                : Spark(trace));
        }
        return text.ToString();
    }

    internal static string Number(double number) =>
        number.ToString("0.###", CultureInfo.InvariantCulture);

    internal static string LabelOf(Trace trace, int i) =>
        i < trace.Labels.Count ? trace.Labels[i] : Number(trace.Y[i]);

    // The first line is solid, each further one has dashes of its own.
    internal string DashOf(int index) => Traces[index].Form switch
    {
        TraceForm.Bound => "dash",
        TraceForm.Area => "solid",
        _ => Dashes[Traces.Take(index).Count(t => t.Form is TraceForm.Line or TraceForm.Steps)
            % Dashes.Length],
    };

    private static string Told(Trace trace) => trace.Form == TraceForm.Bar
        ? $"{trace.Name}: " + string.Join(", ", trace.Names.Select((n, i) =>
            $"{n} {Number(trace.Y[i])} ({LabelOf(trace, i)})"))
        : trace.Y.Count == 0 ? $"{trace.Name}: nothing" : $"{trace.Name}: from "
            + $"{Number(trace.Y[0])} to {Number(trace.Y[^1])}, between {Number(trace.Y.Min())} "
            + $"and {Number(trace.Y.Max())}";

    private static JsonObject Titled(string text) => new() { ["text"] = text };

    private JsonObject Data(Trace trace, int index)
    {
        var data = new JsonObject
        {
            ["type"] = trace.Form == TraceForm.Bar ? "bar" : "scatter",
            ["name"] = trace.Name,
            ["x"] = trace.Form == TraceForm.Bar
                ? new JsonArray([.. trace.Names.Select(n => (JsonNode)n)])
                : new JsonArray([.. trace.X.Select(x => (JsonNode)x)]),
            ["y"] = new JsonArray([.. trace.Y.Select(y => (JsonNode)y)]),
        };
        if (trace.Form == TraceForm.Bar)
        {
            data["text"] = new JsonArray(
                [.. trace.Y.Select((_, i) => (JsonNode)LabelOf(trace, i))]);
            data["marker"] = new JsonObject
            {
                ["color"] = trace.Colour,
                ["pattern"] = new JsonObject { ["shape"] = Hatches[index % Hatches.Length] },
            };
            return data;
        }
        data["mode"] = "lines";
        data["line"] = new JsonObject
        {
            ["color"] = trace.Colour,
            ["shape"] = trace.Form == TraceForm.Line ? "linear" : "hv",
            ["dash"] = DashOf(index),
        };
        if (trace.Form == TraceForm.Area)
        {
            data["stackgroup"] = "all";
            data["fillcolor"] = trace.Colour;
        }
        return data;
    }

    private static string Spark(Trace trace)
    {
        const int Columns = 40;
        const string Bars = "▁▂▃▄▅▆▇█";
        if (trace.Y.Count == 0)
        {
            return "nothing";
        }
        var (low, high) = (Math.Min(0, trace.Y.Min()), trace.Y.Max());
        var span = trace.X[^1] - trace.X[0];
        var spark = new StringBuilder();
        for (var (i, at) = (0, 0); i < Columns; i++)
        {
            while (at + 1 < trace.X.Count
                && trace.X[at + 1] <= trace.X[0] + (span * (i + 1) / Columns))
            {
                at++;
            }
            var part = high <= low ? 0 : (trace.Y[at] - low) / (high - low);
            spark.Append(Bars[(int)Math.Round(part * (Bars.Length - 1))]);
        }
        return $"{spark}  {Number(trace.Y[0])} → {Number(trace.Y[^1])}"
            + $"  ({Number(trace.Y.Min())} to {Number(high)})";
    }
}
