namespace KubeSim;

/// <summary>
/// What the kubelet writes into control groups for a pod. Requests become weight, limits become a
/// quota of CPU time and a most of memory; and when the machine itself runs out of memory, who
/// asked for much is killed late.
/// <para>Worked: a container that asks for 250m and 64Mi and may use 500m and 128Mi, on a machine
/// of 16Gi: 256 shares of CPU, 50 ms of CPU in each 100 ms, killed above 134217728 bytes, and
/// oom_score_adj 1000 − 1000 × 64Mi / 16Gi = 997, rounded up.</para>
/// Models pkg/kubelet/cm/helpers_linux.go, pod_container_manager_linux.go and
/// pkg/kubelet/qos/policy.go.
/// </summary>
internal static class CgroupRules
{
    private const int NodeCritical = 2_000_001_000;
    private const int Guaranteed = -997;

    /// <summary>The weight of requested CPU: 1024 shares a CPU, at least 2.</summary>
    public static long Shares(long milliCpu) => Math.Clamp(milliCpu * 1024 / 1000, 2, 262144);

    /// <summary>Microseconds of CPU in each 100 ms, at least 1000; 0 for no limit.</summary>
    public static long Quota(long milliCpu) =>
        milliCpu == 0 ? 0 : Math.Max(1000, milliCpu * 100);

    /// <summary>What a container gets.</summary>
    /// <param name="pod">Its pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="size">The machine's capacity.</param>
    public static LinuxResources Of(Pod pod, Container container, Map<Quantity> size)
    {
        var (asked, limits) = (container.Resources.Requests, container.Resources.Limits);
        var request = asked.TryGetValue("cpu", out var cpu) || !limits.TryGetValue("cpu", out cpu)
            ? cpu : default;
        return new(Shares(request.MilliValue), Quota(Milli(limits)), Bytes(limits),
            OomScoreAdj(pod, container, Bytes(size)));
    }

    /// <summary>What a pod as a whole gets: a limit only where every container has one.</summary>
    public static LinuxResources Of(Pod pod)
    {
        var (asked, limits) = (pod.Requests, pod.Limits);
        return pod.QosClass == "BestEffort" ? new(2)
            : new(Shares(Milli(asked)),
                IsLimited(pod, "cpu") ? Quota(Milli(limits)) : 0,
                IsLimited(pod, "memory") ? Bytes(limits) : 0);
    }

    /// <summary>Where a container stands when the machine has no memory left: −997 is spared, 1000
    /// is first. A sidecar stands no worse than the containers that it serves.</summary>
    public static int OomScoreAdj(Pod pod, Container container, long capacity)
    {
        if (pod.Spec.Priority >= NodeCritical && pod.Spec.PriorityClassName is null
            or "system-node-critical")
        {
            return Guaranteed;
        }
        var own = pod.QosClass switch
        {
            "Guaranteed" => Guaranteed,
            "BestEffort" => 1000,
            _ when capacity == 0 => 999,
            _ => Math.Clamp(1000 - (int)(1000 * (Int128)Bytes(container.Resources.Requests)
                / capacity), 1000 + Guaranteed, 999),
        };
        return container.IsSidecar && pod.Spec.InitContainers.Contains(container)
            ? Math.Min(own, pod.Spec.Containers.Min(c => OomScoreAdj(pod, c, capacity))) : own;
    }

    private static bool IsLimited(Pod pod, string resource) =>
        pod.Spec.Resources?.Limits.ContainsKey(resource) == true
        || pod.Spec.InitContainers.Concat(pod.Spec.Containers)
            .All(c => c.Resources.Limits.TryGetValue(resource, out var limit) && !limit.IsZero);

    private static long Milli(Map<Quantity> amounts) =>
        amounts.TryGetValue("cpu", out var cpu) ? cpu.MilliValue : 0;

    private static long Bytes(Map<Quantity> amounts) =>
        amounts.TryGetValue("memory", out var memory) ? memory.Value : 0;
}
