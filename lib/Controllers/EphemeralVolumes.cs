namespace KubeSim;

/// <summary>
/// Makes the claims of pods that bring a template for one: <c>volumes[].ephemeral</c>. The claim is
/// named POD-VOLUME and owned by the pod, so that it goes with it.
/// <para>It watches Pods and PersistentVolumeClaims, both keyed by the pod. Example: pod web with
/// the ephemeral volume scratch gets the claim web-scratch; if there is one of that name which is
/// not the pod's, the pod waits, and an event says why.</para>
/// Models pkg/controller/volume/ephemeral/controller.go.
/// </summary>
public sealed class EphemeralVolumes : IReconciler
{
    /// <inheritdoc/>
    public string Name => "ephemeral-volume-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<Pod>(), Watched.ControlledBy<PersistentVolumeClaim>(Kinds.Pod)];

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.PersistentVolumeClaim) ? e.New is null
            : e.New is Pod pod && pod.Spec.Volumes.Any(v => v.Ephemeral is not null))
        {
            Watched.Enqueue(Watches, e, queue);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Pod { IsTerminating: false } pod)
        {
            return Result.Idle;
        }
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.Ephemeral?.VolumeClaimTemplate is { } template)
            {
                Make(pod, VolumeFacts.ClaimOf(pod, volume)!, template, api);
            }
        }
        return api.Changes.Count > 0 ? Result.Done : Result.Idle;
    }

    private static void Make(
        Pod pod, string name, PersistentVolumeClaimTemplate template, ReconcileContext api)
    {
        if (api.Get<PersistentVolumeClaim>(pod.Metadata.Namespace, name) is { } claim)
        {
            if (!claim.IsControlledBy(pod.Metadata.Uid))
            {
                api.Event(pod, "Warning", "FailedBinding", "ephemeral volume: PVC {0}/{1} was not "
                    + "created for pod {0}/{2} (pod is not owner)", pod.Metadata.Namespace, name,
                    pod.Metadata.Name);
            }
            return;
        }
        api.Create(new PersistentVolumeClaim
        {
            Metadata = template.Metadata with
            {
                Name = name, Namespace = pod.Metadata.Namespace,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name,
                        Uid = pod.Metadata.Uid, Controller = true, BlockOwnerDeletion = true,
                    },
                ],
            },
            Spec = template.Spec,
        });
    }
}
