using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The rules of <c>rules.txt</c>: most of what a kind demands of its fields is the same
/// few checks at other paths, so it is written as a table and read here. It works on the tree of an
/// object, whether the kind has a record or not.
/// <para>Worked example: <c>spec.behavior?.scaleUp?.policies[*].value atLeast 1</c> visits the
/// second policy as <c>spec.behavior.scaleUp.policies[1].value</c>, and nothing where nobody wrote
/// a behavior.</para></summary>
/// <remarks>Models pkg/apis/*/validation/validation.go.</remarks>
internal static class ObjectRules
{
    private sealed record Rule(string[] Steps, string Check, string Detail, string? When);

    private readonly record struct Field(JsonNode? Value, JsonNode? Old, string At, string Detail);

    private static readonly Dictionary<string, Func<string, Seq<string>>> names = new()
    {
        ["DomainPrefixedPath"] = Names.DomainPrefixedPath,
        ["Dns1123Subdomain"] = Names.Dns1123Subdomain,
        ["Dns1123Label"] = Names.Dns1123Label,
        ["Dns1035Label"] = Names.Dns1035Label,
        ["LabelKey"] = Names.LabelKey,
        ["FullyQualifiedName"] = Names.FullyQualifiedName,
        ["PathSegment"] = KindStrategy.SegmentProblems,
        ["Cidr"] = Addresses.Cidr,
        ["NoAddress"] = static name => Addresses.Ip(name).IsEmpty
            ? ["must be a DNS name, not an IP address"] : default,
        ["Host"] = static name => name.Contains('*')
            ? Names.WildcardDns1123Subdomain(name) : Names.Dns1123Subdomain(name),
    };

    // Checks of a value; those that look at unset ones are Required and the "oneOf!".
    private static readonly Dictionary<string, Action<Field, FieldErrors>> checks = new()
    {
        ["required"] = Required,
        ["atLeast"] = (f, e) => Bound(f, e, "greater", static (value, bound) => value < bound),
        ["atMost"] = (f, e) => Bound(f, e, "less", static (value, bound) => value > bound),
        ["atLeastOne"] = static (f, e) => e.Need(f.Value is JsonArray { Count: 0 }, f),
        ["oneOf"] = static (f, e) => e.OneOf(f.At, Plain(f.Value), f.Detail.Split(',')),
        ["oneOf!"] = static (f, e) => e.OneOf(f.At, Plain(f.Value) ?? "", f.Detail.Split(',')),
        ["is"] = static (f, e) => PodValidation.Problems(
            Plain(f.Value) is { Length: > 0 } name ? names[f.Detail](name) : default,
            f.At, Plain(f.Value) ?? "", e),
        ["selector"] = Selector,
        ["port"] = Port,
        ["positive"] = static (f, e) => e.Need(Amount(f.Value) is { Sign: <= 0 }, f),
        ["amount"] = static (f, e) => e.Need(Amount(f.Value) is { Sign: < 0 },
            f with { Detail = "must be greater than or equal to 0" }),
        ["forbidden"] = static (f, e) => e.Refuse(f.Value is not null, f),
        ["forbiddenValue"] = static (f, e) => e.Need(f.Value is not null, f),
    };

    private static readonly Dictionary<string, List<Rule>> all = Read();

    /// <summary>Checks an object, and with an old one what may not change.</summary>
    public static void Validate(ApiObject value, ApiObject? old, FieldErrors errors)
    {
        if (!all.TryGetValue(value.Kind.Qualified, out var rules))
        {
            return;
        }
        var (now, was) = (Json.Encode(value), old is null ? null : Json.Encode(old));
        foreach (var rule in rules)
        {
            Visit(rule, now, was, "", 0, errors);
        }
        if (ObjectChecks.Of.TryGetValue(value.Kind.Qualified, out var more))
        {
            more(now, was, errors);
        }
    }

    private static void Visit(
        Rule rule, JsonNode? node, JsonNode? old, string at, int step, FieldErrors errors)
    {
        var name = rule.Steps[step];
        var (optional, key) = (name.EndsWith('?'), name.TrimEnd('?'));
        var (list, map) = (key.EndsWith("[*]", StringComparison.Ordinal),
            key.EndsWith("{*}", StringComparison.Ordinal));
        key = list || map ? key[..^3] : key;
        var path = at.Length == 0 ? key : $"{at}.{key}";
        var (value, before) = (Child(node, key), Child(old, key));
        var last = step == rule.Steps.Length - 1;
        if (value is JsonArray items && list)
        {
            for (var i = 0; i < items.Count; i++)
            {
                Go(items[i], $"{path}[{i}]");
            }
        }
        else if (value is JsonObject fields && map)
        {
            foreach (var (word, item) in fields)
            {
                Go(item, $"{path}[{word}]");
            }
        }
        else if (!list && !map && (value is not null || !optional))
        {
            Go(value, path);
        }

        void Go(JsonNode? found, string where)
        {
            if (!last)
            {
                Visit(rule, found, before, where, step + 1, errors);
            }
            else if (rule.When is null || Holds(rule.When, node))
            {
                Apply(rule, new(found, before, where, rule.Detail), old is not null, errors);
            }
        }
    }

    private static void Apply(Rule rule, in Field field, bool replaces, FieldErrors errors)
    {
        if (rule.Check is "fixed" or "frozen")
        {
            if (replaces && !JsonNode.DeepEquals(field.Value, field.Old))
            {
                var fixedWhy = field.Detail.Length > 0 ? field.Detail : "field is immutable";
                _ = rule.Check == "frozen" ? errors.Refuse(true, field)
                    : errors.Need(true, field with { Detail = fixedWhy });
            }
        }
        else if (field.Value is not null || rule.Check is "required" or "oneOf!")
        {
            checks[rule.Check](field, errors);
        }
    }

