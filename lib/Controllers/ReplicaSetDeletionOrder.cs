using System.Globalization;
using System.Numerics;

namespace KubeSim;

/// <summary>
/// Which pods a set can do without. First go those that are not bound to a node, then by phase
/// (Pending, Unknown, Running), those that are not ready, those with the lower deletion cost (an
/// annotation), those that share their node with more pods of the same Deployment, those that
/// became ready more recently, those with more restarts, and those that are younger.
/// <para>Ages count by powers of two, and within a power the UID decides: of pods that are 17 and
/// 30 minutes old either may go. So a rollout does not always hit the youngest.</para>
/// Models pkg/controller/controller_utils.go (ActivePodsWithRanks).
/// </summary>
internal static class ReplicaSetDeletionOrder
{
    private const string Cost = "controller.kubernetes.io/pod-deletion-cost";

    /// <summary>The pods in the order in which they go.</summary>
    /// <param name="pods">The pods of one set.</param>
    /// <param name="related">The pods of all sets of its owner.</param>
    /// <param name="now">The time.</param>
    public static Pod[] Rank(List<Pod> pods, List<Pod> related, DateTime now)
    {
        var onNode = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pod in related)
        {
            if (pod.IsActive)
            {
                var node = pod.Spec.NodeName ?? "";
                onNode[node] = onNode.GetValueOrDefault(node) + 1;
            }
        }
        var ranked = new (Pod Pod, int Rank)[pods.Count];
        for (var i = 0; i < ranked.Length; i++)
        {
            ranked[i] = (pods[i], onNode.GetValueOrDefault(pods[i].Spec.NodeName ?? ""));
        }
        Sort(ranked, now);
        return Array.ConvertAll(ranked, r => r.Pod);
    }

    /// <summary>Below 0 when the first pod goes before the second.</summary>
    public static int Compare((Pod Pod, int Rank) a, (Pod Pod, int Rank) b, DateTime now)
    {
        var order = b.Pod.IsScheduled == a.Pod.IsScheduled ? 0 : a.Pod.IsScheduled ? 1 : -1;
        order = order != 0 ? order : Phase(a.Pod) - Phase(b.Pod);
        order = order != 0 ? order : a.Pod.IsReady.CompareTo(b.Pod.IsReady);
        order = order != 0 ? order : CostOf(a.Pod).CompareTo(CostOf(b.Pod));
        order = order != 0 ? order : b.Rank - a.Rank;
        if (order != 0)
        {
            return order;
        }
        if (a.Pod.IsReady)
        {
            order = CompareAges(a.Pod, b.Pod, ReadySince(a.Pod), ReadySince(b.Pod), now);
        }
        order = order != 0 ? order : MostRestarts(b.Pod, false) - MostRestarts(a.Pod, false);
        order = order != 0 ? order : MostRestarts(b.Pod, true) - MostRestarts(a.Pod, true);
        return order != 0 ? order : CompareAges(a.Pod, b.Pod, a.Pod.Metadata.CreationTimestamp,
            b.Pod.Metadata.CreationTimestamp, now);
    }

    // A merge sort: the comparison is not transitive where equal ages meet others of their power
    // of two, which the library's sort does not forgive.
    private static void Sort((Pod Pod, int Rank)[] pods, DateTime now)
    {
        var from = pods;
        var to = new (Pod, int)[pods.Length];
        for (var width = 1; width < pods.Length; width *= 2)
        {
            for (var start = 0; start < pods.Length; start += 2 * width)
            {
                var middle = Math.Min(start + width, pods.Length);
                var end = Math.Min(middle + width, pods.Length);
                var (left, right) = (start, middle);
                for (var at = start; at < end; at++)
                {
                    var takeLeft = left < middle
                        && (right == end || Compare(from[left], from[right], now) <= 0);
                    to[at] = takeLeft ? from[left++] : from[right++];
                }
            }
            (from, to) = (to, from);
        }
        from.CopyTo(pods, 0);
    }

    internal static int Phase(Pod pod) => pod.Status.Phase switch
    {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };

    private static int CostOf(Pod pod)
    {
        var text = pod.Metadata.Annotations.Get(Cost);
        return text is not null && int.TryParse(text, NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out var cost) ? cost : 0;
    }

    internal static Time? ReadySince(Pod pod) => pod.Condition("Ready")?.LastTransitionTime;

    // One without a time goes first, then the younger; within a power of two the UID decides.
    private static int CompareAges(Pod a, Pod b, Time? left, Time? right, DateTime now)
    {
        if (left == right)
        {
            return 0;
        }
        if (left is null || right is null)
        {
            return left is null ? -1 : 1;
        }
        var order = PowerOf(now - left.Value.DateTime) - PowerOf(now - right.Value.DateTime);
        return order != 0 ? order : string.CompareOrdinal(a.Metadata.Uid, b.Metadata.Uid);
    }

    // The power of two of an age in nanoseconds; below all others when there is no age yet.
    private static int PowerOf(TimeSpan age) => age <= TimeSpan.Zero ? -1
        : BitOperations.Log2((ulong)age.Ticks * TimeSpan.NanosecondsPerTick);

    internal static int MostRestarts(Pod pod, bool ofSidecars)
    {
        var most = 0;
        if (!ofSidecars)
        {
            foreach (var status in pod.Status.ContainerStatuses)
            {
                most = Math.Max(most, status.RestartCount);
            }
            return most;
        }
        foreach (var container in pod.Spec.InitContainers)
        {
            if (container.IsSidecar)
            {
                most = Math.Max(most, pod.StatusOf(container.Name)?.RestartCount ?? 0);
            }
        }
        return most;
    }
}
