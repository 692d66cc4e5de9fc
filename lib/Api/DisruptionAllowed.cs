namespace KubeSim;

/// <summary>The condition DisruptionAllowed of a PodDisruptionBudget, which both its controller and
/// an eviction write: whether any pod may go now, and why not.</summary>
/// <remarks>Models staging/src/k8s.io/component-helpers/apps/poddisruptionbudget.</remarks>
internal static class DisruptionAllowed
{
    private const string Type = "DisruptionAllowed";

    extension(PodDisruptionBudgetStatus status)
    {
        /// <summary>True when the condition says what the number says.</summary>
        public bool IsTold => status.Conditions.Of(Type) is { } told
            && told.ObservedGeneration == status.ObservedGeneration
            && told.Status == (status.DisruptionsAllowed > 0 ? "True" : "False");

        /// <summary>The status with the condition as the number, or a failure to count, has
        /// it.</summary>
        public PodDisruptionBudgetStatus Tell(Time now, string? failure = null)
        {
            var word = failure is null && status.DisruptionsAllowed > 0 ? "True" : "False";
            return status with
            {
                Conditions = status.Conditions.With(new Condition
                {
                    Type = Type,
                    Status = word,
                    Reason = failure is not null ? "SyncFailed"
                        : word == "True" ? "SufficientPods" : "InsufficientPods",
                    Message = failure ?? "",
                    ObservedGeneration = status.ObservedGeneration,
                    LastTransitionTime = status.Conditions.Of(Type) is { } before
                        && before.Status == word ? before.LastTransitionTime : now,
                }),
            };
        }
    }
}
