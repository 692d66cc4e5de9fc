namespace KubeSim;

/// <summary>
/// Makes volumes for claims of classes whose provisioner is <c>rancher.io/local-path</c>, the one
/// that kind and k3s bring along: a directory on the node that the scheduler chose. It stands for
/// all provisioners: any other name in a class means that nobody answers, and the claim waits.
/// <para>It watches PersistentVolumeClaims and PersistentVolumes. A claim that names it as
/// provisioner and has a selected node gets, three seconds later (a helper pod makes the
/// directory), a volume <c>pvc-UID</c> that only this node reaches, kept for the claim; the binder
/// does the rest. A volume that it made and whose claim is gone it deletes, when the policy is
/// Delete.</para>
/// <para>Example: a pod with such a claim is scheduled to node-2. Should node-2 fail, no other node
/// can take the pod: "node(s) had volume node affinity conflict".</para>
/// </summary>
/// <remarks>Models sigs.k8s.io/sig-storage-lib-external-provisioner controller.go and
/// rancher/local-path-provisioner provisioner.go.</remarks>
public sealed class LocalPathProvisioner : IReconciler
{
    /// <summary>The provisioner that classes name.</summary>
    public const string Provisioner = "rancher.io/local-path";

    private static readonly TimeSpan Making = TimeSpan.FromSeconds(3);

    // Claims whose directory is being made, and since when.
    private readonly Dictionary<string, DateTime> begun = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "local-path-provisioner";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<PersistentVolumeClaim>(),
        Watched.All<PersistentVolume>(), Watched.All<StorageClass>() with { KeyOf = _ => null }];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        switch (api.Get(key))
        {
            case PersistentVolumeClaim { IsBound: false, Spec.VolumeName: null or "" } claim
                when claim.Metadata.Annotations.Get(VolumeFacts.Provisioner) == Provisioner
                    && api.Get<StorageClass>("", claim.Spec.StorageClassName ?? "") is { } known:
                return Make(claim, known, api);
            case PersistentVolume
            {
                Status.Phase: "Released", Spec.PersistentVolumeReclaimPolicy: "Delete",
                IsTerminating: false,
            } volume when volume.Metadata.Annotations.Get(VolumeFacts.ProvisionedBy) == Provisioner:
                api.Delete(key);
                return Result.Done;
            default:
                return Result.Idle;
        }
    }

    private Result Make(PersistentVolumeClaim claim, StorageClass known, ReconcileContext api)
    {
        var (uid, ns) = (claim.Metadata.Uid, claim.Metadata.Namespace);
        var name = $"pvc-{uid}";
        if (api.Get<PersistentVolume>("", name) is not null)
        {
            return Result.Idle;
        }
        if (claim.Metadata.Annotations.Get(VolumeFacts.SelectedNode) is not { } node)
        {
            api.Event(claim, "Warning", "ProvisioningFailed",
                "failed to provision volume with StorageClass \"{0}\": configuration error, "
                + "no node was specified", known.Metadata.Name);
            return Result.Retry("no node was specified");
        }
        if (!begun.TryGetValue(uid, out var since))
        {
            api.Event(claim, "Normal", "Provisioning",
                "External provisioner is provisioning volume for claim \"{0}/{1}\"", ns,
                claim.Metadata.Name);
            begun.Add(uid, api.Now);
            api.After(Making, claim.Key);
            return Result.Done;
        }
        if (since + Making > api.Now)
        {
            return Result.Idle;
        }
        begun.Remove(uid);
        try
        {
            api.Create(VolumeFor(claim, known, name, node));
        }
        catch (ApiException refused) when (refused.IsAlreadyExists)
        {
            return Result.Idle;
        }
        api.Event(claim, "Normal", "ProvisioningSucceeded",
            "Successfully provisioned volume {0}", name);
        return Result.Done;
    }

    private static PersistentVolume VolumeFor(
        PersistentVolumeClaim claim, StorageClass known, string name, string node) => new()
        {
            Metadata = new()
            {
                Name = name,
                Annotations = Map.Of(("local.path.provisioner/selected-node", node),
                    (VolumeFacts.ProvisionedBy, Provisioner)),
            },
            Spec = new()
            {
                Capacity = Map.Of(("storage", claim.Request)),
                AccessModes = claim.Spec.AccessModes,
                ClaimRef = VolumeFacts.ReferenceTo(claim),
                PersistentVolumeReclaimPolicy = known.ReclaimPolicy,
                StorageClassName = known.Metadata.Name,
                VolumeMode = claim.Spec.VolumeMode,
                HostPath = new()
                {
                    Path = $"/opt/local-path-provisioner/{name}_{claim.Metadata.Namespace}_"
                        + claim.Metadata.Name,
                    Type = "DirectoryOrCreate",
                },
                NodeAffinity = new()
                {
                    Required = new()
                    {
                        NodeSelectorTerms =
                        [
                            new()
                            {
                                MatchExpressions =
                                [
                                    new()
                                    {
                                        Key = "kubernetes.io/hostname", Operator = "In",
                                        Values = [node],
                                    },
                                ],
                            },
                        ],
                    },
                },
            },
        };
}
