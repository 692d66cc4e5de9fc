using System.Globalization;

namespace KubeSim;

/// <summary>What a node tells load balancers: on the health-check node port of each Service with
/// externalTrafficPolicy Local, how many ready endpoints it has itself. A balancer sends to nodes
/// that answer 200 alone.</summary>
/// <remarks>Models pkg/proxy/healthcheck/service_health.go.</remarks>
public sealed class ServiceHealth
{
    private Dictionary<int, (string Namespace, string Name, int Endpoints)> ports = [];

    /// <summary>The ports, in order.</summary>
    public IEnumerable<int> Ports => ports.Keys.Order();

    /// <summary>The ready endpoints of the node for the Service of a port; null when nobody
    /// listens there.</summary>
    public int? EndpointsOf(int port) =>
        ports.TryGetValue(port, out var entry) ? entry.Endpoints : null;

    /// <summary>The HTTP answer of a port, without its date; null when nobody listens
    /// there.</summary>
    public string? Answer(int port)
    {
        if (!ports.TryGetValue(port, out var entry))
        {
            return null;
        }
        var count = entry.Endpoints.ToString(CultureInfo.InvariantCulture);
        var body = $"{{\n\t\"service\": {{\n\t\t\"namespace\": \"{entry.Namespace}\",\n"
            + $"\t\t\"name\": \"{entry.Name}\"\n\t}},\n\t\"localEndpoints\": {count},\n"
            + "\t\"serviceProxyHealthy\": true\n}";
        return $"HTTP/1.1 {(entry.Endpoints > 0 ? "200 OK" : "503 Service Unavailable")}\n"
            + "Content-Type: application/json\nX-Content-Type-Options: nosniff\n"
            + $"X-Load-Balancing-Endpoint-Weight: {count}\n"
            + string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\n\n")
            + body;
    }

    /// <summary>Listens on these ports and no others.</summary>
    public void Listen(IEnumerable<(int Port, string Namespace, string Name, int Endpoints)> on) =>
        ports = on.ToDictionary(p => p.Port, p => (p.Namespace, p.Name, p.Endpoints));
}
