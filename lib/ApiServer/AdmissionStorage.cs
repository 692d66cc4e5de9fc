namespace KubeSim;

/// <summary>Gives a claim that names no class the default one; of several the newest.</summary>
/// <remarks>Models plugin/pkg/admission/storage/storageclass/setdefault.</remarks>
public sealed class DefaultStorageClass : IAdmission
{
    private const string IsDefault = "storageclass.kubernetes.io/is-default-class";

    /// <inheritdoc/>
    public string Name => "DefaultStorageClass";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (request.Verb == Verb.Create && value is PersistentVolumeClaim claim
            && claim.Spec.StorageClassName is null
            && !claim.Metadata.Annotations.ContainsKey("volume.beta.kubernetes.io/storage-class"))
        {
            var found = Newest(request, Kinds.StorageClass, IsDefault);
            value = found is null ? claim : claim with
            {
                Spec = claim.Spec with { StorageClassName = found.Metadata.Name },
            };
        }
        return null;
    }

    /// <summary>The newest object of a kind whose annotation makes it the default; null for
    /// none.</summary>
    internal static ApiObject? Newest(
        in AdmissionRequest request, Kind kind, string annotation) =>
        request.Store.List(kind, null, request.Store.Head)
            .Where(c => c.Metadata.Annotations.Get(annotation) == "true")
            .OrderByDescending(c => c.Metadata.CreationTimestamp?.UnixSeconds)
            .ThenBy(c => c.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();
}

/// <summary>Gives each new claim and volume the finalizer that keeps it while it is in use; their
/// protection controllers take it off.</summary>
/// <remarks>Models plugin/pkg/admission/storage/storageobjectinuseprotection.</remarks>
public sealed class StorageObjectInUseProtection : IAdmission
{
    /// <inheritdoc/>
    public string Name => "StorageObjectInUseProtection";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        var guard = value switch
        {
            PersistentVolumeClaim => VolumeFacts.ClaimProtection,
            PersistentVolume => VolumeFacts.VolumeProtection,
            _ => null,
        };
        if (request.Verb == Verb.Create && guard is not null
            && !value.Metadata.Finalizers.AsSpan().Contains(guard))
        {
            value = value with
            {
                Metadata = value.Metadata with
                {
                    Finalizers = value.Metadata.Finalizers.Add(guard),
                },
            };
        }
        return null;
    }
}
