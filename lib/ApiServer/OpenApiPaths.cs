using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// The documents of OpenAPI: the types, and each path with what it takes. Version 2 is one document
/// of everything, version 3 one of each group and version. kubectl reads them to check a manifest,
/// to explain a field, and to learn whether a server knows <c>dryRun</c> and
/// <c>fieldValidation</c>.
/// <para>Worked example: <c>PATCH /apis/apps/v1/namespaces/{namespace}/deployments/{name}</c> is
/// the operation <c>patchAppsV1NamespacedDeployment</c> with the action <c>patch</c>.</para>
/// Models staging/src/k8s.io/apiserver/pkg/endpoints/installer.go and .../openapi/openapi.go.
/// </summary>
internal sealed class OpenApiPaths(bool three, Func<Kind, string, JsonObject?> custom)
{
    private const string List = "allowWatchBookmarks continue fieldSelector labelSelector limit "
        + "resourceVersion resourceVersionMatch sendInitialEvents timeoutSeconds watch";

    private const string Write = "dryRun fieldManager fieldValidation";

    private const string Delete = "dryRun gracePeriodSeconds "
        + "ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents propagationPolicy";

    private static readonly string[] media =
        ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    private static readonly string[] patches =
    [
        "application/json-patch+json", "application/merge-patch+json",
        "application/strategic-merge-patch+json", "application/apply-patch+yaml",
    ];

    private readonly OpenApiTypes types = new(three);
    private readonly JsonObject paths = [];

