using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>API objects as JSON and YAML, in the forms that Kubernetes writes.</summary>
public static class Json
{
    /// <summary>The options that read and write API objects; use them for parts too.</summary>
    public static JsonSerializerOptions Options { get; } = MakeOptions();

    /// <summary>An object as a JSON tree: apiVersion and kind first, the rest in declared order,
    /// unset fields left out.</summary>
    public static JsonObject Encode(ApiObject apiObject) =>
        JsonSerializer.SerializeToNode(apiObject, apiObject.GetType(), Options)!.AsObject();

    /// <summary>Writes an object where a writer stands.</summary>
    public static void Write(Utf8JsonWriter writer, ApiObject apiObject) =>
        JsonSerializer.Serialize(writer, apiObject, apiObject.GetType(), Options);

    /// <summary>An object as one line of JSON.</summary>
    public static string Line(ApiObject apiObject) =>
        JsonSerializer.Serialize(apiObject, apiObject.GetType(), Options);

    /// <summary>Reads an object from a JSON tree. Fields that the kind does not have are dropped,
    /// as the API server does unless asked to be strict.</summary>
    /// <exception cref="ApiException">400: a value has the wrong type; in the server's
    /// words.</exception>
    public static ApiObject Decode(JsonNode node, Kind kind)
    {
        try
        {
            var known = kind.Type == typeof(Unstructured) && kind.SchemaType is not null
                ? Known(node.AsObject(), kind) : node.AsObject();
            var stored = ManifestConversion.ToStored(known, kind);
            return kind.Type == typeof(Unstructured)
                ? DecodeUnstructured(stored, kind)
                : (ApiObject)stored.Deserialize(kind.Type, Options)!;
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            var version = VersionOf(node, kind);
            var problem = node is not JsonObject ? null
                : SchemaCheck.Run(node, kind, version).FirstOrDefault(p => !p.IsUnknown);
            var why = problem?.Message ?? e.Message;
            throw ApiErrors.BadRequest($"{SchemaCheck.Refusal(kind, version)}{why}");
        }
    }

    /// <summary>Reads an object of a built-in kind from a JSON tree, as the other form
    /// does.</summary>
    public static T Decode<T>(JsonNode node)
        where T : ApiObject => (T)Decode(node, Kinds.Of<T>());

    /// <summary>Reads an object as <c>fieldValidation=Strict</c> does: a field that the kind does
    /// not have is an error too.</summary>
    /// <exception cref="ApiException">400: with all unknown fields, or the wrong type.</exception>
    public static ApiObject DecodeStrict(JsonNode node, Kind kind)
    {
        var version = VersionOf(node, kind);
        var problems = node is JsonObject ? SchemaCheck.Run(node, kind, version) : [];
        if (problems.Count == 0)
        {
            return Decode(node, kind);
        }
        var why = problems.Find(p => !p.IsUnknown)?.Message
            ?? "strict decoding error: " + string.Join(", ", problems.Select(p => p.Message));
        throw ApiErrors.BadRequest(SchemaCheck.Refusal(kind, version) + why);
    }

    /// <summary>A tree as <c>kubectl -o json</c> prints it: keys sorted, four spaces.</summary>
    public static string Text(JsonNode? node) => JsonText.Write(node);

    /// <summary>An object as <c>kubectl -o json</c> prints it.</summary>
    public static string Text(ApiObject apiObject) => JsonText.Write(Encode(apiObject));

    /// <summary>A tree as one line with sorted keys, as kubectl keeps the manifest of the last
    /// apply in an annotation.</summary>
    public static string Compact(JsonNode? node) => JsonText.WriteLine(node);

    /// <summary>A tree as <c>kubectl -o yaml</c> prints it: keys sorted, lists not
    /// indented.</summary>
    public static string ToYaml(JsonNode? node) => JsonYaml.Write(node);

    /// <summary>An object as <c>kubectl -o yaml</c> prints it.</summary>
    public static string ToYaml(ApiObject apiObject) => JsonYaml.Write(Encode(apiObject));

    /// <summary>The paths of the fields that survive a round trip but have no effect here, in
    /// order: <c>spec.template.spec.hostAliases</c>.</summary>
    public static Seq<string> KeptPaths(ApiObject apiObject)
    {
        var paths = new List<string>();
        JsonKept.Walk(apiObject, "", paths);
        return [.. paths];
    }

    /// <summary>A status as the API server sends it: with its kind, and Success or
    /// Failure.</summary>
    public static JsonObject Encode(Status status)
    {
        var node = new JsonObject
        {
            ["kind"] = nameof(Status),
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = status.IsSuccess ? "Success" : "Failure",
        };
        foreach (var (key, value) in JsonSerializer.SerializeToNode(status, Options)!.AsObject())
        {
            node[key] = value?.DeepClone();
        }
        return node;
    }

    internal static bool IsUnreadable(Exception e) => e is JsonException or FormatException
        or InvalidOperationException or OverflowException or ArgumentException;

    // A built-in kind without a record: its schema says what a record would refuse or drop.
    private static JsonObject Known(JsonObject node, Kind kind)
    {
        var copy = node.DeepClone().AsObject();
        foreach (var problem in SchemaCheck.Run(copy, kind, VersionOf(node, kind)))
        {
            if (!problem.IsUnknown)
            {
                throw new FormatException(problem.Message);
            }
            (problem.Parent as JsonObject)?.Remove(problem.Key);
        }
        return copy;
    }

    private static string VersionOf(JsonNode node, Kind kind) =>
        node is JsonObject map
            && ManifestDocument.Text(map, "apiVersion") is { Length: > 0 } text
                ? text[(text.IndexOf('/') + 1)..]
            : kind.Version;

    private static Unstructured DecodeUnstructured(JsonObject node, Kind kind)
    {
        KeptFields? kept = null;
        var metadata = ObjectMeta.None;
        foreach (var (name, value) in node)
        {
            if (value is null || name is "apiVersion" or "kind")
            {
                continue;
            }
            if (name == "metadata")
            {
                metadata = value.Deserialize<ObjectMeta>(Options)!;
            }
            else
            {
                (kept ??= [])[name] = value.Deserialize<JsonElement>(Options);
            }
        }
        return new Unstructured(kind) { Metadata = metadata, Kept = kept };
    }

    private static JsonSerializerOptions MakeOptions()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            MaxDepth = 256, // The schemas of custom kinds nest deeply.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters =
            {
                new RecordConverterFactory(),
                new RevisionConverter(),
                new TimeConverter(),
                new MicroTimeConverter(),
            },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
