using System.Text;

namespace KubeSim;

/// <summary>The table of
/// <c>-o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName</c>.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/get/customcolumn.go.</remarks>
internal sealed class CustomColumns
{
    private readonly List<(string Header, JsonPath Path)> columns = [];

    public static CustomColumns Parse(string spec)
    {
        if (spec.Length == 0)
        {
            throw new KubectlException("custom-columns format specified but no custom columns "
                + "given");
        }
        var result = new CustomColumns();
        foreach (var part in spec.Split(','))
        {
            var colon = part.IndexOf(':');
            if (colon <= 0)
            {
                throw new KubectlException($"unexpected custom-columns spec: {part}, expected "
                    + "<header>:<json-path-expr>");
            }
            result.columns.Add((part[..colon], JsonPath.ParseRelaxed(part[(colon + 1)..])));
        }
        return result;
    }

    public string Write(IEnumerable<ApiObject> objects, bool noHeaders)
    {
        var text = new StringBuilder();
        if (!noHeaders)
        {
            text.AppendJoin('\t', columns.Select(c => c.Header)).Append('\n');
        }
        foreach (var o in objects)
        {
            var tree = Json.Encode(o);
            text.AppendJoin('\t', columns.Select(c =>
            {
                var found = c.Path.Find(tree);
                return found.Count == 0 ? "<none>"
                    : string.Join(",", found.Select(JsonPath.Show));
            })).Append('\n');
        }
        return TableText.Align(text.ToString());
    }
}
