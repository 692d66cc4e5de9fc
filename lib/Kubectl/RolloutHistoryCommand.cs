using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl rollout history</c>: the revisions of a workload. Those of a Deployment are
/// its ReplicaSets; the ones of StatefulSets and DaemonSets are ControllerRevisions.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/polymorphichelpers/history.go.</remarks>
internal static class RolloutHistoryCommand
{
    public const string RevisionAnnotation = "deployment.kubernetes.io/revision";
    private const string CauseAnnotation = "kubernetes.io/change-cause";

    public static readonly KubectlCommand Command = new("rollout history",
        CommandFlags.Files + "revision selector/l ~output/o", Run);

    private static void Run(Invocation call)
    {
        var revision = call.Flags.Number("revision") ?? 0;
        foreach (var o in ResourceArgs.ReadObjects(call))
        {
            if (revision == 0)
            {
                call.Line($"{ShownName.Of(o)} \n{History(call, o)}");
            }
            else
            {
                var number = DescribeText.Number(revision);
                call.Line($"{ShownName.Of(o)} with revision #{number}\n"
                    + Template(call, o, revision));
            }
        }
    }

    /// <summary>The number that a ReplicaSet bears among the revisions of its
    /// Deployment.</summary>
    public static long RevisionOf(ApiObject set) =>
        long.TryParse(set.Metadata.Annotations.Get(RevisionAnnotation), NumberStyles.None,
            CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string History(Invocation call, ApiObject o)
    {
        var revisions = Revisions(call, o);
        if (revisions.Count == 0)
        {
            return "No rollout history found.";
        }
        var text = new StringBuilder("REVISION\tCHANGE-CAUSE\n");
        foreach (var (number, source) in revisions.OrderBy(r => r.Number))
        {
            var cause = TablePrinters.Text(source.Metadata.Annotations.Get(CauseAnnotation));
            text.Append(CultureInfo.InvariantCulture, $"{number}\t{cause}\n");
        }
        return TabWriter.Align(text.ToString(), padding: 2);
    }

    /// <summary>The template that a workload has in one of its revisions.</summary>
    public static PodTemplateSpec TemplateOf(Invocation call, ApiObject o, ApiObject source) =>
        (source is ReplicaSet ? source : Json.Decode(Restored(call, o, source), o.Kind)) switch
        {
            ReplicaSet set => set.Spec.Template,
            StatefulSet set => set.Spec.Template,
            DaemonSet set => set.Spec.Template,
            var other => throw new KubectlException(
                $"no history viewer has been implemented for \"{other.Kind.Name}\""),
        };

    // What a ControllerRevision keeps is a patch of the workload.
    private static JsonObject Restored(Invocation call, ApiObject o, ApiObject revision) =>
        StrategicMerge.Apply(Json.Encode(o), (JsonObject)Json.Encode(revision)["data"]!,
            call.Kinds.SchemaType(o.Kind, o.Kind.Version));

    /// <summary>The revisions of a workload by their numbers.</summary>
    public static List<(long Number, ApiObject Source)> Revisions(Invocation call, ApiObject o) =>
        o switch
        {
            Deployment d => [.. DescribeDeployment.Owned(call, d)
                .Select(set => (RevisionOf(set), (ApiObject)set)).Where(r => r.Item1 > 0)],
            StatefulSet or DaemonSet => [.. call.List<ControllerRevision>(o.Metadata.Namespace)
                .Where(r => r.IsControlledBy(o.Metadata.Uid))
                .Select(r => (r.Revision, (ApiObject)r))],
            _ => throw new KubectlException(
                $"no history viewer has been implemented for \"{o.Kind.Name}\""),
        };

    private static string Template(Invocation call, ApiObject o, long revision)
    {
        var source = Revisions(call, o).Find(r => r.Number == revision).Source
            ?? throw new KubectlException("unable to find the specified revision");
        var text = new DescribeText(call);
        DescribeContainers.WriteTemplate(text, TemplateOf(call, o, source));
        return text.ToString();
    }
}
