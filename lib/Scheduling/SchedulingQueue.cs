namespace KubeSim;

/// <summary>
/// The pods that wait for the scheduler, in three places. <i>Active</i>: next in line, by priority,
/// then by time. <i>Unschedulable</i>: tried and turned away; a pod waits there until a change of
/// the cluster in which one of the plugins that turned it away sees hope. <i>Back-off</i>: it would
/// be next, but failed a moment ago: 1 s after the first failure, then 2, 4, 8, 10, 10… A pod that
/// waits for more than five minutes is tried again whatever happened; who has, is looked for every
/// 30 s.
/// <para>Example: a pod wants 2 CPUs where 1 is free; NodeResourcesFit turns it away. A label of a
/// node changes: nothing. A pod there ends: back-off, since the failure was 300 ms ago.</para>
/// <para>When nothing is active, the pod whose back-off ends first is taken early, unless an error
/// put it there: back-off shall keep a crowd of hopeless pods from the others, not slow down an
/// idle scheduler.</para>
/// <para>A decision takes no time here, so that nothing can change while one is under way: what the
/// real queue keeps for that, a list of the changes since each pod was taken, has no part to
/// play.</para>
/// <para>Pods of one shape that were turned away by the same plugins wait as a group, and a change
/// is judged once for the group: 10,000 replicas that wait for room cost one question.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/backend/queue/scheduling_queue.go and backoff_queue.go.</remarks>
public sealed class SchedulingQueue : IWorkQueue
{
    private static readonly TimeSpan flushPeriod = TimeSpan.FromSeconds(30);

    private readonly Func<Pod, SchedulingFramework> frameworkOf;
    private readonly SchedulerConfiguration configuration;
    private readonly Dictionary<ObjectKey, QueuedPod> pods = [];
    private readonly PodHeap active;
    private readonly PodHeap backOff;
    private readonly Dictionary<(SchedulingFramework, object, ulong), PodGroup> groupOf = [];
    private readonly List<PodGroup> groups = [];

    // Keys that were ready when their pods went: a worker takes them and finds nothing to do.
    private readonly List<ObjectKey> orphans = [];
    private IQueueHost? host;
    private DateTime started;
    private long arrivals;

    /// <summary>A queue that asks the plugins of a profile about order, gates and hope.</summary>
    public SchedulingQueue(SchedulingFramework framework)
        : this(_ => framework, framework.QueueSort, new())
    {
    }

    internal SchedulingQueue(Func<Pod, SchedulingFramework> frameworkOf, IQueueSortPlugin sort,
        SchedulerConfiguration configuration)
    {
        (this.frameworkOf, this.configuration) = (frameworkOf, configuration);
        bool Before(QueuedPod a, QueuedPod b) =>
            sort.Less(a, b) || (!sort.Less(b, a) && a.Arrival < b.Arrival);
        active = new(Before);
        backOff = new((a, b) => a.BackOffUntil < b.BackOffUntil
            || (a.BackOffUntil == b.BackOffUntil && Before(a, b)));
    }

    /// <inheritdoc/>
    public int Ready =>
        orphans.Count + (active.Count > 0 ? active.Count : backOff.Count);

    private DateTime Now => host!.Now;

    /// <inheritdoc/>
    public void Attach(IQueueHost host) => (this.host, started) = (host, host.Now);

    /// <summary>The pod of a key; null when it does not wait.</summary>
    public QueuedPod? Find(ObjectKey key) => pods.GetValueOrDefault(key);

    /// <summary>How long a pod is held back that failed so many times in a row.</summary>
    public static TimeSpan BackOffAfter(int failures, TimeSpan first, TimeSpan longest)
    {
        if (failures == 0)
        {
            return TimeSpan.Zero;
        }
        var wait = first;
        for (var i = 1; i < failures; i++)
        {
            if (wait > longest - wait)
            {
                return longest;
            }
            wait += wait;
        }
        return wait < longest ? wait : longest;
    }

