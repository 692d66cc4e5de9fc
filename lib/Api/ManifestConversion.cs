using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Objects of one kind in its several versions: from the form that a client speaks to the one in
/// which the kind is stored, and back.
/// <para>Only autoscaling differs in more than its name. Version 1 has one number where version 2
/// has a list of metrics, and what it has no place for it keeps in annotations: the behaviour and
/// the conditions. (The real one has there the other metrics too, in a third form; here they are
/// not seen in version 1, and a whole object written in it drops them.)</para>
/// Models pkg/apis/autoscaling/v1/conversion.go.
/// </summary>
internal static class ManifestConversion
{
    private const string Percentage = "targetCPUUtilizationPercentage";
    private const string Path = $"/spec/{Percentage}";
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";

    // A field that version 1 keeps as text in an annotation, and the part in which it stands.
    private static readonly (string Part, string Field)[] hidden =
        [("spec", "behavior"), ("status", "conditions")];

    /// <summary>An object, or a patch that merges, as it is stored. The node is not
    /// changed.</summary>
    /// <param name="node">The object or the patch.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="apiVersion">The version that it speaks; null for the one that it
    /// names.</param>
    public static JsonObject ToStored(JsonObject node, Kind kind, string? apiVersion = null)
    {
        if (!IsOld(kind, apiVersion ?? ManifestDocument.Text(node, "apiVersion")))
        {
            return node;
        }
        var converted = node.DeepClone().AsObject();
        if (converted.ContainsKey("apiVersion"))
        {
            converted["apiVersion"] = kind.ApiVersion;
        }
        if (converted["spec"] is JsonObject spec && spec.Remove(Percentage, out var percentage))
        {
            spec["metrics"] = Metrics(percentage);
        }
        if (converted["metadata"] is JsonObject meta && meta["annotations"] is JsonObject notes)
        {
            foreach (var (part, field) in hidden)
            {
                if (notes.Remove(Prefix + field, out var text) && text is JsonValue value
                    && Parsed(value) is { } tree)
                {
                    var owner = converted[part] as JsonObject ?? [];
                    owner[field] = tree;
                    converted[part] = owner;
                }
            }
        }
        return converted;
    }

    /// <summary>A patch of any kind as it applies to what is stored.</summary>
    public static JsonNode PatchToStored(JsonNode patch, Kind kind, string apiVersion)
    {
        if (patch is not JsonArray list || !IsOld(kind, apiVersion))
        {
            return patch is JsonObject node ? ToStored(node, kind, apiVersion) : patch;
        }
        var operations = list.DeepClone().AsArray();
        foreach (var operation in operations)
        {
            if (operation is JsonObject o && ManifestDocument.Text(o, "path") == Path)
            {
                o["path"] = "/spec/metrics";
                if (o.Remove("value", out var value))
                {
                    o["value"] = Metrics(value);
                }
            }
        }
        return operations;
    }

    /// <summary>What is stored, in another served version. The node is changed.</summary>
    public static JsonObject ToServed(JsonObject node, Kind kind, string apiVersion)
    {
        if (apiVersion == kind.ApiVersion)
        {
            return node;
        }
        if (node.ContainsKey("apiVersion"))
        {
            node["apiVersion"] = apiVersion;
        }
        if (!IsOld(kind, apiVersion))
        {
            return node;
        }
        foreach (var (part, field) in hidden)
        {
            if (node[part] is JsonObject owner && owner.Remove(field, out var value)
                && value is not null)
            {
                var notes = node["metadata"]!["annotations"] ??= new JsonObject();
                notes[Prefix + field] = Json.Compact(value);
            }
        }
        Shorten(node["spec"], "metrics", "target", Percentage);
        Shorten(node["status"], "currentMetrics", "current", "currentCPUUtilizationPercentage");
        return node;
    }

    private static bool IsOld(Kind kind, string? apiVersion) =>
        kind is { Group: "autoscaling", Name: "HorizontalPodAutoscaler" }
            && apiVersion == "autoscaling/v1";

    private static JsonArray? Metrics(JsonNode? percentage) => percentage is null ? null
        : new(new JsonObject
        {
            ["type"] = "Resource",
            ["resource"] = new JsonObject
            {
                ["name"] = "cpu",
                ["target"] = new JsonObject
                {
                    ["type"] = "Utilization",
                    ["averageUtilization"] = percentage,
                },
            },
        });

    // Of a list of metrics the share of the CPU.
    private static void Shorten(JsonNode? part, string list, string inner, string name)
    {
        if (part is JsonObject owner && owner.Remove(list, out var metrics))
        {
            var share = (metrics as JsonArray)?.Select(metric => metric!["resource"])
                .FirstOrDefault(r => $"{r?["name"]}" == "cpu")?[inner]?["averageUtilization"];
            if (share is not null)
            {
                owner[name] = share.DeepClone();
            }
        }
    }

    private static JsonNode? Parsed(JsonValue text)
    {
        try
        {
            return JsonNode.Parse(text.ToString());
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
