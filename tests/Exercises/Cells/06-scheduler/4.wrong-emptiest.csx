// exercise: 06-scheduler/4  (4 points)
// says: Eight Pods of 1 CPU fill two nodes of 4; yours are on 3
// The name of the fullest node (by CPU requested) on which the Pod still fits, of equals
// the first by name; null when there is none.
Exercise.Check("06-scheduler/4", (Pod pod, IReadOnlyList<NodeInfo> nodes) =>
{
    var asks = PodShape.Of(pod).Requests;
    return nodes
        .Where(n => n.Node!.Spec.Unschedulable != true
            && n.Requested.MilliCpu + asks.MilliCpu <= n.Allocatable.MilliCpu
            && n.Requested.Memory + asks.Memory <= n.Allocatable.Memory)
        .OrderBy(n => n.Requested.MilliCpu).ThenBy(n => n.Name, StringComparer.Ordinal)
        .FirstOrDefault()?.Name;
})
