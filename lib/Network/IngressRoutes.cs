using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Where an ingress controller sends a request.</summary>
/// <param name="Ingress">Whose rule it is; null when none is about the request.</param>
/// <param name="Rule">The rule in words, such as <c>shop.test/cart (Prefix)</c>.</param>
/// <param name="Backend">The backend as the Ingress names it; null for the controller's own, which
/// answers 404.</param>
internal sealed record IngressRoute(ApiObject? Ingress, string Rule, JsonNode? Backend)
{
    /// <summary>True when the host has a certificate: plain requests are sent on to
    /// https.</summary>
    public bool IsTls { get; init; }
}

/// <summary>
/// How ingress-nginx reads Ingresses: first the host decides, then the path.
/// <list type="bullet">
/// <item>A host named in full comes before a wildcard (<c>*.shop.test</c> is one label more, no
/// more), that before the rules without a host.</item>
/// <item>Of the host's paths an Exact one that is equal comes first, then the longest. Prefix goes
/// by whole parts: <c>/cart</c> takes <c>/cart/1</c>, not <c>/carts</c>; ImplementationSpecific
/// takes <c>/carts</c> as well.</item>
/// <item>What no path takes goes to the <c>defaultBackend</c> of the host's Ingress; what no host
/// takes, to that of an Ingress without rules; else the controller answers 404 itself.</item>
/// </list>
/// Of equal rules the older Ingress has its way. A host is not tried again: a request that its
/// paths do not take never falls to the rules without a host.
/// Models github.com/kubernetes/ingress-nginx/internal/ingress/controller/controller.go.
/// </summary>
internal static class IngressRoutes
{
    private sealed record Row(ApiObject Ingress, string Host, string Path, string Type,
        JsonNode? Backend);

    /// <summary>True when an Ingress is for the classes of a controller: by its
    /// <c>ingressClassName</c>, or the annotation of old, which names <c>nginx</c>.</summary>
    public static bool IsOf(JsonNode ingress, IReadOnlyCollection<string> classes) =>
        ingress.TextAt("spec", "ingressClassName") is { Length: > 0 } name
            ? classes.Contains(name)
            : ingress.At("metadata", "annotations")?["kubernetes.io/ingress.class"]
                ?.ToString() == "nginx";

    /// <summary>The route of a request.</summary>
    /// <param name="ingresses">Those of the controller.</param>
    /// <param name="host">The header Host; a port behind it does not count.</param>
    /// <param name="path">The path; a query behind it does not count.</param>
    public static IngressRoute Find(IEnumerable<ApiObject> ingresses, string host, string path)
    {
        host = host.Split(':')[0].ToLowerInvariant();
        path = path.Split('?')[0];
        var all = ingresses.OrderBy(i => i.Metadata.CreationTimestamp?.UnixSeconds)
            .ThenBy(i => i.Key).Select(i => (Object: i, Node: (JsonNode)Json.Encode(i))).ToList();
        var rows = all.SelectMany(i => Rows(i.Object, i.Node)).ToList();
        var server = rows.Exists(r => r.Host == host) ? host
            : rows.Select(r => r.Host).FirstOrDefault(h => IsWild(h, host)) ?? "";
        var own = rows.Where(r => r.Host == server).ToList();
        var isTls = server.Length > 0 && all.Exists(i => i.Node.ItemsAt("spec", "tls")
            .Any(t => t.ItemsAt("hosts").Any(h => $"{h}" == server)));
        var best = own.Where(r => Takes(r, path)).OrderByDescending(r => r.Type == "Exact")
            .ThenByDescending(r => r.Path.Length).FirstOrDefault();
        if (best is not null)
        {
            return new(best.Ingress, $"{Text(best.Host)}{best.Path} ({best.Type})", best.Backend)
            {
                IsTls = isTls,
            };
        }
        var other = all.FirstOrDefault(i => i.Node.At("spec", "defaultBackend") is not null
            && (own.Count == 0 || server.Length == 0 ? !i.Node.ItemsAt("spec", "rules").Any()
                : own.Exists(r => r.Ingress == i.Object)));
        return new(other.Object, other.Object is null ? "no rule" : "defaultBackend",
            other.Node?.At("spec", "defaultBackend"))
        {
            IsTls = isTls,
        };
    }

    private static IEnumerable<Row> Rows(ApiObject ingress, JsonNode node) =>
        node.ItemsAt("spec", "rules").SelectMany(rule => rule.ItemsAt("http", "paths")
            .Select(p => new Row(ingress, rule.TextAt("host"),
                p.TextAt("path") is { Length: > 0 } path ? path : "/", p.TextAt("pathType"),
                p.At("backend"))));

    private static bool IsWild(string pattern, string host) =>
        pattern.StartsWith("*.", StringComparison.Ordinal)
        && host.EndsWith(pattern[1..], StringComparison.Ordinal)
        && host.Length > pattern.Length - 1
        && !host[..^(pattern.Length - 1)].Contains('.', StringComparison.Ordinal);

    private static bool Takes(Row row, string path) => row.Type switch
    {
        "Exact" => path == row.Path,
        "Prefix" => row.Path.TrimEnd('/') is var part && (path == part
            || path.StartsWith($"{part}/", StringComparison.Ordinal)),
        _ => path.StartsWith(row.Path, StringComparison.Ordinal),
    };

    private static string Text(string host) => host.Length == 0 ? "*" : host;
}
