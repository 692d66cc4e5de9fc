namespace KubeSim;

/// <summary>
/// The status of a pod, from what the runtime says, what the probes came to, and why containers
/// could not be started. Statuses of main containers are sorted by name, of init containers in the
/// order of the pod.
/// <para>A container that ended and is due to start again is shown as Terminated until the kubelet
/// has tried and failed to start it: only then as Waiting, with that reason (CrashLoopBackOff,
/// ImagePullBackOff) and its end in lastState.</para>
/// Models pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, convertToAPIContainerStatuses).
/// </summary>
internal static class PodStatusMaker
{
    public static PodStatus Make(PodWorker worker, PodView view, SimMachine machine, DateTime now,
        bool isTerminal)
    {
        var pod = worker.Pod;
        var (spec, old) = (pod.Spec, pod.Status);
        var inits = Inits(worker, view, machine);
        var mains = Mains(worker, view, machine);
        var phase = PodPhases.Of(spec, inits, mains, isTerminal);
        if (old.Phase is "Succeeded" or "Failed")
        {
            phase = old.Phase;
        }
        var verdict = isTerminal ? worker.Verdict : null;
        phase = verdict is null && !(isTerminal && worker.Eviction is not null) ? phase : "Failed";
        var containersReady = PodConditions.ContainersReady(spec, inits, mains, phase);
        ReadOnlySpan<PodCondition> conditions =
        [
            PodConditions.Sandbox(pod, view),
            PodConditions.Initialized(spec, inits, mains, phase),
            PodConditions.Ready(spec, containersReady, old.Conditions),
            containersReady,
        ];
        var status = old with
        {
            ObservedGeneration = pod.Metadata.Generation,
            Phase = phase,
            Conditions = PodConditions.Merge(pod, conditions, now),
            StartTime = old.StartTime ?? now,
            InitContainerStatuses = inits.IsEmpty ? default : inits,
            ContainerStatuses = mains,
            EphemeralContainerStatuses = Ephemerals(worker, view, machine),
            QosClass = old.QosClass ?? pod.QosClass,
        };
        status = verdict is null ? status : status with
        {
            Reason = verdict.Reason, Message = verdict.Message,
            Conditions = verdict.Disruption is not { } why ? status.Conditions
                : status.Conditions.With(PodConditions.Disrupted(why, pod, now)),
        };
        if (worker.Eviction is { } eviction)
        {
            status = status with
            {
                Reason = "Evicted", Message = eviction.Message,
                Conditions = eviction.Condition is { } condition
                    ? status.Conditions.With(condition) : status.Conditions,
            };
        }
        return WithAddresses(status, pod, view, machine);
    }

    private static PodStatus WithAddresses(
        PodStatus status, Pod pod, PodView view, SimMachine machine)
    {
        var host = machine.Address;
        if (host.Length > 0 && status.HostIP != host)
        {
            status = status with { HostIP = host, HostIPs = [new() { Ip = host }] };
        }
        var ip = pod.Spec.HostNetwork == true ? (view.Sandboxes.IsUnset ? null : host)
            : view.ReadySandbox is { Ips: { IsEmpty: false } ips } ? ips[0] : null;
        // An address that was told stays until there is another one.
        return string.IsNullOrEmpty(ip) || status.PodIP == ip ? status
            : status with { PodIP = ip, PodIPs = [new() { Ip = ip }] };
    }

    private static Seq<ContainerStatus> Inits(
        PodWorker worker, PodView view, SimMachine machine)
    {
        var count = worker.Pod.Spec.InitContainers.Count;
        if (count == 0)
        {
            return [];
        }
        var statuses = new ContainerStatus[count];
        for (var i = 0; i < count; i++)
        {
            statuses[i] = Of(worker, view, i, machine);
        }
        return [.. statuses];
    }

    private static Seq<ContainerStatus> Ephemerals(
        PodWorker worker, PodView view, SimMachine machine)
    {
        var spec = worker.Pod.Spec;
        return spec.EphemeralContainers.IsEmpty ? default
            : Enumerable.Range(spec.ContainerCount, spec.EphemeralContainers.Count)
                .Select(i => Of(worker, view, i, machine) with { Ready = false, Started = null })
                .ToSeq();
    }

