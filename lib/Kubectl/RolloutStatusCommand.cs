namespace KubeSim;

/// <summary><c>kubectl rollout status</c>: lets time pass until a rollout is done, and prints a
/// line at each change of the object until then.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go.</remarks>
internal static class RolloutStatusCommand
{
    public static readonly KubectlCommand Command = new("rollout status",
        CommandFlags.Files + "watch/w?true timeout revision selector/l", Run);

    private static void Run(Invocation call)
    {
        foreach (var o in ResourceArgs.ReadObjects(call))
        {
            Follow(call, o);
        }
    }

    private static void Follow(Invocation call, ApiObject o)
    {
        var seen = default(Revision);
        var done = false;
        var pinned = call.Flags.Number("revision") ?? 0;
        bool Look()
        {
            var now = call.Again(o.Key)
                ?? throw new KubectlException("object has been deleted");
            if (now.Metadata.ResourceVersion != seen)
            {
                seen = now.Metadata.ResourceVersion;
                if (pinned > 0 && now is Deployment
                    && RolloutHistoryCommand.RevisionOf(now) is var running && running != pinned)
                {
                    throw new KubectlException($"desired revision ({pinned}) is different from the "
                        + $"running revision ({running})");
                }
                (var text, done) = Status(now);
                call.Line(text);
            }
            return done;
        }
        if (Look() || !call.Flags.On("watch", otherwise: true))
        {
            return;
        }
        var limit = WaitCommand.Timeout(call, TimeSpan.FromHours(1));
        if (!call.Server.WaitUntil(Look, limit))
        {
            throw new KubectlException("timed out waiting for the condition");
        }
    }

    /// <summary>How far a rollout is, and whether that is the end.</summary>
    private static (string Text, bool Done) Status(ApiObject o) => o switch
    {
        Deployment d => Of(d, $"Waiting for deployment \"{d.Metadata.Name}\" rollout to finish:"),
        DaemonSet { Spec.UpdateStrategy.Type: not "RollingUpdate" }
            or StatefulSet { Spec.UpdateStrategy.Type: not "RollingUpdate" } =>
            throw new KubectlException(
                "rollout status is only available for RollingUpdate strategy type"),
        DaemonSet s => Of(s, $"Waiting for daemon set \"{s.Metadata.Name}\" rollout to finish:"),
        StatefulSet s => Of(s),
        _ => throw new KubectlException(
            $"no status viewer has been implemented for {o.Kind.Qualified}"),
    };

    private static (string, bool) Observing(string what) =>
        ($"Waiting for {what} spec update to be observed...", false);

    private static (string, bool) Of(Deployment d, string waiting)
    {
        var (status, wanted) = (d.Status, d.Spec.Replicas ?? 0);
        if (d.Metadata.Generation > (status.ObservedGeneration ?? 0))
        {
            return Observing("deployment");
        }
        if (status.Conditions.Of("Progressing")?.Reason == "ProgressDeadlineExceeded")
        {
            throw new KubectlException(
                $"deployment \"{d.Metadata.Name}\" exceeded its progress deadline");
        }
        var (updated, available) = (status.UpdatedReplicas, status.AvailableReplicas);
        return updated < wanted
                ? ($"{waiting} {updated} out of {wanted} new replicas have been updated...", false)
            : status.Replicas > updated ? ($"{waiting} {status.Replicas - updated} old replicas "
                + $"are pending termination...", false)
            : available < updated ? ($"{waiting} {available} of {updated} updated replicas are "
                + $"available...", false)
            : ($"deployment \"{d.Metadata.Name}\" successfully rolled out", true);
    }

    private static (string, bool) Of(DaemonSet s, string waiting)
    {
        var (status, wanted) = (s.Status, s.Status.DesiredNumberScheduled);
        var (updated, available) = (status.UpdatedNumberScheduled, status.NumberAvailable);
        return s.Metadata.Generation > (status.ObservedGeneration ?? 0) ? Observing("daemon set")
            : updated < wanted
                ? ($"{waiting} {updated} out of {wanted} new pods have been updated...", false)
            : available < wanted
                ? ($"{waiting} {available} of {wanted} updated pods are available...", false)
            : ($"daemon set \"{s.Metadata.Name}\" successfully rolled out", true);
    }

    private static (string, bool) Of(StatefulSet s)
    {
        var (status, wanted) = (s.Status, s.Spec.Replicas ?? 0);
        if (status.ObservedGeneration is null or 0
            || s.Metadata.Generation > status.ObservedGeneration)
        {
            return Observing("statefulset");
        }
        if (status.ReadyReplicas < wanted)
        {
            return ($"Waiting for {wanted - status.ReadyReplicas} pods to be ready...", false);
        }
        var updated = status.UpdatedReplicas;
        if (s.Spec.UpdateStrategy.RollingUpdate?.Partition is > 0 and var partition)
        {
            return updated < wanted - partition
                ? ($"Waiting for partitioned roll out to finish: {updated} out of "
                    + $"{wanted - partition} new pods have been updated...", false)
                : ($"partitioned roll out complete: {updated} new pods have been updated...",
                    true);
        }
        return status.UpdateRevision != status.CurrentRevision
            ? ($"waiting for statefulset rolling update to complete {updated} pods at revision "
                + $"{status.UpdateRevision}...", false)
            : ($"statefulset rolling update complete {status.CurrentReplicas} pods at revision "
                + $"{status.CurrentRevision}...", true);
    }
}
