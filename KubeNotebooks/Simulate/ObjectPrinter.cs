using System.Globalization;
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

    private static void PrintTables(TextWriter output, Cluster cluster)
    {
        var first = true;
        foreach (var kind in cluster.Everything().Where(o => o.Kind.Name != "Event")
            .GroupBy(o => o.Kind))
        {
            var rows = kind.Select(o => Row(o, cluster.Now)).Prepend(Header(kind.First())).ToList();
            if (!first)
            {
                output.Write('\n');
            }
            first = false;
            PrintTable(output, rows);
        }
    }

    private static void PrintTable(TextWriter output, List<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length)
            .Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, i) => i == row.Length - 1 ? cell
                : cell.PadRight(widths[i] + 3));
            output.Write(string.Concat(cells).TrimEnd());
            output.Write('\n');
        }
    }

    private static string[] Header(ApiObject o) =>
    [
        .. o.Kind.Namespaced ? ["NAMESPACE"] : (string[])[], "NAME",
        .. o switch
        {
            Pod => ["READY", "PHASE", "NODE"],
            Node => ["STATUS", "CPU", "MEMORY", "PODS"],
            ReplicaSet or Deployment or StatefulSet => ["DESIRED", "CURRENT", "READY"],
            Namespace => ["STATUS"],
            _ => (string[])[],
        },
        "AGE",
    ];

    private static string[] Row(ApiObject o, DateTime now)
    {
        var kind = o.Kind.Group.Length == 0 ? o.Kind.Singular : $"{o.Kind.Singular}.{o.Kind.Group}";
        var created = o.Metadata.CreationTimestamp?.DateTime ?? now;
        return
        [
            .. o.Kind.Namespaced ? [o.Metadata.Namespace] : (string[])[],
            $"{kind}/{o.Metadata.Name}",
            .. Columns(o), HumanDuration.Of(now - created),
        ];
    }

    private static string[] Columns(ApiObject o) => o switch
    {
        Pod pod => [pod.IsReady ? "True" : "False", pod.Status.Phase ?? "Pending",
            pod.Spec.NodeName ?? "<none>"],
        Node node => [node.IsReady ? "Ready" : "NotReady", $"{node.Status.Capacity.Get("cpu")}",
            $"{node.Status.Capacity.Get("memory")}", $"{node.Status.Capacity.Get("pods")}"],
        ReplicaSet set => Counts(set.Spec.Replicas, set.Status.Replicas, set.Status.ReadyReplicas),
        Deployment set => Counts(set.Spec.Replicas, set.Status.Replicas, set.Status.ReadyReplicas),
        StatefulSet set => Counts(set.Spec.Replicas, set.Status.Replicas, set.Status.ReadyReplicas),
        Namespace ns => [ns.Status.Phase ?? "Active"],
        _ => [],
    };

    private static string[] Counts(params int?[] counts) =>
        [.. counts.Select(n => (n ?? 0).ToString(CultureInfo.InvariantCulture))];
}
