using System.Text.Json.Nodes;

namespace KubeSim;

// kubectl apply compares three objects: the manifest of the last apply (original), the manifest of
// now (modified) and what the server has (current). It adds and changes what differs between
// modified and current, and deletes only what stood in original and no longer stands in modified:
// what others added on the server stays. The outcome is a strategic merge patch. Example: original
// [a, b], modified [a, c], current [a, b, injected]: the patch adds c, deletes b, and says nothing
// of injected.
//
// Models staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go
public static partial class StrategicMerge
{
    /// <summary>The patch that makes one object of another; empty when nothing is to be
    /// done.</summary>
    public static JsonObject TwoWay(JsonObject original, JsonObject modified, SchemaType? type) =>
        Diff(original, modified, original, type, retainKeys: false);

    /// <summary>The patch of <c>kubectl apply</c>; empty when nothing is to be done.</summary>
    /// <param name="original">The manifest of the last apply; null for none.</param>
    /// <param name="modified">The manifest of now.</param>
    /// <param name="current">The object that the server has.</param>
    /// <param name="type">The type of the object; null for a custom kind.</param>
    public static JsonObject ThreeWay(
        JsonObject? original, JsonObject modified, JsonObject current, SchemaType? type) =>
        Diff(original, modified, current, type, retainKeys: false);

    /// <summary>A null <paramref name="current"/> means that the server has no such part.</summary>
    private static JsonObject Diff(
        JsonObject? original, JsonObject modified, JsonObject? current, SchemaType? type,
        bool retainKeys)
    {
        var patch = new JsonObject();
        foreach (var (key, wanted) in modified)
        {
            JsonNode? present = null;
            var isThere = current is not null && current.TryGetPropertyValue(key, out present);
            var field = type?.Field(key);
            switch (wanted)
            {
                case JsonObject map when field is not { Replace: true }:
                    var inner = Diff(original?[key] as JsonObject, map, present as JsonObject,
                        field is { IsMap: true } ? null : field?.Type,
                        field is { RetainKeys: true });
                    if (inner.Count > 0 || present is not JsonObject)
                    {
                        patch[key] = inner;
                    }
                    break;
                case JsonArray list when field is { Merge: true }:
                    DiffList(patch, field, original?[key] as JsonArray, list, present as JsonArray);
                    break;
                default:
                    // An object that is replaced as a whole is sent even when it is the same.
                    if (!isThere || !JsonNode.DeepEquals(present, wanted) || wanted is JsonObject)
                    {
                        patch[key] = wanted?.DeepClone();
                    }
                    break;
            }
        }
        var deletes = false;
        foreach (var (key, _) in original ?? [])
        {
            if (!modified.ContainsKey(key))
            {
                patch[key] = null;
                deletes = true;
            }
        }
        var kept = modified.Where(e => e.Value is not null).Select(e => e.Key)
            .Order(StringComparer.Ordinal).ToList();
        var differs = current is null
            ? deletes
            : patch.Count > 0 || current.Any(e => !modified.ContainsKey(e.Key));
        if (retainKeys && kept.Count > 0 && differs)
        {
            patch[RetainKeys] = ToArray(kept.Select(key => (JsonNode?)JsonValue.Create(key)));
        }
        return patch;
    }

    private static void DiffList(
        JsonObject patch, SchemaField field,
        JsonArray? original, JsonArray modified, JsonArray? current)
    {
        var (old, wanted, present) = (Items(original), Items(modified), Items(current));
        var key = field.MergeKey;
        var known = wanted.Select(item => Id(item, key)).ToHashSet(StringComparer.Ordinal);
        var gone = old.Where(item => !known.Contains(Id(item, key)))
            .DistinctBy(item => Id(item, key), StringComparer.Ordinal)
            .OrderBy(item => Id(item, key), StringComparer.Ordinal).ToList();
        bool changed;
        List<JsonNode?> changes;
        if (key.Length == 0)
        {
            changes = Added(wanted, present);
            changed = !JsonNode.DeepEquals(current, modified);
            gone = Removed(old, wanted);
            if (gone.Count > 0)
            {
                patch[DeleteList + field.Name] = ToArray(gone);
            }
        }
        else
        {
            changes = DiffItems(field, old, wanted, present);
            changes.AddRange(gone.Select(item => new JsonObject
            {
                [Directive] = "delete",
                [key] = item![key]!.DeepClone(),
            }));
            changed = changes.Count > 0
                || !present.Select(item => Id(item, key)).SequenceEqual(
                    wanted.Select(item => Id(item, key)));
        }
        if (changes.Count > 0 || current is null)
        {
            patch[field.Name] = ToArray(changes);
        }
        if (gone.Count > 0 || (present.Count > 0 && changed))
        {
            patch[OrderList + field.Name] = ToArray(key.Length == 0 ? wanted
                : wanted.Select(JsonNode? (item) => new JsonObject
                {
                    [key] = item![key]?.DeepClone(),
                }));
        }
    }

    private static List<JsonNode?> DiffItems(
        SchemaField field, List<JsonNode?> old, List<JsonNode?> wanted, List<JsonNode?> present)
    {
        var key = field.MergeKey;
        var changes = new List<JsonNode?>();
        for (var i = 0; i < wanted.Count; i++)
        {
            var item = wanted[i];
            var id = Id(item, key)
                ?? throw NoKey(item, key);
            // Where a key stands twice (port 53 of TCP and of UDP), the second meets the second.
            var nth = wanted[..i].Count(other => Id(other, key) == id);
            var there = Nth(present, id, nth);
            var difference = Diff(Nth(old, id, nth),
                item!.AsObject(), there, field.Type, there is not null && field.RetainKeys);
            if (difference.Count > 0)
            {
                difference[key] = item[key]!.DeepClone();
                changes.Add(difference);
            }
        }
        return changes;

        JsonObject? Nth(List<JsonNode?> items, string id, int nth) =>
            items.Where(item => Id(item, key) == id).ElementAtOrDefault(nth) as JsonObject;
    }

    // Of equal words each counts for one.
    private static List<JsonNode?> Added(List<JsonNode?> wanted, List<JsonNode?> present)
    {
        var left = present.Select(item => Id(item, "")).ToList();
        return wanted.Where(item => !left.Remove(Id(item, ""))).ToList();
    }

    private static List<JsonNode?> Removed(List<JsonNode?> old, List<JsonNode?> wanted) =>
        Added(old, wanted).DistinctBy(item => Id(item, ""), StringComparer.Ordinal)
            .OrderBy(item => Id(item, ""), StringComparer.Ordinal).ToList();
}
