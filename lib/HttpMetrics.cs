using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The API that the metrics server adds: what nodes and pods use. It is there while its
/// APIService is, and answers while a pod behind that Service is ready.</summary>
/// <remarks>Models sigs.k8s.io/metrics-server/pkg/api and
/// staging/src/k8s.io/kube-aggregator/pkg/apiserver.</remarks>
internal static class HttpMetrics
{
    private const string Version = "v1beta1";
    private const string Group = "metrics.k8s.io";

    private static readonly Kind nodes = NewKind("NodeMetrics", "nodes", false);
    private static readonly Kind pods = NewKind("PodMetrics", "pods", true);

    /// <summary>NodeMetrics and PodMetrics.</summary>
    public static Seq<Kind> Kinds { get; } = [nodes, pods];

    private static Kind NewKind(string name, string plural, bool namespaced) => new()
    {
        Group = Group, Version = Version, Versions = [Version], Name = name, Plural = plural,
        Singular = "", Namespaced = namespaced, Verbs = ["get", "list"],
    };

    /// <summary>The Service that the APIService names; null without one.</summary>
    public static JsonNode? Service(Cluster cluster) => cluster.Engine.Store.Get(new ObjectKey(
        KubeSim.Kinds.APIService, "", $"{Version}.{Group}")) is { } api
        ? Json.Encode(api).At("spec", "service") : null;

    /// <summary>True when a pod of that Service is ready.</summary>
    public static bool IsAvailable(Cluster cluster)
    {
        var service = Service(cluster);
        return cluster.List<EndpointSlice>(service.TextAt("namespace")).Any(slice =>
            slice.Metadata.Labels.Get("kubernetes.io/service-name") == service.TextAt("name")
            && slice.Endpoints.Any(e => e.Conditions.Ready == true));
    }

    /// <summary>Answers a get or a list.</summary>
    public static ApiResponse Read(Cluster cluster, ApiRequest request)
    {
        var (path, one) = (request.Path, request.Verb == Verb.Get);
        if (!one && request.Verb != Verb.List)
        {
            return Refusals.MethodNotAllowed;
        }
        if (Selecting.TryRead(path, request.Query, out var selecting) is { } unreadable)
        {
            return unreadable;
        }
        var running = cluster.List<Pod>().Where(p => p.Status.Phase == "Running");
        var found = path.Kind.Equals(pods)
            ? running.Where(p => path.Namespace.Length == 0
                || p.Metadata.Namespace == path.Namespace).Select(p => OfPod(cluster, p))
            : OfNodes(cluster, running.ToLookup(p => p.Spec.NodeName!, StringComparer.Ordinal));
        var items = found.Where(selecting.Matches)
            .Where(o => !one || o.Metadata.Name == path.Name).ToList();
        return !one
            ? new ApiResponse(200) { Items = items, List = new(new Revision(0)) }
            : items.Count > 0 ? new ApiResponse(200) { Object = items[0] }
            : ApiErrors.Of(404, "NotFound", path.Kind.Equals(nodes)
                ? $"nodemetrics.{Group} \"{path.Name}\" not found"
                : $"podmetrics.{Group} \"{path.Namespace}/{path.Name}\" not found", new()
                {
                    Name = path.Kind.Equals(nodes) ? path.Name : $"{path.Namespace}/{path.Name}",
                    Group = Group, Kind = path.Kind.Equals(nodes) ? "nodemetrics" : "podmetrics",
                });
    }

    // What is said of a pod is its first container's, as kubectl top has it.
    private static ApiObject OfPod(Cluster cluster, Pod pod)
    {
        var used = cluster.UsageOf(pod);
        return Measured(cluster, pods, pod, "containers", new JsonArray([
            .. pod.Spec.Containers.Select((container, i) => new JsonObject
            {
                ["name"] = container.Name, ["usage"] = Usage(i == 0 ? used : default),
            })]));
    }

    private static IEnumerable<ApiObject> OfNodes(Cluster cluster, ILookup<string, Pod> pods) =>
        cluster.List<Node>().Select(node =>
        {
            var sum = new Usage(new Quantity(0), new Quantity(0));
            foreach (var used in pods[node.Metadata.Name].Select(cluster.UsageOf))
            {
                sum = new(sum.Cpu + (used.Cpu ?? new(0)), sum.Memory + (used.Memory ?? new(0)));
            }
            return Measured(cluster, nodes, node, "usage", Usage(sum));
        });

    private static JsonObject Usage(Usage used) => new()
    {
        ["cpu"] = $"{used.Cpu ?? new(0)}", ["memory"] = $"{used.Memory ?? new(0)}",
    };

    private static ApiObject Measured(
        Cluster cluster, Kind kind, ApiObject of, string name, JsonNode usage)
    {
        var node = new JsonObject
        {
            ["timestamp"] = $"{(Time)cluster.Now}", ["window"] = "15s", [name] = usage,
        };
        return Json.Decode(node, kind) with
        {
            Metadata = new()
            {
                Name = of.Metadata.Name, Namespace = of.Metadata.Namespace,
                Labels = of.Metadata.Labels, CreationTimestamp = cluster.Now,
            },
        };
    }
}
