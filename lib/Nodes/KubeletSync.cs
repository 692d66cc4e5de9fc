namespace KubeSim;

/// <summary>
/// One sync of a pod: status first, then what is to be done, in the order kill, sandbox, init
/// containers, main containers. When a container could not be started the sync is tried again after
/// 10 to 15 s; back-offs are only looked at then, which is why a restart after a back-off of 10 s
/// comes a little later than that.
/// Models pkg/kubelet/kubelet.go (SyncPod) and kuberuntime/kuberuntime_manager.go (SyncPod).
/// </summary>
public sealed partial class Kubelet
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(2);

    private void Sync(PodWorker worker)
    {
        (worker.Dirty, worker.NextSync) = (false, null);
        if (!worker.Admitted && !Admit(worker))
        {
            return;
        }
        Charge(worker);
        var view = worker.View = ViewOf(worker);
        if (worker.Deadline <= Now)
        {
            worker.Verdict = new("DeadlineExceeded",
                "Pod was active on the node longer than the specified deadline");
            api.Event(worker.Pod, "Normal", worker.Verdict.Reason, "{0}", worker.Verdict.Message);
            worker.Finished = true;
            Terminate(worker);
            return;
        }
        var status = PodStatusMaker.Make(worker, view, machine, Now, isTerminal: false);
        if (status.Phase is "Succeeded" or "Failed")
        {
            Finish(worker, status);
            return;
        }
        Write(worker, status);
        if (!Mount(worker))
        {
            return;
        }
        Project(worker);
        TellMissingSecrets(worker.Pod);
        var actions = PodActions.Of(worker.Pod, view, worker.Probes);
        (worker.Failed, worker.Acted) = (false, false);
        worker.ToStart.Clear();
        actions.EphemeralToStart.ForEach(i =>
            worker.ToStart.Enqueue(i + worker.Pod.Spec.ContainerCount));
        actions.InitToStart.ForEach(worker.ToStart.Enqueue);
        actions.ToStart.ForEach(i =>
            worker.ToStart.Enqueue(i + worker.Pod.Spec.InitContainers.Count));
        worker.NewSandbox = actions.CreateSandbox ? actions.Attempt : null;
        worker.SandboxId = actions.SandboxId ?? "";
        if (actions.CreateSandbox && actions.SandboxId is not null)
        {
            api.Event(worker.Pod, "Normal", "SandboxChanged",
                "Pod sandbox changed, it will be killed and re-created.");
        }
        var gone = Now;
        if (actions.KillPod)
        {
            gone = KillPod(worker, view);
        }
        foreach (var (container, message, reason) in actions.ToKill)
        {
            var end = Kill(worker, container, message, reason, null);
            gone = end > gone ? end : gone;
        }
        if (gone > Now)
        {
            (worker.Stage, worker.Due, worker.Acted) = (Stage.Killing, gone, true);
            return;
        }
        StartSandbox(worker);
    }

    /// <summary>Kills what runs in a pod that cannot go on like this; the answer is when it is
    /// gone.</summary>
    private DateTime KillPod(PodWorker worker, PodView view)
    {
        var gone = Now;
        foreach (var container in view.Containers)
        {
            if (container.State == CriContainerState.Running)
            {
                var end = Kill(worker, container, null, KillReason.Other, null);
                gone = end > gone ? end : gone;
            }
        }
        if (worker.NewSandbox is not null && gone == Now)
        {
            StopSandboxes(view);
        }
        return gone;
    }

    private void StopSandboxes(PodView view)
    {
        foreach (var sandbox in view.Sandboxes)
        {
            machine.Runtime.StopPodSandbox(sandbox.Id);
        }
    }

    /// <summary>Stops a container: its preStop hook, the stop signal, and the kill after what is
    /// left of its grace. The answer is when it is gone.</summary>
    private DateTime Kill(PodWorker worker, CriContainerStatus status, string? message,
        KillReason reason, TimeSpan? most)
    {
        var pod = worker.Pod;
        var container = ContainerOf(pod, status.Config.Name);
        var grace = most ?? GraceOf(pod, container, reason);
        if (container is not null)
        {
            api.EventAt(pod, PathOf(pod, container), "Normal", "Killing", "{0}",
                message ?? $"Stopping container {container.Name}");
        }
        var hook = container?.Lifecycle?.PreStop is { } preStop && grace > TimeSpan.Zero
            ? PreStop(pod, container, status.Id, preStop, grace) : TimeSpan.Zero;
        var left = grace - hook > LeastGrace ? grace - hook : LeastGrace;
        left = grace == TimeSpan.Zero ? grace : left;
        api.Did(hook > TimeSpan.Zero ? "ran the preStop hook of container {0}, then SIGTERM"
            : "sent SIGTERM to container {0}", status.Config.Name);
        return Now + machine.Runtime.StopContainer(status.Id, hook, left).Takes;
    }

    /// <summary>The seconds between the stop signal and the kill.</summary>
    internal static TimeSpan GraceOf(Pod pod, Container? container, KillReason reason)
    {
        var own = reason switch
        {
            KillReason.StartupProbe => container?.StartupProbe?.TerminationGracePeriodSeconds,
            KillReason.LivenessProbe => container?.LivenessProbe?.TerminationGracePeriodSeconds,
            _ => null,
        };
        var seconds = pod.Metadata.DeletionGracePeriodSeconds
            ?? (pod.Spec.TerminationGracePeriodSeconds is { } spec ? own ?? spec : null);
        var grace = TimeSpan.FromSeconds(seconds ?? 0);
        return grace > LeastGrace ? grace : LeastGrace;
    }

    private static Container? ContainerOf(Pod pod, string name)
    {
        for (var i = 0; i < pod.Spec.AllCount; i++)
        {
            if (pod.Spec.ContainerAt(i) is var container && container.Name == name)
            {
                return container;
            }
        }
        return null;
    }

    private void StartSandbox(PodWorker worker)
    {
        if (worker.NewSandbox is not { } attempt)
        {
            StartNext(worker);
            return;
        }
        StopSandboxes(worker.View);
        worker.NewSandbox = null;
        var pod = worker.Pod;
        var made = machine.Runtime.RunPodSandbox(new(new(pod.Metadata.Name, worker.Uid,
            pod.Metadata.Namespace, attempt), HostNameOf(pod),
            pod.Spec.HostNetwork == true)
        {
            Labels = pod.Metadata.Labels, Linux = CgroupRules.Of(pod),
            QosClass = pod.Status.QosClass ?? pod.QosClass,
            PortMappings = pod.Spec.Containers.SelectMany(c => c.Ports).ToSeq(),
        });
        if (made.Error is { } error)
        {
            api.Event(pod, "Warning", "FailedCreatePodSandBox",
                "Failed to create pod sandbox: {0}", error);
            worker.ToStart.Clear();
            worker.Failed = true;
            EndSync(worker);
            return;
        }
        api.Did("made the sandbox of pod {0}/{1}", pod.Metadata.Namespace, pod.Metadata.Name);
        (worker.SandboxId, worker.Acted) = (made.Value!, true);
        (worker.Stage, worker.Due) = (Stage.Sandbox, Now + made.Takes);
    }

    private void EndSync(PodWorker worker)
    {
        worker.View = ViewOf(worker);
        if (worker.Failed)
        {
            var after = RetryAfter * (1 + api.Random.NextDouble() / 2);
            (worker.NextSync, worker.SyncPace) = (Relist(Now + after), Pace.Retry);
        }
        if (worker.Acted && worker.View.ChangesAt is null)
        {
            // The runtime's own news, a sandbox or the end of a container, come with the relist.
            (worker.NextSync, worker.SyncPace) =
                (Relist(Now + TimeSpan.FromTicks(1)), Pace.Progress);
        }
    }

    /// <summary>Writes a status if it says anything new.</summary>
    private void Write(PodWorker worker, PodStatus status)
    {
        worker.SendAgain = null;
        if (worker.Gone || status == worker.Pod.Status)
        {
            return;
        }
        if (IsStatic(worker.Pod))
        {
            // The API has a mirror of it, which is told afterwards.
            worker.Pod = worker.Pod with { Status = status };
            return;
        }
        try
        {
            worker.Pod = api.UpdateStatus(worker.Pod with { Status = status });
        }
        catch (ApiException refused) when (refused.IsNotFound)
        {
            // It is gone; that will be seen.
        }
        catch (ApiException refused)
        {
            worker.SendAgain = Now + (refused.IsConflict ? Conflict : RetryAfter);
        }
    }
}
