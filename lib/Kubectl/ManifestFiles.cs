using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>A document of <c>-f</c>, placed in its namespace.</summary>
internal sealed record ManifestItem(JsonObject Node, Kind Kind, string Namespace, string Name)
{
    /// <summary>The file that it stands in, as errors name it; empty for one made of
    /// words.</summary>
    public string File { get; init; } = "";

    public ResourcePath Path => new(Kind, Namespace, Name);

    public ResourcePath Collection => new(Kind, Namespace, "");
}

/// <summary>Reads what <c>-f</c> names: the standard input, and the files of the
/// terminal.</summary>
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
        var chosen = Selector.Parse(call.Selector ?? "");
        var items = new List<ManifestItem>();
        foreach (var path in call.Flags.Words("filename"))
        {
            var text = call.File(path)
                ?? throw new KubectlException($"the path \"{path}\" does not exist");
            var file = path == "-" ? "STDIN" : path;
            foreach (var document in Manifest.Parse(text, file))
            {
                if (!document.Errors.IsEmpty)
                {
                    call.Fail($"error: error parsing {file}: {document.Errors[0].Message}");
                }
                else if (Place(call, document.Node, file) is { } item
                    && chosen.Matches(Labels(item)))
                {
                    items.Add(item with { File = file });
                }
            }
        }
        if (items.Count == 0 && !call.Failed)
        {
            throw new KubectlException("no objects passed to " + call.CommandPath[8..]);
        }
        return items;
    }

    /// <summary>What the documents name.</summary>
    public static List<ResourceTarget> Targets(Invocation call) =>
        [.. Read(call).Select(item => new ResourceTarget(item.Kind, item.Namespace, item.Name))];

    private static Map<string> Labels(ManifestItem item) =>
        (item.Node.At("metadata", "labels") as JsonObject ?? [])
            .Select(l => KeyValuePair.Create(l.Key, $"{l.Value}")).ToMap();

    private static ManifestItem? Place(Invocation call, JsonObject document, string file)
    {
        var (version, word) = (document.TextAt("apiVersion"), document.TextAt("kind"));
        var ns = document.TextAt("metadata", "namespace");
        var name = document.TextAt("metadata", "name");
        if (word.Length == 0 || version.Length == 0)
        {
            var missing = word.Length == 0 ? "kind" : "apiVersion";
            call.Fail($"error: error validating \"{file}\": error validating data: {missing} not "
                + "set; if you choose to ignore these errors, turn validation off with "
                + "--validate=false");
            return null;
        }
        if (call.Kinds.Find(version, word) is not { } kind)
        {
            call.Fail($"error: resource mapping not found for name: \"{name}\" namespace: \"{ns}\" "
                + $"from \"{file}\": no matches for kind \"{word}\" in version \"{version}\"\n"
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
