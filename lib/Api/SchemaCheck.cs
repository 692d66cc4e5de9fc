using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Something in a tree that its type does not allow. The place is a key of an object or an
/// index of a list.</summary>
internal sealed record SchemaProblem(
    string Path, string Message, bool IsUnknown, JsonNode Parent, string Key, int Index)
{
    /// <summary>The known field that an unknown one is nearest to.</summary>
    public string? Meant { get; init; }
}

/// <summary>Compares a tree of JSON with the type of its kind, and tells every difference in the
/// words of the API server.</summary>
/// <remarks>Models sigs.k8s.io/json with the API server's strict decoding.</remarks>
internal sealed class SchemaCheck
{
    private readonly List<SchemaProblem> problems = [];

    /// <summary>All problems of an object, in document order. Of a custom kind only the metadata
    /// is looked at.</summary>
    public static List<SchemaProblem> Run(JsonNode root, Kind kind, string version)
    {
        var check = new SchemaCheck();
        if (KindRegistry.BuiltIn.SchemaType(kind, version) is { } type)
        {
            check.Struct(root, type, "", "");
        }
        else if (root is JsonObject map && map["metadata"] is { } metadata)
        {
            var meta = Schema.BuiltIn.Find("ObjectMeta")!;
            if (metadata is JsonObject)
            {
                check.Struct(metadata, meta, "metadata", "metadata");
            }
            else
            {
                check.Mismatch(new(map, "metadata", -1), metadata, kind.Name, "metadata",
                    "metadata", "v1.ObjectMeta");
            }
        }
        return check.problems;
    }

    /// <summary>The fields of a part of an object that its type does not have.</summary>
    public static IEnumerable<SchemaProblem> UnknownFields(
        JsonObject part, SchemaType type, string path)
    {
        var check = new SchemaCheck();
        check.Struct(part, type, path, path);
        return check.problems.Where(p => p.IsUnknown);
    }

    /// <summary>How the server begins to say that it cannot read an object.</summary>
    public static string Refusal(Kind kind, string version) =>
        $"{kind.Name} in version \"{version}\" cannot be handled as a {kind.Name}: ";

    private void Struct(JsonNode node, SchemaType type, string path, string goPath)
    {
        foreach (var (name, value) in node.AsObject())
        {
            var at = Join(path, name);
            if (type.Field(name) is not { } field)
            {
                var names = new List<string>();
                foreach (var known in type.Fields)
                {
                    names.Add(known.Name);
                }
                var meant = Nearest.To(name, names);
                problems.Add(new(at, $"unknown field \"{at}\"", true, node, name, -1)
                {
                    Meant = meant,
                });
            }
            else if (value is not null)
            {
                Field(new(node, name, -1), value, type, field, at, Join(goPath, name));
            }
        }
    }

    private void Field(
        Place place, JsonNode value, SchemaType owner, SchemaField field,
        string path, string goPath)
    {
        if (AllowsOther(field, value))
        {
            return;
        }
        if (field.IsMap)
        {
            if (value is not JsonObject map)
            {
                Mismatch(place, value, owner.ShortName, path, goPath, GoType(field));
                return;
            }
            foreach (var (key, item) in map)
            {
                if (item is not null)
                {
                    Items(new(map, key, -1), item, owner, field, $"{path}.{key}", goPath);
                }
            }
            return;
        }
        Items(place, value, owner, field, path, goPath);
    }

