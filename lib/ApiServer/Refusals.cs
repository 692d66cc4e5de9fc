using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Refusals that only the API server itself makes, in the real one's words; those that
/// every component may meet are in <see cref="ApiErrors"/>.</summary>
internal static class Refusals
{
    public static Status NoSuchResource { get; } = ApiErrors.Of(404, "NotFound",
        "the server could not find the requested resource", new()).Status;

    public static Status MethodNotAllowed { get; } = ApiErrors.Of(405, "MethodNotAllowed",
        "the server does not allow this method on the requested resource", new()).Status;

    public static Status DefinitionTerminates { get; } = ApiErrors.Of(405, "MethodNotAllowed",
        "create not allowed while custom resource definition is terminating", new()).Status;

    public static Status UnsupportedMediaType { get; } = ApiErrors.Of(415,
        "UnsupportedMediaType", "415: Unsupported Media Type", new()).Status;

    public static Status UnknownFormat { get; } = ApiErrors.Of(415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        + "application/json, application/yaml, application/vnd.kubernetes.protobuf").Status;

    public static Status NotAcceptable { get; } = ApiErrors.Of(406, "NotAcceptable",
        "only the following media types are accepted: application/json, application/yaml, "
        + "application/vnd.kubernetes.protobuf").Status;

    // Of kinds that have no protocol buffers.
    public static Status NoProtobuf { get; } = ApiErrors.Of(406, "NotAcceptable",
        "only the following media types are accepted: application/json, application/yaml").Status;

    public static Status NoProtobufSent { get; } = ApiErrors.Of(415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        + "application/json, application/yaml").Status;

    public static Status TooLarge(int limit) => ApiErrors.Of(413, "RequestEntityTooLarge",
        FormattableString.Invariant($"Request entity too large: limit is {limit}")).Status;

    /// <summary>504: no member of etcd answers.</summary>
    public static Status EtcdUnreachable { get; } = ApiErrors.Timeout("Timeout: request did not "
        + "complete within requested timeout - context deadline exceeded").Status;

    public static Status WrongNamespace { get; } = ApiErrors.BadRequest("the namespace of the "
        + "provided object does not match the namespace sent on the request").Status;

    // The real server fails here rather than refusing: 500, and no reason.
    public static Status VersionOnCreate { get; } = new()
    {
        Code = 500,
        Message = "resourceVersion should not be set on objects to be created",
    };

    public static Status BadVersion(string text) => new()
    {
        Code = 500,
        Message = $"resourceVersion: Invalid value: {FieldErrors.Quote(text)}: "
            + $"strconv.ParseUint: parsing {FieldErrors.Quote(text)}: invalid syntax",
    };

    public static Status VersionTooLarge(string asked, Revision head) =>
        ApiErrors.Of(504, "Timeout",
        $"Timeout: Too large resource version: {asked}, current: {head}", new()
        {
            Causes =
            [
                new()
                {
                    Reason = "ResourceVersionTooLarge",
                    Message = "Too large resource version",
                },
            ],
            RetryAfterSeconds = 1,
        }).Status;

    public static Status WatchTooOld(string asked, Revision oldest) =>
        ApiErrors.Expired($"too old resource version: {asked} ({oldest})").Status;

    public static Status ListTooOld { get; } =
        ApiErrors.Expired("The resourceVersion for the provided list is too old.").Status;

    /// <summary>410 with a token in its metadata, for clients that rather go on inconsistently than
    /// start anew.</summary>
    public static Status ContinueTooOld(string token)
    {
        var status = ApiErrors.Expired("The provided continue parameter is too old to display a "
            + "consistent list result. You can start a new list without the continue parameter, or "
            + "use the continue token in this response to retrieve the remainder of the results. "
            + "Continuing with the provided token results in an inconsistent list - objects that "
            + "were created, modified, or deleted between the time the first chunk was returned "
            + "and now may show up in the list.").Status;
        var meta = new JsonObject { ["continue"] = token };
        return status with
        {
            Kept = new() { ["metadata"] = JsonSerializer.SerializeToElement(meta) },
        };
    }

    /// <summary>409: a precondition of a request names another object than the stored
    /// one.</summary>
    public static Status Precondition(Kind kind, string name, string why) =>
        ApiErrors.Of(409, "Conflict", $"Operation cannot be fulfilled on {kind.Qualified} "
            + $"\"{name}\": {why}", new()
            {
                Name = name,
                Group = kind.Group.Length == 0 ? null : kind.Group,
                Kind = kind.Name,
            }).Status;

    public static Status WrongUid(Kind kind, string name, string asked, string stored) =>
        Precondition(kind, name, $"the UID in the precondition ({asked}) does not match the UID in "
            + $"record ({stored}). The object might have been deleted and then recreated");

    public static Status WrongVersion(Kind kind, string name, string asked, Revision stored) =>
        Precondition(kind, name, $"the ResourceVersion in the precondition ({asked}) does not "
            + "match "
            + $"the ResourceVersion in record ({stored}). The object might have been modified");

    /// <summary>429: an eviction would leave less than a budget wants.</summary>
    public static Status WouldDisrupt(string why, int? retryAfterSeconds) => ApiErrors.Of(429,
        "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
        new()
        {
            Causes = [new() { Reason = "DisruptionBudget", Message = why }],
            RetryAfterSeconds = retryAfterSeconds,
        }).Status;

    public static Status NoUniqueName(Kind kind, string name) => ApiErrors.Of(409, "AlreadyExists",
        $"{kind.Resource} \"{name}\" already exists, the server was not able to generate a unique "
        + "name for the object", new()
        {
            Name = name,
            Group = kind.Group.Length == 0 ? null : kind.Group,
            Kind = kind.Plural,
            RetryAfterSeconds = 1,
        }).Status;

    /// <summary>200: done, and nothing to show but what it was done to.</summary>
    public static Status Deleted(ApiObject last) => new()
    {
        Code = 200,
        Details = new()
        {
            Name = last.Metadata.Name,
            Group = last.Kind.Group.Length == 0 ? null : last.Kind.Group,
            Kind = last.Kind.Plural,
            Uid = last.Metadata.Uid,
        },
    };
}
