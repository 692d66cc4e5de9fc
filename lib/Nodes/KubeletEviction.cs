namespace KubeSim;

/// <summary>That the kubelet ends a pod, and why.</summary>
/// <param name="Message">What its status says.</param>
/// <param name="Condition">DisruptionTarget; null when it is the pod's own fault.</param>
/// <param name="Grace">How long its containers have.</param>
internal sealed record Eviction(string Message, PodCondition? Condition, TimeSpan Grace);

/// <summary>
/// Eviction: before a machine runs out of memory, disk or processes, the kubelet ends pods. Every
/// ten seconds it looks at what is available; below a threshold the node has a pressure, which its
/// next report tells (and a controller turns into a taint); and once a soft threshold's grace is
/// over, at once for a hard one, it first throws away what nobody uses (dead containers, images),
/// and then evicts one pod, waits until that is gone, and looks again. A pressure is told for five
/// more minutes after it was seen last, so that the scheduler does not send the next victim.
/// <para>Worked: 1Gi of memory and <c>memory.available&lt;200Mi</c>. A uses 300Mi of the 500Mi that
/// it asked for, B takes 600Mi and asked for nothing: 124Mi are left, seen at the next look. B goes
/// within three seconds: Failed, reason Evicted. 724Mi are left; the node has MemoryPressure until
/// five minutes after.</para>
/// Other than a real one it does not look when nothing can have changed. Pods that exceed their own
/// limits for the disk are ended here, too.
/// Models pkg/kubelet/eviction/eviction_manager.go.
/// </summary>
public sealed partial class Kubelet
{

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CleanUpTimeout = TimeSpan.FromSeconds(30);

    private readonly Dictionary<EvictionThreshold, DateTime> firstSeen = [];
    private readonly Dictionary<string, DateTime> pressureSeen = new(StringComparer.Ordinal);
    private Seq<EvictionThreshold> thresholds;
    private Seq<EvictionThreshold> met;
    private Seq<string> pressures;
    private Seq<string> toldPressures;
    private DateTime? nextLook;
    private (PodWorker Worker, DateTime Until)? evicting;

    private static ObjectKey KeyOf(string node) => new(Kinds.Node, "", node);

    private void BeginEviction()
    {
        machine.Size = api.Get<Node>("", node)?.Status.Capacity ?? default;
        machine.ReservedMemory = NodeAllocatable.Reserved(api.Settings, "memory").Value;
        // Containers have the file system of the node, and its thresholds.
        thresholds = api.Settings.Thresholds.Where(
            t => !t.Signal.StartsWith("containerfs", StringComparison.Ordinal)).ToSeq();
        machine.IsWatched = !thresholds.IsEmpty;
        if (machine.IsWatched && api.Get<Node>("", node) is { } host)
        {
            // A kubelet that was here before may have told of some.
            toldPressures = host.Status.Conditions.Where(c => c.Status == "True"
                && c.Type.EndsWith("Pressure", StringComparison.Ordinal)).Select(c => c.Type)
                .ToSeq();
        }
    }

    /// <summary>Something changed: it will be seen at the next look.</summary>
    private void AskToLook()
    {
        if (!machine.IsWatched)
        {
            return;
        }
        var due = LookAt(Now + TimeSpan.FromTicks(1));
        nextLook = nextLook < due ? nextLook : due;
        api.After(nextLook.Value - Now, KeyOf(node), Pace.Background);
    }

    // The first look at or after a time: ten seconds apart, at the kubelet's own second.
    private DateTime LookAt(DateTime at)
    {
        var phase = relistPhase + (long)(Digest.Mix(Digest.Start, node) % 10)
            * TimeSpan.TicksPerSecond;
        var past = (at.Ticks - phase) % LookInterval.Ticks;
        return past == 0 ? at : at + TimeSpan.FromTicks(LookInterval.Ticks - past);
    }

    private void Monitor(Node host)
    {
        if (!machine.IsWatched || nextLook is not { } due || due > Now)
        {
            AskToLook();
            return;
        }
        nextLook = null;
        var uses = Uses();
        if (evicting is not { } last || last.Until <= Now
            || last.Worker is { Finished: true, Charged: false })
        {
            evicting = null;
            Look(host, uses);
        }
        nextLook = NextLook(uses);
        After(nextLook, host.Key, Pace.Background);
    }

    private DateTime? NextLook(List<PodUse> uses)
    {
        if (evicting is not null)
        {
            return Now + Second;
        }
        var then = uses.SelectMany(u => u.Containers).Select(c => c.ChangesAt)
            .Append(firstSeen.Count > 0 ? Now : null)
            .Append(pressures.Select(p => (DateTime?)pressureSeen[p] + Transition).Min()).Min();
        return then is null ? null
            : LookAt(then > Now ? then.Value : Now + TimeSpan.FromTicks(1));
    }

    private TimeSpan Transition => api.Settings.Get(KnownFlags.EvictionPressureTransition);

