namespace KubeSim;

/// <summary>How NodeResourcesFit compares nodes: each resource gets 0…100 by its share in use with
/// the pod there, and the weighted mean is the score.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/noderesources/{resource_allocation,
/// least_allocated,most_allocated,requested_to_capacity_ratio}.go.</remarks>
public sealed class ScoringStrategy
{
    private readonly Seq<(string Name, long Weight)> resources;
    private readonly Func<long, long, long> score;
    private readonly bool skipsEmpty;

    private ScoringStrategy(Seq<(string Name, long Weight)>? resources,
        Func<long, long, long> score, bool skipsEmpty = false) =>
        (this.resources, this.score, this.skipsEmpty) =
            (resources ?? [("cpu", 1), ("memory", 1)], score, skipsEmpty);

    /// <summary>The emptier the better, by CPU and memory alike: the default.</summary>
    public static ScoringStrategy LeastAllocated { get; } = Least();

    /// <summary>The emptier the better.</summary>
    public static ScoringStrategy Least(Seq<(string Name, long Weight)>? resources = null) =>
        new(resources, static (used, all) => used > all ? 0
            : (all - used) * IScorePlugin.MaxScore / all);

    /// <summary>The fuller the better: packs pods together.</summary>
    public static ScoringStrategy Most(Seq<(string Name, long Weight)>? resources = null) =>
        new(resources, static (used, all) =>
            Math.Min(used, all) * IScorePlugin.MaxScore / all);

    /// <summary>A curve through points of use (0…100 %) and score (0…10), straight in between.
    /// A resource that comes to 0 does not count.</summary>
    public static ScoringStrategy RequestedToCapacityRatio(
        Seq<(long Utilization, long Score)> shape,
        Seq<(string Name, long Weight)>? resources = null) =>
        new(resources, (used, all) => used > all
            ? Curve(shape, 100) : Curve(shape, used * 100 / all), skipsEmpty: true);

    /// <summary>The strategy that a configuration names; null: the default.</summary>
    public static ScoringStrategy? Of(ScoringStrategyArgs? args)
    {
        Seq<(string, long)>? resources = args is null || args.Resources.IsEmpty ? null
            : args.Resources.Select(r => (r.Name, r.Weight ?? 1)).ToSeq();
        return args?.Type switch
        {
            "MostAllocated" => Most(resources),
            "RequestedToCapacityRatio" => RequestedToCapacityRatio(
                args.RequestedToCapacityRatio!.Shape
                    .Select(p => ((long)p.Utilization, (long)p.Score)).ToSeq(), resources),
            null => null,
            _ => Least(resources),
        };
    }

    internal long Score(PodShape pod, NodeInfo node)
    {
        var (sum, weights) = (0L, 0L);
        foreach (var (name, weight) in resources.AsSpan())
        {
            var all = node.Allocatable[name];
            var wanted = pod.ScoringRequests[name];
            // A node without it, or a pod that asks for no such device: the resource sits out.
            if (all == 0 || (wanted == 0 && !ResourceAmounts.IsBasic(name)))
            {
                continue;
            }
            var one = score(node.ScoringRequested[name] + wanted, all);
            if (!skipsEmpty || one > 0)
            {
                sum += one * weight;
                weights += weight;
            }
        }
        return weights == 0 ? 0
            : skipsEmpty ? (long)Math.Round((double)sum / weights, MidpointRounding.AwayFromZero)
            : sum / weights;
    }

    internal static long Curve(Seq<(long Utilization, long Score)> shape, long use)
    {
        for (var i = 0; i < shape.Count; i++)
        {
            var (at, score) = (shape[i].Utilization, shape[i].Score * 10);
            if (use <= at)
            {
                if (i == 0)
                {
                    return score;
                }
                var (from, before) = (shape[i - 1].Utilization, shape[i - 1].Score * 10);
                return before + (score - before) * (use - from) / (at - from);
            }
        }
        return shape[^1].Score * 10;
    }
}
