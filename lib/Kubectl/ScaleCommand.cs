namespace KubeSim;

/// <summary><c>kubectl scale</c>: through the scale subresource, which all workloads with replicas
/// have in common.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/scale/scale.go.</remarks>
internal static class ScaleCommand
{
    public static readonly KubectlCommand Command = new("scale", CommandFlags.Files
        + "output/o template dry-run?unchanged replicas current-replicas resource-version "
        + "selector/l all! timeout", Run);

    private static void Run(Invocation call)
    {
        var replicas = call.Flags.Number("replicas") ?? -1;
        if (replicas < 0)
        {
            throw new KubectlException("The --replicas=COUNT flag is required, and COUNT must be "
                + "greater than or equal to 0");
        }
        var found = ResourceArgs.ReadObjects(call);
        if (found.Count == 0 && !call.Failed)
        {
            throw new KubectlException("no objects passed to scale");
        }
        found.ForEach(o => Scale(call, o, replicas));
    }

    private static void Scale(Invocation call, ApiObject o, int replicas)
    {
        var path = ResourcePath.Of(o.Key, "scale");
        Scale? Now() => call.Server.Send(new(Verb.Get, path)).Object as Scale;
        if (Now() is { } scale)
        {
            var (was, version) = (scale.Spec.Replicas ?? 0, $"{scale.Metadata.ResourceVersion}");
            var wrong = call.Flags.Number("current-replicas") is >= 0 and var expected
                && was != expected ? $"replicas to be {DescribeText.Number(expected)}, was "
                    + DescribeText.Number(was)
                : call.Flags["resource-version"] is { Length: > 0 } wanted && wanted != version
                    ? $"resource version to be {wanted}, was {version}" : null;
            if (wrong is not null)
            {
                call.Fail($"error: Expected {wrong}");
                return;
            }
        }
        if (!call.DryRunClient)
        {
            var answer = call.Send(new(Verb.Patch, path)
            {
                Body = new Payload.Patch(PatchKind.Merge, Tree.Of(("spec.replicas", replicas))),
                Query = call.WriteQuery(),
            });
            if (!answer.IsSuccess)
            {
                call.Fail(answer.Status!);
                return;
            }
        }
        if (call.Flags["timeout"] is { } text && GoDuration.TryParse(text, out var limit)
            && limit > TimeSpan.Zero && !call.DryRunClient && !call.DryRunServer
            && !call.Server.WaitUntil(() => Now()?.Status.Replicas == replicas, limit))
        {
            throw new KubectlException("timed out waiting for "
                + $"\"{o.Metadata.Name}\" to be synced");
        }
        call.Tell(o, "scaled");
    }
}
