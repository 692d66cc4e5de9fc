namespace KubeSim;

/// <summary>What the scheduler knows of claims, volumes, storage classes and the storage drivers of
/// nodes, from its watches, and what it has decided and not yet seen: a volume that it has just
/// promised to one claim must not be promised to the next.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/volumebinding/assume_cache.go.</remarks>
public sealed class VolumeCache
{
    private readonly SortedDictionary<string, PersistentVolume> volumes =
        new(StringComparer.Ordinal);

    private readonly Dictionary<ObjectKey, PersistentVolumeClaim> claims = [];
    private readonly Dictionary<string, StorageClass> classes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CSINode> drivers = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, ApiObject> assumed = [];

    /// <summary>What it is about, as a scheduler watches it.</summary>
    internal static Seq<Kind> Kinds { get; } = [KubeSim.Kinds.PersistentVolume,
        KubeSim.Kinds.PersistentVolumeClaim, KubeSim.Kinds.StorageClass, KubeSim.Kinds.CSINode];

    /// <summary>The volumes by name.</summary>
    public IEnumerable<PersistentVolume> Volumes => volumes.Values.Select(Now);

    /// <summary>A claim; null when there is none.</summary>
    public PersistentVolumeClaim? Claim(string ns, string name) =>
        claims.TryGetValue(new(KubeSim.Kinds.PersistentVolumeClaim, ns, name), out var claim)
            ? Now(claim) : null;

    /// <summary>A volume; null when there is none.</summary>
    public PersistentVolume? Volume(string? name) =>
        volumes.TryGetValue(name ?? "", out var volume) ? Now(volume) : null;

    /// <summary>A storage class; null when there is none.</summary>
    public StorageClass? Class(string? name) => classes.GetValueOrDefault(name ?? "");

    /// <summary>The storage drivers of a node; null when it has none.</summary>
    public CSINode? DriversOf(string node) => drivers.GetValueOrDefault(node);

    /// <summary>Takes note of an object, and says what it is to waiting pods; None when it is
    /// none of its kinds.</summary>
    public ClusterEvents Set(ApiObject o)
    {
        switch (o)
        {
            case PersistentVolume volume:
                volumes[volume.Metadata.Name] = volume;
                return ClusterEvents.Volume;
            case PersistentVolumeClaim claim:
                claims[claim.Key] = claim;
                return ClusterEvents.Claim;
            case StorageClass storage:
                classes[storage.Metadata.Name] = storage;
                return ClusterEvents.StorageClass;
            case CSINode node:
                drivers[node.Metadata.Name] = node;
                return ClusterEvents.CSINode;
            default:
                return ClusterEvents.None;
        }
    }

    /// <summary>Takes note of all that there is.</summary>
    internal void Fill(IObjectReader objects)
    {
        objects.List<PersistentVolume>().Cast<ApiObject>()
            .Concat(objects.List<PersistentVolumeClaim>()).Concat(objects.List<StorageClass>())
            .Concat(objects.List<CSINode>()).ToList().ForEach(o => Set(o));
    }

    /// <summary>Takes note of a change; the answer is what it is to waiting pods, and None for a
    /// deletion, which helps nobody.</summary>
    internal ClusterEvents Observe(in WatchEvent e)
    {
        if (e.New is null)
        {
            assumed.Remove(e.Key);
            _ = e.Old switch
            {
                PersistentVolume => volumes.Remove(e.Key.Name),
                PersistentVolumeClaim => claims.Remove(e.Key),
                StorageClass => classes.Remove(e.Key.Name),
                CSINode => drivers.Remove(e.Key.Name),
                _ => false,
            };
            return ClusterEvents.None;
        }
        return Set(e.New);
    }

    /// <summary>Counts an object as it will be once the scheduler has written it.</summary>
    internal void Assume(ApiObject o) => assumed[o.Key] = o;

    /// <summary>What was assumed of an object will not come.</summary>
    internal void Restore(ObjectKey key) => assumed.Remove(key);

    // An assumption holds until something newer than what it was made from is seen.
    private T Now<T>(T seen)
        where T : ApiObject =>
        assumed.TryGetValue(seen.Key, out var o)
            && o.Metadata.ResourceVersion.Value >= seen.Metadata.ResourceVersion.Value
            && o.Metadata.Uid == seen.Metadata.Uid ? (T)o : seen;
}
