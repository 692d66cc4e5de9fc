using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Kinds whose description is little more than their fields: a template each. A line that
/// goes on in the next one, which then begins with <c>{{-</c>, is one line of the
/// description.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeTemplates
{
    private const string Role = """
        Name:	{{.metadata.name}}
        {{labels}}PolicyRule:
          Resources	Non-Resource URLs	Resource Names	Verbs
          ---------	-----------------	--------------	-----
        {{rules}}
        """;

    private const string Binding = """
        Name:	{{.metadata.name}}
        {{labels}}Role:
          Kind:	{{.roleRef.kind}}
          Name:	{{.roleRef.name}}
        Subjects:
          Kind	Name	Namespace
          ----	----	---------
        {{range .subjects}}  {{.kind}}	{{.name}}	{{or .namespace ""}}
        {{end}}
        """;

    private static readonly Dictionary<string, string> templates = new(StringComparer.Ordinal)
    {
        ["Role"] = Role,
        ["ClusterRole"] = Role,
        ["RoleBinding"] = Binding,
        ["ClusterRoleBinding"] = Binding,
        ["PriorityClass"] = """
            Name:	{{.metadata.name}}
            Value:	{{printf "%d" .value}}
            GlobalDefault:	{{or .globalDefault false}}
            PreemptionPolicy:	{{.preemptionPolicy}}
            Description:	{{or .description ""}}
            Annotations:	{{pairs .metadata.annotations}}
            {{events}}
            """,
        ["StorageClass"] = """
            Name:	{{.metadata.name}}
            IsDefaultClass:	{{if default}}Yes{{else}}No{{end}}
            Annotations:	{{pairs .metadata.annotations}}
            Provisioner:	{{.provisioner}}
            Parameters:	{{pairs .parameters}}
            AllowVolumeExpansion:{{"\t"}}
            {{- if exists . "allowVolumeExpansion"}}{{if .allowVolumeExpansion}}True
            {{- else}}False{{end}}{{else}}<unset>{{end}}
            MountOptions:{{range .mountOptions}}
              {{.}}{{else}}{{"\t<none>"}}{{end}}
            ReclaimPolicy:	{{.reclaimPolicy}}
            VolumeBindingMode:	{{.volumeBindingMode}}
            {{events}}
            """,
        ["IngressClass"] = """
            Name:	{{.metadata.name}}
            {{labels}}Controller:	{{or .spec.controller ""}}
            {{with .spec.parameters}}Parameters:
            {{with .apiGroup}}  APIGroup:	{{.}}
            {{end}}  Kind:	{{.kind}}
              Name:	{{.name}}
            {{end}}{{events}}
            """,
        ["ServiceCIDR"] = """
            Name:	{{.metadata.name}}
            {{labels}}CIDRs:	{{join .spec.cidrs ", "}}
            {{events}}
            """,
        ["Endpoints"] = """
            {{head}}{{labels}}Subsets:
            {{range .subsets}}  Addresses:{{"\t"}}
            {{- range $i, $a := .addresses}}{{if $i}},{{end}}{{$a.ip}}{{else}}<none>{{end}}
              NotReadyAddresses:{{"\t"}}
            {{- range $i, $a := .notReadyAddresses}}{{if $i}},{{end}}{{$a.ip}}{{else}}<none>{{end}}
            {{if .ports}}  Ports:
                Name	Port	Protocol
                ----	----	--------
            {{range .ports}}    {{or .name "<unset>"}}	{{.port}}	{{.protocol}}
            {{end}}{{end}}
            {{end}}{{events}}
            """,
        ["EndpointSlice"] = """
            {{head}}{{labels}}AddressType:	{{.addressType}}
            {{if .ports}}Ports:
              Name	Port	Protocol
              ----	----	--------
            {{range .ports}}  {{or .name "<unset>"}}	{{or .port "<unset>"}}	{{.protocol}}
            {{end}}{{else}}Ports: <unset>
            {{end}}{{if .endpoints}}Endpoints:
            {{range .endpoints}}  - Addresses:	{{join .addresses ", "}}
                Conditions:
                  Ready:	{{if exists . "conditions" "ready"}}{{.conditions.ready}}
            {{- else}}<unset>{{end}}
                Hostname:	{{or .hostname "<unset>"}}
            {{with .targetRef}}    TargetRef:	{{.kind}}/{{.name}}
            {{end}}    NodeName:	{{or .nodeName "<unset>"}}
                Zone:	{{or .zone "<unset>"}}
            {{end}}{{else}}Endpoints: <none>
            {{end}}{{events}}
            """,
        ["NetworkPolicy"] = """
            {{head}}Created on:	{{created}}
            {{labels}}Spec:
              PodSelector:     {{if .spec.podSelector}}
            {{- selector .spec.podSelector}}{{else}}<none>
            {{- " (Allowing the specific traffic to all pods in this namespace)"}}{{end}}
            {{traffic "ingress" "From"}}{{traffic "egress" "To"}}  Policy Types:{{" "}}
            {{- if .spec.policyTypes}}{{join .spec.policyTypes ", "}}{{else}}<none>{{end}}

            """,
    };

    private const string Traffic = """
        {{if .on}}  Allowing {{.way}} traffic:
        {{range $i, $rule := .rules}}{{if $i}}    ----------
        {{end}}{{range .ports}}    To Port
        {{- if .endPort}} Range: {{or .port ""}}-{{.endPort}}{{else}}: {{or .port ""}}{{end}}/
        {{- or .protocol "TCP"}}
        {{else}}    To Port: <any> (traffic allowed to all ports)
        {{end}}{{range .peers}}    {{$.word}}:
        {{if exists . "namespaceSelector"}}      NamespaceSelector: {{"" -}}
        {{selector .namespaceSelector}}
        {{end}}{{if exists . "podSelector"}}      PodSelector: {{selector .podSelector}}
        {{end}}{{with .ipBlock}}      IPBlock:
                CIDR: {{.cidr}}
                Except: {{join .except ", "}}
        {{end}}{{else}}    {{$.word}}: <any> (traffic not restricted by {{$.end}})
        {{end}}{{else}}    <none> (Selected pods are isolated for {{.way}} connectivity)
        {{end}}{{else}}  Not affecting {{.way}} traffic
        {{end}}
        """;

    /// <summary>Writes an object whose kind has a template; false when it has none.</summary>
    public static bool Write(DescribeText text, ApiObject o)
    {
        if (o.Kind.SchemaType is null || !templates.TryGetValue(o.Kind.Name, out var template))
        {
            return false;
        }
        var tree = Json.Encode(o);
        text.Text([GoTemplate.Parse(template.ReplaceLineEndings("\n")).Execute(tree, Call)]);
        return true;

        object? Call(string name, List<object?> of) => name switch
        {
            "head" => Part(t => t.Head(o)),
            "labels" => Part(t => t.LabelsAndAnnotations(o)),
            "events" => Part(t => t.Events(o)),
            "created" => o.Metadata.CreationTimestamp?.DateTime.ToString(
                "yyyy-MM-dd HH:mm:ss +0000 'UTC'", CultureInfo.InvariantCulture),
            "default" => o.Metadata.Annotations.Get(
                "storageclass.kubernetes.io/is-default-class") == "true",
            "pairs" => of[0] is JsonObject map && map.Count > 0
                ? string.Join(",", map.OrderBy(e => e.Key, StringComparer.Ordinal)
                    .Select(e => $"{e.Key}={e.Value}")) : "<none>",
            "rules" => string.Concat(RuleLines.Of(tree.ItemsAt("rules"))
                .Select(line => $"  {line}\n")),
            "selector" => of[0] is JsonObject selector
                ? TablePrinters.Selector(JsonSerializer.Deserialize<LabelSelector>(
                    selector, Json.Options)) : "<none>",
            "traffic" => GoTemplate.Parse(Traffic.ReplaceLineEndings("\n"))
                .Execute(Way(tree, (string)of[0]!, (string)of[1]!), Call),
            _ => null,
        };

        string Part(Action<DescribeText> write)
        {
            var part = new DescribeText(text.Call);
            write(part);
            return part.Unaligned;
        }
    }

    private static JsonObject Way(JsonObject policy, string way, string word)
    {
        var rules = policy.ItemsAt("spec", way).Select(rule => (JsonNode)new JsonObject
        {
            ["ports"] = rule["ports"]?.DeepClone(),
            ["peers"] = rule[word.ToLowerInvariant()]?.DeepClone(),
        });
        return new()
        {
            ["on"] = policy.ItemsAt("spec", "policyTypes").Any(t => string.Equals(
                t.ToString(), way, StringComparison.OrdinalIgnoreCase)),
            ["way"] = way,
            ["word"] = word,
            ["end"] = word == "From" ? "source" : "destination",
            ["rules"] = new JsonArray([.. rules]),
        };
    }
}

