namespace KubeSim;

/// <summary>
/// What a Deployment's status says, and when a rollout counts as stuck.
/// <para><c>Available</c> is about the pods: as many as the strategy demands. <c>Progressing</c> is
/// about the rollout: it is complete (NewReplicaSetAvailable), or a number went the right way since
/// the last status (ReplicaSetUpdated, with the time of it), or <c>progressDeadlineSeconds</c> have
/// passed since (ProgressDeadlineExceeded). A stuck rollout is not stopped, only told of.</para>
/// Models pkg/controller/deployment/progress.go and pkg/controller/deployment/sync.go.
/// </summary>
internal static class DeploymentStatusOf
{
    public const string Progressing = "Progressing";
    public const string Complete = "NewReplicaSetAvailable";
    public const string TimedOut = "ProgressDeadlineExceeded";
    public const string Paused = "DeploymentPaused";

    extension(Deployment deployment)
    {
        /// <summary>True when somebody cares how long a rollout takes.</summary>
        public bool HasDeadline => deployment.Spec.ProgressDeadlineSeconds is { } seconds
            && seconds != int.MaxValue;
    }

    extension(DeploymentStatus status)
    {
        /// <summary>The status with a condition, which comes last when it is new or its status or
        /// reason changed.</summary>
        public DeploymentStatus With(
            string type, string value, string reason, string message, Time now)
        {
            var before = status.Conditions.Of(type);
            if (before is not null && before.Status == value && before.Reason == reason)
            {
                return status;
            }
            var changed = before?.Status == value ? before.LastTransitionTime : now;
            return status.Without(type, new()
            {
                Type = type, Status = value, Reason = reason, Message = message,
                LastUpdateTime = now, LastTransitionTime = changed,
            });
        }

        private DeploymentStatus Without(string type, DeploymentCondition? then = null)
        {
            var others = status.Conditions.RemoveAll(c => c.Type == type);
            return status with { Conditions = then is null ? others : others.Add(then) };
        }
    }

