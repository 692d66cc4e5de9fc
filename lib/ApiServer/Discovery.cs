using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What a client asks first: which groups, versions and resources there are. All of it
/// follows from the <see cref="KindRegistry"/>, so that a new kind is discovered at once.</summary>
/// <remarks>Models staging/src/k8s.io/apiserver/pkg/endpoints/discovery.</remarks>
internal static class Discovery
{
    // The order in which the real server lists its groups; custom ones come behind.
    private static readonly Seq<string> groups =
    [
        "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io",
        "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io", "networking.k8s.io",
        "policy", "rbac.authorization.k8s.io", "storage.k8s.io", "admissionregistration.k8s.io",
        "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io",
        "discovery.k8s.io", "flowcontrol.apiserver.k8s.io",
    ];

    /// <summary>The page at a path taken apart; null when it is none of discovery.</summary>
    public static JsonObject? Find(string[] parts, KindRegistry kinds)
    {
        return parts switch
        {
            ["version"] => Version(),
            ["api"] => new JsonObject
            {
                ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1"),
                ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject
                {
                    ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = "192.0.2.1:6443",
                }),
            },
            ["apis"] => Headed("APIGroupList", "groups", Groups(kinds).Select(Group)),
            ["api", var version] => Resources(kinds, "", version),
            ["apis", var name] => Groups(kinds).FirstOrDefault(g => g.Name == name) is
                { Name: not null } group ? Headed("APIGroup", Group(group)) : null,
            ["apis", var name, var version] => Resources(kinds, name, version),
            _ => null,
        };
    }

    /// <summary>The version that the cluster models.</summary>
    internal const string Modelled = "v1.36.2";

    private static JsonObject Version() => new()
    {
        ["major"] = "1", ["minor"] = "36", ["emulationMajor"] = "1", ["emulationMinor"] = "36",
        ["minCompatibilityMajor"] = "1", ["minCompatibilityMinor"] = "35",
        ["gitVersion"] = Modelled, ["gitCommit"] = "$Format:%H$", ["gitTreeState"] = "clean",
        ["buildDate"] = "2026-06-01T00:00:00Z", ["goVersion"] = "go1.26.10", ["compiler"] = "gc",
        ["platform"] = "linux/amd64",
    };

    private static IEnumerable<(string Name, Seq<string> Versions)> Groups(KindRegistry kinds) =>
        kinds.All.Where(kind => kind.Group.Length > 0).GroupBy(kind => kind.Group)
            .Select(g => (g.Key, g.SelectMany(Served).Distinct().ToSeq()))
            .OrderBy(g => groups.AsSpan().IndexOf(g.Key) is >= 0 and var at ? at : groups.Count);

    /// <summary>All groups, or the core group, with all their resources in one list.</summary>
    /// <param name="core">True for the core group, which has a page of its own.</param>
    /// <param name="version">Which form of the list: v2 or v2beta1.</param>
    /// <param name="kinds">The kinds.</param>
    /// <param name="isStale">Tells whether nobody answers for a kind.</param>
    /// <remarks>Models staging/src/k8s.io/apiserver/pkg/endpoints/discovery/aggregated.</remarks>
    public static JsonObject Aggregated(
        bool core, string version, KindRegistry kinds, Func<Kind, bool> isStale)
    {
        var listed = core ? [("", (Seq<string>)["v1"])] : Groups(kinds);
        return new()
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = $"apidiscovery.k8s.io/{version}",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. listed.Select(group => new JsonObject
            {
                ["metadata"] = group.Name.Length == 0 ? new JsonObject()
                    : new JsonObject { ["name"] = group.Name },
                ["versions"] = new JsonArray([.. group.Versions.Select(v =>
                    OneVersion(In(kinds, group.Name, v).ToList(), v, isStale))]),
            })]),
        };
    }

    private static JsonObject OneVersion(
        List<Kind> kinds, string version, Func<Kind, bool> isStale)
    {
        var stale = kinds.Exists(kind => isStale(kind));
        var node = new JsonObject { ["version"] = version };
        if (!stale)
        {
            node["resources"] = new JsonArray([.. kinds.Select(Discovered)]);
        }
        node["freshness"] = stale ? "Stale" : "Current";
        return node;
    }

    // The entries of the old lists in the new words; a subresource lies within its resource.
    private static JsonObject Discovered(Kind kind)
    {
        var node = Reworded(Resource(kind), "resource", kind.Plural);
        node["scope"] = kind.Namespaced ? "Namespaced" : "Cluster";
        if (!kind.Subresources.IsEmpty)
        {
            node["subresources"] = new JsonArray([.. kind.Subresources
                .Order(StringComparer.Ordinal)
                .Select(sub => Reworded(Part(kind, sub), "subresource", sub))]);
        }
        return node;
    }

    private static JsonObject Reworded(JsonObject old, string name, string value)
    {
        var node = new JsonObject
        {
            [name] = value,
            ["responseKind"] = new JsonObject
            {
                ["group"] = (string?)old["group"] ?? "",
                ["version"] = (string?)old["version"] ?? "",
                ["kind"] = (string?)old["kind"],
            },
        };
        if (name == "resource")
        {
            node["scope"] = "";
            node["singularResource"] = (string?)old["singularName"];
        }
        foreach (var list in (Seq<string>)["verbs", "shortNames", "categories"])
        {
            if (old[list] is { } words)
            {
                node[list] = words.DeepClone();
            }
        }
        return node;
    }

    // What other versions of a built-in kind there were, 1.36 serves no more.
    internal static IEnumerable<string> Served(Kind kind) => kind.SchemaType is null ? kind.Versions
        : kind.Versions.Where(version => !version.Contains("beta", StringComparison.Ordinal));

    private static JsonObject Group((string Name, Seq<string> Versions) group)
    {
        JsonObject Of(string version) => new()
        {
            ["groupVersion"] = $"{group.Name}/{version}", ["version"] = version,
        };
        return new()
        {
            ["name"] = group.Name,
            ["versions"] = new JsonArray([.. group.Versions.Select(Of)]),
            ["preferredVersion"] = Of(group.Versions[0]),
        };
    }

    private static JsonObject? Resources(KindRegistry kinds, string group, string version)
    {
        var served = In(kinds, group, version).ToList();
        if (served.Count == 0)
        {
            return null;
        }
        var page = Headed("APIResourceList", "resources", served.SelectMany(
            kind => kind.Subresources.Order(StringComparer.Ordinal).Select(sub => Part(kind, sub))
                .Prepend(Resource(kind))));
        page.Insert(2, "groupVersion", group.Length == 0 ? version : $"{group}/{version}");
        return page;
    }

    private static IEnumerable<Kind> In(KindRegistry kinds, string group, string version) =>
        kinds.All.Where(kind => kind.Group == group && Served(kind).Contains(version))
            .OrderBy(kind => kind.Plural, StringComparer.Ordinal);

    private static JsonObject Resource(Kind kind)
    {
        var node = Entry(kind.Plural, kind.Singular, kind, kind.ServedVerbs);
        if (!kind.ShortNames.IsEmpty)
        {
            node["shortNames"] = List(kind.ShortNames);
        }
        if (!kind.Categories.IsEmpty)
        {
            node["categories"] = List(kind.Categories);
        }
        if (kind.Takes("list"))
        {
            // Tells clients when what is stored changes its form.
            var hash = SHA256.HashData(
                Encoding.UTF8.GetBytes($"{kind.Group}/{kind.Version}/{kind.Name}"));
            node["storageVersionHash"] = Convert.ToBase64String(hash.AsSpan(0, 8));
        }
        return node;
    }

    /// <summary>What a resource takes, or a part of it: a name, and where it is not of the
    /// resource's own group, its group and version.</summary>
    public static (string Group, string Version, string Name) TypeOf(
        Kind kind, string subresource) => subresource switch
        {
            "scale" => ("autoscaling", "v1", "Scale"),
            "eviction" => ("policy", "v1", "Eviction"),
            "token" => ("authentication.k8s.io", "v1", "TokenRequest"),
            "binding" => ("", "", "Binding"),
            "attach" => ("", "", "PodAttachOptions"),
            "exec" => ("", "", "PodExecOptions"),
            "portforward" => ("", "", "PodPortForwardOptions"),
            "proxy" => ("", "", $"{kind.Name}ProxyOptions"),
            _ => ("", "", kind.Name),
        };

    private static JsonObject Part(Kind kind, string subresource)
    {
        var (group, version, name) = TypeOf(kind, subresource);
        Seq<string> verbs = subresource switch
        {
            "binding" or "eviction" or "token" => ["create"],
            "log" => ["get"],
            "attach" or "exec" or "portforward" => ["create", "get"],
            "proxy" => ["create", "delete", "get", "patch", "update"],
            "finalize" => ["update"],
            _ => ["get", "patch", "update"],
        };
        var node = Entry($"{kind.Plural}/{subresource}", "", kind, verbs);
        node["kind"] = name;
        if (group.Length > 0)
        {
            node.Insert(3, "group", group);
            node.Insert(4, "version", version);
        }
        return node;
    }

    private static JsonObject Entry(string name, string singular, Kind kind, Seq<string> verbs) =>
        new()
        {
            ["name"] = name,
            ["singularName"] = singular,
            ["namespaced"] = kind.Namespaced,
            ["kind"] = kind.Name,
            ["verbs"] = List(verbs.Order(StringComparer.Ordinal)),
        };

    private static JsonArray List(IEnumerable<string> words) =>
        new([.. words.Select(word => JsonValue.Create(word))]);

    private static JsonObject Headed(string kind, string list, IEnumerable<JsonObject> items) =>
        Headed(kind, new() { [list] = new JsonArray([.. items]) });

    private static JsonObject Headed(string kind, JsonObject node)
    {
        node.Insert(0, "kind", kind);
        node.Insert(1, "apiVersion", "v1");
        return node;
    }
}
