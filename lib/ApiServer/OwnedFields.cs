using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// The fields of an object as somebody can own them: paths, by the schema. What two can share is
/// taken apart (the containers of a pod, by name; labels, one by one), and what makes sense only as
/// a whole is one field (a selector, a list of arguments).
/// <para>A path is a text of steps as <c>metadata.managedFields</c> writes them:
/// <c>f:spec</c>, <c>f:containers</c>, <c>k:{"name":"c"}</c>, <c>f:image</c>; messages write it
/// <c>.spec.containers[name="c"].image</c>.</para>
/// Models sigs.k8s.io/structured-merge-diff fieldpath and typed.
/// </summary>
/// <param name="type">The type of the object; null for a custom kind: then lists are whole.</param>
/// <param name="complain">What to throw, given what is wrong with an object; null to let it
/// pass.</param>
internal sealed class OwnedFields(SchemaType? type, Func<string, Exception>? complain = null)
{
    private const char Sep = '\u0001';

    // x-kubernetes-map-type: atomic.
    private static readonly HashSet<string> atomic =
    [
        "LabelSelector", "ObjectReference", "LocalObjectReference", "TypedLocalObjectReference",
        "TypedObjectReference", "SecretReference", "SecretKeySelector", "ConfigMapKeySelector",
        "ObjectFieldSelector", "ResourceFieldSelector", "NodeSelector", "NodeSelectorTerm",
        "TopologySelectorTerm", "ScopeSelector", "RoleRef", "Subject", "EndpointPort",
        "ServiceBackendPort",
    ];

    // Server-side apply tells items apart by more than the merge key of older patches.
    private static readonly Dictionary<string, string> second = new()
    {
        ["containerPort"] = "protocol", ["port"] = "protocol",
        ["topologyKey"] = "whenUnsatisfiable",
    };

    // Where a value stands: in a field, or at the top, where only the type is known.
    private readonly record struct Place(SchemaField? Field, SchemaType? Type, bool InMap = false)
    {
        public bool IsMap => Field is { IsMap: true } && !InMap;

        public bool IsWhole => Field is not null && (IsMap
            ? Field.Name is "selector" or "nodeSelector"
            : Type is not null && !Field.IsList && atomic.Contains(Type.ShortName));

        public bool IsShared => Field is { IsList: true, Merge: true } && !IsMap;

        public Place Of(string name) => IsMap ? this with { InMap = true }
            : Type?.Field(name) is { } field ? new(field, field.Type) : default;

        // An item of a shared list is a struct, or a word of a set.
        public Place Item => new(null, Type);

        public string[] Keys => Field!.MergeKey is not { Length: > 0 } key ? []
            : second.TryGetValue(key, out var more) && Type?.Field(more) is not null ? [key, more]
            : [key];
    }

    private Place Top => new(null, type);

