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
        text.Field("Selector", TablePrinters.Labels(spec.Selector));
        text.Field("Type", spec.Type);
        text.Optional("IP Family Policy", spec.IpFamilyPolicy);
        text.Field("IP Families", TablePrinters.Join(spec.IpFamilies, "<none>"));
        text.Field("IP", spec.ClusterIP);
        text.Field("IPs", TablePrinters.Join(spec.ClusterIPs, "<none>"));
        if (!spec.ExternalIPs.IsEmpty)
        {
            text.Field("External IPs", string.Join(",", spec.ExternalIPs));
        }
        text.Optional("Desired LoadBalancer IP", spec.LoadBalancerIP);
        text.Optional("External Name", spec.ExternalName);
        if (!service.Status.LoadBalancer.Ingress.IsEmpty)
        {
            text.Field("LoadBalancer Ingress", string.Join(", ", service.Status.LoadBalancer
                .Ingress.Select(i => i.Ip is { Length: > 0 } ip
                    ? i.IpMode is { } mode ? $"{ip} ({mode})" : ip : i.Hostname)));
        }
        var slices = Slices(text.Call, service.Metadata.Namespace, service.Metadata.Name);
        foreach (var port in spec.Ports)
        {
            var name = TablePrinters.Text(port.Name, "<unset>");
            text.Field("Port", $"{name}\t{DescribeText.Number(port.Port)}/{port.Protocol}");
            text.Field("TargetPort", $"{port.TargetPort}/{port.Protocol}");
            if (port.NodePort is > 0 and var node)
            {
                text.Field("NodePort", $"{name}\t{DescribeText.Number(node)}/{port.Protocol}");
            }
            text.Field("Endpoints", Addresses(slices, port.Name ?? ""));
        }
        text.Field("Session Affinity", spec.SessionAffinity);
        text.Optional("External Traffic Policy", spec.ExternalTrafficPolicy);
        if (spec.HealthCheckNodePort is > 0 and var check)
        {
            text.Field("HealthCheck NodePort", check);
        }
        text.Optional("Internal Traffic Policy", spec.InternalTrafficPolicy);
        text.Optional("Traffic Distribution", spec.TrafficDistribution);
        if (!spec.LoadBalancerSourceRanges.IsEmpty)
        {
            text.Field("LoadBalancer Source Ranges",
                string.Join(",", spec.LoadBalancerSourceRanges));
        }
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
