using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The patch by which the scheduler sets a condition of a pod: a strategic merge, so that
/// it touches that one condition; and with the pod's UID, so that it does not meet another pod of
/// the same name.</summary>
/// <remarks>Models pkg/scheduler/util/utils.go (PatchPodStatus).</remarks>
internal static class ConditionPatch
{
    public static Payload.Patch Of(Pod pod, PodCondition condition)
    {
        var fields = new JsonObject
        {
            ["type"] = condition.Type,
            ["status"] = condition.Status,
            ["reason"] = condition.Reason,
            ["message"] = condition.Message,
        };
        if (condition.LastTransitionTime is { } at)
        {
            fields["lastTransitionTime"] = at.ToString();
        }
        if (condition.ObservedGeneration is { } generation)
        {
            fields["observedGeneration"] = generation;
        }
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid },
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(fields) },
        };
        return new(PatchKind.StrategicMerge, body);
    }
}
