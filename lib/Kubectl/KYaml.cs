using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>KYAML: the flow style of YAML, with braces, quoted texts and commas at the ends, that
/// no indentation can break.</summary>
/// <remarks>Models sigs.k8s.io/yaml/kyaml.</remarks>
internal static class KYaml
{
    public static string Write(JsonNode node)
    {
        var text = new StringBuilder("---\n");
        Write(text, node, 0);
        return text.Append('\n').ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node, int indent)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                text.Append("{\n");
                foreach (var (key, value) in map.OrderBy(e => e.Key, StringComparer.Ordinal))
                {
                    text.Append(' ', indent + 2).Append(Key(key)).Append(": ");
                    Write(text, value, indent + 2);
                    text.Append(",\n");
                }
                text.Append(' ', indent).Append('}');
                break;
            case JsonArray { Count: > 0 } list:
                List(text, list, indent);
                break;
            case null:
                text.Append("null");
                break;
            default:
                text.Append(node is JsonObject ? "{}" : node is JsonArray ? "[]"
                    : Json.Compact(node));
                break;
        }
    }

    // Maps in a list stand cuddled: [{ … }, { … }].
    private static void List(StringBuilder text, JsonArray list, int indent)
    {
        var cuddled = list.All(item => item is JsonObject or JsonArray);
        text.Append(cuddled ? "[" : "[\n");
        for (var i = 0; i < list.Count; i++)
        {
            if (!cuddled)
            {
                text.Append(' ', indent + 2);
            }
            Write(text, list[i], cuddled ? indent : indent + 2);
            text.Append(!cuddled ? ",\n" : i < list.Count - 1 ? ", " : "");
        }
        text.Append(cuddled ? "" : new string(' ', indent)).Append(']');
    }

    // A key is quoted when it could be read as something else.
    private static string Key(string key) => key.Length > 0 && char.IsAsciiLetter(key[0])
        && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/')
        && key.ToLowerInvariant() is not ("true" or "false" or "yes" or "no" or "on" or "off"
            or "null" or "y" or "n") ? key : JsonSerializer.Serialize(key);
}
