using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The merge patch of RFC 7386: a partial object. Its fields replace those of the target,
/// objects are merged, lists replaced, and null takes a field away.</summary>
public static class MergePatch
{
    /// <summary>The tree after a patch; the tree itself is not changed.</summary>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }
        var result = target is JsonObject map ? map.DeepClone().AsObject() : [];
        foreach (var (key, change) in changes)
        {
            if (change is null)
            {
                result.Remove(key);
            }
            else
            {
                result[key] = Apply(result[key], change);
            }
        }
        return result;
    }

    /// <summary>The smallest patch that makes one object of another; empty when they are
    /// equal.</summary>
    public static JsonObject Diff(JsonObject from, JsonObject to)
    {
        var patch = new JsonObject();
        foreach (var (key, wanted) in to)
        {
            var isThere = from.TryGetPropertyValue(key, out var present);
            if (present is JsonObject left && wanted is JsonObject right)
            {
                if (Diff(left, right) is { Count: > 0 } inner)
                {
                    patch[key] = inner;
                }
            }
            else if (!isThere || !JsonNode.DeepEquals(present, wanted))
            {
                patch[key] = wanted?.DeepClone();
            }
        }
        foreach (var (key, _) in from)
        {
            if (!to.ContainsKey(key))
            {
                patch[key] = null;
            }
        }
        return patch;
    }
}
