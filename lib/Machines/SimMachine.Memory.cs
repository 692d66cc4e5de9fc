namespace KubeSim;

/// <summary>A process that the kernel killed since the machine had no memory left.</summary>
/// <param name="At">When (UTC).</param>
/// <param name="Process">Its name.</param>
/// <param name="Pid">Its number.</param>
/// <param name="IsGlobal">True: the machine as a whole had none; false: its pods had what they may
/// have together.</param>
public readonly record struct OomKill(DateTime At, string Process, int Pid, bool IsGlobal);

/// <summary>
/// The memory of a machine, and the kernel's killer. When all containers together have more than
/// there is, the kernel kills the one with the highest badness: the thousandths of the memory that
/// it has, and its oom_score_adj. What programs take is known beforehand, and so is who dies when:
/// nobody looks again and again.
/// <para>Worked, on 16Gi: a BestEffort container with 4Gi has 250 + 1000, a Guaranteed one with
/// 12Gi 750 − 997: the small one dies, whoever took the last page.</para>
/// Models mm/oom_kill.c (oom_badness) and pkg/kubelet/oom.
/// </summary>
public sealed partial class SimMachine
{
    private const int MostSteps = 10_000;

    private readonly List<OomKill> killed = [];

    /// <summary>Bytes that are kept from pods: kube-reserved and system-reserved.</summary>
    public long ReservedMemory { get; set; }

    /// <summary>True: its kubelet looks at what is used, and is told when that changes.</summary>
    public bool IsWatched { get; set; }

    /// <summary>What lies on its disk, in blocks of 4 KiB: images, files and logs.</summary>
    public (long Bytes, long Files) DiskInUse => (InBlocks(Runtime.ImageBytes + Runtime.LogBytes
        + Files.UsedBytes("/")), Files.List("/").Count());

    private static long InBlocks(long bytes) => (bytes + 4095) / 4096 * 4096;

    /// <summary>Bytes that pods may have together; 0 while nobody knows.</summary>
    public long PodMemory => Size.TryGetValue("memory", out var all)
        ? all.Value - ReservedMemory : 0;

    /// <summary>Takes the processes that the kernel has killed since it was asked last.</summary>
    public Seq<OomKill> TakeOomKills()
    {
        var now = World.Host.Now;
        var told = killed.Where(k => k.At <= now).ToSeq();
        killed.RemoveAll(k => k.At <= now);
        return told;
    }

    /// <summary>When the next one will be killed, if nothing else happens.</summary>
    public DateTime? NextOomKill => killed.Count == 0 ? null : killed.Min(k => k.At);

    /// <summary>Finds out, when something changed, whether the memory will do, and else who dies
    /// and when.</summary>
    internal void CheckMemory()
    {
        if (PodMemory is not (> 0 and var room))
        {
            return;
        }
        if (Runtime.IsMemoryEnough(room))
        {
            return;
        }
        var running = Runtime.Running.ToList();
        var plan = Plan(running, room);
        var now = World.Host.Now;
        killed.RemoveAll(k => k.At > now);
        foreach (var container in running.OrderBy(c => c.Id, StringComparer.Ordinal))
        {
            DateTime? at = plan.TryGetValue(container.Id, out var due) ? due : null;
            if (at is { } when && (container.NodeOomAt is not { } known || known > now))
            {
                killed.Add(new(when, container.ProgramName, container.Pid, ReservedMemory == 0));
                World.Host.Wake("kubelet", Name, new(Kinds.Node, "", Name), when - now,
                    Pace.Background);
            }
            if (container.NodeOomAt != at && container.Spare(at))
            {
                Runtime.Wake(container);
            }
        }
    }

    // Who is killed when, if nothing else happens.
    private Dictionary<string, DateTime> Plan(List<SimContainer> running, long room)
    {
        var plan = new Dictionary<string, DateTime>(StringComparer.Ordinal);
        DateTime? at = World.Host.Now;
        for (var step = 0; at is { } now && step < MostSteps; step++)
        {
            var alive = running.FindAll(c => c.StartedAt <= now && !(c.EndsAlone <= now)
                && !plan.ContainsKey(c.Id));
            if (alive.Sum(c => c.MemoryAt(now)) > room)
            {
                plan.Add(alive.OrderByDescending(c => Badness(c, now, room))
                    .ThenByDescending(c => c.MemoryAt(now))
                    .ThenBy(c => c.Id, StringComparer.Ordinal).First().Id, now);
                continue;
            }
            at = alive.Select(c => c.GrowsAt(now))
                .Concat(running.Select(c => c.StartedAt > now ? c.StartedAt : null)).Min();
        }
        return plan;
    }

    private static long Badness(SimContainer container, DateTime now, long room) =>
        container.MemoryAt(now) is 0 ? long.MinValue
            : (long)(1000 * (Int128)container.MemoryAt(now) / room)
                + container.Config.Linux.OomScoreAdj;
}
