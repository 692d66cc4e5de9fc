using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// The API types as OpenAPI defines them, each under the name of its Go package:
/// <c>io.k8s.api.apps.v1.Deployment</c>. A definition is made when something refers to it, so that
/// a document of one group holds what its kinds need and no more.
/// <para>The schema does not say which package a type lives in. It follows from who uses it: core
/// types use nobody else's, so what a kind of the core group reaches is the core's, and what only
/// a kind of apps reaches is that of apps.</para>
/// Models pkg/generated/openapi and k8s.io/kube-openapi/pkg/builder.
/// </summary>
internal sealed class OpenApiTypes(bool three)
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
    private const string Extensions = "io.k8s.apiextensions-apiserver.pkg.apis.";
    private const string Aggregator = "io.k8s.kube-aggregator.pkg.apis.";

    private static readonly Seq<string> metaTypes =
    [
        "Condition", "DeleteOptions", "FieldSelectorRequirement", "LabelSelector",
        "LabelSelectorRequirement", "ListMeta", "ManagedFieldsEntry", "ObjectMeta",
        "OwnerReference", "Preconditions", "Status", "StatusCause", "StatusDetails",
    ];

    // What only other groups use, and the core has all the same.
    private static readonly Seq<string> coreTypes =
        ["TopologySelectorTerm", "TopologySelectorLabelRequirement"];

    // Types that are replaced as a whole, never merged field by field.
    private static readonly HashSet<string> atomic = new(StringComparer.Ordinal)
    {
        "ConfigMapKeySelector", "FileKeySelector", "LabelSelector", "LocalObjectReference",
        "NodeSelector", "NodeSelectorTerm", "ObjectFieldSelector", "ObjectReference",
        "OwnerReference", "ResourceFieldSelector", "ScopeSelector",
        "ScopedResourceSelectorRequirement", "SecretKeySelector", "SecretReference",
        "TopologySelectorTerm", "TypedLocalObjectReference",
    };

    // Lists whose items are the same when several fields are.
    private static readonly Dictionary<string, string> secondKeys = new(StringComparer.Ordinal)
    {
        ["containerPort"] = "protocol", ["port"] = "protocol",
        ["topologyKey"] = "whenUnsatisfiable",
    };

    private static readonly Lazy<Dictionary<string, string>> packages = new(Packages);

    private static readonly Lazy<ILookup<string, JsonObject>> groupVersionKinds = new(() =>
        Lines().ToLookup(l => l[^1], l => GroupVersionKind(l[1], l[2], l[3]),
            StringComparer.Ordinal));

    private readonly SortedDictionary<string, JsonObject> made = new(StringComparer.Ordinal);

    /// <summary>The definitions that were asked for, by name.</summary>
    public JsonObject Definitions() => new(made.Select(d => KeyValuePair.Create(
        d.Key, (JsonNode?)d.Value)));

    /// <summary>A group, version and kind as OpenAPI tells them.</summary>
    public static JsonObject GroupVersionKind(string group, string version, string kind) => new()
    {
        ["group"] = group == "-" ? "" : group, ["kind"] = kind, ["version"] = version,
    };

    /// <summary>A reference to a type of the schema.</summary>
    public JsonObject To(SchemaType type)
    {
        var name = $"{packages.Value.GetValueOrDefault(type.Name, Meta)}.{type.ShortName}";
        if (!made.ContainsKey(name))
        {
            made[name] = [];
            made[name] = Definition(type);
        }
        return Reference(name);
    }

    /// <summary>A reference to the type of a kind in a version; a custom kind is as its definition
    /// says.</summary>
    public JsonObject To(Kind kind, string version, Func<Kind, string, JsonObject?> custom) =>
        KindRegistry.BuiltIn.SchemaType(kind, version) is { } type ? To(type)
            : Add(kind, version, kind.Name, () => Custom(custom(kind, version)));

    /// <summary>A reference to the list of a kind.</summary>
    public JsonObject ToList(Kind kind, string version, JsonObject item) =>
        Add(kind, version, $"{kind.Name}List", () => new()
        {
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = Plain("string"),
                ["items"] = new JsonObject
                {
                    ["items"] = item.DeepClone(), ["type"] = "array",
                },
                ["kind"] = Plain("string"),
                ["metadata"] = To(Schema.BuiltIn.Find("ListMeta")!),
            },
            ["required"] = new JsonArray("items"),
            ["type"] = "object",
        });

    /// <summary>A reference to a type that is nothing but a name: a patch.</summary>
    public JsonObject ToPatch() => Known("Patch", "object", null);

    private JsonObject Add(Kind kind, string version, string name, Func<JsonObject> make)
    {
        var full = $"{Package(kind, version)}.{name}";
        if (!made.ContainsKey(full))
        {
            var definition = make();
            definition["x-kubernetes-group-version-kind"] =
                new JsonArray(GroupVersionKind(kind.Group, version, name));
            made[full] = definition;
        }
        return Reference(full);
    }

    // The group of a custom kind is turned round: stable.example.com is com.example.stable.
    private static string Package(Kind kind, string version) => kind.SchemaType is null
        ? string.Join('.', kind.Group.Split('.').Reverse().Append(version))
        : Package(kind.Group, version);

    private static string Package(string group, string version) => group switch
    {
        "" or "-" => $"io.k8s.api.core.{version}",
        "apiextensions.k8s.io" => $"{Extensions}apiextensions.{version}",
        "apiregistration.k8s.io" => $"{Aggregator}apiregistration.{version}",
        _ => $"io.k8s.api.{group.Split('.')[0]}.{version}",
    };

    private static IEnumerable<string[]> Lines() => Schema.BuiltIn.KindLines
        .Select(line => line.Split(' '))
        .Where(l => !l[2].Contains("beta", StringComparison.Ordinal)
            && !l[1].StartsWith("kubescheduler", StringComparison.Ordinal));

    private static Dictionary<string, string> Packages()
    {
        var owners = metaTypes.ToDictionary(t => t, _ => Meta, StringComparer.Ordinal);
        foreach (var type in coreTypes)
        {
            owners[type] = Package("", "v1");
        }
        foreach (var line in Lines().OrderBy(l => l[1] == "-" ? 0 : 1))
        {
            Own(Schema.BuiltIn.Find(line[^1]), Package(line[1], line[2]), owners);
        }
        return owners;
    }

    private static void Own(SchemaType? type, string package, Dictionary<string, string> owners)
    {
        if (type is null || !owners.TryAdd(type.Name, package))
        {
            return;
        }
        foreach (var field in type.Fields)
        {
            Own(field.Type, package, owners);
        }
    }

    private JsonObject Definition(SchemaType type)
    {
        var (properties, required) = (new JsonObject(), new JsonArray());
        foreach (var field in type.Fields)
        {
            if (field.Until is not null)
            {
                continue;
            }
            properties[field.Name] = Property(type, field);
            if (field.Required)
            {
                required.Add((JsonNode)field.Name);
            }
        }
        var node = new JsonObject { ["properties"] = properties };
        Describe(node, SchemaWords.Of(type));
        if (required.Count > 0)
        {
            node["required"] = required;
        }
        node["type"] = "object";
        if (groupVersionKinds.Value[type.Name].ToArray() is { Length: > 0 } names)
        {
            node["x-kubernetes-group-version-kind"] =
                new JsonArray([.. names.Select(n => n.DeepClone())]);
        }
        if (atomic.Contains(type.ShortName))
        {
            node["x-kubernetes-map-type"] = "atomic";
        }
        return node;
    }

    // The words of kubectl explain: types and fields that one meets first have them.
    private static void Describe(JsonObject node, string? words)
    {
        if (words is not null)
        {
            node["description"] = words;
        }
    }

    private JsonObject Property(SchemaType owner, SchemaField field)
    {
        var node = field.Or is null ? Value(field) : [];
        if (field.IsList)
        {
            node = new() { ["items"] = node, ["type"] = "array" };
            Lists(node, field);
        }
        if (field.IsMap)
        {
            node = new() { ["additionalProperties"] = node, ["type"] = "object" };
        }
        Describe(node, SchemaWords.Of(owner, field.Name));
        var strategy = string.Join(',', new[]
        {
            field.Merge ? "merge" : null, field.RetainKeys ? "retainKeys" : null,
            field.Replace ? "replace" : null,
        }.OfType<string>());
        if (field.MergeKey.Length > 0)
        {
            node["x-kubernetes-patch-merge-key"] = field.MergeKey;
        }
        if (strategy.Length > 0)
        {
            node["x-kubernetes-patch-strategy"] = strategy;
        }
        return node;
    }

    private static void Lists(JsonObject node, SchemaField field)
    {
        if (field.MergeKey is { Length: > 0 } key)
        {
            node["x-kubernetes-list-map-keys"] = secondKeys.TryGetValue(key, out var second)
                ? new JsonArray(key, second) : new JsonArray(key);
        }
        node["x-kubernetes-list-type"] =
            !field.Merge ? "atomic" : field.MergeKey.Length > 0 ? "map" : "set";
    }

    private JsonObject Value(SchemaField field) => field.Type is { } type ? To(type)
        : field.TypeName switch
        {
            "int32" or "int64" => Plain("integer", field.TypeName),
            "bool" => Plain("boolean"),
            "float" => Plain("number", "double"),
            "bytes" => Plain("string", "byte"),
            "any" => [],
            "Time" or "MicroTime" => Known(field.TypeName, "string", "date-time"),
            "Duration" => Known("Duration", "string", null),
            "Quantity" => Known("Quantity", "string", null),
            "IntOrString" => Known("IntOrString", "string", "int-or-string"),
            _ => field.Enum.IsEmpty ? Plain("string") : new()
            {
                ["enum"] = new JsonArray([.. field.Enum.Select(e => JsonValue.Create(e))]),
                ["type"] = "string",
            },
        };

    // A type that is written as one value. What may be two kinds of value, version 3 can say.
    private JsonObject Known(string name, string type, string? format)
    {
        var full = name switch
        {
            "Quantity" => "io.k8s.apimachinery.pkg.api.resource.Quantity",
            "IntOrString" => "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
            _ => $"{Meta}.{name}",
        };
        var node = Plain(type, format);
        if (three && (name is "Quantity" or "IntOrString"))
        {
            node.Remove("type");
            node["oneOf"] = name == "Quantity"
                ? new JsonArray(Plain("string"), Plain("number"))
                : new JsonArray(Plain("integer"), Plain("string"));
        }
        made.TryAdd(full, node);
        return Reference(full);
    }

    private JsonObject Custom(JsonObject? schema)
    {
        var node = Structural(schema ?? new JsonObject { ["type"] = "object" }).AsObject();
        if (node["properties"] is JsonObject properties)
        {
            properties["apiVersion"] = Plain("string");
            properties["kind"] = Plain("string");
            properties["metadata"] = To(Schema.BuiltIn.Find("ObjectMeta")!);
        }
        return node;
    }

    // Version 2 has no words for some of what a definition may say, and leaves it out.
    private JsonNode Structural(JsonNode node)
    {
        if (node is not JsonObject map)
        {
            return node.DeepClone();
        }
        var copy = new JsonObject();
        foreach (var (key, value) in map)
        {
            var drop = !three && (key is "nullable" or "oneOf" or "anyOf" or "not"
                or "default");
            if (!drop && value is not null && !(key == "properties" && !three
                && (bool?)map["x-kubernetes-preserve-unknown-fields"] == true))
            {
                copy[key] = key == "properties" && value is JsonObject properties
                    ? new JsonObject(properties.Select(p =>
                        KeyValuePair.Create(p.Key, (JsonNode?)Structural(p.Value!))))
                    : key is "items" or "additionalProperties"
                    ? Structural(value) : value.DeepClone();
            }
        }
        return copy;
    }

    private static JsonObject Plain(string type, string? format = null) => format is null
        ? new() { ["type"] = type } : new() { ["format"] = format, ["type"] = type };

    private JsonObject Reference(string name) => new()
    {
        ["$ref"] = (three ? "#/components/schemas/" : "#/definitions/") + name,
    };
}