    /// <summary>A timer of a pod: the end of its back-off, or of its longest wait.</summary>
    public void Add(ObjectKey key)
    {
        if (!pods.TryGetValue(key, out var pod))
        {
            return;
        }
        if (pod.Place == QueuePlace.InFlight)
        {
            // It waits between its decision and its binding, for the second to be over.
            orphans.Add(key);
            host!.Note(key);
        }
        else if (pod.Place == QueuePlace.BackOff)
        {
            OnceDue(pod, pod.BackOffUntil, Pace.Retry);
        }
        else if (pod.Place == QueuePlace.Unschedulable)
        {
            OnceDue(pod, TriedAnyway(pod), Pace.Background);
        }
    }

    /// <inheritdoc/>
    public ObjectKey Take()
    {
        if (Ready == 0)
        {
            throw new InvalidOperationException("no pod waits to be scheduled");
        }
        if (orphans.Count > 0)
        {
            var gone = orphans[^1];
            orphans.RemoveAt(orphans.Count - 1);
            return gone;
        }
        var pod = active.Count > 0 ? active.Take() : backOff.Take();
        pod.Noted = false;
        (pod.Place, pod.Attempts) = (QueuePlace.InFlight, pod.Attempts + 1);
        return pod.Pod.Key;
    }

    /// <inheritdoc/>
    public void Done(ObjectKey key)
    {
        // What became of the pod was told by Remove, Reject or Fail.
    }

    /// <summary>A pod without a node was seen.</summary>
    internal void Set(Pod pod, PodShape shape)
    {
        if (!pods.TryGetValue(pod.Key, out var known)
            || known.Pod.Metadata.Uid != pod.Metadata.Uid)
        {
            Remove(pod.Key);
            orphans.Remove(pod.Key);
            known = new(pod, shape, ++arrivals) { Timestamp = Now };
            pods.Add(pod.Key, known);
            Enter(known);
            return;
        }
        var old = known.Pod;
        known.Pod = pod;
        if (known.Place == QueuePlace.Gated)
        {
            Enter(known);
        }
        else if (!IsSameWish(old, pod))
        {
            Changed(known, shape, old);
        }
    }

    /// <summary>The pod waits no longer: it is bound, or gone.</summary>
    internal void Remove(ObjectKey key)
    {
        if (pods.Remove(key, out var pod))
        {
            Leave(pod);
            if (pod.Noted)
            {
                orphans.Add(key);
            }
        }
    }

    /// <summary>The pod was turned away: it waits for a change. The answer is when it is tried
    /// anyway.</summary>
    internal TimeSpan Reject(QueuedPod pod, ulong rejectors)
    {
        (pod.Timestamp, pod.Rejectors, pod.Errors) = (Now, rejectors, 0);
        pod.Rejections++;
        pod.BackOffUntil = EndOfBackOff(pod.Rejections);
        pod.Place = QueuePlace.Unschedulable;
        var framework = frameworkOf(pod.Pod);
        object like = framework.AreLocal(rejectors) ? pod.Shape : pod;
        if (!groupOf.TryGetValue((framework, like, rejectors), out var group))
        {
            group = new(framework, like, rejectors) { Index = groups.Count };
            groups.Add(group);
            groupOf.Add(group.Key, group);
        }
        (pod.Group, pod.Index) = (group, group.Pods.Count);
        group.Pods.Add(pod);
        return TriedAnyway(pod) - Now;
    }

    /// <summary>An error struck: the pod is tried again after a back-off, which is the
    /// answer.</summary>
    internal TimeSpan Fail(QueuedPod pod)
    {
        (pod.Timestamp, pod.Rejectors) = (Now, 0);
        pod.Errors++;
        pod.BackOffUntil = EndOfBackOff(pod.Errors);
        pod.Place = QueuePlace.BackOff;
        return pod.BackOffUntil - Now;
    }

    // Back-offs end on whole seconds, rounded down, so that pods that end in the same second can be
    // put in order of priority.
    private DateTime EndOfBackOff(int attempts)
    {
        var end = Now + BackOffAfter(attempts,
            TimeSpan.FromSeconds(configuration.PodInitialBackoffSeconds
                ?? host!.Settings.Get(KnownFlags.PodInitialBackoff)),
            TimeSpan.FromSeconds(configuration.PodMaxBackoffSeconds
                ?? host!.Settings.Get(KnownFlags.PodMaxBackoff)));
        return new(end.Ticks - end.Ticks % TimeSpan.TicksPerSecond, end.Kind);
    }

