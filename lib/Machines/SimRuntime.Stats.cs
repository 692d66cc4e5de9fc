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
        var shares = Shares();
        foreach (var container in pod.Containers)
        {
            if (container.RunsAt(Now))
            {
                var wanted = Wanted(pod, container, TimeSpan.Zero);
                stats.Add(container.Stats(Now, wanted,
                    Wanted(pod, container, Now - container.CpuSince),
                    Given(container, wanted, shares), machine.Files, LayerOf(container.Id)));
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
        var shares = pod.Containers.Exists(c => c.Runs.Cpus > 0) ? Shares() : null;
        foreach (var container in pod.Containers)
        {
            if (container.Runs is { Cpus: > 0 } or { Memory.Bytes: > 0 } && container.RunsAt(Now))
            {
                cpu += Given(container, container.Runs.Cpus * 1000, shares);
                memory += container.Runs.Memory.At(Now - container.StartedAt!.Value);
            }
        }
        return new(cpu > 0 ? Quantity.Milli((long)Math.Round(cpu)) : (Quantity?)null,
            memory > 0 ? new Quantity(memory, QuantityFormat.BinarySI) : (Quantity?)null);
    }

    /// <summary>Counts what was used so far, since the rates are about to change.</summary>
    internal void CountCpu()
    {
        var shares = Shares();
        foreach (var container in containers.Values)
        {
            if (container.StartedAt <= Now)
            {
                var wanted = Wanted(pods[container.PodUid], container, Now - container.CpuSince);
                container.CountCpu(Now, wanted, Given(container, wanted, shares));
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
        if (machine.IsWatched)
        {
            machine.World.Host.Wake("kubelet", machine.Name, new(Kinds.Node, "", machine.Name),
                TimeSpan.Zero, Pace.Background);
        }
    }

    /// <summary>Bytes of memory that all containers have together.</summary>
    public long MemoryInUse => Running.Sum(c => c.MemoryAt(Now));

    /// <summary>Bytes of the logs of the running containers.</summary>
    public long LogBytes => Running.Sum(c => c.LogBytesAt(Now));

    /// <summary>Removes what a pod's containers wrote.</summary>
    public void RemoveLayers(string podUid)
    {
        foreach (var container in pods.TryGetValue(podUid, out var pod) ? pod.Containers : [])
        {
            machine.Files.Remove(LayerOf(container.Id));
        }
    }

    /// <summary>The containers that run or are about to.</summary>
    internal IEnumerable<SimContainer> Running =>
        containers.Values.Where(c => c.StartedAt is not null && !(c.EndsAt <= Now));

    /// <summary>True when all that runs will never have more than so many bytes together, and
    /// nobody is about to be killed.</summary>
    internal bool IsMemoryEnough(long room)
    {
        foreach (var container in containers.Values)
        {
            if (container.StartedAt is not null && !(container.EndsAt <= Now))
            {
                room -= container.NodeOomAt is null ? container.MostMemory : long.MaxValue / 2;
            }
        }
        return room >= 0;
    }

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

    private static double Given(SimContainer container, double wanted,
        Dictionary<string, double>? shares = null)
    {
        var most = container.CpuLimit > 0 && container.CpuLimit < wanted
            ? container.CpuLimit : wanted;
        return shares is not null && shares.TryGetValue(container.Id, out var share)
            && share < most ? share : most;
    }

    // How the CPUs are divided among those who want more of them than there are; null while there
    // are enough.
    private Dictionary<string, double>? Shares()
    {
        if (!machine.Size.TryGetValue("cpu", out var cpus))
        {
            return null;
        }
        var busy = containers.Values.Where(c => c.RunsAt(Now)).Select(c => (Container: c,
            Want: Given(c, Wanted(pods[c.PodUid], c, TimeSpan.Zero)))).Where(c => c.Want > 0)
            .ToList();
        if (busy.Sum(c => c.Want) <= cpus.MilliValue)
        {
            return null;
        }
        var groups = CgroupFiles.Weights(machine);
        var given = CpuDivision.Of(cpus.MilliValue, busy.ConvertAll(c => (
            pods[c.Container.PodUid].Config.CgroupParent + ScopeOf(c.Container.Id), c.Want,
            (double)CgroupFiles.Weight(c.Container.Config.Linux.CpuShares))),
            path => groups.GetValueOrDefault(path, 100));
        return busy.ToDictionary(c => c.Container.Id, c => given[
            pods[c.Container.PodUid].Config.CgroupParent + ScopeOf(c.Container.Id)],
            StringComparer.Ordinal);
    }

    /// <summary>The slices of the pods that are there.</summary>
    internal IEnumerable<Cgroup> Slices() => pods.Values.Where(p => p.Sandboxes.Count > 0
        && p.Sandboxes[^1].Status.Ready)
        .Select(p => new Cgroup(p.Config.CgroupParent, p.Config.Linux));
}
