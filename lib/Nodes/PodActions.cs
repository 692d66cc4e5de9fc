namespace KubeSim;

/// <summary>Why a container is killed: a probe may bring a grace period of its own.</summary>
internal enum KillReason
{
    Other,
    StartupProbe,
    LivenessProbe,
}

/// <summary>
/// What the kubelet does next for a pod, worked out from what shall be and what the runtime has. A
/// pure function: it does nothing itself.
/// <para>In order: without a ready sandbox, kill what is left, make one and start from the first
/// init container. Init containers run one after the other; a sidecar (an init container that
/// restarts) counts as done once it has started. After the last one all main containers start
/// together, and from then on each that has ended starts again if the restart policy says so. When
/// none is left to run, the pod is killed: sidecars do not keep it alive.</para>
/// Models pkg/kubelet/kuberuntime/kuberuntime_manager.go and kuberuntime_container.go.
/// </summary>
internal sealed class PodActions
{
    public bool KillPod { get; private set; }

    public bool CreateSandbox { get; private set; }

    /// <summary>The number of the sandbox to make: 0 for the first.</summary>
    public int Attempt { get; private set; }

    public string? SandboxId { get; private set; }

    /// <summary>Places in the list of init containers.</summary>
    public List<int> InitToStart { get; private set; } = [];

    /// <summary>Places in the list of main containers.</summary>
    public List<int> ToStart { get; private set; } = [];

    /// <summary>Places in the list of ephemeral containers.</summary>
    public List<int> EphemeralToStart { get; } = [];

    public List<(CriContainerStatus Container, string Message, KillReason Reason)> ToKill { get; } =
        [];

    public static PodActions Of(Pod pod, PodView view, PodProbes? probes)
    {
        var actions = new PodActions();
        if (actions.NeedsSandbox(pod, view))
        {
            actions.StartAnew(pod, view);
            return actions;
        }
        // One for debugging starts once, whatever the others do, and never again.
        for (var i = 0; i < pod.Spec.EphemeralContainers.Count; i++)
        {
            if (view.Find(pod.Spec.EphemeralContainers[i].Name) is null)
            {
                actions.EphemeralToStart.Add(i);
            }
        }
        var initialized = actions.Initialize(pod, view, probes);
        if (!actions.KillPod && initialized)
        {
            actions.KeepRunning(pod, view, probes);
        }
        return actions;
    }

    /// <summary>True when a container that does not run is to be started (again).</summary>
    public static bool ShouldStart(Pod pod, Container container, CriContainerStatus? status)
    {
        if (pod.IsTerminating || status?.State == CriContainerState.Running)
        {
            return false;
        }
        if (status is null || status.State != CriContainerState.Exited)
        {
            return true;
        }
        return container.StartsAgain(pod.Spec, status.ExitCode);
    }

    private bool NeedsSandbox(Pod pod, PodView view)
    {
        if (view.Sandboxes.Count == 0)
        {
            return CreateSandbox = KillPod = true;
        }
        var newest = view.Sandboxes[0];
        (SandboxId, Attempt) = (newest.Id, newest.Metadata.Attempt);
        var ready = 0;
        foreach (var sandbox in view.Sandboxes)
        {
            ready += sandbox.Ready ? 1 : 0;
        }
        var useless = ready != 1 || !newest.Ready
            || (pod.Spec.HostNetwork != true && newest.Ips.IsEmpty);
        Attempt += useless ? 1 : 0;
        return CreateSandbox = KillPod = useless;
    }

    private void StartAnew(Pod pod, PodView view)
    {
        var policy = pod.Spec.RestartPolicy;
        if (policy == "Never" && Attempt != 0 && view.Containers.Count != 0)
        {
            CreateSandbox = false;
            return;
        }
        for (var i = 0; i < pod.Spec.Containers.Count; i++)
        {
            var succeeded = view.Find(pod.Spec.Containers[i].Name) is
            { State: CriContainerState.Exited, ExitCode: 0 };
            if (policy != "OnFailure" || !succeeded)
            {
                ToStart.Add(i);
            }
        }
        if (ToStart.Count == 0 && HasInitialized(pod, view))
        {
            CreateSandbox = false;
            return;
        }
        if (!pod.Spec.InitContainers.IsEmpty)
        {
            InitToStart.Add(0);
            ToStart = [];
        }
    }

    private static bool HasInitialized(Pod pod, PodView view)
    {
        foreach (var container in pod.Spec.Containers)
        {
            if (view.Find(container.Name) is not null)
            {
                return true;
            }
        }
        var inits = pod.Spec.InitContainers;
        return inits.IsEmpty
            || view.Find(inits[^1].Name) is { State: CriContainerState.Exited, ExitCode: 0 };
    }

