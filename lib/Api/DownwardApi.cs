using System.Globalization;
using System.Text.RegularExpressions;

namespace KubeSim;

/// <summary>What a pod tells its own containers of itself, and how variables are put into
/// texts.</summary>
/// <remarks>Models pkg/fieldpath, pkg/api/v1/resource (ExtractContainerResourceValue) and
/// third_party/forked/golang/expansion.</remarks>
internal static partial class DownwardApi
{
    /// <summary>A field of a pod: <c>metadata.name</c>, <c>status.podIP</c>,
    /// <c>metadata.labels['app']</c>; null for one that cannot be told.</summary>
    public static string? Field(Pod pod, string path) => path switch
    {
        "metadata.name" => pod.Metadata.Name,
        "metadata.namespace" => pod.Metadata.Namespace,
        "metadata.uid" => pod.Metadata.Uid,
        "metadata.labels" => Lines(pod.Metadata.Labels),
        "metadata.annotations" => Lines(pod.Metadata.Annotations),
        "spec.nodeName" => pod.Spec.NodeName ?? "",
        "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "",
        "status.hostIP" => pod.Status.HostIP ?? "",
        "status.hostIPs" => string.Join(',', pod.Status.HostIPs.Select(i => i.Ip)),
        "status.podIP" => pod.Status.PodIP ?? "",
        "status.podIPs" => string.Join(',', pod.Status.PodIPs.Select(i => i.Ip)),
        _ when Key().Match(path) is { Success: true } key => (key.Groups[1].Value == "labels"
            ? pod.Metadata.Labels : pod.Metadata.Annotations).TryGetValue(key.Groups[2].Value,
                out var value) ? value : "",
        _ => null,
    };

    /// <summary>A request or limit of a container, rounded up to units of a divisor; a limit that
    /// is not set is what the node has.</summary>
    public static string? Resource(
        Container container, ResourceFieldSelector field, Map<Quantity> allocatable)
    {
        var dot = field.Resource.IndexOf('.', StringComparison.Ordinal);
        var (kind, name) = (field.Resource[..Math.Max(dot, 0)], field.Resource[(dot + 1)..]);
        var of = kind == "limits" ? container.Resources.Limits : container.Resources.Requests;
        if (kind is not ("limits" or "requests"))
        {
            return null;
        }
        var value = of.TryGetValue(name, out var set) ? set
            : kind == "limits" && allocatable.TryGetValue(name, out var all) ? all
            : Quantity.Parse("0");
        var divisor = field.Divisor is { } by && by.ToDouble() > 0 ? by : Quantity.Parse("1");
        var count = name == "cpu" ? Math.Ceiling((double)value.MilliValue / divisor.MilliValue)
            : Math.Ceiling((double)value.Value / divisor.Value);
        return count.ToString("0", CultureInfo.InvariantCulture);
    }

    /// <summary>A text with <c>$(NAME)</c> replaced; a name that is not known stays, and
    /// <c>$$</c> is a dollar.</summary>
    public static string Expand(string text, IReadOnlyDictionary<string, string> variables) =>
        !text.Contains('$', StringComparison.Ordinal) ? text : Place().Replace(text, match =>
            match.Value == "$$" ? "$"
            : variables.GetValueOrDefault(match.Groups[1].Value, match.Value));

    private static string Lines(Map<string> map) => string.Join('\n',
        map.Select(e => $"{e.Key}=\"{e.Value.Replace("\"", "\\\"", StringComparison.Ordinal)}\""));

    [GeneratedRegex(@"^metadata\.(labels|annotations)\['([^']+)'\]$")]
    private static partial Regex Key();

    [GeneratedRegex(@"\$\$|\$\(([^)]*)\)")]
    private static partial Regex Place();
}
