namespace KubeSim;

/// <summary>What several components need to know of claims and volumes: whose a volume is, what it
/// takes to match, and the annotations by which binder, scheduler and provisioner talk to each
/// other.</summary>
/// <remarks>Models staging/src/k8s.io/component-helpers/storage/volume/helpers.go and
/// pv_helpers.go.</remarks>
public static class VolumeFacts
{
    /// <summary>The finalizer of claims: no pod shall lose what it uses.</summary>
    public const string ClaimProtection = "kubernetes.io/pvc-protection";

    /// <summary>The finalizer of volumes: no claim shall lose what it is bound to.</summary>
    public const string VolumeProtection = "kubernetes.io/pv-protection";

    /// <summary>On a claim: it was bound once, so without its volume it is lost.</summary>
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";

    /// <summary>The binder, not a person, put the reference there.</summary>
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";

    /// <summary>On a claim: the node that the scheduler chose; make the volume there.</summary>
    public const string SelectedNode = "volume.kubernetes.io/selected-node";

    /// <summary>On a claim: who shall make its volume.</summary>
    public const string Provisioner = "volume.kubernetes.io/storage-provisioner";

    /// <summary>On a volume: who made it.</summary>
    public const string ProvisionedBy = "pv.kubernetes.io/provisioned-by";

    /// <summary>The provisioner of classes whose volumes are made by hand.</summary>
    public const string NoProvisioner = "kubernetes.io/no-provisioner";

    extension(PersistentVolumeClaim claim)
    {
        /// <summary>True when its volume is found and knows of it.</summary>
        public bool IsBound => claim.Spec.VolumeName is { Length: > 0 }
            && claim.Metadata.Annotations.ContainsKey(BindCompleted);

        /// <summary>How much it asks for; zero when it does not say.</summary>
        public Quantity Request =>
            claim.Spec.Resources.Requests.TryGetValue("storage", out var size) ? size : default;
    }

    extension(PersistentVolume volume)
    {
        /// <summary>How much it holds.</summary>
        public Quantity Size => volume.Spec.Capacity.TryGetValue("storage", out var size)
            ? size : default;

        /// <summary>True when it is kept for a claim or bound to it; a reference without a UID
        /// means whatever claim has the name.</summary>
        public bool IsFor(PersistentVolumeClaim claim) => volume.Spec.ClaimRef is { } reference
            && reference.Name == claim.Metadata.Name
            && reference.Namespace == claim.Metadata.Namespace
            && (string.IsNullOrEmpty(reference.Uid) || reference.Uid == claim.Metadata.Uid);

        /// <summary>True when a node reaches it.</summary>
        public bool Reaches(Node node) => volume.Spec.NodeAffinity?.Required is not { } required
            || required.Matches(node.Metadata.Labels, node.Metadata.Name);

        /// <summary>Why it cannot be bound to a claim that asks for it by name; null when it
        /// can.</summary>
        public string? MismatchWith(PersistentVolumeClaim claim) =>
            volume.Size < claim.Request ? "requested PV is too small"
            : (volume.Spec.StorageClassName ?? "") != (claim.Spec.StorageClassName ?? "")
                ? "storageClassName does not match"
            : !volume.HasModeOf(claim) ? "incompatible volumeMode"
            : !volume.HasAccessOf(claim) ? "incompatible accessMode"
            : null;

        private bool HasModeOf(PersistentVolumeClaim claim) =>
            (volume.Spec.VolumeMode ?? "Filesystem") == (claim.Spec.VolumeMode ?? "Filesystem");

        /// <summary>True when it can be mounted in every way that a claim asks for.</summary>
        public bool HasAccessOf(PersistentVolumeClaim claim)
        {
            foreach (var mode in claim.Spec.AccessModes.AsSpan())
            {
                if (!volume.Spec.AccessModes.AsSpan().Contains(mode))
                {
                    return false;
                }
            }
            return true;
        }

