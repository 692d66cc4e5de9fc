using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Small JSON trees by the paths of their leaves.</summary>
/// <example><c>Tree.Of(("spec.replicas", 3), ("spec.paused", true))</c>; a leaf that is null is
/// left out.</example>
internal static class Tree
{
    /// <summary>What stands for a null that is sent: a patch that takes a field away.</summary>
    public static readonly object Gone = new();

    /// <summary>What stands for an object without fields.</summary>
    public static readonly object Empty = new();

    public static JsonObject Of(params ReadOnlySpan<(string Path, object? Value)> leaves)
    {
        var root = new JsonObject();
        foreach (var (path, value) in leaves)
        {
            if (value is null)
            {
                continue;
            }
            var steps = path.Split('.');
            var at = root;
            foreach (var step in steps[..^1])
            {
                at[step] ??= new JsonObject();
                at = at[step]!.AsObject();
            }
            at[steps[^1]] = Node(value);
        }
        return root;
    }

    /// <summary>A value as JSON: a text, a number, a switch, words, pairs, or JSON.</summary>
    public static JsonNode? Node(object? value) => value switch
    {
        JsonNode node => node,
        string text => text,
        bool flag => flag,
        int number => number,
        long number => number,
        IntOrString either => either.IsText ? (JsonNode)either.Text! : either.Number,
        IEnumerable<string> words => new JsonArray([.. words.Select(w => (JsonNode)w)]),
        IEnumerable<JsonNode> nodes => new JsonArray([.. nodes]),
        IEnumerable<KeyValuePair<string, string>> pairs => new JsonObject(
            pairs.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        _ => ReferenceEquals(value, Empty) ? new JsonObject() : null,
    };
}
