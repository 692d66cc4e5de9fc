using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl rollout restart</c>, <c>pause</c> and <c>resume</c>.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/rollout.</remarks>
internal static class RolloutCommands
{
    private const string OwnFlags = "selector/l filename/f output/o field-manager";

    public static readonly KubectlCommand Restart = new("rollout restart", OwnFlags, RunRestart);

    public static readonly KubectlCommand Pause =
        new("rollout pause", OwnFlags, static call => SetPaused(call, pause: true));

    public static readonly KubectlCommand Resume =
        new("rollout resume", OwnFlags, static call => SetPaused(call, pause: false));

    private static void RunRestart(Invocation call)
    {
        foreach (var o in ResourceArgs.ReadObjects(call, call.Args))
        {
            if (o is Deployment { Spec.Paused: true })
            {
                call.Fail($"error: {o.Kind.Resource} \"{o.Metadata.Name}\" can't restart paused "
                    + "deployment (run rollout resume first)");
                continue;
            }
            if (o is not (Deployment or StatefulSet or DaemonSet))
            {
                call.Fail($"error: {o.Kind.Resource} \"{o.Metadata.Name}\" restarting is not "
                    + "supported");
                continue;
            }
            var patch = Nested(((Time)call.Now).ToString(), "spec", "template", "metadata",
                "annotations", "kubectl.kubernetes.io/restartedAt");
            if (PatchCommand.Send(call, o, PatchKind.StrategicMerge, patch) is not null)
            {
                call.Line($"{ShownName.Of(o)} restarted");
            }
        }
    }

    private static void SetPaused(Invocation call, bool pause)
    {
        foreach (var o in ResourceArgs.ReadObjects(call, call.Args))
        {
            var about = $"error: {o.Kind.Resource} \"{o.Metadata.Name}\"";
            if (o is not Deployment deployment)
            {
                call.Fail($"{about} {(pause ? "pausing" : "resuming")} is not supported");
                continue;
            }
            if ((deployment.Spec.Paused == true) == pause)
            {
                call.Fail($"{about} is {(pause ? "already" : "not")} paused");
                continue;
            }
            var patch = Nested(pause ? true : null, "spec", "paused");
            if (PatchCommand.Send(call, o, PatchKind.StrategicMerge, patch) is not null)
            {
                call.Line($"{ShownName.Of(o)} {(pause ? "paused" : "resumed")}");
            }
        }
    }

    /// <summary>A value at the end of a path of fields.</summary>
    private static JsonObject Nested(JsonNode? value, params ReadOnlySpan<string> path)
    {
        var node = value;
        for (var i = path.Length - 1; i >= 0; i--)
        {
            node = new JsonObject { [path[i]] = node };
        }
        return node!.AsObject();
    }
}
