using System.Globalization;

namespace KubeSim;

/// <summary>A control group: a slice of many, or the scope of one container.</summary>
/// <param name="Path">Below <c>/sys/fs/cgroup/</c>, as <c>kubepods.slice</c>.</param>
/// <param name="Linux">What it may use.</param>
/// <param name="IsContainer">True for the group of a container.</param>
internal sealed record Cgroup(string Path, LinuxResources Linux, bool IsContainer = false)
{
    public CpuTime Cpu { get; init; }

    public long Memory { get; init; }

    public int Processes { get; init; }

    public IEnumerable<int> Pids { get; init; } = [];
}

/// <summary>
/// The control groups (version 2) of a machine, as files. Nothing is kept: what stands in them
/// follows from what the runtime was told and what the containers use.
/// <para>Worked: a Burstable pod with one container that asks for 250m and may use 500m and 128Mi.
/// In <c>/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice/
/// cri-containerd-ID.scope</c> stand cpu.weight 35, cpu.max <c>50000 100000</c>, memory.max
/// 134217728; in the container itself they stand in <c>/sys/fs/cgroup</c>.</para>
/// Models Documentation/admin-guide/cgroup-v2.rst of the kernel and opencontainers/cgroups.
/// </summary>
internal static class CgroupFiles
{
    public const string Root = "/sys/fs/cgroup/";

    private const string Pods = "kubepods.slice";

    private static readonly string[] Names =
    [
        "cgroup.procs", "cpu.max", "cpu.stat", "cpu.weight", "memory.current", "memory.max",
        "memory.min", "memory.oom.group", "pids.current", "pids.max",
    ];

    /// <summary>The weight of version 2 for the shares of version 1: 1 for 2, 100 for 1024, 10000
    /// for the most, and a curve between (runc since 1.3.2; before that a line, on which 1024
    /// shares were 39).</summary>
    public static int Weight(long shares)
    {
        if (shares <= 2)
        {
            return shares == 0 ? 100 : 1;
        }
        var log = Math.Log2(Math.Min(shares, 262144));
        var exponent = (((log * log) + (125 * log)) / 612.0) - (7.0 / 34.0);
        return (int)Math.Ceiling(Math.Round(Math.Pow(10, exponent), 9));
    }

    /// <summary>A file of a group; null when there is no such file.</summary>
    public static string? Content(Cgroup group, string name) => name switch
    {
        "cgroup.procs" => string.Join('\n', group.Pids),
        "cpu.max" => $"{(group.Linux.CpuQuota == 0 ? "max" : Text(group.Linux.CpuQuota))} 100000",
        "cpu.stat" => Stat(group.Cpu),
        "cpu.weight" => Text(Weight(group.Linux.CpuShares)),
        "memory.current" => Text(group.Memory),
        "memory.max" => Most(group.Linux.MemoryLimitInBytes),
        "memory.min" => "0",
        "memory.oom.group" => group.IsContainer ? "1" : "0",
        "pids.current" => Text(group.Processes),
        "pids.max" => "max",
        _ => null,
    };

    /// <summary>All files of a machine's pods.</summary>
    public static IEnumerable<(string Path, string Content)> Of(SimMachine machine) =>
        from cgroup in Tree(machine, [.. machine.Runtime.Cgroups()])
            .OrderBy(g => g.Path, StringComparer.Ordinal)
        from name in Names
        select ($"{Root}{cgroup.Path}/{name}", Content(cgroup, name)!);

    /// <summary>The weights of the slices, by path.</summary>
    public static Dictionary<string, double> Weights(SimMachine machine) =>
        Tree(machine, [.. machine.Runtime.Slices()]).ToDictionary(
            g => g.Path, g => (double)Weight(g.Linux.CpuShares), StringComparer.Ordinal);

    // Pods and containers as the runtime has them, and the slices above them in sum.
    private static IEnumerable<Cgroup> Tree(SimMachine machine, List<Cgroup> own)
    {
        var pods = own.FindAll(g => !g.IsContainer);
        var (burstable, besteffort) = ($"{Pods}/kubepods-burstable.slice",
            $"{Pods}/kubepods-besteffort.slice");
        var cpus = machine.Size.TryGetValue("cpu", out var cpu) ? cpu.MilliValue : 0;
        return own.Concat([
            Sum(pods, new(Pods, new(cpus * 1024 / 1000, 0, machine.PodMemory))),
            Sum(pods, new(burstable, new(Math.Max(2, pods.Where(p => IsIn(p, burstable))
                .Sum(p => MilliOf(p.Linux.CpuShares)) * 1024 / 1000)))),
            Sum(pods, new(besteffort, new(2)))]);
    }

    private static long MilliOf(long shares) => ((shares * 1000) + 1023) / 1024;

    private static bool IsIn(Cgroup pod, string slice) =>
        pod.Path.StartsWith(slice + "/", StringComparison.Ordinal);

    private static Cgroup Sum(List<Cgroup> pods, Cgroup slice)
    {
        var below = pods.FindAll(p => IsIn(p, slice.Path));
        return slice with
        {
            Cpu = new(below.Sum(p => p.Cpu.Nanoseconds)), Memory = below.Sum(p => p.Memory),
            Processes = below.Sum(p => p.Processes),
        };
    }

    private static string Stat(CpuTime cpu) => string.Create(CultureInfo.InvariantCulture,
        $"usage_usec {cpu.Nanoseconds / 1000}\nuser_usec {cpu.Nanoseconds / 1000}\nsystem_usec 0\n"
        + $"nr_periods {cpu.Periods}\nnr_throttled {cpu.ThrottledPeriods}\n"
        + $"throttled_usec {cpu.ThrottledNanoseconds / 1000}\nnr_bursts 0\nburst_usec 0");

    private static string Most(long bytes) => bytes == 0 ? "max" : Text(bytes);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
