namespace KubeSim;

/// <summary>Lets one pod alone use a claim whose access mode is ReadWriteOncePod, in the whole
/// cluster and not only on a node, as ReadWriteOnce does. A pod of lower priority that has it can
/// be preempted.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go; the
/// disks of clouds that pods name without a claim have no type of their own here.</remarks>
public sealed class VolumeRestrictions : IPreFilterPlugin, IFilterPlugin, IQueueingHints
{
    private static readonly PluginStatus taken = PluginStatus.Unschedulable("VolumeRestrictions",
        "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access "
        + "mode");

    /// <inheritdoc/>
    public string Name => "VolumeRestrictions";

    /// <inheritdoc/>
    public ClusterEvents Events =>
        ClusterEvents.NodeAdd | ClusterEvents.AssignedPodDelete | ClusterEvents.Claim;

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) => change switch
    {
        { New: PersistentVolumeClaim claim } => VolumeBinding.IsOf(pod, claim),
        { Pod: { } gone } => gone.Metadata.Namespace == pod.Metadata.Namespace
            && VolumeFacts.ClaimsOf(pod).Intersect(VolumeFacts.ClaimsOf(gone)).Any(),
        _ => true,
    };

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var alone = new Alone();
        foreach (var name in VolumeFacts.ClaimsOf(pod))
        {
            if (state.Volumes.Claim(pod.Metadata.Namespace, name) is not { } claim)
            {
                return PluginStatus.Unresolvable(
                    Name, $"persistentvolumeclaim \"{name}\" not found");
            }
            if (claim.Spec.AccessModes.AsSpan().Contains("ReadWriteOncePod"))
            {
                alone.Claims.Add(name);
            }
        }
        if (alone.Claims.Count == 0)
        {
            return PluginStatus.Skip;
        }
        foreach (var node in nodes)
        {
            alone.Users[node.Name] = alone.On(node, pod);
        }
        state.Set(this, alone);
        return PluginStatus.Success;
    }

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node)
    {
        // The node may be one without the pods that preemption would take away.
        var alone = state.Get<Alone>(this)!;
        var elsewhere = alone.Users.Values.Sum() - alone.Users.GetValueOrDefault(node.Name);
        return elsewhere + alone.On(node, pod) > 0 ? taken : PluginStatus.Success;
    }

    private sealed class Alone
    {
        public List<string> Claims { get; } = [];
        public Dictionary<string, int> Users { get; } = new(StringComparer.Ordinal);

        public int On(NodeInfo node, Pod pod) => node.Pods.Count(other =>
            other.Pod.Metadata.Namespace == pod.Metadata.Namespace
            && VolumeFacts.ClaimsOf(other.Pod).Intersect(Claims).Any());
    }
}