    private void Look(Node host, List<PodUse> uses)
    {
        var seen = Observe(uses);
        var observed = Met(thresholds, seen, false).Union(Met(met, seen, true)).ToSeq();
        foreach (var gone in firstSeen.Keys.Except(observed).ToArray())
        {
            firstSeen.Remove(gone);
        }
        foreach (var threshold in observed)
        {
            firstSeen.TryAdd(threshold, Now);
            pressureSeen[EvictionThresholds.About(threshold.Signal).Condition] = Now;
        }
        pressures = EvictionThresholds.Signals.Select(s => s.Condition).Distinct()
            .Where(c => pressureSeen.TryGetValue(c, out var at) && Now - at < Transition).ToSeq();
        met = observed.Where(t => Now - firstSeen[t] >= t.GracePeriod).ToSeq();
        if (EvictOverLimit(uses) || met.IsEmpty)
        {
            return;
        }
        // Memory is the most pressing.
        var worst = met.OrderBy(t => EvictionThresholds.About(t.Signal).Resource != "memory")
            .First();
        var resource = EvictionThresholds.About(worst.Signal).Resource;
        api.Event(host, "Warning", "EvictionThresholdMet", "Attempting to reclaim {0}", resource);
        if (resource is "ephemeral-storage" or "inodes" && Reclaim())
        {
            return;
        }
        var grace = worst.IsHard ? TimeSpan.Zero
            : TimeSpan.FromSeconds(api.Settings.Get(KnownFlags.EvictionMaxPodGrace));
        var (available, capacity) = seen[worst.Signal];
        foreach (var use in EvictionRanking.Of(resource, uses))
        {
            var message = EvictionRanking.Message(resource, use, worst.Value.Of(capacity),
                available);
            if (Evict(use, message, isPressure: true, grace))
            {
                return;
            }
        }
    }

    private static IEnumerable<EvictionThreshold> Met(Seq<EvictionThreshold> all,
        Dictionary<string, (Quantity Available, long Capacity)> seen, bool withReclaim) =>
        all.Where(t => seen.TryGetValue(t.Signal, out var now) && now.Available
            < (withReclaim && t.MinReclaim is { } more
                ? t.Value.Of(now.Capacity) + more.Of(now.Capacity) : t.Value.Of(now.Capacity)));

    /// <summary>What the pods of the node use, the running ones.</summary>
    private List<PodUse> Uses() => [.. workers.Values
        .Where(w => w is { Admitted: true, Finished: false, Stage: < Stage.Stopping })
        .Select(w => new PodUse(w.Pod, machine.Runtime.ListContainerStats(w.Uid),
            Map.Of(w.Pod.Spec.Volumes.Where(v => v.EmptyDir is not null).Select(v => (v.Name,
                machine.Files.UsedBytes($"{PodDirectory}{w.Uid}/volumes/{v.Name}"))).ToArray())))];

    /// <summary>What is available of what there is, by signal.</summary>
    private Dictionary<string, (Quantity Available, long Capacity)> Observe(List<PodUse> uses)
    {
        var seen = new Dictionary<string, (Quantity, long)>(StringComparer.Ordinal);
        void Note(string signal, long capacity, long used, QuantityFormat format)
        {
            if (capacity > 0)
            {
                seen[signal] = (new(Math.Max(0, capacity - used), format), capacity);
            }
        }
        var (memory, disk) = (machine.Size.Get("memory").Value,
            machine.Size.Get("ephemeral-storage").Value);
        var (used, files) = (machine.Runtime.MemoryInUse, machine.DiskInUse);
        Note("memory.available", memory, used, QuantityFormat.BinarySI);
        Note("allocatableMemory.available", machine.PodMemory, used, QuantityFormat.BinarySI);
        foreach (var place in (string[])["nodefs", "imagefs"])
        {
            Note($"{place}.available", disk, files.Bytes, QuantityFormat.BinarySI);
            // An inode for each 16 KiB, as mkfs.ext4 makes them.
            Note($"{place}.inodesFree", disk / 16384, files.Files, QuantityFormat.DecimalSI);
        }
        // The kernel's threads-max: an eighth of the memory may be stacks of 16 KiB.
        Note("pid.available", memory / 131072, uses.Sum(u => u.Processes + 1L),
            QuantityFormat.DecimalSI);
        return seen;
    }

    // Throws away what nobody uses; true when that is enough.
    private bool Reclaim()
    {
        foreach (var worker in workers.Values)
        {
            var view = ViewOf(worker);
            foreach (var container in view.Containers)
            {
                if (container.State == CriContainerState.Exited
                    && view.Find(container.Config.Name) != container)
                {
                    machine.Runtime.RemoveContainer(container.Id);
                }
            }
        }
        DeleteUnusedImages();
        return !Met(thresholds, Observe(Uses()), true).Any();
    }

    private bool EvictOverLimit(List<PodUse> uses)
    {
        var any = false;
        foreach (var use in uses.OrderBy(u => u.Pod.Key))
        {
            any |= EvictionRanking.OverLimit(use) is { } message
                && Evict(use, message, isPressure: false, TimeSpan.Zero);
        }
        return any;
    }

    private bool Evict(PodUse use, string message, bool isPressure, TimeSpan grace)
    {
        if (IsCritical(use.Pod) || !workers.TryGetValue(use.Pod.Key, out var worker))
        {
            return false;
        }
        worker.Eviction = new(message, !isPressure ? null : new()
        {
            Type = "DisruptionTarget", Status = "True", Reason = "TerminationByKubelet",
            Message = message, LastTransitionTime = Now,
            ObservedGeneration = use.Pod.Metadata.Generation,
        }, grace > LeastGrace ? grace : LeastGrace);
        api.Event(use.Pod, "Warning", "Evicted", "{0}", message);
        Write(worker, PodStatusMaker.Make(worker, ViewOf(worker), machine, Now, isTerminal: false));
        Terminate(worker);
        Schedule(worker, use.Pod.Key);
        evicting = (worker, Now + worker.Eviction.Grace + CleanUpTimeout);
        return true;
    }

    // Under pressure a node takes no pod that would make it worse.
    private Rejection? UnderPressure(Pod pod) =>
        pressures.IsEmpty || IsCritical(pod) || (pressures is ["MemoryPressure"]
            && (pod.QosClass != "BestEffort" || pod.Spec.Tolerations.Any(t => t.Tolerates(new()
            {
                Key = "node.kubernetes.io/memory-pressure", Effect = "NoSchedule",
            })))) ? null
            : new("Evicted", $"The node had condition: [{string.Join(' ', pressures)}]. ");
}