    /// <summary>The fields of an object and their values as JSON; the value of a list's item is
    /// empty: it is there.</summary>
    public SortedDictionary<string, string> Of(JsonObject value)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Walk(value, Top, "", found);
        return found;
    }

    private void Walk(JsonNode? value, Place place, string path,
        SortedDictionary<string, string> found)
    {
        if (value is JsonObject { Count: > 0 } fields && !place.IsWhole)
        {
            foreach (var (name, inner) in fields)
            {
                Known(place, name, path);
                Walk(inner, place.Of(name), Join(path, $"f:{name}"), found);
            }
        }
        else if (value is JsonArray items && place.IsShared)
        {
            foreach (var (step, item) in Items(items, place, path))
            {
                found[Join(path, step)] = "";
                if (item is JsonObject)
                {
                    Walk(item, place.Item, Join(path, step), found);
                }
            }
        }
        else if (path.Length > 0)
        {
            found[path] = Json.Compact(value);
        }
    }

    private void Known(Place place, string name, string path)
    {
        if (complain is not null && !place.IsMap && place.Type is { } known
            && known.Field(name) is null)
        {
            throw complain($"{Show(Join(path, $"f:{name}"))}: field not declared in schema");
        }
    }

    private IEnumerable<(string Step, JsonNode? Item)> Items(
        JsonArray items, Place place, string path)
    {
        var keys = place.Keys;
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            if (keys.Length == 0)
            {
                yield return ($"v:{Json.Compact(item)}", item);
                continue;
            }
            var named = new JsonObject();
            foreach (var key in keys.Order(StringComparer.Ordinal))
            {
                var word = (item as JsonObject)?[key]?.DeepClone()
                    ?? (key == "protocol" ? "TCP" : null);
                if (word is null && complain is not null)
                {
                    throw complain($"{Show(path)}: element {i}: associative list with keys has an "
                        + $"element that omits key field \"{key}\"");
                }
                named[key] = word;
            }
            yield return ($"k:{Json.Compact(named)}", item);
        }
    }

    /// <summary>An object with another laid over it; neither is changed.</summary>
    public JsonObject Merge(JsonObject live, JsonObject wish) =>
        Merge(live, wish, Top, "")!.AsObject();

    private JsonNode? Merge(JsonNode? live, JsonNode? wish, Place place, string path)
    {
        if (live is JsonObject && wish is JsonObject over && !place.IsWhole)
        {
            var all = live.DeepClone().AsObject();
            foreach (var (name, value) in over)
            {
                all[name] = Merge(all[name], value, place.Of(name), Join(path, $"f:{name}"));
            }
            return all;
        }
        if (live is not JsonArray have || wish is not JsonArray want || !place.IsShared)
        {
            return wish?.DeepClone();
        }
        // In the order that is wished; what only the live list has stays behind its neighbour.
        var wished = Items(want, place, path).ToList();
        var rest = Items(have, place, path).ToList();
        var list = new JsonArray();
        foreach (var (step, item) in wished)
        {
            var at = rest.FindIndex(r => r.Step == step);
            var old = at < 0 ? null : rest[at].Item;
            foreach (var kept in rest.Take(at).Where(r => !wished.Exists(w => w.Step == r.Step)))
            {
                list.Add(kept.Item?.DeepClone());
            }
            rest = at < 0 ? rest : [.. rest.Take(at).Where(r => wished.Exists(
                w => w.Step == r.Step)), .. rest.Skip(at + 1)];
            list.Add(Merge(old, item, place.Item, Join(path, step)));
        }
        foreach (var kept in rest.Where(r => !wished.Exists(w => w.Step == r.Step)))
        {
            list.Add(kept.Item?.DeepClone());
        }
        return list;
    }

    /// <summary>Takes from an object a field, or an item of a list with all that is in
    /// it.</summary>
    public void Remove(JsonObject from, string path)
    {
        var (node, place, at) = ((JsonNode?)from, Top, "");
        var steps = path.Split(Sep);
        for (var i = 0; i < steps.Length; i++)
        {
            var (step, last) = (steps[i], i == steps.Length - 1);
            if (node is JsonObject fields && step.StartsWith("f:", StringComparison.Ordinal))
            {
                var name = step[2..];
                node = fields[name];
                place = place.Of(name);
                _ = last && fields.Remove(name);
            }
            else if (node is JsonArray items && place.IsShared)
            {
                node = Items(items, place, at).FirstOrDefault(t => t.Step == step).Item;
                place = place.Item;
                _ = last && node is not null && items.Remove(node);
            }
            at = Join(at, step);
        }
    }

    /// <summary>The paths on the way to a path, and itself, the shortest first.</summary>
    public static IEnumerable<string> Way(string path)
    {
        for (var at = path.IndexOf(Sep); at >= 0; at = path.IndexOf(Sep, at + 1))
        {
            yield return path[..at];
        }
        yield return path;
    }

    /// <summary>True when one path is another, or leads to something in it.</summary>
    public static bool IsIn(string path, string outer) => path == outer
        || (path.Length > outer.Length && path[outer.Length] == Sep
            && path.StartsWith(outer, StringComparison.Ordinal));

    /// <summary>A path as messages write it.</summary>
    public static string Show(string path) => string.Concat(path.Split(Sep).Select(step =>
        step.StartsWith("f:", StringComparison.Ordinal) ? $".{step[2..]}"
        : step.StartsWith("v:", StringComparison.Ordinal) ? $"[={step[2..]}]"
        : $"[{string.Join(',', JsonNode.Parse(step[2..])!.AsObject()
            .Select(key => $"{key.Key}={Json.Compact(key.Value)}"))}]"));

    /// <summary>Paths as <c>fieldsV1</c> nests them; <c>.</c> is what is owned for itself, beside
    /// what is in it.</summary>
    public static JsonObject Nest(IEnumerable<string> paths)
    {
        var top = new JsonObject();
        foreach (var path in paths)
        {
            var (node, made) = (top, true);
            foreach (var step in path.Split(Sep))
            {
                if (!made && node.Count == 0)
                {
                    // A path that was there before ended here.
                    node["."] = new JsonObject();
                }
                made = node[step] is null;
                if (made)
                {
                    node[step] = new JsonObject();
                }
                node = node[step]!.AsObject();
            }
        }
        return top;
    }

    /// <summary>The paths that <see cref="Nest"/> nested.</summary>
    public static IEnumerable<string> Flatten(JsonObject nested, string path = "")
    {
        foreach (var (step, inner) in nested)
        {
            var at = step == "." ? path : Join(path, step);
            if (inner is JsonObject { Count: > 0 } more)
            {
                foreach (var found in Flatten(more, at))
                {
                    yield return found;
                }
            }
            else
            {
                yield return at;
            }
        }
    }

    private static string Join(string path, string step) =>
        path.Length == 0 ? step : $"{path}{Sep}{step}";
}
