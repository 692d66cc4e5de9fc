namespace KubeSim;

/// <summary>Keeps a pod to the zone and region that the labels of its bound volumes name:
/// <c>topology.kubernetes.io/zone</c> and <c>region</c>, or their older names. A value such as
/// <c>a__b</c> means either. A node without any such label takes all: it is a cluster of one
/// zone.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/volumezone/volume_zone.go.</remarks>
public sealed class VolumeZone : IPreFilterPlugin, IFilterPlugin, IQueueingHints
{
    private static readonly (string Label, string Older)[] topology =
    [
        ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"),
        ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"),
    ];

    private static readonly PluginStatus elsewhere =
        PluginStatus.Unresolvable("VolumeZone", "node(s) had no available volume zone");

    /// <inheritdoc/>
    public string Name => "VolumeZone";

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.NodeLabels
        | ClusterEvents.Claim | ClusterEvents.Volume | ClusterEvents.StorageClass;

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) => change.New is not PersistentVolumeClaim
        claim || VolumeBinding.IsOf(pod, claim);

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var wanted = new List<(string Label, string[] Values)>();
        foreach (var name in VolumeFacts.ClaimsOf(pod))
        {
            var claim = state.Volumes.Claim(pod.Metadata.Namespace, name);
            if (state.Volumes.Volume(claim?.Spec.VolumeName) is not { } volume)
            {
                continue;
            }
            foreach (var (label, older) in topology)
            {
                foreach (var key in (string[])[label, older])
                {
                    if (volume.Metadata.Labels.Get(key) is { } values)
                    {
                        wanted.Add((key, values.Split("__")));
                    }
                }
            }
        }
        state.Set(this, wanted);
        return wanted.Count == 0 ? PluginStatus.Skip : PluginStatus.Success;
    }

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node)
    {
        var labels = node.Node!.Metadata.Labels;
        if (!topology.Any(t => labels.ContainsKey(t.Label) || labels.ContainsKey(t.Older)))
        {
            return PluginStatus.Success;
        }
        foreach (var (label, values) in state.Get<List<(string, string[])>>(this)!)
        {
            var (now, older) = topology.First(t => t.Label == label || t.Older == label);
            var value = labels.Get(label) ?? labels.Get(label == now ? older : now);
            if (value is null || !values.Contains(value))
            {
                return elsewhere;
            }
        }
        return PluginStatus.Success;
    }
}
