namespace KubeSim;

/// <summary>What a pod asks of its node, and its class of service.</summary>
/// <remarks>The containers run together, so their amounts add up; the init containers run before
/// them one by one, so each only has to fit: requests of 100m + 200m after an init container of
/// 500m are 500m. A sidecar (an init container that restarts Always) starts among the init
/// containers and stays: it counts with what starts after it and with the containers. Amounts for
/// the whole pod replace those sums, and the overhead of its runtime comes on top.
/// <para>Models staging/src/k8s.io/component-helpers/resource/helpers.go,
/// pkg/apis/core/v1/helper/qos/qos.go and pkg/scheduler/util/pod_resources.go.</para></remarks>
public static class PodResources
{
    // What the scheduler assumes of a container without requests when it compares nodes, so that a
    // node full of such containers does not look empty.
    private static readonly Map<Quantity> assumed = Map.Of<Quantity>(
        ("cpu", Quantity.Milli(100)),
        ("memory", new Quantity(200 << 20, QuantityFormat.BinarySI)));

    private static readonly Func<Quantity, Quantity, Quantity> add = static (a, b) => a + b;

    private static readonly Func<Quantity, Quantity, Quantity> max =
        static (a, b) => b > a ? b : a;

    private static readonly Func<Quantity, Quantity, Quantity> first = static (a, _) => a;

    extension(Pod pod)
    {
        /// <summary>The amounts by resource that a node must have free for the pod.</summary>
        public Map<Quantity> Requests => RequestsOf(pod, default);

        /// <summary>The requests with 100m CPU and 200Mi memory for each container that names none:
        /// what nodes are compared by.</summary>
        public Map<Quantity> ScoringRequests => RequestsOf(pod, assumed);

        /// <summary>The amounts by resource that the pod may not exceed; a resource that no
        /// container limits is not there.</summary>
        public Map<Quantity> Limits => LimitsOf(pod);

        /// <summary>Guaranteed, Burstable or BestEffort, from CPU and memory alone.</summary>
        public string QosClass => ClassOf(pod.Spec);
    }

    private static Map<Quantity> RequestsOf(Pod pod, Map<Quantity> unnamed)
    {
        var spec = pod.Spec;
        var total = Total(pod, unnamed, static (pod, container) => RequestOf(pod, container));
        total = Supported(spec.Resources?.Requests ?? default).Merge(total, first);
        return total.Merge(spec.Overhead, add);
    }

    private static Map<Quantity> LimitsOf(Pod pod)
    {
        var spec = pod.Spec;
        var total = Total(pod, default, static (_, container) => container.Resources.Limits);
        total = Supported(spec.Resources?.Limits ?? default).Merge(total, first);
        // Overhead is added to what is limited; it limits nothing by itself.
        foreach (var overhead in spec.Overhead)
        {
            if (total.TryGetValue(overhead.Key, out var limit) && !limit.IsZero)
            {
                total = total.Set(overhead.Key, limit + overhead.Value);
            }
        }
        return total;
    }

    private static Map<Quantity> Total(
        Pod pod, Map<Quantity> unnamed, Func<Pod, Container, Map<Quantity>> amounts)
    {
        Map<Quantity> total = default;
        foreach (var container in pod.Spec.Containers.AsSpan())
        {
            total = total.Merge(Named(amounts(pod, container), unnamed), add);
        }
        Map<Quantity> sidecars = default;
        Map<Quantity> starting = default;
        foreach (var container in pod.Spec.InitContainers.AsSpan())
        {
            var own = Named(amounts(pod, container), unnamed);
            if (container.IsSidecar)
            {
                total = total.Merge(own, add);
                sidecars = sidecars.Merge(own, add);
                starting = starting.Merge(sidecars, max);
            }
            else
            {
                starting = starting.Merge(own.Merge(sidecars, add), max);
            }
        }
        return total.Merge(starting, max);
    }

    // Mostly a container names all, and its own map will do.
    private static Map<Quantity> Named(Map<Quantity> own, Map<Quantity> unnamed)
    {
        foreach (var amount in unnamed)
        {
            if (!own.ContainsKey(amount.Key))
            {
                return own.Merge(unnamed, first);
            }
        }
        return own;
    }

    // While a container is being resized, the largest of what it wants, has been promised and has.
    private static Map<Quantity> RequestOf(Pod pod, Container container)
    {
        var wanted = container.Resources.Requests;
        if (StatusOf(pod.Status, container.Name) is not { } status)
        {
            return wanted;
        }
        var held = (status.Resources?.Requests ?? default).Merge(status.AllocatedResources, max);
        return held.IsEmpty ? wanted : IsInfeasible(pod) ? held : wanted.Merge(held, max);
    }

    private static ContainerStatus? StatusOf(PodStatus status, string name)
    {
        foreach (var container in status.ContainerStatuses.AsSpan())
        {
            if (container.Name == name)
            {
                return container;
            }
        }
        foreach (var container in status.InitContainerStatuses.AsSpan())
        {
            if (container.Name == name)
            {
                return container;
            }
        }
        return null;
    }

    private static bool IsInfeasible(Pod pod)
    {
        foreach (var condition in pod.Status.Conditions.AsSpan())
        {
            if (condition.Type == "PodResizePending")
            {
                return condition.Reason == "Infeasible";
            }
        }
        return false;
    }

    // A pod as a whole can have CPU, memory and huge pages.
    private static Map<Quantity> Supported(Map<Quantity> amounts)
    {
        var kept = amounts;
        foreach (var amount in amounts)
        {
            var known = amount.Key is "cpu" or "memory"
                || amount.Key.StartsWith("hugepages-", StringComparison.Ordinal);
            kept = known ? kept : kept.Remove(amount.Key);
        }
        return kept;
    }

    // Guaranteed: every container limits both resources, and the sums of requests and limits are
    // equal. BestEffort: nobody asks for anything.
    private static string ClassOf(PodSpec spec)
    {
        var sums = new ClassSums();
        var whole = spec.Resources;
        if (whole is not null
            && !(Supported(whole.Requests).IsEmpty && Supported(whole.Limits).IsEmpty))
        {
            sums.Add(whole);
            return sums.Class;
        }
        foreach (var container in spec.Containers.AsSpan())
        {
            sums.Add(container.Resources);
        }
        foreach (var container in spec.InitContainers.AsSpan())
        {
            sums.Add(container.Resources);
        }
        return sums.Class;
    }

    private struct ClassSums
    {
        private Quantity cpuRequests, cpuLimits, memoryRequests, memoryLimits;
        private bool unlimited;

        public readonly string Class =>
            (cpuRequests + cpuLimits + memoryRequests + memoryLimits).IsZero ? "BestEffort"
            : !unlimited && cpuRequests == cpuLimits && memoryRequests == memoryLimits
                ? "Guaranteed"
                : "Burstable";

        public void Add(ResourceRequirements resources)
        {
            var cpu = resources.Limits.Get("cpu");
            var memory = resources.Limits.Get("memory");
            unlimited |= cpu.Sign <= 0 || memory.Sign <= 0;
            cpuLimits += cpu;
            memoryLimits += memory;
            cpuRequests += resources.Requests.Get("cpu");
            memoryRequests += resources.Requests.Get("memory");
        }
    }
}
