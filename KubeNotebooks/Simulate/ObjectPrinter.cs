using System.Text.Json.Nodes;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Prints the objects of a cluster: a table a kind, or one List as JSON or YAML.</summary>
internal static class ObjectPrinter
{
    /// <summary>Prints all objects by kind, namespace and name; Events only in a List.</summary>
    public static void Print(TextWriter output, Cluster cluster, string format)
    {
        if (format == "json")
        {
            PrintJson(output, cluster.Everything());
        }
        else if (format == "yaml")
        {
            output.Write(Json.ToYaml(ListOf(cluster.Everything())));
        }
        else
        {
            PrintTables(output, cluster);
        }
    }

    // Object by object: a large cluster's List need not be in memory twice.
    private static void PrintJson(TextWriter output, IEnumerable<ApiObject> objects)
    {
        var text = Json.Text(ListOf([])).ReplaceLineEndings("\n");
        var empty = text.IndexOf("[]", StringComparison.Ordinal);
        var separator = "[\n";
        output.Write(text[..empty]);
        foreach (var o in objects)
        {
            output.Write(separator);
            output.Write("        ");
            output.Write(Json.Text(o).TrimEnd('\n').Replace("\n", "\n        ",
                StringComparison.Ordinal));
            separator = ",\n";
        }
        output.Write("\n    ]");
        output.Write(text[(empty + 2)..].TrimEnd('\n'));
        output.Write('\n');
    }

    private static JsonObject ListOf(IEnumerable<ApiObject> objects) => new()
    {
        ["apiVersion"] = "v1",
        ["items"] = new JsonArray([.. objects.Select(o => (JsonNode)Json.Encode(o))]),
        ["kind"] = "List",
        ["metadata"] = new JsonObject { ["resourceVersion"] = "" },
    };

    // As kubectl shows them: its columns are the API server's.
    private static void PrintTables(TextWriter output, Cluster cluster)
    {
        var separator = "";
        foreach (var kind in cluster.Everything().Select(o => o.Kind).Distinct()
            .Where(k => k.Name != "Event"))
        {
            var shown = cluster.Kubectl($"get {kind.Resource} -A -o wide --show-kind").Out;
            output.Write(separator + shown);
            separator = "\n";
        }
    }
}