    private static Seq<ContainerStatus> Mains(
        PodWorker worker, PodView view, SimMachine machine)
    {
        var spec = worker.Pod.Spec;
        var statuses = new ContainerStatus[spec.Containers.Count];
        for (var i = 0; i < statuses.Length; i++)
        {
            statuses[i] = Of(worker, view, spec.InitContainers.Count + i, machine);
        }
        if (statuses.Length > 1)
        {
            Array.Sort(statuses, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        }
        return [.. statuses];
    }

    private static ContainerStatus Of(
        PodWorker worker, PodView view, int i, SimMachine machine)
    {
        var spec = worker.Pod.Spec;
        var container = spec.ContainerAt(i);
        var runs = view.Find(container.Name);
        var status = runs is null ? Untried(worker.Pod, container)
            : Converted(runs, view.Find(container.Name, 1), container,
                ended => TerminationMessage.Of(machine, worker.Pod, container, ended));
        var running = status.State.Running is not null;
        var probes = worker.Probes;
        var started = running
            && (probes?.Has(container.Name, ProbeKind.Startup) != true
                || probes.Result(container.Name, ProbeKind.Startup) == true);
        var ready = spec.RunsToEnd(i) ? status.State.Terminated is { ExitCode: 0 }
            : running && started && (probes?.Has(container.Name, ProbeKind.Readiness) != true
                || probes.Result(container.Name, ProbeKind.Readiness) == true);
        status = status with { Ready = ready, Started = started };
        if (worker.ReasonOf(i) is not { } why || status.State.Running is not null
            || (spec.RunsToEnd(i) && status.State.Terminated is { ExitCode: 0 })
            || !PodActions.ShouldStart(worker.Pod, container, runs))
        {
            return status;
        }
        return status with
        {
            LastState = status.State.Terminated is null ? status.LastState : status.State,
            State = new() { Waiting = new() { Reason = why.Reason, Message = why.Message } },
        };
    }

    private static ContainerStatus Untried(Pod pod, Container container)
    {
        var old = pod.StatusOf(container.Name);
        return new()
        {
            Name = container.Name, Image = container.Image ?? "",
            RestartCount = old?.RestartCount ?? 0,
            LastState = old?.LastState ?? ContainerState.None,
            State = new()
            {
                Waiting = new()
                {
                    Reason = pod.Spec.InitContainers.IsEmpty
                        ? "ContainerCreating" : "PodInitializing",
                },
            },
        };
    }

    private static ContainerStatus Converted(CriContainerStatus runs, CriContainerStatus? before,
        Container container, Func<CriContainerStatus, string?> message)
    {
        var limits = container.Resources;
        return new()
        {
            Name = container.Name, State = StateOf(runs, message),
            LastState = before is { State: CriContainerState.Exited }
                ? StateOf(before, message) : ContainerState.None,
            RestartCount = runs.Config.Attempt,
            Image = runs.ImageName, ImageID = runs.ImageIdTold, ContainerID = IdOf(runs),
            Resources = limits == ResourceRequirements.None ? null : limits,
            AllocatedResources = limits.Requests,
        };
    }

    private static string IdOf(CriContainerStatus runs) => $"{runs.Scheme}://{runs.Id}";

    private static ContainerState StateOf(CriContainerStatus runs,
        Func<CriContainerStatus, string?> message) => runs.State switch
    {
        CriContainerState.Running => new() { Running = new() { StartedAt = runs.StartedAt } },
        CriContainerState.Exited => new()
        {
            Terminated = new()
            {
                ExitCode = runs.ExitCode, Reason = runs.Reason, StartedAt = runs.StartedAt,
                Message = message(runs),
                FinishedAt = runs.FinishedAt, ContainerID = IdOf(runs),
            },
        },
        _ => new() { Waiting = new() { Reason = "ContainerCreating" } },
    };
}
