using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Gets Services of type LoadBalancer their load balancer from the cloud, keeps the nodes behind
/// it, and gives it back.
/// <para>It watches Services and Nodes. First it puts a finalizer on the Service, so that it
/// cannot go while the cloud still charges for its load balancer; then it asks the cloud, which
/// takes a minute or so (<c>EXTERNAL-IP</c> is <c>&lt;pending&gt;</c> that long); then it writes
/// the address into the status. A Service that is deleted, or becomes of another type, goes the
/// same way back, and stays for as long as the cloud does not take the load balancer. One with a
/// <c>loadBalancerClass</c> is somebody else's.</para>
/// <para>Behind it stand all nodes but those labelled
/// <c>node.kubernetes.io/exclude-from-external-load-balancers</c> and those that the cluster
/// autoscaler is about to delete. Whether a node is ready does not matter: the health checks of the
/// load balancer find out sooner. When a node joins or goes, every load balancer is told
/// (UpdatedLoadBalancer).</para>
/// <para>Worked: the cloud refuses with "quota exceeded". The event is SyncLoadBalancerFailed, and
/// the next attempts come after 5, 10, 20, … 300 s.</para>
/// Here other Services need not wait while the cloud makes one's load balancer.
/// Models staging/src/k8s.io/cloud-provider/controllers/service/controller.go.
/// </summary>
public sealed partial class ServiceLoadBalancer : IReconciler
{
    /// <summary>The finalizer of Services that have a load balancer.</summary>
    public const string Finalizer = "service.kubernetes.io/load-balancer-cleanup";

    /// <summary>The label of nodes that shall not stand behind load balancers.</summary>
    public const string Excluded = "node.kubernetes.io/exclude-from-external-load-balancers";

    private static readonly ObjectKey allNodes = new(Kinds.Node, "", "");

    private readonly SortedDictionary<ObjectKey, Ensured> ensured = [];
    private readonly Dictionary<ObjectKey, List<(string Reason, string What)>> changed = [];

    /// <inheritdoc/>
    public string Name => "service-lb-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Service>(), Watched.All<Node>()];

