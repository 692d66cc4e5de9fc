using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>A document of <c>-f</c>, placed in its namespace.</summary>
internal sealed record ManifestItem(JsonObject Node, Kind Kind, string Namespace, string Name)
{
    public ResourcePath Path => new(Kind, Namespace, Name);

    public ResourcePath Collection => new(Kind, Namespace, "");
}

/// <summary>Reads what <c>-f -</c> gives: there are no files here, only the standard
/// input.</summary>
/// <remarks>Models staging/src/k8s.io/cli-runtime/pkg/resource/visitor.go.</remarks>
internal static class ManifestFiles
{
    /// <summary>The documents, in order; what is wrong with one is told, and the others are
    /// read.</summary>
    public static List<ManifestItem> Read(Invocation call)
    {
        var files = call.Flags.All("filename");
        if (files.Count == 0)
        {
            throw new KubectlException("must specify one of -f and -k");
        }
        if (files.FirstOrDefault(f => f != "-") is { } file)
        {
            throw new KubectlException($"the path \"{file}\" does not exist");
        }
        var items = new List<ManifestItem>();
        foreach (var document in Manifest.Parse(call.Input ?? "", "STDIN"))
        {
            if (!document.Errors.IsEmpty)
            {
                call.Fail($"error: error parsing STDIN: {document.Errors[0].Message}");
            }
            else if (Place(call, document.Node) is { } item)
            {
                items.Add(item);
            }
        }
        if (items.Count == 0 && string.IsNullOrWhiteSpace(call.Input))
        {
            throw new KubectlException("no objects passed to " + call.CommandPath[8..]);
        }
        return items;
    }

    /// <summary>What the documents name.</summary>
    public static List<ResourceTarget> Targets(Invocation call) =>
        [.. Read(call).Select(item => new ResourceTarget(item.Kind, item.Namespace, item.Name))];

    private static ManifestItem? Place(Invocation call, JsonObject document)
    {
        var (version, word) = (document.TextAt("apiVersion"), document.TextAt("kind"));
        var ns = document.TextAt("metadata", "namespace");
        var name = document.TextAt("metadata", "name");
        if (word.Length == 0 || version.Length == 0)
        {
            var missing = word.Length == 0 ? "kind" : "apiVersion";
            call.Fail($"error: error validating \"STDIN\": error validating data: {missing} not "
                + "set; if you choose to ignore these errors, turn validation off with "
                + "--validate=false");
            return null;
        }
        if (call.Kinds.Find(version, word) is not { } kind)
        {
            call.Fail($"error: resource mapping not found for name: \"{name}\" namespace: \"{ns}\" "
                + $"from \"STDIN\": no matches for kind \"{word}\" in version \"{version}\"\n"
                + "ensure CRDs are installed first");
            return null;
        }
        if (kind.Namespaced && ns.Length > 0 && call.Flags["namespace"] is { } asked && asked != ns)
        {
            call.Fail($"error: the namespace from the provided object \"{ns}\" does not match the "
                + $"namespace \"{asked}\". You must pass '--namespace={ns}' to perform this "
                + "operation.");
            return null;
        }
        var node = document.DeepClone().AsObject();
        var placed = !kind.Namespaced ? "" : ns.Length > 0 ? ns : call.Namespace;
        if (placed.Length > 0)
        {
            if (node["metadata"] is not JsonObject)
            {
                node["metadata"] = new JsonObject();
            }
            node["metadata"]!["namespace"] = placed;
        }
        return new(node, kind, placed, name);
    }
}