    /// <summary>The counts, and the condition Available.</summary>
    /// <param name="deployment">As it was read.</param>
    /// <param name="all">Its sets as they were read.</param>
    /// <param name="newest">The one with its template; null when there is none.</param>
    /// <param name="now">The time.</param>
    public static DeploymentStatus Count(Deployment deployment, List<ReplicaSet> all,
        ReplicaSet? newest, Time now)
    {
        var (replicas, ready, available, terminating) = (0, 0, 0, 0);
        foreach (var set in all)
        {
            replicas += set.Status.Replicas;
            ready += set.Status.ReadyReplicas;
            available += set.Status.AvailableReplicas;
            terminating += set.Status.TerminatingReplicas ?? 0;
        }
        var status = deployment.Status with
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = replicas,
            UpdatedReplicas = newest?.Status.Replicas ?? 0,
            ReadyReplicas = ready,
            AvailableReplicas = available,
            UnavailableReplicas = Math.Max(0, DeploymentBounds.Size(all) - available),
            TerminatingReplicas = terminating,
        };
        var enough = deployment.Wanted - deployment.MaxUnavailable;
        return status.AvailableReplicas >= enough
            ? status.With("Available", "True", "MinimumReplicasAvailable",
                "Deployment has minimum availability.", now)
            : status.With("Available", "False", "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.", now);
    }

    /// <summary>The whole status during a rollout.</summary>
    public static DeploymentStatus OfRollout(Deployment deployment, List<ReplicaSet> all,
        ReplicaSet? newest, Time now)
    {
        var status = Count(deployment, all, newest, now);
        var current = deployment.Status.Conditions.Of(Progressing);
        if (!deployment.HasDeadline)
        {
            status = status.Without(Progressing);
        }
        else if (status.Replicas != status.UpdatedReplicas || current?.Reason != Complete)
        {
            status = Progress(deployment, status, current, newest, now);
        }
        var failure = newest?.Status.Conditions.Of("ReplicaFailure");
        for (var i = 0; failure is null && i < all.Count; i++)
        {
            failure = all[i].Status.Conditions.Of("ReplicaFailure");
        }
        return failure is null
            ? status.Without("ReplicaFailure")
            : status.Conditions.Of(failure.Type) is { } known && known.Status == failure.Status
                && known.Reason == failure.Reason ? status
            : status.Without(failure.Type, new()
            {
                Type = failure.Type, Status = failure.Status, Reason = failure.Reason,
                Message = failure.Message, LastTransitionTime = failure.LastTransitionTime,
                LastUpdateTime = failure.LastTransitionTime,
            });
    }

    /// <summary>True when all pods wanted are there, of the new template, and available.</summary>
    public static bool IsComplete(Deployment deployment, DeploymentStatus status) =>
        status.UpdatedReplicas == deployment.Wanted && status.Replicas == deployment.Wanted
        && status.AvailableReplicas == deployment.Wanted
        && (status.ObservedGeneration ?? 0) >= (deployment.Metadata.Generation ?? 0);

    /// <summary>True when a number went the right way since the deployment's last
    /// status.</summary>
    public static bool IsProgressing(Deployment deployment, DeploymentStatus status)
    {
        var before = deployment.Status;
        return status.UpdatedReplicas > before.UpdatedReplicas
            || status.Replicas - status.UpdatedReplicas < before.Replicas - before.UpdatedReplicas
            || status.ReadyReplicas > before.ReadyReplicas
            || status.AvailableReplicas > before.AvailableReplicas;
    }

    /// <summary>True when the deadline has passed since the last progress.</summary>
    public static bool IsTimedOut(Deployment deployment, DeploymentStatus status, DateTime now)
    {
        if (!deployment.HasDeadline || status.Conditions.Of(Progressing) is not { } condition
            || condition.Reason == Complete)
        {
            return false;
        }
        return condition.Reason == TimedOut || Deadline(deployment, condition) < now;
    }

    /// <summary>How long until the rollout is to be looked at again, though nothing happens; null
    /// when nobody waits for it.</summary>
    public static TimeSpan? StuckAfter(Deployment deployment, DeploymentStatus status,
        DateTime now)
    {
        var condition = deployment.Status.Conditions.Of(Progressing);
        if (!deployment.HasDeadline || condition is null || condition.Reason == TimedOut
            || IsComplete(deployment, status))
        {
            return null;
        }
        var left = Deadline(deployment, condition) - now;
        return left < TimeSpan.FromSeconds(1) ? TimeSpan.Zero : left;
    }

    private static DateTime Deadline(Deployment deployment, DeploymentCondition condition) =>
        (condition.LastUpdateTime ?? default).DateTime
            .AddSeconds(deployment.Spec.ProgressDeadlineSeconds!.Value);

    private static DeploymentStatus Progress(Deployment deployment, DeploymentStatus status,
        DeploymentCondition? current, ReplicaSet? newest, Time now)
    {
        var who = newest is null ? $"Deployment \"{deployment.Metadata.Name}\""
            : $"ReplicaSet \"{newest.Metadata.Name}\"";
        if (IsComplete(deployment, status))
        {
            return status.With(Progressing, "True", Complete,
                $"{who} has successfully progressed.", now);
        }
        if (IsProgressing(deployment, status))
        {
            // Also with the same reason: the time of the last progress is what the deadline
            // counts from.
            return status.Without(Progressing, new()
            {
                Type = Progressing, Status = "True", Reason = "ReplicaSetUpdated",
                Message = $"{who} is progressing.", LastUpdateTime = now,
                LastTransitionTime = current?.Status == "True" ? current.LastTransitionTime : now,
            });
        }
        return IsTimedOut(deployment, status, now.DateTime)
            ? status.With(Progressing, "False", TimedOut, $"{who} has timed out progressing.", now)
            : status;
    }
}
