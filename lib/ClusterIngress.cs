using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What an ingress controller does with a request: it takes the connection, reads host and
/// path, and opens a connection of its own to a pod, past the Service's address.</summary>
public sealed partial class Cluster
{
    private static bool IsIngressController(ContainerConfig config) =>
        config.Image.Contains("ingress-nginx/controller", StringComparison.Ordinal);

    private HttpReply Proxied(HttpAsk ask, Served controller, HttpReply reply)
    {
        if (ask.Port == 10254)
        {
            return reply with { Status = 200, Body = "ok" };
        }
        var route = IngressRoutes.Find(IngressNginx.Mine(
            simulation.Store.List(Kinds.IngressClass, null, Revision),
            simulation.Store.List(Kinds.Ingress, null, Revision)), ask.Host, ask.Path);
        if (route.IsTls && ask.Port == 80)
        {
            return Page(reply, 308) with
            {
                Headers = Map.Of(("Location", $"https://{ask.Host.Split(':')[0]}{ask.Path}")),
            };
        }
        if (route.Backend is not { } backend)
        {
            return Page(reply, 404);
        }
        var random = NextSend();
        var ends = EndsOf(route.Ingress!.Metadata.Namespace, backend);
        if (ends.Count == 0)
        {
            return Page(reply, 503);
        }
        var pod = controller.Pod;
        var onward = Connect(SenderOf($"{pod.Namespace}/{pod.Name}"),
            $"http://{ends[random.Next(ends.Count)]}");
        var client = ask.Client.Split(':')[0];
        var forwarded = new List<(string, string)>
        {
            ("Host", ask.Host), ("X-Real-IP", client), ("X-Forwarded-For", client),
            ("X-Forwarded-Host", ask.Host), ("X-Scheme", ask.Port == 443 ? "https" : "http"),
            ("X-Forwarded-Port", ask.Port.ToString(CultureInfo.InvariantCulture)),
            ("X-Forwarded-Proto", ask.Port == 443 ? "https" : "http"),
        };
        forwarded.AddRange(ask.Headers.Where(h => !forwarded.Exists(f => f.Item1 == h.Key))
            .Select(h => (h.Key, h.Value)));
        var answer = Answer(onward, ask.Path, [.. forwarded]);
        var traces = reply.Traces.Concat(answer.Traces).ToSeq();
        return answer.Error is null ? answer with { Url = reply.Url, Traces = traces }
            : Page(reply, onward.Trace.Outcome == SendOutcome.TimedOut ? 504 : 502) with
            {
                Traces = traces,
            };
    }

    // What nginx answers itself.
    private static HttpReply Page(HttpReply reply, int status)
    {
        reply = reply with { Status = status };
        var title = reply.ToString().Split('\n')[0]["HTTP/1.1 ".Length..];
        return reply with
        {
            Body = $"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
                + $"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
                + "</body>\r\n</html>\r\n",
        };
    }

    // The ready addresses of a backend, with the pods' port.
    private List<string> EndsOf(string ns, JsonNode backend)
    {
        var name = backend.TextAt("service", "name");
        if (Find<Service>(ns, name) is not { } service)
        {
            return [];
        }
        var (number, named) = (backend.TextAt("service", "port", "number"),
            backend.TextAt("service", "port", "name"));
        var port = service.Spec.Ports.FirstOrDefault(p => named.Length > 0 ? p.Name == named
            : p.Port.ToString(CultureInfo.InvariantCulture) == number);
        return port is null ? [] : SlicesOf(service).SelectMany(slice => slice.Ports
            .Where(p => (p.Name ?? "") == (port.Name ?? ""))
            .SelectMany(p => slice.Endpoints
                .Where(e => (e.Conditions.Ready ?? true) && !e.Addresses.IsEmpty)
                .Select(e => string.Create(CultureInfo.InvariantCulture,
                    $"{e.Addresses[0]}:{p.Port}")))).ToList();
    }
}
