namespace KubeSim;

/// <summary>
/// Keeps claims that a pod uses and volumes that a claim is bound to: deleted, they stay
/// Terminating until nobody needs them. One class for both controllers, which differ in what
/// counts as use.
/// <para>A claim is in use by every pod that has a node and names it, ended ones too; a volume
/// while it is Bound. Example: a Deployment's pod mounts <c>data</c>; somebody deletes the claim;
/// it is Terminating until the pod is gone, and a new pod that names it is not scheduled.</para>
/// </summary>
/// <remarks>Models pkg/controller/volume/pvcprotection and pvprotection.</remarks>
public sealed class VolumeProtection : IReconciler
{
    private readonly bool claims;

    /// <summary>The controller of claims, or that of volumes.</summary>
    /// <param name="claims">True for claims.</param>
    public VolumeProtection(bool claims)
    {
        this.claims = claims;
        Watches = claims
            ? [Watched.All<PersistentVolumeClaim>(), Watched.All<Pod>()]
            : [Watched.All<PersistentVolume>()];
    }

    /// <inheritdoc/>
    public string Name => claims
        ? "persistentvolumeclaim-protection-controller" : "persistentvolume-protection-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; }

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Pod))
        {
            // A pod that goes may free its claims.
            foreach (var claim in e.New is null ? VolumeFacts.ClaimsOf((Pod)e.Old!) : [])
            {
                queue.Add(new(Kinds.PersistentVolumeClaim, e.Key.Namespace, claim));
            }
        }
        else if (e.New is { } o && (o.IsTerminating || !IsGuarded(o)))
        {
            queue.Add(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        var finalizers = api.Get(key)?.Metadata.Finalizers ?? default;
        switch (api.Get(key))
        {
            case null or { IsTerminating: true } when !finalizers.AsSpan().Contains(Guard):
                return Result.Idle;
            case { IsTerminating: true } o when !InUse(o, api):
                Write(o, finalizers.RemoveAll(name => name == Guard), api);
                return Result.Done;
            case { IsTerminating: false } o when !IsGuarded(o):
                Write(o, finalizers.Add(Guard), api);
                return Result.Done;
            default:
                return Result.Idle;
        }
    }

    private string Guard => claims ? VolumeFacts.ClaimProtection : VolumeFacts.VolumeProtection;

    private bool IsGuarded(ApiObject o) => o.Metadata.Finalizers.AsSpan().Contains(Guard);

    private static bool InUse(ApiObject o, ReconcileContext api) => o switch
    {
        PersistentVolume volume => volume.Status.Phase == "Bound",
        _ => api.List<Pod>(o.Metadata.Namespace).Any(pod => pod.IsScheduled
            && VolumeFacts.ClaimsOf(pod).Contains(o.Metadata.Name)),
    };

    private static void Write(ApiObject o, Seq<string> finalizers, ReconcileContext api) =>
        api.Update(o with { Metadata = o.Metadata with { Finalizers = finalizers } });
}
