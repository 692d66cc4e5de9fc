using System.Text.Json.Nodes;

namespace KubeSim;

// The same door for those who come over HTTP: a method, a URL and a body in, a code and a body out.
// No socket is here; whoever has one calls Serve. What cannot become a request is refused here, in
// the order of the real handlers: no such path (404), method (405), what the client would accept
// (406), the size (413) and the type (415) of what it sends. Who may not do it at all is told that
// first.
//
// Models staging/src/k8s.io/apiserver/pkg/endpoints/{installer,handlers,request}.
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

    /// <summary>Serves one request of an HTTP client: resources, discovery, OpenAPI,
    /// <c>/version</c> and health.</summary>
    public HttpAnswer Serve(HttpCall call) => Serve(call, Handle);

    /// <summary>Serves one request of an HTTP client.</summary>
    /// <param name="call">What the client sent.</param>
    /// <param name="handle">Who carries out what became a request of the API: a cluster keeps it
    /// in its journal.</param>
    public HttpAnswer Serve(HttpCall call, Func<ApiRequest, ApiResponse> handle) =>
        Serve(call, handle, null);

    /// <summary>Serves one request of an HTTP client, with those behind the server to pass it on
    /// to.</summary>
    internal HttpAnswer Serve(
        HttpCall call, Func<ApiRequest, ApiResponse> handle, IHttpBackend? behind)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(handle);
        var mark = call.Url.IndexOf('?', StringComparison.Ordinal);
        if (HttpOptions.Unescape(mark < 0 ? call.Url : call.Url[..mark]) is not { } path)
        {
            return HttpAnswer.Plain(400, "400 Bad Request");
        }
        var options = new HttpOptions(mark < 0 ? "" : call.Url[(mark + 1)..]);
        var kinds = behind is null ? Kinds : behind.Extensions.Aggregate(
            Kinds, static (known, kind) => known.With(kind));
        if (ResourceUrl.IsResource(path))
        {
            return Resource(call, path, options, new(handle, behind, kinds));
        }
        return MayRead(call, path) is { } forbidden ? HttpAnswer.Of(forbidden)
            : Page(call, path, options, kinds, behind) ?? Nowhere(path, kinds);
    }

    /// <summary>One change as a watch sends it, a line of JSON each.</summary>
    public static JsonObject WatchLine(in WatchEvent change) =>
        WatchLine(change.Type, Json.Encode(change.Object));

    private static JsonObject WatchLine(string type, JsonObject value) =>
        new() { ["type"] = type, ["object"] = value };

    private sealed record Backends(
        Func<ApiRequest, ApiResponse> Handle, IHttpBackend? Behind, KindRegistry Kinds);

    // What the steps to an answer find out.
    private sealed record Asked(ApiRequest Request, HttpAccept Accept, HttpOptions Options)
    {
        public required string ApiVersion { get; init; }

        public long? TimeoutSeconds { get; init; }

        public Seq<string> Warnings { get; init; }
    }

    private HttpAnswer Resource(
        HttpCall call, string path, HttpOptions options, Backends behind)
    {
        if (ResourceUrl.Read(path, behind.Kinds, out var url) is { } nowhere)
        {
            return HttpAnswer.Of(nowhere);
        }
        if (VerbOf(call.Method, url, options) is not { } verb)
        {
            return HttpAnswer.Of(Refusals.MethodNotAllowed);
        }
        var request = new ApiRequest(verb, url.Path)
        {
            User = call.User, Token = call.Token, Impersonate = call.Impersonate,
        };
        var start = new Asked(request, new(), options) { ApiVersion = url.ApiVersion };
        if (Read(call, options, start, out var asked) is { } no)
        {
            return HttpAnswer.Of(Authenticate(ref request) ?? Authorise(request) ?? no);
        }
        var isOther = behind.Behind?.Extensions.Contains(url.Path.Kind) == true;
        if (behind.Behind is { } backend && (isOther || ResourceUrl.Connects(url.Path)))
        {
            request = asked.Request;
            return (Authenticate(ref request) ?? Authorise(request)) is { } forbidden
                ? HttpAnswer.Of(forbidden) : !isOther ? backend.Connect(request, url.Rest, options)
                : backend.IsAvailable(url.Path.Kind)
                ? Answer(asked, backend.Read(request)) : Unavailable;
        }
        return Answer(asked, behind.Handle(asked.Request));
    }

    private static HttpAnswer Unavailable => HttpAnswer.Plain(503, "service unavailable\n");

    private static Verb? VerbOf(string method, ResourceUrl url, HttpOptions options)
    {
        var single = url.Path.Name.Length > 0;
        return method switch
        {
            "GET" when url.Watches => Verb.Watch,
            "GET" => single ? Verb.Get : options.Is("watch") ? Verb.Watch : Verb.List,
            _ when url.Watches => null,
            "POST" => Verb.Create,
            "PUT" => Verb.Update,
            "PATCH" => Verb.Patch,
            "DELETE" => single ? Verb.Delete : Verb.DeleteCollection,
            _ => null,
        };
    }

    private static Status? Read(HttpCall call, HttpOptions options, Asked start, out Asked asked)
    {
        asked = start;
        var request = start.Request;
        if (HttpAccept.Read(call.Accept ?? "", false, out var accept, request.Verb != Verb.Watch
            && request.Path.Kind.SchemaType is not null) is { } unacceptable)
        {
            return unacceptable;
        }
        if (call.Body is { Length: > MostBytes } || call.Bytes.Length > MostBytes)
        {
            return Refusals.TooLarge(MostBytes);
        }
        var lists = request.Verb is Verb.List or Verb.Watch or Verb.DeleteCollection;
        if (options.Read(lists, out var query, out var timeout) is { } wrong)
        {
            return wrong;
        }
        var include = options["includeObject"] ?? "";
        if (accept.As == "Table" && include is not ("" or "None" or "Metadata" or "Object"))
        {
            var errors = new FieldErrors();
            errors.InvalidText("includeObject", include,
                "must be 'Metadata', 'Object', 'None', or empty");
            return errors.ToStatus("TableOptions", "meta.k8s.io", "");
        }
        asked = asked with
        {
            Request = request with { Query = query }, Accept = accept, TimeoutSeconds = timeout,
        };
        return request.Verb is Verb.Get or Verb.List or Verb.Watch ? null
            : ReadBody(call, ref asked);
    }

    private static Status? ReadBody(HttpCall call, ref Asked asked)
    {
        var media = (call.ContentType ?? "application/json").Split(';')[0].Trim();
        var (request, text) = (asked.Request, call.Body ?? "");
        if (ResourceUrl.Connects(request.Path))
        {
            return null;
        }
        if (ReadTree(call, media, request, out var body, out var warnings) is { } unreadable)
        {
            return unreadable;
        }
        if (request.Verb == Verb.Patch)
        {
            if (!patchTypes.TryGetValue(media, out var kind))
            {
                return Refusals.UnsupportedMediaType;
            }
            var version = asked.ApiVersion;
            asked = asked with
            {
                Warnings = HttpBody.Warnings(request, body, warnings, version),
                Request = body is null ? request : request with
                {
                    Body = new Payload.Patch(kind, ManifestConversion.PatchToStored(
                        body, request.Path.Kind, version)),
                },
            };
            return body is not null
                ? HttpBody.RefusePatch(request, kind, body, warnings, version)
                : ApiErrors.BadRequest("error decoding patch: unexpected end of JSON input").Status;
        }
        if (media is not ("application/json" or "application/yaml" or Protobuf.Media))
        {
            return Refusals.UnknownFormat;
        }
        if (Deletes(request))
        {
            var refused = HttpBody.Deletion(
                text.Length > 0 || !call.Bytes.IsEmpty, body, asked.Options, ref request);
            asked = asked with { Request = request };
            return refused;
        }
        asked = asked with
        {
            Warnings = HttpBody.Warnings(request, body, warnings, asked.ApiVersion),
            Request = request with
            {
                Body = body is null ? new Payload.Text(HttpBody.Whole(text))
                    : new Payload.Json(body),
            },
        };
        return null;
    }

    // What is no tree is null, and said later; bytes that are no message are refused at once.
    private static Status? ReadTree(HttpCall call, string media, ApiRequest request,
        out JsonNode? body, out Seq<string> twice)
    {
        if (media != Protobuf.Media || request.Verb == Verb.Patch
            || (call.Bytes.IsEmpty && Deletes(request)))
        {
            body = HttpBody.Tree(call.Body ?? "",
                media.EndsWith("yaml", StringComparison.Ordinal), out twice);
            return null;
        }
        (body, twice) = (null, []);
        if (request.Path.Kind.SchemaType is null)
        {
            return Refusals.NoProtobufSent;
        }
        var refused = Protobuf.Read(
            call.Bytes.Span, request.Path, Deletes(request), out var tree);
        body = tree;
        return refused;
    }

    private static bool Deletes(ApiRequest request) =>
        request.Verb is Verb.Delete or Verb.DeleteCollection;

    private HttpAnswer Answer(Asked asked, ApiResponse answer)
    {
        var (request, accept) = (asked.Request, asked.Accept);
        var pretty = asked.Options.Is("pretty");
        var kind = answer.Object?.Kind ?? request.Path.Kind;
        var forms = new HttpForms(kind,
            kind.Equals(request.Path.Kind) ? asked.ApiVersion : kind.ApiVersion, accept,
            asked.Options["includeObject"] ?? "", now());
        if (answer.Watch is { } watch)
        {
            return forms.Watch(watch) with
            {
                TimeoutSeconds = asked.TimeoutSeconds,
                Bookmarks = request.Query.AllowWatchBookmarks, Warnings = answer.Warnings,
            };
        }
        if (request.Verb == Verb.Watch && answer.Code == 410)
        {
            return new(200, WatchLine("ERROR", Json.Encode(answer.Status!)));
        }
        var made = answer is { Object: null, Items: null } ? HttpAnswer.Of(answer.Status!)
            : forms.Refuse(answer.Items is not null) is { } unfit ? HttpAnswer.Of(unfit)
            : answer.Items is { } items ? forms.List(items, answer.List!, pretty)
            : new(answer.Code, forms.One(answer.Object!));
        return (made.Body is JsonObject ? made with { ContentType = accept.Media } : made) with
        {
            Pretty = pretty, Warnings = [.. answer.Warnings, .. asked.Warnings],
        };
    }
}