    private void Items(
        Place place, JsonNode value, SchemaType owner, SchemaField field,
        string path, string goPath)
    {
        if (!field.IsList)
        {
            One(place, value, owner, field, path, goPath);
            return;
        }
        if (value is not JsonArray list)
        {
            Mismatch(place, value, owner.ShortName, path, goPath, GoType(field));
            return;
        }
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is { } item)
            {
                One(new(list, "", i), item, owner, field, $"{path}[{i}]", goPath);
            }
        }
    }

    private void One(
        Place place, JsonNode value, SchemaType owner, SchemaField field,
        string path, string goPath)
    {
        if (field.Type is { } type)
        {
            if (value is JsonObject)
            {
                Struct(value, type, path, goPath);
            }
            else
            {
                Mismatch(place, value, owner.ShortName, path, goPath, "v1." + type.ShortName);
            }
        }
        else if (!Fits(field.TypeName, value, out var why))
        {
            if (why is null)
            {
                Mismatch(place, value, owner.ShortName, path, goPath, GoScalar(field.TypeName));
            }
            else
            {
                problems.Add(new(path, why, false, place.Parent, place.Key, place.Index));
            }
        }
    }

    private static bool AllowsOther(SchemaField field, JsonNode value) => field.Or switch
    {
        null => false,
        "bool" => value.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        _ => value is JsonArray,
    };

    /// <summary>True when a scalar has its type. Otherwise <paramref name="why"/> tells what the
    /// type's own reader says; null when it is the plain wrong kind of value.</summary>
    private static bool Fits(string type, JsonNode value, out string? why)
    {
        why = null;
        var kind = value.GetValueKind();
        var text = kind == JsonValueKind.String ? value.GetValue<string>() : null;
        switch (type)
        {
            case "string":
                return text is not null;
            case "bool":
                return kind is JsonValueKind.True or JsonValueKind.False;
            case "int32":
                return kind == JsonValueKind.Number && int.TryParse(value.ToJsonString(),
                    NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
            case "int64":
                return kind == JsonValueKind.Number && long.TryParse(value.ToJsonString(),
                    NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
            case "float":
                return kind == JsonValueKind.Number;
            case "IntOrString":
                if (text is null && !Fits("int32", value, out _))
                {
                    why = $"json: cannot unmarshal {Say(value)} into Go value of type int32";
                }
                return why is null;
            case "Quantity":
                why = SchemaQuantity.Fault(text ?? value.ToJsonString());
                return why is null;
            case "Time" or "MicroTime":
                why = TimeFault(type, text, value);
                return why is null;
            case "bytes":
                if (text is null)
                {
                    return false;
                }
                why = BytesFault(text);
                return why is null;
            case "Duration":
                return text is not null;
            default:
                return true;
        }
    }

    private static string? TimeFault(string type, string? text, JsonNode value)
    {
        if (text is null)
        {
            return $"json: cannot unmarshal {Say(value)} into Go value of type string";
        }
        if (JsonTime.TryParse(text, out _))
        {
            return null;
        }
        var layout = type == "Time"
            ? "2006-01-02T15:04:05Z07:00"
            : "2006-01-02T15:04:05.000000Z07:00";
        // Go names what is left and the part of the layout that it does not fit.
        (int Length, string Part)[] parts =
        [
            (4, "2006"), (5, "-"), (7, "01"), (8, "-"), (10, "02"), (11, "T"), (13, "15"),
            (14, ":"), (16, "04"), (17, ":"), (19, "05"),
        ];
        var (at, part) = (0, "Z07:00");
        foreach (var (length, name) in parts)
        {
            var digits = name.Length > 1;
            var fits = text.Length >= length && (digits
                ? !text.AsSpan(at, length - at).ContainsAnyExceptInRange('0', '9')
                : text[at] == name[0]);
            if (!fits)
            {
                part = name;
                break;
            }
            at = length;
        }
        return $"parsing time \"{text}\" as \"{layout}\": "
            + $"cannot parse \"{text[at..]}\" as \"{part}\"";
    }

    private static string? BytesFault(string text)
    {
        var plain = text.Replace("\n", "").Replace("\r", "");
        var buffer = new byte[plain.Length];
        if (Convert.TryFromBase64String(plain, buffer, out _)
            && !plain.AsSpan().ContainsAny(' ', '\t'))
        {
            return null;
        }
        var at = 0;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at])
            || text[at] is '+' or '/' or '\n' or '\r'))
        {
            at++;
        }
        return $"illegal base64 data at input byte {at}";
    }

    private void Mismatch(
        Place place, JsonNode value, string owner, string path, string goPath, string goType) =>
        problems.Add(new(path, $"json: cannot unmarshal {Say(value, goType)} into Go struct field "
            + $"{owner}.{goPath} of type {goType}", false, place.Parent, place.Key, place.Index));

    /// <summary>What a value is, as Go's reader of JSON names it.</summary>
    public static string Say(JsonNode value, string goType = "int32") =>
    value.GetValueKind() switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.Number when goType.StartsWith("int") => $"number {value.ToJsonString()}",
        JsonValueKind.Number => "number",
        JsonValueKind.Array => "array",
        JsonValueKind.Object => "object",
        _ => "bool",
    };

    private static string GoType(SchemaField field)
    {
        var one = field.Type is { } type ? "v1." + type.ShortName : GoScalar(field.TypeName);
        return field.IsMap && field.TypeName == "Quantity" ? "v1.ResourceList"
            : (field.IsMap ? "map[string]" : "") + (field.IsList ? "[]" : "") + one;
    }

    private static string GoScalar(string type) => type switch
    {
        "float" => "float64",
        "bytes" => "[]uint8",
        "Quantity" => "resource.Quantity",
        "IntOrString" => "intstr.IntOrString",
        "Time" or "MicroTime" or "Duration" => "v1." + type,
        _ => type,
    };

    private static string Join(string path, string name) =>
        path.Length == 0 ? name : $"{path}.{name}";

    private readonly record struct Place(JsonNode Parent, string Key, int Index);
}

/// <summary>What is wrong with the text of a quantity, in the words of the real reader.</summary>
internal static class SchemaQuantity
{
    private static readonly string[] Suffixes =
        ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    private static readonly SearchValues<char> SuffixLetters =
        SearchValues.Create("eEinumkKMGTP+-0123456789");

    /// <summary>Null for a good quantity: a sign, digits with at most one point, and a suffix or a
    /// decimal exponent.</summary>
    public static string? Fault(string text)
    {
        const string Form = "quantities must match the regular expression "
            + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        var at = text.StartsWith('+') || text.StartsWith('-') ? 1 : 0;
        var digits = Digits(text, ref at);
        if (at < text.Length && text[at] == '.')
        {
            at++;
            digits += Digits(text, ref at);
        }
        var suffix = text[at..];
        if (digits == 0 || suffix.StartsWith('.'))
        {
            return Form;
        }
        if (Array.IndexOf(Suffixes, suffix) >= 0)
        {
            return null;
        }
        if (suffix.Length > 1 && suffix[0] is 'e' or 'E'
            && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out _))
        {
            return null;
        }
        return suffix.AsSpan().ContainsAnyExcept(SuffixLetters)
            ? Form
            : "unable to parse quantity's suffix";
    }

    private static int Digits(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }
        return at - start;
    }
}
