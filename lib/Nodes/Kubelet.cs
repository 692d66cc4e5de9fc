namespace KubeSim;

/// <summary>
/// The kubelet: one on each node. It watches the pods that are bound to its node and its own Node,
/// and makes the container runtime of its machine run what they ask for.
/// <para>Each pod has a worker that goes through the same sync again and again: read what the
/// runtime has, write the pod's status, work out what to do (<see cref="PodActions"/>), do it. A
/// sync takes its time (a sandbox, a pull), and what happens meanwhile waits for the next. What
/// the runtime changes is noticed once a second (the pod life cycle event generator, PLEG).</para>
/// <para>Worked, for a pod with one container: bound at 0.05 s; status Pending
/// (ContainerCreating) and the sandbox begun; sandbox there at 0.4 s, pull begun; image there at
/// 1.5 s, container started at 1.6 s; noticed and status Running, Ready at 2.0 s.</para>
/// <para>The kubelet remembers little: after a crash it lists the runtime's sandboxes and
/// containers and goes on where it was.</para>
/// Models pkg/kubelet/kubelet.go and pod_workers.go.
/// </summary>
public sealed partial class Kubelet : IReconciler
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Conflict = TimeSpan.FromMilliseconds(100);

    private readonly string node;
    private readonly Dictionary<ObjectKey, PodWorker> workers = [];
    private readonly Dictionary<string, string> paths = new(StringComparer.Ordinal);
    private SimMachine machine = null!;
    private ReconcileContext api = null!;
    private long relistPhase = -1;

    /// <summary>The kubelet of a node.</summary>
    public Kubelet(string node) => this.node = node;

    /// <inheritdoc/>
    public string Name => "kubelet";

    /// <inheritdoc/>
    public int Workers => int.MaxValue;

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [Watched.OnNode<Node>(), Watched.OnNode<Pod>()];

    private DateTime Now => api.Now;

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e is { Old: Pod old, New: Pod pod } && SameWork(old, pod) && !IsContradicted(old, pod))
        {
            return;
        }
        if (workers.TryGetValue(e.Key, out var worker))
        {
            worker.Dirty = true;
        }
        else if (e.New is null || e.Old is Pod { IsTerminating: true })
        {
            // The last words about a pod that is no longer on the machine.
            return;
        }
        queue.Add(e.Key);
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        this.api = api;
        Begin();
        if (key.Kind == Kinds.Node)
        {
            ReadManifests();
            ReportNode(key);
            return Result.Done;
        }
        var pod = api.Get(key) as Pod;
        pod = pod?.Spec.NodeName == node ? pod : null;
        if (statics.ContainsKey(key) || (pod is not null && IsMirror(pod))
            || (workers.TryGetValue(key, out var known) && IsStatic(known.Pod)))
        {
            Run(key, statics.GetValueOrDefault(key) is { } own ? own with
            {
                Status = pod is not null && IsMirror(pod) ? pod.Status : own.Status,
            } : null);
            KeepMirror(key, pod, workers.GetValueOrDefault(key));
        }
        else
        {
            Run(key, pod);
        }
        return Result.Done;
    }

    private void Run(ObjectKey key, Pod? pod)
    {
        if (!workers.TryGetValue(key, out var worker))
        {
            if (pod is null || (pod.IsFinished && !pod.IsTerminating))
            {
                return;
            }
            workers.Add(key, worker = NewWorker(pod));
            machine.IsWatched |= EvictionRanking.HasLimits(pod);
        }
        See(worker, pod);
        if (machine.Runtime.TakeNews(worker.Uid))
        {
            (worker.NextSync, worker.SyncPace) =
                (Relist(Now + TimeSpan.FromTicks(1)), Pace.Progress);
        }
        var another = worker.Gone && pod is not null;
        Advance(worker);
        if (worker.Forgotten)
        {
            workers.Remove(key);
            if (another)
            {
                // Another pod of the same name waited for this one to be gone, or the same pod
                // came back from a snapshot of etcd.
                api.After(TimeSpan.Zero, key);
            }
            return;
        }
        Schedule(worker, key);
        AskToLook();
    }

    // A status that somebody wrote is no work, unless a readiness gate may have opened.
    private static bool SameWork(Pod old, Pod pod) =>
        ReferenceEquals(old.Spec, pod.Spec)
        && old.Metadata.DeletionTimestamp == pod.Metadata.DeletionTimestamp
        && old.Metadata.DeletionGracePeriodSeconds == pod.Metadata.DeletionGracePeriodSeconds
        && old.Metadata.Uid == pod.Metadata.Uid
        && (pod.Spec.ReadinessGates.IsEmpty
            || old.Status.Conditions == pod.Status.Conditions);

    // Somebody else has said of a ready pod that it is not, as node-lifecycle-controller does of
    // those of a silent node. Who is here to see it puts it right.
    private bool IsContradicted(Pod old, Pod pod) => old.IsReady && !pod.IsReady
        && workers.TryGetValue(pod.Key, out var worker)
        && pod.Metadata.ResourceVersion > worker.Pod.Metadata.ResourceVersion;

    private void Begin()
    {
        machine ??= Take(api.World.Machine(node));
        if (relistPhase < 0)
        {
            relistPhase = api.Random.Next(TimeSpan.Zero, Second - TimeSpan.FromTicks(1)).Ticks;
            BeginEviction();
            ReadManifests();
            CleanUp();
        }
    }

    private PodWorker NewWorker(Pod pod) => new(pod)
    {
        Probes = PodProbes.For(pod, Now),
        Admitted = pod.Status.StartTime is not null,
    };

    private static void See(PodWorker worker, Pod? pod)
    {
        if (pod is null || pod.Metadata.Uid != worker.Uid)
        {
            worker.Gone = true;
        }
        else if (pod.Metadata.ResourceVersion > worker.Pod.Metadata.ResourceVersion)
        {
            worker.Pod = pod;
        }
    }

    /// <summary>Does all that can be done for a pod now.</summary>
    private void Advance(PodWorker worker)
    {
        while (!worker.Forgotten)
        {
            if ((worker.Gone || worker.Pod.IsTerminating) && worker.Stage < Stage.Stopping
                && (worker.Gone || !worker.Deleted))
            {
                Terminate(worker);
            }
            else if (worker is { Stage: Stage.Stopping, Dirty: true })
            {
                Hurry(worker);
            }
            if (worker.Stage != Stage.Idle)
            {
                if (worker.Due > Now)
                {
                    return;
                }
                Continue(worker);
            }
            else if (worker.Finished || !NeedsSync(worker))
            {
                return;
            }
            else
            {
                Sync(worker);
            }
        }
    }

    private void Continue(PodWorker worker)
    {
        var stage = worker.Stage;
        worker.Stage = Stage.Idle;
        switch (stage)
        {
            case Stage.Killing:
                StartSandbox(worker);
                break;
            case Stage.Sandbox:
                StartNext(worker);
                break;
            case Stage.PostStart:
                PostStart(worker, worker.Hook!);
                break;
            case Stage.Pulling:
                Pulled(worker);
                break;
            case Stage.Stopping:
                Stopped(worker);
                break;
            case Stage.Removing:
                RemoveFromApi(worker);
                break;
        }
    }

    private bool NeedsSync(PodWorker worker)
    {
        // Asked first, whatever else is due: what a probe said of a container that is gone must not
        // be held against the one after it.
        var turned = worker.Probes is { } probes && Probe(worker, probes);
        return turned || worker.Dirty || worker.SendAgain <= Now || worker.NextSync <= Now
            || worker.NextVolumes <= Now || worker.Deadline <= Now;
    }

    private bool Probe(PodWorker worker, PodProbes probes)
    {
        var files = machine.World.PodFiles;
        var (atOnce, again) = (files.TakeTick(worker.Uid, Now), files.TakeTouch(worker.Uid));
        return probes.Ask(worker.Pod, ViewOf(worker), atOnce, again, api);
    }

    private PodView ViewOf(PodWorker worker) => new(
        machine.Runtime.ListPodSandbox(worker.Uid), machine.Runtime.ListContainers(worker.Uid));

    /// <summary>The first time at or after another when the runtime is looked at.</summary>
    private DateTime Relist(DateTime at)
    {
        var past = (at.Ticks - relistPhase) % Second.Ticks;
        return past == 0 ? at : at + TimeSpan.FromTicks(Second.Ticks - past);
    }

    private void Schedule(PodWorker worker, ObjectKey key)
    {
        if (worker.Stage != Stage.Idle)
        {
            api.After(worker.Due - Now, key);
            return;
        }
        After(worker.SendAgain, key, Pace.Retry);
        After(worker.NextSync, key, worker.SyncPace);
        After(worker.Finished ? null : worker.NextVolumes, key, Pace.Background);
        After(worker.Deadline, key, Pace.Background);
        if (worker.View.ChangesAt is { } change && change > Now)
        {
            var pace = EndsFarOff(worker, change) || !worker.View.ChangesSurely
                ? Pace.Background : Pace.Progress;
            worker.NextSync = worker.NextSync < Relist(change) ? worker.NextSync : Relist(change);
            api.After(Relist(change) - Now, key, pace);
        }
        if (worker.Probes?.Next() is { } probe)
        {
            After(probe.Progress, key, Pace.Progress);
            After(probe.Background, key, Pace.Background);
        }
    }

    private void After(DateTime? due, ObjectKey key, Pace pace)
    {
        if (due is { } at)
        {
            api.After(at - Now, key, pace);
        }
    }

    // A server that sleeps for an hour and starts again is as good as settled.
    private bool EndsFarOff(PodWorker worker, DateTime change) =>
        worker.Pod.Spec.RestartPolicy is not ("Never" or "OnFailure")
        && change - Now > TimeSpan.FromMinutes(10);

    /// <summary>The part of the pod that a container is; one text for all events.</summary>
    private string PathOf(Pod pod, Container container)
    {
        if (!pod.Spec.InitContainers.IsEmpty || container is EphemeralContainer)
        {
            return KubeletEvents.PathOf(pod, container.Name);
        }
        if (!paths.TryGetValue(container.Name, out var path))
        {
            paths.Add(container.Name, path = KubeletEvents.PathOf(pod, container.Name));
        }
        return path;
    }

    /// <summary>A kubelet that has just started removes pods that went while it was
    /// down.</summary>
    private void CleanUp()
    {
        foreach (var pod in machine.Runtime.ListPods())
        {
            var known = api.Get<Pod>(pod.Namespace, pod.Name);
            if (known?.Metadata.Uid != pod.Uid
                && !statics.Values.Any(p => p.Metadata.Uid == pod.Uid))
            {
                foreach (var sandbox in machine.Runtime.ListPodSandbox(pod.Uid))
                {
                    machine.Runtime.RemovePodSandbox(sandbox.Id);
                }
            }
        }
    }
}
