namespace KubeSim;

/// <summary>
/// What a container uses. Its program's memory is a function of its age, what somebody says of its
/// pod comes on top, and the moment at which both exceed its limit is known beforehand: then the
/// kernel kills it, and nobody has to look again and again until it does.
/// <para>A control group dies as a whole (memory.oom.group, which the kubelet sets): the parent
/// does not outlive the child that took too much.</para>
/// </summary>
internal sealed partial class SimContainer
{
    // What somebody says takes a moment to be there.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(500);

    // A line of a log: 2025-01-01T00:00:00.000000000Z stdout F TEXT
    private const int LogOverhead = 41;

    private (long Bytes, DateTime From) said;
    private DateTime? oomAt;
    private CpuTime cpu;
    private DateTime cpuSince;

    /// <summary>When the kernel kills it for the machine's sake (UTC); null for never.</summary>
    public DateTime? NodeOomAt { get; private set; }

    /// <summary>When it ends if the kernel spares it (UTC); null when that cannot be
    /// told.</summary>
    public DateTime? EndsAlone { get; private set; }

    /// <summary>All the memory that it will ever have.</summary>
    public long MostMemory => Runs.Memory.Bytes + said.Bytes;

    /// <summary>What its first process is called.</summary>
    public string ProgramName
    {
        get
        {
            var word = !config.Command.IsEmpty ? config.Command[0]
                : ImageReference.Parse(config.Image).Repository;
            return word[(word.LastIndexOf('/') + 1)..];
        }
    }

    /// <summary>The number of its first process on the machine.</summary>
    public int Pid => 1000 + (int)(Digest.Mix(Digest.Start, id) % 30_000);

    private long Limit => config.Linux.MemoryLimitInBytes;

    /// <summary>CPU that it may use, in thousandths; 0 for no limit.</summary>
    public double CpuLimit => config.Linux.CpuQuota / 100.0;

    /// <summary>Takes what somebody says of its pod's memory; true when its end is another
    /// now.</summary>
    public bool Say(long bytes, DateTime now)
    {
        if (said.Bytes == bytes || StartedAt is not { } start || EndsAt <= now)
        {
            return false;
        }
        said = (bytes, start + Moment > now ? start + Moment : now);
        var before = EndsAt;
        Settle();
        return EndsAt != before;
    }

    /// <summary>The kernel is to kill it for the machine's sake, or is not; true when its end is
    /// another now.</summary>
    public bool Spare(DateTime? until)
    {
        var before = EndsAt;
        NodeOomAt = until;
        Settle();
        return EndsAt != before;
    }

    /// <summary>Its memory at a time at which it runs.</summary>
    public long MemoryAt(DateTime at) => StartedAt is not { } start || at < start ? 0
        : Runs.Memory.At(at - start) + (at >= said.From ? said.Bytes : 0);

    /// <summary>When it will have more memory than now, as far as can be told.</summary>
    public DateTime? GrowsAt(DateTime now) => StartedAt is not { } start ? null
        : Earlier(start + Runs.Memory.Next(now - start),
            said.Bytes > 0 && said.From > now ? said.From : null);

    // With what was said and without.
    private DateTime? OomAt()
    {
        if (Limit <= 0 || StartedAt is not { } start)
        {
            return null;
        }
        var alone = start + Runs.Memory.Exceeds(Limit);
        var both = said.Bytes == 0 ? null : said.Bytes > Limit ? said.From
            : start + Runs.Memory.Exceeds(Limit - said.Bytes);
        return Earlier(alone, both < said.From ? said.From : both);
    }

    private static DateTime? Earlier(DateTime? one, DateTime? other) =>
        one is null || other < one ? other : one;

    /// <summary>Counts the CPU time up to now, before the rate changes.</summary>
    public void CountCpu(DateTime now, double wanted, double given)
    {
        if (RunsAt(now))
        {
            (cpu, cpuSince) = (cpu.After(now - cpuSince, wanted, CpuLimit, given), now);
        }
    }

    /// <summary>Since when the rate of its CPU is what it is (UTC).</summary>
    public DateTime CpuSince => cpuSince;

    /// <summary>What it uses; the CPU is known to whoever asks.</summary>
    public ContainerStats Stats(DateTime now, double wanted, double mean, double given,
        SimFiles files, string layer) => new()
        {
            Id = id, Name = config.Name, StartedAt = StartedAt!.Value, At = now,
            CpuMilli = given, WantedCpuMilli = wanted,
            Cpu = cpu.After(now - cpuSince, mean, CpuLimit, mean < given ? mean : given),
            WorkingSetBytes = MemoryAt(now), LayerBytes = files.UsedBytes(layer),
            LayerInodes = files.List(layer).Count(),
            LogBytes = LinesUntil(now).Sum(line => (long)line.Text.Length + LogOverhead),
            Processes = Process?.Strands ?? Runs.Processes,
            ChangesAt = Earlier(GrowsAt(now), Process is { TouchesFiles: true, Wake: var wake }
                && wake < DateTime.MaxValue ? wake : null),
        };
}
