namespace KubeSim;

/// <summary>What a provisioner made, or how long it takes yet, or why it cannot.</summary>
/// <param name="Volume">The source of the volume and the nodes that reach it; the rest follows from
/// claim and class.</param>
/// <param name="Takes">How long until it is there.</param>
/// <param name="Error">Why there is none.</param>
internal readonly record struct Provisioned(
    PersistentVolume? Volume, TimeSpan Takes = default, string? Error = null);

/// <summary>
/// What all makers of volumes have in common: a program outside of Kubernetes that serves the
/// claims of classes which name it. Any other name in a class means that nobody answers, and the
/// claim waits.
/// <para>It watches PersistentVolumeClaims and PersistentVolumes. A claim that the binder has
/// marked with its name (and the scheduler with a node, where the class waits for the first
/// consumer) gets a volume <c>pvc-UID</c>, kept for the claim; the binder does the rest. A volume
/// that it made and whose claim is gone it deletes, when the policy is Delete.</para>
/// </summary>
/// <remarks>Models sigs.k8s.io/sig-storage-lib-external-provisioner controller.go.</remarks>
public abstract class VolumeProvisioner(string name, string provisioner) : IReconciler
{
    // Claims whose volume is being made.
    private readonly HashSet<string> begun = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public virtual Seq<Watched> Watches { get; } = [Watched.All<PersistentVolumeClaim>(),
        Watched.All<PersistentVolume>(), Watched.All<StorageClass>() with { KeyOf = _ => null }];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        switch (api.Get(key))
        {
            case PersistentVolumeClaim { IsBound: false, Spec.VolumeName: null or "" } claim
                when claim.Metadata.Annotations.Get(VolumeFacts.Provisioner) == provisioner
                    && api.Get<StorageClass>("", claim.Spec.StorageClassName ?? "") is { } known
                    && (!known.Waits || NodeOf(claim) is not null):
                return Make(claim, known, api);
            case PersistentVolume
            {
                Status.Phase: "Released", Spec.PersistentVolumeReclaimPolicy: "Delete",
                IsTerminating: false,
            } volume when volume.Metadata.Annotations.Get(VolumeFacts.ProvisionedBy) == provisioner:
                if (Unmake(volume, api) is { } problem)
                {
                    api.Event(volume, "Warning", "VolumeFailedDelete", "{0}", problem);
                    return Result.Retry(problem);
                }
                api.Delete(key);
                return Result.Done;
            default:
                return Result.Idle;
        }
    }

    /// <summary>Makes what a claim asks for, or goes on making it.</summary>
    internal abstract Provisioned Provision(
        PersistentVolumeClaim claim, StorageClass known, string? node, ReconcileContext api);

    /// <summary>Unmakes what a volume is; the answer is why it cannot.</summary>
    internal virtual string? Unmake(PersistentVolume volume, ReconcileContext api) => null;

    private static string? NodeOf(PersistentVolumeClaim claim) =>
        claim.Metadata.Annotations.Get(VolumeFacts.SelectedNode);

    private Result Make(PersistentVolumeClaim claim, StorageClass known, ReconcileContext api)
    {
        var (uid, ns) = (claim.Metadata.Uid, claim.Metadata.Namespace);
        var volumeName = $"pvc-{uid}";
        if (api.Get<PersistentVolume>("", volumeName) is not null)
        {
            return Result.Idle;
        }
        var isNew = begun.Add(uid);
        if (isNew)
        {
            api.Event(claim, "Normal", "Provisioning",
                "External provisioner is provisioning volume for claim \"{0}/{1}\"", ns,
                claim.Metadata.Name);
        }
        var made = Provision(claim, known, NodeOf(claim), api);
        if (made.Error is { } error)
        {
            begun.Remove(uid);
            api.Event(claim, "Warning", "ProvisioningFailed",
                "failed to provision volume with StorageClass \"{0}\": {1}", known.Metadata.Name,
                error);
            return Result.Retry(error);
        }
        if (made.Takes > TimeSpan.Zero)
        {
            api.After(made.Takes, claim.Key);
            return isNew ? Result.Done : Result.Idle;
        }
        begun.Remove(uid);
        try
        {
            api.Create(VolumeFor(claim, known, volumeName, made.Volume!));
        }
        catch (ApiException refused) when (refused.IsAlreadyExists)
        {
            return Result.Idle;
        }
        api.Event(claim, "Normal", "ProvisioningSucceeded",
            "Successfully provisioned volume {0}", volumeName);
        return Result.Done;
    }

    private PersistentVolume VolumeFor(PersistentVolumeClaim claim, StorageClass known,
        string volumeName, PersistentVolume made) => made with
        {
            Metadata = new()
            {
                Name = volumeName,
                Annotations = made.Metadata.Annotations
                    .Set(VolumeFacts.ProvisionedBy, provisioner),
            },
            Spec = made.Spec with
            {
                Capacity = Map.Of(("storage", claim.Request)),
                AccessModes = claim.Spec.AccessModes,
                ClaimRef = VolumeFacts.ReferenceTo(claim),
                PersistentVolumeReclaimPolicy = known.ReclaimPolicy,
                StorageClassName = known.Metadata.Name,
                VolumeMode = claim.Spec.VolumeMode,
            },
        };

    /// <summary>The nodes with a label of a value.</summary>
    internal static VolumeNodeAffinity Where(string label, string value) => new()
    {
        Required = new()
        {
            NodeSelectorTerms =
            [
                new()
                {
                    MatchExpressions = [new() { Key = label, Operator = "In", Values = [value] }],
                },
            ],
        },
    };
}
