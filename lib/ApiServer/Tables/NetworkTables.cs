using System.Globalization;
using System.Text.Json.Nodes;
using static KubeSim.TablePrinters;

namespace KubeSim;

/// <summary>The columns of Services, of the addresses behind them, and of what guards
/// them.</summary>
/// <remarks>Models pkg/printers/internalversion/printers.go.</remarks>
internal static class NetworkTables
{
    public static readonly TablePrinter Service = TablePrinter.For<Service>(
        "Name|Type|Cluster-IP|External-IP|Port(s)|Age|*Selector",
        static (s, now) =>
        [
            s.Metadata.Name, s.Spec.Type ?? "", Text(s.Spec.ClusterIP), External(s), Ports(s),
            Age(s, now), Labels(s.Spec.Selector),
        ]);

    public static readonly TablePrinter Endpoints = TablePrinter.For<Endpoints>(
        "Name|Endpoints|Age",
        static (e, now) => [e.Metadata.Name, Addresses(e), Age(e, now)]);

    public static readonly TablePrinter EndpointSlice = TablePrinter.For<EndpointSlice>(
        "Name|AddressType|Ports|Endpoints|Age",
        static (s, now) =>
        [
            s.Metadata.Name, s.AddressType,
            FirstThree([.. s.Ports.Select(p => p.Port == 0 ? "*" : Number(p.Port))], "<unset>"),
            FirstThree([.. s.Endpoints.SelectMany(e => e.Addresses)], "<unset>"), Age(s, now),
        ]);

    public static readonly TablePrinter Ingress = new("Name|Class|Hosts|Address|Ports|Age",
        static (o, now) =>
        {
            var node = Json.Encode(o);
            var hosts = node.ItemsAt("spec", "rules").Select(r => r.TextAt("host"))
                .Where(h => h.Length > 0).ToList();
            var points = node.ItemsAt("status", "loadBalancer", "ingress")
                .Select(i => Text(i.TextAt("ip"), i.TextAt("hostname")));
            return
            [
                o.Metadata.Name, Text(node.TextAt("spec", "ingressClassName")),
                FirstThree(hosts, "*"), string.Join(",", points),
                node.ItemsAt("spec", "tls").Any() ? "80, 443" : "80", Age(o, now),
            ];
        });

    public static readonly TablePrinter IngressClass = new("Name|Controller|Parameters|Age",
        static (o, now) =>
        {
            var spec = Json.Encode(o)["spec"];
            var group = spec.TextAt("parameters", "apiGroup");
            var parameters = spec.At("parameters") is null ? "<none>"
                : spec.TextAt("parameters", "kind") + (group.Length > 0 ? $".{group}" : "")
                    + $"/{spec.TextAt("parameters", "name")}";
            return [o.Metadata.Name, spec.TextAt("controller"), parameters, Age(o, now)];
        });

    public static readonly TablePrinter NetworkPolicy = new("Name|Pod-Selector|Age",
        static (o, now) => [o.Metadata.Name, PodSelector(Json.Encode(o)), Age(o, now)]);

    /// <summary>The addresses from outside that lead to a Service, all of them.</summary>
    public static string Ingresses(Service service) => string.Join(",",
        service.Status.LoadBalancer.Ingress.Select(i => Text(i.Ip, i.Hostname ?? ""))
            .Concat(service.Spec.ExternalIPs));

    private static string PodSelector(JsonNode policy) =>
        Selector(System.Text.Json.JsonSerializer.Deserialize<LabelSelector>(
            policy.At("spec", "podSelector"), Json.Options));

    private static string External(Service service) => service.Spec.Type switch
    {
        "LoadBalancer" => Text(Ingresses(service), "<pending>"),
        "ExternalName" => service.Spec.ExternalName ?? "",
        _ => Join(service.Spec.ExternalIPs, "<none>"),
    };

    private static string Ports(Service service) => service.Spec.Ports.IsEmpty ? "<none>"
        : string.Join(",", service.Spec.Ports.Select(port => port.NodePort is > 0 and var node
            ? string.Create(CultureInfo.InvariantCulture, $"{port.Port}:{node}/{port.Protocol}")
            : string.Create(CultureInfo.InvariantCulture, $"{port.Port}/{port.Protocol}")));

    private static string Addresses(Endpoints endpoints) => FirstThree(
        [.. endpoints.Subsets.SelectMany(subset => subset.Ports.IsEmpty
            ? subset.Addresses.Select(a => a.Ip)
            : subset.Ports.SelectMany(
                port => subset.Addresses.Select(a => Socket(a.Ip, port.Port))))], "<none>");

    /// <summary>An address and a port: <c>10.0.0.1:80</c>, <c>[fd00::1]:80</c>.</summary>
    public static string Socket(string ip, int port) => string.Create(CultureInfo.InvariantCulture,
        $"{(ip.Contains(':') ? $"[{ip}]" : ip)}:{port}");
}
