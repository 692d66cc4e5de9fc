using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>Brings an object of another served version into the form in which its kind is stored.
/// </summary>
internal static class ManifestConversion
{
    /// <summary>autoscaling/v1 has one number where v2 has a list of metrics; all other kinds have
    /// one form for all versions. The node is not changed.</summary>
    /// <remarks>Models pkg/apis/autoscaling/v1/conversion.go.</remarks>
    public static JsonObject ToStored(JsonObject node, Kind kind)
    {
        const string Percentage = "targetCPUUtilizationPercentage";
        if (kind is not { Group: "autoscaling", Name: "HorizontalPodAutoscaler" }
            || ManifestDocument.Text(node, "apiVersion") != "autoscaling/v1")
        {
            return node;
        }
        var converted = node.DeepClone().AsObject();
        converted["apiVersion"] = kind.ApiVersion;
        if (converted["spec"] is JsonObject spec)
        {
            var percentage = spec[Percentage]?.DeepClone();
            spec.Remove(Percentage);
            spec["metrics"] = percentage is null ? null : new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject
                {
                    ["name"] = "cpu",
                    ["target"] = new JsonObject
                    {
                        ["type"] = "Utilization",
                        ["averageUtilization"] = percentage,
                    },
                },
            });
        }
        return converted;
    }
}