    // Every 30 s from the start on, those are tried that have waited for more than five minutes.
    private DateTime TriedAnyway(QueuedPod pod)
    {
        var longest = pod.Timestamp + host!.Settings.Get(KnownFlags.PodMaxUnschedulable);
        return started + ((longest - started).Ticks / flushPeriod.Ticks + 1) * flushPeriod;
    }

    /// <summary>The cluster changed: the pods that it may help are tried again.</summary>
    internal void Changed(in ClusterChange change)
    {
        for (var g = groups.Count - 1; g >= 0; g--)
        {
            var group = groups[g];
            if (!group.Key.Framework.MayHelp(group.Key.Rejectors, group.Pods[0].Pod, change))
            {
                continue;
            }
            while (group.Pods.Count > 0)
            {
                Retry(group.Pods[^1]);
            }
        }
    }

    private void Changed(QueuedPod pod, PodShape shape, Pod old)
    {
        var change = new ClusterChange(ClusterEvents.OwnUpdate, old, pod.Pod);
        if (pod.Place != QueuePlace.Unschedulable)
        {
            pod.Shape = shape;
            return;
        }
        // It may hope for other things now: it leaves its group either way.
        var (since, until, rejectors) = (pod.Timestamp, pod.BackOffUntil, pod.Rejectors);
        Leave(pod);
        pod.Shape = shape;
        if (frameworkOf(pod.Pod).MayHelp(rejectors, pod.Pod, change))
        {
            Restart(pod);
            return;
        }
        pod.Rejections--;
        Reject(pod, rejectors);
        (pod.Timestamp, pod.BackOffUntil) = (since, until);
    }

    // New pods, and those whose last gate went, go to the end of the line; gated ones stay outside.
    private void Enter(QueuedPod pod)
    {
        if (frameworkOf(pod.Pod).PreEnqueue(pod.Pod).IsSuccess)
        {
            Activate(pod);
        }
        else
        {
            pod.Place = QueuePlace.Gated;
        }
    }

    // A timer that was set for an earlier wait fires too soon for this one.
    private void OnceDue(QueuedPod pod, DateTime due, Pace pace)
    {
        if (due <= Now)
        {
            Activate(pod);
        }
        else
        {
            host!.After(due - Now, pod.Pod.Key, pace);
        }
    }

    private void Retry(QueuedPod pod)
    {
        Leave(pod);
        Restart(pod);
    }

    private void Restart(QueuedPod pod)
    {
        if (pod.BackOffUntil <= Now)
        {
            Activate(pod);
            return;
        }
        pod.Place = QueuePlace.BackOff;
        backOff.Add(pod);
        Note(pod);
        host!.After(pod.BackOffUntil - Now, pod.Pod.Key, Pace.Retry);
    }

    private void Activate(QueuedPod pod)
    {
        Leave(pod);
        pod.Place = QueuePlace.Active;
        active.Add(pod);
        Note(pod);
    }

    private void Note(QueuedPod pod)
    {
        pod.Noted = true;
        host!.Note(pod.Pod.Key);
    }

    private void Leave(QueuedPod pod)
    {
        if (pod.Group is { } group)
        {
            var last = group.Pods[^1];
            group.Pods[pod.Index] = last;
            last.Index = pod.Index;
            group.Pods.RemoveAt(group.Pods.Count - 1);
            (pod.Group, pod.Index) = (null, -1);
            if (group.Pods.Count == 0)
            {
                Drop(group);
            }
        }
        else if (pod.Index >= 0)
        {
            (pod.Place == QueuePlace.Active ? active : backOff).Remove(pod);
        }
    }

    private void Drop(PodGroup group)
    {
        groupOf.Remove(group.Key);
        groups[group.Index] = groups[^1];
        groups[group.Index].Index = group.Index;
        groups.RemoveAt(groups.Count - 1);
    }

    // Status and versions change without a new wish.
    private static bool IsSameWish(Pod old, Pod pod) =>
        (ReferenceEquals(old.Spec, pod.Spec) || old.Spec.Equals(pod.Spec))
        && old.Metadata.Labels.Equals(pod.Metadata.Labels);
}
