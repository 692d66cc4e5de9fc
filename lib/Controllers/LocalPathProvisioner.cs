namespace KubeSim;

/// <summary>
/// Makes volumes for claims of classes whose provisioner is <c>rancher.io/local-path</c>, the one
/// that kind and k3s bring along: a directory on the node that the scheduler chose, made within
/// three seconds (a helper pod does it), which only this node reaches.
/// <para>Example: a pod with such a claim is scheduled to node-2. Should node-2 fail, no other node
/// can take the pod: "node(s) had volume node affinity conflict".</para>
/// </summary>
/// <remarks>Models rancher/local-path-provisioner provisioner.go.</remarks>
public sealed class LocalPathProvisioner()
    : VolumeProvisioner("local-path-provisioner", Provisioner)
{
    /// <summary>The provisioner that classes name.</summary>
    public const string Provisioner = "rancher.io/local-path";

    private static readonly TimeSpan making = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, DateTime> begun = new(StringComparer.Ordinal);

    internal override Provisioned Provision(
        PersistentVolumeClaim claim, StorageClass known, string? node, ReconcileContext api)
    {
        if (node is null)
        {
            return new(null, Error: "configuration error, no node was specified");
        }
        var uid = claim.Metadata.Uid;
        if (begun.TryAdd(uid, api.Now) || begun[uid] + making > api.Now)
        {
            return new(null, begun[uid] + making - api.Now);
        }
        begun.Remove(uid);
        return new(new()
        {
            Metadata = new()
            {
                Annotations = Map.Of(("local.path.provisioner/selected-node", node)),
            },
            Spec = new()
            {
                HostPath = new()
                {
                    Path = $"/opt/local-path-provisioner/pvc-{uid}_{claim.Metadata.Namespace}_"
                        + claim.Metadata.Name,
                    Type = "DirectoryOrCreate",
                },
                NodeAffinity = Where("kubernetes.io/hostname", node),
            },
        });
    }
}