    /// <summary>Goes through the init containers from the last one back to the one that the pod is
    /// at; true when all are through.</summary>
    private bool Initialize(Pod pod, PodView view, PodProbes? probes)
    {
        var inits = pod.Spec.InitContainers;
        if (inits.IsEmpty)
        {
            return true;
        }
        var through = false;
        foreach (var container in pod.Spec.Containers)
        {
            through |= view.Find(container.Name) is not null;
        }
        var passed = through;
        for (var i = inits.Count - 1; i >= 0; i--)
        {
            var (init, status) = (inits[i], view.Find(inits[i].Name));
            if (status is null)
            {
                if (passed && init.IsSidecar)
                {
                    InitToStart.Add(i);
                }
                continue;
            }
            if (passed && !init.IsSidecar)
            {
                continue;
            }
            var done = init.IsSidecar ? Sidecar(i, init, status, probes)
                : RunOnce(i, status, init.StartsAgain(pod.Spec,
                    status.State == CriContainerState.Exited ? status.ExitCode : 137));
            if (KillPod)
            {
                InitToStart = [];
                return false;
            }
            through |= done && i == inits.Count - 1;
            if (done && i < inits.Count - 1 && !passed)
            {
                InitToStart.Add(i + 1);
            }
            passed = true;
        }
        if (!passed)
        {
            InitToStart.Add(0);
        }
        InitToStart.Reverse();
        return through;
    }

    /// <summary>An init container that ends; true when it has ended well.</summary>
    private bool RunOnce(int i, CriContainerStatus status, bool restarts)
    {
        switch (status.State)
        {
            case CriContainerState.Running:
            case CriContainerState.Created when status.IsStarting:
                return false;
            case CriContainerState.Exited when status.ExitCode == 0:
                return true;
            case CriContainerState.Created:
                InitToStart.Add(i);
                return false;
        }
        if (!restarts)
        {
            KillPod = true;
            return false;
        }
        if (status.State == CriContainerState.Unknown)
        {
            KillUnknown(status, "Init container");
        }
        InitToStart.Add(i);
        return false;
    }

    /// <summary>An init container that goes on running; true when it has started, so that the
    /// next may start.</summary>
    private bool Sidecar(int i, Container init, CriContainerStatus status, PodProbes? probes)
    {
        if (status.IsStarting)
        {
            return false;
        }
        if (status.State != CriContainerState.Running)
        {
            if (status.State == CriContainerState.Unknown)
            {
                KillUnknown(status, "Init container");
            }
            InitToStart.Add(i);
            return false;
        }
        if (init.StartupProbe is not null)
        {
            var started = probes?.Result(init.Name, ProbeKind.Startup);
            if (started == false)
            {
                KillSick(i, init, status, "startup", KillReason.StartupProbe);
            }
            if (started != true)
            {
                return false;
            }
        }
        if (init.LivenessProbe is not null
            && probes?.Result(init.Name, ProbeKind.Liveness) == false)
        {
            KillSick(i, init, status, "liveness", KillReason.LivenessProbe);
        }
        return true;
    }

    private void KillSick(int i, Container init, CriContainerStatus status, string probe,
        KillReason reason)
    {
        ToKill.Add((status, $"Init container {init.Name} failed {probe} probe", reason));
        InitToStart.Add(i);
    }

    private void KillUnknown(CriContainerStatus status, string what) => ToKill.Add((status,
        $"{what} is in \"CONTAINER_UNKNOWN\" state, try killing it before restart",
        KillReason.Other));

    private void KeepRunning(Pod pod, PodView view, PodProbes? probes)
    {
        var kept = 0;
        for (var i = 0; i < pod.Spec.Containers.Count; i++)
        {
            var container = pod.Spec.Containers[i];
            var status = view.Find(container.Name);
            if (status?.IsStarting == true)
            {
                kept++;
                continue;
            }
            if (status?.State != CriContainerState.Running)
            {
                if (ShouldStart(pod, container, status))
                {
                    ToStart.Add(i);
                    if (status?.State == CriContainerState.Unknown)
                    {
                        KillUnknown(status, "Container");
                    }
                }
                continue;
            }
            var (message, reason, restart) = Verdict(pod, container, status, probes);
            if (message is null)
            {
                kept++;
                continue;
            }
            ToKill.Add((status, restart ? $"{message}, will be restarted" : message, reason));
            if (restart)
            {
                ToStart.Add(i);
            }
        }
        if (kept == 0 && ToStart.Count == 0)
        {
            KillPod = true;
            InitToStart = [];
        }
    }

    /// <summary>Why a running container is to be killed; no message when it is well.</summary>
    private static (string? Message, KillReason Reason, bool Restart) Verdict(
        Pod pod, Container container, CriContainerStatus status, PodProbes? probes)
    {
        var restart = container.StartsAgain(pod.Spec, 137);
        if (status.Config.Image != container.Image)
        {
            return ($"Container {container.Name} definition changed", KillReason.Other, true);
        }
        if (probes?.Result(container.Name, ProbeKind.Liveness) == false)
        {
            return ($"Container {container.Name} failed liveness probe", KillReason.LivenessProbe,
                restart);
        }
        return probes?.Result(container.Name, ProbeKind.Startup) == false
            ? ($"Container {container.Name} failed startup probe", KillReason.StartupProbe, restart)
            : (null, KillReason.Other, false);
    }
}
