namespace KubeSim;

/// <summary>What the containers of a machine use, together: memory of which there may be too
/// little, and CPU that they share by weight.
/// Models what cAdvisor reads from the control groups.</summary>
public sealed partial class SimRuntime
{
    private readonly HashSet<string> news = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Seq<ContainerStats> ListContainerStats(string podUid)
    {
        if (!pods.TryGetValue(podUid, out var pod))
        {
            return [];
        }
        var stats = new List<ContainerStats>(pod.Containers.Count);
        foreach (var container in pod.Containers)
        {
            if (container.RunsAt(Now))
            {
                var wanted = Wanted(pod, container, TimeSpan.Zero);
                stats.Add(container.Stats(Now, wanted,
                    Wanted(pod, container, Now - container.CpuSince), Given(container, wanted),
                    machine.Files, LayerOf(container.Id)));
            }
        }
        return [.. stats];
    }

    /// <summary>The control groups of the pods and their containers.</summary>
    internal IEnumerable<Cgroup> Cgroups() => pods.Values.Where(p => p.Sandboxes.Count > 0
        && p.Sandboxes[^1].Status.Ready).SelectMany(CgroupsOf);

    /// <summary>The control group of a container that runs; null when it does not.</summary>
    internal Cgroup? CgroupOf(string containerId) => containers.TryGetValue(containerId,
        out var container) ? CgroupsOf(pods[container.PodUid]).FirstOrDefault(g =>
            g.Path.EndsWith(ScopeOf(containerId), StringComparison.Ordinal)) : null;

    private static string ScopeOf(string id) => $"/cri-containerd-{id}.scope";

    private IEnumerable<Cgroup> CgroupsOf(PodRecord pod)
    {
        var (path, sum) = (pod.Config.CgroupParent, default(CpuTime));
        var (memory, processes) = (0L, 1);
        foreach (var stats in ListContainerStats(pod.Metadata.Uid).AsEnumerable())
        {
            var container = containers[stats.Id];
            sum = new(sum.Nanoseconds + stats.Cpu.Nanoseconds, Math.Max(sum.Periods,
                    stats.Cpu.Periods), sum.ThrottledPeriods + stats.Cpu.ThrottledPeriods,
                sum.ThrottledNanoseconds + stats.Cpu.ThrottledNanoseconds);
            (memory, processes) = (memory + stats.WorkingSetBytes, processes + stats.Processes);
            yield return new(path + ScopeOf(stats.Id), container.Config.Linux, true)
            {
                Cpu = stats.Cpu, Memory = stats.WorkingSetBytes, Processes = stats.Processes,
                Pids = Enumerable.Range(container.Pid, stats.Processes),
            };
        }
        yield return new(path, pod.Config.Linux)
        {
            Cpu = sum, Memory = memory, Processes = processes,
        };
        // The pause container, which holds the pod's namespaces.
        yield return new(path + ScopeOf(pod.Sandboxes[^1].Status.Id), new(2), true)
        {
            Processes = 1,
        };
    }

    /// <summary>What the programs of a pod use of themselves, beside what somebody says of
    /// it.</summary>
    internal Usage OwnUsage(string podUid)
    {
        if (!pods.TryGetValue(podUid, out var pod))
        {
            return default;
        }
        var (cpu, memory) = (0.0, 0L);
        foreach (var container in pod.Containers)
        {
            if (container.Runs is { Cpus: > 0 } or { Memory.Bytes: > 0 } && container.RunsAt(Now))
            {
                cpu += Given(container, container.Runs.Cpus * 1000);
                memory += container.Runs.Memory.At(Now - container.StartedAt!.Value);
            }
        }
        return new(cpu > 0 ? Quantity.Milli((long)Math.Round(cpu)) : (Quantity?)null,
            memory > 0 ? new Quantity(memory, QuantityFormat.BinarySI) : (Quantity?)null);
    }

    /// <summary>Counts what was used so far, since the rates are about to change.</summary>
    internal void CountCpu()
    {
        foreach (var container in containers.Values)
        {
            if (container.StartedAt <= Now)
            {
                var wanted = Wanted(pods[container.PodUid], container, Now - container.CpuSince);
                container.CountCpu(Now, wanted, Given(container, wanted));
            }
        }
    }

    /// <summary>Takes what somebody says of pods anew.</summary>
    internal void TakeUsage()
    {
        foreach (var pod in pods.Values)
        {
            foreach (var container in pod.Containers)
            {
                if (Say(pod, container))
                {
                    Wake(pod);
                }
            }
        }
        machine.CheckMemory();
    }

    /// <summary>The containers that run or are about to.</summary>
    internal IEnumerable<SimContainer> Running =>
        containers.Values.Where(c => c.StartedAt is not null && !(c.EndsAt <= Now));

    /// <summary>Its kubelet is to look at a container's pod.</summary>
    internal void Wake(SimContainer container) => Wake(pods[container.PodUid]);

    private void Wake(PodRecord pod)
    {
        news.Add(pod.Metadata.Uid);
        machine.World.Host.Wake("kubelet", machine.Name, new(Kinds.Pod, pod.Metadata.Namespace,
            pod.Metadata.Name), TimeSpan.Zero, Pace.Background);
    }

    /// <summary>True once, when what a pod's containers will come to is another than its kubelet
    /// was told.</summary>
    public bool TakeNews(string podUid) => news.Count > 0 && news.Remove(podUid);

    private bool Say(PodRecord pod, SimContainer container) => container.Config.IsFirst
        && container.Say(machine.World.Usage.Of(pod.Metadata.Namespace, pod.Config.Labels)
            .Memory?.Value ?? 0, Now);

    // On the average of a while up to now, in thousandths of a CPU.
    private double Wanted(PodRecord pod, SimContainer container, TimeSpan window)
    {
        var own = container.Runs.Cpus * 1000;
        if (!container.Config.IsFirst)
        {
            return own;
        }
        var about = pod.Metadata;
        return own + (machine.World.Usage.Of(about.Namespace, pod.Config.Labels).Cpu?.ToDouble()
            * 1000 ?? 0) + machine.World.LoadOf(about.Namespace, about.Name, window);
    }

    private static double Given(SimContainer container, double wanted) =>
        container.CpuLimit > 0 && container.CpuLimit < wanted ? container.CpuLimit : wanted;
}
