namespace KubeSim;

/// <summary>Why the replicas are what they are: a condition's reason and its sentence.</summary>
internal readonly record struct HpaVerdict(int Replicas, string Reason, string Message);

/// <summary>
/// How fast an autoscaler goes: what it proposed and did lately, and what that allows now.
/// <para><b>Stabilisation</b>: on the way down the highest proposal of the last five minutes
/// counts (of <c>stabilizationWindowSeconds</c>), on the way up at once. <b>Rate</b>: without a
/// behavior at most double, or 4; with one, by its policies. A policy looks at how many there were
/// at the beginning of its period, so that 2 pods in 60 s are 2 pods however often it is
/// asked.</para>
/// <para>Worked example: 10 replicas, <c>Percent 30</c> in 6 s on the way down: 10 × 0.7 = 7; 2 s
/// later 7 + 3 just taken away = 10, so 7 still; after 6 s 7 × 0.7 = 4.9, so 4.</para>
/// Models pkg/controller/podautoscaler/horizontal.go.
/// </summary>
internal sealed class HpaBehavior
{
    private const string Within = "the desired count is within the acceptable range";
    private const string TooMany =
        "the desired replica count is more than the maximum replica count";
    private const string TooFew =
        "the desired replica count is less than the minimum replica count";
    private const string TooFast =
        "the desired replica count is {0} faster than the maximum scale rate";

    /// <summary>What was proposed, and when. An entry that is too old to count is used
    /// anew.</summary>
    public List<(int Replicas, DateTime At)> Proposals { get; } = [];

    /// <summary>By how much it went up, and when.</summary>
    public List<(int Change, DateTime At)> Ups { get; } = [];

    /// <summary>By how much it went down, and when.</summary>
    public List<(int Change, DateTime At)> Downs { get; } = [];

    /// <summary>The pods that it scales, as last seen.</summary>
    public Selector? Selector { get; set; }

    /// <summary>The highest proposal of a window that ends now.</summary>
    public int Stabilise(int proposed, TimeSpan window, DateTime now)
    {
        var highest = proposed;
        foreach (var (replicas, at) in Proposals)
        {
            highest = at < now - window ? highest : Math.Max(highest, replicas);
        }
        Note(Proposals, at => at < now - window, (proposed, now));
        return highest;
    }

    /// <summary>The proposal nearest to what there is that the windows of both directions
    /// allow.</summary>
    public int Stabilise(int current, int proposed, int upSeconds, int downSeconds, DateTime now)
    {
        var (up, down) = (now.AddSeconds(-upSeconds), now.AddSeconds(-downSeconds));
        var (lowest, highest) = (proposed, proposed);
        foreach (var (replicas, at) in Proposals)
        {
            lowest = at > up ? Math.Min(lowest, replicas) : lowest;
            highest = at > down ? Math.Max(highest, replicas) : highest;
        }
        Note(Proposals, at => at < up && at < down, (proposed, now));
        return Math.Min(Math.Max(current, lowest), highest);
    }

    /// <summary>Notes what was done, for as long as a policy looks back.</summary>
    public void Scaled(
        HorizontalPodAutoscalerBehavior? behavior, int from, int to, DateTime now)
    {
        if ((to > from ? behavior?.ScaleUp : behavior?.ScaleDown) is { } rules)
        {
            Note(to > from ? Ups : Downs, Outdated(rules, now), (Math.Abs(to - from), now));
        }
    }

    /// <summary>What is too old for every policy.</summary>
    private static Predicate<DateTime> Outdated(HPAScalingRules rules, DateTime now)
    {
        var from = now.AddSeconds(-rules.Policies.Select(p => p.PeriodSeconds)
            .DefaultIfEmpty().Max());
        return at => at < from;
    }

    private static void Note(
        List<(int, DateTime At)> list, Predicate<DateTime> old, (int, DateTime) entry)
    {
        var at = list.FindLastIndex(e => old(e.At));
        if (at >= 0)
        {
            list[at] = entry;
        }
        else
        {
            list.Add(entry);
        }
    }

    /// <summary>The bounds of an autoscaler without a behavior; up, at most
    /// <paramref name="fastest"/>.</summary>
    public static HpaVerdict Bound(int wanted, int least, int most, int fastest) =>
        wanted < least ? new(least, "TooFewReplicas", TooFew)
        : wanted > Math.Min(most, fastest) ? UpTo(most, fastest)
        : new(wanted, "DesiredWithinRange", Within);

    /// <summary>The bounds of an autoscaler with one.</summary>
    public HpaVerdict Bound(int current, int wanted, int least, int most,
        HPAScalingRules? ups, HPAScalingRules? downs, DateTime now)
    {
        if (wanted > current)
        {
            var limit = Math.Max(current, Limit(current, ups, 1, now));
            return wanted > Math.Min(most, limit) ? UpTo(most, limit)
                : new(wanted, "DesiredWithinRange", Within);
        }
        var floor = Math.Min(current, Limit(current, downs, -1, now));
        return wanted >= current || wanted >= Math.Max(least, floor)
            ? new(wanted, "DesiredWithinRange", Within)
            : least < floor ? new(floor, "ScaleDownLimit", Fast("decreasing"))
            : new(least, "TooFewReplicas", TooFew);
    }

    private static HpaVerdict UpTo(int most, int fastest) => most > fastest
        ? new(fastest, "ScaleUpLimit", Fast("increasing"))
        : new(most, "TooManyReplicas", TooMany);

    private static string Fast(string how) => TooFast.Replace("{0}", how, StringComparison.Ordinal);

    // How far the policies let it go in a direction.
    private int Limit(int current, HPAScalingRules? rules, int direction, DateTime now)
    {
        if (rules is null || rules.SelectPolicy == "Disabled")
        {
            return current;
        }
        var limits = rules.Policies.Select(policy =>
        {
            var from = now.AddSeconds(-policy.PeriodSeconds);
            var before = current - Since(Ups, from) + Since(Downs, from);
            var change = direction * policy.Value;
            return policy.Type == "Pods" ? before + change
                : direction > 0 ? (int)Math.Ceiling(before * (1 + (change / 100.0)))
                : (int)(before * (1 + (change / 100.0)));
        });
        return rules.SelectPolicy == "Min" == direction > 0 ? limits.Min() : limits.Max();
    }

    private static int Since(List<(int Change, DateTime At)> list, DateTime from) =>
        list.Where(e => e.At > from).Sum(e => e.Change);
}
