namespace KubeSim;

/// <summary>What a controller writes into a pod's status before it deletes the pod: the condition
/// DisruptionTarget with the reason, which a Job's pod failure policy can tell from a fault of the
/// pod itself.</summary>
/// <remarks>Models pkg/util/pod/pod.go (PatchPodStatus) and pkg/api/v1/pod/util.go.</remarks>
internal static class PodDisruption
{
    /// <summary>The patch of the status; a reason of null adds no condition, a phase of null keeps
    /// the phase.</summary>
    public static Payload.Patch Of(
        Pod pod, DateTime now, string? reason, string? message, string? phase = null)
    {
        if (reason is null)
        {
            return PodStatusPatch.Of(pod, null, phase);
        }
        var before = pod.Condition("DisruptionTarget");
        return PodStatusPatch.Of(pod, new()
        {
            Type = "DisruptionTarget", Status = "True", Reason = reason, Message = message,
            ObservedGeneration = pod.Metadata.Generation,
            LastTransitionTime = before is { Status: "True" } ? before.LastTransitionTime : now,
        }, phase);
    }
}
