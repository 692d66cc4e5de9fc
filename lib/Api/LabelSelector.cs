using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>A selection of objects by their labels, as manifests write it. All requirements must
/// hold. An empty selector selects everything; none at all (null) selects nothing.</summary>
/// <remarks>Models staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go.</remarks>
public sealed record LabelSelector : ApiPart
{
    /// <summary>One that says nothing: it selects everything.</summary>
    public static LabelSelector None { get; } = new();

    /// <summary>Labels that must have exactly these values.</summary>
    public Map<string> MatchLabels { get; init; }

    /// <summary>Requirements of other kinds.</summary>
    public Seq<LabelSelectorRequirement> MatchExpressions { get; init; }

    /// <summary>True when it selects everything.</summary>
    [JsonIgnore]
    public bool IsEmpty => MatchLabels.IsEmpty && MatchExpressions.IsEmpty;

    /// <summary>As kubectl shows it: <c>app=web,tier in (a,b)</c>, or
    /// <c>&lt;none&gt;</c>.</summary>
    public override string ToString() => IsEmpty ? "<none>"
        : Selector.TryFrom(this, out var selector, out _) ? selector.ToString() : "<error>";

    /// <summary>As Go prints it, in messages that nobody meant for people.</summary>
    internal static string Shown(LabelSelector? selector) => selector is null ? "nil"
        : "&LabelSelector{MatchLabels:map[string]string{"
        + string.Concat(selector.MatchLabels.Select(label => $"{label.Key}: {label.Value},"))
        + "},MatchExpressions:[]LabelSelectorRequirement{"
        + string.Concat(selector.MatchExpressions.Select(part => "LabelSelectorRequirement{Key:"
            + $"{part.Key},Operator:{part.Operator},Values:[{string.Join(' ', part.Values)}],}},"))
        + "},}";
}

/// <summary>A requirement on one label.</summary>
public sealed record LabelSelectorRequirement : ApiPart
{
    /// <summary>The key of the label.</summary>
    public string Key { get; init; } = "";

    /// <summary>In, NotIn, Exists or DoesNotExist.</summary>
    public string Operator { get; init; } = "";

    /// <summary>The values for In and NotIn.</summary>
    public Seq<string> Values { get; init; }

    /// <summary>True when labels meet the requirement; an unknown operator is never met.</summary>
    public bool Matches(Map<string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            "In" => present && Values.AsSpan().Contains(value!),
            "NotIn" => !present || !Values.AsSpan().Contains(value!),
            "Exists" => present,
            "DoesNotExist" => !present,
            _ => false,
        };
    }
}

/// <summary>Matching of label selectors.</summary>
public static class LabelSelectors
{
    extension(LabelSelector? selector)
    {
        /// <summary>The labels that the selector asks for, where it can be said so: a value each,
        /// and no other way of asking. Null for any other selector.</summary>
        public Map<string>? AsLabels()
        {
            var labels = selector?.MatchLabels ?? default;
            foreach (var term in selector?.MatchExpressions ?? default)
            {
                if (term is not { Operator: "In", Values.Count: 1 })
                {
                    return null;
                }
                labels = labels.Set(term.Key, term.Values[0]);
            }
            return labels;
        }

        /// <summary>True when labels meet all requirements; a null selector is never met.
        /// Allocates nothing.</summary>
        public bool Matches(Map<string> labels)
        {
            if (selector is null)
            {
                return false;
            }
            foreach (var wanted in selector.MatchLabels.AsSpan())
            {
                if (!labels.TryGetValue(wanted.Key, out var value) || value != wanted.Value)
                {
                    return false;
                }
            }
            foreach (var requirement in selector.MatchExpressions.AsSpan())
            {
                if (!requirement.Matches(labels))
                {
                    return false;
                }
            }
            return true;
        }
    }
}
