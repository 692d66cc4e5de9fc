namespace KubeSim;

/// <summary>
/// Makes disks of the cloud for claims: the provisioner half of the cloud's storage driver. A disk
/// stands in one zone, and only nodes of that zone reach it: the zone of the node that the
/// scheduler chose, or, where the class binds at once, one of those that the class allows, by the
/// claim's name.
/// <para>Example: a class with <c>volumeBindingMode: Immediate</c> may put the disk into eu-1c and
/// leave a pod that is bound to eu-1a waiting for ever; with WaitForFirstConsumer the disk follows
/// the pod. A volume that is deleted while a node has it waits until it is detached.</para>
/// </summary>
/// <remarks>Models kubernetes-csi/external-provisioner pkg/controller/controller.go and
/// topology.go.</remarks>
public sealed class DiskProvisioner()
    : VolumeProvisioner("csi-provisioner", SimCloud.DiskDriver), IReconciler
{
    /// <inheritdoc/>
    public BackOff<ObjectKey> NewBackOff() =>
        new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));

    internal override Provisioned Provision(
        PersistentVolumeClaim claim, StorageClass known, string? node, ReconcileContext api)
    {
        if (ZoneFor(claim, known, node, api) is not { } zone)
        {
            return new(null, Error: "error generating accessibility requirements: "
                + (node is null ? "no topology key found on CSINode"
                    : $"node \"{node}\" has no zone"));
        }
        var name = $"pvc-{claim.Metadata.Uid}";
        var made = api.World.Cloud.CreateDisk(name, claim.Request, zone);
        return new(new()
        {
            Spec = new()
            {
                Csi = new() { Driver = SimCloud.DiskDriver, VolumeHandle = name, FsType = "ext4" },
                NodeAffinity = Where(SimCloud.ZoneLabel, zone),
            },
        }, made.Takes, made.Error is { } why ? $"rpc error: code = Internal desc = {why}" : null);
    }

    internal override string? Unmake(PersistentVolume volume, ReconcileContext api) =>
        api.List<VolumeAttachment>().FirstOrDefault(a =>
            a.Spec.Source.PersistentVolumeName == volume.Metadata.Name) is { } attached
            ? $"persistentvolume {volume.Metadata.Name} is still attached to node "
                + attached.Spec.NodeName
            : api.World.Cloud.DeleteDisk(volume.Spec.Csi?.VolumeHandle ?? "").Error is { } why
            ? $"rpc error: code = Internal desc = {why}" : null;

    private static string? ZoneFor(PersistentVolumeClaim claim, StorageClass known, string? node,
        ReconcileContext api)
    {
        if (node is not null)
        {
            return api.Get<Node>("", node)?.Metadata.Labels.Get(SimCloud.ZoneLabel);
        }
        var zones = api.List<Node>().Where(n => known.AllowedTopologies.IsEmpty
                || known.AllowedTopologies.Any(t => t.Matches(n.Metadata.Labels)))
            .Select(n => n.Metadata.Labels.Get(SimCloud.ZoneLabel)).OfType<string>()
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        return zones.Length == 0 ? null
            : zones[Digest.Mix(Digest.Start, claim.Metadata.Name) % (ulong)zones.Length];
    }
}
