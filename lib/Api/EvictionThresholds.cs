using System.Globalization;

namespace KubeSim;

/// <summary>An amount of a resource: so much, or a share of what there is.</summary>
/// <param name="Quantity">So much; null for a share.</param>
/// <param name="Share">The share, 0.1 for 10 %; a float, as the kubelet keeps it.</param>
public readonly record struct EvictionAmount(Quantity? Quantity, float Share = 0)
{
    /// <summary>How much that is of a capacity.</summary>
    public Quantity Of(long capacity) => Quantity
        ?? new Quantity((long)((double)capacity * Share), QuantityFormat.BinarySI);
}

/// <summary>Below which amount of what is available a kubelet evicts pods.</summary>
/// <param name="Signal">What is looked at, as <c>memory.available</c>.</param>
/// <param name="Value">The amount.</param>
/// <param name="GracePeriod">For how long it must be so; zero for a hard threshold.</param>
/// <param name="MinReclaim">How much more than the amount must be available again; null for
/// nothing.</param>
public sealed record EvictionThreshold(string Signal, EvictionAmount Value,
    TimeSpan GracePeriod = default, EvictionAmount? MinReclaim = null)
{
    /// <summary>True when nobody waits before pods go.</summary>
    public bool IsHard => GracePeriod == TimeSpan.Zero;
}

/// <summary>
/// The thresholds of a kubelet, from its flags: <c>eviction-hard</c>
/// (<c>memory.available&lt;100Mi,nodefs.available&lt;10%</c>), <c>eviction-soft</c> with
/// <c>eviction-soft-grace-period</c> (<c>memory.available=30s</c>), and
/// <c>eviction-minimum-reclaim</c> (<c>nodefs.available=500Mi</c>).
/// <para>0 % and 100 % switch a threshold off. A hard one for memory also counts for what all pods
/// have together of what they may have (allocatableMemory.available).</para>
/// Models pkg/kubelet/eviction/helpers.go (ParseThresholdConfig).
/// </summary>
public static class EvictionThresholds
{
    private const string AllocatableMemory = "allocatableMemory.available";

    /// <summary>What is looked at, the resource that runs out, and the condition that the node then
    /// has.</summary>
    public static Seq<(string Signal, string Resource, string Condition)> Signals { get; } =
    [
        ("memory.available", "memory", "MemoryPressure"),
        (AllocatableMemory, "memory", "MemoryPressure"),
        ("nodefs.available", "ephemeral-storage", "DiskPressure"),
        ("nodefs.inodesFree", "inodes", "DiskPressure"),
        ("imagefs.available", "ephemeral-storage", "DiskPressure"),
        ("imagefs.inodesFree", "inodes", "DiskPressure"),
        ("containerfs.available", "ephemeral-storage", "DiskPressure"),
        ("containerfs.inodesFree", "inodes", "DiskPressure"),
        ("pid.available", "pids", "PIDPressure"),
    ];

    /// <summary>Resource and condition of a signal.</summary>
    public static (string Resource, string Condition) About(string signal)
    {
        var (_, resource, condition) = Signals.First(s => s.Signal == signal);
        return (resource, condition);
    }

    /// <summary>The amounts of a flag; null when it cannot be read.</summary>
    /// <param name="text">As <c>memory.available&lt;100Mi</c>, with commas between.</param>
    /// <param name="sign">What stands between signal and amount.</param>
    public static Map<EvictionAmount>? Amounts(string text, char sign)
    {
        ArgumentNullException.ThrowIfNull(text);
        var all = default(Map<EvictionAmount>);
        foreach (var (signal, value) in Pairs(text, sign))
        {
            if (!Signals.Any(s => s.Signal == signal) || all.ContainsKey(signal)
                || Amount(value, sign == '=') is not { } amount)
            {
                return null;
            }
            all = all.Set(signal, amount);
        }
        return all;
    }

    /// <summary>The spans of a flag; null when it cannot be read.</summary>
    public static Map<TimeSpan>? Spans(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var all = default(Map<TimeSpan>);
        foreach (var (signal, value) in Pairs(text, '='))
        {
            if (!Signals.Any(s => s.Signal == signal)
                || !GoDuration.TryParse(value, out var span) || span < TimeSpan.Zero)
            {
                return null;
            }
            all = all.Set(signal, span);
        }
        return all;
    }

    /// <summary>The thresholds that the flags make together.</summary>
    /// <param name="hard">eviction-hard.</param>
    /// <param name="soft">eviction-soft.</param>
    /// <param name="grace">eviction-soft-grace-period.</param>
    /// <param name="reclaim">eviction-minimum-reclaim.</param>
    /// <param name="isEnforced">Whether what pods may have together is a limit
    /// (enforce-node-allocatable=pods).</param>
    /// <exception cref="ArgumentException">A soft one has no grace period.</exception>
    public static Seq<EvictionThreshold> Of(Map<EvictionAmount> hard, Map<EvictionAmount> soft,
        Map<TimeSpan> grace, Map<EvictionAmount> reclaim, bool isEnforced = true)
    {
        var all = new List<EvictionThreshold>();
        foreach (var (signal, value) in hard)
        {
            all.Add(new(signal, value));
        }
        foreach (var (signal, value) in soft)
        {
            all.Add(new(signal, value, IsOff(value) ? default
                : grace.TryGetValue(signal, out var span) ? span : throw new ArgumentException(
                    "grace period must be specified for the soft eviction threshold " + signal)));
        }
        all.RemoveAll(t => IsOff(t.Value));
        all = all.ConvertAll(t => reclaim.TryGetValue(t.Signal, out var least)
            ? t with { MinReclaim = least } : t);
        if (isEnforced && all.Find(t => t is { Signal: "memory.available", IsHard: true })
            is { } memory)
        {
            all.Add(memory with { Signal = AllocatableMemory });
        }
        return [.. all];
    }

    private static bool IsOff(EvictionAmount amount) =>
        amount is { Quantity: null, Share: 0 or 1 };

    private static IEnumerable<(string Signal, string Value)> Pairs(string text, char sign) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split(sign, 2))
            .Select(parts => (parts[0].Trim(), parts.Length < 2 ? "" : parts[1].Trim()));

    // What is to be reclaimed may be nothing; a threshold of no bytes is a mistake.
    private static EvictionAmount? Amount(string text, bool mayBeZero) => text.EndsWith('%')
        ? float.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.Float,
            CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100
            ? new EvictionAmount(null, percent / 100) : null
        : Quantity.TryParse(text, out var quantity, out _) && (quantity.Sign > 0
            || (mayBeZero && quantity.Sign == 0)) ? new EvictionAmount(quantity) : null;
}
