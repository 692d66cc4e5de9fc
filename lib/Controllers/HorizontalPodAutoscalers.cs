namespace KubeSim;

/// <summary>
/// Keeps the replicas of workloads in step with what is measured.
/// <para>It watches HorizontalPodAutoscalers, and looks at each every 15 s, the first time 15 s
/// after it has seen it: nothing that happens in between hurries it. It asks for the scale of the
/// target, for each metric through the API server, and reads the pods. Of several metrics the one
/// that asks for most decides. What comes out is stabilised, limited in its rate and kept between
/// minReplicas and maxReplicas; then it writes the scale, and says why in the status.</para>
/// <para>A metric that cannot be had must not take pods away: when some are missing it goes up by
/// the others, never down. A target of 0 replicas is left alone.</para>
/// <para>Worked example: 1 replica of 100m, target 50 %, it uses 200m: 200 % is 4 times the target,
/// so 4 replicas. 15 s later the new ones use as much, 4 × 4 = 16, but at most double: 8.</para>
/// Models pkg/controller/podautoscaler/horizontal.go.
/// </summary>
public sealed class HorizontalPodAutoscalers : IReconciler
{
    private readonly Dictionary<ObjectKey, HpaBehavior> known = [];

    /// <inheritdoc/>
    public string Name => "horizontal-pod-autoscaler-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<HorizontalPodAutoscaler>(), Watched.All<Pod>()];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Pod))
        {
            // They are looked at when it is time.
            return;
        }
        if (e.New is null)
        {
            known.Remove(e.Key);
        }
        else if (!known.ContainsKey(e.Key))
        {
            queue.Add(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not HorizontalPodAutoscaler hpa)
        {
            return Result.Idle;
        }
        var period = api.Settings.Get(KnownFlags.HpaSyncPeriod);
        if (known.TryAdd(key, new()))
        {
            api.After(period, key);
            return Result.Idle;
        }
        var sync = new HpaSync(hpa, known, api);
        sync.Run();
        // Whoever waits for the cluster to settle waits for what is on its way, not for the rest.
        api.After(period, key, sync.IsUnderWay ? Pace.Progress : Pace.Background);
        return sync.Acted ? Result.Done : Result.Idle;
    }
}
