using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl rollout undo</c>: gives a Deployment the template of an earlier revision,
/// which then is the newest one.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollback.go.</remarks>
internal static class RolloutUndoCommand
{
    public static readonly KubectlCommand Command = new("rollout undo",
        CommandFlags.Files + "output/o template dry-run?unchanged to-revision selector/l", Run);

    // What the controller writes into each ReplicaSet is no part of a revision.
    private static readonly string[] own =
    [
        LastApplied.Annotation, RolloutHistoryCommand.RevisionAnnotation,
        "deployment.kubernetes.io/revision-history", "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas", "deprecated.deployment.rollback.to",
    ];

    private static void Run(Invocation call)
    {
        foreach (var o in ResourceArgs.ReadObjects(call))
        {
            var done = o switch
            {
                Deployment deployment => Undo(call, deployment),
                StatefulSet or DaemonSet => Restore(call, o),
                _ => throw new KubectlException(
                    $"no rollbacker has been implemented for \"{o.Kind.Name}\""),
            };
            if (done is not null)
            {
                call.Tell(call.Again(o.Key) ?? o, done);
            }
        }
    }

    // A ControllerRevision is itself the patch that brings its template back.
    private static string? Restore(Invocation call, ApiObject o)
    {
        var wanted = call.Flags.Number("to-revision") ?? 0;
        var all = RolloutHistoryCommand.Revisions(call, o).OrderBy(r => r.Number).ToList();
        var (number, source) = wanted == 0 ? all.ElementAtOrDefault(all.Count - 2)
            : all.Find(r => r.Number == wanted);
        if (source is null)
        {
            throw new KubectlException(wanted == 0 ? "no last revision to roll back to"
                : $"unable to find specified revision {DescribeText.Number(wanted)} in history");
        }
        return RolloutHistoryCommand.TemplateOf(call, o, source).Equals(TemplateOf(o))
            ? "skipped rollback (current template already matches revision "
                + $"{DescribeText.Number(number)})"
            : PatchCommand.Send(call, o, PatchKind.StrategicMerge,
                Json.Encode(source)["data"]!.DeepClone()) is null ? null : "rolled back";
    }

    private static PodTemplateSpec TemplateOf(ApiObject o) =>
        o is StatefulSet set ? set.Spec.Template : ((DaemonSet)o).Spec.Template;

    private static string? Undo(Invocation call, Deployment deployment)
    {
        var set = Target(call, deployment, call.Flags.Number("to-revision") ?? 0);
        if (deployment.Spec.Paused == true)
        {
            throw new KubectlException("you cannot rollback a paused deployment; resume it first "
                + $"with 'kubectl rollout resume deployment/{deployment.Metadata.Name}' and try "
                + "again");
        }
        var (_, current) = DescribeDeployment.Sets(call, deployment);
        if (current?.Metadata.Name == set.Metadata.Name)
        {
            return "skipped rollback (current template already matches revision "
                + $"{DescribeText.Number(RolloutHistoryCommand.RevisionOf(set))})";
        }
        var template = Json.Encode(set).At("spec", "template")!.DeepClone();
        (template.At("metadata", "labels") as JsonObject)?.Remove("pod-template-hash");
        var annotations = new JsonObject();
        foreach (var (key, value) in deployment.Metadata.Annotations.Where(a => own.Contains(a.Key))
            .Concat(set.Metadata.Annotations.Where(a => !own.Contains(a.Key))))
        {
            annotations[key] = value;
        }
        var patch = new JsonArray(Replace("/spec/template", template),
            Replace("/metadata/annotations", annotations));
        return PatchCommand.Send(call, deployment, PatchKind.Json, patch) is null
            ? null : "rolled back";
    }

    private static ReplicaSet Target(Invocation call, Deployment deployment, long revision)
    {
        var sets = DescribeDeployment.Owned(call, deployment)
            .OrderByDescending(RolloutHistoryCommand.RevisionOf).ToList();
        var found = revision == 0 ? sets.ElementAtOrDefault(1)
            : sets.Find(set => RolloutHistoryCommand.RevisionOf(set) == revision);
        return found ?? throw new KubectlException(revision == 0
            ? $"no rollout history found for deployment \"{deployment.Metadata.Name}\""
            : $"unable to find specified revision {DescribeText.Number(revision)} in history");
    }

    private static JsonObject Replace(string path, JsonNode value) =>
        Tree.Of(("op", "replace"), ("path", path), ("value", value));
}
