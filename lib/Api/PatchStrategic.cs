using System.Text.Json.Nodes;

namespace KubeSim;

// A strategic merge patch is a merge patch that knows its types. Most lists are replaced; those
// that the schema marks are merged item by item, by a key such as the name of a container, so that
//
//     containers: [{name: sidecar, image: log:2}]
//
// changes one container and leaves the other ones alone. Lists of plain words (finalizers) are
// united. What a partial object cannot say, directives say:
//
//     $patch: delete | replace            in an object: it goes; it replaces instead of merging
//     $retainKeys: [a, b]                 in an object: all other fields go (a union changes arm)
//     $deleteFromPrimitiveList/f: [x]     beside list f: these words go
//     $setElementOrder/f: [...]           beside list f: the order of what the patch's author knows
//
// Items that only the server has keep their place among their neighbours.
//
// Models staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go

/// <summary>The strategic merge patch: merges a partial object by the rules of its type.</summary>
public static partial class StrategicMerge
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteList = "$deleteFromPrimitiveList/";
    private const string OrderList = "$setElementOrder/";

    /// <summary>The object after a patch; the object itself is not changed. Without a type, as for
    /// custom kinds, lists are replaced.</summary>
    /// <exception cref="ApiException">400 or 500: the patch breaks the rules of its directives.
    /// </exception>
    public static JsonObject Apply(JsonObject target, JsonObject patch, SchemaType? type) =>
        Merge(target.DeepClone().AsObject(), patch, type);

    private static JsonObject Merge(JsonObject live, JsonObject patch, SchemaType? type)
    {
        switch (Text(patch[Directive]))
        {
            case null: break;
            case "replace": return Clean(patch).AsObject();
            case "delete": return [];
            case var other:
                throw Broken($"unknown patch type: {other} in map: {patch.ToJsonString()}");
        }
        Retain(live, patch);
        foreach (var name in Names(patch))
        {
            MergeField(live, patch, name, type?.Field(name));
        }
        return live;
    }

    /// <summary>The fields that a patch speaks of, by themselves or in a directive.</summary>
    private static List<string> Names(JsonObject patch)
    {
        var names = new List<string>();
        foreach (var (key, _) in patch)
        {
            var name = key.StartsWith(DeleteList) ? key[DeleteList.Length..]
                : key.StartsWith(OrderList) ? key[OrderList.Length..]
                : key;
            if (name is not (Directive or RetainKeys) && !names.Contains(name))
            {
                names.Add(name);
            }
        }
        return names;
    }

    private static void Retain(JsonObject live, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var node))
        {
            return;
        }
        var keys = node as JsonArray
            ?? throw ApiErrors.BadRequest("invalid patch format of retainKeys");
        var retained = keys.Select(Text).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in patch)
        {
            if (value is not null && !key.StartsWith('$') && !retained.Contains(key))
            {
                throw ApiErrors.BadRequest("invalid patch format of retainKeys");
            }
        }
        foreach (var key in live.Select(e => e.Key).ToList())
        {
            if (!retained.Contains(key))
            {
                live.Remove(key);
            }
        }
    }

    private static void MergeField(
        JsonObject live, JsonObject patch, string name, SchemaField? field)
    {
        var isSet = patch.TryGetPropertyValue(name, out var change);
        if (isSet && change is null)
        {
            live.Remove(name);
            return;
        }
        if (change is JsonObject part && live[name] is JsonObject present
            && field is not { Replace: true })
        {
            live[name] = Merge(present.DeepClone().AsObject(), part,
                field is { IsMap: true } ? null : field?.Type);
            return;
        }
        var deletes = patch[DeleteList + name];
        var order = patch[OrderList + name];
        if (change is JsonObject || (change is not JsonArray && isSet)
            || (field is not { Merge: true } && deletes is null && order is null))
        {
            live[name] = Clean(change!);
            return;
        }
        MergeList(live, name, field, change as JsonArray, deletes, order);
    }

    private static void MergeList(
        JsonObject live, string name, SchemaField? field,
        JsonArray? changes, JsonNode? deletes, JsonNode? order)
    {
        if (live[name] is not JsonArray && changes is null)
        {
            return;
        }
        var key = field?.MergeKey ?? "";
        var before = Items(live[name]);
        var items = key.Length > 0
            ? MergeItems(before, Items(changes), key, field?.Type)
            : Unite(before, Items(changes), Items(deletes));
        var wanted = order is null ? Items(changes) : Items(order);
        // Upstream merges within the live list: new items take the places of deleted ones, and
        // their order there counts. In [1, 2, 4] with 1 deleted and 3 new, 4 stays before 3.
        var places = key.Length > 0 ? items[..Math.Min(items.Count, before.Count)] : before;
        live[name] = ToArray(Arrange(items, wanted, places, key));
    }

    /// <summary>Merges the items that carry the same key; new ones come last.</summary>
    private static List<JsonNode?> MergeItems(
        List<JsonNode?> live, List<JsonNode?> changes, string key, SchemaType? type)
    {
        if (changes.Any(change => Text((change as JsonObject)?[Directive]) == "replace"))
        {
            return changes
                .Where(change => Text((change as JsonObject)?[Directive]) is null).Select(Clean)
                .ToList<JsonNode?>();
        }
        var result = new List<JsonNode?>(live);
        foreach (var change in changes)
        {
            var id = Id(change, key);
            var directive = Text((change as JsonObject)?[Directive]);
            if (id is null)
            {
                throw directive == "delete"
                    ? Broken("delete patch type with no merge key defined")
                    : NoKey(change, key);
            }
            if (directive == "delete")
            {
                result.RemoveAll(item => Id(item, key) == id);
                continue;
            }
            var at = result.FindIndex(item => Id(item, key) == id);
            if (at < 0)
            {
                result.Add(Clean(change));
            }
            else
            {
                result[at] = Merge(result[at]!.DeepClone().AsObject(), change!.AsObject(), type);
            }
        }
        return result;
    }

    private static List<JsonNode?> Unite(
        List<JsonNode?> live, List<JsonNode?> changes, List<JsonNode?> deletes)
    {
        var gone = deletes.Select(node => Id(node, "")).ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string?>(StringComparer.Ordinal);
        return live.Concat(changes)
            .Where(node => Id(node, "") is var id && !gone.Contains(id) && seen.Add(id)).ToList();
    }

    /// <summary>Puts the items that the patch knows in its order, and between them those that only
    /// the server has: each stays before the neighbours that it stood before.</summary>
    private static List<JsonNode?> Arrange(
        List<JsonNode?> items, List<JsonNode?> wanted, List<JsonNode?> before, string key)
    {
        var rank = Ranks(wanted, key);
        var place = Ranks(before, key);
        var known = items.Where(item => rank.ContainsKey(Id(item, key) ?? ""))
            .OrderBy(item => rank[Id(item, key) ?? ""]).ToList();
        var others = items.Where(item => !rank.ContainsKey(Id(item, key) ?? "")).ToList();
        var result = new List<JsonNode?>(items.Count);
        var (i, j) = (0, 0);
        while (i < others.Count || j < known.Count)
        {
            var takeOther = j == known.Count || (i < others.Count
                && place.TryGetValue(Id(others[i], key) ?? "", out var left)
                && place.TryGetValue(Id(known[j], key) ?? "", out var right)
                && left < right);
            result.Add(takeOther ? others[i++] : known[j++]);
        }
        return result;
    }

    private static Dictionary<string, int> Ranks(List<JsonNode?> items, string key)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            ranks.TryAdd(Id(item, key) ?? "", ranks.Count);
        }
        return ranks;
    }

    /// <summary>A copy of a new value: what would change nothing in it, nulls and directives, is
    /// left out.</summary>
    private static JsonNode Clean(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                var fields = new JsonObject();
                foreach (var (key, value) in map)
                {
                    if (value is not null && key is not (Directive or RetainKeys)
                        && !key.StartsWith(OrderList) && !key.StartsWith(DeleteList))
                    {
                        fields[key] = Clean(value);
                    }
                }
                return fields;
            case JsonArray list:
                return ToArray(list
                    .Where(item => item is not JsonObject map || !map.ContainsKey(Directive))
                    .Select(item => item is null ? null : Clean(item)));
            default:
                return node!.DeepClone();
        }
    }

    /// <summary>What makes an item of a list the same as another: the value of its key, or its own.
    /// Null when the item lacks the key.</summary>
    private static string? Id(JsonNode? item, string key) => key.Length == 0
        ? item?.ToJsonString() ?? "null"
        : (item as JsonObject)?[key]?.ToJsonString();

    private static List<JsonNode?> Items(JsonNode? list) => [.. list as JsonArray ?? []];

    private static JsonArray ToArray(IEnumerable<JsonNode?> items) =>
        new([.. items.Select(item => item?.Parent is null ? item : item.DeepClone())]);

    private static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static ApiException NoKey(JsonNode? item, string key) =>
        Broken($"map: {item?.ToJsonString()} does not contain declared merge key: {key}");

    private static ApiException Broken(string why) => ApiErrors.Internal(why);
}
