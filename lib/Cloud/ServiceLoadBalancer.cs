using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Gets Services of type LoadBalancer their load balancer from the cloud, and gives it back.
/// <para>It watches Services. First it puts on a finalizer, so that the Service cannot go while the
/// cloud still charges for its load balancer; then it asks the cloud, which takes a minute or so
/// (<c>EXTERNAL-IP</c> is <c>&lt;pending&gt;</c> that long); then it writes the address into the
/// status. A Service that is deleted, or becomes of another type, goes the same way back.</para>
/// <para>In first form: it does not follow the nodes that stand behind a load balancer.</para>
/// Models staging/src/k8s.io/cloud-provider/controllers/service/controller.go.
/// </summary>
public sealed class ServiceLoadBalancer : IReconciler
{
    /// <summary>The finalizer of Services that have a load balancer.</summary>
    public const string Finalizer = "service.kubernetes.io/load-balancer-cleanup";

    private readonly SimCloud cloud = new();
    private readonly Dictionary<string, Ensured> ensured = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "service-lb-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Service>()];

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.New is not Service service || (!Wants(service) && !NeedsCleanup(service)))
        {
            return;
        }
        if (service.Status.LoadBalancer.Ingress is [{ Ip: { } ip }, ..])
        {
            cloud.Take(ip);
        }
        queue.Add(e.Key);
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Service service)
        {
            return Result.Done;
        }
        if (!Wants(service) || service.IsTerminating)
        {
            if (NeedsCleanup(service))
            {
                CleanUp(service, api);
            }
            return Result.Done;
        }
        Ensure(service, api);
        return Result.Done;
    }

    private static bool Wants(Service service) =>
        service.Spec is { Type: "LoadBalancer", LoadBalancerClass: null };

    private static bool NeedsCleanup(Service service) =>
        OwnFinalizer(service) && (service.IsTerminating || !Wants(service));

    private static bool OwnFinalizer(Service service) =>
        service.Metadata.Finalizers.AsSpan().Contains(Finalizer);

    private void Ensure(Service service, ReconcileContext api)
    {
        var uid = service.Metadata.Uid;
        if (!ensured.TryGetValue(uid, out var state) || !state.Spec.Equals(service.Spec))
        {
            api.Event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
            if (!OwnFinalizer(service))
            {
                Patch(service, service.Metadata.Finalizers.Add(Finalizer), api);
            }
            var ingress = service.Status.LoadBalancer.Ingress;
            var answer = cloud.EnsureLoadBalancer(
                Wanted(service, ingress is [{ } first, ..] ? first.Ip : null), api.Random);
            ensured[uid] = state = new(service.Spec, answer.Value!.Ip!, api.Now + answer.Takes);
        }
        if (state.Told)
        {
            return;
        }
        if (state.ReadyAt > api.Now)
        {
            api.After(state.ReadyAt - api.Now, service.Key);
            return;
        }
        Tell(service, [new() { Ip = state.Ip, IpMode = "VIP" }], api);
        ensured[uid] = state with { Told = true };
        api.Event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer");
    }

    private void CleanUp(Service service, ReconcileContext api)
    {
        api.Event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer");
        cloud.DeleteLoadBalancer(NameOf(service));
        ensured.Remove(service.Metadata.Uid);
        if (!service.IsTerminating)
        {
            Tell(service, default, api);
        }
        Patch(service, service.Metadata.Finalizers.RemoveAll(name => name == Finalizer), api);
        api.Event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer");
    }

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
        var patch = new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = balancer } };
        api.Patch(service.Key, new(PatchKind.Merge, patch), "status");
    }

    private static void Patch(Service service, Seq<string> finalizers, ReconcileContext api)
    {
        var names = new JsonArray();
        foreach (var name in finalizers)
        {
            names.Add(name);
        }
        api.Patch(service.Key, new(PatchKind.Merge, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = service.Metadata.Uid,
                ["finalizers"] = finalizers.IsEmpty ? null : names,
            },
        }), "status");
    }

    private static CloudLoadBalancer Wanted(Service service, string? ip)
    {
        var ports = new List<(string, int, int)>();
        foreach (var port in service.Spec.Ports)
        {
            ports.Add((port.Protocol ?? "TCP", port.Port, port.NodePort ?? 0));
        }
        return new(NameOf(service), [.. ports], [], service.Spec.HealthCheckNodePort ?? 0, ip);
    }

    // As clouds name them: the UID without dashes, after an a.
    private static string NameOf(Service service) =>
        "a" + service.Metadata.Uid.Replace("-", "", StringComparison.Ordinal);

    /// <summary>What the cloud was asked for, and when it is done.</summary>
    private sealed record Ensured(ServiceSpec Spec, string Ip, DateTime ReadyAt, bool Told = false);
}
