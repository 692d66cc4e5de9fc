namespace KubeSim;

/// <summary>
/// The claims of a StatefulSet's pods. They are made before their pod, and nobody deletes them: a
/// pod that comes back finds its disk. Unless <c>persistentVolumeClaimRetentionPolicy</c> says
/// Delete; then the claim gets an owner, and the garbage collector deletes it with that: the set
/// for <c>whenDeleted</c>, or, from the moment it is one too many, the pod for <c>whenScaled</c>.
/// <para>A pod that comes back in that moment must wait until the claim of the one before is gone.
/// </para>
/// Models pkg/controller/statefulset/stateful_pod_control.go.
/// </summary>
internal sealed class StatefulSetClaims(StatefulSet set, ReconcileContext api)
{
    private StatefulSetPersistentVolumeClaimRetentionPolicy Policy { get; } =
        set.Spec.PersistentVolumeClaimRetentionPolicy ?? new();

    /// <summary>Makes the claims of a pod that are not there, and gives those that are their
    /// owner.</summary>
    /// <returns>What went wrong, or null.</returns>
    public string? Make(Pod pod)
    {
        string? failure = null;
        foreach (var (_, claim) in set.ClaimsOf(pod))
        {
            var name = claim.Metadata.Name;
            var there = Find(claim);
            if (there is { IsTerminating: true })
            {
                failure ??= $"pvc {name} is being deleted";
            }
            else if (there is null && Create(pod, claim) is { } why)
            {
                failure ??= $"failed to create PVC {name}: {why}";
            }
        }
        return failure;
    }

    /// <summary>True when every claim of a pod has the owner that it should.</summary>
    public bool AreOwned(Pod pod) =>
        set.ClaimsOf(pod).All(c => Find(c.Claim) is not { } claim || OwnersOf(claim, pod) is null);

    /// <summary>Gives the claims of a pod the owner that they should have.</summary>
    public void Own(Pod pod)
    {
        foreach (var (_, wanted) in set.ClaimsOf(pod))
        {
            if (Find(wanted) is not { } claim || OwnersOf(claim, pod) is not { } owners)
            {
                continue;
            }
            if (IsForeign(claim, pod))
            {
                api.Event(set, "Warning", "ConflictingController", "PersistentVolumeClaim {0} has "
                    + "a conflicting OwnerReference that acts as a manging controller, the "
                    + "retention policy is ignored for this claim", claim.Metadata.Name);
            }
            api.Update(claim with
            {
                Metadata = claim.Metadata with { OwnerReferences = owners },
            });
        }
    }

    /// <summary>True when a claim of a pod that is to be made is about to go with the pod
    /// before.</summary>
    public bool AreStale(Pod pod) => Policy.WhenScaled == "Delete" && set.ClaimsOf(pod)
        .Any(c => Find(c.Claim) is { } claim && IsStale(claim, pod));

    private PersistentVolumeClaim? Find(PersistentVolumeClaim claim) =>
        api.Get<PersistentVolumeClaim>(claim.Metadata.Namespace, claim.Metadata.Name);

    private string? Create(Pod pod, PersistentVolumeClaim claim)
    {
        var (name, of, owner) = (claim.Metadata.Name, pod.Metadata.Name, set.Metadata.Name);
        try
        {
            api.Create(claim);
            api.Event(set, "Normal", "SuccessfulCreate",
                "Create Claim {0} Pod {1} in StatefulSet {2} success", name, of, owner);
            return null;
        }
        catch (ApiException refused)
        {
            if (!refused.IsAlreadyExists)
            {
                api.Event(set, "Warning", "FailedCreate", "Create Claim {0} for Pod {1} in "
                    + "StatefulSet {2} failed error: {3}", name, of, owner, refused.Message);
            }
            return refused.Message;
        }
    }

    // The owners that a claim should have; null when it has them, or is none of ours to change.
    private Seq<OwnerReference>? OwnersOf(PersistentVolumeClaim claim, Pod pod)
    {
        if (IsStale(claim, set) || IsStale(claim, pod))
        {
            return null;
        }
        ApiObject? owner = IsForeign(claim, pod) ? null
            : Policy.WhenScaled == "Delete" && set.PlaceOf(pod) is null ? pod
            : Policy.WhenDeleted == "Delete" ? set : null;
        var now = claim.Metadata.OwnerReferences;
        var wanted = now.RemoveAll(r => Means(r, set) || Means(r, pod));
        if (owner is not null)
        {
            wanted = wanted.Add(ControllerRefs.To(owner));
        }
        return now.Count == wanted.Count && now.All(r => !Means(r, set) && !Means(r, pod)
            || (r.Controller == true && r.Uid == owner?.Metadata.Uid)) ? null : wanted;
    }

    // Somebody else manages the claim, and it is not meant to be kept by everybody.
    private bool IsForeign(PersistentVolumeClaim claim, Pod pod) =>
        (Policy.WhenScaled == "Delete" || Policy.WhenDeleted == "Delete")
        && claim.Metadata.OwnerReferences.Any(r =>
            r.Controller == true && !Means(r, set) && !Means(r, pod));

    private static bool IsStale(PersistentVolumeClaim claim, ApiObject owner) =>
        claim.Metadata.OwnerReferences.Any(r => Means(r, owner) && r.Uid != owner.Metadata.Uid);

    private static bool Means(OwnerReference reference, ApiObject o) =>
        reference.Kind == o.Kind.Name && reference.ApiVersion == o.Kind.ApiVersion
        && reference.Name == o.Metadata.Name;
}