        /// <summary>The volume with the reference to its claim, which the binder leaves its mark
        /// on unless a person had put it there.</summary>
        public PersistentVolume For(PersistentVolumeClaim claim)
        {
            var known = volume.IsFor(claim);
            if (known && volume.Spec.ClaimRef!.Uid == claim.Metadata.Uid)
            {
                return volume;
            }
            var marks = volume.Metadata.Annotations;
            return volume with
            {
                Metadata = volume.Metadata with
                {
                    Annotations = known ? marks : marks.Set(BoundByController, "yes"),
                },
                Spec = volume.Spec with { ClaimRef = ReferenceTo(claim) },
            };
        }
    }

    extension(PersistentVolume volume)
    {
        /// <summary>What nodes call it that must have it attached first, as
        /// <c>kubernetes.io/csi/DRIVER^HANDLE</c>; null when it needs no attaching.</summary>
        public string? AttachableName(IObjectReader objects)
        {
            ArgumentNullException.ThrowIfNull(objects);
            return volume.Spec.Csi is { } csi
                && objects.Get<CSIDriver>("", csi.Driver) is not { Spec.AttachRequired: false }
                ? $"kubernetes.io/csi/{csi.Driver}^{csi.VolumeHandle}" : null;
        }

        /// <summary>True when several nodes may have it at one time.</summary>
        public bool IsShareable => volume.Spec.AccessModes.IsEmpty || volume.Spec.AccessModes
            .Any(mode => mode is "ReadWriteMany" or "ReadOnlyMany");
    }

    /// <summary>The reference to a claim that a volume keeps.</summary>
    public static ObjectReference ReferenceTo(PersistentVolumeClaim claim) => new()
    {
        Kind = "PersistentVolumeClaim", ApiVersion = "v1", Namespace = claim.Metadata.Namespace,
        Name = claim.Metadata.Name, Uid = claim.Metadata.Uid,
        ResourceVersion = claim.Metadata.ResourceVersion.ToString(),
    };

    /// <summary>The claims that the volumes of a pod name, those made for the pod alone among
    /// them.</summary>
    public static Seq<string> ClaimsOf(Pod pod)
    {
        List<string>? names = null;
        foreach (var volume in pod.Spec.Volumes.AsSpan())
        {
            if (ClaimOf(pod, volume) is { } name)
            {
                (names ??= []).Add(name);
            }
        }
        return names is null ? [] : names.ToSeq();
    }

    /// <summary>The claim that a volume of a pod names; null for other volumes.</summary>
    public static string? ClaimOf(Pod pod, Volume volume) => volume.Ephemeral is null
        ? volume.PersistentVolumeClaim?.ClaimName : $"{pod.Metadata.Name}-{volume.Name}";

    /// <summary>The volume for a claim: the one that is kept for it, else the smallest of those
    /// that are free and fit. With a node only volumes that it reaches; a claim that waits for its
    /// first pod (<paramref name="waits"/>) gets, without a node, only what is kept for
    /// it.</summary>
    public static PersistentVolume? Match(PersistentVolumeClaim claim,
        IEnumerable<PersistentVolume> volumes, Node? node, bool waits,
        ISet<string>? excluded = null)
    {
        PersistentVolume? smallest = null;
        var selector = Selector.From(claim.Spec.Selector ?? new());
        foreach (var volume in volumes)
        {
            var spec = volume.Spec;
            if (excluded?.Contains(volume.Metadata.Name) == true || volume.IsTerminating
                || (spec.ClaimRef is not null && !volume.IsFor(claim))
                || volume.Size < claim.Request || !volume.HasModeOf(claim))
            {
                continue;
            }
            var reached = node is null || volume.Reaches(node);
            if (volume.IsFor(claim))
            {
                return reached ? volume : null;
            }
            if ((node is null && waits) || volume.Status.Phase != "Available" || !reached
                || (spec.StorageClassName ?? "") != (claim.Spec.StorageClassName ?? "")
                || !selector.Matches(volume.Metadata.Labels) || !volume.HasAccessOf(claim))
            {
                continue;
            }
            smallest = smallest is null || volume.Size < smallest.Size ? volume : smallest;
        }
        return smallest;
    }
}
