// exercise: 06-scheduler/4  (4 points)
// says: 14Gi and 4Gi are more than 16Gi
// The name of the fullest node (by CPU requested) on which the Pod still fits, of equals
// the first by name; null when there is none.
Exercise.Check("06-scheduler/4", (Pod pod, IReadOnlyList<NodeInfo> nodes) =>
{
    var asks = PodShape.Of(pod).Requests;
    return nodes
        .Where(n => n.Node!.Spec.Unschedulable != true
            && n.Requested.MilliCpu + asks.MilliCpu <= n.Allocatable.MilliCpu)
        .OrderByDescending(n => n.Requested.MilliCpu).ThenBy(n => n.Name, StringComparer.Ordinal)
        .FirstOrDefault()?.Name;
})
