using System.Text.Json.Nodes;

namespace KubeSim;

// Server-side apply: a PATCH whose body is a manifest, not a difference. The server knows who owns
// which field, and so what the manifest takes away; see FieldManagers.
//
// Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go.
public sealed partial class ApiServer
{
    private ApiResponse Apply(ApiRequest request, Payload.Patch patch, ApiObject old)
    {
        if (RefuseApply(request, patch.Body, old) is { } refusal)
        {
            return refusal;
        }
        var (value, managers) = FieldManagers.Apply(old, patch.Body.AsObject(), request,
            TypeOf(old.Kind), now());
        return Replace(request, Json.Decode(value, old.Kind), old, managers);
    }

    private ApiResponse CreateByApply(ApiRequest request, Payload.Patch patch)
    {
        if (RefuseApply(request, patch.Body, null) is { } refusal)
        {
            return refusal;
        }
        var path = request.Path;
        var (value, managers) = FieldManagers.Apply(null, patch.Body.AsObject(), request,
            TypeOf(path.Kind), now());
        var meta = value["metadata"] as JsonObject ?? [];
        value["metadata"] = meta.Parent is null ? meta : meta.DeepClone();
        value["metadata"]!["name"] = path.Name;
        return Create(request with
        {
            Path = path with { Name = "" },
            Body = new Payload.Typed(WithManagers(Json.Decode(value, path.Kind), managers)),
        });
    }

    private SchemaType? TypeOf(Kind kind) => Kinds.SchemaType(kind, kind.Version);

    private static Status? RefuseApply(ApiRequest request, JsonNode body, ApiObject? old)
    {
        if (request.Query.FieldManager is not { Length: > 0 })
        {
            var errors = new FieldErrors();
            errors.Required("fieldManager", "is required for apply patch");
            return errors.ToStatus("PatchOptions", "meta.k8s.io", "");
        }
        if (body is not JsonObject)
        {
            return ApiErrors.BadRequest("error decoding YAML: the patch is no object").Status;
        }
        var kind = request.Path.Kind;
        var version = ObjectRules.Plain(body["apiVersion"]);
        if (version is { Length: > 0 } && version != kind.ApiVersion)
        {
            return ApiErrors.BadRequest("Incorrect version specified in apply patch. Specified "
                + $"patch version: {version}, expected: {kind.ApiVersion}").Status;
        }
        if (body.At("metadata", "managedFields") is not null)
        {
            return ApiErrors.BadRequest("metadata.managedFields must be nil").Status;
        }
        if (ObjectRules.Plain(body.At("metadata", "name")) is { Length: > 0 } name
            && name != request.Path.Name)
        {
            return WrongName(name, request.Path.Name);
        }
        return old is null && ObjectRules.Plain(body.At("metadata", "uid")) is { Length: > 0 } uid
            ? ApiErrors.Conflict(kind, request.Path.Name, "uid mismatch: the provided object "
                + $"specified uid {uid}, and no existing object was found").Status
            : null;
    }

    /// <summary>A new state with those who own its fields, where account is kept of that.</summary>
    private ApiObject Owned(
        ApiRequest request, ApiObject value, ApiObject old, FieldManagers? managers)
    {
        if (managers is null && old.Metadata.Kept is null && value.Metadata.Kept is null)
        {
            return value;
        }
        managers ??= FieldManagers.Of(old.Metadata)
            ?.After(request, old, value, TypeOf(old.Kind), now());
        return WithManagers(value, managers);
    }

    private static ApiObject WithManagers(ApiObject value, FieldManagers? managers)
    {
        var meta = FieldManagers.Stamp(value.Metadata, managers);
        return ReferenceEquals(meta, value.Metadata) ? value : value with { Metadata = meta };
    }
}
