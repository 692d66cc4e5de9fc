using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>kubectl rollout restart</c>, <c>pause</c> and <c>resume</c>.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/rollout.</remarks>
internal static class RolloutCommands
{
    private const string OwnFlags =
        CommandFlags.Files + "output/o template field-manager selector/l";

    public static readonly KubectlCommand Restart = new("rollout restart", OwnFlags, RunRestart);

    public static readonly KubectlCommand Pause =
        new("rollout pause", OwnFlags, static call => SetPaused(call, pause: true));

    public static readonly KubectlCommand Resume =
        new("rollout resume", OwnFlags, static call => SetPaused(call, pause: false));

    private static void RunRestart(Invocation call)
    {
        foreach (var o in ResourceArgs.ReadObjects(call))
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
            Change(call, o, "restarted", Tree.Of(("spec.template.metadata.annotations",
                new JsonObject
                {
                    ["kubectl.kubernetes.io/restartedAt"] = ((Time)call.Now).ToString(),
                })));
        }
    }

    private static void SetPaused(Invocation call, bool pause)
    {
        foreach (var o in ResourceArgs.ReadObjects(call))
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
            Change(call, o, pause ? "paused" : "resumed",
                Tree.Of(("spec.paused", pause ? true : Tree.Gone)));
        }
    }

    private static void Change(Invocation call, ApiObject o, string done, JsonObject patch)
    {
        if (PatchCommand.Send(call, o, PatchKind.StrategicMerge, patch) is { } after)
        {
            call.Tell(after, done);
        }
    }
}
