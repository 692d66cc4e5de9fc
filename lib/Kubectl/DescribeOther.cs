using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Any other kind in words: its fields as they are, with names for people.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go (the generic
/// describer).</remarks>
internal static class DescribeOther
{
    public static void Write(DescribeText text, ApiObject o)
    {
        text.Field("Name", o.Metadata.Name);
        text.Field("Namespace", o.Metadata.Namespace);
        text.LabelsAndAnnotations(o);
        text.Field("API Version", o.Kind.ApiVersion);
        text.Field("Kind", o.Kind.Name);
        var tree = Json.Encode(o);
        foreach (var left in (string[])["apiVersion", "kind"])
        {
            tree.Remove(left);
        }
        if (tree["metadata"] is JsonObject meta)
        {
            foreach (var left in (string[])["name", "namespace", "labels", "annotations"])
            {
                meta.Remove(left);
            }
        }
        WriteMap(text, tree, 0);
        text.Events(o);
    }

    private static void WriteMap(DescribeText text, JsonObject map, int level)
    {
        var indent = new string(' ', 2 * level);
        foreach (var (key, value) in map.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            var title = $"{indent}{Title(key)}";
            switch (value)
            {
                case JsonObject inner:
                    text.Line($"{title}:");
                    WriteMap(text, inner, level + 1);
                    break;
                case JsonArray list:
                    text.Line($"{title}:");
                    WriteList(text, list, level + 1);
                    break;
                default:
                    text.Field(title, value?.ToString() ?? "<nil>");
                    break;
            }
        }
    }

    private static void WriteList(DescribeText text, JsonArray list, int level)
    {
        var indent = new string(' ', 2 * level);
        foreach (var item in list)
        {
            if (item is JsonObject map)
            {
                WriteMap(text, map, level);
            }
            else
            {
                text.Line($"{indent}{item}");
            }
        }
    }

    /// <summary>creationTimestamp becomes Creation Timestamp.</summary>
    private static string Title(string key)
    {
        var words = new System.Text.StringBuilder();
        for (var i = 0; i < key.Length; i++)
        {
            var starts = i > 0 && char.IsUpper(key[i])
                && (!char.IsUpper(key[i - 1]) || (i + 1 < key.Length && char.IsLower(key[i + 1])));
            words.Append(starts ? " " : "").Append(i == 0 ? char.ToUpperInvariant(key[0]) : key[i]);
        }
        return words.ToString();
    }
}
