using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Whether a node is joined to the pods' network: a condition that whoever joins it sets,
/// the route controller of a cloud or the network's own daemon.</summary>
internal static class NodeNetworkCondition
{
    /// <summary>Sets the condition NetworkUnavailable.</summary>
    public static void TellNetwork(
        this ReconcileContext api, Node node, bool joined, string reason, string message)
    {
        var now = $"{(Time)api.Now}";
        api.Patch(node.Key, new(PatchKind.StrategicMerge, new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "NetworkUnavailable", ["status"] = joined ? "False" : "True",
                    ["reason"] = reason, ["message"] = message,
                    ["lastHeartbeatTime"] = now, ["lastTransitionTime"] = now,
                }),
            },
        }), "status");
    }
}
