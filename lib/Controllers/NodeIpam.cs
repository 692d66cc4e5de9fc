using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Gives nodes that join their range of pod addresses: the lowest of the cluster's that no other
/// node has. It watches Nodes and writes <c>spec.podCIDR</c> and <c>spec.podCIDRs</c>, which stay
/// for the life of the Node; the range of a node that is deleted is free again. With none left the
/// event is CIDRNotAvailable.
/// <para>Worked: node-1 to node-3 have 10.244.1.0/24 to 10.244.3.0/24; node-4 gets
/// 10.244.4.0/24, and a node that joins after node-2 has gone gets 10.244.2.0/24.</para>
/// Models pkg/controller/nodeipam/ipam/range_allocator.go.
/// </summary>
public sealed class NodeIpam : IReconciler
{
    // What was given and may not be in the cache yet.
    private readonly Dictionary<string, string> given = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "node-ipam-controller";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.All<Node>()];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Node node)
        {
            given.Remove(key.Name);
            return Result.Idle;
        }
        if (node.Spec.PodCIDR is { Length: > 0 } || given.ContainsKey(key.Name))
        {
            return Result.Idle;
        }
        var taken = api.List<Node>().Select(n => n.Spec.PodCIDR).Concat(given.Values)
            .ToHashSet(StringComparer.Ordinal);
        var ranges = new NodeRanges(api.Settings);
        var range = Enumerable.Range(1, ranges.Count).Select(n => ranges[n])
            .FirstOrDefault(r => !taken.Contains(r));
        if (range is null)
        {
            api.Event(node, "Normal", "CIDRNotAvailable",
                "Node {0} status is now: CIDRNotAvailable", key.Name);
            return Result.Retry("no range of pod addresses is left");
        }
        api.Patch(key, new(PatchKind.StrategicMerge, new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["podCIDR"] = range, ["podCIDRs"] = new JsonArray(range),
            },
        }));
        given.Add(key.Name, range);
        return Result.Done;
    }
}
