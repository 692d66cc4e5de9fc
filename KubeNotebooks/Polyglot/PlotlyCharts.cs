using System.Dynamic;
using Microsoft.FSharp.Collections;
using Newtonsoft.Json.Linq;
using Plotly.NET;

namespace KubeNotebooks.Polyglot;

/// <summary>Charts that can be zoomed, where Plotly.NET is at hand.</summary>
public static class PlotlyCharts
{
    /// <summary>The figure as a chart of Plotly.NET, which Plotly.NET.Interactive shows.</summary>
    /// <example><code>Chart.Rollout(cluster, "web").ToPlotlyNet()</code></example>
    public static GenericChart ToPlotlyNet(this KubeNotebooks.Figure figure)
    {
        var json = JObject.Parse(figure.Json);
        var traces = json["data"]!.Select(t => Filled(new Trace((string)t["type"]!), t));
        return GenericChart.fromFigure(Plotly.NET.Figure.create(
            ListModule.OfSeq(traces), Filled(new Layout(), json["layout"]!)));
    }

    // Their objects keep whatever they are given, under its name, and write it as JSON again.
    private static T Filled<T>(T target, JToken values) where T : DynamicObject
    {
        foreach (var value in values.Children<JProperty>())
        {
            target.TrySetMember(new Member(value.Name), value.Value);
        }
        return target;
    }

    private sealed class Member(string name) : SetMemberBinder(name, ignoreCase: false)
    {
        public override DynamicMetaObject FallbackSetMember(DynamicMetaObject target,
            DynamicMetaObject value, DynamicMetaObject? errorSuggestion) =>
            throw new NotSupportedException(Name);
    }
}
