namespace KubeSim;

/// <summary>
/// The process in the pod of metrics-server: every 15 s it asks the kubelets of all nodes what
/// their containers use, and remembers it for whoever asks the API <c>metrics.k8s.io</c>.
/// <para>It is there while its APIService is and a pod behind that runs on a machine that is on;
/// what it knows goes with the process. A kubelet that is down or cut off is not heard, so nothing
/// is known of its pods. It writes nothing.</para>
/// <para>Worked example: up at 0 s, it scrapes at 0, 15, 30 s. A pod that starts at 16 s and uses
/// 200m at once is known from 30 s on (14 s old: fresh); an autoscaler that looked at 29 s had to
/// do without it.</para>
/// Models sigs.k8s.io/metrics-server/pkg/server and .../pkg/scraper.
/// </summary>
public sealed class MetricsServer : IReconciler
{
    private static readonly TimeSpan look = TimeSpan.FromSeconds(1);

    private Time? since;

    /// <inheritdoc/>
    public string Name => "metrics-server";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        new(Kinds.APIService)
        {
            KeyOf = o => o.Metadata.Name == "v1beta1.metrics.k8s.io" ? o.Key : null,
        },
    ];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        var world = (World)api.World;
        if (api.Get(key) is not { } service)
        {
            world.Scrapes.Forget();
            return Result.Idle;
        }
        var of = Json.Encode(service).At("spec", "service");
        var up = Started(api, of.TextAt("namespace"), of.TextAt("name"));
        if (up is null || up != since)
        {
            world.Scrapes.Forget();
        }
        since = up;
        if (up is not null)
        {
            Scrape(world, api);
        }
        api.After(up is null ? look : ScrapedMetrics.Resolution, key, Pace.Background);
        return Result.Idle;
    }

    // When the first of the pods behind the Service that run was started.
    private static Time? Started(ReconcileContext api, string ns, string name)
    {
        if (api.Get<Service>(ns, name) is not { } service)
        {
            return null;
        }
        var selector = Selector.FromLabels(service.Spec.Selector);
        return api.List<Pod>(ns).Where(pod => pod.IsActive && pod.IsScheduled
                && selector.Matches(pod.Metadata.Labels) && Answers(api, pod.Spec.NodeName!))
            .SelectMany(pod => pod.Status.ContainerStatuses)
            .Select(c => c.State.Running?.StartedAt).Where(at => at is not null).Min();
    }

    private static void Scrape(World world, ReconcileContext api)
    {
        var all = api.List<Pod>().Where(p => p.Status.Phase == "Running")
            .ToLookup(p => p.Spec.NodeName!, StringComparer.Ordinal)
            .Where(node => Answers(api, node.Key))
            .SelectMany(node => node).ToLookup(p => p.Spec.NodeName!, StringComparer.Ordinal);
        var loads = new Dictionary<TimeSpan, IReadOnlyDictionary<(string, string), double>>();
        world.Scrapes.Scrape(api.Now, all, (pod, window) =>
        {
            if (!loads.TryGetValue(window, out var load))
            {
                loads.Add(window, load = world.Traffic.Cpu(api.Now, window,
                    ns => api.List<EndpointSlice>(ns)));
            }
            return world.UsageOf(pod,
                load.GetValueOrDefault((pod.Metadata.Namespace, pod.Metadata.Name)));
        }, pod => Map.Of([.. world.Machine(pod.Spec.NodeName!).Runtime
            .ListContainerStats(pod.Metadata.Uid).Where(s => s.Name != pod.Spec.Containers[0].Name)
            .Select(s => (s.Name, new Usage(Quantity.Milli((long)Math.Round(s.CpuMilli)),
                new(s.WorkingSetBytes, QuantityFormat.BinarySI))))]));
    }

    private static bool Answers(ReconcileContext api, string node) =>
        api.World.Machine(node) is { IsOn: true, IsConnected: true } machine
        && machine.Heartbeat.SilentSince is null;
}
