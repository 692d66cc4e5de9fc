namespace KubeSim;

/// <summary>
/// The conditions that the kubelet gives a pod: PodReadyToStartContainers (it has a sandbox with
/// an address), Initialized (the init containers are through), ContainersReady (every container is
/// ready), Ready (and every readiness gate is open).
/// Models pkg/kubelet/status/generate.go.
/// </summary>
internal static class PodConditions
{
    public static PodCondition Sandbox(Pod pod, PodView view)
    {
        var ready = view.ReadySandbox is { } sandbox
            && (pod.Spec.HostNetwork == true || !sandbox.Ips.IsEmpty);
        return New("PodReadyToStartContainers", ready);
    }

    public static PodCondition Initialized(
        PodSpec spec, Seq<ContainerStatus> inits, Seq<ContainerStatus> mains, string phase)
    {
        var (unknown, open) = (new List<string>(), new List<string>());
        foreach (var container in spec.InitContainers)
        {
            var status = PodPhases.Named(inits, container.Name);
            if (status is null)
            {
                unknown.Add(container.Name);
            }
            else if (container.IsSidecar ? status.Started != true : !status.Ready)
            {
                open.Add(container.Name);
            }
        }
        if (phase == "Succeeded" && unknown.Count == 0)
        {
            return New("Initialized", true, "PodCompleted");
        }
        if (unknown.Count + open.Count > 0 && HaveMainsStarted(mains))
        {
            // Once the main containers ran, initialization is over: a sidecar may start again.
            return New("Initialized", true);
        }
        var message = Message("incomplete", "unknown", unknown, open);
        return message is null ? New("Initialized", true)
            : New("Initialized", false, "ContainersNotInitialized", message);
    }

    public static PodCondition ContainersReady(
        PodSpec spec, Seq<ContainerStatus> inits, Seq<ContainerStatus> mains, string phase)
    {
        if (phase is "Succeeded" or "Failed")
        {
            return New("ContainersReady", false,
                phase == "Succeeded" ? "PodCompleted" : "PodFailed");
        }
        List<string>? unknown = null, unready = null;
        for (var i = 0; i < spec.ContainerCount; i++)
        {
            if (spec.RunsToEnd(i))
            {
                continue;
            }
            var name = spec.ContainerAt(i).Name;
            var status = PodPhases.Named(spec.IsInit(i) ? inits : mains, name);
            if (status is null)
            {
                (unknown ??= []).Add(name);
            }
            else if (!status.Ready)
            {
                (unready ??= []).Add(name);
            }
        }
        var message = Message("unready", "unknown", unknown ?? [], unready ?? []);
        return message is null ? New("ContainersReady", true)
            : New("ContainersReady", false, "ContainersNotReady", message);
    }

    public static PodCondition Ready(
        PodSpec spec, PodCondition containersReady, Seq<PodCondition> conditions)
    {
        var ready = containersReady with { Type = "Ready" };
        if (containersReady.Status != "True")
        {
            return ready;
        }
        var closed = new List<string>();
        foreach (var gate in spec.ReadinessGates)
        {
            var type = gate.ConditionType;
            if (conditions.Of(type) is not { } condition)
            {
                closed.Add("corresponding condition of pod readiness gate "
                    + $"\"{type}\" does not exist.");
            }
            else if (condition.Status != "True")
            {
                closed.Add($"the status of pod readiness gate \"{type}\" is not \"True\", but "
                    + condition.Status);
            }
        }
        return closed.Count == 0 ? ready
            : New("Ready", false, "ReadinessGatesNotReady", string.Join(", ", closed));
    }

    /// <summary>Puts the kubelet's conditions in the place of those of their types; what others
    /// wrote stays. A time moves only when the status does.</summary>
    public static Seq<PodCondition> Merge(Pod pod, ReadOnlySpan<PodCondition> ours, Time now)
    {
        var merged = new List<PodCondition>();
        foreach (var condition in pod.Status.Conditions)
        {
            if (condition.Type != "PodScheduled" && Of(ours, condition.Type) is null)
            {
                merged.Add(condition);
            }
        }
        foreach (var condition in ours)
        {
            var before = pod.Status.Conditions.Of(condition.Type);
            var same = before?.Status == condition.Status;
            merged.Add(condition with
            {
                ObservedGeneration = pod.Metadata.Generation,
                LastTransitionTime = same ? before!.LastTransitionTime : now,
            });
        }
        merged.Add(pod.Status.Conditions.Of("PodScheduled")
            ?? New("PodScheduled", true) with { LastTransitionTime = now });
        return [.. merged];
    }

    /// <summary>The conditions that are not the kubelet's.</summary>
    public static Seq<PodCondition> OfOthers(Seq<PodCondition> conditions) =>
        conditions.Where(c => c.Type is not ("PodScheduled" or "Ready" or "Initialized"
            or "ContainersReady" or "PodReadyToStartContainers")).ToSeq();

    /// <summary>That the kubelet itself ends a pod before its time.</summary>
    public static PodCondition Disrupted(string message, Pod pod, Time now) =>
        New("DisruptionTarget", true, "TerminationByKubelet", message) with
        {
            ObservedGeneration = pod.Metadata.Generation, LastTransitionTime = now,
        };

    private static PodCondition? Of(ReadOnlySpan<PodCondition> conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (condition.Type == type)
            {
                return condition;
            }
        }
        return null;
    }

    private static bool HaveMainsStarted(Seq<ContainerStatus> mains)
    {
        foreach (var status in mains)
        {
            if (status.State is { Running: not null } or { Terminated: not null }
                || status.LastState.Terminated is not null)
            {
                return true;
            }
        }
        return false;
    }

    private static string? Message(
        string open, string unknown, List<string> unknowns, List<string> opens)
    {
        if (unknowns.Count + opens.Count == 0)
        {
            return null;
        }
        var parts = new List<string>(2);
        if (unknowns.Count > 0)
        {
            parts.Add($"containers with {unknown} status: [{string.Join(' ', unknowns)}]");
        }
        if (opens.Count > 0)
        {
            parts.Add($"containers with {open} status: [{string.Join(' ', opens)}]");
        }
        return string.Join(", ", parts);
    }

    private static PodCondition New(
        string type, bool status, string? reason = null, string? message = null) => new()
        {
            Type = type, Status = status ? "True" : "False", Reason = reason, Message = message,
        };
}
