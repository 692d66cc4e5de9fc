using System.Globalization;

namespace KubeSim;

/// <summary>
/// The programs whose arguments say what they use: <c>stress</c> (polinux/stress:
/// <c>--vm 1 --vm-bytes 250M --vm-hang 1</c>, <c>--cpu 2</c>) and the one of vish/stress
/// (<c>-cpus 2 -mem-total 950Mi -mem-alloc-size 100Mi -mem-alloc-sleep 1s</c>).
/// <para>Memory is written to before it counts, a GiB in a second: 250M are there after 0.24
/// s.</para>
/// </summary>
internal static class StressLoad
{
    private const double WrittenPerSecond = 1L << 30;

    private static readonly string[] BusyLines =
    [
        "yes > /dev/null", "yes >/dev/null", "dd if=/dev/zero of=/dev/null", "md5sum /dev/zero",
        "while true; do :; done", "while :; do :; done",
    ];

    /// <summary>What the arguments say.</summary>
    public static ProcessBehaviour Of(string[] args)
    {
        var workers = Number(args, "--vm", "-m");
        var (each, hang) = (Bytes(args, "--vm-bytes"), Number(args, "--vm-hang"));
        var total = Bytes(args, "-mem-total", "--mem-total");
        var cpus = Number(args, "--cpu", "-c", "-cpus", "--cpus");
        if (total > 0)
        {
            var step = Bytes(args, "-mem-alloc-size", "--mem-alloc-size");
            var pause = GoDuration.TryParse(After(args, "-mem-alloc-sleep", "--mem-alloc-sleep")
                ?? "1ms", out var span) && span > TimeSpan.Zero ? span : Wait(1);
            return ProcessBehaviour.Server with
            {
                Cpus = cpus, Processes = 1,
                Memory = new(total, Math.Min(total, step > 0 ? step : 4096), default, pause),
            };
        }
        var bytes = workers * (each > 0 ? each : 256L << 20);
        var takes = each / WrittenPerSecond;
        return ProcessBehaviour.Server with
        {
            // A worker that does not hang writes without end.
            Cpus = cpus + (workers * (hang > 0 ? takes / (takes + hang) : 1)),
            Memory = new(bytes, First: TimeSpan.FromSeconds(takes)),
            Processes = 1 + (int)(workers + cpus),
        };
    }

    /// <summary>What the one-liners do by which people keep a CPU busy, or fill the memory: tail
    /// looks for the last lines of what has none. Null for other command lines.</summary>
    public static ProcessBehaviour? OfLine(Seq<string> command)
    {
        var line = ShellRun.IsShell(command[0]) ? command[^1] : string.Join(' ', command);
        return line.StartsWith("tail /dev/zero", StringComparison.Ordinal)
            ? ProcessBehaviour.Deaf with
            {
                Cpus = 1, Memory = new(1L << 40, 256L << 20, Wait(250), Wait(250)),
            }
            : BusyLines.Any(b => line.StartsWith(b, StringComparison.Ordinal))
                ? ProcessBehaviour.Deaf with { Cpus = 1 } : null;
    }

    private static TimeSpan Wait(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static string? After(string[] args, params ReadOnlySpan<string> flags)
    {
        foreach (var flag in flags)
        {
            if (Array.IndexOf(args, flag) is >= 0 and var at && at + 1 < args.Length)
            {
                return args[at + 1];
            }
        }
        return null;
    }

    private static long Number(string[] args, params ReadOnlySpan<string> flags) => long.TryParse(
        After(args, flags), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;

    // 250M is 250 MiB to stress, 950Mi is that to whom quantities are.
    private static long Bytes(string[] args, params ReadOnlySpan<string> flags)
    {
        var text = After(args, flags)?.TrimEnd('i', 'B') ?? "";
        var shift = text.Length == 0 ? 0 : "KMGT".IndexOf(
            char.ToUpperInvariant(text[^1]), StringComparison.Ordinal) + 1;
        return long.TryParse(shift > 0 ? text[..^1] : text, NumberStyles.None,
            CultureInfo.InvariantCulture, out var n) ? n << (10 * shift) : 0;
    }
}
