namespace KubeSim;

/// <summary>The API server's well-known refusals, in its own words.</summary>
/// <remarks>Models staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go.</remarks>
public static class ApiErrors
{
    /// <summary>404: there is no such object.</summary>
    public static ApiException NotFound(Kind kind, string name) =>
        Of(404, "NotFound", $"{kind.Resource} \"{name}\" not found", Details(kind, name));

    /// <summary>409: the name is taken.</summary>
    public static ApiException AlreadyExists(Kind kind, string name) => Of(409, "AlreadyExists",
        $"{kind.Resource} \"{name}\" already exists", Details(kind, name));

    /// <summary>409: the write met another state than the one that it expected.</summary>
    public static ApiException Conflict(Kind kind, string name, string why) => Of(409, "Conflict",
        $"Operation cannot be fulfilled on {kind.Resource} \"{name}\": {why}", Details(kind, name));

    /// <summary>409: somebody wrote the object since it was read.</summary>
    public static ApiException Modified(Kind kind, string name) => Conflict(kind, name,
        "the object has been modified; please apply your changes to the latest version and try "
        + "again");

    /// <summary>403: admission or authorisation said no.</summary>
    public static ApiException Forbidden(Kind kind, string name, string why) => Of(403, "Forbidden",
        $"{kind.Resource}{(name.Length == 0 ? "" : $" \"{name}\"")} is forbidden: {why}",
        Details(kind, name));

    /// <summary>400: the request cannot be read.</summary>
    public static ApiException BadRequest(string why) => Of(400, "BadRequest", why);

    /// <summary>410: the history that was asked for is compacted away.</summary>
    public static ApiException Expired(string why) => Of(410, "Expired", why);

    /// <summary>504: the server, or a store behind it, did not answer in time.</summary>
    public static ApiException Timeout(string why) => Of(504, "Timeout", why);

    /// <summary>500: the server failed.</summary>
    public static ApiException Internal(string why) => Of(500, "InternalError", why);

    /// <summary>A refusal of any code.</summary>
    public static ApiException Of(
        int code, string reason, string message, StatusDetails? details = null) =>
        new(new Status { Code = code, Reason = reason, Message = message, Details = details });

    private static StatusDetails Details(Kind kind, string name) => new()
    {
        Name = name.Length == 0 ? null : name,
        Group = kind.Group.Length == 0 ? null : kind.Group,
        Kind = kind.Plural,
    };
}
