using System.Globalization;

namespace KubeSim;

/// <summary>How a requirement of a <see cref="Selector"/> relates a label to values.</summary>
public enum SelectorOperator
{
    /// <summary><c>x in (a,b)</c>: there, with one of the values.</summary>
    In,

    /// <summary><c>x notin (a,b)</c>: not there, or with another value.</summary>
    NotIn,

    /// <summary><c>x=a</c>: there, with the value.</summary>
    Equals,

    /// <summary><c>x==a</c>: the same as one equals sign, and kept as written.</summary>
    DoubleEquals,

    /// <summary><c>x!=a</c>: not there, or with another value.</summary>
    NotEquals,

    /// <summary><c>x&gt;1</c>: there, and a larger whole number.</summary>
    GreaterThan,

    /// <summary><c>x&lt;1</c>: there, and a smaller whole number.</summary>
    LessThan,

    /// <summary><c>x</c>: there.</summary>
    Exists,

    /// <summary><c>!x</c>: not there.</summary>
    DoesNotExist,
}

/// <summary>One requirement on one label.</summary>
public readonly record struct SelectorRequirement(
    string Key, SelectorOperator Operator, Seq<string> Values)
{
    /// <summary>True when labels meet the requirement.</summary>
    public bool Matches(Map<string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            SelectorOperator.In or SelectorOperator.Equals or SelectorOperator.DoubleEquals =>
                present && Values.AsSpan().Contains(value!),
            SelectorOperator.NotIn or SelectorOperator.NotEquals =>
                !present || !Values.AsSpan().Contains(value!),
            SelectorOperator.Exists => present,
            SelectorOperator.DoesNotExist => !present,
            SelectorOperator.GreaterThan => present && Compare(value!, Values) > 0,
            SelectorOperator.LessThan => present && Compare(value!, Values) < 0,
            _ => false,
        };
    }

    /// <summary>As selectors are written: <c>app=web</c>, <c>tier in (a,b)</c>,
    /// <c>!x</c>.</summary>
    public override string ToString() => Operator switch
    {
        SelectorOperator.In => $"{Key} in ({SortedValues()})",
        SelectorOperator.NotIn => $"{Key} notin ({SortedValues()})",
        SelectorOperator.Equals => $"{Key}={SortedValues()}",
        SelectorOperator.DoubleEquals => $"{Key}=={SortedValues()}",
        SelectorOperator.NotEquals => $"{Key}!={SortedValues()}",
        SelectorOperator.GreaterThan => $"{Key}>{SortedValues()}",
        SelectorOperator.LessThan => $"{Key}<{SortedValues()}",
        SelectorOperator.DoesNotExist => "!" + Key,
        _ => Key,
    };

    /// <summary>The order of two whole numbers in texts; 0, which is neither more nor less, when
    /// one is none.</summary>
    internal static int Compare(string value, Seq<string> bound) =>
        bound.Count == 1 && TryNumber(value, out var left) && TryNumber(bound[0], out var right)
            ? left.CompareTo(right)
            : 0;

    /// <summary>What is wrong with the requirement, in the API's words; null when nothing
    /// is.</summary>
    internal string? Problem()
    {
        Seq<string> problems = default;
        if (Names.LabelKey(Key) is { IsEmpty: false } bad)
        {
            problems = problems.Add($"key: Invalid value: \"{Key}\": {string.Join("; ", bad)}");
        }
        if (CountProblem() is { } count)
        {
            problems = problems.Add($"values: Invalid value: {ValuesAsJson()}: {count}");
        }
        for (var i = 0; i < Values.Count; i++)
        {
            var value = Values[i];
            var at = i.ToString(CultureInfo.InvariantCulture);
            if (IsNumeric && !TryNumber(value, out _))
            {
                problems = problems.Add($"values[{at}]: Invalid value: \"{value}\": "
                    + "for 'Gt', 'Lt' operators, the value must be an integer");
            }
            if (Names.LabelValue(value) is { IsEmpty: false } wrong)
            {
                problems = problems.Add(
                    $"values[{at}][{Key}]: Invalid value: \"{value}\": {string.Join("; ", wrong)}");
            }
        }
        return problems.IsEmpty ? null
            : problems.Count == 1 ? problems[0] : $"[{string.Join(", ", problems)}]";
    }

    private bool IsNumeric =>
        Operator is SelectorOperator.GreaterThan or SelectorOperator.LessThan;

    private string? CountProblem() => Operator switch
    {
        SelectorOperator.In or SelectorOperator.NotIn => Values.IsEmpty
            ? "for 'in', 'notin' operators, values set can't be empty" : null,
        SelectorOperator.Exists or SelectorOperator.DoesNotExist => Values.IsEmpty
            ? null : "values set must be empty for exists and does not exist",
        _ when Values.Count == 1 => null,
        _ when IsNumeric => "for 'Gt', 'Lt' operators, exactly one value is required",
        _ => "exact-match compatibility requires one single value",
    };

    private string ValuesAsJson() => Values.IsUnset
        ? "null"
        : $"[{string.Join(",", Values.Select(value => $"\"{value}\""))}]";

    private string SortedValues() =>
        string.Join(",", Values.Order(StringComparer.Ordinal));

    private static bool TryNumber(string text, out long number) => long.TryParse(
        text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}

