namespace KubeSim;

/// <summary>What a failed pod means by the policy of its Job.</summary>
/// <param name="Action">That of the first rule that fits; null when none does.</param>
/// <param name="Counts">True when the failure counts towards the limits.</param>
/// <param name="FailsJob">Why the whole Job fails; null when it does not.</param>
internal readonly record struct FailureVerdict(string? Action, bool Counts, string? FailsJob);

/// <summary>
/// The two policies of a Job. <c>podFailurePolicy</c> says what a failed pod means, by the exit
/// code of a container or by a condition of the pod: of its rules the first that fits decides. Exit
/// code 42 may fail the Job at once, an eviction (condition DisruptionTarget) may cost no retry.
/// <c>successPolicy</c> says when enough indexes have succeeded, although not all have.
/// Models pkg/controller/job/{pod_failure_policy,success_policy}.go.
/// </summary>
internal static class JobPolicies
{
    /// <summary>What a failed pod means.</summary>
    public static FailureVerdict Match(PodFailurePolicy? policy, Pod pod)
    {
        var rules = policy?.Rules ?? default;
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];
            if (rule.Action is not ("FailJob" or "FailIndex" or "Ignore" or "Count")
                || Cause(rule, pod) is not { } cause)
            {
                continue;
            }
            var message = FormattableString.Invariant(
                $"{cause} matching {rule.Action} rule at index {i}");
            return new(rule.Action, rule.Action != "Ignore",
                rule.Action == "FailJob" ? message : null);
        }
        return new(null, true, null);
    }

    /// <summary>Which rule says that enough indexes have succeeded; null when none does.</summary>
    public static string? Met(SuccessPolicy? policy, int completions, JobIndexes succeeded)
    {
        var rules = policy?.Rules ?? default;
        for (var i = 0; i < rules.Count && succeeded.Count > 0; i++)
        {
            var wanted = rules[i].SucceededIndexes is { } text
                ? JobIndexes.Parse(text, completions) : null;
            var there = wanted?.Overlap(succeeded) ?? succeeded.Count;
            if (wanted is { Count: 0 })
            {
                continue;
            }
            if (there == wanted?.Count || there >= rules[i].SucceededCount)
            {
                return FormattableString.Invariant($"Matched rules at index {i}");
            }
        }
        return null;
    }

    private static string? Cause(PodFailurePolicyRule rule, Pod pod)
    {
        var name = $"{pod.Metadata.Namespace}/{pod.Metadata.Name}";
        if (rule.OnExitCodes is { } codes)
        {
            var ended = pod.Status.ContainerStatuses.Concat(pod.Status.InitContainerStatuses)
                .FirstOrDefault(status => Fits(codes, status));
            return ended is null ? null : FormattableString.Invariant(
                $"Container {ended.Name} for pod {name} failed with exit code ")
                + FormattableString.Invariant($"{ended.State!.Terminated!.ExitCode}");
        }
        foreach (var condition in pod.Status.Conditions)
        {
            foreach (var pattern in rule.OnPodConditions)
            {
                if (condition.Type == pattern.Type && condition.Status == pattern.Status)
                {
                    return $"Pod {name} has condition {condition.Type}";
                }
            }
        }
        return null;
    }

    private static bool Fits(PodFailurePolicyOnExitCodesRequirement codes, ContainerStatus status)
    {
        if (status.State?.Terminated is not { ExitCode: not 0 } ended
            || (codes.ContainerName is { } name && name != status.Name))
        {
            return false;
        }
        var listed = codes.Values.AsSpan().Contains(ended.ExitCode);
        return codes.Operator switch
        {
            "In" => listed,
            "NotIn" => !listed,
            _ => false,
        };
    }
}
