namespace KubeSim;

/// <summary>
/// Prefers the node whose shares of CPU and memory in use grow alike: a node with its CPU gone and
/// half its memory idle is half wasted.
/// <para>The balance of a node is 100 × (1 − σ), σ the standard deviation of the shares requested:
/// 50 % of the CPU and 25 % of the memory: σ = 0.125, 87. Since 1.36 the score is not the balance
/// that the pod would leave but what it changes: 50 + (50 + after − before) / 2, whole numbers. A
/// pod that asks for 25 % and 12.5 % of an empty node: 50 + (50 + 93 − 100) / 2 = 71. A pod that
/// asks for nothing has no score here at all.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.</remarks>
public sealed class NodeResourcesBalancedAllocation
    : IPreScorePlugin, IScorePlugin, INodeLocalPlugin,
        IPluginWithArgs<NodeResourcesBalancedAllocationArgs>
{
    private readonly Seq<string> resources;

    /// <summary>A plugin that weighs CPU and memory, or the resources given.</summary>
    public NodeResourcesBalancedAllocation(Seq<string>? resources = null) =>
        this.resources = resources ?? ["cpu", "memory"];

    /// <inheritdoc/>
    public string Name => "NodeResourcesBalancedAllocation";

    /// <inheritdoc/>
    public IPlugin With(NodeResourcesBalancedAllocationArgs args) =>
        new NodeResourcesBalancedAllocation(
            args.Resources.IsEmpty ? null : args.Resources.Select(r => r.Name).ToSeq());

    /// <inheritdoc/>
    public PluginStatus PreScore(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        foreach (var name in resources.AsSpan())
        {
            if (state.Shape.Requests[name] > 0)
            {
                return PluginStatus.Success;
            }
        }
        return PluginStatus.Skip;
    }

    /// <inheritdoc/>
    public long Score(CycleState state, Pod pod, NodeInfo node)
    {
        var after = Balance(state.Shape.Requests, node, withPod: true);
        var before = Balance(state.Shape.Requests, node, withPod: false);
        return 50 + (50 + after - before) / 2;
    }

    /// <summary>The balance of a node with a pod more, or as it is: 100 × (1 − σ). Of devices only
    /// those count that the pod asks for.</summary>
    internal long Balance(ResourceAmounts pod, NodeInfo node, bool withPod)
    {
        Span<double> shares = stackalloc double[resources.Count];
        var (count, sum) = (0, 0.0);
        foreach (var name in resources.AsSpan())
        {
            var all = node.Allocatable[name];
            var wanted = pod[name];
            if (all == 0 || (wanted == 0 && !ResourceAmounts.IsBasic(name)))
            {
                continue;
            }
            var requested = node.Requested[name] + (withPod ? wanted : 0);
            var share = Math.Min(1, (double)requested / all);
            shares[count++] = share;
            sum += share;
        }
        return (long)((1 - Deviation(shares[..count], sum)) * IScorePlugin.MaxScore);
    }

    private static double Deviation(ReadOnlySpan<double> shares, double sum)
    {
        if (shares.Length < 2)
        {
            return 0;
        }
        if (shares.Length == 2)
        {
            return Math.Abs((shares[0] - shares[1]) / 2);
        }
        var (mean, squares) = (sum / shares.Length, 0.0);
        foreach (var share in shares)
        {
            squares += (share - mean) * (share - mean);
        }
        return Math.Sqrt(squares / shares.Length);
    }
}