/// <summary>A selection of objects by their labels, as the command line and list requests write it:
/// <c>app=web,tier in (a,b),!x</c>. All requirements must hold.</summary>
/// <remarks>Models staging/src/k8s.io/apimachinery/pkg/labels/selector.go.</remarks>
/// <example><c>Selector.Parse("app=web").Matches(pod.Metadata.Labels)</c></example>
public sealed class Selector : IEquatable<Selector>
{
    internal Selector(Seq<SelectorRequirement> requirements) => Requirements = requirements;

    /// <summary>Selects everything.</summary>
    public static Selector Everything { get; } = new([]);

    /// <summary>Selects nothing.</summary>
    public static Selector Nothing { get; } = new([]);

    /// <summary>What must hold, ordered by key.</summary>
    public Seq<SelectorRequirement> Requirements { get; }

    /// <summary>True when it selects everything.</summary>
    public bool IsEmpty => Requirements.IsEmpty && !IsNothing;

    /// <summary>True when it selects nothing.</summary>
    public bool IsNothing => ReferenceEquals(this, Nothing);

    /// <summary>The selector that a text writes; the empty text selects everything.</summary>
    /// <exception cref="ApiException">400: the text is none; the message is the API
    /// server's.</exception>
    public static Selector Parse(string text) => TryParse(text, out var selector, out var problem)
        ? selector
        : throw ApiErrors.BadRequest(problem!);

    /// <summary>The selector that a text writes, or the API server's words for why it is
    /// none.</summary>
    public static bool TryParse(string text, out Selector selector, out string? problem)
    {
        problem = new SelectorParser(text).Parse(out var requirements);
        selector = problem is null ? Of(requirements) : Nothing;
        return problem is null;
    }

    /// <summary>Selects what has all of these labels; nothing about them is checked.</summary>
    public static Selector FromLabels(Map<string> labels)
    {
        var requirements = new SelectorRequirement[labels.Count];
        var at = 0;
        foreach (var label in labels)
        {
            requirements[at++] = new(label.Key, SelectorOperator.Equals, [label.Value]);
        }
        return at == 0 ? Everything : new(new Seq<SelectorRequirement>(requirements));
    }

    /// <summary>The same selection as an object's selector; null selects nothing.</summary>
    /// <exception cref="ApiException">400: the selector contradicts itself.</exception>
    public static Selector From(LabelSelector? selector) =>
        TryFrom(selector, out var result, out var problem)
            ? result
            : throw ApiErrors.BadRequest(problem!);

    /// <summary>The same selection as an object's selector, or why there is none.</summary>
    public static bool TryFrom(LabelSelector? selector, out Selector result, out string? problem)
    {
        (result, problem) = (Nothing, null);
        if (selector is null)
        {
            return true;
        }
        var requirements = new List<SelectorRequirement>();
        requirements.AddRange(FromLabels(selector.MatchLabels).Requirements.AsSpan());
        foreach (var expression in selector.MatchExpressions)
        {
            SelectorOperator? how = expression.Operator switch
            {
                "In" => SelectorOperator.In,
                "NotIn" => SelectorOperator.NotIn,
                "Exists" => SelectorOperator.Exists,
                "DoesNotExist" => SelectorOperator.DoesNotExist,
                _ => null,
            };
            if (how is null)
            {
                problem = $"\"{expression.Operator}\" is not a valid label selector operator";
                return false;
            }
            requirements.Add(new(expression.Key, how.Value, expression.Values));
        }
        foreach (var requirement in requirements)
        {
            if (requirement.Problem() is { } wrong)
            {
                problem = wrong;
                return false;
            }
        }
        result = Of(requirements);
        return true;
    }

    /// <summary>True when labels meet all requirements. Allocates nothing.</summary>
    public bool Matches(Map<string> labels)
    {
        foreach (var requirement in Requirements.AsSpan())
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }
        return !IsNothing;
    }

    /// <summary>Selects what both select.</summary>
    public Selector And(Selector other) => IsNothing || other.IsNothing ? Nothing
        : Of([.. Requirements.AsSpan(), .. other.Requirements.AsSpan()]);

    /// <summary>The one value that a label must have, for an index; false when it may have
    /// others.</summary>
    public bool TryGetExact(string key, out string value)
    {
        foreach (var requirement in Requirements.AsSpan())
        {
            if (requirement.Key == key)
            {
                var exact = requirement is { Values.Count: 1, Operator: SelectorOperator.In
                    or SelectorOperator.Equals or SelectorOperator.DoubleEquals };
                value = exact ? requirement.Values[0] : "";
                return exact;
            }
        }
        value = "";
        return false;
    }

    /// <summary>Equal when the requirements are.</summary>
    public bool Equals(Selector? other) => other is not null
        && IsNothing == other.IsNothing && Requirements.Equals(other.Requirements);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Selector);

    /// <inheritdoc/>
    public override int GetHashCode() => Requirements.GetHashCode();

    /// <summary>The canonical text: ordered by key, values ordered; empty for everything and
    /// nothing.</summary>
    public override string ToString() => string.Join(",", Requirements);

    // A stable sort: requirements on one label keep their order.
    private static Selector Of(List<SelectorRequirement> requirements) =>
        requirements.Count == 0 ? Everything
        : new(requirements.OrderBy(r => r.Key, StringComparer.Ordinal).ToSeq());
}
