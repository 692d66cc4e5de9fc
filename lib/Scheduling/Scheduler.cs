namespace KubeSim;

/// <summary>
/// The scheduler gives each pod that has no node the best node that can take it.
/// <para>It watches Pods, Nodes, claims and volumes. From the bound pods and the nodes it keeps
/// sums: its cache. The others wait in its queue. A cycle takes one pod: filter the nodes, score
/// those that are left, pick one of the best. The pod then counts as placed there at once
/// (assumed), and the binding goes to the API server beside the next cycle.</para>
/// <para>Example: two nodes of 4 CPUs, with 1 and 3 CPUs requested; a pod asks for 500m. Of the CPU
/// LeastAllocated gives the nodes 62 and 12: with memory alike, the first it is.</para>
/// <para>It writes the Binding and the event Scheduled; or, when no node will do, the event
/// FailedScheduling and the condition PodScheduled=False, reason Unschedulable. A pod whose binding
/// was refused counts no longer, and is tried again after a back-off. When the answer was lost it
/// goes on counting until then: the binding may have been made, and the watch will show it.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/scheduler.go, schedule_one.go, eventhandlers.go.</remarks>
public sealed class Scheduler : IReconciler
{
    /// <summary>The name of the default scheduler, in <c>spec.schedulerName</c> too.</summary>
    public const string DefaultName = "default-scheduler";

    private readonly SchedulingFramework framework;
    private readonly SchedulerCache cache = new();
    private readonly VolumeCache volumes = new();
    private readonly Dictionary<ObjectKey, (CycleState State, string Node)> binding = [];
    private readonly SchedulingCycle cycle;
    private SchedulingQueue queue;

