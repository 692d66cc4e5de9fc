using System.Globalization;

namespace KubeSim;

/// <summary>The way through the API server to a pod, or to one behind a Service:
/// <c>/api/v1/namespaces/shop/services/https:web:443/proxy/path</c>. The server picks the pod
/// itself and goes there past the Service's address; it stands on the first node.</summary>
/// <remarks>Models pkg/registry/core/service/storage/storage.go (ResourceLocation),
/// pkg/registry/core/pod/strategy.go and staging/src/k8s.io/apimachinery/pkg/util/proxy.</remarks>
internal static class HttpProxy
{
    /// <summary>What the pod at the end says.</summary>
    /// <exception cref="ApiException">There is no way to one.</exception>
    public static HttpAnswer Send(Cluster cluster, in ResourcePath path, string rest)
    {
        if (rest.Length == 0)
        {
            return new(301, null) { Headers = Map.Of(("Location", $"{path}/")) };
        }
        if (path.Kind.Equals(Kinds.Node))
        {
            return HttpKubelet.Send(cluster, path.Name, rest);
        }
        var ofPod = path.Kind.Equals(Kinds.Pod);
        var (address, port) = path.Name.Split(':') switch
        {
            [var name] => To(cluster, path, name, ""),
            [var name, var named] => To(cluster, path, name, named),
            ["http" or "https" or "", var name, var named] => To(cluster, path, name, named),
            _ => throw ApiErrors.BadRequest(
                $"invalid {(ofPod ? "pod" : "service")} request \"{path.Name}\""),
        };
        var target = string.Create(CultureInfo.InvariantCulture, $"{address}:{port}");
        var reply = cluster.Request(cluster.List<Node>()[0].Metadata.Name, $"{target}{rest}");
        return reply.Error is null
            ? HttpAnswer.Plain(reply.Status, reply.Body)
            : throw ApiErrors.Of(503, "ServiceUnavailable", "error trying to reach service: dial "
                + $"tcp {target}: " + reply.Traces[0].Outcome switch
                {
                    SendOutcome.Refused => "connect: connection refused",
                    SendOutcome.NoRoute => "connect: no route to host",
                    _ => "i/o timeout",
                });
    }

    private static (string Address, int Port) To(
        Cluster cluster, in ResourcePath path, string name, string port) =>
        path.Kind.Equals(Kinds.Pod) ? ToPod(cluster, path.Namespace, name, port)
            : ToService(cluster, path.Namespace, name, port);

    private static (string Address, int Port) ToPod(
        Cluster cluster, string ns, string name, string port)
    {
        var pod = cluster.Find<Pod>(ns, name) ?? throw ApiErrors.NotFound(Kinds.Pod, name);
        if (pod.Status.PodIP is not { Length: > 0 } address)
        {
            throw ApiErrors.BadRequest("address not allowed");
        }
        var ports = pod.Spec.Containers.SelectMany(c => c.Ports);
        var number = port.Length == 0 ? ports.Select(p => p.Port).FirstOrDefault()
            : ports.FirstOrDefault(p => p.Name == port)?.Port ?? Number(port) ?? 0;
        return (address, number == 0 ? 80 : number);
    }

    private static (string Address, int Port) ToService(
        Cluster cluster, string ns, string name, string port)
    {
        var service = cluster.Find<Service>(ns, name)
            ?? throw ApiErrors.NotFound(Kinds.Service, name);
        var ports = service.Spec.Ports;
        if (port.Length == 0 && ports.Count == 1)
        {
            port = ports[0].Name ?? "";
        }
        else if (Number(port) is { } number)
        {
            port = ports.FirstOrDefault(p => p.Port == number) is { } found ? found.Name ?? ""
                : throw Unavailable(FormattableString.Invariant(
                    $"no service port {number} found for service \"{name}\""));
        }
        foreach (var subset in cluster.Find<Endpoints>(ns, name)?.Subsets ?? [])
        {
            if (subset.Addresses.IsEmpty
                || subset.Ports.FirstOrDefault(p => (p.Name ?? "") == port) is not { } open)
            {
                continue;
            }
            return (subset.Addresses[0].Ip, open.Port);
        }
        throw Unavailable($"no endpoints available for service \"{name}\"");
    }

    private static ApiException Unavailable(string why) =>
        ApiErrors.Of(503, "ServiceUnavailable", why);

    private static int? Number(string text) => int.TryParse(
        text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
