namespace KubeSim;

/// <summary>Orders the queue: higher priority first, then who has waited longer.</summary>
/// <remarks>Models pkg/scheduler/framework/plugins/queuesort/priority_sort.go.</remarks>
public sealed class PrioritySort : IQueueSortPlugin
{
    /// <inheritdoc/>
    public string Name => "PrioritySort";

    /// <inheritdoc/>
    public bool Less(QueuedPod first, QueuedPod second)
    {
        var (left, right) = (first.Pod.Spec.Priority ?? 0, second.Pod.Spec.Priority ?? 0);
        return left > right || (left == right && first.Timestamp < second.Timestamp);
    }
}