    /// <summary>A scheduler with the default plugins, or those of a profile.</summary>
    public Scheduler(Seq<ProfilePlugin>? profile = null, string name = DefaultName)
    {
        Name = name;
        framework = new(profile ?? SchedulingFramework.DefaultProfile());
        cycle = new(framework, cache);
        queue = new(framework);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
        [Watched.All<Node>(), Watched.All<Pod>(), .. VolumeCache.Watches];

    /// <inheritdoc/>
    public IWorkQueue NewQueue() => queue = new(framework);

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Node))
        {
            ObserveNode(e);
            return;
        }
        if (!e.Key.Kind.Equals(Kinds.Pod))
        {
            Changed(volumes.Observe(e), e.Old, e.New);
            return;
        }
        var pod = (Pod?)e.New;
        if (pod is { IsFinished: false, IsScheduled: true })
        {
            this.queue.Remove(e.Key);
            ObserveBound(pod);
            return;
        }
        var assumed = cache.Find(e.Key);
        if (pod is { IsFinished: false } && assumed is { Assumed: true }
            && assumed.Pod.Metadata.Uid == pod.Metadata.Uid)
        {
            // News from before its binding.
            return;
        }
        if (cache.RemovePod(e.Key) is { } gone)
        {
            if (binding.Remove(e.Key, out var going))
            {
                framework.Unreserve(going.State, gone, going.Node);
            }
            Changed(ClusterEvents.AssignedPodDelete, gone, null);
        }
        if (pod is { IsFinished: false } && IsMine(pod))
        {
            this.queue.Set(pod, cache.ShapeOf(pod));
        }
        else
        {
            this.queue.Remove(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (queue.Find(key) is not { Place: QueuePlace.InFlight } queued)
        {
            return Result.Done;
        }
        var pod = queued.Pod;
        if (binding.Remove(key, out var going))
        {
            Bind(api, queued, going.State, going.Node);
            return Result.Done;
        }
        if (pod.IsTerminating)
        {
            queue.Remove(key);
            Report(api, pod, "FailedScheduling", "Scheduling",
                "skip schedule deleting pod: {0}/{1}", key.Namespace, key.Name);
            return Result.Done;
        }
        if (cache.Find(key) is not null)
        {
            // The answer to its binding was lost, and it has not come to be seen on the node.
            Forget(pod);
        }
        var state = new CycleState(pod, queued.Shape) { Volumes = volumes };
        cycle.PercentageOfNodesToScore = api.Settings.Get(KnownFlags.PercentageOfNodesToScore);
        if (cache.Ordered.Length == 0)
        {
            // Nothing but a node can help, yet the real one tries again and again.
            api.After(queue.Fail(queued), key, Pace.Background);
            Refuse(api, pod, "Unschedulable", "no nodes available to schedule pods");
        }
        else if (cycle.Decide(state, api.Random) is { } node)
        {
            Place(api, queued, state, node.Name);
        }
        else
        {
            TurnAway(api, queued, state, cycle.Diagnosis);
        }
        return Result.Done;
    }

    private void ObserveNode(in WatchEvent e)
    {
        if (e.New is not Node node)
        {
            cache.RemoveNode(e.Key.Name);
            return;
        }
        var old = cache.Find(e.Key.Name)?.Node;
        var changes = cache.SetNode(node);
        for (var bit = ClusterEvents.NodeAdd; bit <= ClusterEvents.NodeTaints;
            bit = (ClusterEvents)((int)bit << 1))
        {
            if ((changes & bit) != 0)
            {
                Changed(bit, old, node);
            }
        }
    }

    private void ObserveBound(Pod pod)
    {
        var old = cache.Find(pod.Key);
        var (before, wasAssumed) = (old?.Pod, old?.Assumed == true);
        if (cache.SetPod(pod) || wasAssumed)
        {
            var change = before is null || wasAssumed
                ? ClusterEvents.AssignedPodAdd : ClusterEvents.AssignedPodUpdate;
            Changed(change, wasAssumed ? null : before, pod);
        }
    }

    private void Changed(ClusterEvents change, ApiObject? old, ApiObject? now)
    {
        if (change != ClusterEvents.None)
        {
            queue.Changed(new ClusterChange(change, old, now));
        }
    }

    private void Place(ReconcileContext api, QueuedPod queued, CycleState state, string node)
    {
        var pod = queued.Pod;
        cache.Assume(pod, node);
        var status = framework.Reserve(state, pod, node);
        if (!status.IsSuccess)
        {
            cache.RemovePod(pod.Key);
            var diagnosis = new Diagnosis(1);
            diagnosis.Rejected.Add((cache.Find(node)!, status));
            TurnAway(api, queued, state, diagnosis, helped: true);
            return;
        }
        Bind(api, queued, state, node);
    }

    // What has to wait, such as a volume that is being made, is asked again every second.
    private void Bind(ReconcileContext api, QueuedPod queued, CycleState state, string node)
    {
        var pod = queued.Pod;
        api.Detached = true;
        var status = framework.Bind(state, pod, node, api);
        api.Detached = false;
        if (status.Code == PluginCode.Wait)
        {
            binding[pod.Key] = (state, node);
            api.After(TimeSpan.FromSeconds(1), pod.Key);
            return;
        }
        if (status.IsSuccess)
        {
            queue.Remove(pod.Key);
            Report(api, pod, "Scheduled", "Binding", "Successfully assigned {0}/{1} to {2}",
                pod.Metadata.Namespace, pod.Metadata.Name, node);
            return;
        }
        framework.Unreserve(state, pod, node);
        if (!status.IsUncertain)
        {
            Forget(pod);
        }
        api.After(queue.Fail(queued), pod.Key, Pace.Retry);
        Refuse(api, pod, "SchedulerError", status.Message);
    }

    private void Forget(Pod pod)
    {
        cache.RemovePod(pod.Key);
        Changed(ClusterEvents.AssignedPodDelete, pod, null);
    }

    private void TurnAway(ReconcileContext api, QueuedPod queued, CycleState state,
        Diagnosis diagnosis, bool helped = false)
    {
        var rejectors = framework.RejectorsIn(diagnosis) | framework.BitOf(diagnosis.Absent.Plugin);
        if (!helped)
        {
            var status = framework.PostFilter(state, queued.Pod, diagnosis);
            diagnosis.PostFilterMessage = status.IsSuccess ? "" : status.Message;
        }
        var (wait, pace) = rejectors == 0
            ? (queue.Fail(queued), Pace.Retry)
            : (queue.Reject(queued, rejectors), Pace.Background);
        api.After(wait, queued.Pod.Key, pace);
        Refuse(api, queued.Pod, "Unschedulable", diagnosis.Message);
    }

    private static void Refuse(ReconcileContext api, Pod pod, string reason, string message)
    {
        Report(api, pod, "FailedScheduling", "Scheduling", "{0}", message);
        var old = pod.Condition("PodScheduled");
        if (old is { Status: "False" } && old.Reason == reason && old.Message == message)
        {
            return;
        }
        var condition = new PodCondition
        {
            Type = "PodScheduled", Status = "False", Reason = reason, Message = message,
            LastTransitionTime = old is { Status: "False" } ? old.LastTransitionTime : api.Now,
            ObservedGeneration = pod.Metadata.Generation,
        };
        try
        {
            api.Patch(pod.Key, PodStatusPatch.Of(pod, condition), "status");
        }
        catch (ApiException)
        {
            // The pod may be gone, or the answer lost. The condition comes with the next attempt.
        }
    }

    private static void Report(ReconcileContext api, Pod pod, string reason, string action,
        string template, params string[] arguments) =>
        api.NewEvent(pod, reason == "Scheduled" ? "Normal" : "Warning", reason, action, template,
            arguments);

    // A pod that names no scheduler has not met the API server's defaults: it is the default one's.
    private bool IsMine(Pod pod) => (pod.Spec.SchedulerName ?? DefaultName) == Name;
}
