using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

// What is no resource: the lists of what there is, the OpenAPI documents, the version, and how the
// server feels. They have a rule of their own in RBAC, by path.
//
// Models staging/src/k8s.io/apiserver/pkg/server/{healthz,routes} and
// staging/src/k8s.io/kube-aggregator/pkg/apiserver.
public sealed partial class ApiServer
{
    private const string OldProto = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    private const string Proto = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    // What the server has begun before it says that it is well, in that order.
    private static readonly Seq<string> hooks =
    [
        "start-apiserver-admission-initializer", "generic-apiserver-start-informers",
        "priority-and-fairness-config-consumer", "priority-and-fairness-filter",
        "storage-object-count-tracker-hook", "start-apiextensions-informers",
        "start-apiextensions-controllers", "crd-informer-synced",
        "start-system-namespaces-controller", "start-cluster-authentication-info-controller",
        "start-kube-apiserver-identity-lease-controller",
        "start-kube-apiserver-identity-lease-garbage-collector",
        "start-legacy-token-tracking-controller", "start-service-ip-repair-controllers",
        "rbac/bootstrap-roles", "scheduling/bootstrap-system-priority-classes",
        "priority-and-fairness-config-producer", "bootstrap-controller",
        "start-kubernetes-service-cidr-controller", "aggregator-reload-proxy-client-cert",
        "start-kube-aggregator-informers", "apiservice-status-local-available-controller",
        "apiservice-status-remote-available-controller", "apiservice-registration-controller",
        "apiservice-discovery-controller", "kube-apiserver-autoregistration",
        "autoregister-completion", "apiservice-openapi-controller",
        "apiservice-openapiv3-controller",
    ];

    private readonly Dictionary<string, ReadOnlyMemory<byte>> openApi =
        new(StringComparer.Ordinal);

    private KindRegistry? openApiKinds;

    private Status? MayRead(HttpCall call, string path)
    {
        var request = new ApiRequest(Verb.Get, default)
        {
            User = call.User, Token = call.Token, Impersonate = call.Impersonate,
        };
        if (Authenticate(ref request) is { } unknown)
        {
            return unknown;
        }
        var access = new Access
        {
            User = request.User, Verb = call.Method.ToLowerInvariant(), Path = path, Group = "",
            Resource = "", Subresource = "", Namespace = "", Name = "",
        };
        var decision = Authorizer.Decide(access);
        return decision.Allowed ? null : access.Refusal(decision.Reason);
    }

    private HttpAnswer? Page(HttpCall call, string path, HttpOptions options,
        KindRegistry kinds, IHttpBackend? behind)
    {
        var parts = path.Trim('/').Split('/');
        var page = parts switch
        {
            ["healthz" or "livez" or "readyz", ..] => Health(parts, options),
            ["openapi", "v2"] or ["openapi", "v3", ..] => OpenApi(call, parts, options),
            [""] => new(200, Paths(kinds)),
            ["apis", var group, _] when behind?.Extensions.FirstOrDefault(
                k => k.Group == group) is { } kind && !behind.IsAvailable(kind) => Unavailable,
            _ => Listed(call, parts, kinds, behind),
        };
        return page is not null && call.Method != "GET" ? HttpAnswer.Of(Refusals.MethodNotAllowed)
            : page?.Body is JsonObject && options.Is("pretty") ? page with { Pretty = true } : page;
    }

    private static HttpAnswer? Listed(
        HttpCall call, string[] parts, KindRegistry kinds, IHttpBackend? behind)
    {
        var lists = parts is ["api"] or ["apis"];
        if (Discovery.Find(parts, kinds) is not { } page)
        {
            return null;
        }
        if (HttpAccept.Read(call.Accept ?? "", lists, out var accept) is { } refused)
        {
            return HttpAnswer.Of(refused);
        }
        if (accept.As.Length == 0)
        {
            return new(200, page) { ContentType = accept.Media };
        }
        var body = Discovery.Aggregated(parts[0] == "api", accept.Version, kinds,
            kind => behind?.Extensions.Contains(kind) == true && !behind.IsAvailable(kind));
        return Tagged(call, Hash(HttpAnswer.Utf8(body).Span), accept.Full, () => new(200, body));
    }

    // Elsewhere than in the API the server tells where there is something.
    private static HttpAnswer Nowhere(string path, KindRegistry kinds) =>
        path.StartsWith("/api", StringComparison.Ordinal)
            || path.StartsWith("/openapi", StringComparison.Ordinal)
        ? HttpAnswer.Plain(404, "404 page not found\n") : new(404, Paths(kinds));

    private static JsonObject Paths(KindRegistry kinds)
    {
        var groups = kinds.All.Where(k => k.Group.Length > 0);
        IEnumerable<string> paths =
        [
            "/api", "/api/v1", "/apis", "/apis/", .. groups.Select(k => $"/apis/{k.Group}"),
            .. groups.SelectMany(k => k.Versions.Select(v => $"/apis/{k.Group}/{v}")),
            "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/readyz",
            "/version", .. Checks("healthz").Select(c => $"/healthz/{c}"),
            .. Checks("livez").Select(c => $"/livez/{c}"),
            .. Checks("readyz").Select(c => $"/readyz/{c}"),
        ];
        return new()
        {
            ["paths"] = new JsonArray([.. paths.Distinct().Order(StringComparer.Ordinal)
                .Select(p => JsonValue.Create(p))]),
        };
    }

