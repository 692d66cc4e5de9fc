using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

// From what a request carries to an object. A typed object is taken as it is.
//
// Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,patch}.go.
public sealed partial class ApiServer
{
    private static Status? Decode(ApiRequest request, out ApiObject value) =>
        Decode(request, request.Path.Kind, out value);

    private static Status? Decode(ApiRequest request, Kind kind, out ApiObject value)
    {
        switch (request.Body)
        {
            case Payload.Typed { Object: { } typed }:
                value = typed;
                return typed.Kind.Equals(kind) ? null : WrongKind(
                    kind, typed.Kind.ApiVersion, typed.Kind.Name);
            case Payload.Json { Node: { } node }:
                return Decode(node, kind, request.Query.FieldValidation, out value);
            case Payload.Text { Value: { } text }:
                value = null!;
                return Read(text, kind, out var read)
                    ?? Decode(read!, kind, request.Query.FieldValidation, out value);
            default:
                value = null!;
                return ApiErrors.BadRequest(
                    $"the request needs an object of kind {kind.Name}").Status;
        }
    }

    private static Status? Decode(JsonNode node, Kind kind, string? strictness, out ApiObject value)
    {
        value = null!;
        if (node is not JsonObject)
        {
            return Unrecognised(kind, node, "cannot unmarshal "
                + $"{SchemaCheck.Say(node, "")} into Go value of type struct {{ APIVersion string; "
                + "Kind string }");
        }
        foreach (var field in (string[])["apiVersion", "kind"])
        {
            if (node[field] is { } odd && odd.GetValueKind() != JsonValueKind.String)
            {
                return Unrecognised(kind, node, $"cannot unmarshal {SchemaCheck.Say(odd, "")} into "
                    + $"Go struct field .{field} of type string");
            }
        }
        var version = ObjectRules.Plain(node["apiVersion"]) ?? kind.ApiVersion;
        var name = ObjectRules.Plain(node["kind"]) ?? kind.Name;
        var group = version.Contains('/') ? version[..version.IndexOf('/')] : "";
        if (name != kind.Name || group != kind.Group)
        {
            return WrongKind(kind, version, name);
        }
        value = strictness == "Strict" ? Json.DecodeStrict(node, kind) : Json.Decode(node, kind);
        return null;
    }

    private static Status Unrecognised(Kind kind, JsonNode node, string why) =>
        ApiErrors.BadRequest($"the object provided is unrecognized (must be of type {kind.Name}): "
            + $"couldn't get version/kind; json parse error: json: {why} ({Json.Compact(node)})")
            .Status;

    private static Status? Read(string text, Kind kind, out JsonNode? node)
    {
        node = null;
        try
        {
            node = JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // Said below: a malformed body and an empty one are one refusal.
        }
        return node is not null ? null : ApiErrors.BadRequest("the object provided is unrecognized "
            + $"(must be of type {kind.Name}): couldn't get version/kind; json parse error: "
            + $"unexpected end of JSON input ({text})").Status;
    }

    private static Status WrongKind(Kind kind, string version, string name)
    {
        var slash = version.IndexOf('/');
        var bare = version[(slash + 1)..];
        var package = kind.Group.Length == 0 ? "core" : kind.Group.Split('.')[0];
        return ApiErrors.BadRequest($"{name} in version \"{bare}\" cannot be handled as a "
            + $"{kind.Name}: converting ({bare}.{name}) to ({package}.{kind.Name}): "
            + "unknown conversion").Status;
    }

    /// <summary>An object with a patch applied to it.</summary>
    /// <exception cref="ApiException">The patch is no patch, or does not fit the
    /// object.</exception>
    private ApiObject Patched(ApiObject old, Payload.Patch patch)
    {
        var node = Json.Encode(old);
        var patched = patch.Kind switch
        {
            PatchKind.Json => JsonPatch.Apply(node, patch.Body),
            PatchKind.Merge => MergePatch.Apply(node, patch.Body),
            _ => Merged(node, patch, old.Kind),
        };
        return Json.Decode(patched ?? throw ApiErrors.BadRequest("the patch leaves no object"),
            old.Kind);
    }

    private JsonObject Merged(JsonObject node, Payload.Patch patch, Kind kind)
    {
        var type = Kinds.SchemaType(kind, kind.Version);
        if (type is null)
        {
            throw ApiErrors.Of(415, "UnsupportedMediaType", "the body of the request was in an "
                + "unknown format - accepted media types include: application/json-patch+json, "
                + "application/merge-patch+json, application/apply-patch+yaml");
        }
        return patch.Body is JsonObject body
            ? StrategicMerge.Apply(node, body, type)
            : throw ApiErrors.BadRequest("error decoding patch: the patch is no object");
    }
}
