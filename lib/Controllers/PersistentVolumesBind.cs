namespace KubeSim;

// The writes of the binder: first the volume points to the claim, then the claim to the volume, so
// that a claim is never bound to a volume which somebody else could still take. And the other
// direction: a volume whose claim is gone.
public sealed partial class PersistentVolumes
{
    private void Bind(PersistentVolume volume, PersistentVolumeClaim claim, ReconcileContext api)
    {
        var bound = volume.For(claim);
        if (!ReferenceEquals(bound, volume))
        {
            bound = own.Keep(api.Update(bound));
        }
        bound = Phase(bound, "Bound", api);
        var marks = claim.Metadata.Annotations.Set(VolumeFacts.BindCompleted, "yes");
        var name = bound.Metadata.Name;
        if (claim.Spec.VolumeName != name)
        {
            marks = marks.Set(VolumeFacts.BoundByController, "yes");
        }
        if (!marks.Equals(claim.Metadata.Annotations) || claim.Spec.VolumeName != name)
        {
            claim = own.Keep(api.Update(claim with
            {
                Metadata = claim.Metadata with { Annotations = marks },
                Spec = claim.Spec with { VolumeName = name },
            }));
        }
        var status = claim.Status with
        {
            Phase = "Bound", AccessModes = bound.Spec.AccessModes, Capacity = bound.Spec.Capacity,
        };
        if (!status.Equals(claim.Status))
        {
            own.Keep(api.UpdateStatus(claim with { Status = status }));
        }
    }

    private PersistentVolume Phase(PersistentVolume volume, string phase, ReconcileContext api,
        string? message = null)
    {
        var status = volume.Status;
        return status.Phase == phase && status.Message == message ? volume
            : own.Keep(api.UpdateStatus(volume with
            {
                Status = new()
                {
                    Phase = phase, Message = message,
                    LastPhaseTransitionTime = status.Phase == phase
                        ? status.LastPhaseTransitionTime : api.Now,
                },
            }));
    }

    private void Tell(PersistentVolumeClaim claim, string phase, ReconcileContext api,
        string type, string reason, string message)
    {
        if (claim.Status.Phase != phase)
        {
            claim = own.Keep(api.UpdateStatus(claim with { Status = new() { Phase = phase } }));
            api.Event(claim, type, reason, message);
        }
    }

    private void Sync(PersistentVolume volume, ReconcileContext api)
    {
        if (volume.Spec.ClaimRef is not { } reference || string.IsNullOrEmpty(reference.Uid))
        {
            // Free, or kept by a person for a claim that has not come.
            Phase(volume, "Available", api);
            return;
        }
        var claim = api.Get(KeyOf(reference)) as PersistentVolumeClaim ?? Live(reference, api);
        claim = claim is null ? null : own.Latest(claim);
        if (claim?.Metadata.Uid != reference.Uid)
        {
            // Before all is lost, ask the API server itself: the claim may be news.
            claim = Live(reference, api) is { } now && now.Metadata.Uid == reference.Uid
                ? now : null;
        }
        if (claim is null)
        {
            Reclaim(volume.Status.Phase == "Failed" ? volume
                : Phase(volume, "Released", api), api);
        }
        else if (claim.Spec.VolumeName is not { Length: > 0 })
        {
            Sync(claim, api);
        }
        else if (claim.Spec.VolumeName == volume.Metadata.Name)
        {
            Phase(volume, "Bound", api);
        }
        else if (volume.Metadata.Annotations.ContainsKey(VolumeFacts.ProvisionedBy)
            && volume.Spec.PersistentVolumeReclaimPolicy == "Delete")
        {
            // Made for a claim that has found another: its maker unmakes it.
            Phase(volume, "Released", api);
        }
        else
        {
            Release(volume, api, whole: volume.Metadata.Annotations
                .ContainsKey(VolumeFacts.BoundByController));
        }
    }

    private static PersistentVolumeClaim? Live(ObjectReference claim, ReconcileContext api)
    {
        try
        {
            var key = KeyOf(claim);
            return (PersistentVolumeClaim?)api.Send(new(Verb.Get,
                new ResourcePath(key.Kind, key.Namespace, key.Name))).Object;
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            return null;
        }
    }

    private void Reclaim(PersistentVolume volume, ReconcileContext api)
    {
        var spec = volume.Spec;
        switch (spec.PersistentVolumeReclaimPolicy)
        {
            case "Recycle" when spec.HostPath is not null || spec.Nfs is not null:
                api.Event(volume, "Normal", "VolumeRecycled", "Volume recycled");
                Release(volume, api, whole: true);
                break;
            case "Recycle":
                Fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!",
                    api);
                break;
            case "Delete" when volume.IsTerminating
                || volume.Metadata.Annotations.ContainsKey(VolumeFacts.ProvisionedBy):
                break;
            case "Delete" when spec.HostPath is { Path: var path }:
                if (path.StartsWith("/tmp/", StringComparison.Ordinal))
                {
                    api.Delete(volume.Key);
                    break;
                }
                Fail(volume, "VolumeFailedDelete",
                    $"host_path deleter only supports /tmp/.+ but received provided {path}", api);
                break;
            case "Delete":
                Fail(volume, "VolumeFailedDelete", "error getting deleter volume plugin for volume "
                    + $"\"{volume.Metadata.Name}\": no deletable volume plugin matched", api);
                break;
        }
    }

    private void Fail(PersistentVolume volume, string reason, string why, ReconcileContext api)
    {
        if (volume.Status.Phase != "Failed")
        {
            Phase(volume, "Failed", api, why);
            api.Event(volume, "Warning", reason, "{0}", why);
        }
    }

    // Nobody's again: all of the reference goes if the binder wrote it, else only whose it was.
    private void Release(PersistentVolume volume, ReconcileContext api, bool whole)
    {
        var freed = own.Keep(api.Update(volume with
        {
            Metadata = volume.Metadata with
            {
                Annotations = volume.Metadata.Annotations.Remove(VolumeFacts.BoundByController),
            },
            Spec = volume.Spec with
            {
                ClaimRef = whole ? null
                    : volume.Spec.ClaimRef! with { Uid = null, ResourceVersion = null },
            },
        }));
        Phase(freed, "Available", api);
    }
}