    private static IEnumerable<string> Checks(string kind) =>
    [
        "ping", "log", "etcd", .. kind == "readyz"
            ? (Seq<string>)["etcd-readiness", "informer-sync"] : [],
        .. hooks.Select(h => $"poststarthook/{h}"), .. kind == "readyz"
            ? (Seq<string>)["shutdown"] : [],
    ];

    private HttpAnswer? Health(string[] parts, HttpOptions options)
    {
        var kind = parts[0];
        var one = string.Join('/', parts.Skip(1));
        var (text, well) = (new StringBuilder(), true);
        foreach (var check in Checks(kind))
        {
            var ok = !check.StartsWith("etcd", StringComparison.Ordinal) || EtcdAnswers();
            if (one == check)
            {
                return ok ? HttpAnswer.Plain(200, "ok")
                    : HttpAnswer.Plain(500, "internal server error: etcd failed: etcd error\n");
            }
            var left = options["exclude"] == check;
            text.Append(left ? $"[+]{check} excluded: ok\n" : ok ? $"[+]{check} ok\n"
                : $"[-]{check} failed: reason withheld\n");
            well &= ok || left;
        }
        return one.Length > 0 ? null : !well ? HttpAnswer.Plain(500, $"{text}{kind} check failed\n")
            : HttpAnswer.Plain(200, options["verbose"] is null ? "ok"
                : $"{text}{kind} check passed\n");
    }

    private bool EtcdAnswers()
    {
        try
        {
            store.Members?.CheckRead();
            return true;
        }
        catch (EtcdException)
        {
            return false;
        }
    }

    private HttpAnswer? OpenApi(HttpCall call, string[] parts, HttpOptions options)
    {
        if (!ReferenceEquals(openApiKinds, Kinds))
        {
            openApi.Clear();
            openApiKinds = Kinds;
        }
        if (parts is ["openapi", "v2"])
        {
            var proto = (call.Accept ?? "").Split(',').Select(a => a.Split(';')[0].Trim())
                .FirstOrDefault(a => a is OldProto or Proto or "application/json" or "*/*")
                is OldProto or Proto;
            return proto ? Bytes(call, "proto", Proto) : Bytes(call, "v2", "application/json");
        }
        var groups = Kinds.All.SelectMany(k => Discovery.Served(k).Select(v => GroupPath(k, v)))
            .Distinct();
        if (parts.Length == 2)
        {
            return new(200, new JsonObject
            {
                ["paths"] = new JsonObject(groups.Order(StringComparer.Ordinal).Select(g =>
                    KeyValuePair.Create(g, (JsonNode?)new JsonObject
                    {
                        ["serverRelativeURL"] = $"/openapi/v3/{g}?hash={Tag(g)}",
                    }))),
            });
        }
        var path = string.Join('/', parts.Skip(2));
        if (!groups.Contains(path))
        {
            return null;
        }
        var tag = Tag(path);
        return options["hash"] is { } asked && asked != tag
            ? new(301, null)
            {
                Headers = Map.Of(("Location", $"/openapi/v3/{path}?hash={tag}")),
            }
            : Bytes(call, path, "application/json");
    }

    private static string GroupPath(Kind kind, string version) =>
        kind.Group.Length == 0 ? $"api/{version}" : $"apis/{kind.Group}/{version}";

    // An answer with its tag; nothing but that, and its type, for who has it already.
    private static HttpAnswer Tagged(
        HttpCall call, string hash, string type, Func<HttpAnswer> answer)
    {
        var tag = $"\"{hash}\"";
        var same = call.IfNoneMatch?.Split(',').Any(t => t.Trim() == tag) == true;
        return (same ? new HttpAnswer(304, null) : answer()) with
        {
            ContentType = type,
            Headers = Map.Of(("Cache-Control", "public"), ("ETag", tag), ("Vary", "Accept")),
        };
    }

    private HttpAnswer Bytes(HttpCall call, string name, string type) => Tagged(
        call, Tag(name), type, () => new(200, null) { Pieces = [Document(name)] });

    private static string Hash(ReadOnlySpan<byte> bytes) =>
        Convert.ToHexString(SHA512.HashData(bytes));

    private IEnumerable<(Kind Kind, string Version)> Documented(string name) => Kinds.All
        .SelectMany(kind => Discovery.Served(kind).Select(version => (kind, version)))
        .Where(k => name is "v2" or "proto" || GroupPath(k.kind, k.version) == name);

    // What a document says follows from its kinds: its tag is known before it is made.
    private string Tag(string name) => Hash(Encoding.UTF8.GetBytes(string.Join('\n',
        Documented(name).Select(k => $"{k.Kind} {k.Version} {(k.Kind.SchemaType is null
            ? SchemaOf(k.Kind, k.Version)?.ToJsonString() : "")}")
            .Prepend($"{Discovery.Modelled} {name}"))));

    // Made when it is first asked for, and again after a definition has changed the kinds.
    private ReadOnlyMemory<byte> Document(string name)
    {
        if (openApi.TryGetValue(name, out var known))
        {
            return known;
        }
        var document = OpenApiPaths.Document(
            name is not ("v2" or "proto"), Documented(name), SchemaOf);
        return openApi[name] = name == "proto"
            ? OpenApiProto.Write(document) : HttpAnswer.Utf8(document);
    }

    // The schema that a definition gives a version of its kind.
    private JsonObject? SchemaOf(Kind kind, string version) => store.Get(new(
        KubeSim.Kinds.CustomResourceDefinition, "", $"{kind.Plural}.{kind.Group}")) is { } defined
        ? Json.Encode(defined).ItemsAt("spec", "versions")
            .FirstOrDefault(v => v.TextAt("name") == version)
            .At("schema", "openAPIV3Schema") as JsonObject : null;
}
