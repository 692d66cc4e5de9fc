namespace KubeSim;

/// <summary>What a pod uses, as its kubelet has measured it.</summary>
internal sealed record PodUse(Pod Pod, Seq<ContainerStats> Containers, Map<long> Volumes)
{
    /// <summary>Bytes of memory.</summary>
    public long Memory => Containers.Sum(c => c.WorkingSetBytes);

    /// <summary>Bytes on the machine's disk: layers, logs, and directories that go with the
    /// pod.</summary>
    public long Disk => Containers.Sum(c => c.LayerBytes + c.LogBytes)
        + Volumes.Where(v => IsOnDisk(v.Key)).Sum(v => v.Value);

    /// <summary>Its processes.</summary>
    public int Processes => Containers.Sum(c => c.Processes);

    private bool IsOnDisk(string volume) => Pod.Spec.Volumes
        .Any(v => v.Name == volume && v.EmptyDir is { Medium: null or "" });
}

/// <summary>
/// Which pod goes first when a node runs out of something, and what it is told. First who uses more
/// than it asked for; then who has the lower priority; then who uses the most above its request.
/// Processes have no requests: there it is priority, then their number.
/// <para>Worked, for memory, all of one priority: A asked for 500Mi and uses 600Mi, B asked for
/// nothing and uses 150Mi, C asked for 1Gi and uses 900Mi. B (150Mi above), A (100Mi), then
/// C.</para>
/// Models pkg/kubelet/eviction/helpers.go (rankMemoryPressure, evictionMessage).
/// </summary>
internal static class EvictionRanking
{
    /// <summary>Pods in the order in which they go.</summary>
    public static List<PodUse> Of(string resource, IEnumerable<PodUse> pods) => [.. pods
        .OrderByDescending(p => resource != "pids" && UsedBy(p, resource) > AskedBy(p, resource))
        .ThenBy(p => p.Pod.Spec.Priority ?? 0)
        // Upstream takes the request for bytes off the number of files, too.
        .ThenByDescending(p => UsedBy(p, resource)
            - AskedBy(p, resource == "inodes" ? "ephemeral-storage" : resource))
        .ThenBy(p => p.Pod.Key)];

    /// <summary>Why a pod is evicted.</summary>
    public static string Message(string resource, PodUse pod, Quantity threshold,
        Quantity available)
    {
        var text = $"The node was low on resource: {resource}. "
            + $"Threshold quantity: {threshold}, available: {available}. ";
        foreach (var stats in pod.Containers)
        {
            long? used = resource switch
            {
                "memory" => stats.WorkingSetBytes,
                "ephemeral-storage" => stats.LayerBytes + stats.LogBytes,
                _ => null,
            };
            var request = pod.Pod.Spec.Containers.Concat(pod.Pod.Spec.InitContainers)
                .FirstOrDefault(c => c.Name == stats.Name)?.Resources.Requests.Get(resource)
                ?? default;
            if (used > request.Value)
            {
                text += $"Container {stats.Name} was using {Bytes(used.Value)}, request is "
                    + $"{request}, has larger consumption of {resource}. ";
            }
        }
        return text;
    }

    /// <summary>What of its own limits for the disk a pod exceeds, as it is told; null for
    /// nothing.</summary>
    public static string? OverLimit(PodUse use)
    {
        foreach (var volume in use.Pod.Spec.Volumes)
        {
            if (volume.EmptyDir?.SizeLimit is { Sign: > 0 } most
                && use.Volumes.Get(volume.Name) > most.Value)
            {
                return $"Usage of EmptyDir volume \"{volume.Name}\" exceeds the limit "
                    + $"\"{most}\". ";
            }
        }
        if (use.Pod.Limits.TryGetValue("ephemeral-storage", out var all) && use.Disk > all.Value)
        {
            return "Pod ephemeral local storage usage exceeds the total limit of containers "
                + $"{all}. ";
        }
        foreach (var stats in use.Containers)
        {
            var limits = use.Pod.Spec.Containers.FirstOrDefault(c => c.Name == stats.Name)
                ?.Resources.Limits ?? default;
            if (limits.TryGetValue("ephemeral-storage", out var most) && !most.IsZero
                && stats.LayerBytes + stats.LogBytes > most.Value)
            {
                return $"Container {stats.Name} exceeded its local ephemeral storage limit "
                    + $"\"{most}\". ";
            }
        }
        return null;
    }

    /// <summary>True for a pod that may exceed limits of its own on the disk.</summary>
    public static bool HasLimits(Pod pod) =>
        pod.Spec.Volumes.Any(v => v.EmptyDir?.SizeLimit is not null)
        || pod.Spec.Containers.Any(c => c.Resources.Limits.ContainsKey("ephemeral-storage"));

    private static Quantity Bytes(long number) => new(number, QuantityFormat.BinarySI);

    private static long UsedBy(PodUse pod, string resource) => resource switch
    {
        "memory" => pod.Memory,
        "ephemeral-storage" => pod.Disk,
        "inodes" => pod.Containers.Sum(c => c.LayerInodes),
        _ => pod.Processes,
    };

    private static long AskedBy(PodUse pod, string resource) =>
        pod.Pod.Requests.TryGetValue(resource, out var asked) ? asked.Value : 0;
}
