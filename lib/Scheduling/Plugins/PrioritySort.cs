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
        var (left, right) = (first.Pod.Priority, second.Pod.Priority);
        return left > right || (left == right && first.Timestamp < second.Timestamp);
    }
}
