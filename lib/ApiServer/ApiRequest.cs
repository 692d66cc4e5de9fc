using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What a request does with a resource.</summary>
public enum Verb
{
    /// <summary>Reads one object.</summary>
    Get,

    /// <summary>Reads the objects of a namespace, or of all.</summary>
    List,

    /// <summary>Follows the changes of objects.</summary>
    Watch,

    /// <summary>Stores a new object.</summary>
    Create,

    /// <summary>Replaces an object.</summary>
    Update,

    /// <summary>Changes parts of an object.</summary>
    Patch,

    /// <summary>Deletes one object.</summary>
    Delete,

    /// <summary>Deletes the objects of a list.</summary>
    DeleteCollection,
}

/// <summary>The verbs by name.</summary>
public static class Verbs
{
    // The order of the enumeration.
    private static readonly Seq<string> names =
        ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

    extension(Verb verb)
    {
        /// <summary>The verb as rules write it: <c>deletecollection</c>.</summary>
        public string Name => names[(int)verb];

        /// <summary>True for a verb that changes nothing.</summary>
        public bool Reads => verb is Verb.Get or Verb.List or Verb.Watch;
    }
}

/// <summary>A request to the API server, already split into its parts: a client inside the process
/// builds no text and parses none.</summary>
/// <param name="Verb">What to do.</param>
/// <param name="Path">With which object, list or subresource.</param>
public sealed record ApiRequest(Verb Verb, ResourcePath Path)
{
    /// <summary>Who asks; the cluster's administrator unless somebody says otherwise.</summary>
    public UserInfo User { get; init; } = UserInfo.Admin;

    /// <summary>A bearer token, which then says who asks; null for a client that the connection
    /// itself names, by its certificate.</summary>
    public string? Token { get; init; }

    /// <summary>The one to act as: what the headers <c>Impersonate-User</c> and
    /// <c>Impersonate-Group</c> say; null for oneself.</summary>
    public UserInfo? Impersonate { get; init; }

    /// <summary>What is sent along: an object or a patch.</summary>
    public Payload? Body { get; init; }

    /// <summary>The options that a URL gives after its question mark.</summary>
    public Query Query { get; init; } = Query.None;

    /// <summary>How to delete; null for the defaults of the kind.</summary>
    public DeleteOptions? Delete { get; init; }
}

/// <summary>The options of a request as a URL writes them; null or 0 is unset.</summary>
public sealed record Query
{
    /// <summary>No options.</summary>
    public static Query None { get; } = new();

    /// <summary>Labels that objects of a list must have, such as <c>app=web,tier in
    /// (a,b)</c>.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Fields that objects of a list must have, such as
    /// <c>spec.nodeName=node-1</c>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>The most objects that one answer of a list may hold; 0 means all.</summary>
    public long Limit { get; init; }

    /// <summary>Where a list goes on, as the answer before gave it.</summary>
    public string? Continue { get; init; }

    /// <summary>The revision that a read must have seen, or a watch starts after.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary><c>Exact</c> or <c>NotOlderThan</c>.</summary>
    public string? ResourceVersionMatch { get; init; }

    /// <summary>True when a watch also wants to be told how far it has read.</summary>
    public bool AllowWatchBookmarks { get; init; }

    /// <summary>Whether a watch starts with what there is; null leaves it to
    /// <see cref="ResourceVersion"/>.</summary>
    public bool? SendInitialEvents { get; init; }

    /// <summary><c>All</c>: go through every stage and store nothing.</summary>
    public string? DryRun { get; init; }

    /// <summary>The name under which server-side apply notes what it owns.</summary>
    public string? FieldManager { get; init; }

    /// <summary>What to do with unknown fields: <c>Strict</c>, <c>Warn</c> or
    /// <c>Ignore</c>.</summary>
    public string? FieldValidation { get; init; }

    /// <summary>True when server-side apply may take fields from other owners.</summary>
    public bool Force { get; init; }
}

/// <summary>How to delete: grace, what becomes of dependents, and what must still be
/// true.</summary>
public sealed record DeleteOptions
{
    /// <summary>The defaults of every kind.</summary>
    public static DeleteOptions None { get; } = new();

    /// <summary>The grace in seconds; 0 deletes at once; null leaves it to the object.</summary>
    public long? GracePeriodSeconds { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>; null for
    /// Background.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary>The UID that the object must have; null for any.</summary>
    public string? Uid { get; init; }

    /// <summary>The resourceVersion that the object must have; null for any.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>The options that a body gives; null for no body.</summary>
    internal static DeleteOptions? Read(JsonNode? body) => body is not JsonObject ? null : new()
    {
        GracePeriodSeconds = ObjectRules.Number(ObjectRules.Child(body, "gracePeriodSeconds")),
        PropagationPolicy = ObjectRules.Plain(ObjectRules.Child(body, "propagationPolicy")),
        Uid = ObjectRules.Plain(body.At("preconditions", "uid")),
        ResourceVersion = ObjectRules.Plain(body.At("preconditions", "resourceVersion")),
    };
}

/// <summary>The media types of a patch.</summary>
public enum PatchKind
{
    /// <summary><c>application/json-patch+json</c>: a list of operations.</summary>
    Json,

    /// <summary><c>application/merge-patch+json</c>: null deletes, lists are replaced.</summary>
    Merge,

    /// <summary><c>application/strategic-merge-patch+json</c>: lists merge by their keys.</summary>
    StrategicMerge,

    /// <summary><c>application/apply-patch+yaml</c>: server-side apply.</summary>
    Apply,
}

/// <summary>What a request carries.</summary>
public abstract record Payload
{
    private Payload()
    {
    }

    /// <summary>An object as it is: nothing to decode.</summary>
    public sealed record Typed(ApiObject Object) : Payload;

    /// <summary>An object as JSON.</summary>
    public sealed record Json(JsonNode Node) : Payload;

    /// <summary>An object as the text of JSON, perhaps malformed.</summary>
    public sealed record Text(string Value) : Payload;

    /// <summary>A patch.</summary>
    public sealed record Patch(PatchKind Kind, JsonNode Body) : Payload;
}
