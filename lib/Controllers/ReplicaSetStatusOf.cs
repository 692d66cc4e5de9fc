namespace KubeSim;

/// <summary>
/// What a ReplicaSet's status says: how many pods there are, have all labels of the template, are
/// ready, are available (ready for <c>minReadySeconds</c>), are going away; and, when pods could
/// not be made or deleted, the condition ReplicaFailure.
/// Models pkg/controller/replicaset/replica_set_utils.go.
/// </summary>
internal static class ReplicaSetStatusOf
{
    /// <summary>The status of a set with these pods.</summary>
    /// <param name="set">As it was read.</param>
    /// <param name="active">The pods that count as replicas.</param>
    /// <param name="terminating">The pods that are going away.</param>
    /// <param name="failure">Why pods could not be made or deleted; null when they could.</param>
    /// <param name="now">The time.</param>
    public static ReplicaSetStatus Calculate(ReplicaSet set, List<Pod> active,
        List<Pod> terminating, string? failure, Time now)
    {
        var (labelled, ready, available) = (0, 0, 0);
        foreach (var pod in active)
        {
            labelled += HasAll(pod.Metadata.Labels, set.Spec.Template.Metadata.Labels) ? 1 : 0;
            ready += pod.IsReady ? 1 : 0;
            available += pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, now) ? 1 : 0;
        }
        return set.Status with
        {
            Replicas = active.Count,
            FullyLabeledReplicas = labelled,
            ReadyReplicas = ready,
            AvailableReplicas = available,
            TerminatingReplicas = terminating.Count,
            ObservedGeneration = set.Metadata.Generation,
            Conditions = Conditions(set, active.Count, failure, now),
        };
    }

    /// <summary>When the next ready pod becomes available; null when none will by
    /// waiting.</summary>
    public static DateTime? NextAvailable(
        int? minReadySeconds, List<Pod> active, DateTime now)
    {
        if (minReadySeconds is not ({ } seconds and > 0))
        {
            return null;
        }
        DateTime? next = null;
        foreach (var pod in active)
        {
            if (!pod.IsReady || pod.IsAvailable(seconds, now)
                || pod.Condition("Ready")?.LastTransitionTime is not { } since)
            {
                continue;
            }
            var at = since.DateTime.AddSeconds(seconds);
            next = next is null || at < next ? at : next;
        }
        return next;
    }

    /// <summary>True when a change of a pod changes nothing that its set looks at: binding it to a
    /// node, for one.</summary>
    public static bool CountsTheSame(Pod old, Pod pod) =>
        old.Status.Phase == pod.Status.Phase
        && old.IsTerminating == pod.IsTerminating
        && Equals(old.Condition("Ready"), pod.Condition("Ready"))
        && old.Metadata.Labels.Equals(pod.Metadata.Labels)
        && old.Metadata.OwnerReferences.Equals(pod.Metadata.OwnerReferences);

    private static Seq<ReplicaSetCondition> Conditions(ReplicaSet set, int active,
        string? failure, Time now)
    {
        const string type = "ReplicaFailure";
        var conditions = set.Status.Conditions;
        var failed = conditions.Of(type) is not null;
        if (failure is null)
        {
            return failed ? conditions.RemoveAll(c => c.Type == type) : conditions;
        }
        return failed ? conditions : conditions.Add(new()
        {
            Type = type, Status = "True", LastTransitionTime = now,
            Reason = active < (set.Spec.Replicas ?? 1) ? "FailedCreate" : "FailedDelete",
            Message = failure,
        });
    }

    private static bool HasAll(Map<string> labels, Map<string> wanted)
    {
        if (labels.SameAs(wanted))
        {
            return true;
        }
        foreach (var label in wanted.AsSpan())
        {
            if (!labels.TryGetValue(label.Key, out var value) || value != label.Value)
            {
                return false;
            }
        }
        return true;
    }
}
