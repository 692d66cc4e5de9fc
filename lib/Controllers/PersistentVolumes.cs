namespace KubeSim;

/// <summary>
/// Brings claims and volumes together, one to one: <c>volume.spec.claimRef</c> points one way,
/// <c>claim.spec.volumeName</c> the other, and a pair is bound when both do.
/// <para>It watches PersistentVolumeClaims and PersistentVolumes. For a claim it takes the volume
/// kept for it, else the smallest that fits: asked for 3Gi, of 2Gi, 5Gi and 10Gi it takes the 5Gi,
/// and the claim has all 5. None fits: it writes on the claim who shall make one, and that
/// provisioner does. A claim whose class waits for its first consumer is left to the scheduler,
/// which knows the node.</para>
/// <para>It writes claimRef, volumeName and the two phases: Pending, Bound or Lost of a claim;
/// Available, Bound, Released or Failed of a volume. When a claim goes, the reclaim policy says
/// what becomes of its volume: Retain keeps it, Released, for a person to look at; Delete has its
/// maker unmake it; Recycle wipes it and it is Available again. A claim that found nothing is
/// looked at again every 15 s: new volumes wake nobody.</para>
/// </summary>
/// <remarks>Models pkg/controller/volume/persistentvolume/pv_controller.go.</remarks>
public sealed partial class PersistentVolumes : IReconciler
{
    private static readonly TimeSpan Resync = TimeSpan.FromSeconds(15);

    private readonly OwnWrites own = new();

