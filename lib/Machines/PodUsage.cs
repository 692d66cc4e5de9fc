namespace KubeSim;

/// <summary>What a pod uses; null where nobody said.</summary>
/// <param name="Cpu">CPUs, such as 250m.</param>
/// <param name="Memory">Bytes, such as 64Mi: the working set.</param>
public readonly record struct Usage(Quantity? Cpu, Quantity? Memory);

/// <summary>How much CPU and memory the containers of pods use. Nothing here computes anything, so
/// somebody outside says it, by namespace and labels: pods that match use so much from then on,
/// those that come later too, until somebody says otherwise. It is what a kubelet would measure and
/// the metrics server would collect.</summary>
public sealed class PodUsage
{
    private readonly List<(string Namespace, Selector Pods, Usage Usage)> said = [];

    /// <summary>Says what each pod of a namespace with certain labels uses; what is null stays as
    /// it was.</summary>
    public void Set(string ns, Selector pods, Usage each)
    {
        said.RemoveAll(s => s.Namespace == ns && $"{s.Pods}" == $"{pods}"
            && (each.Cpu is not null || s.Usage.Cpu is null)
            && (each.Memory is not null || s.Usage.Memory is null));
        said.Add((ns, pods, each));
    }

    /// <summary>What a pod uses now: of several things said of it the latest counts.</summary>
    public Usage Of(Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return Of(pod.Metadata.Namespace, pod.Metadata.Labels);
    }

    internal Usage Of(string podNamespace, Map<string> labels)
    {
        var usage = default(Usage);
        for (var i = said.Count - 1; i >= 0 && (usage.Cpu is null || usage.Memory is null); i--)
        {
            var (ns, pods, each) = said[i];
            if (ns == podNamespace && pods.Matches(labels))
            {
                usage = new(usage.Cpu ?? each.Cpu, usage.Memory ?? each.Memory);
            }
        }
        return usage;
    }
}