    /// <inheritdoc/>
    public BackOff<ObjectKey> NewBackOff() =>
        new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(300));

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Node))
        {
            if (ensured.Count > 0 && (e.Old is not Node was || e.New is not Node now
                || IsIncluded(was) != IsIncluded(now)
                || was.Spec.ProviderID != now.Spec.ProviderID))
            {
                queue.Add(allNodes);
            }
            return;
        }
        if (e.New is not Service service)
        {
            return;
        }
        var told = new List<(string, string)>();
        if (e.Old is Service old ? NeedsUpdate(old, service, told) || NeedsCleanup(service)
            : Wants(service) || NeedsCleanup(service))
        {
            changed[e.Key] = [.. changed.GetValueOrDefault(e.Key) ?? [], .. told];
            queue.Add(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (key.Kind.Equals(Kinds.Node))
        {
            return SyncNodes(api);
        }
        if (api.Get(key) is not Service service)
        {
            ensured.Remove(key);
            changed.Remove(key);
            return Result.Idle;
        }
        var state = ensured.GetValueOrDefault(key);
        if (state is { IsTold: false } && state.ReadyAt > api.Now)
        {
            // The cloud is at it; what has changed meanwhile comes after.
            api.After(state.ReadyAt - api.Now, key);
            return Result.Idle;
        }
        if (state is { IsTold: false })
        {
            ensured[key] = state with { IsTold = true };
            Tell(service, [new() { Ip = state.Ip, IpMode = "VIP" }], api);
            api.Event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer");
        }
        if (state is not null && !changed.ContainsKey(key))
        {
            return Result.Done;
        }
        foreach (var (reason, what) in changed.GetValueOrDefault(key) ?? [])
        {
            api.Event(service, "Normal", reason, "{0}", what);
        }
        changed[key] = [];
        var problem = Sync(service, api);
        if (problem is not null)
        {
            api.Event(service, "Warning", "SyncLoadBalancerFailed",
                "Error syncing load balancer: {0}", problem);
            return Result.Retry(problem);
        }
        changed.Remove(key);
        return Result.Done;
    }

    private string? Sync(Service service, ReconcileContext api) =>
        !Wants(service) || NeedsCleanup(service)
            ? CleanUp(service, api) : Ensure(service, api);

    /// <summary>Asks for the load balancer; the answer is what went wrong.</summary>
    private string? Ensure(Service service, ReconcileContext api)
    {
        var key = service.Key;
        api.Event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
        if (!OwnFinalizer(service))
        {
            SetFinalizers(service, service.Metadata.Finalizers.Add(Finalizer), api);
        }
        var nodes = NodesBehind(api);
        if (nodes.IsEmpty)
        {
            TellNoNodes(service, api);
        }
        var ingress = service.Status.LoadBalancer.Ingress;
        var answer = api.World.Cloud.EnsureLoadBalancer(
            Wanted(service, nodes, ingress is [{ } first, ..] ? first.Ip : null));
        if (answer.Error is { } error)
        {
            ensured.Remove(key);
            return $"failed to ensure load balancer: {error}";
        }
        ensured[key] = new(service, nodes, answer.Value!.Ip!, api.Now + answer.Takes);
        // Ready at once or later: the next look tells.
        api.After(answer.Takes, key);
        return null;
    }

    /// <summary>Gives the load balancer back; the answer is what went wrong.</summary>
    private string? CleanUp(Service service, ReconcileContext api)
    {
        var (cloud, name) = (api.World.Cloud, NameOf(service));
        if (cloud.LoadBalancer(name).Value is not null)
        {
            api.Event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer");
            if (cloud.DeleteLoadBalancer(name).Error is { } error)
            {
                return $"failed to delete load balancer: {error}";
            }
        }
        ensured.Remove(service.Key);
        if (OwnFinalizer(service))
        {
            SetFinalizers(service,
                service.Metadata.Finalizers.RemoveAll(f => f == Finalizer), api);
        }
        api.Event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer");
        if (!service.IsTerminating)
        {
            Tell(service, default, api);
        }
        return null;
    }

    /// <summary>Tells every load balancer which nodes there are.</summary>
    private Result SyncNodes(ReconcileContext api)
    {
        var (nodes, result) = (NodesBehind(api), Result.Idle);
        foreach (var (key, state) in ensured.ToArray())
        {
            if (state.Nodes.Equals(nodes))
            {
                continue;
            }
            (ensured[key], result) = (state with { Nodes = nodes }, Result.Done);
            var updated = api.World.Cloud.UpdateLoadBalancer(NameOf(state.Service), nodes);
            if (updated.Error is { } error)
            {
                api.Event(state.Service, "Warning", "UpdateLoadBalancerFailed",
                    "Error updating load balancer with new hosts {0} [node names limited, total "
                    + "number of nodes: {1}], error: {2}",
                    $"[{string.Join(' ', nodes.Take(20))}]",
                    nodes.Count.ToString(CultureInfo.InvariantCulture), error);
                // A retry is a whole sync of the Service.
                changed.TryAdd(key, []);
                api.After(TimeSpan.Zero, key);
            }
            else if (nodes.IsEmpty)
            {
                TellNoNodes(state.Service, api);
            }
            else
            {
                api.Event(state.Service, "Normal", "UpdatedLoadBalancer",
                    "Updated load balancer with new hosts");
            }
        }
        return result;
    }

    private static void TellNoNodes(Service service, ReconcileContext api) =>
        api.Event(service, "Warning", "UnAvailableLoadBalancer",
            "There are no available nodes for LoadBalancer");

    private static Seq<string> NodesBehind(ReconcileContext api) => api.List<Node>()
        .Where(n => !n.IsTerminating && IsIncluded(n)
            && !n.Spec.Taints.Any(t => t.Key == "ToBeDeletedByClusterAutoscaler"))
        .Select(n => n.Metadata.Name).ToSeq();

    private static bool IsIncluded(Node node) =>
        !node.Metadata.Labels.TryGetValue(Excluded, out var value)
        || value is "false" or "False" or "FALSE" or "0" or "f" or "F";

    private static void Tell(
        Service service, Seq<LoadBalancerIngress> ingress, ReconcileContext api)
    {
        if (service.Status.LoadBalancer.Ingress.Equals(ingress))
        {
            return;
        }
        var list = new JsonArray();
        foreach (var address in ingress)
        {
            list.Add(new JsonObject { ["ip"] = address.Ip, ["ipMode"] = address.IpMode });
        }
        var balancer = new JsonObject { ["ingress"] = ingress.IsEmpty ? null : list };
        Patch(service, "status", new JsonObject { ["loadBalancer"] = balancer }, api);
    }

    private static void SetFinalizers(
        Service service, Seq<string> finalizers, ReconcileContext api)
    {
        var names = new JsonArray([.. finalizers.Select(f => (JsonNode)JsonValue.Create(f))]);
        Patch(service, "metadata", new JsonObject
        {
            ["uid"] = service.Metadata.Uid,
            ["finalizers"] = finalizers.IsEmpty ? null : names,
        }, api);
    }

    private static void Patch(
        Service service, string part, JsonObject change, ReconcileContext api) => api.Patch(
            service.Key, new(PatchKind.Merge, new JsonObject { [part] = change }), "status");

    private static CloudLoadBalancer Wanted(Service service, Seq<string> nodes, string? ip) =>
        new(NameOf(service), service.Spec.Ports
            .Select(p => (p.Protocol ?? "TCP", p.Port, p.NodePort ?? 0)).ToSeq(), nodes,
            service.Spec.HealthCheckNodePort ?? 0, ip);

    // As clouds name them: the UID without dashes, after an a.
    private static string NameOf(Service service) =>
        "a" + service.Metadata.Uid.Replace("-", "", StringComparison.Ordinal);

    /// <summary>What the cloud was asked for, and when it is done.</summary>
    private sealed record Ensured(Service Service, Seq<string> Nodes, string Ip,
        DateTime ReadyAt, bool IsTold = false);
}