    /// <inheritdoc/>
    public string Name => "persistentvolume-binder-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<PersistentVolume>(),
        Watched.All<PersistentVolumeClaim>(), Watched.All<StorageClass>()];

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.StorageClass))
        {
            return;
        }
        queue.Add(e.Key);
        switch (e.New is null ? e.Old : null)
        {
            case PersistentVolumeClaim { Spec.VolumeName: { Length: > 0 } volume }:
                queue.Add(new(Kinds.PersistentVolume, "", volume));
                break;
            case PersistentVolume { Spec.ClaimRef: { } claim }:
                queue.Add(KeyOf(claim));
                break;
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        switch (api.Get(key))
        {
            case PersistentVolumeClaim claim:
                Sync(own.Latest(claim), api);
                break;
            case PersistentVolume volume:
                Sync(own.Latest(volume), api);
                break;
            default:
                own.Forget(key);
                return Result.Idle;
        }
        return api.Changes.Count > 0 ? Result.Done : Result.Idle;
    }

    private static ObjectKey KeyOf(ObjectReference claim) =>
        new(Kinds.PersistentVolumeClaim, claim.Namespace ?? "", claim.Name ?? "");

    private PersistentVolume? VolumeOf(string name, ReconcileContext api) =>
        api.Get<PersistentVolume>("", name) is { } volume ? own.Latest(volume) : null;

    private void Sync(PersistentVolumeClaim claim, ReconcileContext api)
    {
        var bound = claim.Metadata.Annotations.ContainsKey(VolumeFacts.BindCompleted);
        var volume = claim.Spec.VolumeName is { Length: > 0 } name ? VolumeOf(name, api) : null;
        if (bound)
        {
            SyncBound(claim, volume, api);
        }
        else if (claim.Spec.VolumeName is not { Length: > 0 })
        {
            FindVolume(claim, api);
        }
        else
        {
            TakeNamed(claim, volume, api);
        }
    }

    private void SyncBound(
        PersistentVolumeClaim claim, PersistentVolume? volume, ReconcileContext api)
    {
        if (volume is not null && (volume.Spec.ClaimRef is null || volume.IsFor(claim)))
        {
            Bind(volume, claim, api);
            return;
        }
        var lost = claim.Spec.VolumeName is { Length: > 0 } ? "its PersistentVolume"
            : "reference to PersistentVolume";
        Tell(claim, "Lost", api, "Warning", volume is null ? "ClaimLost" : "ClaimMisbound",
            volume is null ? $"Bound claim has lost {lost}. Data on the volume is lost!"
                : "Two claims are bound to the same volume, this one is bound incorrectly");
    }

    private void FindVolume(PersistentVolumeClaim claim, ReconcileContext api)
    {
        var className = claim.Spec.StorageClassName ?? "";
        var known = className.Length > 0 ? api.Get<StorageClass>("", className) : null;
        var triggered = claim.Metadata.Annotations.ContainsKey(VolumeFacts.SelectedNode);
        var waits = known?.Waits == true;
        if (Best(claim, waits, api) is { } volume)
        {
            Bind(volume, claim, api);
            return;
        }
        api.After(Resync, claim.Key, Pace.Background);
        if (waits && !triggered)
        {
            var pods = api.List<Pod>(claim.Metadata.Namespace)
                .Where(p => !p.IsScheduled && p.IsActive
                    && VolumeFacts.ClaimsOf(p).Contains(claim.Metadata.Name))
                .Select(p => p.Metadata.Name).ToList();
            api.Event(claim, "Normal",
                pods.Count == 0 ? "WaitForFirstConsumer" : "WaitForPodScheduled",
                pods.Count == 0 ? "waiting for first consumer to be created before binding"
                    : "waiting for {0} {1} to be scheduled",
                pods.Count > 1 ? "pods" : "pod", string.Join(',', pods));
        }
        else if (className.Length > 0)
        {
            Provision(claim, className, known, api);
        }
        else
        {
            api.Event(claim, "Normal", "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set");
        }
    }

    // Those that can be mounted in the fewest ways come first: a volume that many could share is
    // not spent on a claim that needs it alone.
    private PersistentVolume? Best(PersistentVolumeClaim claim, bool waits, ReconcileContext api)
    {
        var volumes = api.List<PersistentVolume>().Select(own.Latest).ToList();
        return volumes.Find(v => v.IsFor(claim)) is { } kept
            ? VolumeFacts.Match(claim, [kept], null, waits)
            : volumes.GroupBy(v => v.Spec.AccessModes.Count).OrderBy(g => g.Key)
                .Select(g => VolumeFacts.Match(claim, g, null, waits))
                .FirstOrDefault(v => v is not null);
    }

    private void Provision(PersistentVolumeClaim claim, string name, StorageClass? known,
        ReconcileContext api)
    {
        var provisioner = known?.Provisioner ?? "";
        if (known is null || provisioner.StartsWith("kubernetes.io/", StringComparison.Ordinal))
        {
            api.Event(claim, "Warning", "ProvisioningFailed", known is null
                ? "storageclass.storage.k8s.io \"{0}\" not found"
                : "no volume plugin matched name: {1}", name, provisioner);
            return;
        }
        if (claim.Metadata.Annotations.Get(VolumeFacts.Provisioner) != provisioner)
        {
            claim = own.Keep(api.Update(claim with
            {
                Metadata = claim.Metadata with
                {
                    Annotations = claim.Metadata.Annotations
                        .Set("volume.beta.kubernetes.io/storage-provisioner", provisioner)
                        .Set(VolumeFacts.Provisioner, provisioner),
                },
            }));
        }
        api.Event(claim, "Normal", "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner '{0}' or "
            + "manually by the system administrator. If volume creation is delayed, please verify "
            + "that the provisioner is running and correctly registered.", provisioner);
    }

    private void TakeNamed(
        PersistentVolumeClaim claim, PersistentVolume? volume, ReconcileContext api)
    {
        var mismatch = volume?.MismatchWith(claim);
        var free = volume is not null && (volume.Spec.ClaimRef is null || volume.IsFor(claim));
        if (free && mismatch is null)
        {
            Bind(volume!, claim, api);
            return;
        }
        api.After(Resync, claim.Key, Pace.Background);
        if (free)
        {
            api.Event(claim, "Warning", "VolumeMismatch",
                "Cannot bind to requested volume \"{0}\": {1}", volume!.Metadata.Name, mismatch!);
        }
        else if (volume is not null)
        {
            api.Event(claim, "Warning", "FailedBinding",
                "volume \"{0}\" already bound to a different claim.", volume.Metadata.Name);
        }
    }
}
