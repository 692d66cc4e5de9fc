using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The patch by which a component tells something in a pod's status: a strategic merge, so
/// that it touches that one condition; and with the pod's UID, so that it does not meet another pod
/// of the same name.</summary>
/// <remarks>Models pkg/scheduler/util/utils.go and pkg/util/pod/pod.go (PatchPodStatus).</remarks>
internal static class PodStatusPatch
{
    /// <summary>The patch; no condition adds none, a phase of null keeps the phase, and so a
    /// nominated node; an empty one goes.</summary>
    public static Payload.Patch Of(Pod pod, PodCondition? condition, string? phase = null,
        string? nominated = null)
    {
        var status = new JsonObject();
        if (phase is not null)
        {
            status["phase"] = phase;
            status["observedGeneration"] = pod.Metadata.Generation;
        }
        if (condition is not null)
        {
            status["conditions"] = new JsonArray(Fields(condition));
        }
        if (nominated is not null)
        {
            status["nominatedNodeName"] = nominated.Length == 0 ? null : nominated;
        }
        return new(PatchKind.StrategicMerge, new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid },
            ["status"] = status,
        });
    }

    private static JsonObject Fields(PodCondition condition)
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
        return fields;
    }
}
