namespace KubeSim;

/// <summary>How much memory a program takes, in steps from its start on. Nothing runs it, so when
/// it will have too much can be told beforehand.
/// <para>Worked: 950Mi in steps of 100Mi, one a second: 100Mi at 0 s, 600Mi at 5 s, more than 700Mi
/// from 7 s on, 950Mi from 9 s on.</para></summary>
/// <param name="Bytes">What it has in the end.</param>
/// <param name="Step">What it takes at a time; 0: all at once.</param>
/// <param name="First">The age at which it takes the first step.</param>
/// <param name="Every">The time between two steps.</param>
public readonly record struct MemoryUse(
    long Bytes, long Step = 0, TimeSpan First = default, TimeSpan Every = default)
{
    /// <summary>Bytes at an age.</summary>
    public long At(TimeSpan age) => age < First ? 0 : Step == 0 ? Bytes
        : Math.Min(Bytes, Step * (1 + ((age - First).Ticks / Every.Ticks)));

    /// <summary>The age from which on it has more than so many bytes; null for never.</summary>
    public TimeSpan? Exceeds(long bytes) => Bytes <= bytes ? null
        : Step == 0 || bytes < 0 ? First : First + (Every * (bytes / Step));

    /// <summary>The first age after one at which it takes more; null when it has all.</summary>
    public TimeSpan? Next(TimeSpan age) => age < First ? First
        : Step == 0 || At(age) >= Bytes ? null
        : First + (Every * (1 + ((age - First).Ticks / Every.Ticks)));
}

/// <summary>CPU time that a control group has used, and how the limit held it back: what its
/// <c>cpu.stat</c> counts since its start.
/// <para>Worked: two threads that never wait, with a limit of one CPU: in every period of 100 ms
/// each runs 50 ms and is held back for 50 ms. After 10 s: 10 s used, 100 periods, all of them
/// throttled, for 10 s in sum.</para></summary>
/// <param name="Nanoseconds">CPU time used.</param>
/// <param name="Periods">Periods of 100 ms in which it ran; counted only with a limit.</param>
/// <param name="ThrottledPeriods">Those in which it was held back.</param>
/// <param name="ThrottledNanoseconds">For how long, summed over its threads.</param>
public readonly record struct CpuTime(long Nanoseconds, long Periods = 0,
    long ThrottledPeriods = 0, long ThrottledNanoseconds = 0)
{
    /// <summary>What has been used a while later.</summary>
    /// <param name="span">The while.</param>
    /// <param name="wanted">Thousandths of a CPU that its threads would use.</param>
    /// <param name="limit">Thousandths that it may use; 0 for no limit.</param>
    /// <param name="given">Thousandths that it gets.</param>
    public CpuTime After(TimeSpan span, double wanted, double limit, double given)
    {
        if (wanted <= 0 || span <= TimeSpan.Zero)
        {
            return this;
        }
        var periods = limit > 0 ? span.Ticks / Period.Ticks : 0;
        var isHeld = limit > 0 && wanted > limit;
        var idle = Math.Ceiling(wanted / 1000) - (limit / 1000);
        return new(Nanoseconds + (long)(span.TotalMilliseconds * 1000 * given),
            Periods + periods, ThrottledPeriods + (isHeld ? periods : 0),
            ThrottledNanoseconds + (isHeld ? (long)(periods * idle * Period.TotalNanoseconds) : 0));
    }

    /// <summary>The time for which a limit is given anew: cpu.cfs_period_us.</summary>
    public static TimeSpan Period { get; } = TimeSpan.FromMilliseconds(100);
}

/// <summary>What a running container uses at an instant: what the runtime tells the kubelet, and
/// the kubelet its Summary API.</summary>
/// <remarks>Models ContainerStats of staging/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto.
/// </remarks>
public sealed record ContainerStats
{
    /// <summary>The container, as the runtime names it.</summary>
    public required string Id { get; init; }

    /// <summary>Its name in the pod.</summary>
    public required string Name { get; init; }

    /// <summary>When it was started (UTC).</summary>
    public required DateTime StartedAt { get; init; }

    /// <summary>When this was so (UTC).</summary>
    public required DateTime At { get; init; }

    /// <summary>CPU that it uses now, in thousandths of one.</summary>
    public double CpuMilli { get; init; }

    /// <summary>CPU that it would use now without limit and neighbours.</summary>
    public double WantedCpuMilli { get; init; }

    /// <summary>CPU time since its start.</summary>
    public CpuTime Cpu { get; init; }

    /// <summary>Bytes of memory that cannot be taken from it: the working set.</summary>
    public long WorkingSetBytes { get; init; }

    /// <summary>Bytes in its writable layer.</summary>
    public long LayerBytes { get; init; }

    /// <summary>Files in its writable layer.</summary>
    public long LayerInodes { get; init; }

    /// <summary>Bytes of its log.</summary>
    public long LogBytes { get; init; }

    /// <summary>Its processes.</summary>
    public int Processes { get; init; }

    /// <summary>When memory or files will be others (UTC), as far as can be told; null when they
    /// stay.</summary>
    public DateTime? ChangesAt { get; init; }
}
