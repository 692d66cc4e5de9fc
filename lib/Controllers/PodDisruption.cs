using System.Text.Json.Nodes;

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
        var status = new JsonObject();
        if (phase is not null)
        {
            status["phase"] = phase;
            status["observedGeneration"] = pod.Metadata.Generation;
        }
        if (reason is not null)
        {
            var since = pod.Condition("DisruptionTarget") is { Status: "True" } before
                ? before.LastTransitionTime : now;
            status["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "DisruptionTarget",
                ["status"] = "True",
                ["reason"] = reason,
                ["message"] = message,
                ["observedGeneration"] = pod.Metadata.Generation,
                ["lastTransitionTime"] = since?.ToString(),
            });
        }
        return new(PatchKind.StrategicMerge, new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid },
            ["status"] = status,
        });
    }
}
