using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Services and Ingresses in words, with the addresses behind them.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeNetwork
{
    public static void Write(DescribeText text, Service service)
    {
        var spec = service.Spec;
        text.Head(service);
        text.LabelsAndAnnotations(service);
        text.Fields(("Selector", TablePrinters.Labels(spec.Selector)), ("Type", spec.Type ?? ""),
            ("IP Family Policy", DescribeText.Some(spec.IpFamilyPolicy)),
            ("IP Families", TablePrinters.Join(spec.IpFamilies, "<none>")),
            ("IP", spec.ClusterIP ?? ""), ("IPs", TablePrinters.Join(spec.ClusterIPs, "<none>")),
            ("External IPs", DescribeText.Some(string.Join(",", spec.ExternalIPs))),
            ("Desired LoadBalancer IP", DescribeText.Some(spec.LoadBalancerIP)),
            ("External Name", DescribeText.Some(spec.ExternalName)),
            ("LoadBalancer Ingress", DescribeText.Some(string.Join(", ",
                service.Status.LoadBalancer.Ingress.Select(i => i.Ip is { Length: > 0 } ip
                    ? i.IpMode is { } mode ? $"{ip} ({mode})" : ip : i.Hostname)))));
        var slices = Slices(text.Call, service.Metadata.Namespace, service.Metadata.Name);
        foreach (var port in spec.Ports)
        {
            var name = TablePrinters.Text(port.Name, "<unset>");
            text.Fields(("Port", $"{name}\t{DescribeText.Number(port.Port)}/{port.Protocol}"),
                ("TargetPort", $"{port.TargetPort}/{port.Protocol}"),
                ("NodePort", port.NodePort is > 0 and var node
                    ? $"{name}\t{DescribeText.Number(node)}/{port.Protocol}" : null),
                ("Endpoints", Addresses(slices, port.Name ?? "")));
        }
        text.Fields(("Session Affinity", spec.SessionAffinity ?? ""),
            ("External Traffic Policy", DescribeText.Some(spec.ExternalTrafficPolicy)),
            ("HealthCheck NodePort", spec.HealthCheckNodePort is > 0 and var check ? check : null),
            ("Internal Traffic Policy", DescribeText.Some(spec.InternalTrafficPolicy)),
            ("Traffic Distribution", DescribeText.Some(spec.TrafficDistribution)),
            ("LoadBalancer Source Ranges",
                DescribeText.Some(string.Join(",", spec.LoadBalancerSourceRanges))));
        text.Events(service);
    }

    public static void WriteIngress(DescribeText text, ApiObject ingress)
    {
        var node = Json.Encode(ingress);
        text.Field("Name", ingress.Metadata.Name);
        text.Labels("Labels", ingress.Metadata.Labels);
        text.Field("Namespace", ingress.Metadata.Namespace);
        text.Field("Address", string.Join(",", node.ItemsAt("status", "loadBalancer", "ingress")
            .Select(i => TablePrinters.Text(i.TextAt("ip"), i.TextAt("hostname")))));
        text.Field("Ingress Class",
            TablePrinters.Text(node.TextAt("spec", "ingressClassName")));
        text.Field("Default backend", node.At("spec", "defaultBackend") is { } other
            ? Backend(text.Call, ingress, other) : "<default>");
        var secrets = node.ItemsAt("spec", "tls").ToList();
        if (secrets.Count > 0)
        {
            text.Line("TLS:");
            foreach (var tls in secrets)
            {
                var hosts = string.Join(",", tls.ItemsAt("hosts").Select(h => h.ToString()));
                text.Line(tls.TextAt("secretName") is { Length: > 0 } secret
                    ? $"  {secret} terminates {hosts}" : $"  SNI routes {hosts}");
            }
        }
        text.Line("Rules:");
        text.Line("  Host\tPath\tBackends");
        text.Line("  ----\t----\t--------");
        foreach (var rule in node.ItemsAt("spec", "rules"))
        {
            text.Line($"  {TablePrinters.Text(rule.TextAt("host"), "*")}\t");
            foreach (var path in rule.ItemsAt("http", "paths"))
            {
                text.Line($"    \t{path.TextAt("path")} \t"
                    + Backend(text.Call, ingress, path.At("backend")));
            }
        }
        text.Annotations("Annotations", ingress.Metadata.Annotations);
        text.Events(ingress);
    }

    private static string Backend(Invocation call, ApiObject ingress, JsonNode? backend)
    {
        var name = backend.TextAt("service", "name");
        if (name.Length == 0)
        {
            return $"APIGroup: {backend.TextAt("resource", "apiGroup")}, "
                + $"Kind: {backend.TextAt("resource", "kind")}, "
                + $"Name: {backend.TextAt("resource", "name")}";
        }
        var ns = ingress.Metadata.Namespace;
        var port = TablePrinters.Text(backend.TextAt("service", "port", "number"),
            backend.TextAt("service", "port", "name"));
        if (call.Find(Kinds.Service, ns, name) is not Service service)
        {
            return $"{name}:{port} (<error: {ApiErrors.NotFound(Kinds.Service, name).Message}>)";
        }
        var wanted = service.Spec.Ports.FirstOrDefault(p => p.Name == port
            || DescribeText.Number(p.Port) == port)?.Name ?? "";
        return $"{name}:{port} ({Addresses(Slices(call, ns, name), wanted)})";
    }

    private static IReadOnlyList<EndpointSlice> Slices(Invocation call, string ns, string name) =>
        call.List<EndpointSlice>(ns, $"kubernetes.io/service-name={name}");

    private static string Addresses(IReadOnlyList<EndpointSlice> slices, string port)
    {
        var sockets = new List<string>();
        foreach (var slice in slices)
        {
            foreach (var shared in slice.Ports.Where(p => (p.Name ?? "") == port))
            {
                sockets.AddRange(slice.Endpoints
                    .Where(e => e.Conditions.Ready != false && !e.Addresses.IsEmpty)
                    .Select(e => NetworkTables.Socket(e.Addresses[0], shared.Port)));
            }
        }
        return TablePrinters.FirstThree(sockets, "");
    }
}
