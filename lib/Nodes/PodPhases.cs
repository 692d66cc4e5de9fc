namespace KubeSim;

/// <summary>
/// The phase of a pod, from the states of its containers.
/// <para>Pending until every container has run once, Running while one runs or will run again,
/// and then Succeeded when all ended with 0, else Failed. A pod with a container that will start
/// again, by restartPolicy or by the container's own rules, does not end of itself.</para>
/// Models pkg/kubelet/kubelet_pods.go (getPhase).
/// </summary>
internal static class PodPhases
{
    public static string Of(PodSpec spec, Seq<ContainerStatus> inits, Seq<ContainerStatus> mains,
        bool isTerminal)
    {
        var (pending, starting, failed, lost) = Initialization(spec, inits);
        // Sidecars that start again do not take a running pod back to Pending.
        pending += HasStarted(mains, spec) ? 0 : starting;
        if (lost)
        {
            return "Failed";
        }
        int unknown = 0, running = 0, waiting = 0, stopped = 0, succeeded = 0, again = 0;
        foreach (var container in spec.Containers)
        {
            switch (Named(mains, container.Name)?.State)
            {
                case { Running: not null }:
                    running++;
                    break;
                case { Terminated: { } end }:
                    stopped++;
                    succeeded += end.ExitCode == 0 ? 1 : 0;
                    again += container.StartsAgain(spec, end.ExitCode) ? 1 : 0;
                    break;
                case { Waiting: not null }:
                    var before = Named(mains, container.Name)!.LastState.Terminated;
                    stopped += before is not null ? 1 : 0;
                    again += before is not null ? 1 : 0;
                    waiting += before is null ? 1 : 0;
                    break;
                default:
                    unknown++;
                    break;
            }
        }
        return pending > 0 || failed > 0 || waiting > 0 ? "Pending"
            : running > 0 && unknown == 0 ? "Running"
            : running > 0 || stopped == 0 || unknown > 0 ? "Pending"
            : isTerminal ? (stopped == succeeded ? "Succeeded" : "Failed")
            : again > 0 ? "Running" : stopped == succeeded ? "Succeeded" : "Failed";
    }

    private static bool HasStarted(Seq<ContainerStatus> mains, PodSpec spec)
    {
        foreach (var container in spec.Containers)
        {
            if (Named(mains, container.Name) is { } status
                && (status.State.Running ?? (object?)status.State.Terminated
                    ?? status.LastState.Terminated) is not null)
            {
                return true;
            }
        }
        return false;
    }

    private static (int Pending, int Starting, int Failed, bool Lost) Initialization(
        PodSpec spec, Seq<ContainerStatus> inits)
    {
        int pending = 0, starting = 0, failed = 0;
        var lost = false;
        foreach (var container in spec.InitContainers)
        {
            var status = Named(inits, container.Name);
            if (container.IsSidecar)
            {
                var isUp = status?.State switch
                {
                    { Running: not null } => status.Started == true,
                    { Waiting: not null } => status.LastState.Terminated is not null,
                    { Terminated: not null } => true,
                    _ => false,
                };
                starting += isUp ? 0 : 1;
                continue;
            }
            switch (status?.State)
            {
                case { Running: not null }:
                    pending++;
                    break;
                case { Terminated: { } end }:
                    failed += end.ExitCode != 0 ? 1 : 0;
                    lost |= end.ExitCode != 0 && !container.StartsAgain(spec, end.ExitCode);
                    break;
                case { Waiting: not null } when status.LastState.Terminated is { } before:
                    failed += before.ExitCode != 0 ? 1 : 0;
                    lost |= before.ExitCode != 0 && !container.StartsAgain(spec, before.ExitCode);
                    pending += before.ExitCode == 0 ? 1 : 0;
                    break;
                default:
                    pending++;
                    break;
            }
        }
        return (pending, starting, failed, lost);
    }

    internal static ContainerStatus? Named(Seq<ContainerStatus> statuses, string name)
    {
        foreach (var status in statuses)
        {
            if (status.Name == name)
            {
                return status;
            }
        }
        return null;
    }
}
