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

    private const string NoNodes = "no nodes available to schedule pods";

    private readonly SchedulerCache cache = new();
    private readonly Dictionary<ObjectKey, (CycleState State, string Node)> binding = [];
    private readonly Dictionary<string, Profile> profiles = new(StringComparer.Ordinal);
    private readonly SchedulingFramework first;
    private readonly Seq<Kind> others;
    private SchedulingQueue queue;

    /// <summary>A scheduler with some plugins, under one name.</summary>
    public Scheduler(Seq<ProfilePlugin> plugins, string name = DefaultName)
        : this(name, new(), [(new() { SchedulerName = name }, new(plugins))])
    {
    }

    /// <summary>A scheduler with the default plugins.</summary>
    public Scheduler(string name = DefaultName)
        : this(new SchedulerConfiguration { Profiles = [new() { SchedulerName = name }] }, name)
    {
    }

    /// <summary>A scheduler as a configuration has it.</summary>
    /// <param name="configuration">The profiles with their plugins.</param>
    /// <param name="name">What steps and events call it.</param>
    /// <exception cref="ArgumentException">The configuration is refused.</exception>
    public Scheduler(SchedulerConfiguration configuration, string name = DefaultName)
        : this(name, configuration.Checked(), configuration.Defaulted().Profiles
            .Select(p => (p, configuration.Build(p))))
    {
    }

    private Scheduler(string name, SchedulerConfiguration configuration,
        IEnumerable<(SchedulerProfile Profile, SchedulingFramework Framework)> made)
    {
        (Name, Configuration) = (name, configuration);
        SchedulingFramework? front = null;
        var extenders = configuration.MakeExtenders();
        foreach (var (profile, framework) in made)
        {
            front ??= framework;
            framework.Extenders = extenders;
            profiles.Add(profile.SchedulerName!, new(framework, new(framework, cache),
                profile.PercentageOfNodesToScore ?? configuration.PercentageOfNodesToScore));
        }
        first = front!;
        others = profiles.Values.SelectMany(p => p.Framework.Plugins).OfType<IWatchingPlugin>()
            .SelectMany(p => p.Kinds).Distinct().ToSeq();
        queue = MakeQueue();
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>What it was told at its start.</summary>
    public SchedulerConfiguration Configuration { get; }

    /// <inheritdoc/>
    public Seq<Watched> Watches =>
    [
        Watched.All<Node>(), Watched.All<Pod>(),
        .. VolumeCache.Kinds.Concat(others).Append(Kinds.PodDisruptionBudget).Distinct()
            .Select(k => new Watched(k)),
    ];

    /// <inheritdoc/>
    public IWorkQueue NewQueue() => queue = MakeQueue();

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        if (e.Key.Kind.Equals(Kinds.Node))
        {
            ObserveNode(e);
        }
        else if (e.Key.Kind.Equals(Kinds.Pod))
        {
            ObservePod(e);
        }
        else
        {
            cache.SetOther(e.Key, e.New);
            Changed(cache.Volumes.Observe(e), e.Old, e.New);
            Changed(others.AsSpan().Contains(e.Key.Kind) ? ClusterEvents.Other
                : ClusterEvents.None, e.Old, e.New);
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
        try
        {
            Schedule(queued, api);
        }
        catch (PluginFailedException failed)
        {
            api.After(queue.Fail(queued), key, Pace.Retry);
            Refuse(api, pod, "SchedulerError", failed.Message);
        }
        return Result.Done;
    }

    /// <summary>The decision about a pod, were it to be made now; nothing comes of it.</summary>
    internal CycleRecord Imagine(Pod pod, IEnumerable<Node> nodes, IObjectReader objects,
        Settings settings, Prng random)
    {
        foreach (var node in nodes)
        {
            cache.SetNode(node);
        }
        cache.Volumes.Fill(objects);
        cache.SetOthers(objects);
        foreach (var other in objects.List<Pod>().Where(p => p.Key != pod.Key && !p.IsFinished))
        {
            if (other.IsScheduled)
            {
                cache.SetPod(other);
            }
            else if (other.Status.NominatedNodeName is { Length: > 0 } nominated)
            {
                cache.Nominate(other, nominated);
            }
        }
        var record = new CycleRecord();
        var state = new CycleState(pod, cache.ShapeOf(pod))
        {
            Cache = cache, Objects = objects, Random = random, Record = record,
        };
        var profile = ProfileOf(pod) ?? throw new ArgumentException(
            $"no profile for scheduler name \"{pod.Spec.SchedulerName}\"", nameof(pod));
        profile.Cycle.Percentage = profile.PercentageIn(settings);
        if (cache.Ordered.Length == 0)
        {
            (record.Pod, record.Message) = (pod, NoNodes);
        }
        else if (profile.Cycle.Decide(state, random) is null)
        {
            record.Message = profile.Ask(state, profile.Cycle.Diagnosis);
            record.Nominated = state.Nominate is { Length: > 0 } node ? node : null;
        }
        return record;
    }

    private void Schedule(QueuedPod queued, ReconcileContext api)
    {
        var pod = queued.Pod;
        var state = new CycleState(pod, queued.Shape)
        {
            Cache = cache, Objects = api, Api = api, Random = api.Random,
        };
        var profile = ProfileOf(pod)!;
        var cycle = profile.Cycle;
        cycle.Percentage = profile.PercentageIn(api.Settings);
        if (cache.Ordered.Length == 0)
        {
            // Nothing but a node can help, yet the real one tries again and again.
            api.After(queue.Fail(queued), pod.Key, Pace.Background);
            Refuse(api, pod, "Unschedulable", NoNodes);
        }
        else if (cycle.Decide(state, api.Random) is { } node)
        {
            Place(api, queued, state, node.Name);
        }
        else
        {
            TurnAway(api, queued, state, cycle.Diagnosis);
        }
    }

    private void ObservePod(in WatchEvent e)
    {
        var pod = (Pod?)e.New;
        if (pod is { IsFinished: false, IsScheduled: true })
        {
            queue.Remove(e.Key);
            cache.EndNomination(e.Key);
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
                ProfileOf(gone)!.Framework.Unreserve(going.State, gone, going.Node);
            }
            Changed(ClusterEvents.AssignedPodDelete, gone, null);
        }
        if (pod is { IsFinished: false } && ProfileOf(pod) is not null)
        {
            ObserveNomination((Pod?)e.Old, pod);
            queue.Set(pod, cache.ShapeOf(pod));
            return;
        }
        queue.Remove(e.Key);
        if (cache.EndNomination(e.Key))
        {
            // Others left the room for it that was being made.
            Changed(ClusterEvents.AssignedPodDelete, e.Old, null);
        }
    }

    // News from before its nomination say nothing of it.
    private void ObserveNomination(Pod? old, Pod pod)
    {
        if (pod.Status.NominatedNodeName is { Length: > 0 } node)
        {
            cache.Nominate(pod, node);
        }
        else if (!string.IsNullOrEmpty(old?.Status.NominatedNodeName))
        {
            cache.EndNomination(pod.Key);
        }
    }

    private void ObserveNode(in WatchEvent e)
    {
        if (e.New is not Node node)
        {
            var gone = cache.Find(e.Key.Name)?.Node;
            cache.RemoveNode(e.Key.Name);
            if (gone is not null)
            {
                Changed(ClusterEvents.NodeDelete, gone, null);
            }
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
        var (pod, framework) = (queued.Pod, ProfileOf(queued.Pod)!.Framework);
        cache.Assume(pod, node);
        var status = framework.Reserve(state, pod, node);
        if (!status.IsSuccess)
        {
            TakeBack(api, queued, state, node, status);
            return;
        }
        cache.EndNomination(pod.Key);
        Bind(api, queued, state, node);
    }

    // What has to wait, for a plugin's permission or for a volume that is being made, is asked
    // again every second.
    private void Bind(ReconcileContext api, QueuedPod queued, CycleState state, string node)
    {
        var (pod, framework) = (queued.Pod, ProfileOf(queued.Pod)!.Framework);
        state.Reserved ??= api.Now;
        var status = state.IsPermitted ? PluginStatus.Success
            : framework.Permit(state, pod, node, api.Now - state.Reserved.Value);
        if (status.IsSuccess)
        {
            state.IsPermitted = true;
            api.Detached = true;
            status = framework.Bind(state, pod, node, api);
            api.Detached = false;
        }
        if (status.Code == PluginCode.Wait)
        {
            binding[pod.Key] = (state, node);
            api.After(TimeSpan.FromSeconds(1), pod.Key);
        }
        else if (status.IsSuccess)
        {
            queue.Remove(pod.Key);
            Report(api, pod, "Scheduled", "Binding", "Successfully assigned {0}/{1} to {2}",
                pod.Metadata.Namespace, pod.Metadata.Name, node);
        }
        else
        {
            framework.Unreserve(state, pod, node);
            TakeBack(api, queued, state, node, status);
        }
    }

    private void TakeBack(ReconcileContext api, QueuedPod queued, CycleState state, string node,
        PluginStatus status)
    {
        var pod = queued.Pod;
        if (!status.IsUncertain)
        {
            Forget(pod);
        }
        if (status.IsRejected)
        {
            var diagnosis = new Diagnosis(1);
            diagnosis.Rejected.Add((cache.Find(node)!, status));
            TurnAway(api, queued, state, diagnosis, helped: true);
            return;
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
        var (pod, profile) = (queued.Pod, ProfileOf(queued.Pod)!);
        var rejectors = profile.Framework.RejectorsIn(diagnosis)
            | profile.Framework.BitOf(diagnosis.Absent.Plugin);
        var message = helped ? diagnosis.Message : profile.Ask(state, diagnosis);
        var (wait, pace) = rejectors == 0
            ? (queue.Fail(queued), Pace.Retry)
            : (queue.Reject(queued, rejectors), Pace.Background);
        api.After(wait, pod.Key, pace);
        if (state.Nominate is { Length: > 0 } node)
        {
            cache.Nominate(pod, node);
        }
        else if (state.Nominate is not null)
        {
            cache.EndNomination(pod.Key);
        }
        Refuse(api, pod, "Unschedulable", message, state.Nominate);
        api.Detached = true;
        state.Afterwards?.Invoke();
        api.Detached = false;
    }

    private static void Refuse(
        ReconcileContext api, Pod pod, string reason, string message, string? nominate = null)
    {
        Report(api, pod, "FailedScheduling", "Scheduling", "{0}", message);
        nominate = nominate == (pod.Status.NominatedNodeName ?? "") ? null : nominate;
        var old = pod.Condition("PodScheduled");
        if (old is { Status: "False" } && old.Reason == reason && old.Message == message
            && nominate is null)
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
            api.Patch(pod.Key, PodStatusPatch.Of(pod, condition, nominated: nominate), "status");
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
    private Profile? ProfileOf(Pod pod) =>
        profiles.GetValueOrDefault(pod.Spec.SchedulerName ?? DefaultName);

    private SchedulingQueue MakeQueue() =>
        new(pod => ProfileOf(pod)!.Framework, first.QueueSort, Configuration);

    private sealed record Profile(
        SchedulingFramework Framework, SchedulingCycle Cycle, int? Percentage)
    {
        public int PercentageIn(Settings settings) =>
            Percentage ?? settings.Get(KnownFlags.PercentageOfNodesToScore);

        // What the event says: why no node will do, and what PostFilter has to say of that.
        public string Ask(CycleState state, Diagnosis diagnosis)
        {
            var status = Framework.PostFilter(state, state.Pod, diagnosis);
            diagnosis.PostFilterMessage = status.IsSuccess ? "" : status.Message;
            return diagnosis.Message;
        }
    }
}