/// <summary>The rules of roles as tables show them: a line for each resource, the verbs of equal
/// lines together.</summary>
/// <remarks>Models staging/src/k8s.io/component-helpers/auth/rbac/validation/policy_compact.go.
/// </remarks>
internal static class RuleLines
{
    /// <summary>A line for each resource: its name, its URLs, the names of objects, the
    /// verbs.</summary>
    public static IEnumerable<string> Of(IEnumerable<JsonNode> rules)
    {
        var broken = new List<(string Group, string Resource, string Name, string Url,
            string Verb)>();
        foreach (var rule in rules)
        {
            string[] names = [.. Words(rule, "resourceNames") is { Count: > 0 } some ? some : [""]];
            broken.AddRange(
                from g in Words(rule, "apiGroups")
                from r in Words(rule, "resources")
                from n in names
                from v in Words(rule, "verbs")
                select (g, r, n, "", v));
            broken.AddRange(
                from u in Words(rule, "nonResourceURLs")
                from v in Words(rule, "verbs")
                select ("", "", "", u, v));
        }
        // Verbs of URLs stay apart; all is ordered by the rule as Go writes it, verbs first.
        return broken.Distinct()
            .GroupBy(b => b with { Verb = b.Url.Length > 0 ? b.Verb : "" })
            .Select(g => (g.Key, Verbs: string.Join(' ', g.Select(b => b.Verb))))
            .OrderBy(r => $"Verbs:[{r.Verbs}],APIGroups:[{r.Key.Group}],Resources:["
                + $"{r.Key.Resource}],ResourceNames:[{r.Key.Name}],NonResourceURLs:[{r.Key.Url}]",
                StringComparer.Ordinal)
            .Select(r => $"{Combined(r.Key.Resource, r.Key.Group)}\t[{r.Key.Url}]\t"
                + $"[{r.Key.Name}]\t[{r.Verbs}]");
    }

    private static string Combined(string resource, string group)
    {
        var parts = resource.Split('/', 2);
        return parts[0] + (group.Length > 0 ? $".{group}" : "")
            + (parts.Length > 1 ? $"/{parts[1]}" : "");
    }

    private static List<string> Words(JsonNode rule, string field) =>
        [.. rule.ItemsAt(field).Select(w => w.ToString())];
}
