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
        Deployment d => Of(d),
        DaemonSet s => Of(s),
        StatefulSet s => Of(s),
        _ => throw new KubectlException(
            $"no status viewer has been implemented for {o.Kind.Qualified}"),
    };

    private static (string, bool) Of(Deployment d)
    {
        var (name, status, wanted) = (d.Metadata.Name, d.Status, d.Spec.Replicas ?? 0);
        if (d.Metadata.Generation > (status.ObservedGeneration ?? 0))
        {
            return ("Waiting for deployment spec update to be observed...", false);
        }
        if (status.Conditions.Of("Progressing")?.Reason == "ProgressDeadlineExceeded")
        {
            throw new KubectlException($"deployment \"{name}\" exceeded its progress deadline");
        }
        var waiting = $"Waiting for deployment \"{name}\" rollout to finish:";
        var (updated, available) = (status.UpdatedReplicas, status.AvailableReplicas);
        return updated < wanted
                ? ($"{waiting} {updated} out of {wanted} new replicas have been updated...",
                    false)
            : status.Replicas > updated
                ? ($"{waiting} {status.Replicas - updated} old replicas are pending "
                    + $"termination...", false)
            : available < updated
                ? ($"{waiting} {available} of {updated} updated replicas are available...",
                    false)
            : ($"deployment \"{name}\" successfully rolled out", true);
    }

    private static (string, bool) Of(DaemonSet s)
    {
        var (name, status, wanted) = (s.Metadata.Name, s.Status, s.Status.DesiredNumberScheduled);
        if (s.Spec.UpdateStrategy.Type != "RollingUpdate")
        {
            throw WrongStrategy();
        }
        if (s.Metadata.Generation > (status.ObservedGeneration ?? 0))
        {
            return ("Waiting for daemon set spec update to be observed...", false);
        }
        var waiting = $"Waiting for daemon set \"{name}\" rollout to finish:";
        return status.UpdatedNumberScheduled < wanted
                ? ($"{waiting} {status.UpdatedNumberScheduled} out of {wanted} new pods have "
                    + $"been updated...", false)
            : status.NumberAvailable < wanted
                ? ($"{waiting} {status.NumberAvailable} of {wanted} updated pods are "
                    + $"available...", false)
            : ($"daemon set \"{name}\" successfully rolled out", true);
    }

    private static (string, bool) Of(StatefulSet s)
    {
        var (status, wanted) = (s.Status, s.Spec.Replicas ?? 0);
        if (s.Spec.UpdateStrategy.Type != "RollingUpdate")
        {
            throw WrongStrategy();
        }
        if (status.ObservedGeneration is null or 0
            || s.Metadata.Generation > status.ObservedGeneration)
        {
            return ("Waiting for statefulset spec update to be observed...", false);
        }
        if (status.ReadyReplicas < wanted)
        {
            return ($"Waiting for {wanted - status.ReadyReplicas} pods to be ready...",
                false);
        }
        if (s.Spec.UpdateStrategy.RollingUpdate?.Partition is > 0 and var partition)
        {
            return status.UpdatedReplicas < wanted - partition
                ? ($"Waiting for partitioned roll out to finish: {status.UpdatedReplicas} out "
                    + $"of {wanted - partition} new pods have been updated...", false)
                : ($"partitioned roll out complete: {status.UpdatedReplicas} new pods have "
                    + $"been updated...", true);
        }
        return status.UpdateRevision != status.CurrentRevision
            ? ($"waiting for statefulset rolling update to complete {status.UpdatedReplicas} "
                + $"pods at revision {status.UpdateRevision}...", false)
            : ($"statefulset rolling update complete {status.CurrentReplicas} pods at "
                + $"revision {status.CurrentRevision}...", true);
    }

    private static KubectlException WrongStrategy() =>
        new("rollout status is only available for RollingUpdate strategy type");
}
