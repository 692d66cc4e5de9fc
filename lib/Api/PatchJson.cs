using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The JSON patch of RFC 6902: a list of operations, all or none of which are carried out.
/// </summary>
/// <remarks>Models the API server's use of evanphx/json-patch: whatever goes wrong with an
/// operation, the answer is the same 422 without a reason; only a patch that is no list is told
/// apart.</remarks>
public static class JsonPatch
{
    /// <summary>The tree after a patch; the tree itself is not changed.</summary>
    /// <exception cref="ApiException">400: the patch is no list of operations; 422: an operation
    /// names what is not there, or a test fails.</exception>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
        {
            throw ApiErrors.BadRequest("error decoding patch: json: cannot unmarshal "
                + $"{SayKind(patch)} into Go value of type []handlers.jsonPatchOp");
        }
        var root = target?.DeepClone();
        foreach (var operation in operations)
        {
            root = Run(root, operation as JsonObject ?? throw Refused());
        }
        return root;
    }

    private static JsonNode? Run(JsonNode? root, JsonObject operation)
    {
        var path = Steps(Text(operation, "path"));
        switch (Text(operation, "op"))
        {
            case "add":
                return Add(root, path, Value(operation));
            case "remove":
                return Remove(root, path, out _);
            case "replace":
                return Add(Remove(root, path, out _), path, Value(operation));
            case "move":
                var rest = Remove(root, Steps(Text(operation, "from")), out var moved);
                return Add(rest, path, moved);
            case "copy":
                return Add(root, path, Find(root, Steps(Text(operation, "from")))?.DeepClone());
            case "test":
                return JsonNode.DeepEquals(Find(root, path), Value(operation))
                    ? root
                    : throw Refused();
            default:
                throw Refused();
        }
    }

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
        {
            return value;
        }
        switch (Find(root, path[..^1]))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list:
                list.Insert(path[^1] == "-" ? list.Count : Index(path[^1], list.Count), value);
                break;
            default:
                throw Refused();
        }
        return root;
    }

    private static JsonNode? Remove(JsonNode? root, string[] path, out JsonNode? removed)
    {
        removed = Find(root, path);
        if (path.Length == 0)
        {
            return null;
        }
        switch (Find(root, path[..^1]))
        {
            case JsonObject map: map.Remove(path[^1]); break;
            case JsonArray list: list.RemoveAt(Index(path[^1], list.Count - 1)); break;
            default: throw Refused();
        }
        return root;
    }

    private static JsonNode? Find(JsonNode? root, string[] path)
    {
        var node = root;
        foreach (var step in path)
        {
            node = node switch
            {
                JsonObject map when map.TryGetPropertyValue(step, out var value) => value,
                JsonArray list => list[Index(step, list.Count - 1)],
                _ => throw Refused(),
            };
        }
        return node;
    }

    private static int Index(string step, int most) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && index <= most && (step.Length == 1 || step[0] != '0')
            ? index
            : throw Refused();

    private static string[] Steps(string pointer) =>
        pointer.Length == 0 ? []
        : pointer[0] != '/' ? throw Refused()
        : Array.ConvertAll(pointer[1..].Split('/'), s => s.Replace("~1", "/").Replace("~0", "~"));

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out var value)
            ? value?.DeepClone()
            : throw Refused();

    private static string Text(JsonObject operation, string key) =>
        ManifestDocument.Text(operation, key) ?? throw Refused();

    private static string SayKind(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "null",
    };

    private static ApiException Refused() => ApiErrors.Of(422, "Invalid",
        "the server rejected our request due to an error in our request", new StatusDetails());
}
