using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;

namespace KubeSim;

/// <summary>What a client sends along: from text to a tree, and what is odd about it without being
/// wrong. Of a field that stands there twice the last one counts.</summary>
/// <remarks>Models sigs.k8s.io/json and staging/src/k8s.io/apiserver/pkg/endpoints/handlers.
/// </remarks>
internal static class HttpBody
{
    private const int MostWarnings = 100;

    /// <summary>The tree of a text; null when it is none.</summary>
    /// <param name="text">JSON or YAML.</param>
    /// <param name="yaml">True for YAML.</param>
    /// <param name="twice">The fields that stand there twice, as warnings.</param>
    public static JsonNode? Tree(string text, bool yaml, out Seq<string> twice)
    {
        twice = [];
        try
        {
            if (yaml)
            {
                return ManifestYaml.Read(text, 1).FirstOrDefault()?.Root;
            }
            var found = new List<string>();
            using var document = JsonDocument.Parse(text, new() { MaxDepth = 256 });
            var tree = Node(document.RootElement, "", found);
            twice = [.. found];
            return tree;
        }
        catch (Exception e) when (e is YamlException || Json.IsUnreadable(e))
        {
            return null;
        }
    }

    /// <summary>A text without half characters, which nothing could write.</summary>
    public static string Whole(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>What the server says to a write that it obeys although fields of it mean
    /// nothing.</summary>
    public static Seq<string> Warnings(
        ApiRequest request, JsonNode? body, Seq<string> twice, string apiVersion) =>
        request.Query.FieldValidation is null or "" or "Warn"
            ? [.. Odd(request, body, apiVersion).Concat(twice).Take(MostWarnings)] : [];

    /// <summary>422: a patch that asks for strictness sets unknown fields; null when there are
    /// none.</summary>
    public static Status? RefusePatch(
        ApiRequest request, PatchKind kind, JsonNode body, Seq<string> twice, string apiVersion)
    {
        if (request.Query.FieldValidation != "Strict"
            || Odd(request, body, apiVersion).Concat(twice).ToSeq() is not { IsEmpty: false } odd)
        {
            return null;
        }
        var errors = new FieldErrors();
        errors.InvalidText("patch", kind == PatchKind.StrategicMerge ? GoText(body)
            : Json.Compact(body), "strict decoding error: " + string.Join(", ", odd));
        return errors.ToStatus("", "", "");
    }

    // Unknown fields. Setting one to null is nothing, as is a directive.
    private static IEnumerable<string> Odd(
        ApiRequest request, JsonNode? body, string apiVersion) =>
        body is not JsonObject || request.Path.Subresource is not (null or "" or "status") ? []
            : SchemaCheck.Run(body, request.Path.Kind, apiVersion.Split('/')[^1])
                .Where(p => p.IsUnknown && !p.Key.StartsWith('$') && p.Parent[p.Key] is not null)
                .Select(p => p.Message);

    // A tree as Go prints a map: map[a:1 b:[x y]].
    private static string GoText(JsonNode? node) => node switch
    {
        null => "<nil>",
        JsonObject map => $"map[{string.Join(' ', map.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => $"{p.Key}:{GoText(p.Value)}"))}]",
        JsonArray list => $"[{string.Join(' ', list.Select(GoText))}]",
        _ => node.ToString(),
    };

    /// <summary>How to delete, as the body says, or without one the URL; the answer is null, or
    /// the refusal.</summary>
    public static Status? Deletion(
        bool sent, JsonNode? body, HttpOptions options, ref ApiRequest request)
    {
        if (!sent)
        {
            if (options.Number("gracePeriodSeconds", out var grace) is { } wrong)
            {
                return wrong;
            }
            body = Sent(options, grace);
        }
        if (body is not JsonObject map)
        {
            return new()
            {
                Code = 500,
                Message = "couldn't get version/kind; json parse error: unexpected end of JSON "
                    + "input",
            };
        }
        if (map["orphanDependents"] is JsonValue orphan && orphan.TryGetValue(out bool orphans))
        {
            if (map["propagationPolicy"] is { } policy)
            {
                var errors = new FieldErrors();
                errors.InvalidText("propagationPolicy", $"{policy}",
                    "orphanDependents and deletionPropagation cannot be both set");
                return errors.ToStatus("DeleteOptions", "meta.k8s.io", "");
            }
            map["propagationPolicy"] = orphans ? "Orphan" : "Background";
        }
        request = request with { Delete = DeleteOptions.Read(map) };
        if (ObjectRules.Child(map, "dryRun") is JsonArray { Count: > 0 } dry)
        {
            request = request with
            {
                Query = request.Query with { DryRun = ObjectRules.Plain(dry[0]) },
            };
        }
        return null;
    }

    private static JsonObject Sent(HttpOptions options, long? grace)
    {
        var body = new JsonObject();
        if (grace is not null)
        {
            body["gracePeriodSeconds"] = grace;
        }
        if (options["orphanDependents"] is not null)
        {
            body["orphanDependents"] = options.Is("orphanDependents");
        }
        if (options["propagationPolicy"] is { Length: > 0 } policy)
        {
            body["propagationPolicy"] = policy;
        }
        return body;
    }

    private static JsonNode? Node(JsonElement element, string path, List<string> twice)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new JsonObject();
                foreach (var field in element.EnumerateObject())
                {
                    var at = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
                    if (map.ContainsKey(field.Name))
                    {
                        twice.Add($"duplicate field \"{at}\"");
                    }
                    map[field.Name] = Node(field.Value, at, twice);
                }
                return map;
            case JsonValueKind.Array:
                var list = new JsonArray();
                foreach (var item in element.EnumerateArray())
                {
                    list.Add(Node(item, FormattableString.Invariant($"{path}[{list.Count}]"),
                        twice));
                }
                return list;
            case JsonValueKind.Null:
                return null;
            default:
                return JsonValue.Create(element.Clone());
        }
    }
}