    /// <summary>The document of some kinds, each in some of its versions.</summary>
    public static JsonObject Document(
        bool three, IEnumerable<(Kind Kind, string Version)> kinds,
        Func<Kind, string, JsonObject?> custom)
    {
        var maker = new OpenApiPaths(three, custom);
        foreach (var (kind, version) in kinds)
        {
            maker.Add(kind, version);
        }
        var sorted = new JsonObject(maker.paths.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        var info = new JsonObject
        {
            ["title"] = "Kubernetes", ["version"] = Discovery.Modelled,
        };
        var defined = maker.types.Definitions();
        return three ? new()
        {
            ["openapi"] = "3.0.0", ["info"] = info, ["paths"] = sorted,
            ["components"] = new JsonObject { ["schemas"] = defined },
        }
        : new()
        {
            ["swagger"] = "2.0", ["info"] = info, ["paths"] = sorted, ["definitions"] = defined,
        };
    }

    private sealed record Resource(Kind Kind, string Version, string Path, string Scope)
    {
        // apps is Apps, rbac.authorization.k8s.io is RbacAuthorization, the core group Core.
        public string Group { get; } = string.Concat((Kind.Group.Length == 0 ? "core"
            : Kind.Group.Replace(".k8s.io", "", StringComparison.Ordinal)).Split('.').Select(Big));

        public string Id(string verb, string rest = "") =>
            $"{verb}{Group}{Big(Version)}{rest}{Scope}{Kind.Name}";

        public static string Big(string word) =>
            word.Length == 0 ? "" : char.ToUpperInvariant(word[0]) + word[1..];
    }

    private void Add(Kind kind, string version)
    {
        var root = $"/{(kind.Group.Length == 0 ? "api" : $"apis/{kind.Group}")}/{version}";
        var space = kind.Namespaced ? "/namespaces/{namespace}" : "";
        var one = new Resource(kind, version, $"{root}{space}/{kind.Plural}",
            kind.Namespaced ? "Namespaced" : "");
        var type = types.To(kind, version, custom);
        var collection = Collection(one, type);
        Put(one.Path, kind.Namespaced, false, collection);
        if (kind.Namespaced && kind.Takes("list"))
        {
            var all = one with { Scope = "" };
            Put($"{root}/{kind.Plural}", false, false, new()
            {
                ["get"] = Operation(one, "list", all.Id("list") + "ForAllNamespaces", List, null,
                    types.ToList(kind, version, type)),
            });
        }
        if (kind.Takes("get"))
        {
            Put($"{one.Path}/{{name}}", kind.Namespaced, true, Object(one, type));
        }
        foreach (var part in kind.Subresources)
        {
            Part(one, part, type);
        }
    }

    private JsonObject Collection(Resource one, JsonObject type)
    {
        var item = new JsonObject();
        if (one.Kind.Takes("list"))
        {
            item["get"] = Operation(one, "list", one.Id("list"), List, null,
                types.ToList(one.Kind, one.Version, type));
        }
        if (one.Kind.Takes("create"))
        {
            item["post"] = Operation(one, "post", one.Id("create"), Write, type, type);
        }
        if (one.Kind.Takes("deletecollection"))
        {
            item["delete"] = Operation(one, "deletecollection", one.Id("delete", "Collection"),
                $"{Delete} {List}".Replace("allowWatchBookmarks ", "", StringComparison.Ordinal)
                    .Replace(" watch", "", StringComparison.Ordinal),
                Meta("DeleteOptions"), Meta("Status"));
        }
        return item;
    }

    private JsonObject Object(Resource one, JsonObject type, string part = "")
    {
        var item = new JsonObject
        {
            ["get"] = Operation(one, "get", one.Id("read") + part, "", null, type),
        };
        if (one.Kind.Takes("update"))
        {
            item["put"] = Operation(one, "put", one.Id("replace") + part, Write, type, type);
        }
        if (one.Kind.Takes("patch"))
        {
            item["patch"] = Operation(one, "patch", one.Id("patch") + part, $"{Write} force",
                types.ToPatch(), type);
        }
        if (one.Kind.Takes("delete") && part.Length == 0)
        {
            item["delete"] = Operation(one, "delete", one.Id("delete"), Delete,
                Meta("DeleteOptions"), Meta("Status"));
        }
        return item;
    }

    private void Part(Resource one, string part, JsonObject type)
    {
        var name = Resource.Big(part);
        var path = $"{one.Path}/{{name}}/{part}";
        var item = part switch
        {
            "binding" or "eviction" or "token" => new JsonObject
            {
                ["post"] = Operation(one, "post", one.Id("create") + name, Write,
                    Meta(Sent(part)), Meta(Sent(part))),
            },
            "log" => new()
            {
                ["get"] = Operation(one, "get", one.Id("read") + name, "container follow "
                    + "limitBytes previous sinceSeconds tailLines timestamps", null, null),
            },
            "attach" or "exec" or "portforward" or "proxy" => new()
            {
                ["get"] = Operation(one, "connect", one.Id("connect", "Get") + name, "", null,
                    null),
                ["post"] = Operation(one, "connect", one.Id("connect", "Post") + name, "", null,
                    null),
            },
            "finalize" => new()
            {
                ["put"] = Operation(one, "put", one.Id("replace") + name, Write, type, type),
            },
            _ => Object(one, part == "scale" ? Meta("Scale") : type, name),
        };
        Put(path, one.Kind.Namespaced, true, item);
    }

    private static string Sent(string part) => part switch
    {
        "binding" => "Binding", "eviction" => "Eviction", _ => "authentication.TokenRequest",
    };

    private JsonObject Meta(string type) => types.To(Schema.BuiltIn.Find(type)!);

    private void Put(string path, bool namespaced, bool named, JsonObject item)
    {
        if (item.Count == 0)
        {
            return;
        }
        var shared = new JsonArray();
        if (named)
        {
            shared.Add((JsonNode)Parameter("name", "path"));
        }
        if (namespaced)
        {
            shared.Add((JsonNode)Parameter("namespace", "path"));
        }
        shared.Add((JsonNode)Parameter("pretty", "query"));
        item["parameters"] = shared;
        paths[path] = item;
    }

    private JsonObject Operation(Resource one, string action, string id, string options,
        JsonObject? sent, JsonObject? answer)
    {
        var parameters = new JsonArray([.. options.Split(' ',
            StringSplitOptions.RemoveEmptyEntries).Select(name => Parameter(name, "query"))]);
        var node = new JsonObject();
        var takes = action == "patch" ? patches : media;
        if (sent is not null && three)
        {
            node["requestBody"] = new JsonObject { ["content"] = Content(takes, sent) };
        }
        else if (sent is not null)
        {
            parameters.Insert(0, new JsonObject
            {
                ["in"] = "body", ["name"] = "body", ["required"] = !action.StartsWith("delete",
                    StringComparison.Ordinal),
                ["schema"] = sent.DeepClone(),
            });
        }
        if (!three)
        {
            node["consumes"] = new JsonArray([.. (action == "patch" ? takes : ["*/*"])
                .Select(m => JsonValue.Create(m))]);
            node["produces"] = new JsonArray([.. media.Select(m => JsonValue.Create(m))]);
            node["schemes"] = new JsonArray("https");
        }
        node["operationId"] = id;
        if (parameters.Count > 0)
        {
            node["parameters"] = parameters;
        }
        node["responses"] = new JsonObject
        {
            ["200"] = Response(answer),
            ["401"] = new JsonObject { ["description"] = "Unauthorized" },
        };
        var tag = one.Group + "_" + one.Version;
        node["tags"] = new JsonArray(char.ToLowerInvariant(tag[0]) + tag[1..]);
        node["x-kubernetes-action"] = action;
        node["x-kubernetes-group-version-kind"] = OpenApiTypes.GroupVersionKind(
            one.Kind.Group, one.Version, one.Kind.Name);
        return node;
    }

    private JsonObject Response(JsonObject? answer)
    {
        var node = new JsonObject { ["description"] = "OK" };
        var schema = answer ?? new JsonObject { ["type"] = "string" };
        node[three ? "content" : "schema"] = three
            ? Content(answer is null ? ["text/plain"] : media, schema) : schema.DeepClone();
        return node;
    }

    private static JsonObject Content(string[] types, JsonObject schema) =>
        new(types.Select(type => KeyValuePair.Create(
            type, (JsonNode?)new JsonObject { ["schema"] = schema.DeepClone() })));

    private JsonObject Parameter(string name, string place)
    {
        var type = name switch
        {
            "limit" or "timeoutSeconds" or "gracePeriodSeconds" or "limitBytes" or "sinceSeconds"
                or "tailLines" => "integer",
            "allowWatchBookmarks" or "sendInitialEvents" or "watch" or "force" or "follow"
                or "orphanDependents" or "previous" or "timestamps"
                or "ignoreStoreReadErrorWithClusterBreakingPotential" => "boolean",
            _ => "string",
        };
        var node = new JsonObject { ["in"] = place, ["name"] = name };
        if (place == "path")
        {
            node["required"] = true;
        }
        if (three)
        {
            node["schema"] = new JsonObject { ["type"] = type, ["uniqueItems"] = true };
            return node;
        }
        node["type"] = type;
        node["uniqueItems"] = true;
        return node;
    }
}
