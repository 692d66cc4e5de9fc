using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// The processes in the pods of ingress-nginx, as far as the API server notices them. Of each
/// Ingress of their class they say that they took it in (event <c>Sync</c>, one of each pod); and
/// the one of them that leads writes into its status the addresses of the Service in front of them,
/// at its start and every minute after.
/// <para>They are there while a pod of the add-on is ready. What they do with requests has no step:
/// see <c>cluster.Request</c>, which asks <see cref="IngressRoutes"/>.</para>
/// <para>Worked: the controller leads since 0:00:20. An Ingress of 0:01:00 is told at once, and has
/// its ADDRESS at 0:01:20.</para>
/// Models github.com/kubernetes/ingress-nginx/internal/ingress/status/status.go and
/// .../controller/store/store.go.
/// </summary>
public sealed class IngressNginx : IReconciler
{
    /// <summary>The namespace of the add-on.</summary>
    public const string Namespace = "ingress-nginx";

    /// <summary>The name of its Service and Deployment.</summary>
    public const string Service = "ingress-nginx-controller";

    /// <summary>What its IngressClasses name.</summary>
    public const string Controller = "k8s.io/ingress-nginx";

    private static readonly ObjectKey all = new(Kinds.IngressClass, "", "nginx");
    private static readonly TimeSpan period = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, long?> told = new(StringComparer.Ordinal);
    private DateTime? tick;

    /// <inheritdoc/>
    public string Name => "ingress-nginx-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        new(Kinds.Ingress) { KeyOf = _ => all }, new(Kinds.IngressClass) { KeyOf = _ => all },
        new(Kinds.Service) { KeyOf = OfAddOn }, new(Kinds.Pod) { KeyOf = OfAddOn },
    ];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        ArgumentNullException.ThrowIfNull(api);
        var ingresses = Mine(api.List(Kinds.IngressClass, null), api.List(Kinds.Ingress, null));
        var starts = api.List<Pod>(Namespace).Where(p => IsController(p) && p.IsReady)
            .Select(p => p.Status.StartTime).Where(t => t is not null).ToList();
        if (starts.Count == 0 || ingresses.Count == 0)
        {
            told.Clear();
            return Result.Idle;
        }
        var isIdle = true;
        foreach (var ingress in ingresses)
        {
            var (uid, generation) = (ingress.Metadata.Uid, ingress.Metadata.Generation);
            if (!told.TryGetValue(uid, out var known) || known != generation)
            {
                told[uid] = generation;
                isIdle = false;
                starts.ForEach(_ => api.Event(ingress, "Normal", "Sync", "Scheduled for sync"));
            }
        }
        var points = (api.Get<Service>(Namespace, Service)?.Status.LoadBalancer.Ingress ?? [])
            .Select(i => i.Ip is { } ip ? new JsonObject { ["ip"] = ip }
                : new JsonObject { ["hostname"] = i.Hostname }).ToArray();
        var wanted = new JsonArray([.. points]).ToJsonString();
        var due = ingresses.FindAll(i => points.Length > 0 && Points(i) != wanted);
        if (due.Count == 0)
        {
            tick = null;
        }
        else if (tick <= api.Now)
        {
            (tick, isIdle) = (null, false);
            foreach (var ingress in due)
            {
                var node = Json.Encode(ingress);
                node["status"] = new JsonObject
                {
                    ["loadBalancer"] = new JsonObject { ["ingress"] = JsonNode.Parse(wanted) },
                };
                api.UpdateStatus(Json.Decode(node, Kinds.Ingress));
            }
        }
        else
        {
            var since = api.Now.Ticks - starts.Min()!.Value.DateTime.Ticks;
            tick ??= api.Now + period - TimeSpan.FromTicks(since % period.Ticks);
            api.After(tick.Value - api.Now, all);
        }
        return isIdle ? Result.Idle : Result.Done;
    }

    /// <summary>The Ingresses that are this controller's.</summary>
    internal static List<ApiObject> Mine(
        IEnumerable<ApiObject> classes, IEnumerable<ApiObject> ingresses)
    {
        var own = classes.Where(c => Json.Encode(c).TextAt("spec", "controller") == Controller)
            .Select(c => c.Metadata.Name).ToList();
        return ingresses.Where(i => IngressRoutes.IsOf(Json.Encode(i), own)).ToList();
    }

    private static string Points(ApiObject ingress) => new JsonArray([.. Json.Encode(ingress)
        .ItemsAt("status", "loadBalancer", "ingress").Select(i => i.DeepClone())]).ToJsonString();

    private static ObjectKey? OfAddOn(ApiObject o) =>
        o.Metadata.Namespace == Namespace && (o is not Pod pod || IsController(pod)) ? all : null;

    private static bool IsController(Pod pod) =>
        pod.Metadata.Labels.Get("app.kubernetes.io/component") == "controller";
}
