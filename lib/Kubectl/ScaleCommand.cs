using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl scale</c>: through the scale subresource, which all workloads with replicas
/// have in common.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/scale/scale.go.</remarks>
internal static class ScaleCommand
{
    public static readonly KubectlCommand Command = new("scale",
        "replicas current-replicas resource-version filename/f selector/l all! output/o "
        + "dry-run?unchanged timeout", Run);

    private static void Run(Invocation call)
    {
        var replicas = call.Flags.Number("replicas") ?? -1;
        if (replicas < 0)
        {
            throw new KubectlException("The --replicas=COUNT flag is required, and COUNT must be "
                + "greater than or equal to 0");
        }
        var found = call.Flags.All("filename").Count > 0
            ? ResourceArgs.Fetch(call, ManifestFiles.Targets(call))
            : ResourceArgs.ReadObjects(call, call.Args);
        foreach (var o in found)
        {
            Scale(call, o, replicas);
        }
        if (found.Count == 0 && call.Result().ExitCode == 0)
        {
            throw new KubectlException("no objects passed to scale");
        }
    }

    private static void Scale(Invocation call, ApiObject o, int replicas)
    {
        var path = ResourcePath.Of(o.Key, "scale");
        if (call.Flags.Number("current-replicas") is >= 0 and var expected
            && call.Send(new(Verb.Get, path)).EnsureSuccess().Object is Scale scale
            && (scale.Spec.Replicas ?? 0) != expected)
        {
            call.Fail($"error: Expected replicas to be {DescribeText.Number(expected)}, was "
                + DescribeText.Number(scale.Spec.Replicas ?? 0));
            return;
        }
        var patch = new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } };
        if (!call.DryRunClient)
        {
            var answer = call.Send(new(Verb.Patch, path)
            {
                Body = new Payload.Patch(PatchKind.Merge, patch),
                Query = call.WriteQuery(),
            });
            if (!answer.IsSuccess)
            {
                call.Fail(ServerErrors.Text(answer.Status!));
                return;
            }
        }
        call.Line(call.Flags["output"] == "name"
            ? ShownName.Of(o) : $"{ShownName.Of(o)} scaled{call.DryRunSuffix}");
    }
}
