using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

// The same door for those who come over HTTP: a method, a URL and a body in, a code and a body out.
// No socket is here; whoever has one calls Serve. What cannot become a request is refused here, in
// the order of the real handlers: no such path (404), method (405), what the client would accept
// (406), the size (413) and the type (415) of what it sends.
//
// Models staging/src/k8s.io/apiserver/pkg/endpoints/{installer,handlers}.
public sealed partial class ApiServer
{
    private const int MostBytes = 3 * 1024 * 1024;

    private static readonly Dictionary<string, PatchKind> patchTypes = new()
    {
        ["application/json-patch+json"] = PatchKind.Json,
        ["application/merge-patch+json"] = PatchKind.Merge,
        ["application/strategic-merge-patch+json"] = PatchKind.StrategicMerge,
        ["application/apply-patch+yaml"] = PatchKind.Apply,
    };

    /// <summary>Serves one request of an HTTP client: resources, discovery, <c>/version</c> and
    /// <c>/healthz</c>.</summary>
    public HttpAnswer Serve(HttpCall call) => Serve(call, Handle);

    /// <summary>Serves one request of an HTTP client.</summary>
    /// <param name="call">What the client sent.</param>
    /// <param name="handle">Who carries out what became a request of the API: a cluster keeps it
    /// in its journal.</param>
    public HttpAnswer Serve(HttpCall call, Func<ApiRequest, ApiResponse> handle)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(handle);
        var mark = call.Url.IndexOf('?', StringComparison.Ordinal);
        var path = mark < 0 ? call.Url : call.Url[..mark];
        if (Discovery.Find(path.Trim('/'), Kinds) is { } page)
        {
            return call.Method == "GET" ? new(200, page) : Told(Refusals.MethodNotAllowed);
        }
        if (Read(call, path, mark < 0 ? "" : call.Url[(mark + 1)..], out var request) is { } no)
        {
            return Told(no);
        }
        var answer = handle(request);
        return answer.Watch is { } watch ? new(200, null, watch)
            : request.Verb == Verb.Watch && answer.Code == 410
            ? new(200, WatchLine("ERROR", Json.Encode(answer.Status!)))
            : answer is { Object: null, Items: null } ? Told(answer.Status!)
            : new(answer.Code, Body(request, answer, call.Accept ?? ""));
    }

    /// <summary>One change as a watch sends it, a line of JSON each.</summary>
    public static JsonObject WatchLine(in WatchEvent change) =>
        WatchLine(change.Type, Json.Encode(change.Object));

    private static JsonObject WatchLine(string type, JsonObject value) =>
        new() { ["type"] = type, ["object"] = value };

    // What no API code has seen is answered in plain text; a plain success has no code.
    private static HttpAnswer Told(Status status)
    {
        var body = Json.Encode(status);
        if (status.Code == 200)
        {
            body.Remove("code");
        }
        return new(status.Code, status.Details is null && status.Code == 404
            ? JsonValue.Create(status.Message + "\n") : body);
    }

    private Status? Read(HttpCall call, string path, string query, out ApiRequest request)
    {
        request = null!;
        if (ResourcePath.TryParse(path, Kinds, out var resource) is { } nowhere)
        {
            return nowhere;
        }
        if (!Accepts(call.Accept ?? ""))
        {
            return Refusals.NotAcceptable;
        }
        if (call.Body is { Length: > MostBytes })
        {
            return Refusals.TooLarge(MostBytes);
        }
        var (options, watch) = (Query.None, false);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (ReadOption(pair, ref options, ref watch) is { } wrong)
            {
                return wrong;
            }
        }
        var single = resource.Name.Length > 0;
        Verb? verb = call.Method switch
        {
            "GET" => watch ? Verb.Watch : single ? Verb.Get : Verb.List,
            "POST" => Verb.Create,
            "PUT" => Verb.Update,
            "PATCH" => Verb.Patch,
            "DELETE" => single ? Verb.Delete : Verb.DeleteCollection,
            _ => null,
        };
        if (verb is not { } what)
        {
            return Refusals.MethodNotAllowed;
        }
        request = new(what, resource) { User = call.User, Query = options };
        return ReadBody(call, ref request);
    }

    private static Status? ReadBody(HttpCall call, ref ApiRequest request)
    {
        var media = (call.ContentType ?? "application/json").Split(';')[0].Trim();
        var text = call.Body ?? "";
        if (request.Verb is Verb.Get or Verb.List or Verb.Watch)
        {
            return null;
        }
        if (request.Verb == Verb.Patch)
        {
            if (!patchTypes.TryGetValue(media, out var kind))
            {
                return Refusals.UnsupportedMediaType;
            }
            if (Tree(text) is not { } patch)
            {
                return ApiErrors.BadRequest("error decoding patch: unexpected end of JSON input")
                    .Status;
            }
            request = request with { Body = new Payload.Patch(kind, patch) };
            return null;
        }
        if (media is not ("application/json" or "application/yaml"))
        {
            return Refusals.UnknownFormat;
        }
        var body = text.Length == 0 ? null : Tree(text);
        request = request.Verb is Verb.Delete or Verb.DeleteCollection
            ? request with { Delete = DeleteOptions.Read(body), Query = DryRun(request, body) }
            : request with
            {
                Body = body is null ? new Payload.Text(text) : new Payload.Json(body),
            };
        return null;
    }

    private static Query DryRun(ApiRequest request, JsonNode? body) =>
        ObjectRules.Child(body, "dryRun") is JsonArray { Count: > 0 } dry
            ? request.Query with { DryRun = ObjectRules.Plain(dry[0]) } : request.Query;

    private static JsonNode? Tree(string text)
    {
        try
        {
            return JsonNode.Parse(text, null, new() { MaxDepth = 256 });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Status? ReadOption(string pair, ref Query query, ref bool watch)
    {
        var at = pair.IndexOf('=', StringComparison.Ordinal);
        var name = at < 0 ? pair : pair[..at];
        var value = at < 0 ? "" : Uri.UnescapeDataString(pair[(at + 1)..].Replace('+', ' '));
        switch (name)
        {
            case "watch":
                watch = Truth(value);
                break;
            case "limit" when !long.TryParse(value, CultureInfo.InvariantCulture, out _):
                return ApiErrors.BadRequest(
                    $"strconv.ParseInt: parsing {FieldErrors.Quote(value)}: invalid syntax").Status;
            default:
                query = With(query, name, value);
                break;
        }
        return null;
    }

    private static Query With(Query query, string name, string value) => name switch
    {
        "labelSelector" => query with { LabelSelector = value },
        "fieldSelector" => query with { FieldSelector = value },
        "limit" => query with { Limit = long.Parse(value, CultureInfo.InvariantCulture) },
        "continue" => query with { Continue = value },
        "resourceVersion" => query with { ResourceVersion = value },
        "resourceVersionMatch" => query with { ResourceVersionMatch = value },
        "allowWatchBookmarks" => query with { AllowWatchBookmarks = Truth(value) },
        "sendInitialEvents" => query with { SendInitialEvents = Truth(value) },
        "dryRun" => query with { DryRun = value },
        "fieldManager" => query with { FieldManager = value },
        "fieldValidation" => query with { FieldValidation = value },
        "force" => query with { Force = Truth(value) },
        _ => query,
    };

    private static bool Truth(string value) =>
        value != "0" && !value.Equals("false", StringComparison.OrdinalIgnoreCase);

    private static bool Accepts(string accept) => accept.Length == 0
        || accept.Split(',').Select(one => one.Split(';')[0].Trim())
            .Any(type => type is "*/*" or "application/*" or "application/json");

    private JsonObject Body(ApiRequest request, ApiResponse answer, string accept)
    {
        var table = accept.Contains("as=Table", StringComparison.Ordinal);
        var kind = request.Path.Kind;
        if (answer.Items is { } items)
        {
            return table ? TableOf(kind, items, answer.List!) : ListOf(kind, items, answer.List!);
        }
        var value = answer.Object!;
        return table && request.Verb == Verb.Get
            ? TableOf(kind, [value], new(value.Metadata.ResourceVersion)) : Json.Encode(value);
    }

    private static JsonObject ListOf(Kind kind, IReadOnlyList<ApiObject> items, ListMeta list)
    {
        var all = new JsonArray();
        foreach (var item in items)
        {
            // The list says the kind, once.
            var node = Json.Encode(item);
            node.Remove("kind");
            node.Remove("apiVersion");
            all.Add(node);
        }
        return new()
        {
            ["kind"] = $"{kind.Name}List",
            ["apiVersion"] = kind.ApiVersion,
            ["metadata"] = Meta(list),
            ["items"] = all,
        };
    }

    private static JsonObject Meta(ListMeta list)
    {
        var meta = new JsonObject { ["resourceVersion"] = $"{list.ResourceVersion}" };
        if (list.Continue is { } next)
        {
            meta["continue"] = next;
        }
        if (list.RemainingItemCount is { } more)
        {
            meta["remainingItemCount"] = more;
        }
        return meta;
    }

    private JsonObject TableOf(Kind kind, IReadOnlyList<ApiObject> items, ListMeta list)
    {
        var table = Table.Of(kind, items, now());
        return new()
        {
            ["kind"] = nameof(Table),
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = Meta(list),
            ["columnDefinitions"] = new JsonArray([.. table.Columns.Select(column => new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = "string",
                ["format"] = column.Name == "Name" ? "name" : "",
                ["description"] = "",
                ["priority"] = column.Wide ? 1 : 0,
            })]),
            ["rows"] = new JsonArray([.. table.Rows.Select(row => new JsonObject
            {
                ["cells"] = new JsonArray([.. row.Cells.Select(Cell)]),
                ["object"] = new JsonObject
                {
                    ["kind"] = "PartialObjectMetadata",
                    ["apiVersion"] = "meta.k8s.io/v1",
                    ["metadata"] = Json.Encode(row.Object)["metadata"]?.DeepClone(),
                },
            })]),
        };
    }

    // Counts are numbers in a table; a name of digits is still a name.
    private static JsonNode? Cell(string text, int column) => column > 0
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? JsonValue.Create(number) : JsonValue.Create(text);
}
