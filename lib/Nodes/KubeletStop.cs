namespace KubeSim;

/// <summary>
/// The end of a pod: deleted through the API, or over of itself. Main containers get the stop
/// signal together, then sidecars one by one from the last to the first, then the sandbox goes. The
/// final status is written only when nothing runs any more, and a deleted pod is taken out of the
/// API, with a grace of 0, after that: as long as the object is there, the node is not free of it.
/// <para>Worked: deleted at 10 s with a grace of 30 s, a container that ignores SIGTERM runs until
/// 40 s, status Failed (137) at 40.1 s, gone at 41 s.</para>
/// Models pkg/kubelet/kubelet.go (SyncTerminatingPod, SyncTerminatedPod) and
/// kuberuntime_termination_order.go.
/// </summary>
public sealed partial class Kubelet
{
    /// <summary>A pod whose containers are all done for good.</summary>
    private void Finish(PodWorker worker, PodStatus status)
    {
        worker.Finished = true;
        if (worker.View.AnyRunning)
        {
            // Others must not take the pod for ended while a sidecar still runs.
            Write(worker, status with { Phase = worker.Pod.Status.Phase });
        }
        Terminate(worker);
    }

    private void Terminate(PodWorker worker)
    {
        worker.Dirty = false;
        (worker.Stage, worker.NextSync) = (Stage.Stopping, null);
        worker.ToStart.Clear();
        var due = StopSome(worker);
        worker.Due = due;
    }

    /// <summary>Stops the containers whose turn it is; the answer is when they are
    /// gone.</summary>
    private DateTime StopSome(PodWorker worker)
    {
        var view = worker.View = ViewOf(worker);
        var spec = worker.Pod.Spec;
        var gone = Now;
        TimeSpan? most = worker.Gone && !IsStatic(worker.Pod) ? LeastGrace
            : worker.Eviction?.Grace;
        for (var i = spec.AllCount - 1; i >= 0; i--)
        {
            var status = view.Find(spec.ContainerAt(i).Name);
            if (status?.State is not (CriContainerState.Running or CriContainerState.Created))
            {
                continue;
            }
            var isSidecar = spec.IsInit(i) && spec.InitContainers[i].IsSidecar;
            if (isSidecar && gone > Now)
            {
                break;
            }
            var end = Kill(worker, status, null, KillReason.Other, most);
            gone = end > gone ? end : gone;
        }
        return gone;
    }

    /// <summary>A deletion that is more urgent than the one before it shortens the
    /// grace.</summary>
    private void Hurry(PodWorker worker)
    {
        worker.Dirty = false;
        var grace = worker.Gone && !IsStatic(worker.Pod) ? LeastGrace
            : GraceOf(worker.Pod, null, KillReason.Other);
        var gone = Now;
        foreach (var container in ViewOf(worker).Containers)
        {
            if (container.State == CriContainerState.Running && container.ChangesAt is not null)
            {
                var left = machine.Runtime.StopContainer(container.Id, TimeSpan.Zero, grace).Takes;
                gone = Now + left > gone ? Now + left : gone;
            }
        }
        worker.Due = gone < worker.Due ? gone : worker.Due;
    }

    private void Stopped(PodWorker worker)
    {
        var gone = StopSome(worker);
        if (gone > Now)
        {
            (worker.Stage, worker.Due) = (Stage.Stopping, gone);
            return;
        }
        StopSandboxes(worker.View);
        if (worker.Gone)
        {
            Forget(worker);
            return;
        }
        worker.View = ViewOf(worker);
        worker.ForgetReasons();
        Write(worker, PodStatusMaker.Make(worker, worker.View, machine, Now, isTerminal: true));
        if (worker.SendAgain is { } again)
        {
            (worker.Stage, worker.Due) = (Stage.Stopping, again);
        }
        else if (worker.Pod.IsTerminating)
        {
            (worker.Stage, worker.Due) = (Stage.Removing, Relist(Now + TimeSpan.FromTicks(1)));
        }
        worker.Finished = true;
        if (worker.Eviction is not null)
        {
            // What it left on the disk may be why.
            RemoveVolumes(worker.Uid);
            machine.Runtime.RemoveLayers(worker.Uid);
        }
        Release(worker);
    }

    private void RemoveFromApi(PodWorker worker)
    {
        if (!worker.Gone)
        {
            try
            {
                api.Delete(worker.Pod.Key, new() { GracePeriodSeconds = 0, Uid = worker.Uid });
            }
            catch (ApiException refused) when (refused.IsNotFound || refused.IsConflict)
            {
                // It is gone already, or another pod has its name.
            }
            catch (ApiException)
            {
                (worker.Stage, worker.Due) = (Stage.Removing, Now + RetryAfter);
                return;
            }
        }
        worker.Deleted = true;
        worker.Gone |= worker.Pod.Metadata.Finalizers.IsEmpty;
        if (worker.Gone)
        {
            Forget(worker);
        }
    }

    private void Forget(PodWorker worker)
    {
        foreach (var sandbox in machine.Runtime.ListPodSandbox(worker.Uid))
        {
            machine.Runtime.RemovePodSandbox(sandbox.Id);
        }
        RemoveVolumes(worker.Uid);
        PlanGc(new(Kinds.Node, "", node));
        worker.Forgotten = true;
        Release(worker);
    }
}
