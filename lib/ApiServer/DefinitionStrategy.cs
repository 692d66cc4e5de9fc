using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using static KubeSim.ObjectRules;

namespace KubeSim;

/// <summary>CustomResourceDefinitions: an object that makes a kind. Once its controller has found
/// it Established, the server serves that kind by the schema in it. Once it is deleted, no new
/// objects are taken; when its controller has removed the others, it goes, and the kind with
/// it.</summary>
/// <remarks>Models staging/src/k8s.io/apiextensions-apiserver/pkg/registry.</remarks>
internal sealed class DefinitionStrategy : KindStrategy
{
    public override bool HasGeneration(Kind kind) => true;

    public override ApiObject Default(ApiObject value) => Changed(value, node =>
    {
        if (Child(node, "spec") is not JsonObject spec || spec["names"] is not JsonObject names
            || Plain(names["kind"]) is not { Length: > 0 } kind)
        {
            return;
        }
        names.TryAdd("singular", kind.ToLowerInvariant());
        names.TryAdd("listKind", $"{kind}List");
        spec.TryAdd("conversion", new JsonObject { ["strategy"] = "None" });
    });

    public override ApiObject? Marked(ApiObject value, DateTime now)
    {
        var marked = CustomKind.WithCondition(value, now, "Terminating", "True",
            "InstanceDeletionPending", "CustomResourceDefinition marked for deletion; "
            + "CustomResource deletion will begin soon");
        return marked with
        {
            Metadata = value.Metadata with
            {
                DeletionTimestamp = now,
                Finalizers = value.Metadata.Finalizers
                    .RemoveAll(name => name == CustomKind.Cleanup).Add(CustomKind.Cleanup),
            },
        };
    }

    /// <summary>What a definition demands of its objects, by the version that is
    /// stored.</summary>
    public static CustomStrategy Demands(ApiObject definition)
    {
        var versions = Child(Child(Json.Encode(definition), "spec"), "versions") as JsonArray ?? [];
        var stored = versions.FirstOrDefault(v => Plain(Child(v, "storage")) == "true");
        return new(Child(Child(stored, "schema"), "openAPIV3Schema") as JsonObject ?? [])
        {
            IsTerminating = CustomKind.Is(definition, "Terminating"),
        };
    }

    public static ApiObject Changed(ApiObject value, Action<JsonObject> change)
    {
        var node = Json.Encode(value);
        change(node);
        return Json.Decode(node, value.Kind);
    }
}

/// <summary>Objects of a custom kind: its schema says which fields there are (others are dropped),
/// what they are when unset, and what they may be.</summary>
internal sealed class CustomStrategy(JsonObject schema) : KindStrategy
{
    // Metadata and the head of an object are not the schema's business.
    private static readonly Seq<string> own = ["apiVersion", "kind", "metadata"];

    public override bool Unconditional => false;

    /// <summary>True when the definition is on its way out: no new objects.</summary>
    public bool IsTerminating { get; init; }

    public override ApiObject Default(ApiObject value)
    {
        var shaped = DefinitionStrategy.Changed(value, node => Shape(node, schema, true));
        return shaped.Equals(value) || Json.Line(shaped) == Json.Line(value) ? value : shaped;
    }

    public override void Validate(ApiObject value, FieldErrors errors) =>
        Check(Json.Encode(value), schema, "", errors);

    private static void Shape(JsonNode? node, JsonNode? schema, bool root)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
            {
                Shape(item, Child(schema, "items"), false);
            }
        }
        // Where the schema says nothing, everything stays.
        if (node is not JsonObject fields || schema is not JsonObject)
        {
            return;
        }
        var (known, more) = (Child(schema, "properties") as JsonObject,
            Child(schema, "additionalProperties"));
        var keep = more is not null
            || Plain(Child(schema, "x-kubernetes-preserve-unknown-fields")) == "true";
        foreach (var name in fields.Select(pair => pair.Key).ToList())
        {
            if (known?.ContainsKey(name) != true && !keep && !(root && own.Contains(name)))
            {
                fields.Remove(name);
            }
        }
        foreach (var (name, field) in known ?? [])
        {
            if (fields[name] is null && Child(field, "default") is { } value)
            {
                fields[name] = value.DeepClone();
            }
        }
        foreach (var (name, value) in fields)
        {
            Shape(value, Child(known, name) ?? more, false);
        }
    }

    private static void Check(JsonNode? value, JsonNode? schema, string at, FieldErrors errors)
    {
        if (value is null || schema is null)
        {
            return;
        }
        var (type, actual) = (Plain(Child(schema, "type")), TypeOf(value));
        if (type is not null && type != actual && !(type == "number" && actual == "integer")
            && Plain(Child(schema, "x-kubernetes-int-or-string")) != "true")
        {
            errors.InvalidText(at, actual,
                $"{at} in body must be of type {type}: \"{actual}\"");
            return;
        }
        if (value is JsonObject fields)
        {
            Fields(fields, schema, at, errors);
        }
        else if (value is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                Check(items[i], Child(schema, "items"), $"{at}[{i}]", errors);
            }
        }
        else
        {
            Single(value, schema, at, errors);
        }
    }

    private static void Fields(JsonObject fields, JsonNode schema, string at, FieldErrors errors)
    {
        string In(string name) => at.Length == 0 ? name : $"{at}.{name}";
        foreach (var name in Child(schema, "required") as JsonArray ?? [])
        {
            if (fields[$"{name}"] is null)
            {
                errors.Required(In($"{name}"));
            }
        }
        foreach (var (name, value) in fields)
        {
            var inner = Child(Child(schema, "properties"), name)
                ?? Child(schema, "additionalProperties");
            Check(value, at.Length == 0 && own.Contains(name) ? null : inner, In(name), errors);
        }
    }

    private static void Single(JsonNode value, JsonNode schema, string at, FieldErrors errors)
    {
        if (Child(schema, "enum") is JsonArray allowed
            && !allowed.Any(one => JsonNode.DeepEquals(one, value)))
        {
            errors.NotSupported(at, Show(value), [.. allowed.Select(one => $"{one}")]);
        }
        if (Number(value) is { } number)
        {
            if (Number(Child(schema, "minimum")) is { } least && number < least)
            {
                errors.Invalid(at, number, FormattableString.Invariant(
                    $"{at} in body should be greater than or equal to {least}"));
            }
            if (Number(Child(schema, "maximum")) is { } most && number > most)
            {
                errors.Invalid(at, number, FormattableString.Invariant(
                    $"{at} in body should be less than or equal to {most}"));
            }
        }
        else if (Plain(Child(schema, "pattern")) is { } pattern
            && !Regex.IsMatch($"{value}", pattern, RegexOptions.CultureInvariant))
        {
            errors.InvalidText(at, $"{value}", $"{at} in body should match '{pattern}'");
        }
    }

    private static string TypeOf(JsonNode value) => value.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.Object => "object",
        System.Text.Json.JsonValueKind.Array => "array",
        System.Text.Json.JsonValueKind.String => "string",
        System.Text.Json.JsonValueKind.Number => Number(value) is null ? "number" : "integer",
        _ => "boolean",
    };
}
