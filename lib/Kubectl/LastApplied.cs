using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>How <c>kubectl apply</c> knows what to take away: it leaves the manifest in an
/// annotation, and the next apply compares that, the new manifest and the live object. A field that
/// stood in the last manifest and does not stand in the new one goes; one that neither ever named,
/// such as the replicas that an autoscaler set, stays.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/util/apply.go and
/// staging/src/k8s.io/kubectl/pkg/cmd/apply/patcher.go.</remarks>
internal static class LastApplied
{
    public const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>The manifest with itself in its annotation.</summary>
    public static JsonObject Annotate(JsonObject manifest)
    {
        var node = manifest.DeepClone().AsObject();
        var meta = node["metadata"] as JsonObject ?? [];
        node["metadata"] = meta.Parent is null ? meta : meta.DeepClone();
        meta = node["metadata"]!.AsObject();
        var annotations = (meta["annotations"] as JsonObject)?.DeepClone().AsObject() ?? [];
        annotations.Remove(Annotation);
        meta["annotations"] = annotations;
        annotations[Annotation] = Json.Compact(node) + "\n";
        return node;
    }

    /// <summary>The manifest of the last apply; null when there was none.</summary>
    public static JsonObject? Of(ApiObject live)
    {
        if (live.Metadata.Annotations.Get(Annotation) is not { Length: > 0 } text)
        {
            return null;
        }
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What is to be sent so that a live object becomes what an annotated manifest says;
    /// null when it is so already.</summary>
    public static Payload.Patch? Patch(JsonObject annotated, ApiObject live, KindRegistry kinds)
    {
        var kind = live.Kind;
        var type = kinds.SchemaType(kind, kind.Version);
        var original = Of(live) is { } last ? ManifestConversion.ToStored(last, kind) : null;
        var modified = ManifestConversion.ToStored(annotated, kind);
        var current = Json.Encode(live);
        current.Remove("status");
        modified = modified.DeepClone().AsObject();
        if (original is not null)
        {
            // The server alone decides the version in which the object is shown.
            original["apiVersion"] = kind.ApiVersion;
            modified["apiVersion"] = kind.ApiVersion;
        }
        var patch = StrategicMerge.ThreeWay(original, modified, current, type);
        return patch.Count == 0 ? null : new(
            type is null ? PatchKind.Merge : PatchKind.StrategicMerge, patch);
    }
}
