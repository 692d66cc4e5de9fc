using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The APIs that metrics come by: for kubectl top, for autoscalers and over HTTP alike.
/// <c>metrics.k8s.io</c> is there while its APIService is, answers while a pod behind that Service
/// is ready, and knows what the metrics server has measured (see <see cref="ScrapedMetrics"/>).
/// <c>custom.metrics.k8s.io</c> and <c>external.metrics.k8s.io</c> tell what somebody outside said
/// (see <see cref="CustomMetrics"/>); they are there from the first such word on.</summary>
/// <remarks>Models sigs.k8s.io/metrics-server/pkg/api and
/// staging/src/k8s.io/kube-aggregator/pkg/apiserver.</remarks>
internal sealed class MetricsApi(World world) : IApiExtension
{
    /// <inheritdoc/>
    public Seq<Kind> Registered(EtcdStore store) =>
        Service(store) is null ? [] : [MetricKinds.Nodes, MetricKinds.Pods];

    /// <inheritdoc/>
    public bool Serves(Kind kind) => kind.Group.EndsWith(MetricKinds.Group,
        StringComparison.Ordinal);

    /// <inheritdoc/>
    public bool IsAvailable(Kind kind, EtcdStore store)
    {
        var service = Service(store);
        return store.List(Kinds.EndpointSlice, service.TextAt("namespace"), store.Head)
            .Cast<EndpointSlice>().Any(slice => slice.IsOf(service.TextAt("name"))
                && slice.Endpoints.Any(e => e.Conditions.Ready == true));
    }

    /// <inheritdoc/>
    public ApiResponse Read(ApiRequest request, EtcdStore store, DateTime now)
    {
        var (path, one) = (request.Path, request.Verb == Verb.Get);
        if (!one && request.Verb != Verb.List)
        {
            return Refusals.MethodNotAllowed;
        }
        if (path.Kind.Group != MetricKinds.Group)
        {
            return Custom(request, store, now);
        }
        if (Service(store) is null || !IsAvailable(path.Kind, store))
        {
            return Absent(path, Service(store) is not null);
        }
        if (Selecting.TryRead(path, request.Query, out var selecting) is { } unreadable)
        {
            return unreadable;
        }
        var isNodes = path.Kind.Equals(MetricKinds.Nodes);
        var found = (isNodes ? Nodes(store) : Pods(store, path.Namespace))
            .Where(o => selecting.Matches(o) && (!one || o.Metadata.Name == path.Name))
            .Select(o => isNodes ? OfNode(o, now) : OfPod((Pod)o, now)).ToList();
        var name = isNodes ? path.Name : $"{path.Namespace}/{path.Name}";
        return !one ? new ApiResponse(200) { Items = found, List = new(new Revision(0)) }
            : found.Count > 0 ? new ApiResponse(200) { Object = found[0] }
            : ApiErrors.Of(404, "NotFound",
                $"{(isNodes ? "node" : "pod")}metrics.{path.Kind.Group} \"{name}\" not found", new()
                {
                    Name = name, Group = path.Kind.Group,
                    Kind = isNodes ? "nodemetrics" : "podmetrics",
                });
    }

    // The Service that the APIService names; null without one.
    private static JsonNode? Service(EtcdStore store) => store.Get(new ObjectKey(Kinds.APIService,
        "", $"v1beta1.{MetricKinds.Group}")) is { } api ? Json.Encode(api).At("spec", "service")
        : null;

    // What a client makes of a page that is no Status.
    private static ApiResponse Absent(in ResourcePath path, bool isRegistered)
    {
        var what = $"(get {path.Kind.Resource})";
        return isRegistered
            ? ApiErrors.Of(503, "ServiceUnavailable",
                $"the server is currently unable to handle the request {what}").Status
            : ApiErrors.Of(404, "NotFound",
                $"the server could not find the requested resource {what}").Status;
    }

    private IEnumerable<ApiObject> Pods(EtcdStore store, string ns) =>
        store.List(Kinds.Pod, ns.Length > 0 ? ns : null, store.Head)
            .Where(o => o is Pod { Status.Phase: "Running" } pod
                && world.Scrapes.Of(pod) is not null);

    private IEnumerable<ApiObject> Nodes(EtcdStore store) =>
        store.List(Kinds.Node, null, store.Head)
            .Where(o => world.Scrapes.OfNode(o.Metadata.Name) is not null);

    // What is said of a pod is its first container's; the others have what their programs take.
    private ApiObject OfPod(Pod pod, DateTime now)
    {
        var measured = world.Scrapes.Of(pod)!.Value;
        var first = measured.Usage;
        foreach (var (_, other) in measured.Others)
        {
            first = new(first.Cpu - other.Cpu, first.Memory - other.Memory);
        }
        return New(MetricKinds.Pods, pod, measured, now, "containers", new JsonArray([
            .. pod.Spec.Containers.Select((container, i) => new JsonObject
            {
                ["name"] = container.Name,
                ["usage"] = Usage(i == 0 ? first : measured.Others.Get(container.Name)),
            })]));
    }

    private ApiObject OfNode(ApiObject node, DateTime now)
    {
        var measured = world.Scrapes.OfNode(node.Metadata.Name)!.Value;
        return New(MetricKinds.Nodes, node, measured, now, "usage", Usage(measured.Usage));
    }

    private static JsonObject Usage(Usage used) => new()
    {
        ["cpu"] = $"{used.Cpu ?? new(0)}", ["memory"] = $"{used.Memory ?? new(0)}",
    };

    private static ApiObject New(Kind kind, ApiObject of, in Measured measured, DateTime now,
        string name, JsonNode usage)
    {
        var node = new JsonObject
        {
            ["timestamp"] = $"{(Time)measured.At}",
            ["window"] = GoDuration.Format(measured.Window), [name] = usage,
        };
        return Json.Decode(node, kind) with
        {
            Metadata = new()
            {
                Name = of.Metadata.Name, Namespace = of.Metadata.Namespace,
                Labels = of.Metadata.Labels, CreationTimestamp = now,
            },
        };
    }

    private ApiResponse Custom(ApiRequest request, EtcdStore store, DateTime now)
    {
        var path = request.Path;
        var isExternal = path.Kind.Group[0] == 'e';
        if (!world.Numbers.Knows(isExternal))
        {
            return Absent(path, false);
        }
        if (Selecting.TryRead(path, request.Query with { FieldSelector = null },
            out var selecting) is { } unreadable)
        {
            return unreadable;
        }
        var values = isExternal ? [("", world.Numbers.Of(path.Namespace, "", path.Kind.Plural))]
            : path.Name != "*" ? [(path.Name, world.Numbers.Of(path.Namespace,
                $"{path.Kind.Plural}/{path.Name}", path.Subresource))]
            : store.List(Kinds.Pod, path.Namespace, store.Head).Where(selecting.Matches)
                .Select(o => (o.Metadata.Name, world.Numbers.Of((Pod)o, path.Subresource)));
        var items = values.Where(v => v.Item2 is not null).Select(v => Json.Decode(new JsonObject
        {
            ["describedObject"] = new JsonObject { ["name"] = v.Item1 },
            ["timestamp"] = $"{(Time)now}", ["value"] = $"{v.Item2}",
        }, path.Kind)).ToList();
        return items.Count > 0 || isExternal
            ? new ApiResponse(200) { Items = items, List = new(new Revision(0)) }
            : ApiErrors.Of(404, "NotFound", $"the server could not find the metric "
                + $"{path.Subresource} for {path.Kind.Plural}"
                + (path.Name == "*" ? "" : $" {path.Name}"), new() { Name = path.Name });
    }
}
