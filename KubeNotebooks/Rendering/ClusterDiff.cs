using System.Globalization;
using System.Text;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Two branches of a run side by side: the first step in which they part, and the objects
/// that differ now, field by field; when something became so is left out.</summary>
public sealed class ClusterDiff
{
    private const int Most = 60;
    private const int MostText = 80;

    private readonly List<(string Object, FieldChange Field)> fields = [];

    internal ClusterDiff(Cluster first, Cluster second)
    {
        Parting = Cluster.Compare(first, second);
        var (left, right) = (ByKey(first), ByKey(second));
        foreach (var key in left.Keys.Union(right.Keys).Order())
        {
            var (a, b) = (left.GetValueOrDefault(key), right.GetValueOrDefault(key));
            if (a is null || b is null)
            {
                fields.Add((Words.Name(key), new("", Said(a), Said(b))));
                continue;
            }
            fields.AddRange(Diff.Between(a, b)
                .Where(f => !f.Path.EndsWith("Time", StringComparison.Ordinal))
                .Select(f => (Words.Name(key), f)));
        }
    }

    /// <summary>Where they part; null when they do not.</summary>
    public Divergence? Parting { get; }

    /// <summary>The comparison as HTML.</summary>
    public string ToHtml()
    {
        var html = new StringBuilder($"<style>{StepCard.Css}{ShownHtml.Css}</style>");
        html.Append(Parting is null ? "<p class=\"kn\">Both lived the same.</p>"
            : Cards(Parting));
        if (fields.Count > 0)
        {
            html.Append(ShownHtml.Rows(["Object", "Field", "First", "Second"],
                fields.Take(Most).Select(f => (string[])[f.Object, f.Field.Path,
                    Text(f.Field.Before), Text(f.Field.After)])));
        }
        return html.Append(More).ToString();
    }

    /// <summary>The comparison in plain text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Parting is null ? "Both lived the same."
            : $"The branches part at step {Parting.Step}.\nFirst:  {Said(Parting.First)}\n"
                + $"Second: {Said(Parting.Second)}");
        foreach (var (name, field) in fields.Take(Most))
        {
            text.Append("\n  ").Append($"{name} {field.Path}".TrimEnd()).Append(": ")
                .Append(Text(field.Before)).Append(" | ").Append(Text(field.After));
        }
        return text.Append(More.Length == 0 ? "" : $"\n  {More}").ToString();
    }

    /// <summary>The two steps of a parting as HTML, side by side where there is room.</summary>
    internal static string Cards(Divergence parting)
    {
        static string Card(string name, StepRecord? step) =>
            $"<div style=\"flex:1 1 260px;min-width:0\"><p class=\"kn\"><b>{name}</b></p>"
            + (step is null ? "<article class=\"kcard\">The run has ended.</article>"
                : StepCard.Of(step).Body()) + "</div>";
        return string.Create(CultureInfo.InvariantCulture, $"<p class=\"kn\">The runs part at "
            + $"step {parting.Step}.</p><div style=\"display:flex;flex-wrap:wrap;gap:10px\">"
            + $"{Card("First", parting.First)}{Card("Second", parting.Second)}</div>");
    }

    private string More => fields.Count <= Most ? "" : string.Create(
        CultureInfo.InvariantCulture, $"and {fields.Count - Most} more fields");

    // Events say what happened, and that is told by the steps.
    private static Dictionary<ObjectKey, ApiObject> ByKey(Cluster cluster) =>
        cluster.Everything().Where(o => o is not (Event or Lease)).ToDictionary(o => o.Key);

    private static string? Said(ApiObject? o) => o is null ? null : "is there";

    private static string Said(StepRecord? step) =>
        step is null ? "has ended" : Words.Headline(step);

    private static string Text(string? value) => Markup.Brief(value ?? "—", MostText);
}
