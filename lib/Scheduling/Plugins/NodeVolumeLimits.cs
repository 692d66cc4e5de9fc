namespace KubeSim;

/// <summary>Keeps a node from more volumes of a storage driver than it can attach: with
/// <c>allocatable.count: 2</c> in its CSINode and two volumes of <c>ebs.csi.aws.com</c> in use, a
/// third does not fit, but one of the two, shared, does.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/nodevolumelimits/csi.go. Volumes of pods on the
/// node are counted; attachments that no pod stands for are not.</remarks>
public sealed class NodeVolumeLimits : IPreFilterPlugin, IFilterPlugin, IQueueingHints
{
    private static readonly PluginStatus full = PluginStatus.Unschedulable(
        "NodeVolumeLimits", "node(s) exceed max volume count");

    /// <inheritdoc/>
    public string Name => "NodeVolumeLimits";

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.AssignedPodDelete
        | ClusterEvents.Claim | ClusterEvents.CSINode;

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) => change switch
    {
        { New: PersistentVolumeClaim claim } => VolumeBinding.IsOf(pod, claim),
        { Pod: { } gone } => VolumeFacts.ClaimsOf(gone).Count > 0,
        _ => true,
    };

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes) =>
        VolumeFacts.ClaimsOf(pod).Count > 0 ? PluginStatus.Success : PluginStatus.Skip;

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node)
    {
        var drivers = state.Volumes.DriversOf(node.Name)?.Spec.Drivers ?? default;
        if (drivers.IsEmpty)
        {
            return PluginStatus.Success;
        }
        var used = node.Pods.SelectMany(p => HandlesOf(p.Pod, state.Volumes)).ToHashSet();
        var wanted = HandlesOf(pod, state.Volumes).Where(h => !used.Contains(h)).ToHashSet();
        foreach (var driver in drivers.AsSpan())
        {
            var more = wanted.Count(h => h.Driver == driver.Name);
            if (driver.Allocatable?.Count is { } most && more > 0
                && used.Count(h => h.Driver == driver.Name) + more > most)
            {
                return full;
            }
        }
        return PluginStatus.Success;
    }

    // A claim without a volume stands for the one that its class will have made.
    private static IEnumerable<(string Driver, string Handle)> HandlesOf(
        Pod pod, VolumeCache known) => VolumeFacts.ClaimsOf(pod)
        .Select(name => known.Claim(pod.Metadata.Namespace, name))
        .Select(claim => claim switch
        {
            { Spec.VolumeName: { Length: > 0 } name } => known.Volume(name)?.Spec.Csi is { } csi
                ? (csi.Driver, csi.VolumeHandle) : default,
            not null when known.Class(claim.Spec.StorageClassName) is { } storage =>
                (storage.Provisioner, $"{claim.Metadata.Namespace}/{claim.Metadata.Name}"),
            _ => default,
        })
        .Where(handle => handle.Item1 is not null);
}