    // "type=Resource", "type!=Resource", and "urls=" for unset.
    private static bool Holds(string when, JsonNode? node)
    {
        var differs = when.Contains("!=", StringComparison.Ordinal);
        var (key, wanted) = (when[..when.IndexOf(differs ? '!' : '=')],
            when[(when.IndexOf('=') + 1)..]);
        var actual = Child(node, key);
        return (actual is JsonValue ? actual.ToString() == wanted
            : wanted.Length == 0 && actual is null) != differs;
    }

    private static bool Need(this FieldErrors errors, bool wrong, in Field field)
    {
        if (wrong)
        {
            errors.Invalid(field.At, Show(field.Value), field.Detail);
        }
        return wrong;
    }

    private static bool Refuse(this FieldErrors errors, bool wrong, in Field field)
    {
        if (wrong)
        {
            errors.Forbidden(field.At, field.Detail);
        }
        return wrong;
    }

    private static void Required(Field field, FieldErrors errors)
    {
        if (field.Value is null or JsonArray { Count: 0 } || Plain(field.Value) is "")
        {
            errors.Required(field.At, field.Detail);
        }
    }

    private static void Bound(
        Field field, FieldErrors errors, string word, Func<long, long, bool> breaks)
    {
        var space = field.Detail.IndexOf(' ', StringComparison.Ordinal);
        var bound = space < 0 ? field.Detail : field.Detail[..space];
        errors.Need(Number(field.Value) is { } value
            && breaks(value, long.Parse(bound, CultureInfo.InvariantCulture)), field with
            {
                Detail = space < 0 ? $"must be {word} than or equal to {bound}"
                    : field.Detail[(space + 1)..],
            });
    }

    private static void Selector(Field field, FieldErrors errors)
    {
        if (field.Value is not JsonObject node)
        {
            return;
        }
        foreach (var (key, value) in Child(node, "matchLabels") as JsonObject ?? [])
        {
            var at = $"{field.At}.matchLabels";
            PodValidation.Problems(Names.LabelKey(key), at, key, errors);
            PodValidation.Problems(Names.LabelValue(Plain(value) ?? ""), at, Plain(value) ?? "",
                errors);
        }
        var terms = Child(node, "matchExpressions") as JsonArray ?? [];
        for (var i = 0; i < terms.Count; i++)
        {
            Expression(terms[i], $"{field.At}.matchExpressions[{i}]", errors);
        }
    }

    private static void Expression(JsonNode? term, string at, FieldErrors errors)
    {
        var (sign, key) = (Plain(Child(term, "operator")) ?? "", Plain(Child(term, "key")) ?? "");
        var empty = Child(term, "values") is not JsonArray { Count: > 0 };
        switch (sign)
        {
            case "In" or "NotIn" when empty:
                errors.Required($"{at}.values",
                    "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when !empty:
                errors.Forbidden($"{at}.values",
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case not ("In" or "NotIn" or "Exists" or "DoesNotExist"):
                errors.InvalidText($"{at}.operator", sign, "not a valid selector operator");
                break;
        }
        PodValidation.Problems(Names.LabelKey(key), $"{at}.key", key, errors);
    }

    private static void Port(Field field, FieldErrors errors)
    {
        if (Number(field.Value) is { } number)
        {
            PodValidation.Port(number, field.At, errors);
        }
        else if (Plain(field.Value) is { } name)
        {
            PodValidation.Problems(Names.PortName(name), field.At, name, errors);
        }
    }

    /// <summary>A value as messages show it: as JSON.</summary>
    public static string Show(JsonNode? value) => value is null ? "null"
        : Plain(value) is { } text && value.GetValueKind() == System.Text.Json.JsonValueKind.String
            ? FieldErrors.Quote(text) : value.ToJsonString(Json.Options);

    /// <summary>A field of an object; null for anything else.</summary>
    public static JsonNode? Child(JsonNode? node, string key) => (node as JsonObject)?[key];

    /// <summary>A text or number as it is written; null for what has parts.</summary>
    public static string? Plain(JsonNode? value) => (value as JsonValue)?.ToString();

    public static long? Number(JsonNode? value) =>
        value is JsonValue && value.GetValueKind() == System.Text.Json.JsonValueKind.Number
        && long.TryParse(value.ToString(), CultureInfo.InvariantCulture, out var number)
            ? number : null;

    private static Quantity? Amount(JsonNode? value) =>
        Plain(value) is { } text
            && Quantity.TryParse(text, out var amount, out var problem) && problem is null
            ? amount : default(Quantity?);

    private static Dictionary<string, List<Rule>> Read()
    {
        using var stream = typeof(ObjectRules).Assembly.GetManifestResourceStream("rules.txt")!;
        using var reader = new StreamReader(stream);
        var (result, rules) = (new Dictionary<string, List<Rule>>(), new List<Rule>());
        while (reader.ReadLine() is { } line)
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }
            if (space < 0)
            {
                result[line] = rules = [];
                continue;
            }
            var when = line.LastIndexOf(" when ", StringComparison.Ordinal);
            var words = (when < 0 ? line : line[..when]).Split(' ', 3);
            rules.Add(new(words[0].Split('.'), words[1], words.ElementAtOrDefault(2) ?? "",
                when < 0 ? null : line[(when + 6)..]));
        }
        return result;
    }
}
