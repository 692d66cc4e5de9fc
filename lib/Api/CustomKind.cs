using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The kind that a CustomResourceDefinition defines.</summary>
public static class CustomKind
{
    /// <summary>What holds a definition that is being deleted until its objects are
    /// gone.</summary>
    public const string Cleanup = "customresourcecleanup.apiextensions.k8s.io";

    private static readonly string[] scalePaths =
        ["specReplicasPath", "statusReplicasPath", "labelSelectorPath"];

    /// <summary>The kind; null when the definition lacks its group, names or a version that is
    /// served.</summary>
    public static Kind? Of(ApiObject definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (Part(definition, "spec") is not { } spec || Text(spec, "group") is not { } group
            || !spec.TryGetProperty("names", out var names)
            || Text(names, "kind") is not { } kind || Text(names, "plural") is not { } plural)
        {
            return null;
        }
        var versions = Items(spec, "versions");
        var served = versions.FindAll(v => Is(v, "served"))
            .Select(v => Text(v, "name")).OfType<string>().ToSeq();
        var stored = versions.Find(v => Is(v, "storage"));
        return served.IsEmpty ? null : new()
        {
            Group = group, Version = Text(stored, "name") ?? served[0], Versions = served,
            Name = kind, Plural = plural,
            Singular = Text(names, "singular") ?? kind.ToLowerInvariant(),
            Namespaced = Text(spec, "scope") != "Cluster",
            ShortNames = Words(names, "shortNames"), Categories = Words(names, "categories"),
            Subresources = stored.ValueKind == JsonValueKind.Object
                && stored.TryGetProperty("subresources", out var parts)
                ? parts.EnumerateObject().Select(p => p.Name).ToSeq() : [],
            ScalePaths = stored.ValueKind == JsonValueKind.Object
                && stored.TryGetProperty("subresources", out var all)
                && all.TryGetProperty("scale", out var scale)
                ? scalePaths.Select(p => (Text(scale, p) ?? "")
                    .Split('.', StringSplitOptions.RemoveEmptyEntries).ToSeq()).ToSeq() : default,
        };
    }

    /// <summary>True when the API server serves what the definition defines.</summary>
    public static bool IsEstablished(ApiObject definition) => Is(definition, "Established");

    /// <summary>True when a condition of the definition holds.</summary>
    public static bool Is(ApiObject definition, string condition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return Part(definition, "status") is { } status && Items(status, "conditions")
            .Any(c => Text(c, "type") == condition && Text(c, "status") == "True");
    }

    /// <summary>A definition with a condition, in the place of one of that type; its time moves on
    /// only with its status.</summary>
    internal static ApiObject WithCondition(ApiObject definition, DateTime now, string type,
        string status, string reason, string message)
    {
        var fields = definition.Kept is { } kept ? new KeptFields(kept) : [];
        var all = fields.TryGetValue("status", out var had) ? JsonObject.Create(had)! : [];
        if (all["conditions"] is not JsonArray list)
        {
            all["conditions"] = list = [];
        }
        var old = list.FirstOrDefault(c => $"{c!["type"]}" == type);
        var made = new JsonObject
        {
            ["type"] = type, ["status"] = status,
            ["lastTransitionTime"] = old is not null && $"{old["status"]}" == status
                ? $"{old["lastTransitionTime"]}" : $"{(Time)now}",
            ["reason"] = reason, ["message"] = message,
        };
        if (old is null)
        {
            list.Add((JsonNode)made);
        }
        else
        {
            old.ReplaceWith(made);
        }
        fields["status"] = all.Deserialize<JsonElement>(Json.Options);
        return definition with { Kept = fields };
    }

    /// <summary>A known registry, and the kinds that some objects define.</summary>
    public static KindRegistry WithCustom(this KindRegistry kinds, IEnumerable<ApiObject> objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        return objects.Where(o => o.Kind.Equals(Kinds.CustomResourceDefinition)).Select(Of)
            .OfType<Kind>().Aggregate(kinds, (known, kind) => known.With(kind));
    }

    private static JsonElement? Part(ApiObject o, string name) =>
        o.Kept is { } kept && kept.TryGetValue(name, out var part)
        && part.ValueKind == JsonValueKind.Object ? part : null;

    private static string? Text(JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool Is(JsonElement e, string name) =>
        e.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static List<JsonElement> Items(JsonElement e, string name) =>
        e.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray()] : [];

    private static Seq<string> Words(JsonElement e, string name) =>
        Items(e, name).Select(w => w.GetString()).OfType<string>().ToSeq();
}
