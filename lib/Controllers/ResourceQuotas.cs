namespace KubeSim;

/// <summary>
/// Counts what a namespace uses of its ResourceQuotas. Admission adds what comes in; this
/// controller fills in a new quota, and counts anew when something goes that a quota counts, when
/// the bounds change, and every five minutes.
/// <para>Worked example: hard pods 2, used 2. A pod goes: used 1, and the ReplicaSet whose creation
/// was refused gets its pod when it tries again.</para>
/// Models pkg/controller/resourcequota.
/// </summary>
public sealed class ResourceQuotas : IReconciler
{
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(5);

    // The kinds whose going frees something at once; the rest is found by the resync.
    private static readonly Seq<Kind> counted =
    [
        Kinds.Pod, Kinds.Service, Kinds.PersistentVolumeClaim, Kinds.ConfigMap, Kinds.Secret,
        Kinds.ReplicationController, Kinds.Deployment, Kinds.ReplicaSet, Kinds.StatefulSet,
        Kinds.DaemonSet, Kinds.Job, Kinds.CronJob,
    ];

    private readonly SortedSet<(string Namespace, string Name)> quotas = [];

    /// <inheritdoc/>
    public string Name => "resourcequota-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<ResourceQuota>(), .. counted.Select(kind => new Watched(kind))];

    /// <inheritdoc/>
    public int Workers => 5;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.ResourceQuota))
        {
            if (e.New is null)
            {
                quotas.Remove((e.Key.Namespace, e.Key.Name));
            }
            else if (quotas.Add((e.Key.Namespace, e.Key.Name))
                || !Equals(((ResourceQuota)e.New).Spec, (e.Old as ResourceQuota)?.Spec))
            {
                queue.Add(e.Key);
            }
        }
        else if (quotas.Count > 0 && e.Old is not null && Frees(e))
        {
            foreach (var (ns, name) in quotas)
            {
                if (ns == e.Key.Namespace)
                {
                    queue.Add(new(Kinds.ResourceQuota, ns, name));
                }
            }
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not ResourceQuota quota)
        {
            return Result.Done;
        }
        // Live lists: a pod that was let in and has not been seen yet must not be forgotten.
        var used = QuotaUsage.Used(quota, kind => api.Send(
            new(Verb.List, new(kind, key.Namespace, ""))).Items!);
        var status = quota.Status with { Hard = quota.Spec.Hard, Used = used };
        if (!status.Equals(quota.Status))
        {
            api.UpdateStatus(quota with { Status = status });
        }
        api.After(Resync, key, Pace.Background);
        return Result.Done;
    }

    private static bool Frees(in WatchEvent e) => e.New is null
        || (e is { Old: Pod { IsFinished: false }, New: Pod { IsFinished: true } });
}
