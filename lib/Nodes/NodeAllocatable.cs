namespace KubeSim;

/// <summary>
/// What a node offers to pods: what the machine has, less what is kept for the kubelet and the
/// runtime (kube-reserved), for other daemons (system-reserved), and the hard eviction threshold,
/// below which pods would not be left alone.
/// <para>Worked: 16Gi with kube-reserved memory=1Gi, system-reserved memory=500Mi and eviction-hard
/// memory.available&lt;100Mi: 16384 − 1024 − 500 − 100 = 14760Mi.</para>
/// The nodes here are set up as kind sets up its: unless a flag says otherwise nothing is kept and
/// there are no thresholds, so that allocatable is the capacity.
/// Models pkg/kubelet/cm/node_container_manager_linux.go.
/// </summary>
internal static class NodeAllocatable
{
    /// <summary>A status with what the flags leave of its capacity.</summary>
    public static NodeStatus Of(NodeStatus status, Settings settings)
    {
        Setting[] flags =
            [KnownFlags.KubeReserved, KnownFlags.SystemReserved, KnownFlags.EvictionHard];
        if (!flags.Any(settings.Has))
        {
            return status;
        }
        var allocatable = status.Capacity;
        foreach (var (resource, capacity) in status.Capacity)
        {
            var left = capacity - Reserved(settings, resource);
            foreach (var threshold in settings.Thresholds)
            {
                left = threshold.IsHard && resource == SignalOf(threshold.Signal)
                    ? left - threshold.Value.Of(capacity.Value) : left;
            }
            allocatable = allocatable.Set(resource, left.Sign < 0 ? new Quantity(0) : left);
        }
        return status with { Allocatable = allocatable };
    }

    /// <summary>How much of a resource is kept from pods, without the thresholds.</summary>
    public static Quantity Reserved(Settings settings, string resource) =>
        settings.Get(KnownFlags.KubeReserved).Get(resource)
        + settings.Get(KnownFlags.SystemReserved).Get(resource);

    private static string SignalOf(string signal) => signal switch
    {
        "memory.available" => "memory",
        "nodefs.available" => "ephemeral-storage",
        _ => "",
    };
}
